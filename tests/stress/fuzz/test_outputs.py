"""Outputs for any input: text stays text, and the limits of services hold."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import (
    CertificateStatus,
    CertificateType,
    RenewalStatus,
    Verdict,
)
from certificate_lifecycle.model.run import result
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.render.asff import Source, updates
from certificate_lifecycle.render.emf import embedded_metrics
from certificate_lifecycle.render.eventbridge import announcements, batches
from certificate_lifecycle.render.notification.message import Message, compose
from certificate_lifecycle.render.report.documents import COLUMNS, documents
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import is_plain, texts
from tests.stress.fuzz.lots import Lot, judged, seeds
from tests.unit.assets import ASSETS

HOME = Scope("123456789012", "eu-west-1")
#: API reference, Publish: the whole message, its attributes included.
SNS_LIMIT = 262_144
#: User guide, "Sending events with PutEvents": an entry, and all entries of a call.
EVENTS_LIMIT = 262_144
#: API reference, BatchImportFindings: a finding.
FINDING_LIMIT = 240 * 1024

# --- Judgements -----------------------------------------------------------------------------------

KNOWN_WELL = (Verdict.HEALTHY, Verdict.RENEWING)


@fuzzed(800, seed=seeds)
def test_each_certificate_has_one_decision_and_unknown_states_are_not_healthy(
    seed: int,
) -> None:
    seen = Lot(seed).observation()
    decision = judged(seen).decision
    assert decision.message.strip()
    certificate = seen.certificate
    renewal = certificate.detail.renewal
    unknown = (
        certificate.status is CertificateStatus.NOT_UNDERSTOOD
        or certificate.type is CertificateType.NOT_UNDERSTOOD
        or (renewal is not None and renewal.status is RenewalStatus.NOT_UNDERSTOOD)
        or seen.detail_error is not None
    )
    judged_by_others = (
        decision.verdict is Verdict.EXTERNALLY_MANAGED
        or certificate.type
        in (CertificateType.PRIVATE_AUTHORITY, CertificateType.SERVER_CERTIFICATE)
        or (renewal is not None and not certificate.managed)
    )
    if unknown and not judged_by_others:
        assert decision.verdict not in KNOWN_WELL
        assert not decision.healthy


# --- Messages -------------------------------------------------------------------------------------


def require_sendable(message: Message) -> None:
    """Require a message that SNS accepts, with bodies that subscribers accept."""
    assert re.fullmatch(r"[!-~][ -~]{0,98}", message.subject)
    text = json.dumps(dict(message.bodies))
    attributes = json.dumps(message.attributes)
    assert len(text.encode()) + len(attributes.encode()) < SNS_LIMIT
    # SNS rejects empty values and lists.
    assert all(strings(list(message.attributes.values())))
    assert all(message.attributes.values())
    assert is_plain(message.bodies["default"], lines=True)
    assert is_plain(message.bodies["email"], lines=True)
    document = json.loads(message.bodies["sqs"])
    assert message.bodies["lambda"] == message.bodies["sqs"]
    assert document["schema_version"] == "1"
    require_plain_strings(document)
    chat = json.loads(message.bodies["https"])
    assert (chat["version"], chat["source"]) == ("1.0", "custom")
    assert len(chat["content"]["description"]) <= 8000
    require_plain_strings(chat)
    # No mention, link or code of a chat client.
    assert not re.search(r"<[!@#]|\]\(|```", chat["content"]["description"])


def strings(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON has any type
    """Yield every text of a document, including keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def require_plain_strings(document: object) -> None:
    for text in strings(document):
        assert is_plain(text, lines=True), ascii(text)


@fuzzed(150, seed=seeds, summary=st.booleans())
def test_every_message_can_be_sent_and_read(seed: int, *, summary: bool) -> None:
    run = Lot(seed, longest=400).run()
    message = compose(run, summary=summary)
    if message is not None:
        require_sendable(message)


