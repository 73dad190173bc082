"""The report of a run as one HTML page that needs no server, no network and no trust in its data.

Every value is text: Python escapes it where it writes markup, and the script of the page sets it by
`textContent`. Both build a cell from the same description, a `Node`, so that the page says the same
with and without JavaScript.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from string import Template
from typing import Any, TypeAlias

from certificate_lifecycle.model.certificate import Action, Severity, Verdict
from certificate_lifecycle.model.run import (
    FINDING_HEADINGS,
    ActionRecord,
    Assessment,
    Outcome,
    Run,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.aws_console import console_url
from certificate_lifecycle.render.notification.wording import OUTCOMES, severity_of
from certificate_lifecycle.render.report.assets import Assets
from certificate_lifecycle.render.report.charts import forecast, timeline

#: Rows of a table in the page; a browser takes its time over more. The CSV document has all.
MOST_ROWS = 5_000
#: Rows that stand in the page as markup, for readers without JavaScript.
PLAIN_ROWS = 200
#: Entries of a list that is not a table.
_MOST_ENTRIES = 200
_SHOWN_NAMES = 20
_SHOWN_USERS = 10

#: A text, or an element: its tag, its class (the target of a link) and what is in it.
Node: TypeAlias = "str | tuple[str, str, tuple[Node, ...]]"
_Key: TypeAlias = "str | int | None"
_Records: TypeAlias = Mapping[str, Sequence[ActionRecord]]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a row is about: a finding, its fields as data, and what was done for it."""

    entry: Assessment
    values: Mapping[str, Any]
    records: Sequence[ActionRecord]

    @property
    def name(self) -> str:
        """What people call the certificate."""
        return clean(self.values["domain_name"] or self.values["certificate_arn"], 300)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a table; `field` is the field of a finding whose heading stands above it."""

    field: str
    key: Callable[[_Subject], _Key]
    cell: Callable[[_Subject], Node]

    @property
    def heading(self) -> str:
        """What stands above the column."""
        return FINDING_HEADINGS[self.field]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: what it is filtered by, and for each column what it is sorted by and shows."""

    severity: Severity
    verdict: Verdict
    keys: tuple[_Key, ...]
    cells: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that the script sorts, filters and turns the pages of."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: Sequence[_Row]
    total: int


def page(run: Run, assets: Assets) -> str:
    """Return the page of a run."""
    findings, inventory = _findings(run), _inventory(run)
    # Each stands below its tag, and its hash is that of all that its element holds.
    style, script = f"\n{assets.style}", f"\n{assets.script}"
    title = f"Certificate report of {clean(run.instance)}"
    return Template(assets.html).substitute(
        style_hash=_hash(style),
        script_hash=_hash(script),
        title=escape(title),
        style=style,
        header=_header(run, title),
        overview=_overview(run),
        scopes=_scopes(run),
        timeline=timeline(run),
        forecast=forecast(run),
        severities=_severities(run),
        verdicts=_verdicts(run),
        findings=_section("findings", "Findings", _findings_intro(findings), _markup(findings)),
        done=_deeds(run),
        inventory=_section(
            "inventory", "Inventory", _inventory_intro(run, inventory), _markup(inventory)
        ),
        # Data, which nothing runs: what could end the element is written as an escape.
        data=_data(findings, inventory),
        script=script,
    )


