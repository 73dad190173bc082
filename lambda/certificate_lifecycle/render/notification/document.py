"""The message of a run as a document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    FindingChange,
    Outcome,
    Run,
    finding_entries,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.notification.limits import MAX_DETAIL, MAX_NAME
from certificate_lifecycle.render.notification.wording import severity_of, shortened_scopes

#: The part of the document that errors of scopes may fill.
_SCOPES_SHARE = 0.3


def document_body(run: Run, findings: Sequence[Assessment], room: int) -> dict[str, Any]:
    """Return the document in at most `room` bytes: the first entries of each list, and counts.

    Owners of certificates choose some of the texts, which must not prevent the message.
    """
    scopes = _fitting([scope.to_dict() for scope in shortened_scopes(run)], room * _SCOPES_SHARE)
    document: dict[str, Any] = {
        "schema_version": "1",
        "instance": run.instance,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "severity": severity_of(run).label,
        "scopes": scopes,
        "scopes_not_shown": len(run.scopes) - len(scopes),
        "counts": run.counts,
        "findings": [],
        "findings_not_shown": len(findings),
        "open_findings": run.open_findings,
        "muted_findings": len(run.muted_findings),
        "ignored": run.ignored,
        "report": run.report,
        "changes": [],
        "changes_not_shown": len(run.changes),
        "recovered_scopes": [],
        "actions": [],
    }
    left = room - size(document)
    without_certificate = finding_entries(run, (), shortened_scopes(run)[: len(scopes)])
    # Made one by one: an organization has more findings than fit.
    entries: dict[str, Iterable[Any]] = {
        "findings": chain(
            without_certificate, (entry.to_dict(run.started_at) for entry in findings)
        ),
        "actions": (_action_entry(record) for record in run.actions if _is_shown(record)),
        "changes": map(_change_entry, run.changes),
        "recovered_scopes": (clean(label, MAX_NAME) for label in run.recovered_scopes),
    }
    for name, values in entries.items():
        document[name] = _fitting(values, left)
        left -= size(document[name])
    shown = max(0, len(document["findings"]) - len(without_certificate))
    document["findings_not_shown"] = len(findings) - shown
    document["changes_not_shown"] = len(run.changes) - len(document["changes"])
    return document


def size(value: object) -> int:
    """Return the bytes of a value in a message, in which the document is a text itself."""
    return len(json.dumps(json.dumps(value)))


def _fitting(values: Iterable[Any], room: float) -> list[Any]:
    """Return the first values that fit into `room` bytes together."""
    shown: list[Any] = []
    for value in values:
        room -= size(value) + len(", ")
        if room < 0:
            break
        shown.append(value)
    return shown


def _is_shown(record: ActionRecord) -> bool:
    return record.outcome is not Outcome.ADVISED


def _action_entry(record: ActionRecord) -> dict[str, Any]:
    return replace(record, detail=clean(record.detail, MAX_DETAIL)).to_dict()


def _change_entry(change: FindingChange) -> dict[str, Any]:
    shortened = replace(
        change,
        previous_verdict=_cut(change.previous_verdict, MAX_NAME),
        name=clean(change.name, MAX_NAME),
        current_state=_cut(change.current_state, MAX_DETAIL),
    )
    return {**shortened.to_dict(), "problem_key": problem_key(change.certificate_arn)}


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else clean(text, limit)
