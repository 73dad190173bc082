"""The links of a message: report, log, runbook, and the console."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from certificate_lifecycle.model.certificate import Verdict
from certificate_lifecycle.render.aws_console import console_url
from certificate_lifecycle.render.notification.links import everything_link, runbook_link
from tests.unit.builders import run
from tests.unit.render.message_samples import DUE, FUNCTION, REPORT, RUNBOOK, mail

RUNBOOK_TEXT = (Path(__file__).parents[3] / "docs" / "runbook.md").read_text(encoding="utf-8")
CONSOLE = "https://eu-west-1.console.aws.amazon.com"


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_the_console_is_that_of_the_partition(partition: str, region: str, host: str) -> None:
    found = console_url(f"arn:{partition}:acm:{region}:123456789012:certificate/a-b")
    assert found == f"https://{host}/acm/home?region={region}#/certificates/a-b"
    function = f"arn:{partition}:lambda:{region}:123456789012:function:f"
    assert everything_link(run(function_arn=function)).startswith(f"https://{host}/cloudwatch/")


@pytest.mark.parametrize("partition", ["aws-iso", "aws-eusc"])
def test_a_partition_without_a_known_console_has_names_instead_of_links(partition: str) -> None:
    arn = f"arn:{partition}:acm:region-1:123456789012:certificate/a-b"
    assert console_url(arn) == arn
    function = f"arn:{partition}:lambda:region-1:123456789012:function:f"
    assert everything_link(run(function_arn=function)) == "log group /aws/lambda/f"
    assert everything_link(run(function_arn=function, report=REPORT)) == REPORT


def test_a_server_certificate_has_no_page() -> None:
    arn = "arn:aws:iam::123456789012:server-certificate/shop"
    assert console_url(arn) == arn


def test_everything_is_the_report_in_the_console_or_the_log_of_the_run() -> None:
    assert everything_link(run(report=REPORT, function_arn=FUNCTION)) == (
        f"{CONSOLE}/s3/object/reports?region=eu-west-1"
        "&prefix=certificate-lifecycle%2F2026%2F06%2F01%2Frun-1.html"
    )
    assert everything_link(run(report=REPORT)) == REPORT
    assert everything_link(run(report="/tmp/report.html", function_arn=FUNCTION)) == (
        "/tmp/report.html"
    )
    assert everything_link(run()) == "the log of the run"


def test_the_log_link_is_a_query_for_the_lines_of_the_run() -> None:
    """The console reads JSURL from the fragment, with `$` for the `%` of a URL."""
    link = everything_link(run(function_arn=f"{FUNCTION}:live"))
    base, _, fragment = link.partition("#logsV2:logs-insights")
    assert base == f"{CONSOLE}/cloudwatch/home?region=eu-west-1"
    detail = unquote(fragment.replace("$", "%"))
    assert detail.startswith("?queryDetail=~(end~'")
    text = unquote(detail.replace("*", "%"))
    assert 'filter @message like "8f6e3f0a-0000-4000-8000-000000000001"' in text
    assert "start~'2026-06-01T12:00:00.000Z" in text
    assert "end~'2026-06-01T13:00:01.000Z" in text
    assert "source~(~'/aws/lambda/certificate-lifecycle-rotation)" in text


def test_the_link_stands_at_the_end_of_the_mail() -> None:
    whole = run(DUE, report=REPORT, function_arn=FUNCTION)
    assert mail(whole).splitlines()[-2] == f"Everything: {everything_link(whole)}"


def test_the_runbook_has_the_section_of_each_verdict_of_a_finding() -> None:
    headings = re.findall(r"^## `(\w+)`$", RUNBOOK_TEXT, re.MULTILINE)
    anchors = {runbook_link(run(), verdict).partition("#")[2] for verdict in Verdict}
    assert anchors - {heading.lower() for heading in headings} == {"healthy", "renewing"}


def test_the_runbook_is_named_without_an_address() -> None:
    assert runbook_link(run(), Verdict.IMPORT_DUE) == "docs/runbook.md#importdue"
    found = runbook_link(run(runbook_url=RUNBOOK), Verdict.IMPORT_DUE)
    assert found == f"{RUNBOOK}#importdue"
