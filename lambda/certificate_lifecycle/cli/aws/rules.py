"""EventBridge: the rules that start the functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Command, Permission, at_home

PERMISSIONS = (
    Permission(
        "events:DescribeRule",
        (Command.DOCTOR,),
        at_home("events", "rule/{instance}-*"),
        "whether the schedule is on",
    ),
)


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """A rule of the default event bus; `schedule` is None where events start it."""

    name: str
    enabled: bool
    schedule: str | None


class Rules:
    """The rules of one account and region."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def find(self, name: str) -> RuleSeen | None:
        """Return a rule; None if there is none of that name."""
        try:
            found = self._client().describe_rule(Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        # `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` is on as well (API, DescribeRule).
        enabled = found["State"].startswith("ENABLED")
        return RuleSeen(found["Name"], enabled, found.get("ScheduleExpression") or None)
