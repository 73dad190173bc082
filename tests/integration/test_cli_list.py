"""`certificates list`, the filters of all commands, and the output formats."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"


@pytest.fixture
def two_owners(cloud: Cloud) -> tuple[str, str]:
    """Add a finding of one owner and a healthy certificate of another; return the ARNs."""
    due: dict[str, Any] = {"type": "IMPORTED", **USED, **ending_in(cloud, 3)}
    fine: dict[str, Any] = {**USED, **ending_in(cloud, 150)}
    add = cloud.certificates.add
    return (
        add(domain_name="pay.example.com", tags={"Owner": "payments", "Stage": "prod"}, **due),
        add(domain_name="www.example.org", tags={"Owner": "shop"}, **fine),
    )


def blocked(cloud: Cloud, *names: str) -> None:
    """Add certificates whose renewals need a validation record each."""
    cloud.zones.add("example.com")
    for name in names:
        tags = {"Owner": name.partition(".")[0]}
        facts = {"renewal_status": "PENDING_VALIDATION", **USED, **ending_in(cloud, 20)}
        cloud.certificates.add(domain_name=name, tags=tags, **facts)


def records(cloud: Cloud) -> int:
    """Return the number of validation records in all zones."""
    route53 = cloud.client("route53")
    found = [
        record
        for zone in route53.list_hosted_zones()["HostedZones"]
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])[
            "ResourceRecordSets"
        ]
    ]
    return sum(record["Type"] == "CNAME" for record in found)


def test_every_certificate_has_one_line_by_expiry_and_nothing_is_written(
    certificates: Certificates, cloud: Cloud
) -> None:
    cases = showcase.fill(cloud)
    ended = certificates("list")
    assert (ended.code, ended.writes) == (0, [])
    heading, *lines, _ = ended.out.splitlines()
    assert heading.split()[:3] == ["CERTIFICATE", "DAYS", "VERDICT"]
    assert len(lines) == len(cases)
    days = [float(text) if text != "-" else 1_000 for _, text, *_ in map(str.split, lines)]
    assert days == sorted(days)


def test_owners_of_healthy_certificates_are_listed_without_a_call_for_each(
    certificates: Certificates, cloud: Cloud
) -> None:
    for number in range(120):
        tags = {"Owner": "shop"} if number % 2 else {}
        name = f"n{number}.example.com"
        cloud.certificates.add(domain_name=name, tags=tags, **USED, **ending_in(cloud, 150))
    scanned = certificates("scan")
    ended = certificates("list", "-o", "json")
    owners = [entry["owner"] for entry in ended.document["certificates"]]
    assert (owners.count("shop"), owners.count(None)) == (60, 60)
    # One call of the Resource Groups Tagging API reads the tags of 100 certificates.
    assert len(ended.calls) == len(scanned.calls) + 2


def test_the_document_of_the_list_keeps_to_its_schema(
    certificates: Certificates, cloud: Cloud
) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    document = certificates("list", "-o", "json").document
    schema = json.loads((SCHEMAS / "certificates-list.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    assert set(document) == set(schema["properties"])


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["--owner", "SHOP"], ["www.example.org"]),
        (["--owner", "shop", "--owner", "payments"], ["pay.example.com", "www.example.org"]),
        (["--tag", "Stage=prod", "--name", "*.org"], []),
        (["--severity", "critical"], ["pay.example.com"]),
        (["--verdict", "healthy"], ["www.example.org"]),
    ],
)
@pytest.mark.usefixtures("two_owners")
def test_filters_select_certificates_also_by_tags_that_a_scan_does_not_read(
    certificates: Certificates, filters: list[str], names: list[str]
) -> None:
    found = certificates("list", *filters, "-o", "json").document["certificates"]
    assert [entry["domain_name"] for entry in found] == names


@pytest.mark.usefixtures("two_owners")
def test_the_exit_code_of_a_scan_counts_what_it_shows(certificates: Certificates) -> None:
    assert certificates("scan").code == 1
    ended = certificates("scan", "--owner", "shop")
    assert (ended.code, "pay.example.com" in ended.out) == (0, False)
    assert "1 of 2 certificates in account 123456789012, eu-west-1: 1 ok." in ended.words
    assert "www.example.org" in certificates("scan", "--severity", "ok").out


@pytest.mark.usefixtures("two_owners")
def test_filters_without_a_match_say_how_many_certificates_there_are(
    certificates: Certificates,
) -> None:
    for command in ("list", "scan", "plan"):
        ended = certificates(command, "--owner", "paymets")
        assert ended.code == 0
        assert (
            "No certificate matches the filters; without them, there are 2 certificates. "
            "Owners: payments, shop." in ended.complaint
        )


def test_wrong_filters_are_all_named_before_any_call(certificates: Certificates) -> None:
    ended = certificates("scan", "--severity", "hihg", "--verdict", "importdew", "--tag", "x")
    assert (ended.code, ended.out, ended.calls) == (2, "", [])
    assert "one of critical, warning, info, ok" in ended.err
    assert "did you mean ImportDue?" in ended.err
    assert "--tag must be KEY=VALUE" in ended.err


@pytest.mark.usefixtures("two_owners")
def test_a_failed_region_is_shown_and_ends_with_three_whatever_the_filters(
    certificates: Certificates, cloud: Cloud
) -> None:
    code = "AccessDeniedException"
    cloud.fail("acm", "ListCertificates", code, region="us-east-1", times=None)
    for form in ("table", "markdown", "csv", "ids"):
        regions = ("--regions", "eu-west-1,us-east-1", "--owner", "shop", "-o", form)
        ended = certificates("list", *regions)
        assert ended.code == 3
        assert "us-east-1" in ended.out + ended.err
        assert code in ended.out + ended.err


def test_a_certificate_whose_tags_cannot_be_read_is_named_and_ends_with_three(
    certificates: Certificates, cloud: Cloud, two_owners: tuple[str, str]
) -> None:
    cloud.fail("resourcegroupstaggingapi", "GetResources", "AccessDeniedException", times=None)
    cloud.fail("acm", "ListTagsForCertificate", "AccessDeniedException", times=None)
    ended = certificates("scan", "--owner", "shop", "-o", "json")
    assert ended.code == 3
    assert ended.document["findings"] == []
    assert f"{two_owners[1]}: not compared with the filters: " in ended.err
    assert "?" in certificates("list").out


def test_a_name_beyond_those_of_the_listing_is_found(
    certificates: Certificates, cloud: Cloud
) -> None:
    names = ["a.example.com", *(f"n{number}.example.com" for number in range(120))]
    facts = {"alternative_names": names[1:], **USED, **ending_in(cloud, 150)}
    cloud.certificates.add(domain_name=names[0], **facts)
    found = certificates("list", "--name", "n119.*", "-o", "ids").out.splitlines()
    assert len(found) == 1


def test_apply_acts_only_on_certificates_that_match(
    certificates: Certificates, cloud: Cloud
) -> None:
    blocked(cloud, "api.example.com", "shop.example.com")
    before = records(cloud)
    planned = certificates("plan", "--owner", "api", "-o", "json").document
    assert len(planned["actions"]) == 1
    assert certificates("apply", "--owner", "nobody", "--yes").writes == []
    assert certificates("apply", "shop.example.com", "--owner", "api", "--yes").writes == []
    assert records(cloud) == before
    ended = certificates("apply", "--name", "shop.*", "--yes")
    assert ended.code == 0
    assert records(cloud) == before + 1
    assert "api.example.com" not in ended.out


@pytest.mark.usefixtures("two_owners")
def test_readiness_and_reports_contain_only_certificates_that_match(
    certificates: Certificates, tmp_path: Path
) -> None:
    found = certificates("readiness", "--owner", "shop", "-o", "json").document["certificates"]
    assert [entry["domain_name"] for entry in found] == ["www.example.org"]
    files = [tmp_path / f"report.{suffix}" for suffix in ("html", "csv", "json")]
    assert certificates("report", "--owner", "payments", *map(str, files)).code == 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert "pay.example.com" in text
        assert "www.example.org" not in text


def test_ids_are_one_arn_on_each_line(
    certificates: Certificates, two_owners: tuple[str, str]
) -> None:
    assert certificates("list", "-o", "ids").out.splitlines() == list(two_owners)
    assert certificates("scan", "-o", "ids").out.splitlines() == [two_owners[0]]


def test_markdown_is_one_table_whose_cells_contain_no_markup(
    certificates: Certificates, cloud: Cloud
) -> None:
    tags = {"Owner": "a|b <img> *c*"}
    cloud.certificates.add(type="IMPORTED", tags=tags, **USED, **ending_in(cloud, 3))
    heading, rule, line, empty, total = certificates("scan", "-o", "markdown").out.splitlines()
    assert heading.startswith("| Severity | Certificate | Days | Verdict:reason | Owner |")
    assert set(rule) <= set("| -")
    assert "a\\|b \\<img\\> \\*c\\*" in line
    assert (empty, total.startswith("1 certificate in account")) == ("", True)


def test_security_hub_accepts_the_findings_with_the_ids_of_the_instance(
    certificates: Certificates, cloud: Cloud, two_owners: tuple[str, str]
) -> None:
    findings = json.loads(certificates("scan", "-o", "asff").out)
    assert [finding["Id"] for finding in findings] == [f"certificate-lifecycle/{two_owners[0]}"]
    cloud.security_hub.enable()
    answer = cloud.client("securityhub").batch_import_findings(Findings=findings)
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 0)


def test_all_forms_of_the_list_have_the_same_certificates_in_the_same_order(
    certificates: Certificates, cloud: Cloud
) -> None:
    showcase.fill(cloud)
    cloud.certificates.add(domain_name="later.example.com", **USED, **ending_in(cloud, 250))
    ids = certificates("list", "-o", "ids").out.splitlines()
    rows = csv.DictReader(io.StringIO(certificates("list", "-o", "csv").out))
    entries = certificates("list", "-o", "json").document["certificates"]
    assert [row["certificate_arn"] for row in rows] == ids
    assert [entry["certificate_arn"] for entry in entries] == ids
    wide = certificates("list", "--wide").out
    assert re.findall(r"ARN: (\S+)", wide) == ids
