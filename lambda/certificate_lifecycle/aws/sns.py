"""The SNS topic."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import for_rotation_function
from certificate_lifecycle.aws.responses import validated_response
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.notification.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

PERMISSIONS = for_rotation_function(
    "sns",
    ("{topic}",),
    GetTopicAttributes="count confirmed subscriptions",
    Publish="send the notification",
)


class SnsTopic:
    """One topic; its client is created by the first call."""

    def __init__(self, client: Callable[[], SNSClient], arn: str) -> None:
        self._client = client
        self._arn = arn

    @validated_response("Publish")
    def publish(self, message: Message) -> str:
        """Publish with a body for each protocol; return the message id."""
        answer = self._client().publish(
            TopicArn=self._arn,
            Subject=message.subject,
            Message=json.dumps(dict(message.bodies)),
            MessageStructure="json",
            MessageAttributes={
                name: _attribute(value) for name, value in message.attributes.items()
            },
        )
        return clean(answer["MessageId"])

    @validated_response("GetTopicAttributes")
    def confirmed_subscriptions(self) -> int:
        """Return the number of confirmed subscriptions; SNS may be some minutes behind."""
        answer = self._client().get_topic_attributes(TopicArn=self._arn)
        return int(answer["Attributes"]["SubscriptionsConfirmed"])


def _attribute(value: str | Sequence[str]) -> MessageAttributeValueTypeDef:
    """Return an attribute; a filter policy matches any value of a list."""
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    return {"DataType": "String.Array", "StringValue": json.dumps(list(value))}
