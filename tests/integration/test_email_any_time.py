"""A certificate that is validated by e-mail migrates to DNS long before a renewal is blocked."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.certificates import MethodUpdate
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import (
    USED,
    documents,
    ending_in,
    put_records,
    the_certificate,
    wanted_records,
)
from tests.integration.invocation import NOW, Function, KilledError, Wire, kill, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

REGION = "eu-west-1"


def by_email(cloud: Cloud, ends: float = 150, **attributes: Any) -> str:  # noqa: ANN401 - whatever a certificate can be
    """Add a healthy certificate in use that is validated by e-mail."""
    ordinary = {"domain_name": "example.com", "alternative_names": ["www.example.com"]}
    dates = ending_in(cloud, ends)
    return cloud.certificates.add(
        **{**ordinary, **USED, **dates, "validation_method": "EMAIL", **attributes}
    )


def begun(cloud: Cloud, hours: float = 0) -> MethodUpdate:
    """Return a migration that began some hours ago."""
    since = cloud.now - timedelta(hours=hours)
    return MethodUpdate(before="EMAIL", after="DNS", requested_at=since, updated_at=since)


def findings(result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (entry["verdict"], entry["reason"], entry["severity"], entry["action"])
        for entry in result["findings"]
    ]


ENDS = ("RenewalAtRisk", "EmailValidationEnds", "info", "RenewByEmail")


def outcomes(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["action"], entry["outcome"]) for entry in result["actions"]]


def test_a_healthy_certificate_migrates_and_its_finding_is_resolved_once(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud)

    first = rotation(scheduled(cloud.now))

    assert (findings(first), outcomes(first)) == ([ENDS], [("RenewByEmail", "started")])
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    for _ in range(4):
        cloud.advance(days=1)
        later = rotation(scheduled(cloud.now))
        assert (later["findings"], later["actions"]) == ([], [])
        assert "UpdateCertificateOptions" not in rotation.operations
    changes = [change for sent in documents(cloud, topic) for change in sent["changes"]]
    assert [change["kind"] for change in changes] == ["new", "resolved"]
    assert the_certificate(cloud).validation_method == "DNS"
    assert cloud.certificates.emails == []


@pytest.mark.parametrize("operation", ["UpdateCertificateOptions", "ChangeResourceRecordSets"])
def test_a_run_that_ends_after_a_write_is_continued_by_the_next(
    rotation: Function, cloud: Cloud, wire: Wire, operation: str
) -> None:
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud)

    def end_after(called: str) -> None:
        if called == operation:
            kill()

    wire.after = end_after
    with pytest.raises(KilledError):
        rotation(scheduled(cloud.now))
    wire.reset()

    rotation(scheduled(cloud.now))

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert "UpdateCertificateOptions" not in rotation.operations
    assert the_certificate(cloud).validation_method == "DNS"


def test_two_runs_at_the_same_time_start_one_migration(
    rotation: Function, cloud: Cloud, wire: Wire
) -> None:
    """ConflictException is the answer to the second (API reference, UpdateCertificateOptions)."""
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud)

    def begin_elsewhere(operation: str) -> None:
        if operation == "UpdateCertificateOptions":
            cloud.certificates.edit(arn, update=begun(cloud))

    wire.before = begin_elsewhere

    assert outcomes(rotation(scheduled(cloud.now))) == [("RenewByEmail", "started")]
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_in_mode_notify_the_finding_names_the_date_and_the_commands(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ROTATION_MODE", "notify")
    cloud.zones.add("example.com")
    arn = by_email(cloud)

    result = rotation(scheduled(cloud.now))

    assert (findings(result), outcomes(result)) == ([ENDS], [("RenewByEmail", "advised")])
    message = result["findings"][0]["message"]
    assert "no CA may do from 2028-03-15 on" in message
    assert f"`aws acm update-certificate-options --certificate-arn {arn}" in message
    assert "UpdateCertificateOptions" not in rotation.operations


def test_a_migration_that_a_person_completes_resolves_the_finding_in_mode_notify(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Nothing in the listing changes, so that a remembered description would hide it."""
    environment.setenv("ROTATION_MODE", "notify")
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud, update=begun(cloud))
    assert "is under way" in rotation(scheduled(cloud.now))["findings"][0]["message"]
    put_records(cloud, zone, arn)

    cloud.advance(days=1)

    assert rotation(scheduled(cloud.now))["findings"] == []


