"""Four months of an estate: findings are reported once, at their marks, weekly, and when resolved.

The messages are recorded in tests/data/story_of_120_days.json for review.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in, put_records
from tests.integration.invocation import Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "story_of_120_days.json"
DAYS = 120
#: Days on which nothing ran, and on which a region did not answer.
MISSED, SILENT = range(45, 52), range(80, 83)
QUIET_REGION = "us-east-1"


@pytest.fixture
def queue(cloud: Cloud, topic: str) -> str:
    """Subscribe a queue to the topic, as the embedded AWS delivers to it."""
    sqs = cloud.client("sqs")
    url: str = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    return url


def received(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """Read every notification that has arrived, oldest first."""
    sqs = cloud.client("sqs")
    found: list[dict[str, Any]] = []
    while True:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        if not answer.get("Messages"):
            return sorted(found, key=lambda each: json.loads(each["Message"])["started_at"])
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def estate(cloud: Cloud, environment: pytest.MonkeyPatch) -> dict[str, str]:
    """Add a renewed certificate, one with a deleted record, an imported and a remote one."""
    environment.setenv("REGIONS", json.dumps(["eu-west-1", QUIET_REGION]))
    environment.setenv("ROTATION_MODE", "repair")
    cloud.certificates.page_size = 1000
    zone = cloud.zones.add("example.com")
    arns = {
        "well": cloud.certificates.add(
            domain_name="well.example.com", **USED, **ending_in(cloud, 60)
        ),
        "blocked": cloud.certificates.add(
            domain_name="blocked.example.com", **USED, **ending_in(cloud, 55)
        ),
        "forgotten": cloud.certificates.add(
            type="IMPORTED", domain_name="forgotten.example.com", **USED, **ending_in(cloud, 70)
        ),
        "far": cloud.certificates.add(
            region=QUIET_REGION, domain_name="far.example.com", **USED, **ending_in(cloud, 180)
        ),
    }
    # The record of `blocked` was removed long ago.
    put_records(cloud, zone, arns["well"], arns["far"])
    return arns


def lived(rotation: Function, cloud: Cloud) -> None:
    for day in range(DAYS):
        if day == SILENT.start:
            cloud.fail("acm", "*", "ServiceUnavailable", region=QUIET_REGION, times=None)
        if day == SILENT.stop:
            cloud.clear_failures()
        if day not in MISSED:
            with suppress(RotationError):
                rotation(scheduled(cloud.now))
            cloud.forget_calls()
        cloud.advance(days=1)


def summarised(notification: dict[str, Any], begun: str) -> dict[str, Any]:
    """Return a message in the form of the golden file: day, subject and changes."""
    document = json.loads(notification["Message"])
    names = {finding["certificate_arn"]: finding for finding in document["findings"]}
    news = [
        f"{_name(change, names)}: {change['kind']}"
        + (f", was {change['previous_verdict']}" if change["previous_verdict"] else "")
        for change in document["changes"]
    ]
    news += [f"{finding['region']}: not looked at" for finding in _unseen(document)]
    news += [f"{label}: looked at again" for label in document["recovered_scopes"]]
    done = [f"{action['action']}: {action['outcome']}" for action in document["actions"]]
    return {
        "day": (_day(document["started_at"]) - _day(begun)).days,
        "subject": notification["Subject"].replace("[", "").replace("]", ""),
        "news": sorted(news),
        "done": sorted(done),
    }


def _name(change: dict[str, Any], findings: dict[str, Any]) -> str:
    found = findings.get(change["certificate_arn"])
    return str(found["domain_name"] if found else change["name"])


def _unseen(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in document["findings"] if finding["verdict"] == "ScanFailed"]


def _day(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


def test_four_months_send_exactly_the_recorded_messages(
    rotation: Function, cloud: Cloud, queue: str, estate: dict[str, str]
) -> None:
    assert estate
    begun = cloud.now.isoformat()
    lived(rotation, cloud)
    story = [summarised(notification, begun) for notification in received(cloud, queue)]
    assert story == json.loads(GOLDEN.read_text(encoding="utf-8"))
