"""The message of a run for chats: no commands, and at most three next steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.sanitize import BROKEN, clean
from certificate_lifecycle.render.notification.grouping import Due, Group
from certificate_lifecycle.render.notification.limits import (
    CHAT_COLUMNS,
    CHAT_GROUPS,
    CHAT_OTHERS,
    CHAT_STEPS,
    MAX_NEXT_STEP,
)
from certificate_lifecycle.render.notification.links import everything_link
from certificate_lifecycle.render.notification.steps import steps_of
from certificate_lifecycle.render.notification.subject import subject_of
from certificate_lifecycle.render.notification.wording import (
    DOT,
    account_text,
    action_texts,
    cause_of,
    counts_text,
    muted_texts,
    other_failures,
    resolved_texts,
    scope_errors,
    severity_of,
    title_parts,
    unknown_dns_text,
)


def chat_body(run: Run, groups: Sequence[Group]) -> dict[str, Any]:
    """Return the custom notification of Amazon Q Developer in chat applications.

    Source: its user guide, "Custom notifications". Other content is silently dropped.
    """
    return {
        "version": "1.0",
        "source": "custom",
        "id": run.run_id,
        "content": {
            "textType": "client-markdown",
            "title": _title(subject_of(run)),
            "description": "\n".join(_lines(run, groups)),
            "nextSteps": _next_steps(run, groups),
            "keywords": ["certificates", severity_of(run).label],
        },
        "metadata": {
            "threadId": run.instance,
            "summary": counts_text(run),
            "eventType": "certificate-lifecycle",
            "relatedResources": [group.first.certificate.arn for group in groups[:CHAT_GROUPS]],
        },
    }


def _lines(run: Run, groups: Sequence[Group]) -> list[str]:
    sections = (
        ("INCOMPLETE", scope_errors(run)),
        ("NOT LISTED", [run.inventory_message] if run.not_listed else []),
        *((due.title, _findings(run, groups, due)) for due in Due),
        ("FAILED", action_texts(run, other_failures(run))),
        ("REPAIRED IN THIS RUN", action_texts(run, run.done)),
        ("RESOLVED", resolved_texts(run)),
        ("MUTED", muted_texts(run)),
        ("PUBLIC DNS", [text] if (text := unknown_dns_text(run)) else []),
    )
    hidden = sum(len(group.entries) for group in groups[CHAT_GROUPS:])
    return [
        _line(counts_text(run)),
        _line(account_text(run)),
        *(line for title, texts in sections for line in _section(title, texts)),
        *([f"And {hidden:,} more findings."] if hidden else []),
    ]


def _findings(run: Run, groups: Sequence[Group], due: Due) -> list[str]:
    return [
        DOT.join((*title_parts(group, run), cause_of(group)))
        for group in groups[:CHAT_GROUPS]
        if group.due is due
    ]


def _section(title: str, texts: Sequence[str]) -> list[str]:
    most = CHAT_GROUPS if title in {due.title for due in Due} else CHAT_OTHERS
    more = len(texts) - most
    rest = [f"and {more:,} more"] if more > 0 else []
    return [f"*{title}*", *map(_line, texts[:most]), *rest] if texts else []


def _next_steps(run: Run, groups: Sequence[Group]) -> list[str]:
    """Return the steps of the most urgent groups, each once, and where everything is."""
    found: dict[str, str] = {}
    for group, step in steps_of(run, groups[:CHAT_GROUPS]):
        if step is not None and len(found) < CHAT_STEPS:
            name = _tamed(clean(title_parts(group, run)[0], 80))
            text = f"{name}: {step.title} {step.link}"
            found.setdefault(step.letter, clean(text, MAX_NEXT_STEP))
    return list(found.values()) or [f"Read everything: {everything_link(run)}"]


def _title(subject: str) -> str:
    """Return a subject, whose severity stays in brackets."""
    severity, _, rest = subject.partition(" ")
    return f"{severity} {_tamed(rest)}"


def _line(text: str) -> str:
    return _tamed(clean(text, CHAT_COLUMNS))


def _tamed(text: str) -> str:
    """Return `text` without the characters of code, links and mentions; broken URLs stay so."""
    parts = text.split(BROKEN)
    return BROKEN.join(part.translate(str.maketrans("`<>[]", "'()()")) for part in parts)
