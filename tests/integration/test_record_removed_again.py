"""A validation record that another program removes after each repair.

Sources: https://github.com/kubernetes-sigs/external-dns/issues/2265 (the policy `sync` removes
ACM's CNAME), https://github.com/dflook/cloudformation-dns-certificate/issues/7.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in, the_certificate, wanted_records
from tests.integration.invocation import Function, make_ledger, scheduled

pytestmark = pytest.mark.integration


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


@pytest.fixture
def blocked(cloud: Cloud) -> str:
    """Add a certificate in use whose renewal waits for its record."""
    return cloud.certificates.add(
        domain_name="example.com",
        **USED,
        **ending_in(cloud, 40),
        renewal_status="PENDING_VALIDATION",
    )


@pytest.fixture
def ledger(cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    make_ledger(cloud, environment, "eu-west-1")


def remove_records(cloud: Cloud, zone: str) -> None:
    for name, kind in wanted_records(cloud, the_certificate(cloud).arn):
        cloud.zones.remove(zone, name, kind)


def run_and_remove(rotation: Function, cloud: Cloud, zone: str) -> dict[str, Any]:
    """Run once, let another program remove the record, and go on to the next day."""
    result = rotation(scheduled(cloud.now))
    remove_records(cloud, zone)
    cloud.advance(days=1)
    return result


@pytest.mark.usefixtures("ledger", "blocked")
def test_a_record_that_is_removed_after_each_repair_is_reported(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    started = cloud.now
    results = [run_and_remove(rotation, cloud, zone) for _ in range(18)]

    reasons = [result["findings"][0]["reason"] for result in results]
    assert reasons == ["ValidationRecordMissing", *["RecordRemovedAgain"] * 17]
    assert {result["actions"][0]["outcome"] for result in results} == {"done"}
    message = results[-1]["findings"][0]["message"]
    assert f"was written 17 times since {started:%Y-%m-%d %H:%M} UTC" in message
    assert "aws cloudtrail lookup-events --region us-east-1 --start-time 2026-" in message
    assert f"--output text | grep {zone}" in message
    assert results[-1]["actions"][0]["detail"].endswith(" again")


@pytest.mark.usefixtures("ledger")
def test_a_controller_that_may_remove_the_record_is_named(
    rotation: Function, cloud: Cloud, zone: str, blocked: str
) -> None:
    """`pkg/deploy/acm` of the AWS Load Balancer Controller, version 3.5.0."""
    listener = cloud.consumers.load_balancer(blocked)
    cloud.consumers.tag_load_balancer(listener, **{"elbv2.k8s.aws/cluster": "shop"})
    first, second = (run_and_remove(rotation, cloud, zone) for _ in range(2))
    named = "attached by name by the AWS Load Balancer Controller of cluster shop"
    assert named not in first["findings"][0]["message"]
    message = second["findings"][0]["message"]
    assert named in message
    assert "the controller deletes the validation record, which other certificates" in message


@pytest.mark.usefixtures("ledger", "blocked")
def test_a_repair_that_is_undone_each_day_is_no_message_each_day(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    results = [run_and_remove(rotation, cloud, zone) for _ in range(18)]
    subjects = [message.subject for message in cloud.topics.messages(topic)]
    sent = [number for number, result in enumerate(results) if result["notification"]["sent"]]
    # New, with another reason, and reminders: weekly and at the thresholds before expiry.
    assert sent[:2] == [0, 1]
    assert len(sent) == len(subjects) <= 6


@pytest.mark.usefixtures("ledger", "blocked")
def test_the_finding_stays_while_the_record_is_in_place_and_ends_with_the_renewal(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    for _ in range(2):
        run_and_remove(rotation, cloud, zone)
    rotation(scheduled(cloud.now))
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert (finding["reason"], finding["action"]) == ("RecordRemovedAgain", "Investigate")
    assert "in place now, but" in finding["message"]
    cloud.advance(days=1)
    renewed = rotation(scheduled(cloud.now))
    assert (renewed["counts"], renewed["actions"]) == ({"Healthy": 1}, [])


@pytest.mark.usefixtures("ledger")
def test_a_record_that_is_missing_at_the_next_renewal_is_missing_and_not_removed_again(
    rotation: Function, cloud: Cloud, zone: str, blocked: str
) -> None:
    for _ in range(3):
        run_and_remove(rotation, cloud, zone)
    ends = ending_in(cloud, 25)
    cloud.certificates.edit(blocked, renewal_status="PENDING_VALIDATION", **ends)
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert finding["reason"] == "ValidationRecordMissing"


@pytest.mark.usefixtures("blocked")
def test_without_a_state_table_each_run_judges_for_itself(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    results = [run_and_remove(rotation, cloud, zone) for _ in range(3)]
    assert "RecordRemovedAgain" not in json.dumps(results)


@pytest.mark.usefixtures("ledger", "blocked")
def test_a_run_that_finds_the_record_in_place_counts_no_repair(
    rotation: Function, cloud: Cloud, zone: str
) -> None:
    rotation(scheduled(cloud.now))
    rotation(scheduled(cloud.now))
    remove_records(cloud, zone)
    (finding,) = rotation(scheduled(cloud.now))["findings"]
    assert "was written on" in finding["message"]
