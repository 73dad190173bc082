"""A failed scan, repair or notification is always reported and never blocks the rest."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from certificate_lifecycle.model.errors import ConfigurationError, RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, documents, ending_in, wanted_records
from tests.integration.invocation import NOW, Function, Wire, scheduled

pytestmark = pytest.mark.integration


def due(cloud: Cloud, domain_name: str) -> str:
    return cloud.certificates.add(
        domain_name=domain_name, type="IMPORTED", **USED, **ending_in(cloud, 10)
    )


def blocked(cloud: Cloud, domain_name: str) -> str:
    return cloud.certificates.add(
        domain_name=domain_name,
        renewal_status="PENDING_VALIDATION",
        **USED,
        **ending_in(cloud, 25),
    )


def of(arn: str) -> Any:  # noqa: ANN401 - a predicate, as `Cloud.fail` takes it
    def concerns(parameters: Mapping[str, Any]) -> bool:
        return bool(parameters.get("CertificateArn") == arn)

    return concerns


# --- One certificate --------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["DescribeCertificate", "ListTagsForCertificate"])
def test_one_certificate_that_cannot_be_read_is_named_and_all_others_are_done(
    rotation: Function, cloud: Cloud, topic: str, operation: str
) -> None:
    """Bugs 27 and 33."""
    zone = cloud.zones.add("example.com")
    first, unreadable, last = (blocked(cloud, f"{name}.example.com") for name in "abc")
    cloud.fail(
        "acm", operation, "AccessDeniedException", "not you", times=None, when=of(unreadable)
    )

    with pytest.raises(RotationError, match=unreadable):
        rotation(scheduled(NOW))

    assert cloud.zones.records(zone) == wanted_records(cloud, first, last)
    (document,) = documents(cloud, topic)
    reasons = {f["certificate_arn"]: f["reason"] for f in document["findings"]}
    assert reasons[unreadable] == "DetailsUnreadable"
    assert document["counts"] == {"RenewalBlocked": 2, "Unknown": 1}
    assert document["scopes"][0]["status"] == "partial"
    assert unreadable in document["scopes"][0]["error"]
    assert "INCOMPLETE" in cloud.topics.messages(topic)[0].to("email")


def test_an_unreadable_certificate_is_logged_with_its_traceback(
    rotation: Function, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Bug 15."""
    arn = due(cloud, "a.example.com")
    cloud.fail("acm", "DescribeCertificate", "AccessDeniedException", "not you")

    with pytest.raises(RotationError):
        rotation(scheduled(NOW))

    (error,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(error)["certificate_arn"] == arn
    assert error.exc_info is not None
    assert error.exc_info[0] is not None
    assert issubclass(error.exc_info[0], ClientError)


def test_unreadable_records_are_named_and_all_others_are_repaired(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    """Bug 33."""
    closed, opened = cloud.zones.add("example.com"), cloud.zones.add("example.net")
    unreadable, mended = blocked(cloud, "example.com"), blocked(cloud, "example.net")
    cloud.fail(
        "route53",
        "ListResourceRecordSets",
        "AccessDenied",
        times=None,
        when=lambda parameters: parameters["HostedZoneId"].endswith(closed),
    )

    with pytest.raises(RotationError, match=unreadable):
        rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    reasons = {f["certificate_arn"]: f["reason"] for f in document["findings"]}
    assert reasons == {
        unreadable: "ValidationUnchecked",
        mended: "ValidationRecordMissing",
    }
    assert cloud.zones.records(opened) == wanted_records(cloud, mended)


def test_throttled_calls_are_made_again(rotation: Function, cloud: Cloud) -> None:
    """Bug 33."""
    zone = cloud.zones.add("example.com")
    arn = blocked(cloud, "example.com")
    faults = [
        cloud.fail("acm", "ListCertificates", times=2),
        cloud.fail("acm", "DescribeCertificate", times=2),
        cloud.fail("acm", "ListTagsForCertificate", times=2),
        cloud.fail("route53", "ChangeResourceRecordSets", "Throttling", times=2),
        cloud.fail("sns", "Publish", "Throttling", times=2),
    ]

    assert rotation(scheduled(NOW))["notification"]["sent"]

    assert [fault.count for fault in faults] == [2] * 5
    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


@pytest.mark.parametrize("operation", ["DescribeCertificate", "ListTagsForCertificate"])
def test_a_certificate_that_is_deleted_meanwhile_is_no_failure(
    rotation: Function, cloud: Cloud, wire: Wire, operation: str
) -> None:
    """Bug 33."""
    # Without the index of tags, they are read one by one.
    index = "resourcegroupstaggingapi"
    cloud.fail(index, "GetResources", "AccessDeniedException", times=None)
    deleted, left = cloud.certificates.get(due(cloud, "a.example.com")), due(cloud, "b.example.com")

    def delete(called: str) -> None:
        if called == operation and deleted in cloud.certificates.all():
            cloud.certificates.remove(deleted)

    wire.before = delete

    result = rotation(scheduled(NOW))

    assert [finding["certificate_arn"] for finding in result["findings"]] == [left]
    assert result["scopes"][0]["status"] == "ok"


# --- Everything -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2])
def test_a_listing_that_fails_on_any_page_is_reported_and_never_looks_healthy(
    rotation: Function, cloud: Cloud, topic: str, page: int
) -> None:
    """Bugs 27 and 33."""
    for number in range(5):
        cloud.certificates.add(domain_name=f"{number}.example.com", **USED)
    cloud.fail(
        "acm",
        "ListCertificates",
        "AccessDeniedException",
        when=lambda parameters: ("NextToken" in parameters) == (page > 1),
    )

    with pytest.raises(RotationError):
        rotation(scheduled(NOW))

    (document,) = documents(cloud, topic)
    assert (document["scopes"][0]["status"], document["severity"]) == ("failed", "warning")
    assert document["counts"] == {"ScanFailed": 1}


def test_a_message_that_cannot_be_sent_fails_the_run_after_the_repairs_are_done(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 44: the only alert never fails silently."""
    zone = cloud.zones.add("example.com")
    arn = blocked(cloud, "example.com")
    cloud.fail("sns", "Publish", "AuthorizationError", "no publishing today", times=None)

    with pytest.raises(RotationError, match="no publishing today"):
        rotation(scheduled(NOW))

    assert cloud.zones.records(zone) == wanted_records(cloud, arn)


def test_a_named_certificate_that_does_not_exist_is_a_failure(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    there = due(cloud, "a.example.com")
    missing = f"{there.rpartition('/')[0]}/12345678-1234-1234-1234-123456789012"

    with pytest.raises(RotationError, match=missing):
        rotation({"certificate_arns": [missing, there]})

    (document,) = documents(cloud, topic)
    assert [finding["certificate_arn"] for finding in document["findings"]] == [there]


@pytest.mark.parametrize("seconds", [60, 120, 240])
def test_a_run_that_has_too_little_time_says_so_before_it_would_be_stopped(
    rotation: Function,
    cloud: Cloud,
    topic: str,
    wire: Wire,
    environment: pytest.MonkeyPatch,
    seconds: int,
) -> None:
    """Bug 54: every call takes ten seconds here; better an honest "partial" than a kill."""
    # Calls side by side would each take ten seconds of the same clock.
    environment.setattr("certificate_lifecycle.concurrency.WORKERS", 1)
    cloud.zones.add("example.com")
    arns = {blocked(cloud, f"{number}.example.com") for number in range(10)}
    cloud.certificates.page_size = 1000
    rotation.timeout = seconds * rotation.timeout / rotation.timeout.total_seconds()

    def take_time(_: str) -> None:
        cloud.advance(seconds=10)

    wire.after = take_time

    with pytest.raises(RotationError, match="time"):
        rotation(scheduled(NOW))

    assert rotation.left.total_seconds() >= 0
    (document,) = documents(cloud, topic)
    assert document["scopes"][0]["status"] == "partial"
    assert {finding["certificate_arn"] for finding in document["findings"]} == arns


# --- Bad input --------------------------------------------------------------------------------


def test_a_missing_topic_is_refused_before_any_call(
    rotation: Function, environment: pytest.MonkeyPatch
) -> None:
    """Bug 45: a run whose notification fails is a failure."""
    environment.delenv("SNS_TOPIC_ARN")
    with pytest.raises(ConfigurationError, match="SNS_TOPIC_ARN"):
        rotation(scheduled(NOW))
    assert rotation.calls == []


def test_bad_input_is_one_error_that_names_every_mistake_before_any_call(
    rotation: Function, environment: pytest.MonkeyPatch
) -> None:
    """Bugs 45 and 49."""
    wrong = {
        "SNS_TOPIC_ARN": "certificate-lifecycle",
        "EXPIRATION_THRESHOLD_DAYS": "30.5",
        "CRITICAL_THRESHOLD_DAYS": "-1",
        "THRESHOLD_FRACTION": "nan",
        "ROTATION_MODE": "fix",
        "HOSTED_ZONES": '{"example.com": {"zone_id": "../Z1"}}',
    }
    for name, value in wrong.items():
        environment.setenv(name, value)

    with pytest.raises(ConfigurationError) as refused:
        rotation({"certificate_arns": ["*"], "rotation_mode": 1, "dryrun": True})

    faulty = [*wrong, "certificate_arns", "rotation_mode", "dryrun"]
    assert len(refused.value.errors) == len(faulty)
    assert all(any(name in fault for fault in refused.value.errors) for name in faulty)
    assert rotation.calls == []


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_variable_counts_as_unset(
    rotation: Function, environment: pytest.MonkeyPatch, value: str
) -> None:
    """Bug 49."""
    environment.setenv("EXPIRATION_THRESHOLD_DAYS", value)
    assert rotation(scheduled(NOW))["scopes"][0]["status"] == "ok"


@pytest.mark.parametrize(
    "event",
    [
        None,
        "all",
        {"certificate_arns": []},
        {"certificate_arns": None},
        {"dry_run": None},
        {"rotation_mode": None},
        {"certificate_arns": ["arn:aws:acm:us-east-1:123456789012:certificate/a"]},
        {"certificate_arns": ["arn:aws:acm:eu-west-1:222222222222:certificate/a"]},
        {**scheduled(NOW), "dry_run": True},
    ],
    ids=[
        *("null", "string", "no certificates", "null for certificates", "null for a dry run"),
        *("null for a mode", "another region", "another account", "a wish"),
    ],
)
def test_an_event_that_is_not_understood_is_refused_before_any_call(
    rotation: Function, event: object
) -> None:
    """An empty list must not mean "all", and a dry run must not become a real one."""
    with pytest.raises(ConfigurationError):
        rotation(event)
    assert rotation.calls == []
