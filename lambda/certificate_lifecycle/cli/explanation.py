"""Everything about one certificate: the observation, decision and actions of a run, and more.

Facts that a run does not read are added for information and do not change its decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import ScopeClients
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeScan, act, scan
from certificate_lifecycle.app.succession import SuccessorSearch
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import wanted_records
from certificate_lifecycle.cli.find_certificate import Located
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.cli.trace import Outlook, Trace, forecast, trace
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import ActionRecord, Assessment
from certificate_lifecycle.policy.continuity import Candidate, Continuity
from certificate_lifecycle.policy.coverage import Coverage, Others
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.ownership import is_issued_by
from certificate_lifecycle.policy.succession import ReplacementRecord
from certificate_lifecycle.policy.validation import RecordFinding, distinct

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about one certificate.

    `certificate` has all details; `assessment` is that of a run, and `trace` how the checks came to
    it: the TLS probe follows them and may change the verdict. `covered` says whether the instance
    covers it, None if that is unknown, and `coverage` why. `records` are the validation records
    in DNS, `candidates` the certificates with one of its names, `actions` what a run would do or
    advise. `monitored` says whether runs of a deployed
    function scan the certificate. `problems` are the parts that could not be read.
    """

    certificate: Certificate
    assessment: Assessment
    observation: Observation
    trace: Trace
    covered: bool | None
    coverage: str
    forecast: tuple[Outlook, ...]
    records: tuple[RecordFinding, ...]
    candidates: tuple[Candidate, ...]
    used_by: tuple[str, ...]
    replacement_record: ReplacementRecord | None
    alert_record: AlertRecord | None
    actions: tuple[ActionRecord, ...]
    mode: str
    monitored: bool
    now: datetime
    problems: tuple[str, ...]

    @property
    def successor(self) -> Certificate | None:
        """The certificate that takes over."""
        return _first(self.candidates, Continuity.AUTOMATIC)


def explain(
    session: Session, located: Located, *, monitored_within: Coverage | None
) -> Explanation:
    """Scan a certificate as a run does, and read everything else about it.

    `monitored_within` is the coverage of the deployed function in the account and region of the
    certificate, None if the function does not scan there.
    Raises CertificateNotFoundError if it does not exist or could not be scanned.
    """
    arn, clients = located.certificate.arn, located.clients
    request = replace(session.request(), scopes=(located.scope,), certificate_arns=[arn])
    configured = request.narrowed(located.scope)
    scanned = scan(_reporting(request), located.scope, clients, session.clock)
    observation = _observation(scanned, arn)
    problems = list(scanned.result.problems)
    run = act(scanned, session.current_time).run
    assessment = next(entry for entry in run.assessments if entry.certificate.arn == arn)
    certificate = _described(observation, clients, problems)
    outside = assessment.outside_scope
    covered = None if arn in scanned.result.undecided else not outside
    record = scanned.state.replacement_records.get(arn)
    search = SuccessorSearch.among(
        scanned.result.everything, scanned.context, clients.certificates, clients.catalog
    )
    candidates = tuple(search.candidates(certificate, record))
    renewed_as = observation.renewed_as or search.acme_renewal(certificate)
    problems += search.problems
    known = replace(
        observation,
        successor=observation.successor or _first(candidates, Continuity.AUTOMATIC),
        proposal=observation.proposal or _first(candidates, Continuity.PROPOSAL),
        renewed_as=renewed_as,
    )
    return Explanation(
        certificate=certificate,
        assessment=replace(assessment, certificate=certificate),
        observation=observation,
        trace=trace(observation, request.thresholds, request.now),
        covered=covered,
        coverage=_why_covered(covered, configured, certificate),
        forecast=forecast(known, request.thresholds, request.now),
        records=_records(certificate, clients, problems),
        candidates=candidates,
        used_by=_used_by(certificate, clients, problems),
        replacement_record=record,
        alert_record=scanned.state.alert_records.get(arn),
        actions=tuple(action for action in run.actions if action.certificate_arn == arn),
        mode=request.mode,
        monitored=_is_monitored(monitored_within, configured, certificate),
        now=request.now,
        problems=tuple(dict.fromkeys(problems)),
    )


def _reporting(request: RunRequest) -> RunRequest:
    """Return a request that also reports a certificate outside the coverage."""
    accounts = {
        account_id: replace(account, coverage=replace(account.coverage, others=Others.REPORT))
        for account_id, account in request.accounts.items()
    }
    coverage = replace(request.coverage, others=Others.REPORT)
    return replace(request, coverage=coverage, accounts=accounts)


def _why_covered(covered: bool | None, request: RunRequest, certificate: Certificate) -> str:  # noqa: FBT001 - an answer, not a switch
    """Return a clause about the coverage of a certificate in the account of a request."""
    named = {*request.import_sources, *(item.certificate_arn for item in request.export_targets)}
    if covered is None:
        return "its names or tags could not be read"
    if not covered:
        return request.coverage.outside_reason(certificate)
    if not request.coverage.limited:
        return "the scope has no conditions"
    if certificate.arn in named:
        return "an import source or an export target names it"
    if is_issued_by(certificate, request.instance, request.allowed_domains):
        return f"{request.instance} issued it"
    return "it meets the conditions of the scope"


def _is_monitored(coverage: Coverage | None, request: RunRequest, certificate: Certificate) -> bool:
    """Whether the runs of the deployed function with a coverage report the certificate."""
    if coverage is None:
        return False
    issued = is_issued_by(certificate, request.instance, request.allowed_domains)
    covered = coverage.covers(certificate, issued_here=issued)
    return covered is not False or coverage.others is Others.REPORT


