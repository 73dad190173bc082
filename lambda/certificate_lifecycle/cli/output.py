"""Print results: JSON documents, and texts for people.

Names and messages are untrusted: they are cleaned of control characters and never used as markup.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.error_help import advice_for
from certificate_lifecycle.cli.interrupted_run import InterruptedScope, interruption_text
from certificate_lifecycle.cli.table import STYLES
from certificate_lifecycle.model.certificate import Certificate, Severity, Verdict
from certificate_lifecycle.model.run import (
    Assessment,
    Output,
    Run,
    ScopeResult,
    report_entry,
    shown_in,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope

#: Rises if a field of a JSON document changes its meaning or is removed.
SCHEMA_VERSION = "1"

#: The indentation below a finding.
_INDENT = 9
#: Of lines in a pipe, which are never folded.
_UNFOLDED = 1_000_000
#: Fields of a finding that stand in its first lines; `--wide` prints all others below.
_FIRST = frozenset({"severity", "verdict", "reason", "domain_name", "days_left", "message"})
#: It has a line of its own, to copy.
_ARN = "certificate_arn"


WIDE = click.option(
    "--wide", is_flag=True, help="Print every field of a certificate, on several lines."
)


def console() -> Console:
    """Return standard output, coloured on a terminal unless NO_COLOR is set.

    Lines are folded on a terminal only.
    """
    return Console(highlight=False, width=None if sys.stdout.isatty() else _UNFOLDED)


def error_console() -> Console:
    """Return standard error, for everything but results."""
    width = None if sys.stderr.isatty() else _UNFOLDED
    return Console(stderr=True, highlight=False, width=width)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a JSON document with the version of its schema."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, ensure_ascii=True)
    sys.stdout.write(f"{text}\n")


def scan_entry(run: Run) -> dict[str, Any]:
    """Return the report of a run as plain data, with its healthy certificates."""
    healthy = sorted(
        (entry for entry in run.assessments if entry.decision.healthy),
        key=lambda entry: entry.certificate.arn,
    )
    return {
        **report_entry(run),
        "healthy": [entry.to_dict(run.started_at) for entry in healthy],
    }


def print_finding(out: Console, entry: Assessment, run: Run) -> None:
    """Print all fields of a certificate: a first line, its message, and the others by name."""
    style = STYLES[entry.decision.severity]
    values = entry.to_dict(run.started_at)
    head = Text(f"{values['severity']:<{_INDENT}}", style)
    head.append(clean(values["domain_name"]) or "(no name)", "bold")
    head.append(_time_left(values["days_left"]), "bold")
    head.append(f"  {values['verdict']}:{values['reason']}", style)
    out.print(head, overflow="fold")
    for line in values["message"].splitlines():
        indented(out, line)
    facts = []
    for shown in shown_in(Output.TABLE):
        value, heading = values[shown.name], shown.heading
        if shown.name in _FIRST or value in (None, "", []):
            continue
        if shown.many or shown.name == _ARN:
            texts = value if shown.many else [value]
            indented(out, f"{heading}: {', '.join(map(clean, texts))}", style="dim")
        else:
            yes_or_no = "yes" if value else "no"
            text = yes_or_no if isinstance(value, bool) else clean(str(value))
            facts.append(f"{heading.lower()} {text}")
    indented(out, ", ".join(facts), style="dim")


def _time_left(days: int | None) -> str:
    if days is None:
        return ""
    return (
        f"  {counted(days, 'day')} left" if days >= 0 else f"  expired {counted(-days, 'day')} ago"
    )


def indented(out: Console, text: str, *, style: str = "", by: int = _INDENT) -> None:
    """Print a text indented and wrapped to the width of the terminal.

    A word that is longer, such as an ARN, is left to the terminal, so that it can be copied.
    """
    width = max(out.width - by, 20)
    for line in wrap(text, width, break_long_words=False, break_on_hyphens=False):
        out.print(Text(" " * by + line, style), no_wrap=True, overflow="ignore", crop=False)


def location(certificate: Certificate) -> str:
    """Return account, region and id, which fit on one line of a terminal."""
    last = certificate.arn.rpartition(":")[2].rpartition("/")[2]
    return f"{certificate.account_id} {certificate.region} {last}"


def print_scopes(out: Console, run: Run) -> None:
    """Print the accounts and regions that could not be scanned, and the unlisted classes."""
    for scope in run.scopes:
        error = scope.other if isinstance(scope, InterruptedScope) else scope.error
        if error is None:
            continue
        out.print(Text(f"{scope.status.value:<9}", style="bold red").append(scope.label))
        for text in (clean(error), advice_for(error)):
            if text:
                indented(out, text)
    if (interruption := interruption_text(run)) is not None:
        out.print(Text(interruption, style="bold red"))
    if run.not_listed:
        verdict = Verdict.INVENTORY_INCOMPLETE.value
        out.print(Text(f"{'info':<9}", style=STYLES[Severity.INFO]).append(verdict))
        indented(out, run.inventory_message)


def summary(run: Run, total: int | None = None) -> Text:
    """Return a sentence with the number of certificates by severity.

    `total` is the number without filters.
    """
    numbers = Counter(entry.decision.severity for entry in run.assessments)
    parts = [(severity, numbers[severity]) for severity in reversed(Severity) if numbers[severity]]
    whole = run.certificates if total is None else total
    part = "" if whole == run.certificates else f"{run.certificates} of "
    text = Text(f"{part}{counted(whole, 'certificate')} in {places(run.scopes)}: ")
    for index, (severity, number) in enumerate(parts):
        text.append(", " if index else "")
        text.append(f"{number} {severity.label}", style=STYLES[severity])
    ignored = f"; {run.ignored:,} outside the scope ignored" if run.ignored else ""
    return text.append("" if parts else "none").append(f"{ignored}.")


def places(scopes: Sequence[Scope] | Sequence[ScopeResult]) -> str:
    """Return accounts and regions in a few words."""
    if len(scopes) == 1:
        return f"account {scopes[0].account_id}, {scopes[0].region}"
    accounts = {scope.account_id for scope in scopes}
    regions = {scope.region for scope in scopes}
    return f"{counted(len(accounts), 'account')} and {counted(len(regions), 'region')}"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
