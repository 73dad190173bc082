"""Rotation repairs renewals in place, under the same ARN, and requests no certificate."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.certificates import MethodUpdate
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import (
    USED,
    documents,
    ending_in,
    put_records,
    the_certificate,
    wanted_records,
)
from tests.integration.invocation import NOW, Function, KilledError, Wire, kill, scheduled

pytestmark = pytest.mark.integration

WEB: dict[str, Any] = {
    "domain_name": "example.com",
    "alternative_names": ["*.example.com", "www.example.com"],
}


@pytest.fixture
def zone(cloud: Cloud) -> str:
    """Host example.com in public."""
    return cloud.zones.add("example.com")


def blocked(cloud: Cloud, **attributes: Any) -> str:  # noqa: ANN401 - whatever a certificate can be
    """Add a certificate in use whose renewal waits for validation."""
    return cloud.certificates.add(
        **{
            **WEB,
            **USED,
            **ending_in(cloud, 25),
            "renewal_status": "PENDING_VALIDATION",
            **attributes,
        }
    )


def only_action(result: dict[str, Any]) -> tuple[str, str]:
    (action,) = result["actions"]
    return action["action"], action["outcome"]


# --- Validation records -----------------------------------------------------------------------


def test_a_blocked_renewal_gets_its_records_back_and_acm_renews_under_the_same_arn(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 35: the records come from RenewalSummary, and ACM does the renewing."""
    arn = blocked(cloud)
    old = cloud.certificates.get(arn).serial

    result = rotation(scheduled(NOW))

    assert only_action(result) == ("RestoreRecords", "done")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert rotation.writes == ["ChangeResourceRecordSets", "Publish"]
    cloud.certificates.all()  # ACM checks from time to time
    cloud.advance(days=1)
    renewed = the_certificate(cloud)
    assert (renewed.arn, renewed.status) == (arn, "ISSUED")
    assert renewed.serial != old
    assert renewed.not_after is not None
    assert renewed.not_after > NOW + timedelta(days=190)
    assert rotation(scheduled(cloud.now))["counts"] == {"Healthy": 1}


