"""The message of a run as the text of an e-mail: one fact a line, and short enough for a phone."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.sanitize import break_links, clean
from certificate_lifecycle.render.notification.grouping import Due, Group
from certificate_lifecycle.render.notification.limits import (
    MAIL_COLUMNS,
    MAIL_LINES,
    SHOWN_OTHERS,
    SHOWN_OTHERS_TOGETHER,
)
from certificate_lifecycle.render.notification.links import everything_link
from certificate_lifecycle.render.notification.steps import MessageStep, steps_of
from certificate_lifecycle.render.notification.wording import (
    DOT,
    account_text,
    action_texts,
    cause_of,
    counts_text,
    muted_texts,
    names_text,
    other_failures,
    outcome_texts,
    resolved_texts,
    scope_errors,
    title_parts,
    unknown_dns_text,
)

_INDENT = "    "
#: Of a text that quotes others, no line of which may look like a command.
_QUOTED = "    | "
#: Most lines of an error, of another text, and of the details of a finding.
_ERROR_LINES, _TEXT_LINES, _DETAIL_LINES = 2, 3, 20
#: The sections before the findings.
_FIRST = ("INCOMPLETE", "NOT LISTED")
#: The link to everything and the run.
_LAST_LINES = 2


def email_body(run: Run, groups: Sequence[Group]) -> str:
    """Return the text; findings that do not fit are counted, and the last link has all of them."""
    head = [_cut(counts_text(run)), _cut(account_text(run))]
    beside = _blocks(
        ("INCOMPLETE", scope_errors(run), _ERROR_LINES),
        ("NOT LISTED", [run.inventory_message] if run.not_listed else [], _TEXT_LINES),
        ("FAILED", action_texts(run, other_failures(run)), 1),
        ("REPAIRED IN THIS RUN", action_texts(run, run.done), 1),
        ("RESOLVED", resolved_texts(run), 1),
        ("MUTED", muted_texts(run), 1),
        ("PUBLIC DNS", [text] if (text := unknown_dns_text(run)) else [], _ERROR_LINES),
    )
    used = sum(len(block) + 1 for block in (head, *beside)) + _LAST_LINES
    shown, findings = _sections(run, groups, MAIL_LINES - used)
    steps = dict.fromkeys(step for _, step in shown if step is not None)
    blocks = [
        head,
        *(block for block in beside if block[0].startswith(_FIRST)),
        *findings,
        *(block for block in beside if not block[0].startswith(_FIRST)),
        *([["STEPS", *(line for step in steps for line in _step_lines(step))]] if steps else []),
        [f"Everything: {everything_link(run)}", _cut(signature(run))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def signature(run: Run) -> str:
    """Return the run and the instance that sent the message."""
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    return f"Run {run.run_id}, {run.instance}, {when}, mode {run.mode}"


def _blocks(*sections: tuple[str, list[str], int]) -> list[list[str]]:
    """Return the sections that are not empty: the number of texts, and the first of them.

    A text has at most the given number of lines.
    """
    filled = [section for section in sections if section[1]]
    most = max(SHOWN_OTHERS, SHOWN_OTHERS_TOGETHER // max(1, len(filled)))
    return [
        [_title(title, len(texts)), *_some(texts, most, lines)] for title, texts, lines in filled
    ]


def _title(title: str, count: int) -> str:
    return f"{title} ({count:,})"


def _some(texts: Sequence[str], most: int, lines: int) -> list[str]:
    more = len(texts) - most
    rest = [f" and {more:,} more"] if more > 0 else []
    shown = (_wrapped(text, " ", lines) for text in texts[:most])
    return [*(line for wrapped in shown for line in wrapped), *rest]


def _sections(
    run: Run, groups: Sequence[Group], room: int
) -> tuple[list[tuple[Group, MessageStep | None]], list[list[str]]]:
    """Return the groups that fit into `room` lines, with their steps, and the lines of sections."""
    fitting = _fitting(run, groups, room)
    shown = steps_of(run, groups[:fitting])
    sections = []
    for due in Due:
        count = sum(len(group.entries) for group in groups if group.due is due)
        lines = [
            line
            for number, (group, step) in enumerate(shown, 1)
            if group.due is due
            for line in _group_lines(run, number, group, step)
        ]
        if lines:
            sections.append([_title(due.title, count), *lines])
    hidden = sum(len(group.entries) for group in groups[fitting:])
    if hidden:
        sections.append([f"And {hidden:,} more findings, see below."])
    return shown, sections


def _fitting(run: Run, groups: Sequence[Group], room: int) -> int:
    """Return how many groups fit, with a title and an empty line for each section."""
    left, dues = room - 2, set[Due]()
    for number, group in enumerate(groups):
        left -= len(_group_lines(run, number, group, None)) + 2 * (group.due not in dues)
        dues.add(group.due)
        if left < 0:
            return number
    return len(groups)


def _group_lines(run: Run, number: int, group: Group, step: MessageStep | None) -> list[str]:
    """Return a group: its name, its cause with the step, names or consumers, and failures."""
    target = "" if step is None else f" -> step {step.letter}"
    cause = _cut(break_links(clean(cause_of(group), 2000)), MAIL_COLUMNS - 3 - len(target))
    texts = [f"{cause}{target}", names_text(group), *outcome_texts(group, run)[:1]]
    title = _cut(f"{number:2} {DOT.join(title_parts(group, run))}")
    return [title, *(_cut(f"   {text}") for text in texts if text)]


def _step_lines(step: MessageStep) -> list[str]:
    rest = [f"# ... and {step.more:,} more commands of this form"] if step.more else []
    return [
        f" {step.letter}  {step.title}",
        f"{_INDENT}{step.link}",
        *(line for text in step.details for line in _wrapped(text, _QUOTED, _DETAIL_LINES)),
        *(f"{_INDENT}{line}" for line in (*step.commands, *rest)),
    ]


def _wrapped(text: str, indent: str, most: int) -> list[str]:
    """Return a text in lines, with a mark if it is longer than `most` of them."""
    return textwrap.wrap(
        break_links(clean(text, 2000)),
        width=MAIL_COLUMNS,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        max_lines=most,
        placeholder=" ...",
    )


def _cut(text: str, columns: int = MAIL_COLUMNS) -> str:
    """Return a text within the columns; a longer one ends at a word, or in a long word."""
    if len(text) <= columns:
        return text
    kept = text[: columns - 3]
    before = kept.rpartition(" ")[0]
    return f"{(before if len(before) > columns / 2 else kept).rstrip(' ·,')}..."
