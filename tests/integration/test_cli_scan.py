"""`certificates scan` lists certificates that need attention, most severe first."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function
from tests.integration.terminal import Certificates, deploy

pytestmark = pytest.mark.integration

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


def test_every_verdict_is_listed_most_severe_first_and_nothing_is_written(
    certificates: Certificates, cloud: Cloud
) -> None:
    cases = showcase.fill(cloud)
    ended = certificates("scan")
    assert ended.code == 1
    assert ended.writes == []
    rows = [line.split()[:4] for line in ended.out.splitlines()[1:-1]]
    assert {(name, reason) for _, name, _, reason in rows} == {
        (case.domain_name, f"{case.verdict}:{case.reason}")
        for case in cases.values()
        if case.verdict not in ("Healthy", "Renewing", "ExternallyManaged")
    }
    order = [("critical", "warning", "info").index(severity) for severity, *_ in rows]
    assert order == sorted(order)
    assert ended.words.endswith(
        "21 certificates in account 123456789012, eu-west-1: 4 critical, 9 warning, 3 info, 5 ok."
    )


def test_all_adds_healthy_certificates(certificates: Certificates, cloud: Cloud) -> None:
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    assert "www.example.com" not in certificates("scan").out
    ended = certificates("scan", "--all")
    assert "Healthy" in ended.out
    assert "www.example.com" in ended.out
    assert ended.code == 0


def test_the_verdicts_are_those_of_the_function(
    certificates: Certificates, cloud: Cloud, rotation: Function
) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    by_function = rotation({"dry_run": True, "rotation_mode": "repair"})
    document = certificates("scan", "--output", "json").document
    assert document["findings"] == by_function["findings"]
    assert document["actions"] == by_function["actions"]
    assert document["counts"] == by_function["counts"]


def test_the_document_keeps_to_its_schema(certificates: Certificates, cloud: Cloud) -> None:
    showcase.fill(cloud)
    document = certificates("scan", "--output", "json").document
    schema = json.loads((SCHEMAS / "certificates-scan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert len(document["findings"]) + len(document["healthy"]) == 21


def test_csv_contains_all_certificates(certificates: Certificates, cloud: Cloud) -> None:
    showcase.fill(cloud)
    rows = list(csv.DictReader(io.StringIO(certificates("scan", "-o", "csv").out)))
    assert len(rows) == 21
    assert rows[0]["severity"] == "critical"


@pytest.mark.parametrize(
    ("days", "fail_on", "code"),
    [
        (3, "critical", 1),
        (20, "critical", 0),
        (20, "warning", 1),
        (20, "info", 1),
        (3, "never", 0),
        (200, "info", 0),
    ],
)
def test_the_exit_code_depends_on_fail_on(
    certificates: Certificates, cloud: Cloud, days: int, fail_on: str, code: int
) -> None:
    cloud.certificates.add(type="IMPORTED", **USED, **ending_in(cloud, days))
    assert certificates("scan", "--fail-on", fail_on).code == code


def test_muted_findings_are_printed_and_do_not_fail(
    certificates: Certificates, cloud: Cloud
) -> None:
    tags = {"certificate-lifecycle:mute-until": "2026-07-01", "Owner": "payments"}
    cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 20))
    ended = certificates("scan")
    assert "ImportedExpiring muted payments" in ended.words
    assert ended.code == 0
    assert "owner payments" in certificates("scan", "--wide").words
    assert "muted until 2026-07-01" in certificates("scan", "--wide").words


def test_a_critical_finding_with_a_mute_tag_says_that_the_mute_is_ignored_and_ends_with_one(
    certificates: Certificates, cloud: Cloud
) -> None:
    tags = {"certificate-lifecycle:mute-until": "2026-07-01"}
    cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 3))
    ended = certificates("scan", "--wide")
    assert "Its mute is ignored: a critical finding cannot be muted." in ended.words
    assert ended.code == 1


def test_a_denied_region_is_reported_with_advice_and_ends_with_three(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", "no", region="us-east-1")
    ended = certificates("scan", "--regions", "eu-west-1,us-east-1", "--all")
    assert ended.code == 3
    assert "www.example.com" in ended.out
    assert "failed account 123456789012, us-east-1" in ended.words
    assert "Allow this action for this principal" in ended.words
    assert "AccessDeniedException" in ended.out


def test_all_regions_are_those_that_the_account_has_enabled(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.add(region="us-east-1", type="IMPORTED", **USED, **ending_in(cloud, 3))
    document = certificates("scan", "--regions", "all", "--output", "json").document
    enabled = cloud.client("ec2").describe_regions(AllRegions=False)["Regions"]
    scanned = {scope["region"] for scope in document["scopes"]}
    assert scanned == {entry["RegionName"] for entry in enabled}
    assert [finding["region"] for finding in document["findings"]] == ["us-east-1"]


def test_a_scan_without_certificates_names_the_regions_that_it_left_out(
    certificates: Certificates, cloud: Cloud
) -> None:
    ended = certificates("scan", "--region", "eu-west-1")
    enabled = cloud.client("ec2").describe_regions(AllRegions=False)["Regions"]
    others = sorted({entry["RegionName"] for entry in enabled} - {"eu-west-1"})
    assert ended.complaint.endswith(
        "No certificate was found in eu-west-1. Other regions were not scanned: "
        f"{', '.join(others)}. --regions all scans every enabled region."
    )
    assert "were not scanned" not in certificates("scan", "--regions", "all").err
    cloud.fail("ec2", "DescribeRegions", "UnauthorizedOperation", "no", times=None)
    ended = certificates("scan")
    assert ended.code == 0
    assert "Other regions were not scanned. --regions all" in ended.complaint


def test_a_region_that_nobody_chose_is_named_as_the_only_one(
    certificates: Certificates, cloud: Cloud
) -> None:
    cloud.certificates.add(domain_name="www.example.com", **USED, **ending_in(cloud, 150))
    text = "Only eu-west-1 was scanned; --regions all scans every enabled region."
    assert text in certificates("scan").complaint
    assert certificates("scan", "--region", "eu-west-1").complaint.endswith("default settings.")


def test_another_threshold_changes_the_findings(certificates: Certificates, cloud: Cloud) -> None:
    cloud.certificates.add(
        type="IMPORTED",
        not_before=NOW - timedelta(days=300),
        not_after=NOW + timedelta(days=50),
        **USED,
    )
    assert certificates("scan").code == 0
    assert certificates("scan", "--threshold-days", "60").code == 1


def test_the_settings_of_the_deployed_function_are_used(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(
        cloud,
        environment,
        EXPIRATION_THRESHOLD_DAYS="60",
        OWNER_TAG="team",
        REGIONS='["us-east-1"]',
    )
    cloud.certificates.add(
        type="IMPORTED",
        region="us-east-1",
        not_before=NOW - timedelta(days=300),
        not_after=NOW + timedelta(days=50),
        tags={"team": "payments"},
        **USED,
    )
    ended = certificates("scan")
    assert ended.code == 1
    assert " payments " in ended.words
    assert (
        "Using settings and state of the function certificate-lifecycle-rotation" in ended.complaint
    )
    # --region overrides the regions of the instance.
    assert certificates("scan", "--region", "eu-west-1").code == 0


def test_all_invalid_settings_of_the_deployed_function_are_reported(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment, REGIONS="everywhere", EXPIRATION_THRESHOLD_DAYS="soon")
    ended = certificates("scan")
    assert ended.code == 2
    assert ended.err.count("certificate-lifecycle-rotation has an invalid setting") == 2
    assert "REGIONS" in ended.err
    assert "EXPIRATION_THRESHOLD_DAYS" in ended.err


def test_quiet_prints_the_result_only(certificates: Certificates, cloud: Cloud) -> None:
    showcase.fill(cloud)
    ended = certificates("scan", "--quiet")
    assert ended.err == ""
    assert ended.out


def test_names_from_aws_cannot_write_to_the_terminal(
    certificates: Certificates, cloud: Cloud
) -> None:
    tags = {"Owner": "[bold]team[/bold]\x1b[2J\u202e"}
    cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 3))
    for options in ([], ["--wide"], ["-o", "markdown"], ["-o", "csv"]):
        ended = certificates("scan", *options)
        assert "team" in ended.words
        assert "\x1b" not in ended.out
        assert "\u202e" not in ended.out
