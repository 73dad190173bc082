"""Alert records: the last notification about a finding decides when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    Reason,
    Severity,
    Verdict,
    present_word,
)
from certificate_lifecycle.model.run import Assessment, ChangeKind, ScopeResult, ScopeStatus
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.policy.dns_health import REASONS
from certificate_lifecycle.policy.thresholds import Thresholds, is_within

#: An open finding is notified again after this time.
REMINDER = timedelta(days=7)
#: Times before expiry at which an open finding is notified again, nearest last.
_MARKS = (("3 days", timedelta(days=3)), ("1 day", timedelta(days=1)), ("over", timedelta()))
_ORDER = ("far", "near", "critical", *(name for name, _ in _MARKS))
_MUTED, _FAILING = "muted", "failing"
#: Joins the classes of an alert record about the inventory.
_AND = ", "
#: The stored forms of an account and region, and of its inventory.
_SCOPE, _INVENTORY = "scope", "inventory"
#: Verdicts whose reason public DNS may have given.
_AT_RISK = frozenset({Verdict.RENEWAL_AT_RISK.value, Verdict.RENEWAL_OVERDUE.value})
_WAITING = _AT_RISK | {Verdict.RENEWAL_BLOCKED.value, Verdict.PENDING_VALIDATION.value}


@dataclass(frozen=True, slots=True)
class AlertSubject:
    """The subject of an alert record: a certificate, or without an ARN the account and region.

    `inventory`: the classes that could not be listed in the account and region.
    """

    certificate_arn: str | None = None
    inventory: bool = False

    @property
    def text(self) -> str:
        """The stored form."""
        return self.certificate_arn or (_INVENTORY if self.inventory else _SCOPE)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the stored form; raises ValueError for anything else."""
        if text in (_SCOPE, _INVENTORY):
            return cls(inventory=text == _INVENTORY)
        return cls(parse_arn(text))


WHOLE_SCOPE = AlertSubject()
WHOLE_INVENTORY = AlertSubject(inventory=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """The last notification about a certificate, or about an account and region.

    `since` is the time of the first notification, None in records of an earlier version.
    `critical_since` is the time of the first critical notification, if the finding is still
    critical; `version` counts the writes.
    """

    subject: AlertSubject
    verdict: str
    reason: str
    severity: str
    band: str
    notified_at: datetime
    since: datetime | None = None
    version: int = 0
    critical_since: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "certificate_arn": self.subject.text,
            "verdict": self.verdict,
            "reason": self.reason,
            "severity": self.severity,
            "band": self.band,
            "told_at": records.stamp(self.notified_at),
            "since": records.optional_stamp(self.since),
            "version": self.version,
            "critical_since": records.optional_stamp(self.critical_since),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError for anything else.

        An earlier version wrote no `critical_since`, one before that no `since`, and either may
        have written a former word for a verdict or reason.
        """
        return cls(
            subject=AlertSubject.parse(records.text(entry, "certificate_arn")),
            verdict=present_word(records.text(entry, "verdict")),
            reason=present_word(records.text(entry, "reason")),
            severity=records.text(entry, "severity"),
            band=records.text(entry, "band"),
            notified_at=records.timestamp(entry, "told_at"),
            since=records.optional_timestamp(entry, "since"),
            version=records.number(entry, "version"),
            critical_since=records.optional_timestamp(entry, "critical_since"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An action, recorded before it starts so that it is notified even if the run ends early.

    `action` is the stored word, which is part of the key, even if an earlier version wrote a former
    one. `intended` is the action that the word means.
    """

    certificate_arn: str
    action: str
    text: str
    run_id: str
    written_at: datetime

    @property
    def intended(self) -> Action:
        """The action; raises ValueError if there is none of that name."""
        return Action.of(self.action)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "action": self.action,
            "text": self.text,
            "run_id": self.run_id,
            "written_at": records.stamp(self.written_at),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        action = records.text(entry, "action")
        Action.of(action)
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            action=action,
            text=records.text(entry, "text"),
            run_id=records.text(entry, "run_id"),
            written_at=records.timestamp(entry, "written_at"),
        )


class EntryKind(StrEnum):
    """What an entry of the state table is about."""

    REPLACEMENT = "replacement"
    ALERT = "alert"
    INTENT = "intent"
    REPAIRS = "repairs"


@dataclass(frozen=True, slots=True)
class UnreadableEntry:
    """An entry that this version cannot read: a later version, or a person, has written it.

    `certificate_arn` is None if its name has none. The entry stays as it is.
    """

    name: str
    kind: EntryKind
    certificate_arn: str | None

    @property
    def problem(self) -> str:
        """A clause that names the entry."""
        return f"the entry {self.name} of the state table cannot be read"

    @property
    def forbids_actions(self) -> bool:
        """Whether nothing may be done for the certificate: an action may be in progress."""
        return self.kind not in (EntryKind.ALERT, EntryKind.REPAIRS)


def marks(certificate: Certificate, thresholds: Thresholds) -> tuple[tuple[str, timedelta], ...]:
    """Return the marks of a certificate below its warning threshold.

    A 6-day certificate that is renewed at half of its life never passes one.
    """
    warning = thresholds.effective(certificate)
    return tuple((name, span) for name, span in _MARKS if span < warning)


