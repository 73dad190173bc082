"""`certificates explain`: the decision, its reasons, and what comes next."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.estates.imports import imported
from tests.integration.effects import USED, ending_in, put_records
from tests.integration.invocation import NOW, Function, scheduled
from tests.integration.terminal import Certificates, deploy

pytestmark = pytest.mark.integration

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "certificates-explain.json"
SCOPE = Scope("123456789012", "eu-west-1")


def document(certificates: Certificates, *arguments: str) -> dict[str, Any]:
    """Return the explanation after validating it with the schema."""
    explained = certificates("explain", *arguments, "--output", "json").document
    jsonschema.validate(explained, json.loads(SCHEMA.read_text(encoding="utf-8")))
    return explained


def answers(explained: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["answer"] for check in explained["checks"]}


@pytest.fixture
def blocked(cloud: Cloud) -> str:
    """Add a certificate whose renewal waits for a missing record."""
    cloud.zones.add("example.com")
    return cloud.certificates.add(
        domain_name="shop.example.com",
        renewal_status="PENDING_VALIDATION",
        **USED,
        **ending_in(cloud, 40),
    )


# --- The explanation ------------------------------------------------------------------------------


@pytest.mark.nightly
def test_every_verdict_is_explained_as_the_function_gives_it(
    certificates: Certificates, cloud: Cloud, rotation: Function
) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    rotation({"dry_run": True, "rotation_mode": "repair"})
    scanned = certificates("scan", "--output", "json").document
    entries = [*scanned["findings"], *scanned["healthy"]]
    assert len(entries) > 20
    for entry in entries:
        explained = document(certificates, entry["certificate_arn"])
        same = ("verdict", "severity", "reason", "message", "action")
        assert [explained[key] for key in same] == [entry[key] for key in same]
        assert list(answers(explained).values()).count("hit") == 1
        assert explained["forecast"][0]["verdict"] == entry["verdict"]
        actions = [
            item
            for item in scanned["actions"]
            if item["certificate_arn"] == entry["certificate_arn"]
        ]
        assert explained["next_actions"] == actions


@pytest.mark.usefixtures("blocked")
def test_an_explanation_has_checks_forecast_and_records(certificates: Certificates) -> None:
    ended = certificates("explain", "shop.example.com")
    assert ended.code == 0
    assert ended.writes == []
    assert ended.out.splitlines()[0] == "shop.example.com"
    for printed in (
        "warning RenewalBlocked: ValidationRecordMissing",
        "Fix: Write the validation records that ACM requires.",
        "no Did ACM's renewal fail?",
        "=> Does the renewal wait for validation? renewal: PENDING_VALIDATION",
        "- Is it in ACM's renewal window, with time left?",
        "If nothing changes",
        "in 33 days critical RenewalBlocked",
        "in 40 days critical Expired",
        "Used by load balancer web",
        "Validation records WRONG: _",
        "Next run In mode repair, certificates apply: planned RestoreRecords: create the CNAME _",
    ):
        assert printed in ended.words


def test_a_healthy_certificate_shows_its_records_and_consumers(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment, REBIND_CONSUMERS="true")
    zone = cloud.zones.add("example.com")
    arn = cloud.certificates.add(domain_name="shop.example.com", **ending_in(cloud, 150))
    cloud.consumers.load_balancer(arn)
    put_records(cloud, zone, arn)
    explained = document(certificates, arn)
    assert explained["verdict"] == "Healthy"
    assert [entry["state"] for entry in explained["validation_records"]] == ["in place"]
    (user,) = explained["used_by"]
    assert "(Listener)" in user
    assert [item["verdict"] for item in explained["forecast"]] == [
        *("Healthy", "Renewing", "RenewalOverdue", "RenewalOverdue", "Expired")
    ]


def test_records_of_a_deployed_instance_are_shown(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    rotation: Function,
    blocked: str,
) -> None:
    deploy(
        cloud,
        environment,
        ROTATION_MODE="notify",
        NAME_PREFIX="certificate-lifecycle",
    )
    environment.setenv("ROTATION_MODE", "notify")
    rotation(scheduled(NOW))
    state_store = StateTable(
        Clients("eu-west-1").any("dynamodb", "eu-west-1"), "certificate-lifecycle-ledger", SCOPE
    )
    replacement_record = ReplacementRecord(
        certificate_arn=blocked,
        state=ReplacementState.VALIDATED,
        started_at=NOW - timedelta(days=1),
        successor_arn=f"{blocked}-successor",
        note="a note",
    )
    state_store.claim(replacement_record, "run", NOW, NOW)

    explained = document(certificates, blocked)
    assert explained["mode"] == "notify"
    assert explained["last_notified"]["verdict"] == "RenewalBlocked"
    assert explained["replacement"]["state"] == "validated"
    ended = certificates("explain", blocked)
    assert "validated: Its validation records exist; ACM has to issue it." in ended.words
    assert "In mode notify, the deployed function:" in ended.words


@pytest.mark.parametrize(
    ("region", "settings", "monitored"),
    [
        ("eu-west-1", {}, True),
        ("us-east-1", {}, False),
        ("us-east-1", {"REGIONS": '["eu-west-1", "us-east-1"]'}, True),
    ],
)
def test_monitoring_is_shown_only_where_the_deployed_function_scans(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    region: str,
    settings: dict[str, str],
    monitored: bool,  # noqa: FBT001
) -> None:
    deploy(cloud, environment, **settings)
    arn = cloud.certificates.add(region=region, **USED, **ending_in(cloud, 150))
    explained = document(certificates, arn)
    assert explained["monitored"] is monitored
    ended = certificates("explain", arn)
    assert ("No deployed function monitors it." in ended.words) is not monitored


def test_an_import_shows_its_source(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    shop = imported(cloud)
    deploy(cloud, environment, IMPORT_SOURCES=shop.sources, ROTATION_MODE="repair")
    explained = document(certificates, shop.arn)
    assert explained["import_source"]["state"] == "newer"
    assert explained["next_actions"][0]["outcome"] == "planned"
    assert "PRIVATE KEY" not in json.dumps(explained)


def test_a_successor_is_shown_long_before_expiry(certificates: Certificates, cloud: Cloud) -> None:
    names = {"domain_name": "shop.example.com", **USED}
    old = cloud.certificates.add(**names, renews=False, **ending_in(cloud, 50))
    new = cloud.certificates.add(**names, **ending_in(cloud, 190))
    explained = document(certificates, old)
    assert explained["successor_arn"] == new
    assert "Superseded" in [entry["verdict"] for entry in explained["forecast"]]


# --- Finding the certificate ----------------------------------------------------------------------


def test_a_common_name_goes_before_other_names_and_those_before_wildcards(
    certificates: Certificates, cloud: Cloud
) -> None:
    facts: dict[str, Any] = {**USED, **ending_in(cloud, 150)}
    wild = cloud.certificates.add(domain_name="*.example.com", **facts)
    both = cloud.certificates.add(
        domain_name="shop.example.com", alternative_names=["www.example.com"], **facts
    )
    www = cloud.certificates.add(domain_name="www.example.com", **facts)
    for name, arn in {
        "www.example.com": www,
        "WWW.example.com.": www,
        "shop.example.com": both,
        "mail.example.com": wild,
        both.rpartition("/")[2]: both,
    }.items():
        assert document(certificates, name)["certificate_arn"] == arn


def test_several_matches_are_listed_with_their_differences(
    certificates: Certificates, cloud: Cloud
) -> None:
    first = cloud.certificates.add(**USED, **ending_in(cloud, 150))
    second = cloud.certificates.add(key_algorithm="EC_prime256v1", **ending_in(cloud, 20))
    ended = certificates("explain", "example.com")
    assert ended.code == 2
    assert ended.out == ""
    for printed in (
        first,
        second,
        "RSA_2048, expires on 2026-11-12, used",
        "EC_prime256v1",
        "not used",
    ):
        assert printed in ended.complaint


def test_an_unknown_name_is_wrong_usage_unless_a_region_could_not_be_listed(
    certificates: Certificates, cloud: Cloud
) -> None:
    ended = certificates("explain", "nobody.example.com")
    assert ended.code == 2
    assert "is not the ARN, id or name of a certificate in account" in ended.complaint
    cloud.fail("acm", "ListCertificates", "AccessDeniedException", times=None, region="eu-west-2")
    ended = certificates("explain", "nobody.example.com", "--regions", "eu-west-1,eu-west-2")
    assert ended.code == 3
    assert "eu-west-2" in ended.complaint


def test_a_name_that_the_listing_leaves_out_is_found(
    certificates: Certificates, cloud: Cloud
) -> None:
    """A listing contains the first 100 names of a certificate."""
    names = [f"n{number}.example.com" for number in range(120)]
    arn = cloud.certificates.add(
        domain_name=names[0], alternative_names=names[1:], **USED, **ending_in(cloud, 150)
    )
    assert document(certificates, names[-1])["certificate_arn"] == arn


def test_a_name_is_found_in_any_region(certificates: Certificates, cloud: Cloud) -> None:
    arn = cloud.certificates.add(region="us-east-1", **USED, **ending_in(cloud, 150))
    regions = ("--regions", "eu-west-1,us-east-1")
    assert document(certificates, "example.com", *regions)["certificate_arn"] == arn
    assert document(certificates, arn)["region"] == "us-east-1"


# --- Errors ---------------------------------------------------------------------------------------


def test_errors_are_reported_and_the_rest_is_shown(
    certificates: Certificates, cloud: Cloud, blocked: str
) -> None:
    cloud.fail("route53", "*", "AccessDenied", "not today", times=None)
    ended = certificates("explain", blocked)
    assert ended.code == 3
    assert "=> Does the renewal wait for validation?" in ended.words
    assert "Could not be read" in ended.words
    assert "not today" in ended.words


def test_untrusted_names_cannot_control_the_terminal(
    certificates: Certificates, cloud: Cloud
) -> None:
    arn = cloud.certificates.add(
        tags={"Owner": "eve\x1b[31m[bold]\u202e"}, **USED, renews=False, **ending_in(cloud, 5)
    )
    ended = certificates("explain", arn)
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out
    assert "owner eve [31m[bold]" in ended.words
