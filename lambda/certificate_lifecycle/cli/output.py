"""How results are printed: tables for people, JSON and CSV for programs.

Names and messages come from AWS and from whoever made a certificate: they lose their control and
direction characters here as in messages, and are never taken for markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.error_help import help_with
from certificate_lifecycle.model.certificate import Certificate, Severity, Verdict
from certificate_lifecycle.model.run import (
    FINDING_HEADINGS,
    Assessment,
    Run,
    ScopeResult,
    report_entry,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.report.documents import rows

#: Of every JSON document of the command line; it rises when a field changes its meaning or goes.
SCHEMA_VERSION = "1"

#: Widths of columns; the verdict's is that of the longest one.
_SEVERITY = 9
_VERDICT = max(len(verdict.value) for verdict in Verdict) + 1
_DAYS = 9

#: The fields of a finding that a row shows, and those that are named below it.
_COLUMNS = ("severity", "verdict", "domain_name", "days_left")
_ABOUT = ("owner", "muted_until")

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
    Severity.OK: "green",
}


def console() -> Console:
    """Return standard output; colour only on a terminal and without NO_COLOR."""
    return Console(highlight=False, soft_wrap=False)


def error_console() -> Console:
    """Return standard error, for whatever is no result."""
    return Console(stderr=True, highlight=False)


def print_json(document: Mapping[str, Any]) -> None:
    """Print a document of the command line, with the version of its schema."""
    text = json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2, ensure_ascii=True)
    sys.stdout.write(f"{text}\n")


def print_csv(run: Run) -> None:
    """Print what a run found as CSV (RFC 4180), without the mark that spreadsheets want."""
    sys.stdout.write(rows(run).removeprefix("\ufeff").replace("\r\n", "\n"))


def scan_entry(run: Run) -> dict[str, Any]:
    """Return a run as plain data: what the report has, and what is healthy."""
    healthy = sorted(
        (entry for entry in run.assessments if entry.decision.healthy),
        key=lambda entry: entry.certificate.arn,
    )
    return {
        **report_entry(run),
        "healthy": [entry.to_dict(run.started_at) for entry in healthy],
    }


def print_findings(out: Console, run: Run, *, everything: bool = False) -> None:
    """Print what a run found, worst first; with `everything` what is healthy, too."""
    entries = list(run.findings)
    if everything:
        entries += sorted((e for e in run.assessments if e.decision.healthy), key=_end)
    if entries:
        headings = (FINDING_HEADINGS[name].upper() for name in _COLUMNS)
        out.print(_row(out, *headings), style="bold")
    for entry in entries:
        print_finding(out, entry, run)
    print_scopes(out, run)
    out.print(summary(run))


def print_finding(out: Console, entry: Assessment, run: Run) -> None:
    """Print one finding: a row to recognise it by, what is the matter, and where it is."""
    values = entry.to_dict(run.started_at)
    more, left = len(values["alternative_names"]), values["days_left"]
    name = clean(values["domain_name"]) or "(no name)"
    row = _row(
        out,
        values["severity"],
        values["verdict"],
        f"{name} +{more}" if more else name,
        "" if left is None else f"{left:,}",
    )
    row.stylize(STYLES[entry.decision.severity], 0, _SEVERITY + _VERDICT)
    out.print(row, no_wrap=True, overflow="ignore", crop=False)
    for sentence in (values["message"], *values["probe_results"]):
        indented(out, clean(sentence))
    indented(out, whereabouts(entry.certificate), style="dim")
    about = [f"{FINDING_HEADINGS[k].lower()} {clean(values[k])}" for k in _ABOUT if values[k]]
    if about:
        indented(out, ", ".join(about), style="dim")


def _row(out: Console, severity: str, verdict: str, name: str, days: str) -> Text:
    """Return a row of the table; a name that is too long pushes the days to the right."""
    room = max(out.width - _SEVERITY - _VERDICT - _DAYS - 1, 20)
    text = f"{severity:<{_SEVERITY}}{verdict:<{_VERDICT}}{name:<{room}} {days:>{_DAYS}}"
    return Text(text.rstrip())


def indented(out: Console, text: str, *, style: str = "", by: int = _SEVERITY) -> None:
    """Print a text below the one that it belongs to, folded as wide as the terminal is."""
    width = max(out.width - by, 20)
    for line in Text(text, style=style).wrap(out, width):
        line.rstrip()
        out.print(Text(" " * by).append_text(line), no_wrap=True, overflow="ignore", crop=False)


def whereabouts(certificate: Certificate) -> str:
    """Return account, region and id: all that an ARN says, on one line of a terminal."""
    last = certificate.arn.rpartition(":")[2].rpartition("/")[2]
    return f"{certificate.account_id} {certificate.region} {last}"


def print_scopes(out: Console, run: Run) -> None:
    """Print what could not be looked at, and what can be done about that."""
    for scope in run.scopes:
        if scope.error is None:
            continue
        out.print(Text(f"{scope.status.value:<9}", style="bold red").append(scope.label))
        for text in (clean(scope.error), help_with(scope.error)):
            if text:
                indented(out, text)


def summary(run: Run) -> Text:
    """Return one sentence about how many certificates there are, and how they are."""
    counted = {
        severity: sum(entry.decision.severity is severity for entry in run.assessments)
        for severity in reversed(Severity)
    }
    count = run.certificates
    text = Text(f"{count} certificate{'' if count == 1 else 's'} in {_scopes(run.scopes)}: ")
    parts = [(severity, number) for severity, number in counted.items() if number]
    for index, (severity, number) in enumerate(parts):
        text.append(", " if index else "")
        text.append(f"{number} {severity.label}", style=STYLES[severity])
    return text.append("." if parts else "none.")


def _scopes(scopes: Sequence[ScopeResult]) -> str:
    if len(scopes) == 1:
        return scopes[0].label
    accounts = {scope.account_id for scope in scopes}
    regions = {scope.region for scope in scopes}
    return (
        f"{len(accounts)} account{'' if len(accounts) == 1 else 's'} "
        f"and {len(regions)} region{'' if len(regions) == 1 else 's'}"
    )


def _end(entry: Assessment) -> float:
    ends = entry.certificate.not_after
    return ends.timestamp() if ends else 0.0
