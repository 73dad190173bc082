"""What the module deployed, as AWS describes it: functions, alarms, rules and the topic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from certificate_lifecycle.aws.permissions import COMMANDS, Command, at_home, declare
from certificate_lifecycle.aws.responses import unless

_for_doctor = partial(declare, (Command.DOCTOR,))
PERMISSIONS = (
    *declare(
        COMMANDS,
        "lambda",
        at_home("lambda", "function:{instance}-*"),
        GetFunctionConfiguration="settings and state of the deployed functions",
    ),
    *_for_doctor(
        "cloudwatch",
        at_home("cloudwatch", "alarm:*"),
        DescribeAlarms="the states of the instance's alarms",
    ),
    *_for_doctor(
        "events", at_home("events", "rule/{instance}-*"), DescribeRule="whether the schedule is on"
    ),
    *_for_doctor("sns", ("{topic}",), GetTopicAttributes="whether subscriptions are confirmed"),
)
_MISSING = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedFunction:
    """A Lambda function; `settings` are its environment variables."""

    name: str
    arn: str
    role_arn: str
    settings: Mapping[str, str]
    state: str
    state_reason: str | None = None
    last_update_status: str | None = None
    runtime: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """A CloudWatch alarm; `state` is OK, ALARM or INSUFFICIENT_DATA."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the default event bus; `schedule` is None if the rule matches events."""

    name: str
    enabled: bool
    schedule: str | None


@dataclass(frozen=True, slots=True)
class SubscriptionCounts:
    """The number of confirmed and of pending subscriptions of a topic."""

    confirmed: int
    pending: int


def find_function(client: Any, name: str) -> DeployedFunction | None:  # noqa: ANN401 - the stubs know no common type
    """Return a function; None if there is none of that name."""
    found = unless(_MISSING, lambda: client.get_function_configuration(FunctionName=name))
    if found is None:
        return None
    return DeployedFunction(
        name=found["FunctionName"],
        arn=found["FunctionArn"],
        role_arn=found["Role"],
        settings=found.get("Environment", {}).get("Variables", {}),
        state=found.get("State", "Active"),
        state_reason=found.get("StateReason"),
        last_update_status=found.get("LastUpdateStatus"),
        runtime=found.get("Runtime"),
    )


def list_alarms(client: Any, prefix: str) -> Sequence[Alarm]:  # noqa: ANN401 - as above
    """Return every metric alarm whose name begins with `prefix`, by name."""
    paginator = client.get_paginator("describe_alarms")
    found = [
        Alarm(alarm["AlarmName"], alarm["StateValue"])
        for page in paginator.paginate(AlarmNamePrefix=prefix, AlarmTypes=["MetricAlarm"])
        for alarm in page["MetricAlarms"]
    ]
    return sorted(found, key=lambda alarm: alarm.name)


def find_rule(client: Any, name: str) -> Rule | None:  # noqa: ANN401 - as above
    """Return a rule; None if there is none of that name."""
    found = unless(_MISSING, lambda: client.describe_rule(Name=name))
    if found is None:
        return None
    # `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` is enabled too (API, DescribeRule).
    enabled = found["State"].startswith("ENABLED")
    return Rule(found["Name"], enabled, found.get("ScheduleExpression") or None)


def count_subscriptions(client: Any, topic_arn: str) -> SubscriptionCounts:  # noqa: ANN401 - as above
    """Return the subscriptions of a topic; the counts of SNS may be some minutes old."""
    found = client.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
    return SubscriptionCounts(
        int(found["SubscriptionsConfirmed"]), int(found["SubscriptionsPending"])
    )
