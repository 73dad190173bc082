"""The event bus that receives a run, and the events that it received."""

from __future__ import annotations

import json
from typing import Any

from tests.embedded_aws.cloud import Cloud

BUS = "security"
NAME = "certificate-lifecycle"


def received_events(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """Take everything out of the queue."""
    sqs = cloud.client("sqs")
    found: list[dict[str, Any]] = []
    while True:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return found
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["detail-type"] == f"Certificate {kind}"]
