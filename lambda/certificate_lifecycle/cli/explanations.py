"""Everything about one certificate: what a run sees in it, decides and would do, and what is known.

What a run decides by is what it looks at itself; all else is read beside it, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.ports import Clock, Surroundings
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope import ScopeScan, act, scan
from certificate_lifecycle.app.validation import inspect
from certificate_lifecycle.app.waiting import wanted_records
from certificate_lifecycle.core.assessment import find_successor
from certificate_lifecycle.core.explanation import Outlook, Step, Trace, forecast, trace
from certificate_lifecycle.core.memory import Memory
from certificate_lifecycle.core.model import Certificate, Decision
from certificate_lifecycle.core.observation import Observation
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.run import ActionRecord, Assessed
from certificate_lifecycle.core.validation import RecordFinding, distinct
from certificate_lifecycle.errors import CertificateNotFoundError

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
    entry: Assessed
    observation: Observation
    trace: Trace
    forecast: tuple[Outlook, ...]
    records: tuple[RecordFinding, ...]
    successor: Certificate | None
    used_by: tuple[str, ...]
    journal: Journal | None
    memory: Memory | None
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

    `order` is a dry run in the mode of the instance; `watched` says whether its runs look there.
    """

    order: RunRequest
    place: Place
    around: Surroundings
    clock: Clock
    current_time: Callable[[], datetime]
    watched: bool = False

    def explain(self, arn: str) -> Explanation:
        """Look at a certificate as a run does, and at all that a run has no need to know.

        Raises CertificateNotFoundError if it is not there, or could not be looked at.
        """
        order = replace(self.order, scopes=(self.place,), certificate_arns=[arn], dry_run=True)
        seen = scan(order, self.place, self.around, self.clock)
        observation = _of(seen, arn)
        problems = list(seen.found.problems)
        visit = act(seen, self.current_time)
        entry = next(each for each in visit.run.assessed if each.certificate.arn == arn)
        certificate = self._described(observation, problems)
        successor = find_successor(certificate, seen.found.everything, order.thresholds, order.now)
        known = replace(observation, successor=observation.successor or successor)
        return Explanation(
            certificate=certificate,
            entry=replace(entry, certificate=certificate),
            observation=observation,
            trace=trace(observation, order.thresholds, order.now),
            forecast=forecast(known, order.thresholds, order.now),
            records=self._records(certificate, problems),
            successor=successor,
            used_by=self._used_by(certificate, problems),
            journal=seen.state.journals.get(arn),
            memory=seen.state.memories.get(arn),
            actions=tuple(each for each in visit.run.actions if each.certificate_arn == arn),
            mode=order.mode,
            watched=self.watched,
            now=order.now,
            problems=tuple(dict.fromkeys(problems)),
        )

    def _described(self, observation: Observation, problems: list[str]) -> Certificate:
        """Return a certificate of ACM with all of its detail; of another store all is known."""
        seen = observation.certificate
        if seen.arn.split(":")[2] != "acm" or observation.detail_error is not None:
            return seen
        certificates = self.around.certificates

        def describe() -> Certificate:
            described = seen.described_as(certificates.describe(seen.arn))
            return described.with_tags(certificates.tags(seen.arn))

        return _tried("its details", describe, problems) or seen

    def _records(self, certificate: Certificate, problems: list[str]) -> tuple[RecordFinding, ...]:
        wanted = distinct(wanted_records(certificate))
        if not wanted:
            return ()
        return (
            _tried("validation records", lambda: inspect(self.around.dns, wanted), problems) or ()
        )

    def _used_by(self, certificate: Certificate, problems: list[str]) -> tuple[str, ...]:
        consumers, catalog = self.around.consumers, self.around.catalog

        def names() -> Sequence[str]:
            if consumers is not None:
                return [f"{each.label} ({each.kind.name})" for each in consumers.find(certificate)]
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
        problems.append(f"{what} could not be read: {clause(error)}")
        return None


# --- As plain data --------------------------------------------------------------------------------


def explanation_entry(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain data, see docs/schemas/certificates-explain.json."""
    certificate, observation = explanation.certificate, explanation.observation
    detail, source, export = certificate.detail, observation.source, observation.export
    successor, journal, memory = explanation.successor, explanation.journal, explanation.memory
    return {
        **explanation.entry.to_dict(explanation.now),
        "at": explanation.now.isoformat(),
        "key_algorithm": certificate.key_algorithm,
        "tags": dict(detail.tags),
        "renewal_eligible": certificate.renewal_eligible,
        "renewal_status": detail.renewal.status.value if detail.renewal else None,
        "used_by": list(explanation.used_by),
        "checks": [_step_entry(step) for step in explanation.trace.steps],
        "forecast": [_outlook_entry(each) for each in explanation.forecast],
        "validation_records": [_record_entry(each) for each in explanation.records],
        "successor_arn": successor.arn if successor else None,
        "import_source": _secret_entry(source.secret_arn, source.state, source.text)
        if source
        else None,
        "export_target": _secret_entry(export.target.secret_arn, export.state, export.why)
        if export
        else None,
        "replacement": _journal_entry(journal) if journal else None,
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


def _memory_entry(memory: Memory) -> dict[str, Any]:
    stored = memory.to_dict()
    return {name: stored[name] for name in ("verdict", "severity", "told_at", "since")}


def _journal_entry(journal: Journal) -> dict[str, Any]:
    stored = journal.to_dict()
    shown = ("state", "started_at", "successor_arn", "attempt", "note")
    return {name: stored[name] for name in shown} | {
        "moves": [
            {"consumer": move["label"], "status": move["status"], "note": move["note"]}
            for move in stored["moves"]
        ],
    }
