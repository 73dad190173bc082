"""SNS: the rules that moto does not check, and what was published.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from tests.embedded_aws.protocol import AwsError, Request

MAX_BYTES = 262_144
#: The name of an attribute (developer guide, "Amazon SNS message attributes").
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
SUBJECT_LIMIT = 100
# AWS's own key for SNS needs no permission of the publisher.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
AWS_MANAGED_KEYS = ("alias/aws/sns",)


class Message(NamedTuple):
    """A published message: its subject, its text for each protocol, and its attributes."""

    subject: str | None
    bodies: Mapping[str, str]
    attributes: Mapping[str, str]

    def to(self, protocol: str) -> str:
        """Show what a subscriber with `protocol` receives."""
        return self.bodies.get(protocol, self.bodies["default"])


@dataclass(frozen=True)
class _Published:
    topic_arn: str
    message: Message


class Topics:
    """Everything that was published, readable by topic."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._published: list[_Published] = []

    def reset(self) -> None:
        with self._lock:
            self._published.clear()

    def messages(self, topic_arn: str) -> list[Message]:
        with self._lock:
            return [row.message for row in self._published if row.topic_arn == topic_arn]

    def record(self, request: Request) -> None:
        """Remember a message that was accepted."""
        wanted = request.parameters
        text = wanted["Message"]
        structured = wanted.get("MessageStructure") == "json"
        attributes = {
            name: value.get("StringValue", "")
            for name, value in (wanted.get("MessageAttributes") or {}).items()
        }
        bodies = _bodies(text) if structured else {"default": text}
        message = Message(wanted.get("Subject"), bodies, attributes)
        topic = str(wanted.get("TopicArn") or wanted.get("TargetArn"))
        with self._lock:
            self._published.append(_Published(topic, message))


def check_publish(request: Request) -> None:
    """Refuse what SNS refuses, and moto lets pass."""
    wanted = request.parameters
    subject = wanted.get("Subject")
    if subject is not None and not _subject_fits(subject):
        raise AwsError("InvalidParameter", "Invalid parameter: Subject")
    if not wanted.get("Message"):
        raise AwsError("InvalidParameter", "Invalid parameter: Empty message")
    if _size(wanted) > MAX_BYTES:
        raise AwsError("InvalidParameter", "Invalid parameter: Message too long")
    structure = wanted.get("MessageStructure")
    if structure not in {None, "json"}:
        raise AwsError("InvalidParameter", "Invalid parameter: MessageStructure")
    if structure == "json":
        _bodies(wanted["Message"])
    for name, value in (wanted.get("MessageAttributes") or {}).items():
        _check_attribute(name, value)


def _check_attribute(name: str, value: Mapping[str, Any]) -> None:
    """Refuse an attribute with another form: name, type and value must not be empty.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    reserved = name.lower().startswith(("aws.", "amazon."))
    dots = name.startswith(".") or name.endswith(".") or ".." in name
    if not _ATTRIBUTE_NAME.fullmatch(name) or reserved or dots:
        raise AwsError("ParameterValueInvalid", f"The message attribute name '{name}' is invalid")
    text = value.get("StringValue")
    if value.get("DataType") not in ("String", "String.Array"):
        raise AwsError("ParameterValueInvalid", f"The message attribute '{name}' has no known type")
    if not text:
        raise AwsError(
            "ParameterValueInvalid",
            f"The message attribute '{name}' must contain non-empty message attribute value",
        )
    if value["DataType"] == "String.Array" and not isinstance(_json_of(text), list):
        raise AwsError("ParameterValueInvalid", f"The message attribute '{name}' is no array")


def _json_of(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def count_subscriptions(request: Request) -> None:
    """Count the subscriptions, as moto does not: e-mail addresses are unconfirmed.

    https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
    """
    backend = sns_backends[request.account][request.region]
    topic = backend.topics.get(request.parameters["TopicArn"])
    if topic is None:
        return
    protocols = [
        subscription.protocol
        for subscription in backend.subscriptions.values()
        if subscription.topic is topic
    ]
    topic.subscriptions_pending = sum(protocol.startswith("email") for protocol in protocols)
    topic.subscriptions_confimed = len(protocols) - topic.subscriptions_pending


def customer_key(topic_arn: str) -> str | None:
    """Find the ARN of the customer managed key of a topic, if it has one."""
    parts = topic_arn.split(":")
    if len(parts) != 6:  # a phone number has none
        return None
    _, partition, _, region, account, _ = parts
    topic = sns_backends[account][region].topics.get(topic_arn)
    key = str(topic.kms_master_key_id or "") if topic else ""
    if not key or key in AWS_MANAGED_KEYS or key.endswith(":alias/aws/sns"):
        return None
    if key.startswith("arn:") and ":alias/" not in key:
        return key
    alias = key.rpartition(":")[2]
    if alias.startswith("alias/"):
        key = kms_backends[account][region].get_key_id_from_alias(alias) or alias
    return f"arn:{partition}:kms:{region}:{account}:key/{key.rpartition('/')[2]}"


def _subject_fits(subject: str) -> bool:
    """Printable ASCII, fewer than 100 characters, no line break, no space at the beginning."""
    printable = subject.isascii() and subject.isprintable() and not subject.startswith(" ")
    return 0 < len(subject) < SUBJECT_LIMIT and printable


def _size(wanted: Mapping[str, Any]) -> int:
    """Count the message with its attributes: names, types and values.

    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    size = len(wanted["Message"].encode())
    for name, value in (wanted.get("MessageAttributes") or {}).items():
        size += len(name.encode()) + sum(len(str(part).encode()) for part in value.values())
    return size


def _bodies(message: str) -> dict[str, str]:
    try:
        bodies = json.loads(message)
    except ValueError:
        raise AwsError(
            "InvalidParameter",
            "Invalid parameter: Message Structure - JSON message body failed to parse",
        ) from None
    if not isinstance(bodies, dict) or not isinstance(bodies.get("default"), str):
        raise AwsError(
            "InvalidParameter",
            "Invalid parameter: Message Structure - No default entry in JSON message body",
        )
    return {protocol: text for protocol, text in bodies.items() if isinstance(text, str)}
