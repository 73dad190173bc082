"""Rotation scans every certificate and gives it a verdict."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certificate_lifecycle.handlers.context import current_time
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import USED, ending_in, listings
from tests.integration.invocation import NOW, Function, scheduled

pytestmark = pytest.mark.integration

KEY_TYPES = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)


@pytest.fixture(autouse=True)
def judgements(caplog: pytest.LogCaptureFixture) -> None:
    """Keep the log line that every certificate gets, healthy ones too."""
    caplog.set_level(logging.DEBUG, logger="certificate_lifecycle")


def verdicts(caplog: pytest.LogCaptureFixture) -> dict[str, tuple[str, str]]:
    """Read verdict and reason of every certificate of the last run from its log."""
    lines = [vars(record) for record in caplog.records if record.message == "certificate assessed"]
    return {line["certificate_arn"]: (line["verdict"], line["reason"]) for line in lines}


def test_every_certificate_of_the_showcase_gets_its_verdict_and_reason(
    rotation: Function, cloud: Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    """Bugs 26, 30 and 31: a whole run over every status and type, with real timestamps."""
    cases = showcase.fill(cloud)

    result = rotation(scheduled(NOW))

    expected = {arn: (case.verdict, case.reason) for arn, case in cases.items()}
    assert verdicts(caplog) == expected
    assert result["counts"] == dict(Counter(case.verdict for case in cases.values()))
    assert result["scopes"] == [
        {
            "account_id": "123456789012",
            "region": "eu-west-1",
            "status": "ok",
            "certificates": len(cases),
            "ignored": 0,
            "public_dns": None,
            "error": None,
            "not_listed": [],
        }
    ]
    found = {finding["certificate_arn"]: finding for finding in result["findings"]}
    assert {arn: (f["verdict"], f["reason"]) for arn, f in found.items()} == {
        arn: expected[arn] for arn in found
    }
    silent = {expected[arn][0] for arn in expected if arn not in found}
    assert silent <= {"Healthy", "Renewing", "ExternallyManaged"}


def test_certificates_of_every_key_type_and_on_every_page_are_seen(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 29: without a filter ACM shows RSA_1024 and RSA_2048 only."""
    for key_type in KEY_TYPES:
        cloud.certificates.add(
            type="IMPORTED", key_algorithm=key_type, **USED, **ending_in(cloud, 10)
        )

    result = rotation(scheduled(NOW))

    assert result["counts"] == {"ImportDue": len(KEY_TYPES)}
    assert rotation.operations.count("ListCertificates") == listings(len(KEY_TYPES), 3)


@pytest.mark.parametrize("status", ["EXPIRED", "REVOKED", "FAILED", "VALIDATION_TIMED_OUT"])
def test_an_unusable_certificate_is_critical_only_in_use(
    rotation: Function, cloud: Cloud, status: str
) -> None:
    """Bugs 30 and 50."""
    used = cloud.certificates.add(status=status, **USED)
    idle = cloud.certificates.add(domain_name="idle.example.com", status=status)

    found = {f["certificate_arn"]: f for f in rotation(scheduled(NOW))["findings"]}

    served = status in ("EXPIRED", "REVOKED")
    assert found[used]["severity"] == ("critical" if served else "info")
    assert found[idle]["severity"] == "info"


