"""The report of a run as three documents: an HTML page, CSV rows and JSON data.

Names, messages and errors are untrusted: control and direction characters are removed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from certificate_lifecycle.model.run import (
    Assessment,
    Output,
    Run,
    finding_entries,
    report_entry,
    shown_in,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.report.assets import Assets
from certificate_lifecycle.render.report.page import page

#: Of the JSON document; raised when a field changes its meaning or is removed.
SCHEMA_VERSION = "1"

#: The columns of the CSV document.
COLUMNS = tuple(item.name for item in shown_in(Output.CSV))
#: The column with the actions of the run.
_DONE = "done"
#: Spreadsheets evaluate a cell that starts with one of these (OWASP, "CSV Injection"), some also
#: with the full-width forms.
_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - the full-width ones are meant
#: Without it, spreadsheets use the encoding of the machine.
_BYTE_ORDER_MARK = "\ufeff"
#: Characters of a cell (Excel: 32,767), with a reserve for quotation marks.
_MOST_CHARACTERS = 32_000


@dataclass(frozen=True, slots=True)
class Document:
    """One document, with the suffix of its file name."""

    suffix: str
    content_type: str
    text: str


def documents(run: Run, assets: Assets) -> Iterator[Document]:
    """Yield one document after the other, because those of an organization are large.

    The page comes last: messages link to it, so that the others exist by then.
    """
    yield Document("csv", "text/csv; charset=utf-8", rows(run))
    yield Document("json", "application/json; charset=utf-8", _data(run))
    yield Document("html", "text/html; charset=utf-8", page(run, assets))


def _data(run: Run) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **report_entry(run)})


def rows(run: Run, assessments: Sequence[Assessment] | None = None) -> str:
    """Return the CSV document: a row for each failed scope and each certificate.

    `assessments` replace those of the run, which come most severe first.

    RFC 4180: every cell in quotation marks, lines end in CRLF.
    """
    lines = [",".join(_quoted(name) for name in (*COLUMNS, _DONE)), *_lines(run, assessments)]
    return _BYTE_ORDER_MARK + "".join(f"{line}\r\n" for line in lines)


def _lines(run: Run, assessments: Sequence[Assessment] | None) -> Iterator[str]:
    if assessments is None:
        healthy = (entry for entry in run.assessments if entry.decision.healthy)
        assessments = [*run.findings, *healthy]
    entries = chain(
        finding_entries(run, ()), (entry.to_dict(run.started_at) for entry in assessments)
    )
    done: defaultdict[str, list[str]] = defaultdict(list)
    for record in run.actions:
        done[record.certificate_arn].append(f"{record.outcome}: {record.detail}")
    for entry in entries:
        yield _line(entry, done.get(entry["certificate_arn"], ()))


def _line(entry: Mapping[str, object], done: Sequence[str]) -> str:
    return ",".join([*(_cell(entry[name]) for name in COLUMNS), _cell(list(done))])


def _cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet evaluates as a formula."""
    if value is None:
        return _quoted("")
    if isinstance(value, bool):
        return _quoted("yes" if value else "no")
    if isinstance(value, int):
        return _quoted(str(value))
    several = value if isinstance(value, list) else [value]
    text = clean("; ".join(str(entry) for entry in several), _MOST_CHARACTERS)
    return _quoted(f"'{text}" if text.startswith(_FORMULA) else text)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
