"""CloudWatch: the alarms of an instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from certificate_lifecycle.aws.permissions import Command, Permission, at_home

PERMISSIONS = (
    Permission(
        "cloudwatch:DescribeAlarms",
        (Command.DOCTOR,),
        at_home("cloudwatch", "alarm:*"),
        "the states of the instance's alarms",
    ),
)


@dataclass(frozen=True, slots=True)
class AlarmSeen:
    """An alarm, and its state as CloudWatch has it: OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str


class Alarms:
    """The alarms of one account and region."""

    def __init__(self, client: Callable[[], Any]) -> None:
        self._client = client

    def named(self, prefix: str) -> Sequence[AlarmSeen]:
        """Return every alarm on a metric whose name begins with `prefix`, by name."""
        pages = (
            self._client()
            .get_paginator("describe_alarms")
            .paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"])
        )
        found = [
            AlarmSeen(alarm["AlarmName"], alarm["StateValue"])
            for page in pages
            for alarm in page["MetricAlarms"]
        ]
        return sorted(found, key=lambda alarm: alarm.name)
