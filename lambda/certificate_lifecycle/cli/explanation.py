"""Everything about one certificate: what a run sees in it, decides and would do, and what is known.

What a run decides by is what it looks at itself; all else is read beside it, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import Clock, ScopeClients
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeScan, act, scan
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import wanted_records
from certificate_lifecycle.cli.trace import Outlook, Step, Trace, forecast, trace
from certificate_lifecycle.model.certificate import Certificate, Decision
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import ActionRecord, Assessment
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.chain import find_successor
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.succession import ReplacementRecord
from certificate_lifecycle.policy.validation import RecordFinding, distinct

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of one certificate, and what comes next.

    `certificate` has all of its detail, whether or not a run needs it; `entry` is the finding of a
    run, and `trace` how the checks came to it: what is served is looked at after them and may
    change the verdict. `records` is what stands where ACM wants its validation records, `used_by`
    what uses it. `actions` is what a run would do for it or advise, and `watched` whether runs of a
    deployed function look at it. `problems` could not be found out.
    """

    certificate: Certificate
    entry: Assessment
    observation: Observation
    trace: Trace
    forecast: tuple[Outlook, ...]
    records: tuple[RecordFinding, ...]
    successor: Certificate | None
    used_by: tuple[str, ...]
    replacement_record: ReplacementRecord | None
    memory: AlertRecord | None
    actions: tuple[ActionRecord, ...]
    mode: str
    watched: bool
    now: datetime
    problems: tuple[str, ...]

    @property
    def decision(self) -> Decision:
        """What a run decides in the end."""
        return self.entry.decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Explaining:
    """Explains certificates of one account and region.

    `request` is a dry run in the mode of the instance; `watched` says whether its runs look there.
    """

    request: RunRequest
    scope: Scope
    clients: ScopeClients
    clock: Clock
    current_time: Callable[[], datetime]
    watched: bool = False

    def explain(self, arn: str) -> Explanation:
        """Look at a certificate as a run does, and at all that a run has no need to know.

        Raises CertificateNotFoundError if it is not there, or could not be looked at.
        """
        request = replace(self.request, scopes=(self.scope,), certificate_arns=[arn], dry_run=True)
        seen = scan(request, self.scope, self.clients, self.clock)
        observation = _of(seen, arn)
        problems = list(seen.found.problems)
        run_scope = act(seen, self.current_time)
        entry = next(
            assessment
            for assessment in run_scope.run.assessments
            if assessment.certificate.arn == arn
        )
        certificate = self._described(observation, problems)
        successor = find_successor(
            certificate, seen.found.everything, request.thresholds, request.now
        )
        known = replace(observation, successor=observation.successor or successor)
        return Explanation(
            certificate=certificate,
            entry=replace(entry, certificate=certificate),
            observation=observation,
            trace=trace(observation, request.thresholds, request.now),
            forecast=forecast(known, request.thresholds, request.now),
            records=self._records(certificate, problems),
            successor=successor,
            used_by=self._used_by(certificate, problems),
            replacement_record=seen.state.replacement_records.get(arn),
            memory=seen.state.alert_records.get(arn),
            actions=tuple(
                action for action in run_scope.run.actions if action.certificate_arn == arn
            ),
            mode=request.mode,
            watched=self.watched,
            now=request.now,
            problems=tuple(dict.fromkeys(problems)),
        )

    def _described(self, observation: Observation, problems: list[str]) -> Certificate:
        """Return a certificate of ACM with all of its detail; of another store all is known."""
        seen = observation.certificate
        if seen.arn.split(":")[2] != "acm" or observation.detail_error is not None:
            return seen
        certificates = self.clients.certificates

        def describe() -> Certificate:
            described = seen.described_as(certificates.describe(seen.arn))
            return described.with_tags(certificates.tags(seen.arn))

        return _tried("its details", describe, problems) or seen

    def _records(self, certificate: Certificate, problems: list[str]) -> tuple[RecordFinding, ...]:
        wanted = distinct(wanted_records(certificate))
        if not wanted:
            return ()
        return (
            _tried("validation records", lambda: inspect(self.clients.dns, wanted), problems) or ()
        )

    def _used_by(self, certificate: Certificate, problems: list[str]) -> tuple[str, ...]:
        consumers, catalog = self.clients.consumers, self.clients.catalog

        def names() -> Sequence[str]:
            if consumers is not None:
                return [
                    f"{entry.label} ({entry.kind.name})" for entry in consumers.find(certificate)
                ]
            return catalog.names(certificate)

        named = tuple(_tried("what uses it", names, problems) or ())
        arns = certificate.detail.in_use_by
        return tuple(dict.fromkeys(named)) or arns


def _of(seen: ScopeScan, arn: str) -> Observation:
    for observation in seen.found.observations:
        if observation.certificate.arn == arn:
            return observation
    why = "; ".join(seen.found.problems)
    raise CertificateNotFoundError(why or f"{arn} does not exist")


def _tried(what: str, read: Callable[[], T], problems: list[str]) -> T | None:
    """Return what is read, or None after noting why it is not."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - one must not stop the others; shown at the end
        problems.append(f"{what} could not be read: {error_summary(error)}")
        return None


# --- As plain data --------------------------------------------------------------------------------


def explanation_entry(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data, see docs/schemas/certificates-explain.json."""
    certificate, observation = explanation.certificate, explanation.observation
    detail, source, export = certificate.detail, observation.source, observation.export
    successor, replacement_record, memory = (
        explanation.successor,
        explanation.replacement_record,
        explanation.memory,
    )
    return {
        **explanation.entry.to_dict(explanation.now),
        "at": explanation.now.isoformat(),
        "key_algorithm": certificate.key_algorithm,
        "tags": dict(detail.tags),
        "renewal_eligible": certificate.renewal_eligible,
        "renewal_status": detail.renewal.status.value if detail.renewal else None,
        "used_by": list(explanation.used_by),
        "checks": [_step_entry(step) for step in explanation.trace.steps],
        "forecast": [_outlook_entry(entry) for entry in explanation.forecast],
        "validation_records": [_record_entry(record) for record in explanation.records],
        "successor_arn": successor.arn if successor else None,
        "import_source": _secret_entry(source.secret_arn, source.state, source.text)
        if source
        else None,
        "export_target": _secret_entry(
            export.target.secret_arn, export.state, export.blocked_reason
        )
        if export
        else None,
        "replacement": _journal_entry(replacement_record) if replacement_record else None,
        "last_notified": _memory_entry(memory) if memory else None,
        "mode": explanation.mode,
        "monitored": explanation.watched,
        "next_actions": [action.to_dict() for action in explanation.actions],
        "problems": list(explanation.problems),
    }


def _step_entry(step: Step) -> dict[str, Any]:
    return {
        "name": step.check,
        "question": step.question,
        "answer": step.answer.value,
        "facts": dict(step.facts),
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


def _memory_entry(memory: AlertRecord) -> dict[str, Any]:
    stored = memory.to_dict()
    return {name: stored[name] for name in ("verdict", "severity", "told_at", "since")}


def _journal_entry(replacement_record: ReplacementRecord) -> dict[str, Any]:
    stored = replacement_record.to_dict()
    shown = ("state", "started_at", "successor_arn", "attempt", "note")
    return {name: stored[name] for name in shown} | {
        "moves": [
            {"consumer": move["label"], "status": move["status"], "note": move["note"]}
            for move in stored["moves"]
        ],
    }