@fuzzed(250, text=texts, limit=st.integers(4, 3000))
def test_sanitized_text_has_no_control_or_direction_characters(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert is_plain(cleaned)
    assert len(cleaned) <= limit
    assert clean(cleaned, limit) == cleaned
    cleaned.encode()


# --- Reports --------------------------------------------------------------------------------------

TAGS = frozenset(
    {
        *("html", "head", "meta", "title", "style", "body", "header", "main", "section", "footer"),
        *(
            "h1",
            "h2",
            "a",
            "p",
            "div",
            "span",
            "dl",
            "dt",
            "dd",
            "ul",
            "li",
            "strong",
            "b",
            "small",
        ),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre"),
        *("figure", "figcaption", "svg", "line", "text", "path", "rect", "code", "noscript"),
        *("label", "input", "select", "option", "button", "script"),
    }
)
ATTRIBUTES = re.compile(r"on.*|style|srcdoc|src|formaction|action|ping|background|xlink:href")


class Page(HTMLParser):
    """Parses a page like a browser, as far as security needs it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts: list[tuple[str | None, str]] = []
        self.shown: list[str] = []
        self._in_script = False
        self._kind: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert not ATTRIBUTES.fullmatch(name), name
            if name == "href":
                assert re.match(r"#|https://[a-z0-9.-]*console\.(aws|amazonaws)", value or ""), (
                    value
                )
        if tag == "script":
            self._in_script, self._kind = True, dict(attrs).get("type")
            self.scripts.append((self._kind, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._in_script = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            kind, text = self.scripts[-1]
            self.scripts[-1] = (kind, text + data)
        else:
            self.shown.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@fuzzed(60, seed=seeds)
def test_no_report_contains_active_content(seed: int) -> None:
    run = Lot(seed).run()
    by_suffix = {document.suffix: document.text for document in documents(run, ASSETS)}
    for text in by_suffix.values():
        text.encode()
    page = Page(by_suffix["html"])
    (data_kind, data), (script_kind, script) = page.scripts
    assert (data_kind, script_kind, script) == ("application/json", None, f"\n{ASSETS.script}")
    require_plain_strings(json.loads(data))
    assert is_plain("".join(page.shown), lines=True)
    rows = list(csv.reader(io.StringIO(by_suffix["csv"].removeprefix("\ufeff")), strict=True))
    assert len(rows) == 1 + len(run.failed_scopes) + len(run.assessments)
    for row in rows:
        assert len(row) == len(COLUMNS) + 1
        for cell in row:
            assert is_plain(cell)
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "＝", "＋", "－", "＠"))  # noqa: RUF001 - the full-width ones are meant
            assert not cell.startswith("-") or re.fullmatch(r"-\d+", cell)
    report = json.loads(by_suffix["json"])
    assert len(report["findings"]) == len(run.failed_scopes) + len(run.findings)


# --- Machines -------------------------------------------------------------------------------------


@fuzzed(150, seed=seeds)
def test_every_event_is_json_and_fits_into_a_call(seed: int) -> None:
    run = Lot(seed).run()
    events = announcements(run)
    for event in events:
        require_plain_strings(json.loads(event.detail))
    for batch in batches(events):
        assert len(batch) <= 10
        assert sum(event.size for event in batch) < EVENTS_LIMIT


#: API reference, AwsSecurityFinding: what it demands and how long it may be.
LENGTHS = {"Id": 512, "GeneratorId": 512, "Title": 256, "Description": 1024}


@fuzzed(150, seed=seeds)
def test_every_finding_is_accepted_by_security_hub(seed: int) -> None:
    run = Lot(seed).run()
    findings = updates(run, Source(HOME, run.instance), [])
    assert len({finding["Id"] for finding in findings}) == len(findings)
    for finding in findings:
        for key, limit in LENGTHS.items():
            assert 1 <= len(finding[key]) <= limit, key
        assert len(json.dumps(finding).encode()) < FINDING_LIMIT
        assert all(1 <= len(value) <= 1024 for value in finding["ProductFields"].values())
        require_plain_strings(finding)


@fuzzed(150, seed=seeds)
def test_the_result_and_the_metrics_of_a_run_are_plain_json(seed: int) -> None:
    run = Lot(seed).run()
    for document in (
        result(run, {"sent": False, "message_id": None, "reason": "dry run"}),
        embedded_metrics(run, undelivered=False),
    ):
        text = json.dumps(document, allow_nan=False)
        assert json.loads(text) == document
        assert text.isascii()
