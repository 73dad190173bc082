"""The message of a run as the text of an e-mail."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence

from certificate_lifecycle.model.certificate import Action, Severity
from certificate_lifecycle.model.run import ActionRecord, Assessment, FindingChange, Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.aws_console import console_url
from certificate_lifecycle.render.notification.limits import SHOWN_OTHERS, SHOWN_TEXTS
from certificate_lifecycle.render.notification.wording import (
    OUTCOMES,
    all_failed,
    first_line_suffix,
    full_list,
    headline_of,
    name_of,
    old_failures_text,
    other_actions,
    public_dns_text,
    resolved_changes,
    scope_errors,
    split_old_failures,
)

_WIDTH = 88


def email_body(run: Run, findings: Sequence[Assessment], shown: int) -> str:
    """Return the text with the first `shown` findings."""
    done: defaultdict[str, list[ActionRecord]] = defaultdict(list)
    for record in run.actions:
        done[record.certificate_arn].append(record)
    listed, old = split_old_failures(findings)
    hidden = max(0, len(listed) - shown)
    sections = [
        wrapped(headline_of(run, findings), ""),
        _incomplete_text(run),
        *(
            _severity_text(run, severity, listed[:shown], done)
            for severity in sorted(Severity, reverse=True)
        ),
        f"{wrapped(old_failures_text(old), '')}\n{full_list(run)}" if old else "",
        f"And {hidden} more. {full_list(run)}" if hidden else "",
        _inventory_text(run),
        _other_actions_text(run),
        _resolved_text(run),
        _muted_text(run),
        "" if all_failed(run) else counts_text(run),
        wrapped(public_dns_text(run), ""),
        f"Report: {run.report}" if run.report else "",
        signature(run),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def signature(run: Run) -> str:
    """Return the instance and the run that sent the message."""
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    return f"{run.instance}, run {run.run_id}, {when}, mode {run.mode}"


def _incomplete_text(run: Run) -> str:
    """Return why scans failed; with one scope, the headline names it."""
    errors = scope_errors(run)
    if not errors:
        return ""
    more = len(errors) - SHOWN_OTHERS
    rest = [f"  And {more} more. {full_list(run)}"] if more > 0 else []
    return "\n".join(["INCOMPLETE", *(wrapped(text) for text in errors[:SHOWN_OTHERS]), *rest])


def _inventory_text(run: Run) -> str:
    text = run.inventory_message
    return f"NOT LISTED\n{wrapped(text)}" if text else ""


def _severity_text(
    run: Run,
    severity: Severity,
    findings: Sequence[Assessment],
    done: Mapping[str, Sequence[ActionRecord]],
) -> str:
    entries = [entry for entry in findings if entry.decision.severity is severity]
    if not entries:
        return ""
    texts = [_entry_text(entry, done, run) for entry in entries]
    return "\n\n".join([severity.name, *texts])


def _entry_text(entry: Assessment, done: Mapping[str, Sequence[ActionRecord]], run: Run) -> str:
    """Return a finding, with its account and region if there are several."""
    decision, arn = entry.decision, entry.certificate.arn
    several = len(run.scopes) > 1
    where = f" - {entry.certificate.account_id} {entry.certificate.region}" if several else ""
    lines = [
        f"  {name_of(entry)}{where}{first_line_suffix(run, entry)}",
        wrapped(f"{decision.verdict}: {decision.message}", "    "),
    ]
    if arn in run.since:
        lines.append(f"    Open since {run.since[arn]:%Y-%m-%d}.")
    if entry.owner:
        lines.append(wrapped(f"Owner: {entry.owner}.", "    "))
    if entry.used_by:
        lines.append(wrapped(f"Used by: {_first(entry.used_by)}.", "    "))
    if entry.probe_results:
        lines.append(wrapped(f"Served: {_first(entry.probe_results)}.", "    "))
    records = done.get(arn, ())
    if decision.action is not Action.NONE and not records:
        lines.append(wrapped(f"Next: {decision.action.meaning}", "    "))
    lines += [_step(record) for record in records]
    lines.append(f"    {console_url(arn)}")
    return "\n".join(lines)


def _resolved_text(run: Run) -> str:
    texts = [_resolved_entry(change) for change in resolved_changes(run)]
    texts += [f"  {label}\n    Scanned in full again." for label in run.recovered_scopes]
    more = len(texts) - SHOWN_OTHERS
    rest = [f"  And {more} more."] if more > 0 else []
    return "\n\n".join(["RESOLVED", *texts[:SHOWN_OTHERS], *rest]) if texts else ""


def _resolved_entry(change: FindingChange) -> str:
    since = f" since {change.since:%Y-%m-%d}" if change.since else ""
    state = f"Was {change.previous_verdict}{since}. {change.current_state or ''}"
    return "\n".join(
        [
            f"  {clean(change.name, 200) or clean(change.certificate_arn)}",
            wrapped(state, "    "),
            f"    {console_url(change.certificate_arn)}",
        ]
    )


def _muted_text(run: Run) -> str:
    """Return the muted findings, so that no mute is forgotten."""
    entries = run.muted_findings
    if not entries:
        return ""
    lines = [
        wrapped(f"{name_of(entry)}: {entry.decision.verdict}, until {entry.muted_until}.")
        for entry in entries[:SHOWN_OTHERS]
    ]
    more = len(entries) - SHOWN_OTHERS
    rest = [f"  And {more} more."] if more > 0 else []
    return "\n".join(["MUTED", *lines, *rest])


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - SHOWN_TEXTS
    shown = "; ".join(texts[:SHOWN_TEXTS])
    return f"{shown}; and {more} more" if more > 0 else shown


def _step(record: ActionRecord) -> str:
    """Return an action; lines after the first are commands, which are not wrapped."""
    text, *commands = record.detail.splitlines() or [""]
    label = wrapped(f"{OUTCOMES[record.outcome]}: {text}", "    ")
    return "\n".join([label, *(f"      {clean(command)}" for command in commands)])


def _other_actions_text(run: Run) -> str:
    """Return the actions on certificates without a finding, such as an export."""
    records = other_actions(run)
    if not records:
        return ""
    lines = [f"  {record.certificate_arn}\n{_step(record)}" for record in records]
    return "\n\n".join(["OTHER ACTIONS", *lines[:SHOWN_OTHERS]])


def counts_text(run: Run) -> str:
    """Return the number of certificates by verdict."""
    counts = ", ".join(f"{count} {verdict}" for verdict, count in run.counts.items())
    return wrapped(f"All certificates: {counts or 'none'}.", "")


def wrapped(text: str, indent: str = "  ") -> str:
    """Return a paragraph of short lines, each with the same indent."""
    return textwrap.fill(
        clean(text, 2000),
        width=_WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
