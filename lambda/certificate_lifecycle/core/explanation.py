"""Why a certificate got its decision, check by check, and what it would get if nothing changed.

Nothing is judged here: the checks and their order are those of `core.assessment`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from certificate_lifecycle.core import checks
from certificate_lifecycle.core.assessment import CHAIN, assess
from certificate_lifecycle.core.checks import Check, Observation
from certificate_lifecycle.core.model import Certificate, Decision, Reason, Severity, Verdict
from certificate_lifecycle.core.timing import (
    Thresholds,
    is_within,
    lacks_future,
    overdue_threshold,
    renewal_window,
)


class Answer(StrEnum):
    """What became of a check."""

    HIT = "hit"
    PASSED = "passed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a check looks at, as people read it."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Step:
    """One check: its name, what it asks, what it looks at, and what became of it."""

    check: str
    question: str
    facts: tuple[Fact, ...]
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
    """Ask the checks as `assess` does, and keep what each of them was asked and answered.

    Those behind the one that hit were not asked; their facts are shown all the same.
    """
    steps: list[Step] = []
    answer = Answer.PASSED
    for check in (*CHAIN, checks.healthy):
        if answer is not Answer.PASSED:
            answer = Answer.NOT_REACHED
        elif check(observation, thresholds, now) is not None:
            answer = Answer.HIT
        question, topics = _QUESTIONS[check]
        facts = tuple(fact for topic in topics for fact in topic(observation, thresholds, now))
        steps.append(Step(check.__name__, question, facts, answer))
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
    """Return every later moment at which some check may answer otherwise, in order.

    An instant that lies exactly at a threshold is past it, see `core.timing`, so that the moments
    themselves have the new answer.
    """
    certificate, successor = observation.certificate, observation.successor
    found: set[datetime] = set()
    if certificate.not_after is not None:
        spans = (
            timedelta(),
            thresholds.effective(certificate),
            thresholds.effective_critical(certificate),
            renewal_window(certificate),
            overdue_threshold(certificate, thresholds),
            checks.PRIVATE_LIFETIME,
        )
        found.update(certificate.not_after - span for span in spans)
    if certificate.created_at is not None:
        ages = (checks.STUCK_AFTER, checks.FAILURE_IS_NEWS)
        found.update(certificate.created_at + age for age in ages)
    if successor is not None and successor.not_after is not None:
        found.add(successor.not_after - thresholds.effective(successor))
    return sorted(moment for moment in found if moment > now)


# --- What the checks look at ----------------------------------------------------------------------

Topic = Callable[[Observation, Thresholds, datetime], tuple[Fact, ...]]


def _of_certificate(name: str, value: Callable[[Certificate], str]) -> Topic:
    return lambda observation, _, __: (Fact(name, value(observation.certificate)),)


def _threshold(name: str, span: Callable[[Certificate, Thresholds], timedelta]) -> Topic:
    def facts(observation: Observation, thresholds: Thresholds, _: datetime) -> tuple[Fact, ...]:
        return (Fact(name, f"{_span(span(observation.certificate, thresholds))} before its end"),)

    return facts


def _yes(answer: object) -> str:
    return "yes" if answer else "no"


def _span(span: timedelta) -> str:
    """Return a span as people read it, in days once it is longer than two of them."""
    hours = span / timedelta(hours=1)
    if abs(hours) < 2 * 24:
        return f"{hours:.3g} hours"
    return f"{span / timedelta(days=1):.4g} days"


def _end(observation: Observation, _: Thresholds, now: datetime) -> tuple[Fact, ...]:
    ends = observation.certificate.not_after
    if ends is None:
        return (Fact("ends", "unknown"),)
    left = ends - now
    text = f"in {_span(left)}" if left > timedelta() else f"{_span(-left)} ago"
    return (Fact("ends", text),)


def _age(observation: Observation, _: Thresholds, now: datetime) -> tuple[Fact, ...]:
    made = observation.certificate.created_at
    return (Fact("made", "unknown" if made is None else f"{_span(now - made)} ago"),)


def _manager(certificate: Certificate) -> str:
    if certificate.key_pair_origin == "ACME":
        return "an ACME client has its key"
    return certificate.managed_by or "nobody, as far as ACM says"


def _tags(certificate: Certificate) -> str:
    if not certificate.described:
        return "not read"
    telling = {"ManagedBy", "services.k8s.aws/controller-version"}
    shown = [f"{key}={value}" for key, value in certificate.detail.tags if key in telling]
    return ", ".join(shown) or "none that names another tool"


def _detail_error(observation: Observation, _: Thresholds, __: datetime) -> tuple[Fact, ...]:
    if observation.detail_error is not None:
        return (Fact("details", observation.detail_error),)
    read = observation.certificate.described
    return (Fact("details", "read" if read else "not needed"),)


def _issues_for_acm(certificate: Certificate) -> str:
    issues = certificate.detail.issues_for_acm
    return "unknown" if issues is None else _yes(issues)


def _renewal(certificate: Certificate) -> str:
    renewal = certificate.detail.renewal
    if renewal is None:
        return "not begun, or not looked at"
    return f"{renewal.status.value}{f' ({renewal.reason})' if renewal.reason else ''}"


def _failure(certificate: Certificate) -> str:
    reason = certificate.detail.failure_reason
    return reason or "none given"


def _eligible(certificate: Certificate) -> str:
    eligible = certificate.renewal_eligible
    return "ACM does not say" if eligible is None else _yes(eligible)


def _records(observation: Observation, _: Thresholds, __: datetime) -> tuple[Fact, ...]:
    if not observation.records:
        return (Fact("validation records", "not looked at: ACM waits for none"),)
    return tuple(
        Fact(f"record {each.record.name}", each.state.value) for each in observation.records
    )


def _successor(observation: Observation, _: Thresholds, __: datetime) -> tuple[Fact, ...]:
    successor = observation.successor
    return (Fact("successor", successor.arn if successor else "none"),)


def _future(observation: Observation, thresholds: Thresholds, now: datetime) -> tuple[Fact, ...]:
    lacking = lacks_future(observation.certificate, thresholds, now)
    return (Fact("has a future of its own", _yes(not lacking)),)


def _source(observation: Observation, _: Thresholds, __: datetime) -> tuple[Fact, ...]:
    source = observation.source
    return (Fact("import source", source.state.value if source else "none"),)


def _export(observation: Observation, _: Thresholds, __: datetime) -> tuple[Fact, ...]:
    export = observation.export
    return (Fact("export target", export.state.value if export else "none"),)


_status = _of_certificate("status", lambda each: each.status.value)
_type = _of_certificate("type", lambda each: each.type.value)
_used = _of_certificate("used", lambda each: _yes(each.used))
_exported = _of_certificate("exported", lambda each: _yes(each.exported))
_renewal_state = _of_certificate("renewal", _renewal)
_window = _threshold("ACM begins to renew", lambda each, _: renewal_window(each))
_attention = _threshold("attention begins", lambda each, given: given.effective(each))
_critical = _threshold("critical", lambda each, given: given.effective_critical(each))
_overdue = _threshold("overdue", overdue_threshold)

#: What each check asks, and what it looks at for that.
_QUESTIONS: Mapping[Check, tuple[str, tuple[Topic, ...]]] = {
    checks.managed_elsewhere: (
        "Does another tool or service look after it?",
        (_of_certificate("managed by", _manager), _of_certificate("tags", _tags)),
    ),
    checks.detail_unreadable: ("Could its details not be read?", (_detail_error,)),
    checks.server_certificate: (
        "Is it kept in IAM, where nothing renews it?",
        (_type, _end, _attention),
    ),
    checks.private_authority: (
        "Is it a private CA, whose end and state decide?",
        (_type, _status, _end, _of_certificate("issues for ACM", _issues_for_acm)),
    ),
    checks.not_understood: (
        "Is there no rule for what ACM says about it?",
        (_type, _status, _end),
    ),
    checks.pending_validation: (
        "Is it a request that waits for a proof of ownership?",
        (_status, _age, _records),
    ),
    checks.superseded: (
        "Has a later certificate taken over its names?",
        (_future, _successor, _used),
    ),
    checks.request_failed: (
        "Did the request end without a certificate?",
        (_status, _of_certificate("failure", _failure), _age),
    ),
    checks.revoked: ("Was it revoked?", (_status,)),
    checks.expired: ("Is its validity over?", (_status, _end)),
    checks.import_due: (
        "Was it imported, and is its end near?",
        (_type, _end, _attention, _critical),
    ),
    checks.source_newer: ("Does its import source hold a newer version?", (_source,)),
    checks.source_trouble: ("Could its import source not renew it?", (_source,)),
    checks.unused: (
        "Does nothing need it, so that ACM lets it expire?",
        (_type, _used, _export),
    ),
    checks.authority_trouble: (
        "Does its private CA, or ACM's permission on it, prevent the renewal?",
        (_type, _renewal_state),
    ),
    checks.renewal_failed: ("Did ACM's renewal fail?", (_renewal_state,)),
    checks.renewal_blocked: (
        "Does the renewal wait for a proof of ownership?",
        (_renewal_state, _records, _overdue),
    ),
    checks.export_target: ("Does its export target not hold what ACM has now?", (_export,)),
    checks.export_due: (
        "Is the end of an exported copy near?",
        (_exported, _end, _attention, _critical),
    ),
    checks.renewal_overdue: (
        "Should ACM have renewed it by now, or says that it will not?",
        (_end, _window, _overdue, _critical, _of_certificate("eligible", _eligible)),
    ),
    checks.renewal_not_understood: (
        "Is its renewal in a state that there is no rule for?",
        (_renewal_state, _end),
    ),
    checks.renewing: (
        "Is it inside ACM's renewal window, with time left?",
        (_end, _window, _renewal_state),
    ),
    checks.healthy: ("Is nothing of all this the case?", (_end,)),
}