@pytest.mark.parametrize(
    ("novelty", "reason"),
    [({"status": "PAUSED"}, "StatusUnknown"), ({"type": "QUANTUM"}, "TypeUnknown")],
    ids=["status", "type"],
)
def test_a_value_that_aws_adds_later_is_reported_and_stops_nothing(
    rotation: Function, cloud: Cloud, novelty: dict[str, Any], reason: str
) -> None:
    """Bug 30."""
    cloud.certificates.add(domain_name="new.example.com", **novelty, **USED)
    cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 10))

    result = rotation(scheduled(NOW))

    assert result["counts"] == {"ImportDue": 1, "Unknown": 1}
    assert reason in [finding["reason"] for finding in result["findings"]]


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(1, "Healthy"), (0, "ImportDue"), (-1, "ImportDue")]
)
def test_a_certificate_is_due_exactly_at_the_threshold(
    rotation: Function, cloud: Cloud, seconds: int, verdict: str
) -> None:
    """Bug 28: instants are compared, not whole days."""
    ends = NOW + timedelta(days=30, seconds=seconds)
    cloud.certificates.add(
        type="IMPORTED", not_before=ends - timedelta(days=365), not_after=ends, **USED
    )
    assert rotation(scheduled(NOW))["counts"] == {verdict: 1}


@pytest.mark.parametrize(
    ("seconds", "verdict", "days_left"),
    [(1, "ImportDue", 0), (0, "Expired", 0), (-1, "Expired", -1)],
)
def test_a_certificate_is_expired_exactly_at_its_end(
    rotation: Function, cloud: Cloud, seconds: int, verdict: str, days_left: int
) -> None:
    """Bug 28: whole days are for display only, and rounded down."""
    ends = NOW + timedelta(seconds=seconds)
    cloud.certificates.add(
        type="IMPORTED", not_before=ends - timedelta(days=365), not_after=ends, **USED
    )
    result = rotation(scheduled(NOW))
    assert [(f["verdict"], f["days_left"]) for f in result["findings"]] == [(verdict, days_left)]


def test_an_imported_certificate_that_is_due_has_an_action_of_its_own(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 31: only its owner can renew it, under the same ARN."""
    arn = cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, 20, lifetime=365))

    result = rotation(scheduled(NOW))

    (finding,) = result["findings"]
    assert (finding["verdict"], finding["action"]) == ("ImportDue", "Reimport")
    advised = {"certificate_arn": arn, "action": "Reimport", "outcome": "advised"}
    assert advised.items() <= result["actions"][0].items()
    assert rotation.writes == ["Publish"]


@pytest.mark.parametrize(("days", "verdict"), [(46, "Healthy"), (20, "Healthy"), (15, "Renewing")])
def test_a_47_day_certificate_is_not_expiring_for_most_of_its_life(
    rotation: Function, cloud: Cloud, topic: str, days: float, verdict: str
) -> None:
    """Bug 48: a threshold of 30 days would be on for two thirds of it."""
    cloud.certificates.add(renews=False, **USED, **ending_in(cloud, days, lifetime=47))

    result = rotation(scheduled(NOW))

    assert (result["counts"], result["expiring_certificates"]) == ({verdict: 1}, 0)
    assert cloud.topics.messages(topic) == []


@pytest.mark.parametrize(("days", "verdict"), [(20, "Healthy"), (15, "ImportDue")])
def test_the_threshold_is_never_most_of_a_short_life(
    rotation: Function, cloud: Cloud, days: float, verdict: str
) -> None:
    """Bug 48."""
    cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, days, lifetime=47))
    assert rotation(scheduled(NOW))["counts"] == {verdict: 1}


def test_a_stuck_renewal_is_reported_before_the_threshold_of_imports(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 48: with 30 days left ACM has been at it for two weeks, which is too long."""
    cloud.certificates.add(renews=False, **USED, **ending_in(cloud, 31))
    assert rotation(scheduled(NOW))["counts"] == {"Renewing": 1}
    cloud.advance(days=1)
    assert rotation(scheduled(cloud.now))["counts"] == {"RenewalOverdue": 1}


@pytest.mark.parametrize("days", [40, 20, 3, 0.5])
def test_an_unused_certificate_is_mentioned_and_nobody_is_woken(
    rotation: Function, cloud: Cloud, topic: str, days: float
) -> None:
    """Bug 50."""
    cloud.certificates.add(**ending_in(cloud, days))

    result = rotation(scheduled(NOW))

    assert [(f["verdict"], f["severity"]) for f in result["findings"]] == [("Unused", "info")]
    assert cloud.topics.messages(topic) == []


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ({"managed_by": "CLOUDFRONT"}, "ManagedByCloudFront"),
        ({"key_pair_origin": "ACME"}, "ManagedByAcmeClient"),
    ],
    ids=["CloudFront", "ACME"],
)
def test_a_certificate_of_another_tool_is_reported_and_never_changed(
    rotation: Function, cloud: Cloud, mark: dict[str, Any], reason: str
) -> None:
    """Bug 40: its renewal waits for a record that we could write, and it is not ours to write."""
    zone = cloud.zones.add("example.com")
    pending = {"renewal_status": "PENDING_VALIDATION", **ending_in(cloud, 20)}
    cloud.certificates.add(**pending, **USED, **mark)

    result = rotation(scheduled(NOW))

    (finding,) = result["findings"]
    assert (finding["verdict"], finding["reason"]) == ("ExternallyManaged", reason)
    assert cloud.zones.records(zone) == {}


