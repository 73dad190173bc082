"""The deployed module: functions, alarms, rules and subscriptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from certificate_lifecycle.cli.doctor.diagnosis import Diagnosis, DoctorCheck, State
from certificate_lifecycle.policy.settings import RotationSettings

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
_LATER = "Run doctor again later."


def function(name: str, found: DeployedFunction | None, now: datetime) -> Iterator[Diagnosis]:
    """Report whether a function can run, and when AWS retires its runtime."""
    report = partial(Diagnosis, DoctorCheck.FUNCTIONS)
    if found is None:
        sentence = "This function does not exist in this region."
        advice = "Deploy the module, or give its name (--instance) and region."
        yield report(State.WARNING, name, sentence, advice)
        return
    problems = list(_function_problems(found))
    retired = RETIRED.get(found.runtime or "")
    if retired is not None and retired - _NOTICE <= now.date():
        over = retired <= now.date()
        sentence = f"AWS {'has retired' if over else 'retires'} {found.runtime} on {retired}."
        state = State.FAILED if over else State.WARNING
        problems.append(report(state, name, sentence, "Upgrade the module."))
    supported = f", which AWS supports until {retired}" if retired else ""
    sentence = f"It can run, on {found.runtime or 'a custom runtime'}{supported}."
    yield from problems or [report(State.OK, name, sentence)]


def _function_problems(found: DeployedFunction) -> Iterator[Diagnosis]:
    """Report the states in which a function cannot run its code (Lambda developer guide)."""
    report = partial(Diagnosis, DoctorCheck.FUNCTIONS)
    reason = f": {found.state_reason}" if found.state_reason else ""
    if found.state == "Failed":
        yield report(State.FAILED, found.name, f"Lambda cannot run it{reason}.", _APPLY_AGAIN)
    elif found.state == "Pending":
        yield report(State.WARNING, found.name, f"It is being created{reason}.", _LATER)
    if found.last_update_status == "Failed":
        sentence = "Its last update failed; Lambda runs the previous code."
        yield report(State.FAILED, found.name, sentence, _APPLY_AGAIN)
    elif found.last_update_status == "InProgress":
        yield report(State.WARNING, found.name, "It is being updated.", _LATER)


def scope(home: str, settings: RotationSettings) -> Iterator[Diagnosis]:
    """Report which certificates are covered in each account, and the modes for them."""
    found = [(home, settings.mode, settings.unmanaged_mode, settings.coverage)]
    found += [
        (account.account_id, account.mode, account.unmanaged_mode, account.coverage)
        for account in settings.accounts
    ]
    if everywhere := settings.organization:
        other = "other accounts"
        found.append((other, everywhere.mode, everywhere.unmanaged_mode, everywhere.coverage))
    for account, mode, unmanaged, coverage in found:
        # The mode of the instance limits that of another account, too.
        highest = settings.mode.limited(mode)
        others = unmanaged.limited(highest)
        sentence = f"{coverage.sentence} Mode {highest}, and {others} for certificates of others."
        yield Diagnosis(DoctorCheck.SCOPE, State.OK, account, sentence)


def alarms(listed: Sequence[Alarm], instance: str) -> Iterator[Diagnosis]:
    """Report the alarms that are in alarm or have no data.

    `listed` may contain those of an instance with a longer name, which do not count.
    """
    report = partial(Diagnosis, DoctorCheck.ALARMS)
    found = [
        alarm for alarm in listed if alarm.name.removeprefix(f"{instance}-").startswith(_ALARMS)
    ]
    if not found:
        sentence = "The instance has no alarms, so its failures are not reported."
        yield report(State.WARNING, instance, sentence, "Set alarms = true.")
        return
    no_data = "Data arrives after a scheduled run; otherwise check that the rule is enabled."
    for alarm in found:
        if alarm.state == "ALARM":
            yield report(State.FAILED, alarm.name, "It is in alarm.", "See docs/alarms.md.")
        elif alarm.state == "INSUFFICIENT_DATA":
            yield report(State.WARNING, alarm.name, "It has no data yet.", no_data)
    quiet = sum(alarm.state == "OK" for alarm in found)
    yield report(State.OK, instance, f"{quiet} of {len(found)} alarms are OK.")


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
        sentence = "The topic belongs to another account and was not checked."
        yield report(State.OK, topic_arn, sentence)
        return
    mail = "with the link in the mail"
    if counts.confirmed == 0:
        sentence = "The topic has no confirmed subscription."
        advice = f"Add a subscription, or confirm one {mail} from AWS Notifications."
        yield report(State.FAILED, topic_arn, sentence, advice)
    else:
        yield report(State.OK, topic_arn, f"Confirmed subscriptions: {counts.confirmed}.")
    if counts.pending:
        sentence = f"Unconfirmed subscriptions, which receive nothing: {counts.pending}."
        advice = f"Confirm them {mail}, or subscribe again if the link has expired."
        yield report(State.WARNING, topic_arn, sentence, advice)
