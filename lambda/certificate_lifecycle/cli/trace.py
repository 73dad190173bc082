"""Why a certificate got its decision, check by check, and what it would get if nothing changed.

Nothing is judged here: the checks and their order are those of `core.assessment`.
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


class Answer(StrEnum):
    """What became of a check."""

    HIT = "hit"
    PASSED = "passed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its name, its question, its facts by name, and its answer."""

    check: str
    question: str
    facts: Mapping[str, str]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Trace:
    """Every check in its order; the decision is that of the one that hit."""

    steps: tuple[Step, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is decided from a moment on, if nothing but the time changes."""

    at: datetime
    decision: Decision


def trace(observation: Observation, thresholds: Thresholds, now: datetime) -> Trace:
    """Apply the checks as `assess` does, and record the question, facts and answer of each.

    The checks after the one that hit are not applied; their facts are recorded too.
    """
    steps: list[Step] = []
    answer = Answer.PASSED
    for check in CHAIN:
        if answer is not Answer.PASSED:
            answer = Answer.NOT_REACHED
        elif check(observation, thresholds, now) is not None:
            answer = Answer.HIT
        facts = {fact.name: fact.text(observation, thresholds, now) for fact in check.facts}
        steps.append(Step(check.name, check.question, facts, answer))
    return Trace(tuple(steps), assess(observation, thresholds, now))


def forecast(
    observation: Observation, thresholds: Thresholds, now: datetime
) -> tuple[Outlook, ...]:
    """Return the decision of now and each later one that differs from the one before it.

    "If nothing changed" means: ACM does nothing, nobody writes a record or a secret, and what was
    read of these stays true. A successor counts until it needs attention itself.
    Decisions differ by verdict, severity, reason or action; the message counts days and always
    does.
    """
    found = [Outlook(now, assess(observation, thresholds, now))]
    for moment in _moments(observation, thresholds, now):
        later = assess(_as_of(observation, thresholds, moment), thresholds, moment)
        if _essence(later) != _essence(found[-1].decision):
            found.append(Outlook(moment, later))
    return tuple(found)


def _as_of(observation: Observation, thresholds: Thresholds, moment: datetime) -> Observation:
    """Return what would be observed at a later moment: an old successor is none any more."""
    successor = observation.successor
    if successor is None or not is_within(successor, thresholds.effective(successor), moment):
        return observation
    return replace(observation, successor=None)


def _essence(decision: Decision) -> tuple[Verdict, Severity, Reason, str]:
    return (decision.verdict, decision.severity, decision.reason, decision.action.value)


def _moments(observation: Observation, thresholds: Thresholds, now: datetime) -> list[datetime]:
    """Return every later moment at which a fact of some check changes, in order.

    An instant that lies exactly at a threshold is past it, see `core.timing`, so that the moments
    themselves have the new answer.
    """
    instants = {fact.changes_at(observation, thresholds) for check in CHAIN for fact in check.facts}
    return sorted(instant for instant in instants if instant is not None and instant > now)
