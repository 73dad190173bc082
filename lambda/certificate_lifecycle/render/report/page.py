"""The report of a run as one HTML page, which needs no server and no network.

Every value is untrusted text: Python escapes it, and the script of the page sets it as
`textContent`. Both render a cell from the same `Node`, so the page is the same without JavaScript.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from html import escape
from string import Template
from typing import Any, TypeAlias

from certificate_lifecycle.model.certificate import Severity, Verdict
from certificate_lifecycle.model.run import (
    FINDING_HEADINGS,
    ActionRecord,
    Assessment,
    Outcome,
    RecordToWrite,
    Run,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.aws_console import console_url
from certificate_lifecycle.render.notification.wording import (
    OUTCOMES,
    failed_first,
    many,
    public_dns_text,
    severity_of,
)
from certificate_lifecycle.render.report.assets import Assets
from certificate_lifecycle.render.report.charts import forecast, timeline
from certificate_lifecycle.render.report.readiness import readiness_markup, readiness_of

#: Rows of a table in the page; more make browsers slow. The CSV document has all.
MOST_ROWS = 5_000
#: Rows that are markup, for readers without JavaScript.
PLAIN_ROWS = 100
#: Entries of a list.
_MOST_ENTRIES = 200
_SHOWN_NAMES = 20
#: Verdicts of findings without a certificate, which are no rows of the tables.
_WITHOUT_CERTIFICATE = (Verdict.SCAN_FAILED, Verdict.INVENTORY_INCOMPLETE)
_SHOWN_USERS = 10
#: The title of what an action shows when it is opened, by whether it has records and commands.
_CONTENTS = {
    (True, True): "DNS records and commands",
    (True, False): "DNS records",
    (False, True): "Commands",
}

#: A text, or an element: its tag, its class (or the target of a link) and its children.
Node: TypeAlias = "str | tuple[str, str, tuple[Node, ...]]"
_Key: TypeAlias = "str | int | None"
_Records: TypeAlias = Mapping[str, Sequence[ActionRecord]]


@dataclass(frozen=True, slots=True)
class _Subject:
    """The data of a row: a certificate, its fields, and the actions on it."""

    entry: Assessment
    values: Mapping[str, Any]
    records: Sequence[ActionRecord]

    @property
    def name(self) -> str:
        """The domain name, or the ARN."""
        return clean(self.values["domain_name"] or self.values["certificate_arn"], 300)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: a field of a finding with its sort key and its cell."""

    field: str
    key: Callable[[_Subject], _Key]
    cell: Callable[[_Subject], Node]

    @property
    def heading(self) -> str:
        """The heading of the field."""
        return FINDING_HEADINGS[self.field]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row: its filter values, and the sort key and the cell of each column."""

    severity: Severity
    verdict: Verdict
    owner: str
    keys: tuple[_Key, ...]
    cells: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that the script sorts, filters and pages."""

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: Sequence[_Row]
    total: int


def page(run: Run, assets: Assets) -> str:
    """Return the page of a run."""
    findings, inventory = _findings(run), _inventory(run)
    severities = {entry.decision.severity for entry in run.assessments}
    # The hash covers the whole content of the element, the first newline included.
    style, script = f"\n{assets.style}", f"\n{assets.script}"
    title = f"Certificate report of {clean(run.instance)}"
    return Template(assets.html).substitute(
        style_hash=_hash(style),
        script_hash=_hash(script),
        title=escape(title),
        style=style,
        header=_header(run, title),
        overview=_overview(run),
        severities=_options(severity.label for severity in sorted(severities, reverse=True)),
        verdict_options=_options(
            sorted({entry.decision.verdict.value for entry in run.assessments})
        ),
        owners=_options(sorted({row.owner for row in inventory.rows if row.owner})),
        findings=_section(
            "findings",
            "Findings",
            _paragraph(_cut(findings) if findings.total else _without_findings(run)),
            _markup(findings),
        ),
        done=_done(run),
        scopes=_scopes(run),
        verdicts=_verdicts(run),
        timeline=timeline(run),
        forecast=forecast(run),
        readiness=_section("readiness", "Readiness", readiness_markup(readiness_of(run))),
        inventory=_section(
            "inventory", "Inventory", _inventory_intro(run, inventory), _markup(inventory)
        ),
        about=_about(run),
        data=_data(findings, inventory),
        script=script,
    )