def band(certificate: Certificate, thresholds: Thresholds, now: datetime) -> str:
    """Return the last mark before expiry that `certificate` has passed.

    Marks are time spans, so that a missed run does not skip one.
    """
    passed = "far"
    if is_within(certificate, thresholds.effective(certificate), now):
        passed = "near"
    if is_within(certificate, thresholds.effective_critical(certificate), now):
        passed = "critical"
    for name, span in marks(certificate, thresholds):
        if is_within(certificate, span, now):
            passed = name
    return passed


def alert_record(
    entry: Assessment,
    before: AlertRecord | None,
    thresholds: Thresholds,
    now: datetime,
    *,
    failing: bool = False,
) -> AlertRecord:
    """Return the alert record of a finding that is notified now.

    `failing`: the action failed; the same failure in a later run is no change.
    """
    decision = entry.decision
    mark = band(entry.certificate, thresholds, now)
    if entry.muted_until is not None:
        mark = f"{_MUTED} until {entry.muted_until}"
    critical = decision.severity is Severity.CRITICAL
    return AlertRecord(
        subject=AlertSubject(entry.certificate.arn),
        verdict=decision.verdict.value,
        reason=decision.reason.value,
        severity=decision.severity.label,
        band=f"{mark}, {_FAILING}" if failing else mark,
        notified_at=now,
        since=(before.since or before.notified_at) if before else now,
        version=before.version if before else 0,
        critical_since=(_critical_since(before) or now) if critical else None,
    )


def _critical_since(before: AlertRecord | None) -> datetime | None:
    if before is None or before.severity != Severity.CRITICAL.label:
        return None
    # Records of an earlier version have only the time of the last notification.
    return before.critical_since or before.notified_at


def change_of(
    entry: Assessment,
    before: AlertRecord | None,
    thresholds: Thresholds,
    now: datetime,
    *,
    failing: bool = False,
) -> ChangeKind | None:
    """Return how a finding differs from its last notification, or None if it does not.

    An urgent or failing finding that is not muted is due again after `REMINDER`.
    """
    if before is None:
        return ChangeKind.NEW
    latest = alert_record(entry, before, thresholds, now, failing=failing)
    previous, current = _rank(before.severity), _rank(latest.severity)
    if previous != current:
        return ChangeKind.WORSE if current > previous else ChangeKind.BETTER
    if (before.verdict, before.reason) != (latest.verdict, latest.reason):
        return ChangeKind.CHANGED
    if before.band != latest.band:
        return _passed(before.band, latest.band)
    urgent = failing or entry.decision.severity >= Severity.WARNING
    # What a renewal changed cannot be undone, and is notified once.
    lasting = entry.decision.verdict is not Verdict.RENEWAL_CHANGED
    remind = urgent and lasting and entry.muted_until is None
    return ChangeKind.REMINDER if remind and now - before.notified_at >= REMINDER else None


def reported_dns_reason(alert: AlertRecord | None, *, waiting: bool) -> Reason | None:
    """Return the reason of an open finding about public DNS, None for any other alert.

    `waiting`: the certificate waits for validation. One that has waited before and does not any
    more was renewed, which shows that its reason is over.
    """
    if alert is None or alert.verdict not in (_WAITING if waiting else _AT_RISK):
        return None
    return next((reason for reason in REASONS if reason.value == alert.reason), None)


def scope_alert_record(
    scope: ScopeResult, before: AlertRecord | None, now: datetime
) -> AlertRecord:
    """Return the alert record of an account and region that could not be scanned in full."""
    return AlertRecord(
        subject=WHOLE_SCOPE,
        verdict=scope.status.value,
        reason="",
        severity=Severity.WARNING.label,
        band="",
        notified_at=now,
        since=(before.since or before.notified_at) if before else now,
        version=before.version if before else 0,
    )


def scope_has_changed(scope: ScopeResult, before: AlertRecord | None, now: datetime) -> bool:
    """Whether the status of a scope differs from its last notification, or a reminder is due."""
    if scope.status is ScopeStatus.OK:
        return before is not None
    if before is None or before.verdict != scope.status.value:
        return True
    return now - before.notified_at >= REMINDER


def inventory_alert_record(
    scope: ScopeResult, before: AlertRecord | None, now: datetime
) -> AlertRecord | None:
    """Return the alert record about classes that could not be listed; None if it is not due.

    Due is a class that the last record does not have. There is no reminder: the finding lasts until
    people change the SDK, and every other message and report contains it.
    """
    gaps = [gap.text for gap in scope.not_listed]
    if not set(gaps) - set(before.band.split(_AND) if before else ()):
        return None
    return AlertRecord(
        subject=WHOLE_INVENTORY,
        verdict=Verdict.INVENTORY_INCOMPLETE.value,
        reason=Reason.CLASS_NOT_LISTED.value,
        severity=Severity.INFO.label,
        band=_AND.join(gaps),
        notified_at=now,
        since=(before.since or before.notified_at) if before else now,
        version=before.version if before else 0,
    )


def _rank(severity: str) -> int:
    """Return a severity by its label; an unknown one ranks lowest."""
    return next((known for known in Severity if known.label == severity), Severity.OK)


def _passed(before: str, latest: str) -> ChangeKind:
    """Return the change for another mark: a reminder only if the mark is closer to expiry."""
    if before in _ORDER and latest in _ORDER:
        later = _ORDER.index(latest) > _ORDER.index(before)
        return ChangeKind.REMINDER if later else ChangeKind.BETTER
    return ChangeKind.CHANGED