def _hash(text: str) -> str:
    """Return a hash as a Content-Security-Policy names it, without its quotation marks."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data(*tables: _Table) -> str:
    content = {
        table.name: [
            [row.severity.label, row.verdict.value, row.keys, row.cells] for row in table.rows
        ]
        for table in tables
    }
    text = json.dumps(content, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- Nodes ------------------------------------------------------------------------------------


def _node(tag: str, extra: str, *children: Node) -> Node:
    return (tag, extra, children)


def markup(node: Node) -> str:
    """Return a node as HTML."""
    if isinstance(node, str):
        return escape(node)
    tag, extra, children = node
    inner = "".join(markup(child) for child in children)
    if tag == "a":
        return f'<a href="{escape(extra)}" rel="noreferrer">{inner}</a>'
    return f'<{tag} class="{escape(extra)}">{inner}</{tag}>' if extra else f"<{tag}>{inner}</{tag}>"


def _section(name: str, title: str, *parts: str) -> str:
    return "\n".join(
        [
            f'<section id="{name}" aria-labelledby="{name}-title">',
            f'<h2 id="{name}-title">{escape(title)}</h2>',
            *(part for part in parts if part),
            "</section>",
        ]
    )


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# --- What stands above the tables -------------------------------------------------------------


def _header(run: Run, title: str) -> str:
    facts = {
        "Run": clean(run.run_id),
        "Started": f"{run.started_at:%Y-%m-%d %H:%M} UTC",
        "Mode": clean(run.mode),
        "Looked at": f"{_many(run.certificates, 'certificate')} of {_scope_label(run)}",
    }
    listed = "".join(f"<div><dt>{key}</dt><dd>{escape(facts[key])}</dd></div>" for key in facts)
    notes = [
        "This was a dry run: it says what would be done, and changed nothing." * run.dry_run,
        "Only the certificates that were asked for were looked at." * (not run.full_scan),
    ]
    told = "".join(f'<p class="note">{note}</p>' for note in notes if note)
    return f"<header><h1>{escape(title)}</h1><dl>{listed}</dl>{told}</header>"


def _scope_label(run: Run) -> str:
    if len(run.scopes) == 1:
        return run.scopes[0].label
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    return f"{_many(len(accounts), 'account')} in {_many(len(regions), 'region')}"


def _overview(run: Run) -> str:
    found: defaultdict[str, set[Severity]] = defaultdict(set)
    for entry in run.assessments:
        found[entry.decision.verdict.value].add(entry.decision.severity)
    for verdict in run.healthy:
        found[verdict].add(Severity.OK)
    found[Verdict.SCAN_FAILED.value].add(Severity.WARNING)
    order = sorted(run.counts.items(), key=lambda each: (-max(found[each[0]]), -each[1], each[0]))
    tiles = "".join(_tile(verdict, count, found[verdict]) for verdict, count in order)
    urgent = sum(entry.decision.severity >= Severity.WARNING for entry in run.assessments)
    sentence = (
        f"{_many(urgent, 'certificate')} {'needs' if urgent == 1 else 'need'} attention."
        if urgent
        else "No certificate that was looked at needs attention."
    )
    if run.incomplete:
        sentence += " Not everything could be looked at or done."
    label = severity_of(run).label
    return _section(
        "overview",
        "Overview",
        f'<p class="verdict"><span class="badge {label}">{label}</span> {sentence}</p>',
        f'<ul class="tiles">{tiles}</ul>' if tiles else _paragraph("There is no certificate."),
    )


def _tile(verdict: str, count: int, severities: set[Severity]) -> str:
    """Return a tile, which is a link that filters the tables by its verdict."""
    severity = max(severities)
    some = "up to " if len(severities) > 1 else ""
    target = "scopes" if verdict == Verdict.SCAN_FAILED else f"verdict={verdict}"
    return (
        f'<li><a class="tile {severity.label}" href="#{target}"><strong>{count:,}</strong> '
        f'<span class="name">{verdict}</span> <span class="badge {severity.label}">'
        f"{some}{severity.label}</span> "
        f"<small>{escape(Verdict.of(verdict).meaning)}</small></a></li>"
    )


def _scopes(run: Run) -> str:
    lost = set(run.failed_scopes)
    errors = sorted(
        (scope for scope in run.scopes if scope.error is not None),
        key=lambda scope: scope not in lost,
    )
    if not errors:
        every = _paragraph(f"Everything in {_scope_label(run)} could be looked at.")
        return _section("scopes", "What could not be looked at", every)
    entries = [
        f'<span class="badge warning">{scope.status.value}</span> '
        f"<strong>{escape(clean(scope.label))}</strong>: {escape(clean(scope.error or ''))}"
        for scope in errors
    ]
    return _section("scopes", "What could not be looked at", _entries(entries))


def _deeds(run: Run) -> str:
    told = [record for record in run.actions if record.outcome is not Outcome.ADVISED]
    if not told:
        return _section("done", "Done in this run", _paragraph("Nothing had to be done."))
    names = {record.certificate_arn: clean(record.certificate_arn) for record in told}
    names |= {entry.certificate.arn: _name(entry) for entry in run.assessments}
    entries = [
        markup(_node("div", "", _node("strong", "", names[record.certificate_arn]), *_step(record)))
        for record in told
    ]
    return _section("done", "Done in this run", _entries(entries))


def _entries(entries: Sequence[str]) -> str:
    """Return markup as a list that says how much of it is left out."""
    listed = "".join(f"<li>{entry}</li>" for entry in entries[:_MOST_ENTRIES])
    hidden = len(entries) - _MOST_ENTRIES
    more = f"And {hidden:,} more, which the JSON document names." if hidden > 0 else ""
    return f'<ul class="entries">{listed}</ul>{_paragraph(more)}'


def _severities(run: Run) -> str:
    found = sorted({entry.decision.severity for entry in run.assessments}, reverse=True)
    return _options(severity.label for severity in found)


def _verdicts(run: Run) -> str:
    return _options(sorted({entry.decision.verdict.value for entry in run.assessments}))


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{value}</option>" for value in values)


# --- Tables -----------------------------------------------------------------------------------


def _findings(run: Run) -> _Table:
    records: defaultdict[str, list[ActionRecord]] = defaultdict(list)
    for record in run.actions:
        records[record.certificate_arn].append(record)
    return _table("findings", "Findings, worst first", _FINDINGS, run, run.findings, records)


def _inventory(run: Run) -> _Table:
    """Return what is known: findings in their order, then what is healthy by what ends first."""
    healthy = sorted(
        (entry for entry in run.assessments if entry.decision.healthy),
        key=lambda entry: (*_ends(entry), entry.certificate.arn),
    )
    caption = "All certificates that are known"
    return _table("inventory", caption, _INVENTORY, run, [*run.findings, *healthy], {})


def _table(
    name: str,
    caption: str,
    columns: Sequence[_Column],
    run: Run,
    entries: Sequence[Assessment],
    records: _Records,
) -> _Table:
    rows = []
    for entry in entries[:MOST_ROWS]:
        done = records.get(entry.certificate.arn, ())
        subject = _Subject(entry, entry.to_dict(run.started_at), done)
        rows.append(
            _Row(
                entry.decision.severity,
                entry.decision.verdict,
                tuple(column.key(subject) for column in columns),
                tuple(column.cell(subject) for column in columns),
            )
        )
    headings = tuple(column.heading for column in columns)
    return _Table(name, caption, headings, rows, len(entries))


def _ends(entry: Assessment) -> tuple[bool, float]:
    """Return what sorts by the end, what has none last."""
    ends = entry.certificate.not_after
    return (ends is None, ends.timestamp() if ends else 0.0)


def _findings_intro(table: _Table) -> str:
    if not table.total:
        return _paragraph("There is no open finding.")
    return _paragraph(_cut(table))


def _inventory_intro(run: Run, table: _Table) -> str:
    unnamed = sum(run.healthy.values())
    known = _paragraph(_cut(table))
    if not unnamed:
        return known
    text = (
        f"{_many(unnamed, 'more certificate')} that "
        f"{'needs' if unnamed == 1 else 'need'} nothing "
        f"{'is' if unnamed == 1 else 'are'} known by number only, and in no table or chart."
    )
    return known + _paragraph(text)


def _cut(table: _Table) -> str:
    if table.total <= MOST_ROWS:
        return ""
    return f"The first {MOST_ROWS:,} of {table.total:,} are here; the CSV document has all of them."


def _markup(table: _Table) -> str:
    """Return a table with the rows that stand in it before the script takes over."""
    if not table.total:
        return ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in table.columns)
    rows = "".join(_row(table, row) for row in table.rows[:PLAIN_ROWS])
    hidden = table.total - PLAIN_ROWS
    without = (
        f"<noscript><p>Without JavaScript the first {PLAIN_ROWS} of {table.total:,} are shown; the "
        "CSV document has all of them.</p></noscript>"
        if hidden > 0
        else ""
    )
    return (
        f'{without}<p class="status" id="{table.name}-status" role="status"></p>'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{table.name}-title">'
        f'<table id="{table.name}-table"><caption>{table.caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p class="pages" id="{table.name}-pages"></p>'
    )


def _row(table: _Table, row: _Row) -> str:
    """Return a row; on a phone it is a card, in which each cell says what it is."""
    head = table.columns.index("Certificate")
    cells = []
    for number, (name, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
        tag, scope = ("th", ' scope="row"') if number == head else ("td", "")
        cells.append(f'<{tag}{scope} data-label="{name}">{markup(cell)}</{tag}>')
    return f"<tr>{''.join(cells)}</tr>"


def _certificate(subject: _Subject) -> Node:
    values = subject.values
    arn = values["certificate_arn"]
    return _node(
        "div",
        "",
        _node("strong", "names", subject.name),
        *_more_names(values["alternative_names"]),
        _node("span", "where", f"{values['account_id']} {values['region']}"),
        *(_console(arn) or [_node("small", "", clean(arn))]),
    )


def _known(subject: _Subject) -> Node:
    arn = subject.values["certificate_arn"]
    name, small = _node("strong", "names", subject.name), _node("small", "", clean(arn))
    return _node("div", "", name, small, *_console(arn))


def _what_is_wrong(subject: _Subject) -> Node:
    values = subject.values
    muted_until = values["muted_until"]
    return _node(
        "div",
        "",
        _node("strong", "", values["verdict"]),
        _node("p", "", clean(values["message"])),
        *(_node("p", "", clean(result)) for result in values["probe_results"]),
        _node("small", "", f"Reason: {values['reason']}"),
        *([_node("small", "", f"Muted until {muted_until}")] if muted_until else []),
    )


def _words(constant: str) -> str:
    return constant.replace("_", " ").lower()


def _badge(severity: Severity) -> Node:
    return _node("span", f"badge {severity.label}", severity.label)


def _name(entry: Assessment) -> str:
    return clean(entry.certificate.domain_name or entry.certificate.arn, 300)


def _more_names(others: Sequence[str]) -> list[Node]:
    if not others:
        return []
    shown = ", ".join(others[:_SHOWN_NAMES])
    rest = len(others) - _SHOWN_NAMES
    text = f"also {shown}" + (f" and {rest} more" if rest > 0 else "")
    return [_node("span", "names", clean(text, 3000))]


def _console(arn: str) -> list[Node]:
    """Return a link to the console, or nothing where we know of no page."""
    url = clean(console_url(arn))
    return [_node("a", url, "Open in the console")] if url.startswith("https://") else []


def _users(subject: _Subject) -> Sequence[str]:
    values = subject.values
    users: Sequence[str] = values["used_by"] or values["in_use_by"]
    return users


def _listed(values: Sequence[str]) -> Node:
    if not values:
        return "nothing that AWS tells of"
    shown: list[Node] = [_node("li", "", clean(value, 300)) for value in values[:_SHOWN_USERS]]
    hidden = len(values) - _SHOWN_USERS
    if hidden > 0:
        shown.append(_node("li", "", f"and {hidden:,} more"))
    return _node("ul", "", *shown)


def _steps(subject: _Subject) -> list[Node]:
    action = subject.entry.decision.action
    if subject.records:
        return [node for record in subject.records for node in _step(record)]
    return [action.meaning if action is not Action.NONE else "Nothing has to be done."]


def _step(record: ActionRecord) -> list[Node]:
    """Return what was done or is next; lines after the first are commands, to be copied whole."""
    text, *commands = record.detail.splitlines() or [""]
    said: Node = _node("p", "", _node("b", "", f"{OUTCOMES[record.outcome]}: "), clean(text, 2000))
    if not commands:
        return [said]
    return [said, _node("pre", "", "\n".join(clean(command) for command in commands))]


def _end_key(subject: _Subject) -> int | None:
    ends = subject.entry.certificate.not_after
    return int(ends.timestamp()) if ends else None


def _end(subject: _Subject) -> Node:
    ends, left = subject.entry.certificate.not_after, subject.values["days_left"]
    if ends is None:
        return "not known"
    return _node("div", "", _node("b", "date", f"{ends:%Y-%m-%d}"), _node("small", "", _left(left)))


def _used(subject: _Subject) -> str:
    """Return whether it is used; an exported copy is a use as well."""
    return "yes" if subject.entry.certificate.used else "no"


def _left(days: int) -> str:
    if days < 0:
        return f"ended {_many(-days, 'day')} ago"
    return f"in {_many(days, 'day')}" if days else "within a day"


def _plain(name: str, shown: Callable[[str], str] = str) -> _Column:
    """Return a column that shows a field as text, and sorts by that."""

    def text(subject: _Subject) -> str:
        return shown(subject.values[name])

    return _Column(name, text, text)


_OWNER = _Column(
    "owner",
    lambda subject: subject.values["owner"],
    lambda subject: clean(subject.values["owner"] or "", 300),
)
_ENDS = _Column("not_after", _end_key, _end)
_USED = _Column("in_use", _used, _used)
_FINDINGS = (
    _Column(
        "severity",
        lambda subject: -subject.entry.decision.severity,
        lambda subject: _badge(subject.entry.decision.severity),
    ),
    _Column("domain_name", lambda subject: subject.name, _certificate),
    _Column("message", lambda subject: subject.values["verdict"], _what_is_wrong),
    _Column(
        "used_by", lambda subject: len(_users(subject)), lambda subject: _listed(_users(subject))
    ),
    _OWNER,
    _Column(
        "action",
        lambda subject: subject.values["action"],
        lambda subject: _node("div", "steps", *_steps(subject)),
    ),
    _ENDS,
)
_INVENTORY = (
    _Column("domain_name", lambda subject: subject.name, _known),
    _plain("account_id"),
    _plain("region"),
    _OWNER,
    _Column(
        "verdict",
        lambda subject: subject.values["verdict"],
        lambda subject: _node(
            "span",
            f"badge {subject.values['severity']}",
            subject.values["verdict"],
        ),
    ),
    _plain("type", _words),
    _plain("status", _words),
    _USED,
    _ENDS,
)