def _hash(text: str) -> str:
    """Return a hash as a Content-Security-Policy names it, without its quotation marks."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _data(*tables: _Table) -> str:
    content = {
        table.name: [
            [row.severity.label, row.verdict.value, row.keys, row.cells, row.owner]
            for row in table.rows
        ]
        for table in tables
    }
    # Escaped, so that no value can end the element.
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


# --- Above the tables -------------------------------------------------------------------------


def _header(run: Run, title: str) -> str:
    scanned = many(run.certificates, "certificate")
    facts = f"{run.started_at:%Y-%m-%d %H:%M} UTC, {scanned} of {_scope_label(run)}"
    notes = [
        "Dry run: nothing was changed." * run.dry_run,
        "Only the requested certificates were scanned." * (not run.full_scan),
    ]
    shown = "".join(f'<p class="note">{note}</p>' for note in notes if note)
    return f"<header><h1>{escape(title)}</h1>{_paragraph(facts)}{shown}</header>"


def _about(run: Run) -> str:
    facts = {
        "Run": clean(run.run_id),
        "Mode": clean(run.mode),
        "SDK": clean(run.sdk),
        **({"Ignored": _ignored(run)} if run.ignored else {}),
        **({"DNS": public_dns_text(run)} if run.public_dns else {}),
    }
    listed = "".join(f"<div><dt>{key}</dt><dd>{escape(facts[key])}</dd></div>" for key in facts)
    return _section("about", "About this run", f"<dl>{listed}</dl>")


def _ignored(run: Run) -> str:
    return f"{many(run.ignored, 'certificate')} outside the scope of this instance"


def _scope_label(run: Run) -> str:
    if len(run.scopes) == 1:
        return run.scopes[0].label
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    return f"{many(len(accounts), 'account')} in {many(len(regions), 'region')}"


def _overview(run: Run) -> str:
    urgent = sum(entry.decision.severity >= Severity.WARNING for entry in run.assessments)
    sentence = (
        f"{many(urgent, 'certificate')} {'needs' if urgent == 1 else 'need'} attention."
        if urgent
        else "No scanned certificate needs attention."
    )
    if muted := len(run.muted_findings):
        sentence += f" {many(muted, 'finding')} {'is' if muted == 1 else 'are'} muted."
    if run.failed:
        sentence += " The run is incomplete: a scan or an action failed."
    if run.not_listed:
        sentence += " The inventory is incomplete."
    if run.incomplete:
        done = ' and <a href="#done">Done in this run</a>' if run.failed_actions else ""
        sentence += f' See <a href="#scopes">Completeness</a>{done}.'
    label = severity_of(run).label
    counts = Counter(entry.decision.severity for entry in run.assessments)
    counts[Severity.OK] += sum(run.healthy.values())
    tiles = "".join(_tile(severity, counts[severity]) for severity in sorted(Severity)[::-1])
    return _section(
        "overview",
        "Overview",
        f'<p class="verdict"><span class="badge {label}">{label}</span> {sentence}</p>',
        f'<ul class="tiles">{tiles}{_next_expiry(run)}</ul>',
    )


def _tile(severity: Severity, count: int) -> str:
    """Return the count of a severity, which filters the tables by the severity."""
    label = severity.label
    return (
        f'<li><a class="tile {label}" href="#severity={label}"><strong>{count:,}</strong> '
        f'<span class="badge {label}">{label}</span></a></li>'
    )


def _next_expiry(run: Run) -> str:
    day, text = "unknown", "No certificate in use has a known expiry."
    if found := run.next_expiry:
        ends, entry = found
        days = (ends - run.started_at) // timedelta(days=1)
        day, text = f"{ends:%Y-%m-%d}", f"{_left(days)}: {_name(entry)}."
    others = " Certificates that are only counted may expire before." if run.healthy else ""
    return (
        f'<li class="tile next"><strong>{day}</strong> <span class="name">Next expiry in use</span>'
        f" <small>{escape(text)}{others}</small></li>"
    )


def _verdicts(run: Run) -> str:
    """Return the number of certificates by verdict, worst first."""
    found: defaultdict[str, set[Severity]] = defaultdict(set)
    for entry in run.assessments:
        found[entry.decision.verdict.value].add(entry.decision.severity)
    for verdict in run.healthy:
        found[verdict].add(Severity.OK)
    found[Verdict.SCAN_FAILED.value].add(Severity.WARNING)
    found[Verdict.INVENTORY_INCOMPLETE.value].add(Severity.INFO)
    order = sorted(run.counts.items(), key=lambda item: (-max(found[item[0]]), -item[1], item[0]))
    rows = "".join(_verdict(verdict, count, found[verdict]) for verdict, count in order)
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("Verdict", "Severity", "Count", "Meaning")
    )
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Counts by verdict">'
        "<table><caption>Counts by verdict</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return _section("verdicts", "Verdicts", table if rows else _paragraph("No certificates."))


def _verdict(verdict: str, count: int, severities: set[Severity]) -> str:
    """Return the row of a verdict, whose link filters the tables."""
    label = max(severities).label
    some = "up to " if len(severities) > 1 else ""
    target = "scopes" if verdict in _WITHOUT_CERTIFICATE else f"verdict={verdict}"
    return (
        f'<tr><th scope="row"><a href="#{target}">{verdict}</a></th>'
        f'<td><span class="badge {label}">{some}{label}</span></td><td>{count:,}</td>'
        f"<td>{escape(Verdict.of(verdict).meaning)}</td></tr>"
    )


def _scopes(run: Run) -> str:
    errors = [scope for scope in failed_first(run) if scope.error is not None]
    ignored = f", except {_ignored(run)}" if run.ignored else ""
    every = _paragraph(
        f"Everything in {_scope_label(run)} was scanned{ignored}."
        if run.full_scan
        else "Certificates that were not requested."
    )
    entries = [
        f'<span class="badge warning">{scope.status.value}</span> '
        f"<strong>{escape(clean(scope.label))}</strong>: {escape(clean(scope.error or ''))}"
        for scope in errors
    ]
    if run.not_listed:
        entries.append(f'<span class="badge info">info</span> {escape(run.inventory_message)}')
    intro = "" if entries else every
    entries += [
        f'<span class="badge warning">failed</span> {escape(clean(problem))}'
        for problem in run.problems
    ]
    return _section("scopes", "Completeness", intro, _entries(entries) if entries else "")


def _done(run: Run) -> str:
    done = [record for record in run.actions if record.outcome is not Outcome.ADVISED]
    names = {record.certificate_arn: clean(record.certificate_arn) for record in done}
    names |= {entry.certificate.arn: _name(entry) for entry in run.assessments}
    entries = [
        markup(_node("div", "", _node("strong", "", names[record.certificate_arn]), *_step(record)))
        for record in done
    ]
    nothing = _paragraph("No action was taken.")
    return _section("done", "Done in this run", _entries(entries) if entries else nothing)


def _entries(entries: Sequence[str]) -> str:
    """Return markup as a list with a count of what is left out."""
    listed = "".join(f"<li>{entry}</li>" for entry in entries[:_MOST_ENTRIES])
    hidden = len(entries) - _MOST_ENTRIES
    more = f"And {hidden:,} more; the JSON document has all." if hidden > 0 else ""
    return f'<ul class="entries">{listed}</ul>{_paragraph(more)}'


def _options(values: Iterable[str]) -> str:
    return "".join(f"<option>{escape(value)}</option>" for value in values)


# --- Tables -----------------------------------------------------------------------------------


def _findings(run: Run) -> _Table:
    records: defaultdict[str, list[ActionRecord]] = defaultdict(list)
    for record in run.actions:
        records[record.certificate_arn].append(record)
    return _table("findings", "Findings, worst first", _FINDINGS, run, run.findings, records)


def _inventory(run: Run) -> _Table:
    """Return all certificates: findings in their order, then healthy ones by expiry."""
    healthy = sorted(
        (entry for entry in run.assessments if entry.decision.healthy),
        key=lambda entry: (*_ends(entry), entry.certificate.arn),
    )
    return _table("inventory", "All certificates", _INVENTORY, run, [*run.findings, *healthy], {})


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
                _owner(subject),
                tuple(column.key(subject) for column in columns),
                tuple(column.cell(subject) for column in columns),
            )
        )
    headings = tuple(column.heading for column in columns)
    return _Table(name, caption, headings, rows, len(entries))


def _ends(entry: Assessment) -> tuple[bool, float]:
    """Return a sort key by expiry, unknown last."""
    ends = entry.certificate.not_after
    return (ends is None, ends.timestamp() if ends else 0.0)


def _inventory_intro(run: Run, table: _Table) -> str:
    counted = sum(run.healthy.values())
    text = f"{many(counted, 'more healthy certificate')}, not in the tables and charts."
    return _paragraph(_cut(table)) + _paragraph(text if counted else "")


def _cut(table: _Table) -> str:
    if table.total <= MOST_ROWS:
        return ""
    return f"The first {MOST_ROWS:,} of {table.total:,}; the CSV document has all."


def _without_findings(run: Run) -> str:
    return "No findings in what was scanned." if run.incomplete else "No findings."


def _markup(table: _Table) -> str:
    """Return a table with its first rows, which the script replaces."""
    if not table.total:
        return ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in table.columns)
    rows = "".join(_row(table, row) for row in table.rows[:PLAIN_ROWS])
    hidden = table.total - PLAIN_ROWS
    without = (
        f"<noscript><p>Without JavaScript: the first {PLAIN_ROWS} of {table.total:,}. "
        "The CSV document has all.</p></noscript>"
        if hidden > 0
        else ""
    )
    return (
        f'{without}<p class="status" id="{table.name}-status" role="status"></p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{table.caption}">'
        f'<table id="{table.name}-table"><caption>{table.caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        f'<p class="pages" id="{table.name}-pages"></p>'
    )


def _row(table: _Table, row: _Row) -> str:
    """Return a row; on a phone it is a card, whose cells show their labels."""
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
        _node("span", "where", f"{values['account_id']} {values['region']} "),
        *(_console(arn) or [_node("small", "", clean(arn))]),
    )


def _known(subject: _Subject) -> Node:
    arn = subject.values["certificate_arn"]
    name, small = _node("strong", "names", subject.name), _node("small", "", clean(arn))
    return _node("div", "", name, small, *_console(arn), *_outside_scope(subject))


def _what_is_wrong(subject: _Subject) -> Node:
    values = subject.values
    muted_until = values["muted_until"]
    return _node(
        "div",
        "",
        _node("strong", "", values["verdict"]),
        _node("p", "", clean(values["message"])),
        *(_node("p", "", clean(result)) for result in values["probe_results"]),
        _node("small", "reason", f"Reason: {values['reason']}"),
        *([_node("small", "", f"Muted until {muted_until}")] if muted_until else []),
        *_outside_scope(subject),
    )


def _outside_scope(subject: _Subject) -> list[Node]:
    """Return the mark of a certificate that the instance only reports."""
    return [_node("small", "", "Outside the scope")] if subject.entry.outside_scope else []


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
    """Return a link to the console, if the certificate has a page there."""
    url = clean(console_url(arn))
    return [_node("a", url, "Open in the console")] if url.startswith("https://") else []


def _users(subject: _Subject) -> Sequence[str]:
    values = subject.values
    users: Sequence[str] = values["used_by"] or values["in_use_by"]
    return users


def _listed(values: Sequence[str]) -> Node:
    if not values:
        return "none known"
    shown: list[Node] = [_node("li", "", clean(value, 300)) for value in values[:_SHOWN_USERS]]
    hidden = len(values) - _SHOWN_USERS
    if hidden > 0:
        shown.append(_node("li", "", f"and {hidden:,} more"))
    return _node("ul", "", *shown)


def _steps(subject: _Subject) -> list[Node]:
    if subject.records:
        return [node for record in subject.records for node in _step(record)]
    return [subject.entry.decision.action.meaning]


def _step(record: ActionRecord) -> list[Node]:
    """Return an action, and an element to open with its DNS records and its commands.

    Commands are the lines after the first.
    """
    text, *commands = record.detail.splitlines() or [""]
    label: Node = _node("p", "", _node("b", "", f"{OUTCOMES[record.outcome]}: "), clean(text, 2000))
    title = _CONTENTS.get((bool(record.dns_records), bool(commands)))
    if title is None:
        return [label]
    hidden = [part for entry in record.dns_records for part in _dns_record(entry)]
    if commands:
        shown = _node("pre", "", "\n".join(clean(command) for command in commands))
        hidden += [shown, _copy("the commands")]
    return [label, _node("details", "", _node("summary", "", title), *hidden)]


def _dns_record(record: RecordToWrite) -> list[Node]:
    """Return the table of a record, with the sentence before."""
    values = record.to_dict()
    zone = f" in the zone {clean(values['zone'], 300)}" if values["zone"] else ""
    rows = [
        _node(
            "tr",
            "",
            _node("th", "", heading),
            _node("td", "", _node("code", "", clean(str(values[field]), 300)), *button),
        )
        for heading, field, button in (
            ("Name", "name", [_copy("the name")]),
            ("Type", "type", []),
            ("Value", "value", [_copy("the value")]),
            ("TTL", "ttl", []),
        )
    ]
    verb, body = values["action"].capitalize(), _node("tbody", "", *rows)
    return [_node("p", "", f"{verb} this record{zone}:"), _node("table", "records", body)]


def _copy(what: str) -> Node:
    """Return a button, which the script shows, that copies the element before."""
    return _node("button", "copy", f"Copy {what}")


def _end_key(subject: _Subject) -> int | None:
    ends = subject.entry.certificate.not_after
    return int(ends.timestamp()) if ends else None


def _end(subject: _Subject) -> Node:
    ends, left = subject.entry.certificate.not_after, subject.values["days_left"]
    if ends is None:
        return "unknown"
    return _node("div", "", _node("b", "date", f"{ends:%Y-%m-%d}"), _node("small", "", _left(left)))


def _used(subject: _Subject) -> str:
    """Return whether it is used, also by an exported copy."""
    return "yes" if subject.entry.certificate.used else "no"


def _left(days: int) -> str:
    if days < 0:
        return f"expired {many(-days, 'day')} ago"
    return f"in {many(days, 'day')}" if days else "within a day"


def _plain(name: str, shown: Callable[[str], str] = str) -> _Column:
    """Return a column that shows a field as text, and sorts by it."""

    def text(subject: _Subject) -> str:
        return shown(subject.values[name])

    return _Column(name, text, text)


def _owner(subject: _Subject) -> str:
    """Return the owner, or nothing."""
    return clean(subject.values["owner"] or "", 300)


_OWNER = _Column("owner", lambda subject: _owner(subject) or None, _owner)
_ENDS = _Column("not_after", _end_key, _end)
_USED = _Column("in_use", _used, _used)
_FINDINGS = (
    _Column(
        "severity",
        lambda subject: -subject.entry.decision.severity,
        lambda subject: _badge(subject.entry.decision.severity),
    ),
    _ENDS,
    _Column("domain_name", lambda subject: subject.name, _certificate),
    _Column("message", lambda subject: subject.values["verdict"], _what_is_wrong),
    _OWNER,
    _Column(
        "used_by", lambda subject: len(_users(subject)), lambda subject: _listed(_users(subject))
    ),
    _Column(
        "action",
        lambda subject: subject.values["action"],
        lambda subject: _node("div", "steps", *_steps(subject)),
    ),
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
            "span", f"badge {subject.values['severity']}", subject.values["verdict"]
        ),
    ),
    _plain("type", _words),
    _plain("status", _words),
    _USED,
    _ENDS,
)
