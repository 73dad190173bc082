"""The message of a run for chats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.run import Assessment, Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.notification.limits import (
    CHAT_ERRORS,
    CHAT_FINDINGS,
    MAX_DESCRIPTION,
)
from certificate_lifecycle.render.notification.wording import (
    first_line_suffix,
    headline_of,
    location_of,
    name_of,
    old_failures_text,
    resolved_changes,
    scope_errors,
    severity_of,
    split_old_failures,
    subject_of,
)


def chat_body(run: Run, findings: Sequence[Assessment]) -> dict[str, Any]:
    """Return the message with the first findings, actions and resolved findings."""
    lines = [headline_of(run, findings), *chat_errors(run)]
    listed, old = split_old_failures(findings)
    lines += [
        f"*{entry.decision.severity.label}* `{_plain(name_of(entry))}`"
        f"{_tamed(first_line_suffix(run, entry))} "
        f"{entry.decision.verdict}: {_plain(entry.decision.message)}"
        for entry in listed[:CHAT_FINDINGS]
    ]
    if len(listed) > CHAT_FINDINGS:
        lines.append(f"... and {len(listed) - CHAT_FINDINGS} more.")
    lines += [f"*info* {_plain(old_failures_text(old))}"] if old else []
    lines += [f"*info* {_plain(run.inventory_message)}"] if run.not_listed else []
    lines += [f"*Done:* {_plain(record.detail)}" for record in run.done[:CHAT_FINDINGS]]
    lines += [
        f"*Resolved:* `{_plain(change.name or change.certificate_arn)}` "
        f"was {_plain(change.previous_verdict or '')}."
        for change in resolved_changes(run)[:CHAT_FINDINGS]
    ]
    lines += [
        f"*Muted until {entry.muted_until}:* `{_plain(name_of(entry))}` {entry.decision.verdict}"
        for entry in run.muted_findings[:CHAT_FINDINGS]
    ]
    recovered = run.recovered_scopes[:CHAT_ERRORS]
    lines += [f"*Resolved:* {_plain(label)} was scanned again." for label in recovered]
    done = {record.certificate_arn for record in run.done}
    steps = dict.fromkeys(
        entry.decision.action.meaning
        for entry in findings
        if entry.decision.action is not Action.NONE and entry.certificate.arn not in done
    )
    return chat_notification(run, findings, lines, list(steps))


def chat_errors(run: Run) -> list[str]:
    """Return the first errors of scopes, one a line."""
    return [f"*Incomplete:* {_plain(text)}" for text in scope_errors(run)[:CHAT_ERRORS]]


def chat_notification(
    run: Run, findings: Sequence[Assessment], lines: Sequence[str], steps: Sequence[str]
) -> dict[str, Any]:
    """Return the custom notification of Amazon Q Developer in chat applications.

    Source: its user guide, "Custom notifications". Other content is silently dropped.
    """
    return {
        "version": "1.0",
        "source": "custom",
        "id": run.run_id,
        "content": {
            "textType": "client-markdown",
            "title": subject_of(run, findings),
            "description": "\n".join(lines)[:MAX_DESCRIPTION],
            "nextSteps": steps,
            "keywords": ["certificates", severity_of(run).label],
        },
        "metadata": {
            "threadId": f"{run.instance}-{location_of(run, '', '-')}".replace(" ", "-"),
            "summary": headline_of(run, findings),
            "eventType": "certificate-lifecycle",
            "relatedResources": [entry.certificate.arn for entry in findings[:CHAT_FINDINGS]],
        },
    }


def _plain(text: str) -> str:
    """Return `text` on one line, without chat markup."""
    return _tamed(clean(text))


def _tamed(text: str) -> str:
    """Return `text` without the characters of code, links and mentions."""
    return text.translate(str.maketrans("`<>[]", "'()()"))
