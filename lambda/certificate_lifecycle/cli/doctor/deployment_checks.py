"""The deployed module: functions, alarms, rules and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, DoctorCheck, State

if TYPE_CHECKING:
    from certificate_lifecycle.cli.aws.deployed_module import (
        Alarm,
        DeployedFunction,
        Rule,
        SubscriptionCounts,
    )

#: When AWS retires a runtime (Lambda developer guide, "Lambda runtimes", 2026).
RETIRED = {
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
_NOTICE = timedelta(days=180)
#: The alarm names of an instance, after `<instance>-`.
_ALARMS = (
    *("creation-", "organization-", "rotation-"),
    *("critical-unresolved", "delivery-failed", "no-subscribers", "publish-failed", "runs-missing"),
)
_APPLY_AGAIN = "Apply the module again."


def function(name: str, found: DeployedFunction | None, now: datetime) -> Iterator[Diagnosis]:
    """Report whether a function can run, and when AWS retires its runtime."""
    report = partial(Diagnosis, DoctorCheck.FUNCTIONS)
    if found is None:
        yield report(
            State.WARNING,
            name,
            "This function does not exist in this region.",
            "Deploy the module, or give its name (--instance) and region.",
        )
        return
    problems = list(_function_problems(found))
    retired = RETIRED.get(found.runtime or "")
    if retired is not None and retired - _NOTICE <= now.date():
        over = retired <= now.date()
        sentence = f"AWS {'has retired' if over else 'retires'} {found.runtime} on {retired}."
        state = State.FAILED if over else State.WARNING
        problems.append(report(state, name, sentence, "Upgrade the module."))
    if problems:
        yield from problems
        return
    supported = f", which AWS supports until {retired}" if retired else ""
    yield report(
        State.OK, name, f"It can run, on {found.runtime or 'a custom runtime'}{supported}."
    )


def _function_problems(found: DeployedFunction) -> Iterator[Diagnosis]:
    """Report the states in which a function cannot run its code (Lambda developer guide)."""
    report = partial(Diagnosis, DoctorCheck.FUNCTIONS)
    reason = f": {found.state_reason}" if found.state_reason else ""
    if found.state == "Failed":
        yield report(State.FAILED, found.name, f"Lambda cannot run it{reason}.", _APPLY_AGAIN)
    elif found.state == "Pending":
        yield report(
            State.WARNING, found.name, f"It is being created{reason}.", "Run doctor again later."
        )
    if found.last_update_status == "Failed":
        sentence = "Its last update failed; Lambda runs the previous code."
        yield report(State.FAILED, found.name, sentence, _APPLY_AGAIN)
    elif found.last_update_status == "InProgress":
        yield report(State.WARNING, found.name, "It is being updated.", "Run doctor again later.")


def alarms(found: Sequence[Alarm], instance: str) -> Iterator[Diagnosis]:
    """Report the alarms that are in alarm or have no data."""
    report = partial(Diagnosis, DoctorCheck.ALARMS)
    if not found:
        sentence = "The instance has no alarms, so its failures are not reported."
        yield report(State.WARNING, instance, sentence, "Set alarms = true.")
        return
    states = {
        "ALARM": (State.FAILED, "It is in alarm.", "See docs/alarms.md."),
        "INSUFFICIENT_DATA": (
            State.WARNING,
            "It has no data yet.",
            "Data arrives after a scheduled run; otherwise check that the rule is enabled.",
        ),
    }
    for alarm in found:
        if alarm.state in states:
            state, sentence, advice = states[alarm.state]
            yield report(state, alarm.name, sentence, advice)
    quiet = sum(alarm.state == "OK" for alarm in found)
    yield report(State.OK, instance, f"{quiet} of {len(found)} alarms are OK.")


def alarms_of(instance: str, found: Sequence[Alarm]) -> list[Alarm]:
    """Return the alarms of an instance, without those of an instance with a longer name."""
    return [alarm for alarm in found if alarm.name.removeprefix(f"{instance}-").startswith(_ALARMS)]


def rules_of(instance: str, *, organization: bool) -> tuple[str, ...]:
    """Return the names of an instance's rules: the schedule and ACM's events."""
    scheduled = "organization" if organization else "rotation"
    return tuple(f"{instance}-{name}" for name in (scheduled, "acm-events"))


def rule(name: str, found: Rule | None) -> Iterator[Diagnosis]:
    """Report whether a rule exists and is enabled."""
    report = partial(Diagnosis, DoctorCheck.RULES)
    if found is not None and found.enabled:
        schedule = f": {found.schedule}" if found.schedule else ""
        yield report(State.OK, name, f"It is enabled{schedule}.")
        return
    sentence = "It does not exist." if found is None else "It is disabled, so it starts nothing."
    yield report(State.FAILED, name, sentence, _APPLY_AGAIN)


def subscriptions(counts: SubscriptionCounts | None, topic_arn: str) -> Iterator[Diagnosis]:
    """Report whether the topic has subscribers; None: the topic belongs to another account."""
    report = partial(Diagnosis, DoctorCheck.SUBSCRIPTIONS)
    if counts is None:
        yield report(
            State.OK, topic_arn, "The topic belongs to another account and was not checked."
        )
        return
    if counts.confirmed == 0:
        yield report(
            State.FAILED,
            topic_arn,
            "The topic has no confirmed subscription.",
            "Add a subscription, or confirm one with the link in the mail from AWS Notifications.",
        )
    else:
        yield report(State.OK, topic_arn, f"Confirmed subscriptions: {counts.confirmed}.")
    if counts.pending:
        yield report(
            State.WARNING,
            topic_arn,
            f"Unconfirmed subscriptions, which receive nothing: {counts.pending}.",
            "Confirm them with the link in the mail, or subscribe again if the link has expired.",
        )
