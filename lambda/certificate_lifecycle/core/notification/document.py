"""The message of a run as a document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from certificate_lifecycle.core.notification.limits import (
    MAX_DETAIL,
    MAX_ERROR,
    MAX_NAME,
    SHOWN_CHANGES,
    SHOWN_OTHERS,
    SHOWN_SCOPES,
)
from certificate_lifecycle.core.notification.wording import severity_of, unreported_records
from certificate_lifecycle.core.run import (
    Assessed,
    Change,
    Outcome,
    Run,
    action_entry,
    change_entry,
    finding_entries,
    scope_entry,
)
from certificate_lifecycle.core.text import clean


def document_body(run: Run, told: Sequence[Assessed], hidden: int) -> dict[str, Any]:
    """Return the document with the findings `told`; `hidden` more have no room."""
    lost = set(run.lost)
    shown = {entry.certificate.arn for entry in told}
    done = [record for record in run.actions if record.certificate_arn in shown]
    done += unreported_records(run)[:SHOWN_OTHERS]
    worst_first = sorted(run.scopes, key=lambda scope: (scope not in lost, scope.error is None))
    scopes = [
        scope if scope.error is None else replace(scope, error=clean(scope.error, MAX_ERROR))
        for scope in worst_first[:SHOWN_SCOPES]
    ]
    return {
        "schema_version": "1",
        "instance": run.instance,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "severity": severity_of(run).label,
        "scopes": [scope_entry(scope) for scope in scopes],
        "scopes_not_shown": len(run.scopes) - len(scopes),
        "counts": run.counts,
        "findings": finding_entries(replace(run, scopes=scopes), told),
        "findings_not_shown": hidden,
        "report": run.report,
        "changes": [change_entry(_shortened(change)) for change in run.changes[:SHOWN_CHANGES]],
        "changes_not_shown": max(0, len(run.changes) - SHOWN_CHANGES),
        "regained": list(run.regained[:SHOWN_OTHERS]),
        "actions": [
            action_entry(replace(record, detail=clean(record.detail, MAX_DETAIL)))
            for record in done
            if record.outcome is not Outcome.ADVISED
        ],
    }


def _shortened(change: Change) -> Change:
    """Return a change without what is long about it: a certificate may have a hundred names."""
    return replace(
        change,
        was=None if change.was is None else clean(change.was, MAX_NAME),
        name=clean(change.name, MAX_NAME),
        now=None if change.now is None else clean(change.now, MAX_DETAIL),
    )
