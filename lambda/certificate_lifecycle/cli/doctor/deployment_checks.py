"""Whether the deployed module is as it should be: functions, alarms, rules, audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State

if TYPE_CHECKING:
    from certificate_lifecycle.cli.aws.alarms import AlarmSeen
    from certificate_lifecycle.cli.aws.functions import DeployedFunction
    from certificate_lifecycle.cli.aws.rules import RuleSeen
    from certificate_lifecycle.cli.aws.subscriptions import SubscriptionCounts

#: When AWS retires a runtime (Lambda developer guide, "Lambda runtimes", 2026).
RETIRED = {
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
_NOTICE = timedelta(days=180)
#: How the names of an instance's alarms continue after the name of the instance.
_ALARMS = (
    *("creation-", "organization-", "rotation-"),
    *("critical-unresolved", "delivery-failed", "no-subscribers", "publish-failed", "runs-missing"),
)


def function(name: str, found: DeployedFunction | None, now: datetime) -> Iterator[Diagnosis]:
    """Say whether a function is ready to run, and how long AWS keeps its runtime."""
    if found is None:
        yield Diagnosis(
            Check.FUNCTIONS,
            State.WARNING,
            name,
            "There is no such function in this region.",
            "Deploy the module, or name its instance (--instance) and region.",
        )
        return
    errors = list(_unready(found))
    retired = RETIRED.get(found.runtime or "")
    if retired is not None and retired - _NOTICE <= now.date():
        over = retired <= now.date()
        errors.append(
            Diagnosis(
                Check.FUNCTIONS,
                State.FAILED if over else State.WARNING,
                name,
                f"AWS {'has retired' if over else 'retires'} {found.runtime} on {retired}.",
                "Upgrade the module.",
            )
        )
    if errors:
        yield from errors
        return
    kept = f", which AWS keeps until {retired}" if retired else ""
    sentence = f"It is ready to run, on {found.runtime or 'a runtime of its own'}{kept}."
    yield Diagnosis(Check.FUNCTIONS, State.OK, name, sentence)


def _unready(found: DeployedFunction) -> Iterator[Diagnosis]:
    """Say what keeps a function from running its code (Lambda developer guide, function states)."""
    why = f": {found.state_reason}" if found.state_reason else ""
    if found.state == "Failed":
        yield Diagnosis(
            Check.FUNCTIONS,
            State.FAILED,
            found.name,
            f"Lambda cannot run it{why}.",
            "Apply the module again.",
        )
    elif found.state == "Pending":
        yield Diagnosis(
            Check.FUNCTIONS, State.WARNING, found.name, f"It is being made{why}.", "Ask again."
        )
    if found.last_update_status == "Failed":
        yield Diagnosis(
            Check.FUNCTIONS,
            State.FAILED,
            found.name,
            "Its last update failed: Lambda runs what was there before.",
            "Apply the module again.",
        )
    elif found.last_update_status == "InProgress":
        yield Diagnosis(
            Check.FUNCTIONS, State.WARNING, found.name, "It is being updated.", "Ask again."
        )


def alarms(found: Sequence[AlarmSeen], instance: str) -> Iterator[Diagnosis]:
    """Say which alarms ring, and which have never seen a figure."""
    if not found:
        yield Diagnosis(
            Check.ALARMS,
            State.WARNING,
            instance,
            "The instance has no alarm: nobody hears when it fails.",
            "Set alarms = true.",
        )
        return
    states = {
        "ALARM": (State.FAILED, "It rings.", "docs/alarms.md says what to do first."),
        "INSUFFICIENT_DATA": (
            State.WARNING,
            "It has seen no figure yet.",
            "It does once a scheduled run has ended; else see whether its rule is on.",
        ),
    }
    for alarm in found:
        if alarm.state in states:
            state, sentence, advice = states[alarm.state]
            yield Diagnosis(Check.ALARMS, state, alarm.name, sentence, advice)
    quiet = sum(alarm.state == "OK" for alarm in found)
    yield Diagnosis(Check.ALARMS, State.OK, instance, f"{quiet} of {len(found)} alarms are quiet.")


def alarms_of(instance: str, found: Sequence[AlarmSeen]) -> list[AlarmSeen]:
    """Return the alarms of an instance; another instance's name may begin with the same words."""
    return [alarm for alarm in found if alarm.name.removeprefix(f"{instance}-").startswith(_ALARMS)]


def rules_of(instance: str, *, organization: bool) -> tuple[str, ...]:
    """Return the rules of an instance: the schedule's, and that for ACM's events."""
    scheduled = "organization" if organization else "rotation"
    return tuple(f"{instance}-{name}" for name in (scheduled, "acm-events"))


def rule(name: str, found: RuleSeen | None) -> Iterator[Diagnosis]:
    """Say whether a rule is there, and on."""
    if found is not None and found.enabled:
        when = f": {found.schedule}" if found.schedule else ""
        yield Diagnosis(Check.RULES, State.OK, name, f"It is on{when}.")
        return
    sentence = "There is no such rule." if found is None else "It is off: it starts nothing."
    yield Diagnosis(Check.RULES, State.FAILED, name, sentence, "Apply the module again.")


def subscriptions(
    subscription_counts: SubscriptionCounts | None, topic_arn: str
) -> Iterator[Diagnosis]:
    """Say whether the topic has subscribers; None means a topic of another account."""
    if subscription_counts is None:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.OK,
            topic_arn,
            "The topic belongs to another account, which looks after its subscriptions.",
        )
        return
    if subscription_counts.confirmed == 0:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.FAILED,
            topic_arn,
            "Nobody hears the topic: no subscription is confirmed.",
            "Subscribe somebody, or let them click the link in the mail from AWS Notifications.",
        )
    else:
        sentence = f"{subscription_counts.confirmed} confirmed subscriptions hear the topic."
        yield Diagnosis(Check.SUBSCRIPTIONS, State.OK, topic_arn, sentence)
    if subscription_counts.waiting:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.WARNING,
            topic_arn,
            f"{subscription_counts.waiting} subscriptions wait to be confirmed, and hear nothing.",
            "Let them click the link in the mail, or subscribe again where it is too old.",
        )
