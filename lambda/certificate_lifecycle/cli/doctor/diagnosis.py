"""The result of a check, and how the checks run in parallel."""

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
from certificate_lifecycle.model.scope import Scope

_WORKERS = 8
_MAX_TEXT = 600
_MAX_NAMES = 3


class State(StrEnum):
    """The state of a checked thing; `UNKNOWN`: it could not be checked."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    FAILED = "failed"


class DoctorCheck(Documented):
    """What doctor checks; the values are public."""

    CREDENTIALS = "credentials", "The caller, the source of the credentials, and their expiry."
    SDK = (
        "sdk",
        "The versions of boto3 and botocore on this machine, and the AWS features that they lack.",
    )
    READ_PERMISSIONS = "read-permissions", "Whether AWS allows each call of a scan."
    WRITE_PERMISSIONS = "write-permissions", "Whether IAM would allow each write."
    CERTIFICATE_QUOTA = "certificate-quota", "The number of certificates against ACM's quota."
    YEARLY_QUOTA = "yearly-quota", "The requests and imports of a year against ACM's quota."
    DELEGATION = "delegation", "Whether public DNS delegates to the hosted zones."
    DNSSEC = "dnssec", "Whether resolvers that validate DNSSEC accept the zones."
    CAA = "caa", "Whether CAA records allow Amazon to issue for the names."
    FUNCTIONS = "functions", "Whether the deployed functions can run."
    SCOPE = "scope", "Which certificates the instance covers, and its modes."
    ALARMS = "alarms", "Whether an alarm of the instance is in alarm."
    RULES = "rules", "Whether the rules that start the functions are enabled."
    SUBSCRIPTIONS = "subscriptions", "Whether the topic has confirmed subscriptions."


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of one check for one thing: a sentence, and advice if something is wrong.

    `about` names the thing, such as an account and region or a hosted zone. All texts are cleaned,
    because names and records are untrusted.
    """

    check: DoctorCheck
    state: State
    about: str
    sentence: str
    advice: str = ""

    def __post_init__(self) -> None:
        """Clean all texts."""
        for name in ("about", "sentence", "advice"):
            object.__setattr__(self, name, clean(getattr(self, name), _MAX_TEXT))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data; the keys are public."""
        return {
            "check": self.check.value,
            "state": self.state.value,
            "about": self.about,
            "message": self.sentence,
            "advice": self.advice or None,
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """One check that can run by itself; `about` names its subject."""

    check: DoctorCheck
    about: str
    run: Callable[[], Iterable[Diagnosis]]


def examine(examinations: Sequence[Examination]) -> list[Diagnosis]:
    """Run examinations in parallel and return their results in the order of the checks.

    If one fails, its results so far are kept and the failure is added as UNKNOWN.
    """
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="doctor")
    try:
        results = list(pool.map(_run, examinations))
    finally:
        # After an interrupt, don't wait for examinations that have not started.
        pool.shutdown(wait=False, cancel_futures=True)
    order = list(DoctorCheck)
    found = [diagnosis for diagnoses in results for diagnosis in diagnoses]
    return sorted(found, key=lambda diagnosis: order.index(diagnosis.check))


def _run(examination: Examination) -> list[Diagnosis]:
    found: list[Diagnosis] = []
    try:
        found.extend(examination.run())
    except Exception as error:  # noqa: BLE001 - one failure must not stop the others
        logger.debug("check failed", exc_info=True, extra={"check": examination.check.value})
        found.append(unknown(examination.check, examination.about, error))
    return found


def unknown(check: DoctorCheck, about: str, error: Exception, advice: str = "") -> Diagnosis:
    """Return the result of a check that failed, with `advice` or that for a known error."""
    from certificate_lifecycle.cli.error_help import advice_for  # noqa: PLC0415 - imports the SDK

    reason = error_summary(error)
    sentence = f"Could not be checked: {reason}"
    return Diagnosis(check, State.UNKNOWN, about, sentence, advice or advice_for(reason) or "")


def shortened(names: Iterable[str]) -> str:
    """Return the first names in order, and how many more there are."""
    ordered = sorted(set(names))
    more = len(ordered) - _MAX_NAMES
    if more <= 1:  # one more name is not longer than "and 1 more"
        return ", ".join(ordered)
    return f"{', '.join(ordered[:_MAX_NAMES])} and {more} more"


def scope_label(scope: Scope) -> str:
    """Return account and region."""
    return f"{scope.account_id}/{scope.region}"
