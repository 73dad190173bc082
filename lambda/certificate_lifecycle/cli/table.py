"""Tables with one line for each certificate.

On a terminal, lines fit its width: columns that do not fit are left out from the right, and long
names are cut in the middle. In a pipe, every column is printed, and nothing is cut or folded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Generic, TypeVar

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.model.certificate import Certificate, Severity, days_left
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.coverage import has_tags

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
    Severity.OK: "green",
}

_GAP = 2
_CUT = "..."
#: The least width of a name in a table with optional columns.
_LONG_NAME = 30
#: What an empty and an unknown value look like.
_NONE, _UNKNOWN = "-", "?"

_KINDS = {
    "elasticloadbalancing": "load balancer",
    "cloudfront": "distribution",
    "apigateway": "API domain name",
    "cognito-idp": "user pool domain",
}


class Fit(Enum):
    """How a column becomes narrower."""

    FIXED = auto()
    CUT_MIDDLE = auto()
    CUT_END = auto()
    LEFT_OUT = auto()


#: In turn, the columns to cut and their least widths: names and verdicts remain readable.
_CUTS = (
    (Fit.CUT_MIDDLE, 40),
    (Fit.CUT_END, 28),
    (Fit.CUT_MIDDLE, 24),
    (Fit.CUT_END, 17),
    (Fit.CUT_MIDDLE, 1),
)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """A column with the text of each row; a coloured one has the style of the row."""

    heading: str
    text: Callable[[Row, datetime], str]
    fit: Fit = Fit.FIXED
    right: bool = False
    coloured: bool = False

    def cell(self, row: Row, now: datetime) -> str:
        """Return the text of a row without control characters."""
        return clean(self.text(row, now)) or _NONE


def print_table(
    out: Console,
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    now: datetime,
    style: Callable[[Row], str],
) -> None:
    """Print a heading and one line for each row."""
    cells = [[column.cell(row, now) for column in columns] for row in rows]
    shown, widths = _fitted(columns, cells, out.width)
    _print_line(out, Text(_line(shown, widths, [column.heading for column in shown]), "bold"))
    for row, texts in zip(rows, cells, strict=True):
        line = Text(_line(shown, widths, texts))
        for index, column in enumerate(shown):
            if column.coloured:
                start = sum(widths[:index]) + _GAP * index
                line.stylize(style(row), start, start + widths[index])
        _print_line(out, line)


def _print_line(out: Console, line: Text) -> None:
    line.rstrip()
    out.print(line, no_wrap=True, overflow="ignore", crop=False)


def _fitted(
    columns: Sequence[Column[Row]], cells: Sequence[Sequence[str]], width: int
) -> tuple[Sequence[Column[Row]], list[int]]:
    """Return the columns that fit into `width`, and their widths."""
    texts = [[column.heading for column in columns], *cells]
    widths = [max(map(cell_len, column)) for column in zip(*texts, strict=True)]
    columns = list(columns)
    while columns[-1].fit is Fit.LEFT_OUT and (_total(widths) - _spare(columns, widths) > width):
        columns.pop()
        widths.pop()
    for fit, least in _CUTS:
        for index, column in enumerate(columns):
            if column.fit is fit:
                excess = max(_total(widths) - width, 0)
                widths[index] -= min(excess, max(widths[index] - least, 0))
    return columns, widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _spare(columns: Sequence[Column[Row]], widths: Sequence[int]) -> int:
    """Return by how much names may become narrower in favour of other columns."""
    pairs = zip(columns, widths, strict=True)
    return sum(
        max(width - _LONG_NAME, 0) for column, width in pairs if column.fit is Fit.CUT_MIDDLE
    )


def _line(columns: Sequence[Column[Row]], widths: Sequence[int], cells: Iterable[str]) -> str:
    return (" " * _GAP).join(
        _padded(_cut(cell, width, column.fit), width, right=column.right)
        for column, width, cell in zip(columns, widths, cells, strict=False)
    )


def _padded(text: str, width: int, *, right: bool) -> str:
    missing = " " * (width - cell_len(text))
    return missing + text if right else text + missing


def _cut(text: str, width: int, fit: Fit) -> str:
    """Return a text of at most `width` cells; beginning and end of a name say most."""
    if cell_len(text) <= width:
        return text
    room = width - len(_CUT)
    if room < len(_CUT):
        return set_cell_size(text, width)
    end = room // 2 if fit is Fit.CUT_MIDDLE else 0
    return set_cell_size(text, room - end) + _CUT + _last(text, end)


def _last(text: str, width: int) -> str:
    return set_cell_size(text[::-1], width)[::-1]


def name_of(certificate: Certificate) -> str:
    """Return the common name and the number of other names."""
    more = len(certificate.names) - 1
    name = clean(certificate.domain_name) or "(no name)"
    return f"{name} +{more}" if more > 0 else name


def used_by(certificate: Certificate) -> str:
    """Return how many consumers of each kind use a certificate, as far as that is known."""
    services = (arn.split(":")[2] for arn in certificate.detail.in_use_by if arn.count(":") > 1)
    counts = Counter(_KINDS.get(service, service) for service in services)
    kinds = [f"{n} {kind}{'s' * (n > 1)}" for kind, n in counts.most_common()]
    if certificate.exported:
        kinds.append("exported")
    return ", ".join(kinds) or ("yes" if certificate.used else "no")


def owner_of(entry: Assessment) -> str:
    """Return the owner, or a question mark if the tags were not read."""
    unread = has_tags(entry.certificate) and not entry.certificate.detail.tags_read
    return entry.owner or (_UNKNOWN if unread else "")


def _days(entry: Assessment, now: datetime) -> str:
    left = days_left(entry.certificate, now)
    return "" if left is None else str(left)


def _note(entry: Assessment) -> str:
    notes = {"muted": entry.muted_until is not None, "outside scope": entry.outside_scope}
    return ", ".join(note for note, applies in notes.items() if applies)


def needed(
    columns: Sequence[Column[Assessment]], entries: Sequence[Assessment]
) -> Sequence[Column[Assessment]]:
    """Return the columns without that of the notes if no certificate has one."""
    noted = any(_note(entry) for entry in entries)
    return [column for column in columns if noted or column is not _NOTE]


_SEVERITY: Column[Assessment] = Column(
    "SEVERITY", lambda entry, _: entry.decision.severity.label, coloured=True
)
_NAME: Column[Assessment] = Column(
    "CERTIFICATE", lambda entry, _: name_of(entry.certificate), Fit.CUT_MIDDLE
)
_DAYS: Column[Assessment] = Column("DAYS", _days, right=True)
_REASON: Column[Assessment] = Column(
    "VERDICT:REASON",
    lambda entry, _: f"{entry.decision.verdict.value}:{entry.decision.reason.value}",
    Fit.CUT_END,
)
_VERDICT: Column[Assessment] = Column(
    "VERDICT", lambda entry, _: entry.decision.verdict.value, coloured=True
)
_NOTE: Column[Assessment] = Column("NOTE", lambda entry, _: _note(entry))
_USED_BY: Column[Assessment] = Column(
    "USED BY", lambda entry, _: used_by(entry.certificate), Fit.LEFT_OUT
)
_OWNER: Column[Assessment] = Column("OWNER", lambda entry, _: owner_of(entry), Fit.LEFT_OUT)
_REGION: Column[Assessment] = Column(
    "REGION", lambda entry, _: entry.certificate.region, Fit.LEFT_OUT
)
_ACCOUNT: Column[Assessment] = Column(
    "ACCOUNT", lambda entry, _: entry.certificate.account_id, Fit.LEFT_OUT
)

#: The columns of `scan` and of `list`.
FINDING_COLUMNS = (_SEVERITY, _NAME, _DAYS, _REASON, _NOTE, _OWNER, _REGION, _ACCOUNT)
LIST_COLUMNS = (_NAME, _DAYS, _VERDICT, _NOTE, _USED_BY, _OWNER, _REGION, _ACCOUNT)
