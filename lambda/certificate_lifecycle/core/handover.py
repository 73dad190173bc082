"""What the look at one account hands to the step that tells of a whole organization.

A document a region, plain data: the findings in the very shape of the rotation's result, and the
rest as numbers, so that it grows with what is wrong and not with what exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from certificate_lifecycle.core.memory import SCOPE, Memory, Note
from certificate_lifecycle.core.model import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Detail,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.core.moments import instant_from, moment_from
from certificate_lifecycle.core.place import arn_from
from certificate_lifecycle.core.run import (
    ActionRecord,
    Assessed,
    Change,
    ChangeKind,
    Outcome,
    Run,
    Scope,
    ScopeStatus,
    action_entry,
    change_entry,
    finding_entry,
    scope_entry,
)
from certificate_lifecycle.core.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """One account and region as its own look left it.

    `healthy` counts by verdict what needs nothing; `looked_by` is the run that looked, in whose
    name the ledger was written. `memories`, `notes` and `journals` (by certificate, the version
    that the story was read from) are what the ledger is owed once the message is out, and `over`
    is what it may drop then.
    """

    scope: Scope
    looked_by: str
    has_news: bool
    problems: Sequence[str] = ()
    findings: Sequence[Assessed] = ()
    healthy: Mapping[str, int] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    regained: Sequence[str] = ()
    since: Mapping[str, datetime] = field(default_factory=dict)
    actions: Sequence[ActionRecord] = ()
    memories: Sequence[Memory] = ()
    notes: Sequence[Note] = ()
    over: Sequence[Memory] = ()
    journals: Mapping[str, int] = field(default_factory=dict)


def healthy_counts(run: Run) -> dict[str, int]:
    """Return how many certificates of `run` need nothing, by verdict."""
    return dict(
        Counter(e.decision.verdict.value for e in run.assessed if e.decision.healthy)
        + Counter(run.healthy)
    )


def document(handover: Handover, now: datetime) -> dict[str, Any]:
    """Return a handover as plain data, ready for JSON."""
    return {
        "scope": scope_entry(handover.scope),
        "looked_by": handover.looked_by,
        "has_news": handover.has_news,
        "problems": list(handover.problems),
        "findings": [finding_entry(entry, now) for entry in handover.findings],
        "healthy": dict(handover.healthy),
        "changes": [change_entry(change) for change in handover.changes],
        "regained": list(handover.regained),
        "since": {arn: since.isoformat() for arn, since in handover.since.items()},
        "actions": [
            {**action_entry(record), "renewed": record.renewed} for record in handover.actions
        ],
        "memories": [_memory_entry(memory) for memory in handover.memories],
        "over": [_memory_entry(memory) for memory in handover.over],
        "notes": [_note_entry(note) for note in handover.notes],
        "journals": dict(handover.journals),
    }


def handover(found: Mapping[str, Any]) -> Handover:
    """Return the handover of a document; raises KeyError, TypeError or ValueError if it is none."""
    scope = found["scope"]
    return Handover(
        scope=Scope(
            account_id=str(scope["account_id"]),
            region=str(scope["region"]),
            status=ScopeStatus(scope["status"]),
            certificates=int(scope["certificates"]),
            error=_optional(scope["error"]),
        ),
        looked_by=str(found["looked_by"]),
        has_news=bool(found["has_news"]),
        problems=tuple(str(problem) for problem in found["problems"]),
        findings=tuple(_assessed(entry) for entry in found["findings"]),
        healthy={Verdict.of(name).value: int(n) for name, n in found["healthy"].items()},
        changes=tuple(_change(entry) for entry in found["changes"]),
        regained=tuple(clean(str(label)) for label in found["regained"]),
        since={str(arn): moment_from(at) for arn, at in found["since"].items()},
        actions=tuple(_record(entry) for entry in found["actions"]),
        memories=tuple(_memory(entry) for entry in found["memories"]),
        over=tuple(_memory(entry) for entry in found["over"]),
        notes=tuple(_note(entry) for entry in found["notes"]),
        journals={str(arn): int(version) for arn, version in found["journals"].items()},
    )


def _assessed(entry: Mapping[str, Any]) -> Assessed:
    """Return a finding with as much of its certificate as people are told."""
    names = [entry["domain_name"], *entry["alternative_names"]] if entry["domain_name"] else []
    ends = entry["not_after"]
    certificate = Certificate(
        arn=_arn(entry),
        names=tuple(str(name) for name in names),
        status=CertificateStatus(entry["status"]),
        type=CertificateType(entry["type"]),
        key_algorithm="",
        in_use=bool(entry["in_use"]),
        not_after=instant_from(ends) if ends else None,
        detail=Detail(in_use_by=tuple(str(user) for user in entry["in_use_by"])),
    )
    decision = Decision(
        verdict=Verdict.of(entry["verdict"]),
        severity=Severity[str(entry["severity"]).upper()],
        reason=Reason.of(entry["reason"]),
        message=str(entry["message"]),
        action=Action.of(entry["action"]),
    )
    muted_until = entry["muted_until"]
    return Assessed(
        certificate,
        decision,
        used_by=tuple(str(user) for user in entry["used_by"]),
        owner=_optional(entry["owner"]),
        muted_until=date.fromisoformat(muted_until) if muted_until else None,
        served=tuple(str(sentence) for sentence in entry["served"]),
    )


def _arn(entry: Mapping[str, Any]) -> str:
    return arn_from(str(entry["certificate_arn"]))


def _change(entry: Mapping[str, Any]) -> Change:
    since = entry["since"]
    return Change(
        certificate_arn=_arn(entry),
        kind=ChangeKind(entry["kind"]),
        was=_optional(entry["was"]),
        since=moment_from(since) if since else None,
        name=str(entry["name"]),
        now=_optional(entry["now"]),
    )


def _record(entry: Mapping[str, Any]) -> ActionRecord:
    return ActionRecord(
        certificate_arn=_arn(entry),
        action=Action.of(entry["action"]),
        outcome=Outcome(entry["outcome"]),
        detail=str(entry["detail"]),
        renewed=bool(entry["renewed"]),
    )


def _memory_entry(memory: Memory) -> dict[str, Any]:
    return {
        "certificate_arn": memory.certificate_arn,
        "verdict": memory.verdict,
        "reason": memory.reason,
        "severity": memory.severity,
        "band": memory.band,
        "told_at": memory.told_at.isoformat(),
        "since": memory.since.isoformat() if memory.since else None,
        "version": memory.version,
        "critical_since": memory.critical_since.isoformat() if memory.critical_since else None,
    }


def _memory(entry: Mapping[str, Any]) -> Memory:
    # An entry of an earlier version has no `critical_since`.
    since, critical_since = entry["since"], entry.get("critical_since")
    return Memory(
        certificate_arn=SCOPE if entry["certificate_arn"] == SCOPE else _arn(entry),
        verdict=str(entry["verdict"]),
        reason=str(entry["reason"]),
        severity=str(entry["severity"]),
        band=str(entry["band"]),
        told_at=moment_from(entry["told_at"]),
        since=moment_from(since) if since else None,
        version=int(entry["version"]),
        critical_since=moment_from(critical_since) if critical_since else None,
    )


def _note_entry(note: Note) -> dict[str, Any]:
    return {
        "certificate_arn": note.certificate_arn,
        "action": note.action,
        "text": note.text,
        "run_id": note.run_id,
        "written_at": note.written_at.isoformat(),
    }


def _note(entry: Mapping[str, Any]) -> Note:
    return Note(
        certificate_arn=_arn(entry),
        action=Action.of(entry["action"]).value,
        text=str(entry["text"]),
        run_id=str(entry["run_id"]),
        written_at=moment_from(entry["written_at"]),
    )


def _optional(value: object) -> str | None:
    return None if value is None else str(value)