@pytest.mark.parametrize(
    "tags", [{"ManagedBy": "cert-manager"}, {"services.k8s.aws/controller-version": "acm-1"}]
)
def test_a_tag_of_another_tool_counts_for_an_imported_certificate_only(
    rotation: Function, cloud: Cloud, tags: dict[str, str]
) -> None:
    """ACM renews what it issued: the permission to tag would stop the repair otherwise."""
    zone = cloud.zones.add("example.com")
    pending = {"renewal_status": "PENDING_VALIDATION", **ending_in(cloud, 20)}
    renewed = cloud.certificates.add(tags=tags, **pending, **USED)
    imported = cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 20))

    found = {f["certificate_arn"]: f["verdict"] for f in rotation(scheduled(NOW))["findings"]}

    assert found == {renewed: "RenewalBlocked", imported: "ExternallyManaged"}
    assert cloud.zones.records(zone) != {}


def test_a_certificate_with_more_than_a_hundred_names_is_judged_by_all_of_them(
    rotation: Function, cloud: Cloud
) -> None:
    """The listing shows a hundred names only, and says that there are more."""
    names = [f"{number:03}.example.com" for number in range(120)]
    arn = cloud.certificates.add(
        type="IMPORTED", alternative_names=names, **USED, **ending_in(cloud, 10)
    )
    cloud.certificates.add(type="IMPORTED", alternative_names=names[:110], **ending_in(cloud, 300))

    (finding,) = rotation(scheduled(NOW))["findings"]

    assert (finding["certificate_arn"], finding["verdict"]) == (arn, "ImportDue")
    assert finding["alternative_names"] == names


def test_a_later_certificate_succeeds_only_if_it_has_every_name(
    rotation: Function, cloud: Cloud
) -> None:
    """Bug 42: one common name does not make two certificates the same."""
    due = {"renews": False, **USED, **ending_in(cloud, 10)}
    covered = cloud.certificates.add(alternative_names=["a.example.com"], **due)
    lacking = cloud.certificates.add(alternative_names=["b.example.com"], **due)
    cloud.certificates.add(
        alternative_names=["a.example.com", "c.example.com"], **USED, **ending_in(cloud, 190)
    )

    found = {f["certificate_arn"]: f["verdict"] for f in rotation(scheduled(NOW))["findings"]}

    assert found == {covered: "Superseded", lacking: "RenewalOverdue"}


def test_two_certificates_of_one_name_with_keys_of_two_kinds_do_not_succeed_each_other(
    rotation: Function, cloud: Cloud
) -> None:
    """Load balancers serve them side by side: each has to be replaced by one of its own kind."""
    due = cloud.certificates.add(
        type="IMPORTED", key_algorithm="RSA_2048", **USED, **ending_in(cloud, 10)
    )
    cloud.certificates.add(
        type="IMPORTED", key_algorithm="EC_prime256v1", **USED, **ending_in(cloud, 190)
    )

    (finding,) = rotation(scheduled(NOW))["findings"]

    assert (finding["certificate_arn"], finding["verdict"]) == (due, "ImportDue")


