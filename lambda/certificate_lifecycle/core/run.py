"""What a run of rotation found and did, and the plain result that the handler returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from certificate_lifecycle.core.model import (
    Action,
    Certificate,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.core.text import clean_lines
from certificate_lifecycle.core.timing import days_left


class ScopeStatus(StrEnum):
    """How much of an account and region could be looked at."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"


class Outcome(StrEnum):
    """What became of an action."""

    DONE = "done"
    STARTED = "started"
    ADVISED = "advised"
    PLANNED = "planned"
    FAILED = "failed"


class ChangeKind(StrEnum):
    """How a finding differs from what was last told of it."""

    NEW = "new"
    WORSE = "worse"
    BETTER = "better"
    CHANGED = "changed"
    REMINDER = "reminder"
    OVER = "over"


#: Verdicts that say that an end is near or past; counted as `expiring_certificates`.
EXPIRING = frozenset(
    {
        Verdict.EXPIRED,
        Verdict.EXPORT_DUE,
        Verdict.IMPORT_DUE,
        Verdict.RENEWAL_BLOCKED,
        Verdict.RENEWAL_OVERDUE,
        Verdict.AUTHORITY_EXPIRING,
        Verdict.AUTHORITY_PERMISSION_MISSING,
    }
)
#: Actions by which a run renews something itself; counted as `renewed_certificates`.
#: An export or a replacement is none by itself: its record says whether it came to a renewal.
RENEWING_ACTIONS = frozenset({Action.REIMPORT})
#: Reasons that speak about an import source or an export target, and not about an end.
_ABOUT_NO_END = frozenset(
    {
        Reason.EXPORT_TARGET_OUTDATED,
        Reason.EXPORT_ROLLED_BACK,
        Reason.EXPORT_NOT_POSSIBLE,
        Reason.SOURCE_NEWER,
    }
)


@dataclass(frozen=True, slots=True)
class Assessed:
    """A certificate and the decision on it.

    `used_by` names what uses it as people know it, where somebody should hear of it, `owner` is
    whom its tags name, and `muted_until` the last day on which nobody wants to hear of it. `served`
    are sentences about what its names show to whoever connects, where that was looked at.
    """

    certificate: Certificate
    decision: Decision
    used_by: tuple[str, ...] = ()
    owner: str | None = None
    muted_until: date | None = None
    served: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether a message tells people of it."""
        return self.decision.worth_telling and self.muted_until is None

    @property
    def muted(self) -> bool:
        """Whether people would be told of it if they had not muted it."""
        return self.decision.worth_telling and self.muted_until is not None


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """What was done, or advised, for one certificate.

    `renewed` says that ACM renewed it for that, or that its successor serves in its place.
    """

    certificate_arn: str
    action: Action
    outcome: Outcome
    detail: str
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What is new about a certificate.

    `was` is the verdict that was told before, if any was, and `since` when the trouble was first
    told. For one that is over, `now` is a sentence about what has taken its place, and `name` what
    the certificate is for, if it still exists.
    """

    certificate_arn: str
    kind: ChangeKind
    was: str | None = None
    since: datetime | None = None
    name: str = ""
    now: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """One account and region."""

    account_id: str
    region: str
    status: ScopeStatus
    certificates: int
    error: str | None

    @property
    def label(self) -> str:
        """The account and region as messages name them."""
        return f"account {self.account_id}, {self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that one run found and did, in all of its scopes or in one of them.

    `changes` are what is new since people were last told; without a memory nothing is known of
    that. `regained` names accounts and regions that can be looked at in full again, `since` says
    when each open finding was first told. `healthy`
    counts, by verdict, what needs nothing and is known by its number alone; `report` says where all
    findings are kept that a message has no room for. A run that is not `whole` looked only at the
    certificates that it was asked for.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    instance: str
    mode: str
    dry_run: bool
    scopes: Sequence[Scope]
    assessed: Sequence[Assessed]
    actions: Sequence[ActionRecord]
    changes: Sequence[Change] = ()
    regained: Sequence[str] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    healthy: Mapping[str, int] = field(default_factory=dict)
    report: str | None = None
    whole: bool = True

    @property
    def findings(self) -> list[Assessed]:
        """All that is not healthy, worst first, then by what ends first."""
        found = [entry for entry in self.assessed if not entry.decision.healthy]
        return sorted(found, key=_urgency)

    @property
    def counts(self) -> dict[str, int]:
        """How many certificates have each verdict, and how many scopes were not looked at."""
        counted = Counter(self.healthy)
        counted.update(entry.decision.verdict.value for entry in self.assessed)
        if self.lost:
            counted[Verdict.NOT_LOOKED_AT.value] = len(self.lost)
        return dict(sorted(counted.items()))

    @property
    def lost(self) -> list[Scope]:
        """The scopes of which nothing could be looked at."""
        return [scope for scope in self.scopes if scope.status is ScopeStatus.FAILED]

    @property
    def certificates(self) -> int:
        """How many certificates were looked at."""
        return sum(scope.certificates for scope in self.scopes)

    @property
    def failed_actions(self) -> list[ActionRecord]:
        """The actions that did not work."""
        return [record for record in self.actions if record.outcome is Outcome.FAILED]

    @property
    def done(self) -> list[ActionRecord]:
        """The actions that changed something."""
        return [r for r in self.actions if r.outcome in (Outcome.DONE, Outcome.STARTED)]

    @property
    def incomplete(self) -> bool:
        """Whether something could not be looked at or done."""
        whole = all(scope.status is ScopeStatus.OK for scope in self.scopes)
        return not whole or bool(self.failed_actions)


