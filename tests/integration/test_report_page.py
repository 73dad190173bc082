"""The report's page in a browser: its script, and hostile text in it.

The page is opened as a file, and told what to show by its address.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pytest

from certificate_lifecycle.aws.report_assets import read_assets
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.run import ActionRecord, Assessment, Outcome, Run, ScopeStatus
from certificate_lifecycle.render.report.documents import documents
from tests.unit.builders import arn, certificate, days, detail, imported, judged, run, scope

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on the PATH"),
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


@dataclass(frozen=True)
class Shown:
    """A page in a browser and the messages of its console."""

    dom: str
    log: str

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.dom)
        assert found
        return unescape(found[1])

    def rows(self, table: str) -> list[str]:
        found = re.search(
            rf'<table id="{table}-table">.*?<tbody>(.*?)</tbody>', self.dom, re.DOTALL
        )
        assert found
        return re.findall(r"<tr>.*?</tr>", found[1], re.DOTALL)

    def names(self, table: str) -> list[str]:
        return [re.findall(r'<strong class="names">(.*?)<', row)[0] for row in self.rows(table)]

    def status(self, table: str) -> str:
        found = re.search(rf'id="{table}-status" role="status">(.*?)</p>', self.dom)
        assert found
        return found[1]

    @property
    def complaints(self) -> list[str]:
        """The errors of the page, without messages about the machine."""
        return [line for line in self.log.splitlines() if "CONSOLE" in line or "Refused to" in line]


class Browser:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def show(self, page: str | Run, address: str = "") -> Shown:
        file = self.folder / "report.html"
        file.write_text(page if isinstance(page, str) else html(page), encoding="utf-8")
        assert BROWSER is not None
        done = subprocess.run(
            [
                BROWSER,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--enable-logging=stderr",
                f"--user-data-dir={self.folder / 'profile'}",
                # Lets a test measure the report from a surrounding page.
                "--allow-file-access-from-files",
                "--dump-dom",
                f"{file.as_uri()}{address}",
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return Shown(done.stdout, done.stderr)


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


def html(found: Run) -> str:
    return next(
        document.text for document in documents(found, read_assets()) if document.suffix == "html"
    )


def due(name: str, ends_in: float) -> Assessment:
    seen = imported(arn=arn(name), names=(f"{name}.example.com",), ends_in=days(ends_in))
    return replace(judged(seen), used_by=(f"listener 443 of {name}",))


def fine(name: str) -> Assessment:
    return judged(certificate(arn=arn(name), names=(f"{name}.example.com",)))


SHOP, API = due("shop", 20), due("api", 2)
SMALL = run(
    SHOP,
    API,
    fine("fine"),
    actions=(ActionRecord(arn("api"), Action.REIMPORT, Outcome.ADVISED, "do\naws acm x <y>"),),
)


def test_the_script_shows_what_the_markup_shows(browser: Browser) -> None:
    """Both are built from the same description; without the script the markup stays."""
    shown = browser.show(SMALL)
    # Another script than the policy has the hash of, so that the browser leaves it alone.
    still = browser.show(html(SMALL).replace("<script>", "<script>//", 1))
    assert shown.rows("findings") == still.rows("findings")
    assert shown.rows("inventory") == still.rows("inventory")
    assert shown.status("findings") == "1 to 2 of 2"
    assert still.status("findings") == ""
    bare = '<section id="filter" aria-labelledby="filter-title"'
    assert f"{bare}>" in shown.dom
    assert f'{bare} hidden="">' in still.dom
    assert shown.complaints == []


@pytest.mark.parametrize(
    ("address", "findings", "inventory"),
    [
        ("", ["api", "shop"], ["api", "shop", "fine"]),
        ("#filter=SHOP", ["shop"], ["shop"]),
        ("#filter=443+of+shop", ["shop"], []),
        ("#severity=critical", ["api"], ["api"]),
        ("#verdict=Healthy", [], ["fine"]),
        ("#filter=example&severity=warning", ["shop"], ["shop"]),
        ("#filter=nobody", [], []),
        ("#findings", ["api", "shop"], ["api", "shop", "fine"]),
    ],
)
def test_the_address_filters_both_tables(
    browser: Browser, address: str, findings: list[str], inventory: list[str]
) -> None:
    shown = browser.show(SMALL, address)
    assert shown.names("findings") == [f"{name}.example.com" for name in findings]
    assert shown.names("inventory") == [f"{name}.example.com" for name in inventory]
    assert shown.complaints == []


def test_a_filter_without_matches_says_so(browser: Browser) -> None:
    assert (
        browser.show(SMALL, "#filter=nobody").status("findings") == "None of 2 matches the filter"
    )


def test_the_address_sorts_a_table_by_a_column(browser: Browser) -> None:
    up = browser.show(SMALL, "#sort=Certificate")
    assert up.names("findings") == ["api.example.com", "shop.example.com"]
    assert 'aria-sort="ascending"' in up.dom
    down = browser.show(SMALL, "#sort=Ends&down=1")
    assert down.names("findings") == ["shop.example.com", "api.example.com"]
    assert 'aria-sort="descending"' in down.dom


@pytest.mark.parametrize(
    "attack", [FIRST, *(pytest.param(attack, marks=pytest.mark.nightly) for attack in ATTACKS)]
)
def test_hostile_text_is_shown_and_does_nothing(browser: Browser, attack: str) -> None:
    seen = replace(
        imported(ends_in=days(2)), names=(attack, attack), detail=detail(in_use_by=(attack,))
    )
    entry = Assessment(seen, replace(judged(seen).decision, message=attack), (attack,))
    found = run(
        entry,
        scopes=(scope(ScopeStatus.PARTIAL, certificates=1, error=attack),),
        actions=(ActionRecord(seen.arn, Action.REIMPORT, Outcome.DONE, f"{attack}\n{attack}"),),
    )
    for address in ("", f"#filter={attack}"):
        shown = browser.show(found, address)
        assert shown.title == TITLE
        assert shown.complaints == []
        assert "<img" not in shown.dom
        assert "javascript:" not in "".join(re.findall(r"<a [^>]*>", shown.dom))
    (name,) = browser.show(found).names("findings")
    assert unescape(name) == attack


def test_the_policy_refuses_a_script_that_gets_into_the_page(browser: Browser) -> None:
    """So the complaints that no other test sees are complaints that this one would see."""
    injected = html(SMALL).replace("<main>", "<main><script>document.title='owned'</script>")
    shown = browser.show(injected)
    assert shown.title == TITLE
    assert any("Content Security Policy" in line for line in shown.complaints)


@pytest.mark.parametrize("width", [320, pytest.param(800, marks=pytest.mark.nightly)])
def test_the_page_never_scrolls_sideways(browser: Browser, width: int) -> None:
    """WCAG 2.2, 1.4.10: a wider element, such as a chart, scrolls in its own box."""
    long = imported(names=(f"{'a' * 60}.{'b' * 60}.example.com",), ends_in=days(2))
    step = ActionRecord(arn(), Action.REIMPORT, Outcome.ADVISED, f"do\naws acm {'c' * 200}")
    inner = browser.folder / "inner.html"
    inner.write_text(html(run(judged(long), SHOP, actions=(step,))), encoding="utf-8")
    measured = browser.show(
        f"""<!DOCTYPE html><title>?</title>
        <iframe src="{inner.name}" style="width: {width}px; height: 800px; border: 0"></iframe>
        <script>
          document.querySelector("iframe").onload = (event) => {{
            const inner = event.target.contentDocument;
            document.title = `${{inner.documentElement.scrollWidth}} ${{inner.title}}`;
          }};
        </script>"""
    )
    found, _, title = measured.title.partition(" ")
    assert title == TITLE
    assert int(found) <= width


@pytest.mark.nightly
def test_the_page_is_as_light_with_5000_findings_as_with_200(browser: Browser) -> None:
    """Elements make a browser slow, so that only those of one page of rows exist."""
    few, many = (
        browser.show(run(*(due(f"n{number}", 1 + number % 20) for number in range(count))))
        for count in (200, 5000)
    )
    assert many.status("findings") == "1 to 100 of 5,000"
    assert len(many.rows("findings")) == len(many.rows("inventory")) == 100
    elements = [shown.dom.count("</") for shown in (few, many)]
    assert elements[1] < 1.05 * elements[0]
