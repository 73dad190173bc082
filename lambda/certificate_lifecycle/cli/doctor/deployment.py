"""Whether the deployed module is as it should be: functions, runs, alarms, rules, audience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from certificate_lifecycle.cli.doctor.diagnosis import Check, Diagnosis, State
from certificate_lifecycle.core.pulse import RunRecord, overdue
from certificate_lifecycle.core.schedule import Schedule

if TYPE_CHECKING:
    from certificate_lifecycle.cli.outside.alarms import AlarmSeen
    from certificate_lifecycle.cli.outside.audience import Audience
    from certificate_lifecycle.cli.outside.functions import DeployedFunction
    from certificate_lifecycle.cli.outside.rules import RuleSeen

#: When AWS retires a runtime (Lambda developer guide, "Lambda runtimes", 2026).
RETIRED = {
    "python3.10": date(2026, 10, 31),
    "python3.11": date(2027, 6, 30),
    "python3.12": date(2028, 10, 31),
    "python3.13": date(2029, 6, 30),
    "python3.14": date(2029, 6, 30),
}
_NOTICE = timedelta(days=180)


class RunsOnRecord(Protocol):
    """What the ledger has of the runs."""

    def last_run(self) -> RunRecord | None:
        """Return the last run that the schedule started; None if there was none yet."""
        ...

    def known_since(self, expression: str) -> datetime | None:
        """Return since when runs of a schedule are on record as expected; None if they are not."""
        ...


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
    faults = list(_unready(found))
    retired = RETIRED.get(found.runtime or "")
    if retired is not None and retired - _NOTICE <= now.date():
        over = retired <= now.date()
        faults.append(
            Diagnosis(
                Check.FUNCTIONS,
                State.FAILED if over else State.WARNING,
                name,
                f"AWS {'has retired' if over else 'retires'} {found.runtime} on {retired}.",
                "Upgrade the module.",
            )
        )
    if faults:
        yield from faults
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


def runs(
    schedule: Schedule | None, ledger: RunsOnRecord | None, instance: str, now: datetime
) -> Iterator[Diagnosis]:
    """Say when a scheduled run last came to its end, and when the next one is due."""
    if schedule is None or ledger is None:
        lacking = "no schedule" if schedule is None else "no ledger"
        yield Diagnosis(
            Check.RUNS,
            State.WARNING,
            instance,
            f"The deployed function has {lacking}: nothing tells whether runs come to their end.",
            "Look at the log of the rotation function.",
        )
        return
    last = ledger.last_run()
    # The pulse records it within an hour; until then a schedule is too new for anything.
    since = ledger.known_since(schedule.expression) or now
    yield _of_last(schedule, last, since, instance, now)
    if last is not None and last.critical_since is not None:
        yield Diagnosis(
            Check.RUNS,
            State.WARNING,
            instance,
            f"A critical problem has been open since {_moment(last.critical_since)}.",
            "certificates scan names it.",
        )


def _of_last(
    schedule: Schedule, last: RunRecord | None, since: datetime, instance: str, now: datetime
) -> Diagnosis:
    """Return how the last scheduled run stands to the schedule, which is known `since` then."""
    begun = since if last is None else max(since, last.finished_at)
    if last is None:
        ended = "No scheduled run has come to its end yet"
    else:
        ended = f"The last scheduled run ended on {_moment(last.finished_at)}"
    due = _due(schedule, begun)
    following = f"the next one is due by {due}" if due else "no other one will follow"
    if overdue(schedule, last, since, now):
        return Diagnosis(
            Check.RUNS,
            State.FAILED,
            instance,
            f"{ended}; one was due by {due}, after {schedule.expression}.",
            "See whether the rule of the schedule is on; the log of the rotation function says "
            "how its last run ended.",
        )
    if last is None:
        return Diagnosis(
            Check.RUNS,
            State.WARNING,
            instance,
            f"{ended}; {following}.",
            "Ask again after that, or invoke the rotation function.",
        )
    return Diagnosis(Check.RUNS, State.OK, instance, f"{ended}; {following}.")


def _due(schedule: Schedule, after: datetime) -> str | None:
    """Return the moment by which a run starts, None if there is none any more."""
    due = schedule.following(after)
    return None if due is None else _moment(due)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


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
            "It does after the first hour; else see whether the pulse rule is on.",
        ),
    }
    for alarm in found:
        if alarm.state in states:
            state, sentence, advice = states[alarm.state]
            yield Diagnosis(Check.ALARMS, state, alarm.name, sentence, advice)
    quiet = sum(alarm.state == "OK" for alarm in found)
    yield Diagnosis(Check.ALARMS, State.OK, instance, f"{quiet} of {len(found)} alarms are quiet.")


def alarms_of(instance: str) -> tuple[str, ...]:
    """Return what the names of an instance's alarms begin with, and those of no other instance."""
    return tuple(f"{instance}-{part}-" for part in ("rotation", "creation", "organization"))


def rules_of(instance: str, *, organization: bool) -> tuple[str, ...]:
    """Return the rules of an instance: the schedule's, the pulse's, and that for ACM's events."""
    scheduled = "organization" if organization else "rotation"
    return tuple(f"{instance}-{name}" for name in (scheduled, "pulse", "acm-events"))


def rule(name: str, found: RuleSeen | None) -> Iterator[Diagnosis]:
    """Say whether a rule is there, and on."""
    if found is not None and found.enabled:
        when = f": {found.schedule}" if found.schedule else ""
        yield Diagnosis(Check.RULES, State.OK, name, f"It is on{when}.")
        return
    sentence = "There is no such rule." if found is None else "It is off: it starts nothing."
    yield Diagnosis(Check.RULES, State.FAILED, name, sentence, "Apply the module again.")


def subscriptions(audience: Audience | None, topic_arn: str) -> Iterator[Diagnosis]:
    """Say whether anybody hears the topic; without `audience` it is somebody else's business."""
    if audience is None:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.OK,
            topic_arn,
            "The topic belongs to another account, which looks after its subscriptions.",
        )
        return
    if audience.confirmed == 0:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.FAILED,
            topic_arn,
            "Nobody hears the topic: no subscription is confirmed.",
            "Subscribe somebody, or let them click the link in the mail from AWS Notifications.",
        )
    else:
        sentence = f"{audience.confirmed} confirmed subscriptions hear the topic."
        yield Diagnosis(Check.SUBSCRIPTIONS, State.OK, topic_arn, sentence)
    if audience.waiting:
        yield Diagnosis(
            Check.SUBSCRIPTIONS,
            State.WARNING,
            topic_arn,
            f"{audience.waiting} subscriptions wait to be confirmed, and hear nothing.",
            "Let them click the link in the mail, or subscribe again where it is too old.",
        )
