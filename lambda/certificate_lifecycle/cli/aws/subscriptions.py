"""SNS: who hears what the topic is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from certificate_lifecycle.aws.permissions import Command, Permission

PERMISSIONS = (
    Permission(
        "sns:GetTopicAttributes",
        (Command.DOCTOR,),
        ("{topic}",),
        "whether subscriptions are confirmed",
    ),
)


@dataclass(frozen=True, slots=True)
class SubscriptionCounts:
    """How many subscriptions a topic has; those that wait for a click hear nothing."""

    confirmed: int
    waiting: int


class Topics:
    """The topics of one region."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def subscription_counts(self, arn: str) -> SubscriptionCounts:
        """Return who listens to a topic; SNS may be some minutes behind."""
        found = self._client().get_topic_attributes(TopicArn=arn)["Attributes"]
        return SubscriptionCounts(
            int(found["SubscriptionsConfirmed"]), int(found["SubscriptionsPending"])
        )
