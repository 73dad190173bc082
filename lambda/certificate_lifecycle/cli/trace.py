"""How a certificate got its decision, check by check, and how the decision changes with time.

The checks and their order are those of `policy.chain`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from certificate_lifecycle.model.certificate import Decision, Reason, Severity, Verdict
from certificate_lifecycle.policy.chain import CHAIN, assess
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds, is_within


class CheckAnswer(StrEnum):
    """The answer of a check; the values are public."""

    HIT = "hit"
    PASSED = "passed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class TracedCheck:
    """A check: its name, question and answer, and its facts by name; the fields are public."""

    name: str
    question: str
    answer: CheckAnswer
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trace:
    """Every check in order, and the decision of the check that hit."""

    checks: tuple[TracedCheck, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Outlook:
    """The decision from `at` on, if only the time changes."""

    at: datetime
    decision: Decision


def trace(observation: Observation, thresholds: Thresholds, now: datetime) -> Trace:
    """Apply the checks as `assess` does, and record the question, facts and answer of each.

    The checks after the one that hit are not applied; their facts are recorded too.
    """
    checks: list[TracedCheck] = []
    answer = CheckAnswer.PASSED
    for check in CHAIN:
        if answer is not CheckAnswer.PASSED:
            answer = CheckAnswer.NOT_REACHED
        elif check(observation, thresholds, now) is not None:
            answer = CheckAnswer.HIT
        facts = {fact.name: fact.text(observation, thresholds, now) for fact in check.facts}
        checks.append(TracedCheck(check.name, check.question, answer, facts))
    return Trace(tuple(checks), assess(observation, thresholds, now))


def forecast(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> tuple[Outlook, ...]:
    """Return the decision now, and each later one that differs from the one before.

    Assumes that ACM, DNS records and secrets stay as observed, and that a successor counts until it
    needs attention itself. The message is not compared, because it counts days.
    """
    found = [Outlook(now, assess(observation, thresholds, now))]
    # Each check counts a time exactly at a threshold as past it, see `policy.thresholds`.
    changes = {fact.changes_at(observation, thresholds) for check in CHAIN for fact in check.facts}
    for at in sorted(at for at in changes if at is not None and at > now):
        later = assess(_as_of(observation, thresholds, at), thresholds, at)
        if _essence(later) != _essence(found[-1].decision):
            found.append(Outlook(at, later))
    return tuple(found)


def _as_of(observation: Observation, thresholds: Thresholds, at: datetime) -> Observation:
    """Return what would be observed later: without the successor once that is due itself."""
    successor = observation.successor
    if successor is None or not is_within(successor, thresholds.effective(successor), at):
        return observation
    return replace(observation, successor=None)


def _essence(decision: Decision) -> tuple[Verdict, Severity, Reason, str]:
    return (decision.verdict, decision.severity, decision.reason, decision.action.value)
