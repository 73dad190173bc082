"""The output formats of `list` and `scan`: a new one is a function and a row in `FORMATS`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certificate_lifecycle.cli.output import (
    console,
    error_console,
    print_finding,
    print_json,
    print_scopes,
    summary,
)
from certificate_lifecycle.cli.scanning import Scan
from certificate_lifecycle.cli.table import STYLES, Column, needed, print_table
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.asff import PRODUCT_NAME, Source, updates
from certificate_lifecycle.render.notification.wording import public_dns_text
from certificate_lifecycle.render.report.documents import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The certificates to print, in order.

    `columns` are those of table and Markdown, `document` is the JSON document. `wide`: the table
    has every field of a finding.
    """

    scan: Scan
    entries: Sequence[Assessment]
    columns: Sequence[Column[Assessment]]
    document: Mapping[str, Any]
    wide: bool = False


def _table(listing: Listing) -> None:
    out, run = console(), listing.scan.shown
    if listing.wide:
        for entry in listing.entries:
            print_finding(out, entry, run)
    elif listing.entries:
        columns = needed(listing.columns, listing.entries)
        print_table(out, columns, listing.entries, run.started_at, _style)
    print_scopes(out, run)
    out.print(summary(run, listing.scan.run.certificates))
    if run.public_dns is not None:
        out.print(public_dns_text(run))


def _style(entry: Assessment) -> str:
    return STYLES[entry.decision.severity]


def _json(listing: Listing) -> None:
    print_json(listing.document)


def _csv(listing: Listing) -> None:
    """Print CSV (RFC 4180) without a byte order mark."""
    text = rows(listing.scan.shown, listing.entries)
    sys.stdout.write(text.removeprefix("\ufeff").replace("\r\n", "\n"))


def _markdown(listing: Listing) -> None:
    """Print a table of GitHub Flavored Markdown, with the message of each certificate."""
    run = listing.scan.shown
    columns = needed(listing.columns, listing.entries)
    headings = [column.heading.capitalize() for column in columns]
    lines = [[*headings, "Message"], ["---"] * (len(headings) + 1)]
    lines += [
        [
            *(_escaped(column.cell(entry, run.started_at)) for column in columns),
            _escaped(clean(entry.decision.message)),
        ]
        for entry in listing.entries
    ]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    errors = "".join(
        f"\n{scope.status.value} {scope.label}: {_escaped(clean(scope.error))}\n"
        for scope in run.scopes
        if scope.error is not None
    )
    gaps = f"\n{_escaped(run.inventory_message)}\n" if run.not_listed else ""
    total = summary(run, listing.scan.run.certificates).plain
    sys.stdout.write(f"{table}{errors}{gaps}\n{total}\n")


def _asff(listing: Listing) -> None:
    """Print the findings as Security Hub's `BatchImportFindings` accepts them.

    They have the ids of the instance's findings, so that an import creates no duplicates.
    """
    session, run = listing.scan.session, listing.scan.shown
    source = Source(session.home, session.settings.name_prefix or PRODUCT_NAME)
    sys.stdout.write(json.dumps(updates(run, source, ()), indent=2) + "\n")


def _ids(listing: Listing) -> None:
    """Print one ARN on each line, and on standard error the scopes that could not be scanned."""
    sys.stdout.write("".join(f"{entry.certificate.arn}\n" for entry in listing.entries))
    print_scopes(error_console(), listing.scan.shown)


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, within one cell of a table."""
    for character in "\\`*_[]<>|~#":
        text = text.replace(character, f"\\{character}")
    return text


#: The function that prints each format.
FORMATS: Mapping[str, Callable[[Listing], None]] = {
    "table": _table,
    "json": _json,
    "csv": _csv,
    "markdown": _markdown,
    "asff": _asff,
    "ids": _ids,
}