def test_a_blocked_renewal_is_repaired_although_a_later_certificate_has_all_its_names(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Rebinding consumers is a risk; a record is not."""
    arn = blocked(cloud)
    cloud.certificates.add(**WEB, **USED, **ending_in(cloud, 190))

    result = rotation(scheduled(NOW))

    assert [finding["verdict"] for finding in result["findings"]] == ["RenewalBlocked"]
    assert only_action(result) == ("RestoreRecords", "done")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_repaired_renewal_is_not_reported_as_renewed(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 38: writing a record is no renewal; the next run sees whether ACM has renewed it."""
    blocked(cloud, **ending_in(cloud, 40))
    cloud.certificates.renewal_delay = timedelta(days=1)

    first = rotation(scheduled(NOW))
    cloud.advance(hours=1)
    second = rotation(scheduled(cloud.now))

    assert [f["verdict"] for f in first["findings"]] == ["RenewalBlocked"]
    assert (first["expiring_certificates"], first["renewed_certificates"]) == (1, 0)
    assert (second["counts"], second["renewed_certificates"]) == ({"Renewing": 1}, 0)
    assert len(cloud.zones.records(zone)) == 2


@pytest.mark.usefixtures("zone")
def test_the_apex_and_its_wildcard_are_repaired_in_one_batch(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 16."""
    blocked(cloud)
    rotation(scheduled(NOW))
    assert rotation.operations.count("ChangeResourceRecordSets") == 1


def test_only_the_records_that_are_missing_or_outdated_are_written(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 17."""
    arn = blocked(cloud)
    put_records(cloud, zone, arn)
    apex, www = cloud.certificates.records(arn)
    cloud.zones.put(zone, www.name, "CNAME", "_older.acm-validations.aws.")

    rotation(scheduled(NOW))

    (change,) = [c for c in rotation.calls if c.operation == "ChangeResourceRecordSets"]
    (written,) = change.parameters["ChangeBatch"]["Changes"]
    assert written["ResourceRecordSet"]["Name"].rstrip(".") == www.name.rstrip(".")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert apex.name != www.name


@pytest.mark.parametrize(("kind", "value"), [("CNAME", "somewhere.example.org."), ("TXT", '"v=1"')])
def test_a_record_of_another_client_is_kept_and_reported(
    rotation: Function, cloud: Cloud, zone: str, topic: str, kind: str, value: str
) -> None:
    """Bug 17."""
    arn = blocked(cloud, alternative_names=[])
    (record,) = cloud.certificates.records(arn)
    cloud.zones.put(zone, record.name, kind, value)
    before = cloud.zones.records(zone)

    result = rotation(scheduled(NOW))

    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("RenewalBlocked", "ValidationRecordWrong")
    assert only_action(result) == ("FixValidation", "advised")
    assert cloud.zones.records(zone) == before
    assert value.strip('"') in cloud.topics.messages(topic)[0].to("email")


def test_zones_that_could_both_be_meant_are_named_and_none_is_written(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """Bug 7."""
    ids = [cloud.zones.add("example.com"), cloud.zones.add("example.com", delegated=False)]
    blocked(cloud)

    (finding,) = rotation(scheduled(NOW))["findings"]

    assert finding["reason"] == "ZoneAmbiguous"
    assert [cloud.zones.records(zone_id) for zone_id in ids] == [{}, {}]
    assert all(zone_id in cloud.topics.messages(topic)[0].to("email") for zone_id in ids)


def test_a_caa_record_that_forbids_amazon_is_reported_and_nothing_is_written(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 35."""
    blocked(cloud, renewal_reason="CAA_ERROR")
    result = rotation(scheduled(NOW))
    assert result["findings"][0]["reason"] == "CaaForbids"
    assert only_action(result) == ("FixValidation", "advised")
    assert cloud.zones.records(zone) == {}


def test_a_request_that_has_waited_for_more_than_a_day_is_repaired_and_issued(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 18: rotation checks pending requests again."""
    arn = cloud.certificates.add(
        **WEB, status="PENDING_VALIDATION", created_at=NOW - timedelta(hours=25)
    )

    result = rotation(scheduled(NOW))

    assert [finding["verdict"] for finding in result["findings"]] == ["PendingValidation"]
    assert only_action(result) == ("RestoreRecords", "done")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert the_certificate(cloud).status == "ISSUED"


def test_a_request_with_records_in_an_unused_zone_needs_a_person(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 22: a zone that is not delegated to validates nothing."""
    zone = cloud.zones.add("example.com", delegated=False)
    arn = cloud.certificates.add(
        **WEB, status="PENDING_VALIDATION", created_at=NOW - timedelta(hours=25)
    )
    put_records(cloud, zone, arn)

    result = rotation(scheduled(NOW))

    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("PendingValidation", "RecordsInPlace")
    assert only_action(result) == ("FixValidation", "advised")


@pytest.mark.usefixtures("zone")
def test_a_young_request_is_left_to_its_owner(rotation: Function, cloud: Cloud) -> None:
    cloud.certificates.add(**WEB, status="PENDING_VALIDATION", created_at=NOW - timedelta(hours=23))
    rotation(scheduled(NOW))
    assert sorted(rotation.operations) == [
        *("GetParametersByPath", "GetTopicAttributes", "ListAcmeEndpoints"),
        *["ListCertificates"] * 2,
        "ListServerCertificates",
    ]


def test_records_are_restored_in_a_zone_of_another_account(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Bug 20."""
    ours = cloud.zones.add("example.com", delegated=False)
    theirs = cloud.zones.add("example.com", account="222222222222")
    role = "arn:aws:iam::222222222222:role/acm-validation"
    zones = {"example.com": {"zone_id": theirs, "role_arn": role}}
    environment.setenv("HOSTED_ZONES", json.dumps(zones))
    arns = [blocked(cloud), blocked(cloud, domain_name="a.example.com", alternative_names=[])]

    rotation(scheduled(NOW))

    assert cloud.zones.records(theirs) == wanted_records(cloud, *arns)
    assert cloud.zones.records(ours) == {}
    assert rotation.operations.count("AssumeRole") == 1


# --- E-mail -----------------------------------------------------------------------------------


def test_a_renewal_by_email_is_migrated_to_dns_and_acm_renews_under_the_same_arn(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    arn = blocked(cloud, validation_method="EMAIL")

    result = rotation(scheduled(NOW))

    assert only_action(result) == ("RenewByEmail", "started")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert the_certificate(cloud).validation_method == "DNS"
    cloud.advance(days=1)
    renewed = the_certificate(cloud)
    assert (renewed.arn, cloud.certificates.emails) == (arn, [])
    assert renewed.not_after is not None
    assert renewed.not_after > NOW + timedelta(days=190)


def test_where_the_sdk_cannot_migrate_the_email_is_sent_again(
    rotation: Function, cloud: Cloud, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AcmCertificates, "can_migrate_to_dns", False)
    arn = blocked(
        cloud, validation_method="EMAIL", validation_states={"www.example.com": "SUCCESS"}
    )

    result = rotation(scheduled(NOW))

    assert only_action(result) == ("RenewByEmail", "done")
    assert [(a, name) for a, name, _ in cloud.certificates.emails] == [
        (arn, "example.com"),
        (arn, "*.example.com"),
    ]
    assert cloud.zones.records(zone) == {}


@pytest.mark.parametrize(
    "code", ["InvalidStateException", "LimitExceededException", "ValidationException"]
)
@pytest.mark.usefixtures("zone")
def test_where_acm_refuses_to_migrate_the_email_is_sent_again(
    rotation: Function, cloud: Cloud, code: str
) -> None:
    blocked(cloud, validation_method="EMAIL", alternative_names=[])
    # The SDK retries LimitExceededException.
    cloud.fail("acm", "UpdateCertificateOptions", code, "not this one", times=None)

    result = rotation(scheduled(NOW))

    assert only_action(result) == ("RenewByEmail", "done")
    assert "not this one" in result["actions"][0]["detail"]
    assert [name for _, name, _ in cloud.certificates.emails] == ["example.com"]


@pytest.mark.parametrize("zones", [0, 2], ids=["no zone", "two zones"])
def test_where_the_records_would_have_no_zone_nothing_is_migrated(
    rotation: Function, cloud: Cloud, zones: int
) -> None:
    """ACM abandons an unfinished migration after 72 hours."""
    for number in range(zones):
        cloud.zones.add("example.com", delegated=number == 0)
    blocked(cloud, validation_method="EMAIL")

    rotation(scheduled(NOW))

    assert "UpdateCertificateOptions" not in rotation.operations
    assert len(cloud.certificates.emails) == 3


def test_a_migration_in_progress_is_continued(rotation: Function, cloud: Cloud, zone: str) -> None:
    begun = MethodUpdate(
        before="EMAIL", after="DNS", requested_at=NOW - timedelta(hours=5), updated_at=NOW
    )
    arn = blocked(cloud, validation_method="EMAIL", update=begun)

    result = rotation(scheduled(NOW))

    assert only_action(result) == ("RenewByEmail", "started")
    assert " in progress; " in result["actions"][0]["detail"]
    assert rotation.writes == ["ChangeResourceRecordSets", "Publish"]
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_migration_that_another_client_starts_is_continued(
    rotation: Function, cloud: Cloud, zone: str, wire: Wire
) -> None:
    """Bug 52: ConflictException means that the migration has started."""
    arn = blocked(cloud, validation_method="EMAIL")

    def begin_elsewhere(operation: str) -> None:
        if operation == "UpdateCertificateOptions":
            begun = MethodUpdate(before="EMAIL", after="DNS", requested_at=NOW, updated_at=NOW)
            cloud.certificates.edit(arn, update=begun)

    wire.before = begin_elsewhere

    assert only_action(rotation(scheduled(NOW))) == ("RenewByEmail", "started")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_migration_whose_records_acm_has_not_named_yet_is_finished_by_the_next_run(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    """Bug 38: begun is not done."""
    arn = blocked(cloud, validation_method="EMAIL")
    cloud.fail("acm", "UpdateCertificateOptions", "ConflictException", "under way, and not visible")

    first = rotation(scheduled(NOW))
    assert only_action(first) == ("RenewByEmail", "started")
    assert cloud.zones.records(zone) == {}

    second = rotation(scheduled(cloud.now))
    assert only_action(second) == ("RenewByEmail", "started")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_records_of_a_migration_that_acm_names_late_are_awaited(
    rotation: Function, cloud: Cloud, zone: str, wire: Wire
) -> None:
    """Bug 3: ACM needs several seconds here, too."""
    arn = blocked(cloud, validation_method="EMAIL")
    cloud.fail("acm", "UpdateCertificateOptions", "ConflictException", "under way, and not visible")

    def name_them(operation: str) -> None:
        if operation == "ListCertificateDomainValidations" and cloud.now > NOW:
            begun = MethodUpdate(before="EMAIL", after="DNS", requested_at=NOW, updated_at=NOW)
            cloud.certificates.edit(arn, update=begun)

    wire.before = name_them

    assert only_action(rotation(scheduled(NOW))) == ("RenewByEmail", "started")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


@pytest.mark.usefixtures("zone")
def test_a_request_that_waits_for_its_first_approval_gets_the_email_again(
    rotation: Function, cloud: Cloud
) -> None:
    """Only issued certificates can migrate."""
    cloud.certificates.add(
        status="PENDING_VALIDATION",
        validation_method="EMAIL",
        created_at=NOW - timedelta(hours=30),
    )
    assert only_action(rotation(scheduled(NOW))) == ("RenewByEmail", "done")
    assert [name for _, name, _ in cloud.certificates.emails] == ["example.com"]


# --- Dry runs and second runs -----------------------------------------------------------------


@pytest.mark.parametrize(
    "event", [{"rotation_mode": "notify"}, {"dry_run": True}], ids=["notify", "dry run"]
)
def test_a_scan_changes_nothing(rotation: Function, cloud: Cloud, event: dict[str, Any]) -> None:
    showcase.fill(cloud)
    (zone,) = cloud.zones.all()

    result = rotation(event)

    assert cloud.zones.records(zone.zone_id) == {}
    assert rotation.writes == ([] if "dry_run" in event else ["Publish"])
    assert {action["outcome"] for action in result["actions"]} <= {"advised", "planned"}


def test_a_dry_run_returns_the_plan_and_notifies_no_one(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    blocked(cloud)
    result = rotation({"dry_run": True})
    assert only_action(result) == ("RestoreRecords", "planned")
    assert (result["notification"]["sent"], cloud.topics.messages(topic)) == (False, [])
    assert cloud.zones.records(zone) == {}


def test_the_mode_of_the_environment_applies_unless_the_event_has_a_lower_one(
    rotation: Function, cloud: Cloud, zone: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("ROTATION_MODE", "repair")
    arn = blocked(cloud)
    assert only_action(rotation({"rotation_mode": "notify"})) == ("RestoreRecords", "advised")
    assert only_action(rotation(scheduled(NOW))) == ("RestoreRecords", "done")
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_second_run_on_the_same_day_finds_nothing_to_repair(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 52."""
    showcase.fill(cloud)
    (zone,) = cloud.zones.all()
    rotation(scheduled(NOW))
    records = cloud.zones.records(zone.zone_id)
    arns = {certificate.arn for certificate in cloud.certificates.all()}

    second = rotation(scheduled(NOW))

    assert rotation.writes == ["Publish"]
    assert cloud.zones.records(zone.zone_id) == records
    assert {certificate.arn for certificate in cloud.certificates.all()} == arns
    assert {action["outcome"] for action in second["actions"]} == {"advised"}


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("method", ["DNS", "EMAIL"])
def test_a_run_that_is_killed_is_made_up_for_by_the_next_one(
    rotation: Function, cloud: Cloud, zone: str, wire: Wire, number: int, method: str
) -> None:
    """Bugs 52 and 54: killed when a call has had its effect."""
    arn = blocked(cloud, validation_method=method)
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(NOW))

    rotation(scheduled(NOW))

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)
    assert the_certificate(cloud).arn == arn


@pytest.mark.parametrize("number", range(1, 8))
def test_a_run_inside_another_run_does_no_harm(
    rotation: Function, cloud: Cloud, zone: str, wire: Wire, number: int
) -> None:
    """Bug 52."""
    arn = blocked(cloud)
    inner: list[dict[str, Any]] = []
    wire.strike_before(number, lambda: inner.append(rotation(scheduled(NOW))))

    rotation(scheduled(NOW))

    assert len(inner) == 1
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_repair_that_fails_is_in_the_message_and_raised(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    """Bugs 27, 41 and 43: and the other certificate's repair is still done."""
    other = cloud.zones.add("example.net")
    failing, mended = (
        blocked(cloud),
        blocked(cloud, domain_name="example.net", alternative_names=[]),
    )
    cloud.fail(
        "route53",
        "ChangeResourceRecordSets",
        "AccessDenied",
        "not in this zone",
        times=None,
        when=lambda parameters: parameters["HostedZoneId"].endswith(zone),
    )

    with pytest.raises(RotationError, match=failing):
        rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    outcomes = {action["certificate_arn"]: action["outcome"] for action in document["actions"]}
    assert outcomes == {failing: "failed", mended: "done"}
    assert cloud.zones.records(other) == wanted_records(cloud, mended)
    assert "not in this zone" in cloud.topics.messages(topic)[0].to("email")