def result(run: Run, notification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handler's result: plain data, ready for JSON; `report` where one was written."""
    where = {"report": run.report} if run.report else {}
    return {**report_entry(run), "notification": dict(notification), **where}


def report_entry(run: Run) -> dict[str, Any]:
    """Return all that a run found and did, as plain data."""
    renewed = [r for r in run.actions if r.renewed or _renews(r)]
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "scopes": [scope_entry(scope) for scope in run.scopes],
        "counts": run.counts,
        "findings": finding_entries(run, run.findings),
        "actions": [action_entry(record) for record in run.actions],
        "expiring_certificates": sum(_expires(e) for e in run.assessed),
        "renewed_certificates": len(renewed),
    }


def _renews(record: ActionRecord) -> bool:
    done = record.outcome in (Outcome.DONE, Outcome.STARTED)
    return done and record.action in RENEWING_ACTIONS


def _expires(entry: Assessed) -> bool:
    """Whether an end is near or past: an import or an export may be due long before that."""
    decision = entry.decision
    return decision.verdict in EXPIRING and decision.reason not in _ABOUT_NO_END


def scope_entry(scope: Scope) -> dict[str, Any]:
    """Return a scope as plain data."""
    return {
        "account_id": scope.account_id,
        "region": scope.region,
        "status": scope.status.value,
        "certificates": scope.certificates,
        "error": _cleaned(scope.error),
    }


def finding_entries(run: Run, findings: Sequence[Assessed]) -> list[dict[str, Any]]:
    """Return what was not looked at, which may hold anything, and then `findings`."""
    lost = [_lost_entry(scope) for scope in run.lost]
    return lost + [finding_entry(entry, run.started_at) for entry in findings]


def _lost_entry(scope: Scope) -> dict[str, Any]:
    """Return a scope that was not looked at in the shape of a finding; no certificate is named."""
    return {
        "certificate_arn": None,
        "account_id": scope.account_id,
        "region": scope.region,
        "domain_name": None,
        "alternative_names": [],
        "verdict": Verdict.NOT_LOOKED_AT.value,
        "severity": Severity.WARNING.label,
        "reason": Reason.SCOPE_FAILED.value,
        "message": _cleaned(scope.error),
        "action": Action.INVESTIGATE.value,
        "type": None,
        "status": None,
        "not_after": None,
        "days_left": None,
        "in_use": None,
        "in_use_by": [],
        "used_by": [],
        "owner": None,
        "muted_until": None,
        "served": [],
    }


def finding_entry(entry: Assessed, now: datetime) -> dict[str, Any]:
    """Return a finding as plain data; texts of others are cleaned, and not cut."""
    certificate, decision = entry.certificate, entry.decision
    return {
        "certificate_arn": certificate.arn,
        "account_id": certificate.account_id,
        "region": certificate.region,
        "domain_name": clean_lines(certificate.domain_name),
        "alternative_names": [clean_lines(name) for name in certificate.names[1:]],
        "verdict": decision.verdict.value,
        "severity": decision.severity.label,
        "reason": decision.reason.value,
        "message": clean_lines(decision.message),
        "action": decision.action.value,
        "type": certificate.type.value,
        "status": certificate.status.value,
        "not_after": certificate.not_after.isoformat() if certificate.not_after else None,
        "days_left": days_left(certificate, now),
        "in_use": certificate.in_use,
        "in_use_by": [clean_lines(user) for user in certificate.detail.in_use_by],
        "used_by": [clean_lines(user) for user in entry.used_by],
        "owner": _cleaned(entry.owner),
        "muted_until": entry.muted_until.isoformat() if entry.muted_until else None,
        "served": [clean_lines(sentence) for sentence in entry.served],
    }


def action_entry(record: ActionRecord) -> dict[str, Any]:
    """Return an action as plain data."""
    return {
        "certificate_arn": record.certificate_arn,
        "action": record.action.value,
        "outcome": record.outcome.value,
        "detail": clean_lines(record.detail),
    }


def change_entry(change: Change) -> dict[str, Any]:
    """Return what is new as plain data."""
    return {
        "certificate_arn": change.certificate_arn,
        "kind": change.kind.value,
        "was": _cleaned(change.was),
        "since": change.since.isoformat() if change.since else None,
        "name": clean_lines(change.name),
        "now": _cleaned(change.now),
    }


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean_lines(text)


def _urgency(entry: Assessed) -> tuple[int, bool, float, str]:
    ends = entry.certificate.not_after
    return (
        -entry.decision.severity,
        not entry.told,
        ends.timestamp() if ends else 0.0,
        entry.certificate.arn,
    )
