"""What a check says, and how the checks are carried out side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Documented
from certificate_lifecycle.model.sanitize import clean

_WORKERS = 8
_LONGEST = 600
_SHOWN = 3


class State(StrEnum):
    """How something is; `UNKNOWN` is no judgement, but the lack of one."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAILED = "failed"


class Check(Documented):
    """What is looked at; the values are public, and stay what they are."""

    CREDENTIALS = "credentials", "Who asks, with which credentials, and for how long."
    READ_PERMISSIONS = "read-permissions", "Whether AWS lets us make each call of a scan."
    WRITE_PERMISSIONS = "write-permissions", "Whether IAM would allow what is written."
    CERTIFICATE_QUOTA = "certificate-quota", "How many certificates there may still be."
    YEARLY_QUOTA = "yearly-quota", "How many may still be requested or imported within a year."
    DELEGATION = "delegation", "Whether public DNS leads to the hosted zones."
    DNSSEC = "dnssec", "Whether resolvers that validate DNSSEC take what the zones say."
    CAA = "caa", "Whether CAA records let Amazon issue for the names."
    FUNCTIONS = "functions", "Whether the deployed functions are ready to run."
    ALARMS = "alarms", "Whether an alarm of the instance rings."
    RULES = "rules", "Whether the rules that start the functions are on."
    SUBSCRIPTIONS = "subscriptions", "Whether anybody hears the topic."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check says about one thing: a sentence, and what to do where something is wrong.

    `about` names the thing, such as an account and region or a hosted zone. Texts are cleaned of
    what does not print: names and records are somebody else's.
    """

    check: Check
    state: State
    about: str
    sentence: str
    advice: str = ""

    def __post_init__(self) -> None:
        """Clean all texts, whatever they were made of."""
        for name in ("about", "sentence", "advice"):
            object.__setattr__(self, name, clean(getattr(self, name), _LONGEST))

    def entry(self) -> dict[str, Any]:
        """Return it as plain data; the keys are public."""
        return {
            "check": self.check.value,
            "state": self.state.value,
            "about": self.about,
            "message": self.sentence,
            "advice": self.advice or None,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """A check that can be carried out by itself; `about` names what it looks at."""

    check: Check
    about: str
    look: Callable[[], Iterable[Diagnosis]]


def examine(examinations: Sequence[Examination]) -> list[Diagnosis]:
    """Carry out examinations side by side, and return what they say, check by check.

    What one of them said before it failed stays; that it failed is told beside it.
    """
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="doctor")
    try:
        said = list(pool.map(_carried_out, examinations))
    finally:
        # Whoever interrupts does not want to wait for what was not begun.
        pool.shutdown(wait=False, cancel_futures=True)
    request = list(Check)
    found = [diagnosis for diagnoses in said for diagnosis in diagnoses]
    return sorted(found, key=lambda diagnosis: request.index(diagnosis.check))


def _carried_out(examination: Examination) -> list[Diagnosis]:
    found: list[Diagnosis] = []
    try:
        found.extend(examination.look())
    except Exception as error:  # noqa: BLE001 - one must not stop the others; it is told with them
        logger.debug("check failed", exc_info=True, extra={"check": examination.check.value})
        found.append(unknown(examination.check, examination.about, error))
    return found


def unknown(check: Check, about: str, error: Exception) -> Diagnosis:
    """Return that something could not be found out, why, and what helps where that is known."""
    from certificate_lifecycle.cli.error_help import help_with  # noqa: PLC0415 - it knows the SDK

    why = error_summary(error)
    sentence = f"This could not be found out: {why}"
    return Diagnosis(check, State.UNKNOWN, about, sentence, help_with(why) or "")


def listed(names: Iterable[str]) -> str:
    """Return the first of some names, and how many more there are."""
    ordered = sorted(set(names))
    more = len(ordered) - _SHOWN
    if more <= 1:  # one more name is no longer than saying so
        return ", ".join(ordered)
    return f"{', '.join(ordered[:_SHOWN])} and {more} more"
