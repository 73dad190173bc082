"""The EventBridge events of a run: one for each change, one for each action, one for the run.

The events are a public contract: `docs/events.md` describes them, and `docs/schemas` has their JSON
schemas. Limits are EventBridge's (user guide, "Sending events with PutEvents").
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    FindingChange,
    Outcome,
    Run,
)
from certificate_lifecycle.model.sanitize import clean, truncate
from certificate_lifecycle.render.notification.wording import severity_of, shortened_scopes

#: `source` of every event; the name of the instance is in the detail.
SOURCE = "certificate-lifecycle"
SCHEMA_VERSION = "1"
#: PutEvents accepts 10 entries of together less than 256 KB.
MAX_ENTRIES = 10
MAX_BYTES = 250_000
#: Limits of a list and of texts, so that each event fits into one call.
_MAX_LIST_BYTES = 60_000
_MAX_TEXT = 2000
_MAX_NAME = 512
#: What EventBridge counts for `Time`.
_TIME_BYTES = 14
#: "EventBridge doesn't escape values extracted by Input Path, when populating the Input Template
#: for a target" (user guide, "Amazon EventBridge input transformation"): a quotation mark or a
#: backslash in a text would break the JSON that a rule sends.
_UNESCAPED = str.maketrans('"\\', "'/")


class DetailType(StrEnum):
    """The `detail-type` of an event."""

    FINDING = "Certificate Finding"
    ACTION = "Certificate Action"
    RUN = "Certificate Run"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event; `detail` is a JSON object as text, `resources` are ARNs."""

    type: DetailType
    time: datetime
    resources: tuple[str, ...]
    detail: str

    @property
    def size(self) -> int:
        """The size in bytes, as EventBridge counts it."""
        texts = (SOURCE, self.type.value, self.detail, *self.resources)
        return _TIME_BYTES + sum(len(text.encode()) for text in texts)


def announcements(run: Run) -> list[Announcement]:
    """Return the events of a run: changes, actions, and last the run.

    Advised and planned actions have no event, because the finding has them; except for DNS records
    that a pipeline may write, with each change of the finding.
    """
    open_findings = {entry.certificate.arn: entry for entry in run.findings}
    changed = {change.certificate_arn for change in run.changes}
    return [
        *(
            _finding(run, change, open_findings.get(change.certificate_arn))
            for change in run.changes
        ),
        *(_action(run, record) for record in run.actions if _is_sent(record, changed)),
        _run_event(run),
    ]


def _is_sent(record: ActionRecord, changed: Collection[str]) -> bool:
    if record.outcome is Outcome.ADVISED:
        return bool(record.dns_records) and record.certificate_arn in changed
    return record.outcome is not Outcome.PLANNED


def batches(events: Sequence[Announcement]) -> Iterator[list[Announcement]]:
    """Yield the events in order, one batch for each call."""
    batch: list[Announcement] = []
    size = 0
    for event in events:
        if batch and (len(batch) == MAX_ENTRIES or size + event.size > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size
    if batch:
        yield batch


def _finding(run: Run, change: FindingChange, entry: Assessment | None) -> Announcement:
    """Return the event of a change; a resolved one has no finding."""
    finding, truncated = (None, ()) if entry is None else _fitting(entry.to_dict(run.started_at))
    return _about(
        run,
        DetailType.FINDING,
        change.certificate_arn,
        {
            "change": change.kind.value,
            **_fields_of(change),
            "finding": finding,
            "truncated_fields": list(truncated),
        },
    )


def _fields_of(change: FindingChange) -> dict[str, Any]:
    whole = change.to_dict()
    longest = {"previous_verdict": _MAX_NAME, "name": _MAX_NAME, "current_state": _MAX_TEXT}
    return {
        name: clean(whole[name], longest[name]) if whole[name] and name in longest else whole[name]
        for name in ("previous_verdict", "since", "name", "current_state")
    }


def _action(run: Run, record: ActionRecord) -> Announcement:
    return _about(
        run,
        DetailType.ACTION,
        record.certificate_arn,
        {
            "action": record.action.value,
            "outcome": record.outcome.value,
            "message": clean(record.detail, _MAX_TEXT),
            "renewed": record.is_renewal,
            "dns_records": [entry.to_dict() for entry in record.dns_records],
        },
    )


def _run_event(run: Run) -> Announcement:
    shown = shortened_scopes(run)
    detail = {
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat(),
        "mode": run.mode,
        "severity": severity_of(run).label,
        "incomplete": run.incomplete,
        "scopes": [scope.to_dict() for scope in shown],
        "scopes_not_shown": len(run.scopes) - len(shown),
        "recovered_scopes": truncate(
            run.recovered_scopes, longest=_MAX_NAME, most_bytes=_MAX_LIST_BYTES
        ),
        "counts": run.counts,
        "findings": len(run.findings),
        "open_findings": run.open_findings,
        "muted_findings": len(run.muted_findings),
        "ignored": run.ignored,
        "changes": len(run.changes),
        "actions_done": len(run.done),
        "actions_failed": len(run.failed_actions),
        "report": run.report,
    }
    return _announcement(run, DetailType.RUN, (), detail)


def _about(run: Run, kind: DetailType, arn: str, detail: Mapping[str, Any]) -> Announcement:
    """Return an event about one certificate, with its account and region for rules."""
    _, _, _, region, account_id, *_ = arn.split(":")
    where = {
        "certificate_arn": arn,
        "problem_key": problem_key(arn),
        "account_id": account_id,
        "region": region or "global",
    }
    return _announcement(run, kind, (arn,), {**where, **detail})


def _announcement(
    run: Run, kind: DetailType, resources: tuple[str, ...], detail: Mapping[str, Any]
) -> Announcement:
    whole = {
        "schema_version": SCHEMA_VERSION,
        "instance": run.instance,
        "run_id": run.run_id,
        **detail,
    }
    return Announcement(kind, run.finished_at, resources, _json(whole))


def _fitting(finding: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a finding that fits into an event, and the names of its truncated lists.

    Every text is cleaned, because imported certificates contain untrusted names.
    """
    fitting: dict[str, Any] = {}
    truncated = []
    for key, value in finding.items():
        if isinstance(value, list):
            fitting[key] = truncate(value, longest=_MAX_NAME, most_bytes=_MAX_LIST_BYTES)
            if len(fitting[key]) < len(value):
                truncated.append(key)
        else:
            fitting[key] = clean(value, _MAX_TEXT) if isinstance(value, str) else value
    return fitting, tuple(truncated)


def _json(value: object) -> str:
    return json.dumps(_templatable(value), ensure_ascii=False)


def _templatable(value: object) -> object:
    """Return a value whose texts can stand in a JSON string without an escape."""
    if isinstance(value, str):
        return value.translate(_UNESCAPED)
    if isinstance(value, Mapping):
        return {key: _templatable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_templatable(item) for item in value]
    return value
