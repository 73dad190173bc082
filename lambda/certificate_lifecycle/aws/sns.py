"""The SNS topic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import ROTATION, Permission
from certificate_lifecycle.core.digest import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

PERMISSIONS = (Permission("sns:Publish", ROTATION, "send the message"),)


class SnsTopic:
    """One topic."""

    def __init__(self, client: SNSClient, arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, message: Message) -> str:
        """Publish with a text for each protocol, and return the message id."""
        answer = self._client.publish(
            TopicArn=self._arn,
            Subject=message.subject,
            Message=json.dumps(dict(message.bodies)),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        )
        return answer["MessageId"]
