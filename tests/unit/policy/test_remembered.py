"""What a run remembers of a certificate is read back as it was, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.policy import remembered
from certificate_lifecycle.policy.remembered import (
    Remembered,
    RenewalChange,
    fingerprint,
    is_settled,
    shows_renewal,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    IN_WINDOW,
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    validation,
)

USUAL = Thresholds()
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
instants = st.datetimes(timezones=st.just(UTC))
moments = st.datetimes(datetime(2000, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds without a zone
records = st.builds(ValidationRecord, name=texts, type=texts, value=texts)
validations = st.lists(st.builds(DomainValidation, record=st.none() | records), max_size=2).map(
    tuple
)
details = st.builds(
    CertificateDetail,
    renewal=st.none() | st.builds(Renewal, validations=validations),
    validations=validations,
    imported_at=st.none() | instants,
    tags=st.just(()),
    tags_read=st.just(False),  # noqa: FBT003 - a value of a field
    described=st.just(True),  # noqa: FBT003 - a value of a field
    pointer=st.none(),
    acme=st.none(),
)
certificates = st.builds(
    Certificate,
    arn=st.just(arn()),
    not_before=st.none() | instants,
    not_after=st.none() | instants,
    created_at=st.none() | instants,
    detail=details,
)
entries = st.builds(
    Remembered,
    described_at=moments,
    checked_at=st.none() | moments,
    certificate=certificates,
    change=st.none() | st.builds(RenewalChange, at=moments),
)


def entry(described: Certificate, **changes: Any) -> Remembered:  # noqa: ANN401 - any field
    shown = fingerprint(described, None)
    found = Remembered(fingerprint=shown, described_at=NOW, certificate=described)
    return replace(found, **changes)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(entries)
def test_an_entry_is_read_back_as_it_was_written(found: Remembered) -> None:
    assert Remembered.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_every_field_of_a_certificate_in_acm_is_remembered() -> None:
    """A field of a new type would be lost silently."""
    kinds = (Remembered, RenewalChange, Certificate, CertificateDetail, DomainValidation, Renewal)
    lost = {
        each.name
        for kind in (*kinds, ValidationRecord)
        for each in fields(kind)
        if str(each.type) not in remembered._CODECS  # noqa: SLF001 - the types that are stored
    }
    assert lost == {"acme", "pointer", "tags"}


def test_a_field_of_a_later_version_is_ignored() -> None:
    found = entry(certificate(detail=detail()))
    assert Remembered.from_dict({**found.to_dict(), "mood": [1]}) == found


def without(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda stored: stored.pop(name)


def setting(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(stored: dict[str, Any]) -> None:
        *parents, name = path.split(".")
        for parent in parents:
            stored = stored[parent]
        stored[name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        without("fingerprint"),
        setting("described_at", 1),
        setting("described_at", "2026-06-15"),
        setting("described_at", "0001-01-01T00:00:00+14:00"),
        setting("checked_at", "9999-12-31T23:59:59.000000+00:00"),
        setting("consumers", "shop"),
        setting("consumers", [None]),
        setting("change", {"at": "2026-06-15T00:00:00+00:00", "usages": "all"}),
        setting("certificate", []),
        setting("certificate.arn", "shop"),
        setting("certificate.names", ["half of a character \ud800"]),
        setting("certificate.status", "UNHEARD_OF"),
        setting("certificate.in_use", "yes"),
        setting("certificate.not_after", "2026-06-15T00:00:00+02:00"),
        setting("certificate.not_after", "0001-01-01T00:00:00.000000+14:00"),
        setting("certificate.detail", {"described": False}),
        setting("certificate.detail", {"tags_read": True}),
        setting("certificate.detail.validations", [{"domain_name": "shop.example.com"}]),
    ],
)
def test_an_entry_that_another_program_changed_is_refused(
    change: Callable[[dict[str, Any]], None],
) -> None:
    stored = json.loads(json.dumps(entry(certificate(detail=detail(serial="0a"))).to_dict()))
    change(stored)
    with pytest.raises((KeyError, OverflowError, TypeError, ValueError)):
        Remembered.from_dict(stored)


LISTED = certificate(ends_in=days(100))
DESCRIBED = replace(LISTED, detail=detail(serial="0a"))


def current(found: Remembered, listed: Certificate, at: datetime = NOW) -> bool:
    return found.is_current(fingerprint(listed, None), listed, USUAL, at)


@pytest.mark.parametrize(
    ("age", "kept"),
    [
        (timedelta(), True),
        (days(7) - SECOND, True),
        (days(7), False),
        (-SECOND, False),
    ],
)
def test_a_description_is_used_for_seven_days(age: timedelta, kept: bool) -> None:  # noqa: FBT001 - a column of the table
    assert current(entry(DESCRIBED), LISTED, NOW + age) is kept


@pytest.mark.parametrize(("age", "kept"), [(timedelta(hours=1), True), (days(1), False)])
def test_each_daily_run_describes_a_certificate_that_is_critical(
    age: timedelta,
    kept: bool,  # noqa: FBT001 - a column of the table
) -> None:
    listed = imported(ends_in=days(3))
    found = entry(replace(listed, detail=detail()))
    assert current(found, listed, NOW + age) is kept


@pytest.mark.parametrize(
    "change",
    [
        {"in_use": False},
        {"exported": True},
        {"not_after": NOW + days(101)},
        {"status": CertificateStatus.REVOKED},
        {"renewal_eligible": False},
        {"names": ("shop.example.com", "pay.example.com")},
        {"managed_by": "CLOUDFRONT"},
    ],
)
def test_any_change_of_the_listing_has_a_certificate_described(change: dict[str, Any]) -> None:
    assert not current(entry(DESCRIBED), replace(LISTED, **change))


def test_a_renewal_that_a_search_shows_has_a_certificate_described() -> None:
    shown = fingerprint(LISTED, RenewalStatus.PENDING_VALIDATION)
    assert not entry(DESCRIBED).is_current(shown, LISTED, USUAL, NOW)


@pytest.mark.parametrize(
    "change", [{"not_after": NOW + days(999)}, {"names": ("other.example.com",)}]
)
def test_a_description_that_contradicts_the_listing_is_not_used(change: dict[str, Any]) -> None:
    forged = replace(entry(DESCRIBED), certificate=replace(DESCRIBED, **change))
    assert not current(forged, LISTED)


@pytest.mark.parametrize(
    ("listed", "searched", "shown"),
    [
        (certificate(ends_in=IN_WINDOW), False, False),
        (certificate(ends_in=IN_WINDOW), True, True),
        (certificate(ends_in=days(150)), False, True),
        (imported(ends_in=days(3)), False, True),
        (
            replace(certificate(ends_in=IN_WINDOW), status=CertificateStatus.PENDING_VALIDATION),
            False,
            True,
        ),
    ],
    ids=["in the window", "searched", "before the window", "imported", "not issued"],
)
def test_the_progress_of_a_renewal_is_only_in_a_search(
    listed: Certificate,
    searched: bool,  # noqa: FBT001 - a column of the table
    shown: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert shows_renewal(listed, USUAL, NOW, searched=searched) is shown


@pytest.mark.parametrize(
    ("described", "settled"),
    [
        (certificate(detail=detail()), True),
        (blocked(), True),
        (certificate(detail=detail(migrating_to_dns=True)), False),
        (certificate(detail=detail(validations=(replace(validation(), record=None),))), False),
        (
            certificate(
                detail=detail(
                    validations=(replace(validation(), method=ValidationMethod.EMAIL, record=None),)
                )
            ),
            True,
        ),
    ],
    ids=["nothing", "a record", "a migration", "no record yet", "e-mail"],
)
def test_what_acm_has_under_way_is_described_again(
    described: Certificate,
    settled: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_settled(described) is settled


def test_a_time_is_stored_in_utc() -> None:
    east = datetime(2026, 6, 15, 14, tzinfo=timezone(timedelta(hours=2)))
    found = replace(entry(DESCRIBED), checked_at=east)
    assert found.to_dict()["checked_at"].endswith("+00:00")
