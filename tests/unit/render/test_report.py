"""The report of a run: a page that trusts nothing, rows that no spreadsheet runs, plain data."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from base64 import b64encode
from collections import defaultdict
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from certificate_lifecycle.model.certificate import (
    Action,
    CertificateType,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.model.problem_key import problem_key
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    Outcome,
    RecordToWrite,
    Run,
    ScopeStatus,
    report_entry,
)
from certificate_lifecycle.render.report import documents as report_documents
from certificate_lifecycle.render.report import page as report_page
from certificate_lifecycle.render.report.documents import documents
from certificate_lifecycle.render.report.page import PLAIN_ROWS
from tests.unit.assets import ASSETS
from tests.unit.builders import (
    EXPIRED,
    NOW,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    judged,
    request,
    run,
    scope,
)

VOID = {"meta", "input"}
DUE = judged(imported(arn=arn("due"), names=("api.example.com", "b.example.com"), ends_in=days(20)))
MUTED = replace(DUE, muted_until=date(2026, 7, 1))
GONE = judged(
    certificate(
        arn=arn("gone"),
        names=("gone.example.com",),
        status=EXPIRED,
        ends_in=-days(1),
        detail=detail(),
    )
)
FINE = judged(certificate(arn=arn("fine"), names=("fine.example.com",)))
IDLE = judged(certificate(arn=arn("idle"), names=("idle.example.com",), in_use=False))
ASKED = judged(request(arn=arn("asked"), names=("asked.example.com",)))
#: What hostile text would do in markup, in a script, in a spreadsheet and in a terminal.
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\"'><svg onload=alert(1)>",
    "<!--<script>",
    '=HYPERLINK("http://evil.example","x")',
    "a\u202egnp.exe\x1b[31m\r\n\tb\u2028c\x00",
    "&lt;b&gt;&amp;",
)


def report(found: Run) -> dict[str, str]:
    return {document.suffix: document.text for document in documents(found, ASSETS)}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, with the text that is in each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: defaultdict[str, list[str]] = defaultdict(list)
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self.open[-1] if self.open else ""].append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        kept = (texts for tag, texts in self.texts.items() if tag not in ("script", "style"))
        return " ".join(text for texts in kept for text in texts)

    @property
    def data(self) -> dict[str, list[Any]]:
        """The rows that the script shows."""
        found: dict[str, list[Any]] = json.loads(self.texts["script"][0])
        return found


def page(found: Run) -> Page:
    read = Page(report(found)["html"])
    assert read.open == []
    return read


def rows(found: Run) -> list[dict[str, str]]:
    text = report(found)["csv"]
    assert text.startswith("\ufeff")
    return list(csv.DictReader(text.removeprefix("\ufeff").splitlines(), strict=True))


def hostile(text: str) -> Run:
    """Return a run in which everything that may come from outside is `text`."""
    seen = replace(
        imported(ends_in=days(2)),
        names=(text, f"b{text}"),
        managed_by=text,
        detail=detail(in_use_by=(text,), tags=((text, text),), failure_reason=text),
    )
    entry = Assessment(seen, replace(judged(seen).decision, message=text), used_by=(text,))
    return run(
        entry,
        instance=text,
        run_id=text,
        mode=text,
        scopes=(scope(ScopeStatus.PARTIAL, certificates=1, error=text),),
        actions=[
            ActionRecord(seen.arn, Action.REIMPORT, outcome, f"{text}\n{text}")
            for outcome in Outcome
        ],
    )


# --- JSON -------------------------------------------------------------------------------------


def test_the_data_is_all_that_the_run_found_with_the_version_of_its_schema() -> None:
    found = run(DUE, GONE, FINE)
    assert json.loads(report(found)["json"]) == {"schema_version": "1", **report_entry(found)}


# --- CSV --------------------------------------------------------------------------------------


def test_rows_may_be_those_of_certificates_in_another_order() -> None:
    failed = scope(ScopeStatus.FAILED, error="AccessDenied")
    whole = run(FINE, DUE, GONE, scopes=(failed,))
    text = report_documents.rows(whole, [FINE, DUE]).removeprefix("\ufeff")
    found = [row["certificate_arn"] for row in csv.DictReader(text.splitlines())]
    assert found == ["", arn("fine"), arn("due")]


def test_every_known_certificate_has_a_row_findings_first() -> None:
    found = rows(run(FINE, DUE, GONE))
    assert [row["certificate_arn"] for row in found] == [arn("gone"), arn("due"), arn("fine")]
    assert found[1] == {
        "severity": "warning",
        "verdict": "ImportDue",
        "domain_name": "api.example.com",
        "alternative_names": "b.example.com",
        "account_id": "123456789012",
        "region": "eu-west-1",
        "owner": "",
        "not_after": (NOW + days(20)).isoformat(),
        "days_left": "20",
        "message": DUE.decision.message,
        "reason": "ImportedExpiring",
        "action": "Reimport",
        "used_by": "",
        "probe_results": "",
        "muted_until": "",
        "type": "IMPORTED",
        "status": "ISSUED",
        "in_use": "yes",
        "in_use_by": "",
        "certificate_arn": arn("due"),
        "owner_kind": "",
        "permitted_mode": "",
        "outside_scope": "no",
        "problem_key": problem_key(arn("due")),
        "done": "",
    }


def test_a_scope_that_was_not_scanned_has_a_row_without_a_certificate() -> None:
    (row,) = rows(run(scopes=(scope(ScopeStatus.FAILED, error="AccessDenied"),)))
    assert (row["verdict"], row["message"], row["certificate_arn"]) == (
        "ScanFailed",
        "AccessDenied",
        "",
    )


def test_a_row_says_what_was_done() -> None:
    record = ActionRecord(arn("due"), Action.REIMPORT, Outcome.DONE, "imported\nsay so")
    (row,) = rows(run(DUE, actions=(record,)))
    assert row["done"] == "done: imported say so"


@pytest.mark.parametrize("first", "=+-@＝＋－＠")  # noqa: RUF001 - the full-width ones are meant
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\x00", "\u202e"])
def test_no_cell_starts_as_a_formula_does(before: str, first: str) -> None:
    (row,) = rows(hostile(f"{before}{first}cmd|' /C calc'!A0"))
    for name in ("domain_name", "message", "used_by"):
        assert row[name].startswith(f"'{first}cmd")


def test_days_since_an_end_stay_a_number() -> None:
    (row,) = rows(run(GONE))
    assert row["days_left"] == "-1"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_in_its_cell_on_one_line(text: str) -> None:
    (row,) = rows(hostile(text))
    assert row["message"].isprintable()
    assert None not in row
    assert row["certificate_arn"] == arn()


# --- The page: nothing gets out of its place --------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_element_no_attribute_and_no_script(text: str) -> None:
    harmless = page(hostile("harmless"))
    read = page(hostile(text))
    assert [tag for tag, _ in read.elements] == [tag for tag, _ in harmless.elements]
    assert [sorted(found) for _, found in read.elements] == [
        sorted(found) for _, found in harmless.elements
    ]
    assert read.texts["script"][1:] == harmless.texts["script"][1:]
    assert not any(char in report(hostile(text))["html"] for char in "\u202e\x1b\x00\u2028")


def test_hostile_text_is_shown_as_it_is() -> None:
    read = page(hostile(HOSTILE[0]))
    assert HOSTILE[0] in read.text
    assert HOSTILE[0] in json.dumps(read.data["findings"])


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    read = page(run(DUE))
    (policy,) = [m["content"] for m in read.all("meta") if "http-equiv" in m]
    (style,) = read.texts["style"]
    script = read.texts["script"][1]
    hashes = [
        f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in (script, style)
    ]
    assert policy == (
        f"default-src 'none'; script-src {hashes[0]}; style-src {hashes[1]}; "
        "base-uri 'none'; form-action 'none'"
    )
    kinds = [entry.get("type") for entry in read.all("script")]
    assert kinds == ["application/json", None]


def test_nothing_is_fetched_and_nothing_is_styled_or_run_by_an_attribute() -> None:
    read = page(hostile("harmless"))
    tags = {tag for tag, _ in read.elements}
    assert tags.isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base", "use"})
    names = {name for _, found in read.elements for name in found}
    assert not any(name.startswith("on") or name in ("style", "src") for name in names)
    targets = [str(entry["href"]) for entry in read.all("a")]
    assert all(target.startswith(("#", "https://eu-west-1.console.aws.")) for target in targets)
    assert "@import" not in read.texts["style"][0]
    assert "url(" not in read.texts["style"][0]


def test_what_has_no_console_page_is_named_and_not_linked() -> None:
    server = replace(
        imported(ends_in=days(2)), arn="arn:aws:iam::123456789012:server-certificate/shop"
    )
    read = page(run(judged(server)))
    assert not any("console" in str(entry["href"]) for entry in read.all("a"))
    assert server.arn in read.text


# --- The page: what it says -------------------------------------------------------------------


def test_a_page_begins_with_the_count_of_each_severity_and_the_next_expiry_in_use() -> None:
    past = replace(DUE, certificate=replace(DUE.certificate, not_after=NOW - days(1)))
    unused = replace(DUE, certificate=replace(DUE.certificate, in_use=False, not_after=NOW))
    found = run(FINE, IDLE, DUE, past, unused, ASKED, healthy={"Healthy": 1233, "Renewing": 2})
    html = report(found)["html"]
    overview = html[html.index("<main>") : html.index('<section id="findings"')]
    tiles = re.findall(r'<a class="tile \w+" href="#severity=(\w+)"><strong>([\d,]+)<', overview)
    assert tiles == [("critical", "0"), ("warning", "3"), ("info", "2"), ("ok", "1,236")]
    expiry = '<strong>2026-06-21</strong> <span class="name">Next expiry in use</span>'
    assert f"{expiry} <small>in 20 days: api.example.com. Cert" in overview
    assert "Certificates that are only counted may expire before." in overview
    assert "only counted" not in report(run(DUE))["html"]


def test_the_parts_of_a_page_stand_in_the_order_in_which_people_need_them() -> None:
    sections = [str(entry["id"]) for entry in page(run(DUE)).all("section")]
    assert sections == [
        *("overview", "filter", "findings", "done", "scopes", "verdicts"),
        *("timeline", "forecast", "readiness", "inventory", "about"),
    ]


def test_verdicts_are_counted_worst_first_and_filter_the_tables() -> None:
    found = run(FINE, IDLE, DUE, GONE, healthy={"Healthy": 1233, "Renewing": 2})
    targets = [str(entry["href"]) for entry in page(found).all("a")]
    assert [target for target in targets if target.startswith("#verdict=")] == [
        "#verdict=Expired",
        "#verdict=ImportDue",
        "#verdict=Unused",
        "#verdict=Healthy",
        "#verdict=Renewing",
    ]
    assert "1,234" in page(found).text


def test_records_to_write_are_a_small_table_and_texts_to_type_have_a_copy_button() -> None:
    name = "_a1.shop.example.com"
    record: Any = {"name": name, "type": "CNAME", "value": "_b2.example"}
    actions = [
        ActionRecord(
            arn("due"), Action.FIX_VALIDATION, Outcome.ADVISED, detail, dns_records=records
        )
        for detail, records in (
            ("Write.", (RecordToWrite(**record, zone="example.com"),)),
            ("Run.\naws help", (RecordToWrite(**record, replaces=True),)),
            ("Run.\naws help", ()),
            ("Nothing to type.", ()),
        )
    ]
    html = report(run(DUE, actions=actions))["html"]
    titles = re.findall(r"<summary>(D.*?|C\w+)</summary>", html)
    assert titles[:3] == ["DNS records", "DNS records and commands", "Commands"]
    assert "<p>Create this record in the zone example.com:</p>" in html
    assert "<p>Replace this record:</p>" in html
    row = "<tr><th>{}</th><td><code>{}</code>{}</td></tr>"
    button = '<button class="copy">Copy the {}</button>'
    assert (
        '<table class="records"><tbody>'
        + row.format("Name", name, button.format("name"))
        + row.format("Type", "CNAME", "")
        + row.format("Value", "_b2.example", button.format("value"))
        + row.format("TTL", "300", "")
        + "</tbody></table>"
    ) in html
    assert "<pre>aws help</pre>" + button.format("commands") in html


def test_a_verdict_whose_certificates_are_not_all_as_bad_says_so() -> None:
    near = judged(imported(arn=arn("near"), ends_in=days(2)))
    assert "up to critical" in page(run(near, DUE)).text
    assert "up to" not in page(run(DUE)).text


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (run(), "No certificates."),
        (run(), "No findings."),
        (run(scopes=(scope(ScopeStatus.PARTIAL),)), "No findings in what was scanned."),
        (run(MUTED), "1 certificate needs attention. 1 finding is muted."),
        (run(MUTED, MUTED), "2 findings are muted."),
        (run(full_scan=False), "Certificates that were not requested."),
        (run(FINE), "No scanned certificate needs attention."),
        (run(GONE), "1 certificate needs attention."),
        (run(GONE, DUE), "2 certificates need attention."),
        (run(FINE), "Everything in account 123456789012, eu-west-1 was scanned."),
        (
            run(FINE, scopes=(scope(ignored=2),)),
            "eu-west-1 was scanned, except 2 certificates outside the scope of this instance.",
        ),
        (run(FINE), "No action was taken."),
        (run(FINE, problems=("no <report>",)), "no <report>"),
        (run(FINE, problems=("no",)), "Everything in account 123456789012, eu-west-1 was scanned."),
        (run(FINE, dry_run=True), "Dry run: nothing was changed."),
        (run(FINE, full_scan=False), "Only the requested certificates were scanned."),
        (run(healthy={"Healthy": 1}), "1 more healthy certificate, not in the tables and charts."),
        (run(healthy={"Healthy": 3}), "3 more healthy certificates, not in the tables and charts."),
        (run(FINE, scopes=(scope(), replace(scope(), region="us-east-1"))), "1 account in 2 regi"),
    ],
)
def test_a_page_says_in_a_sentence(found: Run, sentence: str) -> None:
    assert sentence in page(found).text


def test_what_could_not_be_scanned_is_named_the_lost_ones_first() -> None:
    found = run(
        scopes=(
            scope(ScopeStatus.PARTIAL, error="one was throttled"),
            replace(scope(ScopeStatus.FAILED, error="AccessDenied"), region="us-east-1"),
        )
    )
    read = page(found)
    assert "The run is incomplete: a scan or an action failed." in read.text
    assert [s for s in read.texts["strong"] if "account" in s] == [
        "account 123456789012, us-east-1",
        "account 123456789012, eu-west-1",
    ]
    targets = [entry["href"] for entry in read.all("a")]
    assert targets.count("#scopes") == 2
    assert "#done" not in targets
    failed = ActionRecord(arn("due"), Action.REIMPORT, Outcome.FAILED, "denied")
    targets = [entry["href"] for entry in page(run(DUE, actions=(failed,))).all("a")]
    assert {"#scopes", "#done"} <= set(targets)


def test_a_finding_says_what_is_wrong_why_who_uses_it_and_what_comes_next() -> None:
    users = tuple(f"listener {number} of shop" for number in range(12))
    text = page(run(replace(DUE, used_by=users))).text
    for said in (
        "api.example.com",
        "also b.example.com",
        "ImportDue",
        DUE.decision.message,
        "Reason: ImportedExpiring",
        "listener 9 of shop",
        "and 2 more",
        Action.REIMPORT.meaning,
        "2026-06-21",
        "in 20 days",
    ):
        assert said in text
    assert "listener 10 of shop" not in text


def test_a_finding_without_users_without_end_or_without_step_says_so() -> None:
    text = page(run(IDLE, ASKED)).text
    assert "none known" in text
    assert "unknown" in text
    assert "Nothing has to be done." in page(run(judged(certificate(in_use=False)))).text


def test_users_are_reported_by_their_arns_where_nobody_named_them() -> None:
    assert detail().in_use_by[0] in page(run(GONE)).text


def test_many_names_are_cut_with_a_count() -> None:
    names = tuple(f"n{number}.example.com" for number in range(30))
    assert (
        "n20.example.com and 9 more"
        in page(run(judged(imported(names=names, ends_in=days(2))))).text
    )


def test_a_certificate_without_a_name_is_reported_by_its_arn() -> None:
    read = page(run(judged(imported(names=(), ends_in=days(2)))))
    assert arn() in read.texts["strong"]


@pytest.mark.parametrize(
    ("ends_in", "said"),
    [
        (-days(1), "expired 1 day ago"),
        (-days(1.5), "expired 2 days ago"),
        (days(0.5), "within a day"),
        (days(1), "in 1 day"),
    ],
)
def test_an_end_is_reported_in_days(ends_in: Any, said: str) -> None:  # noqa: ANN401 - a span
    assert said in page(run(judged(imported(ends_in=ends_in)))).text


def test_what_was_done_is_reported_with_its_commands_and_advice_is_not() -> None:
    found = run(
        DUE,
        actions=(
            ActionRecord(arn("due"), Action.REIMPORT, Outcome.DONE, "imported"),
            ActionRecord(arn("away"), Action.REPLACE, Outcome.FAILED, "no zone\naws acm list"),
            ActionRecord(arn("due"), Action.REIMPORT, Outcome.ADVISED, ""),
        ),
    )
    html = report(found)["html"]
    done = html[html.index('<section id="done"') : html.index('<section id="scopes"')]
    assert "<strong>api.example.com</strong><p><b>Done in this run: </b>imported</p>" in done
    assert f"<strong>{arn('away')}</strong>" in done
    assert "<pre>aws acm list</pre>" in done
    assert "Next:" not in done


def test_a_long_list_says_how_much_of_it_is_left_out() -> None:
    many = [ActionRecord(arn("due"), Action.REIMPORT, Outcome.DONE, "x") for _ in range(203)]
    read = page(run(DUE, actions=many))
    assert "And 3 more; the JSON document has all." in read.text


def test_the_inventory_has_all_that_is_known_what_ends_first_before() -> None:
    later = judged(certificate(arn=arn("later"), names=("later.example.com",), ends_in=days(190)))
    endless = judged(certificate(arn=arn("endless"), names=("x.example.com",)))
    endless = replace(endless, certificate=replace(endless.certificate, not_after=None))
    names = [row[2][0] for row in page(run(endless, later, FINE, DUE)).data["inventory"]]
    assert names == ["api.example.com", "fine.example.com", "later.example.com", "x.example.com"]


# --- The page: size ---------------------------------------------------------------------------


def test_the_markup_has_the_first_rows_and_the_data_all_of_them() -> None:
    many = [judged(replace(DUE.certificate, arn=arn(f"c{number}"))) for number in range(250)]
    read = page(run(*many))
    assert len(read.data["findings"]) == 250
    html = report(run(*many))["html"]
    before, _, rest = html.partition('<section id="readiness"')
    others = before + rest.partition("</section>")[2]
    # The forecast has a row for each week, and there is one verdict.
    assert others.count('scope="row"') == 2 * PLAIN_ROWS + 26 + 1
    assert "Without JavaScript: the first 100 of 250." in read.text


def test_a_page_with_too_much_says_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert report_page.MOST_ROWS == 5_000
    monkeypatch.setattr(report_page, "MOST_ROWS", 1_000)
    many = [
        replace(DUE, certificate=replace(DUE.certificate, arn=arn(f"c{number}")))
        for number in range(1_001)
    ]
    read = page(run(*many))
    assert len(read.data["findings"]) == len(read.data["inventory"]) == 1_000
    assert "The first 1,000 of 1,001; the CSV document has all." in read.text
    assert len(rows(run(*many))) == 1_001


# --- The charts -------------------------------------------------------------------------------


def test_the_forecast_counts_what_ends_in_each_week_and_says_it_in_a_table() -> None:
    ends = (-days(1), days(0), days(6.9), days(7), days(181.9), days(182), days(400))
    found = run(*(judged(imported(arn=arn(str(end)), ends_in=end)) for end in ends))
    html = report(found)["html"]
    drawing = html[html.index('<section id="forecast"') : html.index('<section id="readiness"')]
    table = re.findall(r'<th scope="row">([0-9-]+)</th><td>(\d+)</td>', drawing)
    assert len(table) == 26
    assert dict(table)["2026-06-01"] == "2"
    assert dict(table)["2026-06-08"] == "1"
    assert table[-1] == ("2026-11-23", "1")
    assert sum(int(count) for _, count in table) == 4
    assert html.count('class="bar"') == 3
    assert "4 certificates of the tables below expire in these weeks" in html


def test_the_timeline_has_a_mark_for_each_week_and_severity_and_says_it_in_a_sentence() -> None:
    text = report(run(GONE, DUE, FINE, IDLE, ASKED))["html"]
    drawing = text[text.index('<section id="timeline"') : text.index('<section id="forecast"')]
    assert re.findall(r'<path class="(\w+)"', drawing) == ["ok", "info", "warning", "critical"]
    assert (
        "Expired: 1; within 7 days: 0; after 7 and within 30 days: 1; "
        "after 30 and within 90 days: 0; later: 2; expiry unknown: 1." in drawing
    )


def test_what_ends_beyond_the_timeline_has_no_mark_and_is_counted() -> None:
    far = judged(imported(ends_in=days(58 * 7)))
    past = replace(far, certificate=replace(far.certificate, not_after=NOW - days(28.1)))
    html = report(run(far, past))["html"]
    assert "<path" not in html
    assert "Expired: 1; within 7 days: 0;" in html


# --- The page: for everybody ------------------------------------------------------------------


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[scope : scope + 2], 16) / 255 for scope in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", range(3), ids=["light", "dark", "print"])
def test_every_text_stands_out_from_every_ground(scheme: int) -> None:
    (style,) = page(run()).texts["style"]
    block = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", block))
    colours = {
        n: c if len(c) == 7 else "#" + "".join(2 * d for d in c[1:]) for n, c in colours.items()
    }
    for text in ("text", "soft", "link", "critical", "warning", "info", "ok"):
        for ground in ("page", "sheet"):
            high, low = sorted((luminance(colours[text]), luminance(colours[ground])))[::-1]
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


def test_every_severity_is_a_word_and_a_shape_beside_its_colour() -> None:
    (style,) = page(run()).texts["style"]
    shapes = re.findall(r'\.badge\.(\w+)::before \{ content: "(\\25\w\w)"', style)
    assert sorted(name for name, _ in shapes) == sorted(severity.label for severity in Severity)
    assert len({shape for _, shape in shapes}) == len(Severity)


def test_sections_are_named_tables_have_scopes_and_drawings_have_words() -> None:
    read = page(run(DUE, FINE))
    ids = {found["id"] for _, found in read.elements if "id" in found}
    assert all(item["aria-labelledby"] in ids for item in read.all("section"))
    assert {each["scope"] for each in read.all("th")} == {"col", "row"}
    assert all(each["aria-labelledby"] in ids for each in read.all("svg"))
    assert len(read.all("main")) == len(read.all("h1")) == 1
    scrolling = [entry for entry in read.all("div") if entry.get("class") == "scroll"]
    assert all(each["tabindex"] == "0" and each["role"] == "region" for each in scrolling)


def test_motion_is_left_out_where_people_want_none() -> None:
    assert "prefers-reduced-motion" in page(run()).texts["style"][0]


def test_the_filter_offers_what_there_is() -> None:
    owned = replace(judged(blocked(ends_in=days(2))), owner="<payments>")
    read = page(run(DUE, replace(FINE, owner="shop"), owned))
    offered = read.texts["option"]
    assert offered == [
        *("all", "critical", "warning", "ok"),
        *("all", "Healthy", "ImportDue", "RenewalBlocked"),
        *("all", "<payments>", "shop"),
    ]
    # A certificate without an owner adds no empty choice.
    assert len(read.all("option")) == len(offered)


def test_every_verdict_is_explained() -> None:
    decision = DUE.decision
    every = [
        replace(DUE, decision=replace(decision, verdict=verdict, reason=Reason.NOT_IN_USE))
        for verdict in Verdict
    ]
    text = page(run(*every)).text
    assert all(verdict.meaning in text for verdict in Verdict)


# --- The page: word by word -------------------------------------------------------------------


def a_run_with_everything() -> Run:
    """Return a run of two accounts with findings of every severity and deeds of every outcome."""
    many = tuple(f"n{number}.example.com" for number in range(23))
    busy = Assessment(
        replace(GONE.certificate, names=many), GONE.decision, tuple(f"user {n}" for n in range(12))
    )
    expiring = judged(certificate(arn=arn("soon"), names=(), ends_in=days(6)))
    server = judged(
        certificate(
            arn="arn:aws:iam::123456789012:server-certificate/legacy",
            type=CertificateType.SERVER_CERTIFICATE,
            ends_in=days(9),
        )
    )
    same_week = [judged(imported(arn=arn(f"w{n}"), ends_in=days(100))) for n in range(3)]
    outcomes = [
        ActionRecord(
            DUE.certificate.arn, Action.REIMPORT, outcome, f"It is {outcome}.\naws help\n# x"
        )
        for outcome in Outcome
    ]
    lost = replace(scope(ScopeStatus.FAILED, error="no <answer>"), account_id="222222222222")
    return run(
        *(busy, expiring, server, DUE, ASKED, IDLE, FINE, *same_week),
        actions=[*outcomes, ActionRecord(arn("other"), Action.EXPORT, Outcome.DONE, "exported")],
        scopes=(scope(ScopeStatus.PARTIAL, certificates=9, error="a & b"), lost, scope()),
        healthy={"Healthy": 1200, "Renewing": 1},
        mode="replace",
        dry_run=True,
        full_scan=False,
    )
