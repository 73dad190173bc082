"""EventBridge takes what AWS takes, and delivers it to queues.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.event_buses import MAX_BYTES, size


def entry(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of an entry
    return {"Source": "shop", "DetailType": "Order", "Detail": "{}", **changes}


@pytest.fixture
def queue(cloud: Cloud) -> str:
    """Make a queue that hears everything from `shop` on the default bus."""
    queue: str = cloud.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    events = cloud.client("events")
    events.put_rule(Name="shop", EventPattern=json.dumps({"source": ["shop"]}))
    target = "arn:aws:sqs:eu-west-1:123456789012:inbox"
    events.put_targets(Rule="shop", Targets=[{"Id": "inbox", "Arn": target}])
    return queue


def received(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    answer = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_an_event_reaches_the_queue_of_a_rule_that_matches(cloud: Cloud, queue: str) -> None:
    sent = entry(Time=datetime(2026, 6, 15, 12, tzinfo=UTC), Resources=["arn:aws:acm:x"])
    answer = cloud.client("events").put_events(Entries=[sent, entry(Source="other")])
    assert answer["FailedEntryCount"] == 0
    (event,) = received(cloud, queue)
    assert (event["source"], event["detail-type"]) == ("shop", "Order")
    assert (event["time"], event["resources"]) == ("2026-06-15T12:00:00Z", ["arn:aws:acm:x"])


def test_a_call_may_not_be_as_large_as_256_kb(cloud: Cloud, queue: str) -> None:
    """The documented sum: source, type, detail, resources, and 14 bytes for the time."""
    rest = size(entry(Detail=""))
    small = entry(Detail=json.dumps("x" * (MAX_BYTES - rest - 3)))
    large = entry(Detail=json.dumps("x" * (MAX_BYTES - rest - 2)))
    assert (size(small), size(large)) == (MAX_BYTES - 1, MAX_BYTES)
    with pytest.raises(ClientError, match="over the limit"):
        cloud.client("events").put_events(Entries=[large])
    assert received(cloud, queue) == []


def test_more_than_ten_entries_are_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="less than or equal to 10"):
        cloud.client("events").put_events(Entries=[entry()] * 11)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Source": "aws.acm"}, "NotAuthorizedForSourceException"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Detail": "no json"}, "MalformedDetail"),
    ],
    ids=["a source of AWS", "no detail", "no JSON"],
)
def test_an_entry_is_refused_for_itself(
    cloud: Cloud, queue: str, changes: dict[str, Any], code: str
) -> None:
    answer = cloud.client("events").put_events(Entries=[entry(**changes), entry()])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert "EventId" in answer["Entries"][1]
    assert len(received(cloud, queue)) == 1


def test_a_test_may_have_entries_refused(cloud: Cloud, queue: str) -> None:
    cloud.event_buses.refuse = lambda entry: (
        "ThrottlingException" if entry["DetailType"] == "Order" else None
    )
    answer = cloud.client("events").put_events(Entries=[entry(), entry(DetailType="Invoice")])
    assert [result.get("ErrorCode") for result in answer["Entries"]] == [
        "ThrottlingException",
        None,
    ]
    assert [event["detail-type"] for event in received(cloud, queue)] == ["Invoice"]


def test_an_event_for_a_bus_that_does_not_exist_is_dropped_without_a_word(cloud: Cloud) -> None:
    answer = cloud.client("events").put_events(Entries=[entry(EventBusName="nowhere")])
    assert answer["FailedEntryCount"] == 0


def test_a_schedule_hears_of_no_event_and_a_function_keeps_it_from_no_queue(
    cloud: Cloud, queue: str
) -> None:
    events = cloud.client("events")
    function = "arn:aws:lambda:eu-west-1:123456789012:function:f"
    inbox = "arn:aws:sqs:eu-west-1:123456789012:inbox"
    events.put_rule(Name="clock", ScheduleExpression="rate(1 day)")
    events.put_targets(Rule="clock", Targets=[{"Id": "q", "Arn": inbox}])
    events.put_targets(Rule="shop", Targets=[{"Id": "f", "Arn": function}])
    assert events.put_events(Entries=[entry()])["FailedEntryCount"] == 0
    assert len(received(cloud, queue)) == 1


def test_a_rule_that_is_disabled_hears_of_nothing(cloud: Cloud, queue: str) -> None:
    events = cloud.client("events")
    events.disable_rule(Name="shop")
    events.put_events(Entries=[entry()])
    assert received(cloud, queue) == []