def _described(observation: Observation, clients: ScopeClients, problems: list[str]) -> Certificate:
    """Return a certificate with all details; other stores than ACM always list them."""
    scanned = observation.certificate
    if scanned.arn.split(":")[2] != "acm" or observation.detail_error is not None:
        return scanned

    def describe() -> Certificate:
        described = scanned.described_as(clients.certificates.describe(scanned.arn))
        return described.with_tags(clients.certificates.tags(scanned.arn))

    return _read("details", describe, problems) or scanned


def _records(
    certificate: Certificate, clients: ScopeClients, problems: list[str]
) -> tuple[RecordFinding, ...]:
    wanted = distinct(wanted_records(certificate))
    if not wanted:
        return ()
    return _read("validation records", lambda: inspect(clients.dns, wanted), problems) or ()


def _used_by(
    certificate: Certificate, clients: ScopeClients, problems: list[str]
) -> tuple[str, ...]:
    def names() -> Sequence[str]:
        if clients.consumers is None:
            return clients.catalog.names(certificate)
        search = clients.consumers.find(certificate)
        problems.extend(
            f"consumers of {place} could not be read: {error_summary(error)}"
            for place, error in search.errors.items()
        )
        return [f"{binding.label} ({binding.kind.name})" for binding in search.bindings]

    found = _read("consumers", names, problems) or ()
    return tuple(dict.fromkeys(found)) or certificate.detail.in_use_by


def _observation(scanned: ScopeScan, arn: str) -> Observation:
    for observation in scanned.result.observations:
        if observation.certificate.arn == arn:
            return observation
    problems = "; ".join(scanned.result.problems)
    raise CertificateNotFoundError(problems or f"{arn} does not exist")


def _read(part: str, read: Callable[[], T], problems: list[str]) -> T | None:
    """Return the result of `read`; after an error None, with the error added to `problems`."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - one failure must not stop the others
        problems.append(f"{part} could not be read: {error_summary(error)}")
        return None


def explanation_entry(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data, see docs/schemas/certificates-explain.json."""
    certificate, observation = explanation.certificate, explanation.observation
    detail, source, export = certificate.detail, observation.source, observation.export
    return {
        **explanation.assessment.to_dict(explanation.now),
        "at": explanation.now.isoformat(),
        "key_algorithm": certificate.key_algorithm,
        "root_hierarchy_type": certificate.root_hierarchy,
        "certificate_usage": certificate.certificate_usage,
        "listed": certificate.listed,
        "tags": dict(detail.tags),
        "renewal_eligible": certificate.renewal_eligible,
        "renewal_status": detail.renewal.status.value if detail.renewal else None,
        "used_by": list(explanation.used_by),
        "checks": [asdict(check) for check in explanation.trace.checks],
        "forecast": [_outlook_entry(outlook) for outlook in explanation.forecast],
        "validation_records": [_record_entry(record) for record in explanation.records],
        "successor_arn": explanation.successor.arn if explanation.successor else None,
        "candidates": [_candidate_entry(candidate) for candidate in explanation.candidates],
        "import_source": _secret_entry(source.secret_arn, source.state, source.text)
        if source
        else None,
        "export_target": _secret_entry(
            export.target.secret_arn, export.state, export.blocked_reason
        )
        if export
        else None,
        "replacement": _replacement_entry(explanation.replacement_record),
        "last_notified": _alert_entry(explanation.alert_record),
        "mode": explanation.mode,
        "monitored": explanation.monitored,
        "covered": explanation.covered,
        "coverage_reason": explanation.coverage,
        "next_actions": [action.to_dict() for action in explanation.actions],
        "problems": list(explanation.problems),
    }


def _first(candidates: Iterable[Candidate], continuity: Continuity) -> Certificate | None:
    found = (entry.certificate for entry in candidates if entry.continuity is continuity)
    return next(found, None)


def _candidate_entry(candidate: Candidate) -> dict[str, Any]:
    certificate = candidate.certificate
    return {
        "certificate_arn": certificate.arn,
        "names": list(certificate.names),
        "not_after": certificate.not_after.isoformat() if certificate.not_after else None,
        "continuity": candidate.continuity.value,
        "reasons": [reason.value for reason in candidate.reasons],
    }


def _outlook_entry(outlook: Outlook) -> dict[str, Any]:
    decision = outlook.decision
    return {
        "at": outlook.at.isoformat(),
        "verdict": decision.verdict.value,
        "severity": decision.severity.label,
        "reason": decision.reason.value,
        "action": decision.action.value,
    }


def _record_entry(finding: RecordFinding) -> dict[str, Any]:
    return {
        "name": finding.record.name,
        "type": finding.record.type,
        "value": finding.record.value,
        "state": finding.state.value,
        "zone_id": finding.zone.zone_id if finding.zone else None,
        "found": finding.found,
    }


def _secret_entry(secret_arn: str, state: Enum, text: str | None) -> dict[str, Any]:
    return {"secret_arn": secret_arn, "state": state.value, "text": text}


def _alert_entry(alert_record: AlertRecord | None) -> dict[str, Any] | None:
    if alert_record is None:
        return None
    stored = alert_record.to_dict()
    return {name: stored[name] for name in ("verdict", "severity", "told_at", "since")}


def _replacement_entry(record: ReplacementRecord | None) -> dict[str, Any] | None:
    if record is None:
        return None
    stored = record.to_dict()
    shown = ("state", "started_at", "successor_arn", "attempt", "note")
    return {name: stored[name] for name in shown} | {
        "moves": [
            {"consumer": move.binding.label, "status": move.status.value, "note": move.note}
            for move in record.moves
        ],
    }
