"""What was told about a certificate, so that it is told once, and again only when it matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.core.model import Certificate, Severity
from certificate_lifecycle.core.run import Assessed
from certificate_lifecycle.core.timing import Thresholds, is_within

#: A problem that stays is told again after this long, however little changes.
REMINDER = timedelta(days=7)
#: Marks before the end that are told for themselves, nearest last.
_MARKS = (("3 days", timedelta(days=3)), ("1 day", timedelta(days=1)), ("over", timedelta()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The last thing that a message said about a certificate; `version` counts its writes.

    `critical_since` is when it was first told as critical, if it has been so ever since.
    """

    certificate_arn: str
    verdict: str
    reason: str
    severity: str
    band: str
    told_at: datetime
    version: int = 0
    critical_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a run was about to do, written first, so that a message still tells of it."""

    certificate_arn: str
    action: str
    text: str
    run_id: str
    written_at: datetime


def band(certificate: Certificate, thresholds: Thresholds, now: datetime) -> str:
    """Return the last mark before its end that `certificate` has passed.

    Marks are spans, not days of a calendar: a run that is missed loses none.
    """
    passed = "far"
    if is_within(certificate, thresholds.effective(certificate), now):
        passed = "near"
    if is_within(certificate, thresholds.effective_critical(certificate), now):
        passed = "critical"
    for name, span in _MARKS:
        if is_within(certificate, span, now):
            passed = name
    return passed


def memory_of(
    entry: Assessed, before: Memory | None, thresholds: Thresholds, now: datetime
) -> Memory:
    """Return what is to be remembered of a finding that is told now."""
    decision = entry.decision
    critical = decision.severity is Severity.CRITICAL
    return Memory(
        certificate_arn=entry.certificate.arn,
        verdict=decision.verdict.value,
        reason=decision.reason.value,
        severity=decision.severity.label,
        band=band(entry.certificate, thresholds, now),
        told_at=now,
        version=before.version if before else 0,
        critical_since=(_critical_since(before) or now) if critical else None,
    )


def _critical_since(before: Memory | None) -> datetime | None:
    if before is None or before.severity != Severity.CRITICAL.label:
        return None
    # What an earlier version of this module remembered says only when it was last told.
    return before.critical_since or before.told_at


def is_news(entry: Assessed, before: Memory | None, thresholds: Thresholds, now: datetime) -> bool:
    """Whether a finding differs from what was told of it, or was told too long ago."""
    if before is None:
        return True
    told = (before.verdict, before.reason, before.severity, before.band)
    latest = memory_of(entry, before, thresholds, now)
    if told != (latest.verdict, latest.reason, latest.severity, latest.band):
        return True
    urgent = entry.decision.severity >= Severity.WARNING
    return urgent and now - before.told_at >= REMINDER
