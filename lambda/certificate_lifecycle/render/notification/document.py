"""The message of a run as a document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import Assessment, FindingChange, Outcome, Run, finding_entries
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.notification.limits import (
    MAX_DETAIL,
    MAX_NAME,
    SHOWN_CHANGES,
    SHOWN_OTHERS,
)
from certificate_lifecycle.render.notification.wording import (
    other_actions,
    severity_of,
    shortened_scopes,
)


def document_body(run: Run, findings: Sequence[Assessment], hidden: int) -> dict[str, Any]:
    """Return the document with `findings`; `hidden` more do not fit."""
    shown = {entry.certificate.arn for entry in findings}
    done = [record for record in run.actions if record.certificate_arn in shown]
    done += other_actions(run)[:SHOWN_OTHERS]
    scopes = shortened_scopes(run)
    return {
        "schema_version": "1",
        "instance": run.instance,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "severity": severity_of(run).label,
        "scopes": [scope.to_dict() for scope in scopes],
        "scopes_not_shown": len(run.scopes) - len(scopes),
        "counts": run.counts,
        "findings": finding_entries(run, findings, scopes),
        "findings_not_shown": hidden,
        "open_findings": run.open_findings,
        "muted_findings": len(run.muted_findings),
        "ignored": run.ignored,
        "report": run.report,
        "changes": [_change_entry(change) for change in run.changes[:SHOWN_CHANGES]],
        "changes_not_shown": max(0, len(run.changes) - SHOWN_CHANGES),
        "recovered_scopes": list(run.recovered_scopes[:SHOWN_OTHERS]),
        "actions": [
            replace(record, detail=clean(record.detail, MAX_DETAIL)).to_dict()
            for record in done
            if record.outcome is not Outcome.ADVISED
        ],
    }


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
