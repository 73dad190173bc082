"""Each new invariant finds the histories that it must not allow, and allows all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.embedded_aws.certificates import Certificate
from tests.integration.invocation import NOW
from tests.stress.faults.records import (
    Baseline,
    Version,
    distrust,
    dropped,
    lost_settings,
    older,
    strange,
    untrusted,
)

DAY = timedelta(days=1)
SERVER, CLIENT = "TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"


def certificate(arn: str = "old", **details: Any) -> Certificate:  # noqa: ANN401 - any attribute of a certificate
    return replace(
        Certificate(
            arn=arn,
            account="123456789012",
            region="eu-west-1",
            domain_name="a.example.com",
            names=("a.example.com",),
            created_at=NOW,
        ),
        **details,
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({}, {"names": ("a.example.com", "b.example.com")}),
        ({}, {"extended_key_usages": (SERVER, CLIENT)}),
        (
            {"type": "PRIVATE", "certificate_authority_arn": "ca-1"},
            {"type": "PRIVATE", "certificate_authority_arn": "ca-1"},
        ),
        ({"type": "IMPORTED"}, {"type": "IMPORTED", "arn": "old", "serial": "02"}),
    ],
)
def test_a_certificate_with_the_same_root_is_trusted(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert distrust(certificate(**before), certificate(**{"arn": "new", **after})) == ""


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"type": "IMPORTED"}, {"type": "IMPORTED"}, "no person has chosen it"),
        ({"type": "IMPORTED"}, {}, "AMAZON_ISSUED instead of IMPORTED"),
        (
            {"type": "PRIVATE", "certificate_authority_arn": "ca-1"},
            {"type": "PRIVATE", "certificate_authority_arn": "ca-2"},
            "another CA",
        ),
        ({}, {"root_hierarchy": "N2_AMAZON_MANAGED"}, "its root is N2"),
        ({}, {"key_pair_origin": "ACME"}, "its key is ACME"),
        ({}, {"managed_by": "CLOUDFRONT"}, "managed by CLOUDFRONT"),
        ({}, {"extended_key_usages": (CLIENT,)}, f"lacks {SERVER}"),
        ({}, {"key_usages": ("DIGITAL_SIGNATURE",)}, "lacks KEY_ENCIPHERMENT"),
        ({}, {"names": ("b.example.com",)}, "lacks a.example.com"),
    ],
)
def test_a_certificate_with_another_root_or_purpose_is_not_trusted(
    before: dict[str, Any], after: dict[str, Any], reason: str
) -> None:
    assert reason in distrust(certificate(**before), certificate(**{"arn": "new", **after}))


IMPORTED = certificate("imported", type="IMPORTED")
PUBLIC = certificate("public")
SUCCESSOR = certificate("successor")
OTHER = certificate("other", names=("other.example.com",))


def takers(before: Sequence[Certificate], held: Sequence[Certificate], **given: bool) -> list[str]:
    return [after.arn for after, _ in untrusted(Baseline({}, before), held, **given)]


def test_each_place_of_a_consumer_is_judged_by_what_it_served() -> None:
    assert takers([IMPORTED, PUBLIC], [PUBLIC, SUCCESSOR], is_list=False) == ["public"]
    assert takers([IMPORTED, PUBLIC], [IMPORTED, SUCCESSOR], is_list=False) == []


def test_a_list_of_certificates_may_contain_old_and_new_ones_in_any_order() -> None:
    before = [IMPORTED, PUBLIC, OTHER]
    assert takers(before, [IMPORTED, OTHER, SUCCESSOR, PUBLIC], is_list=True) == []
    assert takers([IMPORTED, OTHER], [IMPORTED, OTHER, SUCCESSOR], is_list=True) == ["successor"]


def test_a_listener_that_lost_another_certificate_is_found() -> None:
    baseline = Baseline({}, [IMPORTED, PUBLIC, OTHER])
    assert list(dropped(baseline, [IMPORTED, PUBLIC])) == [OTHER]
    assert list(dropped(baseline, [IMPORTED, OTHER, SUCCESSOR])) == []


def version(serial: str, day: int, *, ours: bool = False, **details: Any) -> Version:  # noqa: ANN401 - any field of a version
    names = frozenset({"a.example.com"})
    begins = NOW + day * DAY
    return replace(Version(serial=serial, not_before=begins, names=names, ours=ours), **details)


@pytest.mark.parametrize(
    "versions",
    [
        [version("01", 0), version("02", 1, ours=True)],
        # The same certificate with another chain.
        [version("01", 0), version("01", 0, ours=True)],
        # A person may go back.
        [version("01", 0), version("02", 1), version("01", 0)],
    ],
)
def test_newer_versions_and_the_decisions_of_persons_are_no_step_back(
    versions: list[Version],
) -> None:
    assert list(older(versions)) == []
    assert list(strange(versions)) == []


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        ([version("01", 0), version("02", -1, ours=True)], "was imported over"),
        ([version("01", 0), version("02", 1), version("01", 0, ours=True)], "imported again"),
        # The serial returns although its date has changed.
        ([version("01", 0), version("02", 1), version("01", 2, ours=True)], "imported again"),
    ],
)
def test_an_import_that_goes_back_is_found(versions: list[Version], text: str) -> None:
    assert text in ", ".join(older(versions))


@pytest.mark.parametrize(
    ("change", "text"),
    [({"issuer": "CN=Another CA"}, "CN=Another CA"), ({"names": frozenset()}, "a.example.com")],
)
def test_an_import_of_another_issuer_or_with_fewer_names_is_found(
    change: dict[str, Any], text: str
) -> None:
    assert text in ", ".join(strange([version("01", 0), version("02", 1, ours=True, **change)]))
    assert list(strange([version("01", 0), version("02", 1, **change)])) == []


def test_a_lost_or_changed_setting_is_found_at_every_level() -> None:
    settings = {"Comment": "kept", "Origins": [{"Id": "1", "Unknown": "on"}]}
    baselines = {"E1": Baseline(settings, [PUBLIC])}
    assert list(lost_settings(baselines, {"E1": settings})) == []
    changed = {"Comment": "kept", "Origins": [{"Id": "1"}]}
    assert list(lost_settings(baselines, {"E1": changed})) == [
        ("E1", ".Origins[0].Unknown was 'on' and is None")
    ]
    assert len(list(lost_settings(baselines, {"E1": {"Comment": "kept", "Origins": []}}))) == 1