def test_a_name_without_a_zone_of_ours_is_named_and_nothing_is_started(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    by_email(cloud, alternative_names=["www.example.net"])

    for _ in range(2):
        result = rotation(scheduled(cloud.now))
        cloud.advance(days=1)

    assert (findings(result), outcomes(result)) == ([ENDS], [("RenewByEmail", "advised")])
    assert "www.example.net" in result["findings"][0]["message"]
    assert "UpdateCertificateOptions" not in rotation.operations
    assert cloud.certificates.emails == []


def test_records_of_a_migration_outside_our_zones_are_left_to_a_person(
    rotation: Function, cloud: Cloud
) -> None:
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud, alternative_names=["www.example.net"], update=begun(cloud, 5))

    (action,) = rotation(scheduled(cloud.now))["actions"]

    assert action["outcome"] == "started"
    left = {(record["name"], record["type"]) for record in action["dns_records"]}
    assert len(left) == 1
    assert left | cloud.zones.records(zone).keys() == wanted_records(cloud, arn).keys()


@pytest.mark.parametrize("code", ["InvalidStateException", "LimitExceededException"])
def test_no_email_is_sent_where_acm_refuses_the_migration(
    rotation: Function, cloud: Cloud, code: str
) -> None:
    cloud.zones.add("example.com")
    by_email(cloud)
    cloud.fail("acm", "UpdateCertificateOptions", code, "not this one", times=None)

    for _ in range(2):
        (action,) = rotation(scheduled(cloud.now))["actions"]
        cloud.advance(days=1)

    assert (action["action"], action["outcome"]) == ("RenewByEmail", "advised")
    assert "not this one" in action["detail"]
    assert cloud.certificates.emails == []


def test_an_sdk_that_cannot_migrate_leaves_a_finding(
    rotation: Function, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcmCertificates, "can_migrate_to_dns", False)
    cloud.zones.add("example.com")
    by_email(cloud)

    result = rotation(scheduled(cloud.now))

    assert (findings(result), outcomes(result)) == ([ENDS], [("RenewByEmail", "advised")])
    assert "function.layers" in result["findings"][0]["message"]
    assert cloud.certificates.emails == []


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "ignored"])
def test_without_the_search_the_certificate_is_found_within_days(
    rotation: Function, cloud: Cloud, *, refuses: bool
) -> None:
    cloud.certificates.search_filters_unknown[REGION] = {"ValidationMethod": refuses}
    zone = cloud.zones.add("example.com")
    arn = by_email(cloud)

    for _ in range(6):
        rotation(scheduled(cloud.now))
        cloud.advance(days=1)

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_record_that_is_lost_after_the_first_renewal_by_dns_is_found(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """The initial validation, which ACM still describes, was by e-mail and has no records."""
    environment.setenv("ROTATION_MODE", "notify")
    zone = cloud.zones.add("example.com")
    migrated = replace(begun(cloud), status="SUCCESS")
    arn = by_email(cloud, update=migrated, validation_method="DNS", renewal_status="SUCCESS")
    put_records(cloud, zone, arn)
    assert rotation(scheduled(cloud.now))["findings"] == []
    for name, record_type in wanted_records(cloud, arn):
        cloud.zones.remove(zone, name, record_type)

    cloud.advance(days=1)

    missing = ("RenewalAtRisk", "ValidationRecordMissing", "info")
    found = rotation(scheduled(cloud.now))["findings"]
    assert [(each["verdict"], each["reason"], each["severity"]) for each in found] == [missing]


def fail_search(cloud: Cloud) -> None:
    """Fail the search for e-mail validation, and no other."""
    cloud.fail(
        *("acm", "SearchCertificates", "ThrottlingException"),
        when=lambda parameters: "ValidationMethod" in json.dumps(parameters, default=str),
        times=None,
    )


def test_a_search_that_fails_resolves_no_open_finding(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ROTATION_MODE", "notify")
    by_email(cloud)
    rotation(scheduled(cloud.now))
    fail_search(cloud)

    for _ in range(3):
        cloud.advance(days=1)
        assert findings(rotation(scheduled(cloud.now))) == [ENDS]
    changes = [change["kind"] for sent in documents(cloud, topic) for change in sent["changes"]]
    assert changes == ["new"]


def test_without_a_state_table_a_search_that_fails_is_an_error_of_the_run(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """No other run describes the certificate before its renewal."""
    environment.delenv("LEDGER_TABLE")
    by_email(cloud)
    fail_search(cloud)
    with pytest.raises(RotationError, match=r"validated by e-mail could not be searched: .*Thrott"):
        rotation(scheduled(cloud.now))


def test_a_month_before_the_renewal_the_finding_is_a_warning(
    rotation: Function, cloud: Cloud
) -> None:
    """ACM starts to renew in 25 days."""
    by_email(cloud, 70)

    (finding,) = rotation(scheduled(NOW))["findings"]

    assert (finding["reason"], finding["severity"]) == ("EmailValidationEnds", "warning")
