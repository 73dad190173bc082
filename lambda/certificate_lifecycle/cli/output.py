"""Print results as tables, JSON and CSV.

Names and messages are untrusted: they are cleaned of control characters and never used as markup.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.error_help import advice_for
from certificate_lifecycle.cli.interrupted_run import InterruptedScope, interruption_text
from certificate_lifecycle.model.certificate import Certificate, Severity, Verdict
from certificate_lifecycle.model.run import (
    FINDING_HEADINGS,
    Assessment,
    Run,
    ScopeResult,
    report_entry,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.notification.wording import ignored_suffix, public_dns_text
from certificate_lifecycle.render.report.documents import rows

#: Rises if a field of a JSON document changes its meaning or is removed.
SCHEMA_VERSION = "1"

#: Widths of columns.
_SEVERITY = 9
_VERDICT = max(len(verdict.value) for verdict in Verdict) + 1
_DAYS = 9

#: Fields of a finding in its row, and below it.
_COLUMNS = ("severity", "verdict", "domain_name", "days_left")
_DETAILS = ("owner", "muted_until")
_OUTSIDE = "outside_scope"

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
    Severity.OK: "green",
}


def console() -> Console:
    """Return standard output, coloured on a terminal unless NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=False)


def error_console() -> Console:
    """Return standard error, for everything but results."""
    return Console(stderr=True, highlight=False)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a JSON document with the version of its schema."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, ensure_ascii=True)
    sys.stdout.write(f"{text}\n")


def print_csv(run: Run) -> None:
    """Print the findings of a run as CSV (RFC 4180), without a byte order mark."""
    sys.stdout.write(rows(run).removeprefix("\ufeff").replace("\r\n", "\n"))


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


def print_findings(out: Console, run: Run, *, everything: bool = False) -> None:
    """Print the findings of a run, most severe first; `everything` adds healthy certificates."""
    entries = list(run.findings)
    if everything:
        entries += sorted((e for e in run.assessments if e.decision.healthy), key=_expiry)
    if entries:
        headings = (FINDING_HEADINGS[name].upper() for name in _COLUMNS)
        out.print(_row(out, *headings), style="bold")
    for entry in entries:
        print_finding(out, entry, run)
    print_scopes(out, run)
    out.print(summary(run))
    if run.public_dns is not None:
        out.print(public_dns_text(run))


def print_finding(out: Console, entry: Assessment, run: Run) -> None:
    """Print a finding: its row, message, location, scope, and what its tags say."""
    values = entry.to_dict(run.started_at)
    more, days_left = len(values["alternative_names"]), values["days_left"]
    name = clean(values["domain_name"]) or "(no name)"
    row = _row(
        out,
        values["severity"],
        values["verdict"],
        f"{name} +{more}" if more else name,
        "" if days_left is None else f"{days_left:,}",
    )
    row.stylize(STYLES[entry.decision.severity], 0, _SEVERITY + _VERDICT)
    out.print(row, no_wrap=True, overflow="ignore", crop=False)
    for sentence in (values["message"], *values["probe_results"]):
        indented(out, clean(sentence))
    indented(out, location(entry.certificate), style="dim")
    details = [f"{FINDING_HEADINGS[k].lower()} {clean(values[k])}" for k in _DETAILS if values[k]]
    details += [FINDING_HEADINGS[_OUTSIDE].lower()] if values[_OUTSIDE] else []
    if details:
        indented(out, ", ".join(details), style="dim")


def _row(out: Console, severity: str, verdict: str, name: str, days: str) -> Text:
    """Return a row of the table; a long name moves the days to the right."""
    name_width = max(out.width - _SEVERITY - _VERDICT - _DAYS - 1, 20)
    text = f"{severity:<{_SEVERITY}}{verdict:<{_VERDICT}}{name:<{name_width}} {days:>{_DAYS}}"
    return Text(text.rstrip())


def indented(out: Console, text: str, *, style: str = "", by: int = _SEVERITY) -> None:
    """Print a text indented and wrapped to the width of the terminal."""
    width = max(out.width - by, 20)
    for line in Text(text, style=style).wrap(out, width):
        line.rstrip()
        out.print(Text(" " * by).append_text(line), no_wrap=True, overflow="ignore", crop=False)


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


def summary(run: Run) -> Text:
    """Return a sentence with the number of certificates by severity."""
    numbers = Counter(entry.decision.severity for entry in run.assessments)
    parts = [(severity, numbers[severity]) for severity in reversed(Severity) if numbers[severity]]
    text = Text(f"{counted(run.certificates, 'certificate')} in {places(run.scopes)}: ")
    for index, (severity, number) in enumerate(parts):
        text.append(", " if index else "")
        text.append(f"{number} {severity.label}", style=STYLES[severity])
    return text.append("" if parts else "none").append(f"{ignored_suffix(run)}.")


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


def _expiry(entry: Assessment) -> float:
    ends = entry.certificate.not_after
    return ends.timestamp() if ends else 0.0
