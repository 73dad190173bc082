"""The findings and actions of a rotation run, and the handler's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    Severity,
    Verdict,
    days_left,
    present_word,
)
from certificate_lifecycle.model.hidden_classes import (
    HIDDEN_CLASSES,
    GapCause,
    InventoryGap,
    gaps_text,
)
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.problem_key import INVENTORY, problem_key, scope_subject
from certificate_lifecycle.model.public_dns import DnsCounts
from certificate_lifecycle.model.sanitize import clean_lines
from certificate_lifecycle.model.scope import parse_arn


class ScopeStatus(StrEnum):
    """How much of an account and region could be scanned."""

    OK = "ok"
    PARTIAL = "partial"
    FAILED = "failed"


class Outcome(StrEnum):
    """The outcome of an action."""

    DONE = "done"
    STARTED = "started"
    ADVISED = "advised"
    PLANNED = "planned"
    FAILED = "failed"


class ChangeKind(StrEnum):
    """How a finding differs from its last notification."""

    NEW = "new"
    WORSE = "worse"
    BETTER = "better"
    CHANGED = "changed"
    REMINDER = "reminder"
    RESOLVED = "resolved"


#: Verdicts on certificates that expire soon or have expired; see `expiring_certificates`.
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
#: The time to live of a validation record; ACM reads it only now and then.
TTL_SECONDS = 300
#: Actions that always renew, counted as `renewed_certificates`.
#: The record of an export or a replacement says whether it renewed.
RENEWING_ACTIONS = frozenset({Action.REIMPORT})
#: Reasons about an import source or an export target that do not depend on expiry.
_NOT_ABOUT_EXPIRY = frozenset(
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

    `used_by` names the consumers of a finding, `owner` is the value of the owner tag, and
    `muted_until` the last day without notifications.
    `probe_results` are sentences about the certificates that its names serve.
    `owner_kind` and `permitted_mode` are None while the tags of the certificate are unknown.
    `outside_scope`: the instance does not cover it, and reports it without acting on it.
    """

    certificate: Certificate
    decision: Decision
    used_by: tuple[str, ...] = ()
    owner: str | None = None
    muted_until: date | None = None
    probe_results: tuple[str, ...] = ()
    owner_kind: OwnerKind | None = None
    permitted_mode: CertificateMode | None = None
    outside_scope: bool = False

    @property
    def notifiable(self) -> bool:
        """Whether notifications contain it."""
        return self.decision.reportable and self.muted_until is None

    @property
    def muted(self) -> bool:
        """Whether only its mute tag keeps it out of notifications."""
        return self.decision.reportable and self.muted_until is not None

    def to_dict(self, now: datetime) -> dict[str, Any]:
        """Return plain data for JSON; texts are cleaned, but not shortened."""
        return {
            finding_field.name: finding_field.value(self, now) for finding_field in FINDING_FIELDS
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`, which has a part of the certificate's fields.

        Raises KeyError, TypeError or ValueError for anything else.
        An earlier version called `probe_results` `served`, and had no `outside_scope`.
        """
        entry = {"outside_scope": False, **records.renamed(entry, {"served": "probe_results"})}
        name = records.text(entry, "domain_name")
        names = (name, *records.texts(entry, "alternative_names")) if name else ()
        muted_until = records.optional_text(entry, "muted_until")
        # Earlier versions did not store these.
        kind = records.optional_text(entry, "owner_kind") if "owner_kind" in entry else None
        mode = records.optional_text(entry, "permitted_mode") if "owner_kind" in entry else None
        return cls(
            Certificate(
                arn=parse_arn(records.text(entry, "certificate_arn")),
                names=names,
                status=CertificateStatus(records.text(entry, "status")),
                type=CertificateType(records.text(entry, "type")),
                key_algorithm="",
                in_use=records.flag(entry, "in_use"),
                not_after=records.optional_instant(entry, "not_after"),
                detail=CertificateDetail(in_use_by=records.texts(entry, "in_use_by")),
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
            owner_kind=None if kind is None else OwnerKind.of(kind),
            permitted_mode=None if mode is None else CertificateMode.of(mode),
            outside_scope=records.flag(entry, "outside_scope"),
        )


class Output(StrEnum):
    """An output that shows findings; the table is that of `--wide`."""

    TABLE = "table"
    JSON = "JSON"
    CSV = "CSV"
    PAGE = "page"
    MAIL = "mail"
    EVENTS = "events"
    SECURITY_HUB = "Security Hub"


_IN_THE_MESSAGE = "the message contains it"
_ARNS = "`InUseBy` contains the ARNs"
_FOR_PROGRAMS = dict.fromkeys(("problem_key",), "of use to ticket systems only")
_OWNERSHIP = dict.fromkeys(
    ("owner_kind", "permitted_mode"),
    "the message names another tool and a limiting tag; `certificates explain` prints both fields",
)

#: Why an output does not show a field, by the name of the field.
LEFT_OUT: Mapping[Output, Mapping[str, str]] = {
    Output.TABLE: _FOR_PROGRAMS,
    Output.PAGE: {
        "in_use_by": "`used_by` names the same; the page shows ARNs where that is empty",
        **_FOR_PROGRAMS,
        **_OWNERSHIP,
    },
    Output.MAIL: {
        "severity": "the subject has that of the worst finding; TODAY are the critical ones",
        "alternative_names": "the mail counts them beside the domain name",
        **dict.fromkeys(("not_after", "days_left", "type", "status", "in_use"), _IN_THE_MESSAGE),
        "reason": "the mail has its meaning",
        "in_use_by": "`used_by` names the same",
        "certificate_arn": "the commands and the report contain it",
        **_FOR_PROGRAMS,
        **_OWNERSHIP,
    },
    Output.SECURITY_HUB: {
        "days_left": "a finding is read on later days; it contains the date",
        "used_by": _ARNS,
        "probe_results": "the format has no member for it",
        "in_use": _ARNS,
    },
}


@dataclass(frozen=True, slots=True)
class FindingField:
    """A field of a finding.

    `name` is the key in data and the column in CSV, `heading` the label for readers.
    `value` returns plain data; a field with `many` values returns a list.
    """

    name: str
    heading: str
    value: Callable[[Assessment, datetime], Any]
    many: bool = False

    @property
    def left_out(self) -> dict[Output, str]:
        """The reason for each output that does not show the field."""
        return {out: names[self.name] for out, names in LEFT_OUT.items() if self.name in names}


def _field(name: str, heading: str, value: Callable[[Assessment], Any]) -> FindingField:
    return FindingField(name, heading, lambda entry, _: value(entry))


def _texts(name: str, heading: str, value: Callable[[Assessment], Sequence[str]]) -> FindingField:
    return FindingField(
        name, heading, lambda entry, _: [clean_lines(text) for text in value(entry)], many=True
    )


#: All fields of a finding, in the order of the columns in CSV.
FINDING_FIELDS = (
    _field("severity", "Severity", lambda entry: entry.decision.severity.label),
    _field("verdict", "Verdict", lambda entry: entry.decision.verdict.value),
    _field("domain_name", "Certificate", lambda entry: clean_lines(entry.certificate.domain_name)),
    _texts("alternative_names", "Other names", lambda entry: entry.certificate.names[1:]),
    _field("account_id", "Account", lambda entry: entry.certificate.account_id),
    _field("region", "Region", lambda entry: entry.certificate.region),
    _field("owner", "Owner", lambda entry: _cleaned(entry.owner)),
    _field("not_after", "Ends", lambda entry: _iso(entry.certificate.not_after)),
    FindingField("days_left", "Days left", lambda entry, now: days_left(entry.certificate, now)),
    _field("message", "What is wrong", lambda entry: clean_lines(entry.decision.message)),
    _field("reason", "Reason", lambda entry: entry.decision.reason.value),
    _field("action", "Next step", lambda entry: entry.decision.action.value),
    _texts("used_by", "Used by", lambda entry: entry.used_by),
    _texts("probe_results", "Served", lambda entry: entry.probe_results),
    _field("muted_until", "Muted until", lambda entry: _iso(entry.muted_until)),
    _field("type", "Type", lambda entry: entry.certificate.type.value),
    _field("status", "Status", lambda entry: entry.certificate.status.value),
    _field("in_use", "Used", lambda entry: entry.certificate.in_use),
    _texts("in_use_by", "In use by", lambda entry: entry.certificate.detail.in_use_by),
    _field("certificate_arn", "ARN", lambda entry: entry.certificate.arn),
    _field("owner_kind", "Ownership", lambda entry: _word(entry.owner_kind)),
    _field("permitted_mode", "Permitted mode", lambda entry: _word(entry.permitted_mode)),
    _field("outside_scope", "Outside the scope", lambda entry: entry.outside_scope),
    _field("problem_key", "Problem key", lambda entry: problem_key(entry.certificate.arn)),
)

#: The heading of each field.
FINDING_HEADINGS = {finding_field.name: finding_field.heading for finding_field in FINDING_FIELDS}


def shown_in(output: Output) -> tuple[FindingField, ...]:
    """Return the fields of a finding that an output shows."""
    return tuple(
        finding_field for finding_field in FINDING_FIELDS if output not in finding_field.left_out
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordToWrite:
    """A DNS record that a person or a pipeline has to write; names are without the final dot.

    `zone` is the apex of the zone that answers, if known. `replaces`: another record is in place.
    """

    name: str
    type: str
    value: str
    zone: str | None = None
    replaces: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "name": clean_lines(self.name),
            "type": clean_lines(self.type),
            "value": clean_lines(self.value),
            "ttl": TTL_SECONDS,
            "zone": _cleaned(self.zone),
            "action": "replace" if self.replaces else "create",
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            name=records.text(entry, "name"),
            type=records.text(entry, "type"),
            value=records.text(entry, "value"),
            zone=records.optional_text(entry, "zone"),
            replaces=records.text(entry, "action") == "replace",
        )


@dataclass(frozen=True, slots=True)
class ActionRecord:
    """An action that was performed, planned or advised for one certificate.

    `dns_records` are those that the module does not write.
    `renewed`: ACM renewed the certificate, or its successor has replaced it; see `is_renewal`.
    """

    certificate_arn: str
    action: Action
    outcome: Outcome
    detail: str
    renewed: bool = False
    dns_records: tuple[RecordToWrite, ...] = ()

    @property
    def is_renewal(self) -> bool:
        """Whether it renewed the certificate; an import always does."""
        done = self.outcome in (Outcome.DONE, Outcome.STARTED)
        return self.renewed or (done and self.action in RENEWING_ACTIONS)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "action": self.action.value,
            "outcome": self.outcome.value,
            "detail": clean_lines(self.detail),
            "renewed": self.is_renewal,
            "dns_records": [record.to_dict() for record in self.dns_records],
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise.

        An earlier version had no `dns_records`.
        """
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            action=Action.of(records.text(entry, "action")),
            outcome=Outcome(records.text(entry, "outcome")),
            detail=records.text(entry, "detail"),
            renewed=records.flag(entry, "renewed"),
            dns_records=tuple(
                RecordToWrite.from_dict(record)
                for record in records.items({"dns_records": [], **entry}, "dns_records")
            ),
        )


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A change of a finding since its last notification.

    `previous_verdict` is the last notified verdict, and `since` the time of the first notification.
    For a resolved finding, `current_state` is a sentence about the certificate, and `name` contains
    its domain names if it still exists.
    """

    certificate_arn: str
    kind: ChangeKind
    previous_verdict: str | None = None
    since: datetime | None = None
    name: str = ""
    current_state: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "certificate_arn": self.certificate_arn,
            "kind": self.kind.value,
            "previous_verdict": _cleaned(self.previous_verdict),
            "since": _iso(self.since),
            "name": clean_lines(self.name),
            "current_state": _cleaned(self.current_state),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise.

        An earlier version used the keys `was` and `now`, the kind `over`, and former words for
        some verdicts.
        """
        entry = records.renamed(entry, {"was": "previous_verdict", "now": "current_state"})
        kind = records.text(entry, "kind")
        previous = records.optional_text(entry, "previous_verdict")
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            kind=ChangeKind.RESOLVED if kind == "over" else ChangeKind(kind),
            previous_verdict=None if previous is None else present_word(previous),
            since=records.optional_timestamp(entry, "since"),
            name=records.text(entry, "name"),
            current_state=records.optional_text(entry, "current_state"),
        )


@dataclass(frozen=True, slots=True)
class ScopeResult:
    """The result of one account and region.

    `certificates` is the number of scanned ones, `ignored` that of those outside the coverage.
    `not_listed` are the classes of certificates that could not be listed.
    `public_dns` counts names that were checked there, None if public DNS is not queried.
    """

    account_id: str
    region: str
    status: ScopeStatus
    certificates: int
    error: str | None
    ignored: int = 0
    not_listed: tuple[InventoryGap, ...] = ()
    public_dns: DnsCounts | None = None

    @property
    def label(self) -> str:
        """The account and region in messages."""
        return f"account {self.account_id}, {self.region}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "account_id": self.account_id,
            "region": self.region,
            "status": self.status.value,
            "certificates": self.certificates,
            "ignored": self.ignored,
            "public_dns": None if self.public_dns is None else self.public_dns.to_dict(),
            "error": _cleaned(self.error),
            "not_listed": [gap.to_dict() for gap in self.not_listed],
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise.

        Earlier versions had no `not_listed`, `ignored` and `public_dns`.
        """
        gaps = records.items({"not_listed": [], **entry}, "not_listed")
        counted = dict(entry).get("public_dns") is not None
        return cls(
            account_id=records.text(entry, "account_id"),
            region=records.text(entry, "region"),
            status=ScopeStatus(records.text(entry, "status")),
            certificates=records.number(entry, "certificates"),
            error=records.optional_text(entry, "error"),
            ignored=records.number({"ignored": 0, **entry}, "ignored"),
            not_listed=tuple(map(InventoryGap.from_dict, gaps)),
            public_dns=DnsCounts.from_dict(records.table(entry, "public_dns")) if counted else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The findings and actions of one run, in all of its scopes or in one of them.

    `changes` are the differences from the last notification; empty without alert records.
    `recovered_scopes` names accounts and regions that can be scanned in full again, and `since`
    has the time of the first notification by ARN. `healthy` counts healthy certificates that are
    not in `assessments`, by verdict. `report` is the address of the report, which has all findings.
    `full_scan` is false if the run was restricted to certain certificates. `sdk` has the versions
    of the SDK.
    `problems` are failures that belong to no scope, such as an unwritten report.
    `import_sources` and `export_targets` are the ARNs that these settings name.
    `function_arn` is the function that runs, and `runbook_url` the page of the runbook, to which
    messages link; None if there is none.
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
    full_scan: bool = True
    sdk: str = ""
    problems: Sequence[str] = ()
    import_sources: Collection[str] = ()
    export_targets: Collection[str] = ()
    function_arn: str | None = None
    runbook_url: str | None = None
    #: The assessments that are not healthy: most severe first, then by expiry.
    findings: Sequence[Assessment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the findings once: messages, reports and events read them many times."""
        found = [entry for entry in self.assessments if not entry.decision.healthy]
        object.__setattr__(self, "findings", sorted(found, key=urgency))

    @property
    def open_findings(self) -> int:
        """The number of failed scopes, and of findings that are urgent or have a next step.

        An incomplete inventory is one of these findings.
        """
        reportable = sum(entry.decision.reportable for entry in self.assessments)
        return reportable + len(self.failed_scopes) + bool(self.not_listed)

    @property
    def muted_findings(self) -> list[Assessment]:
        """The open findings that are muted."""
        return [entry for entry in self.findings if entry.muted]

    @property
    def next_expiry(self) -> tuple[datetime, Assessment] | None:
        """The first expiry after the run of a certificate in use, with the certificate.

        Certificates in `healthy` are only counted, so that their expiries are not known here.
        """
        ends = (
            (entry.certificate.not_after, entry)
            for entry in self.assessments
            if entry.certificate.used
        )
        later = [(at, entry) for at, entry in ends if at is not None and at > self.finished_at]
        return min(later, key=lambda item: (item[0], item[1].certificate.arn), default=None)

    @property
    def counts(self) -> dict[str, int]:
        """The number of certificates by verdict, and of findings without a certificate."""
        counted = Counter(self.healthy)
        counted.update(entry.decision.verdict.value for entry in self.assessments)
        if self.failed_scopes:
            counted[Verdict.SCAN_FAILED.value] = len(self.failed_scopes)
        if self.not_listed:
            counted[Verdict.INVENTORY_INCOMPLETE.value] = 1
        return dict(sorted(counted.items()))

    @property
    def failed_scopes(self) -> list[ScopeResult]:
        """The scopes that could not be scanned."""
        return [scope for scope in self.scopes if scope.status is ScopeStatus.FAILED]

    @property
    def not_listed(self) -> Mapping[InventoryGap, int]:
        """The classes that could not be listed, with the number of accounts and regions."""
        counted = Counter(gap for scope in self.scopes for gap in scope.not_listed)
        every = [InventoryGap(known, cause) for known in HIDDEN_CLASSES for cause in GapCause]
        return {gap: counted[gap] for gap in every if gap in counted}

    @property
    def inventory_message(self) -> str:
        """The classes that the inventory lacks, with the remedy; empty if it lacks none."""
        return gaps_text(self.not_listed, self.sdk)

    @property
    def certificates(self) -> int:
        """The number of scanned certificates."""
        return sum(scope.certificates for scope in self.scopes)

    @property
    def ignored(self) -> int:
        """The number of certificates outside the coverage that were ignored."""
        return sum(scope.ignored for scope in self.scopes)

    @property
    def public_dns(self) -> DnsCounts | None:
        """The number of names that were checked in public DNS; None if it is not queried."""
        counts = [scope.public_dns for scope in self.scopes if scope.public_dns is not None]
        return sum(counts[1:], counts[0]) if counts else None

    @property
    def failed_actions(self) -> list[ActionRecord]:
        """The actions that failed."""
        return [record for record in self.actions if record.outcome is Outcome.FAILED]

    @property
    def done(self) -> list[ActionRecord]:
        """The actions that changed something."""
        return [r for r in self.actions if r.outcome in (Outcome.DONE, Outcome.STARTED)]

    @property
    def failed(self) -> bool:
        """Whether a scan or a part of one, an action or anything else failed."""
        scanned = all(scope.status is ScopeStatus.OK for scope in self.scopes)
        return not scanned or bool(self.failed_actions) or bool(self.problems)

    @property
    def incomplete(self) -> bool:
        """Whether anything failed, or a class of certificates could not be listed."""
        return self.failed or bool(self.not_listed)


def result(run: Run, notification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the handler's result as plain data for JSON."""
    where = {"report": run.report} if run.report else {}
    return {**report_entry(run), "notification": dict(notification), **where}


def summary_entry(run: Run) -> dict[str, Any]:
    """Return when and what a run scanned, and the number of certificates by verdict."""
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "sdk": run.sdk,
        "scopes": [scope.to_dict() for scope in run.scopes],
        "counts": run.counts,
    }


def report_entry(run: Run) -> dict[str, Any]:
    """Return the findings and actions of a run as plain data."""
    return {
        **summary_entry(run),
        "findings": finding_entries(run, run.findings),
        "actions": [record.to_dict() for record in run.actions],
        "open_findings": run.open_findings,
        "muted_findings": len(run.muted_findings),
        "ignored": run.ignored,
        "expiring_certificates": sum(_expires(e) for e in run.assessments),
        "renewed_certificates": sum(record.is_renewal for record in run.actions),
    }


def _expires(entry: Assessment) -> bool:
    """Whether it expires soon or has expired; an import or export may be due before that."""
    decision = entry.decision
    return decision.verdict in EXPIRING and decision.reason not in _NOT_ABOUT_EXPIRY


def finding_entries(
    run: Run, findings: Sequence[Assessment], scopes: Sequence[ScopeResult] | None = None
) -> list[dict[str, Any]]:
    """Return an entry for each failed scope, one for an incomplete inventory, and `findings`.

    With `scopes`, the failed ones among these replace those of the run.
    """
    shown = run.scopes if scopes is None else scopes
    return [
        *(_failed_scope_entry(scope) for scope in shown if scope.status is ScopeStatus.FAILED),
        *([_inventory_entry(run)] if run.not_listed else []),
        *(entry.to_dict(run.started_at) for entry in findings),
    ]


def _failed_scope_entry(scope: ScopeResult) -> dict[str, Any]:
    return _without_certificate() | {
        "account_id": scope.account_id,
        "region": scope.region,
        "verdict": Verdict.SCAN_FAILED.value,
        "severity": Severity.WARNING.label,
        "reason": Reason.SCOPE_FAILED.value,
        "message": _cleaned(scope.error),
        "action": Action.INVESTIGATE.value,
        "problem_key": problem_key(scope_subject(scope.account_id, scope.region)),
    }


def _inventory_entry(run: Run) -> dict[str, Any]:
    return _without_certificate() | {
        "verdict": Verdict.INVENTORY_INCOMPLETE.value,
        "severity": Severity.INFO.label,
        "reason": Reason.CLASS_NOT_LISTED.value,
        "message": run.inventory_message,
        "action": Action.INVESTIGATE.value,
        "problem_key": problem_key(INVENTORY),
    }


def _without_certificate() -> dict[str, Any]:
    """Return the form of a finding without a certificate."""
    return {
        finding_field.name: [] if finding_field.many else None for finding_field in FINDING_FIELDS
    }


def _cleaned(text: str | None) -> str | None:
    return None if text is None else clean_lines(text)


def _word(member: StrEnum | None) -> str | None:
    return None if member is None else member.value


def _iso(at: date | None) -> str | None:
    return at.isoformat() if at else None


def urgency(entry: Assessment) -> tuple[int, bool, float, str]:
    """Return a sort key: most severe first, then by expiry, without regard to ACM's order."""
    ends = entry.certificate.not_after
    return (
        -entry.decision.severity,
        not entry.notifiable,
        ends.timestamp() if ends else 0.0,
        entry.certificate.arn,
    )
