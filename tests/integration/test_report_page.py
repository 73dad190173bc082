"""The report's page in a browser: its script, hostile text in it, its size, and who can read it.

The page is opened as a file, and its address says what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.aws.report_assets import read_assets
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    Outcome,
    RecordToWrite,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.policy.validation import RecordState
from certificate_lifecycle.render.report.documents import documents
from tests.harness.browser import CHROMIUM, Browser, browser
from tests.unit.builders import (
    arn,
    blocked,
    certificate,
    days,
    detail,
    finding,
    imported,
    judged,
    observation,
    request,
    run,
    scope,
)
from tests.unit.tables import DATA

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH"),
]

TITLE = "Certificate report of certificate-lifecycle"
#: Each would change the title or say so on the console if it were run.
FIRST = "</script><script>document.title='owned'</script>"
ATTACKS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "<svg onload=\"document.title='owned'\">",
    '"><a href="javascript:document.title=\'owned\'">x</a>',
    "<style>body{background:url(https://evil.example/x)}</style>",
)
#: Pages that a person prints have A4's 210 by 297 mm.
PAPER_PAGE = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def tab(started: Browser) -> Iterator[Browser]:
    """Return the browser; a page must not make it complain."""
    yield started
    assert started.complaints == []


def names(tab: Browser, table: str) -> list[str]:
    """Return the names in the rows of a table, as far as they are shown."""
    cells = f"[...document.querySelectorAll('#{table}-table tbody strong.names')]"
    found: list[str] = tab.evaluate(f"{cells}.map((cell) => cell.textContent)")
    return found


def text(tab: Browser, selector: str) -> Any:  # noqa: ANN401 - a text, or None
    return tab.evaluate(f"document.querySelector({selector!r})?.textContent")


def html(found: Run) -> str:
    return next(
        document.text for document in documents(found, read_assets()) if document.suffix == "html"
    )


def without_script(found: Run) -> str:
    """Return a page with another script than its policy has the hash of, so that none runs."""
    return html(found).replace("<script>", "<script>//", 1)


def due(name: str, ends_in: float) -> Assessment:
    seen = imported(arn=arn(name), names=(f"{name}.example.com",), ends_in=days(ends_in))
    return replace(judged(seen), used_by=(f"listener 443 of {name}",), owner=f"team-{name}")


def fine(name: str) -> Assessment:
    return judged(certificate(arn=arn(name), names=(f"{name}.example.com",)))


SHOP, API = due("shop", 20), due("api", 2)
RECORD = RecordToWrite(name="_a1.api.example.com", type="CNAME", value="_b2.acm-validations.aws")
STEP = ActionRecord(
    arn("api"), Action.REIMPORT, Outcome.ADVISED, "do\naws acm x <y>", dns_records=(RECORD,)
)
SMALL = run(SHOP, API, fine("fine"), actions=(STEP,))


def three_hundred() -> Run:
    """Return a run in which every one of 300 certificates is a finding with something to do."""
    entries, actions = [], []
    for number in range(300):
        name = f"service-{number}.team-{number % 7}.shop.example.com"
        changes: dict[str, Any] = {"arn": arn(f"{number:032x}"), "names": (name, f"www.{name}")}
        waiting = replace(blocked(ends_in=days(3 + number % 40)), **changes)
        seen = (
            judged(imported(ends_in=days(1 + number % 25), detail=detail(), **changes)),
            judged(observation(waiting, finding(RecordState.ZONE_NOT_FOUND, name))),
            judged(certificate(in_use=False, ends_in=days(50 + number % 90), **changes)),
            judged(replace(request(), **changes)),
        )[number % 4]
        users = tuple(f"listener 443 of load balancer {user}" for user in range(number % 3))
        entries.append(replace(seen, used_by=users, owner=f"team-{number % 7}"))
        actions.append(replace(STEP, certificate_arn=seen.certificate.arn))
    return run(*entries, actions=tuple(actions))


MANY = three_hundred()


def test_the_script_shows_what_the_markup_shows(started: Browser) -> None:
    """Both are built from the same description; without the script the markup stays."""
    bodies = "[...document.querySelectorAll('tbody')].map((body) => body.innerHTML)"
    started.show(html(SMALL))
    shown = started.evaluate(bodies)
    assert text(started, "#findings-status") == "1 to 2 of 2"
    assert started.evaluate("document.getElementById('filter').hidden") is False
    assert started.complaints == []
    started.show(without_script(SMALL))
    assert started.evaluate(bodies) == shown
    assert text(started, "#findings-status") == ""
    assert started.evaluate("document.getElementById('filter').hidden") is True
    copy = "getComputedStyle(document.querySelector('.copy')).display"
    assert started.evaluate(copy) == "none"


@pytest.mark.parametrize(
    ("address", "findings", "inventory"),
    [
        ("", ["api", "shop"], ["api", "shop", "fine"]),
        ("#filter=SHOP", ["shop"], ["shop"]),
        ("#filter=443+of+shop", ["shop"], []),
        ("#severity=critical", ["api"], ["api"]),
        ("#verdict=Healthy", [], ["fine"]),
        ("#owner=team-shop", ["shop"], ["shop"]),
        ("#filter=team-shop", ["shop"], ["shop"]),
        ("#filter=example&severity=warning", ["shop"], ["shop"]),
        ("#filter=nobody", [], []),
        ("#findings", ["api", "shop"], ["api", "shop", "fine"]),
    ],
)
def test_the_address_filters_both_tables(
    tab: Browser, address: str, findings: list[str], inventory: list[str]
) -> None:
    tab.show(html(SMALL), address)
    assert names(tab, "findings") == [f"{name}.example.com" for name in findings]
    assert names(tab, "inventory") == [f"{name}.example.com" for name in inventory]


def test_the_owner_that_a_person_selects_stays_in_the_address(tab: Browser) -> None:
    tab.show(html(SMALL))
    field = "document.getElementById('filter-owner')"
    tab.evaluate(f"{field}.value = 'team-api'; {field}.dispatchEvent(new Event('input'))")
    assert names(tab, "findings") == ["api.example.com"]
    assert tab.evaluate("location.hash") == "#owner=team-api"


def test_a_filter_without_matches_says_so(tab: Browser) -> None:
    tab.show(html(SMALL), "#filter=nobody")
    assert text(tab, "#findings-status") == "None of 2 matches the filter"


def test_the_address_sorts_a_table_by_a_column(tab: Browser) -> None:
    tab.show(html(SMALL), "#sort=Certificate")
    assert names(tab, "findings") == ["api.example.com", "shop.example.com"]
    assert text(tab, "#findings-table [aria-sort=ascending]") == "Certificate"
    tab.show(html(SMALL), "#sort=Ends&down=1")
    assert names(tab, "findings") == ["shop.example.com", "api.example.com"]
    assert text(tab, "#findings-table [aria-sort=descending]") == "Ends"


@pytest.mark.parametrize(
    ("clipboard", "said"),
    [
        ("{writeText: async (text) => { window.written = text; }}", "Copied."),
        ("undefined", "Selected: copy it with the keyboard."),
    ],
)
def test_a_button_copies_a_record_or_selects_it(tab: Browser, clipboard: str, said: str) -> None:
    tab.show(html(SMALL))
    tab.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{value: {clipboard}}})")
    for number, expected in enumerate((RECORD.name, RECORD.value, "aws acm x <y>")):
        copied = tab.evaluate(
            f"""(async () => {{
              document.querySelector("#findings details").open = true;
              document.querySelectorAll("#findings .copy")[{number}].click();
              await new Promise((done) => setTimeout(done));
              return window.written ?? String(getSelection());
            }})()"""
        )
        assert copied.strip() == expected
        assert text(tab, "#copied") == said


@pytest.mark.parametrize(
    "attack", [FIRST, *(pytest.param(attack, marks=pytest.mark.nightly) for attack in ATTACKS)]
)
def test_hostile_text_is_shown_and_does_nothing(tab: Browser, attack: str) -> None:
    seen = replace(
        imported(ends_in=days(2)), names=(attack, attack), detail=detail(in_use_by=(attack,))
    )
    entry = replace(judged(seen), used_by=(attack,), owner=attack)
    entry = replace(entry, decision=replace(entry.decision, message=attack))
    record = RecordToWrite(name=attack, type=attack, value=attack, zone=attack)
    step = ActionRecord(
        seen.arn, Action.REIMPORT, Outcome.DONE, f"{attack}\n{attack}", dns_records=(record,)
    )
    scopes = (scope(ScopeStatus.PARTIAL, certificates=1, error=attack),)
    found = html(run(entry, scopes=scopes, actions=(step,)))
    for address in (f"#filter={attack}", f"#owner={attack}", ""):
        tab.show(found, address)
        assert tab.evaluate("document.title") == TITLE
        assert tab.evaluate("document.querySelectorAll('img, a[href^=javascript]').length") == 0
        assert tab.complaints == []
    assert names(tab, "findings")[0] == attack


def test_the_policy_refuses_a_script_that_gets_into_the_page(started: Browser) -> None:
    """So the complaints that no other test sees are complaints that this one would see."""
    injected = html(SMALL).replace("<main>", "<main><script>document.title='owned'</script>")
    started.show(injected)
    assert started.evaluate("document.title") == TITLE
    assert any("Content Security Policy" in line for line in started.complaints)


@pytest.mark.parametrize("width", [320, pytest.param(800, marks=pytest.mark.nightly)])
def test_the_page_never_scrolls_sideways(tab: Browser, width: int) -> None:
    """WCAG 2.2, 1.4.10: a wider element, such as a chart, scrolls in its own box."""
    long = imported(names=(f"{'a' * 60}.{'b' * 60}.example.com",), ends_in=days(2))
    step = replace(STEP, certificate_arn=arn(), detail=f"do\naws acm {'c' * 200}")
    tab.show(html(run(judged(long), SHOP, actions=(step,))), width=width)
    tab.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_findings_begin_on_the_first_screen(tab: Browser) -> None:
    """The screen of a laptop has about 700 pixels below the bars of the browser."""
    tab.show(html(MANY), width=1400)
    row = "document.querySelector('#findings-table tbody tr').getBoundingClientRect()"
    assert tab.evaluate(f"{row}.top") < 700


@pytest.mark.parametrize("page", [html, without_script], ids=["script", "markup"])
def test_a_phone_scrolls_less_than_100_000_pixels(started: Browser, page: Any) -> None:  # noqa: ANN401
    started.show(page(MANY), width=400)
    assert started.evaluate("document.documentElement.scrollHeight") < 100_000


def test_summary_and_300_findings_are_printed_on_8_pages(tab: Browser) -> None:
    tab.show(html(MANY))
    assert len(PAPER_PAGE.findall(tab.pdf())) <= 8
    tab.show(html(MANY), media="print")
    shown = tab.evaluate("document.body.innerText")
    assert "ImportDue" in shown
    assert "aws acm x" not in shown
    assert "Next steps, users, charts and the inventory are on the page." in shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, pytest.param(400, marks=pytest.mark.nightly)])
def test_axe_finds_no_violation(started: Browser, width: int, scheme: str) -> None:
    """https://github.com/dequelabs/axe-core tests WCAG 2.2 and what it calls best practice."""
    rest = run(*SMALL.assessments, *MANY.assessments[:60], actions=(*SMALL.actions, *MANY.actions))
    lost = (scope(ScopeStatus.FAILED, error="AccessDenied"), scope())
    started.show(html(replace(rest, scopes=lost, dry_run=True)), width=width, scheme=scheme)
    started.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    started.evaluate(f"{(DATA / 'axe' / 'axe.min.js').read_text(encoding='utf-8')}; null")
    found = started.evaluate(
        """axe.run({resultTypes: ["violations"]}).then((result) => [
          result.passes.length,
          result.violations.map(({id, nodes}) => [id, nodes.slice(0, 3).map((n) => n.html)]),
        ])"""
    )
    # Without a passed rule, axe has not seen the page.
    assert found[0] > 20
    assert found[1] == []


@pytest.mark.nightly
def test_the_page_is_as_light_with_5000_findings_as_with_200(tab: Browser) -> None:
    """Elements make a browser slow, so that only those of one page of rows exist."""
    elements = []
    for count in (200, 5000):
        tab.show(html(run(*(due(f"n{number}", 1 + number % 20) for number in range(count)))))
        elements.append(tab.evaluate("document.querySelectorAll('*:not(option)').length"))
    assert text(tab, "#findings-status") == "1 to 50 of 5,000"
    assert len(names(tab, "findings")) == len(names(tab, "inventory")) == 50
    assert elements[1] < 1.05 * elements[0]
