"""The report of a run as three documents: a page for people, rows for a spreadsheet, plain data.

Names, messages and failures come from AWS and from whoever made the certificate: they are hostile
text here as in the message, and lose their control and direction characters.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from certificate_lifecycle.model.run import Output, Run, finding_entries, report_entry, shown_in
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.report.assets import Assets
from certificate_lifecycle.render.report.page import page

#: Of the JSON document; it rises when a field changes its meaning or goes.
SCHEMA_VERSION = "1"

#: The columns of the CSV document, each a field of a finding.
COLUMNS = tuple(item.name for item in shown_in(Output.CSV))
#: What was done or advised, from the actions of the run.
_DONE = "done"
#: A spreadsheet takes a cell for a formula that starts with one of these (OWASP, "CSV Injection"),
#: also in the full-width form that some of them fold.
_FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001 - the full-width ones are meant
#: Spreadsheets take a file without it for one of the machine's own encoding.
_BYTE_ORDER_MARK = "\ufeff"
#: The most characters of a spreadsheet's cell (Excel: 32,767), less what quoting may add.
_MOST_CHARACTERS = 32_000


@dataclass(frozen=True, slots=True)
class Document:
    """One of the documents, as text, under the ending that tells it from the others."""

    suffix: str
    content_type: str
    text: str


def documents(run: Run, assets: Assets) -> Iterator[Document]:
    """Yield what a run found and did, one document after the other: an organization's are large.

    The page comes last, since it is what people are pointed to. `run.report` plays no part.
    """
    yield Document("csv", "text/csv; charset=utf-8", rows(run))
    yield Document("json", "application/json; charset=utf-8", _data(run))
    yield Document("html", "text/html; charset=utf-8", page(run, assets))


def _data(run: Run) -> str:
    return json.dumps({"schema_version": SCHEMA_VERSION, **report_entry(run)})


def rows(run: Run) -> str:
    """Return the CSV document: a row for each scope that was not scanned and each certificate.

    RFC 4180: every cell in quotation marks, lines end in CRLF.
    """
    lines = [",".join(_quoted(name) for name in (*COLUMNS, _DONE)), *_lines(run)]
    return _BYTE_ORDER_MARK + "".join(f"{line}\r\n" for line in lines)


def _lines(run: Run) -> Iterator[str]:
    healthy = (entry for entry in run.assessments if entry.decision.healthy)
    entries = chain(
        finding_entries(run, ()),
        (entry.to_dict(run.started_at) for entry in chain(run.findings, healthy)),
    )
    done: defaultdict[str, list[str]] = defaultdict(list)
    for record in run.actions:
        done[record.certificate_arn].append(f"{record.outcome}: {record.detail}")
    for entry in entries:
        yield _line(entry, done.get(entry["certificate_arn"], ()))


def _line(entry: Mapping[str, object], done: Sequence[str]) -> str:
    return ",".join([*(_cell(entry[name]) for name in COLUMNS), _cell(list(done))])


def _cell(value: object) -> str:
    """Return a value as a cell that no spreadsheet takes for a formula; a number stays one."""
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