def test_a_certificate_that_ends_soon_itself_succeeds_nothing(
    rotation: Function, cloud: Cloud
) -> None:
    for days in (10, 20):
        cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, days))
    assert rotation(scheduled(NOW))["counts"] == {"ImportDue": 2}


def test_the_region_is_that_of_the_function_and_the_topic_may_be_elsewhere(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    topic = cloud.client("sns", region="eu-central-1").create_topic(Name="alerts")["TopicArn"]
    environment.setenv("SNS_TOPIC_ARN", topic)
    rotation.arn = rotation.arn.replace("eu-west-1", "us-east-1")
    cloud.certificates.add(region="us-east-1", status="EXPIRED", **USED)

    result = rotation(scheduled(NOW))

    assert (result["scopes"][0]["region"], result["counts"]) == ("us-east-1", {"Expired": 1})
    assert len(cloud.topics.messages(topic)) == 1


def test_a_run_by_hand_is_judged_as_of_now() -> None:
    """Bugs 26 and 42: aware, and in UTC on every machine."""
    assert abs(current_time() - datetime.now(UTC)) < timedelta(minutes=1)
    assert current_time().tzinfo is UTC


def test_other_regions_and_accounts_are_not_scanned(rotation: Function, cloud: Cloud) -> None:
    cloud.certificates.add(region="us-east-1", status="EXPIRED", **USED)
    cloud.certificates.add(account="222222222222", status="EXPIRED", **USED)
    assert rotation(scheduled(NOW))["counts"] == {}


def test_only_the_named_certificates_are_scanned(rotation: Function, cloud: Cloud) -> None:
    due = {"type": "IMPORTED", **USED, **ending_in(cloud, 10)}
    named = [cloud.certificates.add(**due), cloud.certificates.add(**due)]
    cloud.certificates.add(**due)

    result = rotation({"certificate_arns": named})

    assert [finding["certificate_arn"] for finding in result["findings"]] == sorted(named)
    assert result["scopes"][0]["certificates"] == 2


# --- Costs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [200, 1001])
def test_certificates_far_from_expiry_cost_one_listing_and_no_description(
    rotation: Function, cloud: Cloud, number: int
) -> None:
    """Bug 32: a thousand on a page, and the summary is enough to judge them."""
    cloud.certificates.page_size = 1000
    for index in range(number):
        cloud.certificates.add(domain_name=f"{index}.example.com", **USED)

    result = rotation(scheduled(NOW))

    assert result["counts"] == {"Healthy": number}
    pages = ["ListCertificates"] * listings(number)
    stores = ["ListAcmeEndpoints", "GetParametersByPath", "ListServerCertificates"]
    # One search finds the certificates that are validated by e-mail.
    calls = [*pages, *stores, "SearchCertificates", "GetTopicAttributes"]
    assert sorted(rotation.operations) == sorted(calls)


def test_each_candidate_costs_one_description(rotation: Function, cloud: Cloud) -> None:
    """Bug 32: cost follows the findings, not the inventory."""
    cloud.certificates.page_size = 1000
    for index in range(200):
        days = 10 if index % 20 == 0 else 150
        cloud.certificates.add(
            domain_name=f"{index}.example.com", type="IMPORTED", **USED, **ending_in(cloud, days)
        )

    assert rotation(scheduled(NOW))["counts"] == {"Healthy": 190, "ImportDue": 10}

    assert Counter(rotation.operations) == {
        "ListAcmeEndpoints": 1,
        "ListCertificates": listings(200),
        "ListServerCertificates": 1,
        "GetParametersByPath": 1,
        "DescribeCertificate": 10,
        "DescribeListeners": 1,
        "GetResources": 1,
        "Publish": 1,
        "GetTopicAttributes": 1,
    }
