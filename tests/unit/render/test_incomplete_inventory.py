"""The finding about classes that were not listed, in every output."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from certificate_lifecycle.cli.output import print_scopes
from certificate_lifecycle.model.run import Run, ScopeStatus
from certificate_lifecycle.render.asff import Source, updates
from certificate_lifecycle.render.emf import embedded_metrics
from certificate_lifecycle.render.eventbridge import announcements
from certificate_lifecycle.render.notification.message import Message, compose
from certificate_lifecycle.render.notification.wording import counts_text, severity_of
from certificate_lifecycle.render.report.documents import rows
from certificate_lifecycle.render.report.page import page
from tests.unit.assets import ASSETS
from tests.unit.builders import (
    N2_UNKNOWN_TO_REGION,
    N2_UNKNOWN_TO_SDK,
    PLACE,
    certificate,
    judged,
    run,
    scope,
)

SOURCE = Source(PLACE, "certificate-lifecycle")
MISSING = "Amazon N2 certificates of 1 account and region are not in the inventory"
LACKING = run(
    judged(certificate()), scopes=(scope(certificates=1, not_listed=(N2_UNKNOWN_TO_SDK,)),)
)


def summary_of(whole: Run) -> Message:
    message = compose(whole, summary=True)
    assert message is not None
    return message


def joined(text: str) -> str:
    return " ".join(text.split())


def terminal(whole: Run) -> str:
    text = io.StringIO()
    print_scopes(Console(width=100, file=text), whole)
    return joined(text.getvalue())


def test_the_finding_alone_makes_no_message() -> None:
    """Else a run of every day would send one, because only people can change the SDK."""
    assert compose(LACKING) is None


def test_a_message_says_in_each_form_that_the_inventory_is_incomplete() -> None:
    message = summary_of(LACKING)
    assert message.attributes["severity"] == "info"
    assert message.subject == "[info] inventory incomplete eu-west-1"
    assert "NOT LISTED" in message.bodies["email"]
    assert MISSING in joined(message.bodies["email"])
    assert MISSING in json.loads(message.bodies["https"])["content"]["description"]
    document = json.loads(message.bodies["sqs"])
    assert [entry["verdict"] for entry in document["findings"]] == ["InventoryIncomplete"]
    assert document["counts"] == {"Healthy": 1, "InventoryIncomplete": 1}


def test_a_message_about_many_regions_counts_all_of_them() -> None:
    """The document shows the first scopes only."""
    whole = run(scopes=[scope(not_listed=(N2_UNKNOWN_TO_SDK,)) for _ in range(2_000)])
    (finding,) = json.loads(summary_of(whole).bodies["sqs"])["findings"]
    assert "of 2,000 accounts and regions" in finding["message"]


def test_a_failure_beside_it_stays_a_warning() -> None:
    failed = scope(ScopeStatus.PARTIAL, error="denied", not_listed=(N2_UNKNOWN_TO_SDK,))
    whole = run(scopes=(failed,))
    assert severity_of(whole).label == "warning"
    assert "run incomplete · inventory incomplete" in counts_text(whole)


def test_the_page_does_not_say_that_everything_was_scanned() -> None:
    text = page(LACKING, ASSETS)
    assert "Everything in" not in text
    assert "No findings in what was scanned." in text
    assert "The inventory is incomplete." in text
    assert "a scan or an action failed" not in text
    assert MISSING in text
    assert '<a href="#scopes">InventoryIncomplete</a>' in text


def test_the_rows_have_the_finding_without_a_certificate() -> None:
    (line,) = [line for line in rows(LACKING).splitlines() if "InventoryIncomplete" in line]
    assert line.startswith('"info","InventoryIncomplete","",')


@pytest.mark.parametrize("gap", [N2_UNKNOWN_TO_SDK, N2_UNKNOWN_TO_REGION])
def test_the_command_line_prints_the_finding(gap: Any) -> None:  # noqa: ANN401 - a gap
    text = terminal(run(scopes=(scope(not_listed=(gap,)),)))
    assert f"info InventoryIncomplete {MISSING}" in text


def test_the_event_of_the_run_is_incomplete_and_names_the_class() -> None:
    detail = json.loads(announcements(LACKING)[-1].detail)
    assert (detail["incomplete"], detail["severity"]) == (True, "info")
    assert detail["counts"]["InventoryIncomplete"] == 1
    assert detail["scopes"][0]["not_listed"] == [{"class": "AmazonN2Certificates", "cause": "sdk"}]


def test_the_metrics_count_the_finding() -> None:
    metrics = embedded_metrics(LACKING, undelivered=False)
    assert (metrics["Findings"], metrics["InfoFindings"], metrics["WarningFindings"]) == (1, 1, 0)


def test_security_hub_has_one_finding_of_the_functions_account() -> None:
    (found,) = updates(LACKING, SOURCE, [])
    assert found["Title"] == "InventoryIncomplete: Amazon N2 certificates"
    assert MISSING in found["Description"]
    assert found["Resources"][0]["Id"] == "AWS::::Account:123456789012"
    assert found["FindingProviderFields"]["Severity"]["Label"] == "LOW"


@pytest.mark.parametrize(
    ("later", "states"),
    [
        (run(), ["ARCHIVED"]),
        (run(scopes=()), []),
        (run(full_scan=False), []),
        (LACKING, ["ACTIVE"]),
    ],
    ids=["listed", "no scope", "some certificates", "still lacking"],
)
def test_security_hub_keeps_the_finding_until_everything_was_listed(
    later: Run, states: list[str]
) -> None:
    known = updates(LACKING, SOURCE, [])
    assert [entry["RecordState"] for entry in updates(later, SOURCE, known)] == states
