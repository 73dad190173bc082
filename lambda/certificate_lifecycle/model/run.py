"""What a run of rotation found and did, and the plain result that the handler returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Detail,
    Reason,
    Severity,
    Verdict,
    days_left,
    present_word,
)
from certificate_lifecycle.model.sanitize import clean_lines
from certificate_lifecycle.model.scope import arn_from


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
    RESOLVED = "resolved"


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
class Assessment:
    """A certificate and the decision on it.

    `used_by` names what uses it as people know it, where somebody should hear of it, `owner` is
    whom its tags name, and `muted_until` the last day on which nobody wants to hear of it.
    `probe_results` are sentences about what its names serve, where that was probed.
    """

    certificate: Certificate
    decision: Decision
    used_by: tuple[str, ...] = ()
    owner: str | None = None
    muted_until: date | None = None
    probe_results: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether a message tells people of it."""
        return self.decision.reportable and self.muted_until is None

    @property
    def muted(self) -> bool:
        """Whether people would be told of it if they had not muted it."""
        return self.decision.reportable and self.muted_until is not None

    def to_dict(self, now: datetime) -> dict[str, Any]:
        """Return it as plain data, ready for JSON; texts of others are cleaned, and not cut."""
        return {
            finding_field.name: finding_field.value(self, now) for finding_field in FINDING_FIELDS
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read what `to_dict` returns: as much of the certificate as people are told.

        Raises KeyError, TypeError or ValueError for anything else.
        An earlier version called `probe_results` `served`.
        """
        entry = records.renamed(entry, {"served": "probe_results"})
        name = records.text(entry, "domain_name")
        names = (name, *records.texts(entry, "alternative_names")) if name else ()
        muted_until = records.optional_text(entry, "muted_until")
        return cls(
            Certificate(
                arn=arn_from(records.text(entry, "certificate_arn")),
                names=names,
                status=CertificateStatus(records.text(entry, "status")),
                type=CertificateType(records.text(entry, "type")),
                key_algorithm="",
                in_use=records.flag(entry, "in_use"),
                not_after=records.optional_instant(entry, "not_after"),
                detail=Detail(in_use_by=records.texts(entry, "in_use_by")),
            ),
            Decision(
                verdict=Verdict.of(records.text(entry, "verdict")),
                severity=Severity[records.text(entry, "severity").upper()],
                reason=Reason.of(records.text(entry, "reason")),
                message=records.text(entry, "message"),
                action=Action.of(records.text(entry, "action")),
            ),
            used_by=records.texts(entry, "used_by"),
            owner=records.optional_text(entry, "owner"),
            muted_until=None if muted_until is None else date.fromisoformat(muted_until),
            probe_results=records.texts(entry, "probe_results"),
        )


class Output(StrEnum):
    """Where findings are shown."""

    TABLE = "table"
    JSON = "JSON"
    CSV = "CSV"
    PAGE = "page"
    MAIL = "mail"
    EVENTS = "events"
    SECURITY_HUB = "Security Hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingField:
    """A field of a finding.

    `name` is its key in data and its column in CSV, `heading` what people read above or before it.
    `value` returns it as plain data; a field that has `many` values returns a list.
    `left_out` says for each output that does not show it why not.
    """

    name: str
    heading: str
    value: Callable[[Assessment, datetime], Any]
    many: bool = False
    left_out: Mapping[Output, str] = field(default_factory=dict)


_EXPLAIN = "one screen has no room for it; `certificates explain` prints it"
_IN_THE_MESSAGE = "the message says it"
_IN_THE_LINK = "the link to the console contains it"
_FOR_PROGRAMS = "of use to programs only"
_NO_MEMBER = "the format has no member for it"

#: All fields of a finding, in the order of the columns in CSV.
FINDING_FIELDS = (
    FindingField(
        name="severity",
        heading="Severity",
        value=lambda entry, _: entry.decision.severity.label,
    ),
    FindingField(
        name="verdict",
        heading="Verdict",
        value=lambda entry, _: entry.decision.verdict.value,
    ),
    FindingField(
        name="domain_name",
        heading="Certificate",
        value=lambda entry, _: clean_lines(entry.certificate.domain_name),
    ),
    FindingField(
        name="alternative_names",
        heading="Other names",
        value=lambda entry, _: _cleaned_all(entry.certificate.names[1:]),
        many=True,
        left_out={Output.TABLE: "the table counts them beside the domain name"},
    ),
    FindingField(
        name="account_id",
        heading="Account",
        value=lambda entry, _: entry.certificate.account_id,
    ),
    FindingField(
        name="region",
        heading="Region",
        value=lambda entry, _: entry.certificate.region,
    ),
    FindingField(
        name="owner",
        heading="Owner",
        value=lambda entry, _: _cleaned(entry.owner),
    ),
    FindingField(
        name="not_after",
        heading="Ends",
        value=lambda entry, _: (
            entry.certificate.not_after.isoformat() if entry.certificate.not_after else None
        ),
        left_out={Output.TABLE: _IN_THE_MESSAGE, Output.MAIL: _IN_THE_MESSAGE},
    ),
    FindingField(
        name="days_left",
        heading="Days left",
        value=lambda entry, now: days_left(entry.certificate, now),
        left_out={
            Output.MAIL: _IN_THE_MESSAGE,
            Output.SECURITY_HUB: "a finding is read on later days; it contains the date",
        },
    ),
    FindingField(
        name="message",
        heading="What is wrong",
        value=lambda entry, _: clean_lines(entry.decision.message),
    ),
    FindingField(
        name="reason",
        heading="Reason",
        value=lambda entry, _: entry.decision.reason.value,
        left_out={Output.TABLE: _EXPLAIN, Output.MAIL: _FOR_PROGRAMS},
    ),
    FindingField(
        name="action",
        heading="Next step",
        value=lambda entry, _: entry.decision.action.value,
        left_out={Output.TABLE: "`certificates plan` prints it"},
    ),
    FindingField(
        name="used_by",
        heading="Used by",
        value=lambda entry, _: _cleaned_all(entry.used_by),
        many=True,
        left_out={Output.TABLE: _EXPLAIN, Output.SECURITY_HUB: "`InUseBy` contains the ARNs"},
    ),
    FindingField(
        name="probe_results",
        heading="Served",
        value=lambda entry, _: _cleaned_all(entry.probe_results),
        many=True,
        left_out={Output.SECURITY_HUB: _NO_MEMBER},
    ),
    FindingField(
        name="muted_until",
        heading="Muted until",
        value=lambda entry, _: entry.muted_until.isoformat() if entry.muted_until else None,
    ),
    FindingField(
        name="type",
        heading="Type",
        value=lambda entry, _: entry.certificate.type.value,
        left_out={Output.TABLE: _EXPLAIN, Output.MAIL: _IN_THE_MESSAGE},
    ),
    FindingField(
        name="status",
        heading="Status",
        value=lambda entry, _: entry.certificate.status.value,
        left_out={Output.TABLE: _EXPLAIN, Output.MAIL: _IN_THE_MESSAGE},
    ),
    FindingField(
        name="in_use",
        heading="Used",
        value=lambda entry, _: entry.certificate.in_use,
        left_out={
            Output.TABLE: _EXPLAIN,
            Output.MAIL: _IN_THE_MESSAGE,
            Output.SECURITY_HUB: "`InUseBy` contains the ARNs",
        },
    ),
    FindingField(
        name="in_use_by",
        heading="In use by",
        value=lambda entry, _: _cleaned_all(entry.certificate.detail.in_use_by),
        many=True,
        left_out={
            Output.TABLE: _EXPLAIN,
            Output.PAGE: "`used_by` names the same; the page shows ARNs where that is empty",
            Output.MAIL: "`used_by` names the same",
        },
    ),
    FindingField(
        name="certificate_arn",
        heading="ARN",
        value=lambda entry, _: entry.certificate.arn,
        left_out={
            Output.TABLE: "the table shows account, region and id, of which it consists",
            Output.MAIL: _IN_THE_LINK,
        },
    ),
)

#: What people read above or before each field.
FINDING_HEADINGS = {finding_field.name: finding_field.heading for finding_field in FINDING_FIELDS}


def shown_in(output: Output) -> tuple[FindingField, ...]:
    """Return the fields of a finding that an output shows."""
    return tuple(
        finding_field for finding_field in FINDING_FIELDS if output not in finding_field.left_out
    )


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """What was done, or advised, for one certificate.

    `renewed` says that ACM renewed it for that, or that its successor serves in its place; see also
    `is_renewal`.
    """

    certificate_arn: str
    action: Action
    outcome: Outcome
    detail: str
    renewed: bool = False

    @property
    def is_renewal(self) -> bool:
        """Whether it renewed the certificate: an import does so by itself."""
        done = self.outcome in (Outcome.DONE, Outcome.STARTED)
        return self.renewed or (done and self.action in RENEWING_ACTIONS)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "action": self.action.value,
            "outcome": self.outcome.value,
            "detail": clean_lines(self.detail),
            "renewed": self.is_renewal,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read what `to_dict` returns; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            certificate_arn=arn_from(records.text(entry, "certificate_arn")),
            action=Action.of(records.text(entry, "action")),
            outcome=Outcome(records.text(entry, "outcome")),
            detail=records.text(entry, "detail"),
            renewed=records.flag(entry, "renewed"),
        )


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What is new about a certificate.

    `previous_verdict` is the last one that people were told, if any, and `since` when the trouble
    was first told. For a finding that is resolved, `current_state` is a sentence about the
    certificate as it is now, and `name` what it is for, if it still exists.
    """

    certificate_arn: str
    kind: ChangeKind
    previous_verdict: str | None = None
    since: datetime | None = None
    name: str = ""
    current_state: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "kind": self.kind.value,
            "previous_verdict": _cleaned(self.previous_verdict),
            "since": self.since.isoformat() if self.since else None,
            "name": clean_lines(self.name),
            "current_state": _cleaned(self.current_state),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read what `to_dict` returns; raises KeyError, TypeError or ValueError otherwise.

        An earlier version used the keys `was` and `now`, the kind `over`, and former words for
        some verdicts.
        """
        entry = records.renamed(entry, {"was": "previous_verdict", "now": "current_state"})
        kind = records.text(entry, "kind")
        previous = records.optional_text(entry, "previous_verdict")
        return cls(
            certificate_arn=arn_from(records.text(entry, "certificate_arn")),
            kind=ChangeKind.RESOLVED if kind == "over" else ChangeKind(kind),
            previous_verdict=None if previous is None else present_word(previous),
            since=records.optional_moment(entry, "since"),
            name=records.text(entry, "name"),
            current_state=records.optional_text(entry, "current_state"),
        )


@dataclass(frozen=True, slots=True)
class ScopeResult:
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "status": self.status.value,
            "certificates": self.certificates,
            "error": _cleaned(self.error),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read what `to_dict` returns; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            account_id=records.text(entry, "account_id"),
            region=records.text(entry, "region"),
            status=ScopeStatus(records.text(entry, "status")),
            certificates=records.number(entry, "certificates"),
            error=records.optional_text(entry, "error"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that one run found and did, in all of its scopes or in one of them.

    `changes` are what is new since people were last told; without a memory nothing is known of
    that. `recovered_scopes` names accounts and regions that can be scanned in full again, `since`
    says when each open finding was first told. `healthy` counts, by verdict, what needs nothing and
    is known by its number alone; `report` says where all findings are kept that a message has no
    room for. A run that is not `whole` looked only at the certificates that it was asked for.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    instance: str
    mode: str
    dry_run: bool
    scopes: Sequence[ScopeResult]
    assessments: Sequence[Assessment]
    actions: Sequence[ActionRecord]
    changes: Sequence[FindingChange] = ()
    recovered_scopes: Sequence[str] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    healthy: Mapping[str, int] = field(default_factory=dict)
    report: str | None = None
    whole: bool = True

    @property
    def findings(self) -> list[Assessment]:
        """All that is not healthy, worst first, then by what ends first."""
        found = [entry for entry in self.assessments if not entry.decision.healthy]
        return sorted(found, key=_urgency)

    @property
    def counts(self) -> dict[str, int]:
        """How many certificates have each verdict, and how many scopes were not looked at."""
        counted = Counter(self.healthy)
        counted.update(entry.decision.verdict.value for entry in self.assessments)
        if self.lost:
            counted[Verdict.SCAN_FAILED.value] = len(self.lost)
        return dict(sorted(counted.items()))

    @property
    def lost(self) -> list[ScopeResult]:
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
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "scopes": [scope.to_dict() for scope in run.scopes],
        "counts": run.counts,
        "findings": finding_entries(run, run.findings),
        "actions": [record.to_dict() for record in run.actions],
        "expiring_certificates": sum(_expires(e) for e in run.assessments),
        "renewed_certificates": sum(record.is_renewal for record in run.actions),
    }


def _expires(entry: Assessment) -> bool:
    """Whether an end is near or past: an import or an export may be due long before that."""
    decision = entry.decision
    return decision.verdict in EXPIRING and decision.reason not in _ABOUT_NO_END


def finding_entries(run: Run, findings: Sequence[Assessment]) -> list[dict[str, Any]]:
    """Return what was not looked at, which may hold anything, and then `findings`."""
    lost = [_lost_entry(scope) for scope in run.lost]
    return lost + [entry.to_dict(run.started_at) for entry in findings]


def _lost_entry(scope: ScopeResult) -> dict[str, Any]:
    """Return a scope that was not looked at in the shape of a finding; no certificate is named."""
    empty: dict[str, Any] = {
        finding_field.name: [] if finding_field.many else None for finding_field in FINDING_FIELDS
    }
    return empty | {
        "account_id": scope.account_id,
        "region": scope.region,
        "verdict": Verdict.SCAN_FAILED.value,
        "severity": Severity.WARNING.label,
        "reason": Reason.SCOPE_FAILED.value,
        "message": _cleaned(scope.error),
        "action": Action.INVESTIGATE.value,
    }


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean_lines(text)


def _cleaned_all(texts: Sequence[str]) -> list[str]:
    return [clean_lines(text) for text in texts]


def _urgency(entry: Assessment) -> tuple[int, bool, float, str]:
    ends = entry.certificate.not_after
    return (
        -entry.decision.severity,
        not entry.told,
        ends.timestamp() if ends else 0.0,
        entry.certificate.arn,
    )
