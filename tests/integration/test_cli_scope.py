"""The scope and the modes of an instance on the command line, and the options that replace them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
from tests.integration.terminal import Certificates, Ended, deploy

pytestmark = pytest.mark.integration

SHOP = json.dumps({"include": {"domains": ["shop.example.com"]}})


@pytest.fixture(autouse=True)
def estate(cloud: Cloud) -> dict[str, str]:
    """Add certificates of two teams whose renewals wait for a missing record."""
    cloud.zones.add("example.com")
    waiting = {"renewal_status": "PENDING_VALIDATION", **USED, **ending_in(cloud, 40)}
    return {
        team: cloud.certificates.add(
            domain_name=f"www.{team}.example.com", tags={"Team": team}, **waiting
        )
        for team in ("shop", "pay")
    }


def names(ended: Ended, key: str = "findings") -> list[str]:
    return sorted(finding["domain_name"] for finding in ended.document[key])


def scan(certificates: Certificates, *options: str) -> Ended:
    return certificates("scan", "--output", "json", *options)


def test_the_commands_honour_the_scope_of_the_deployed_instance(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment, SCOPE=SHOP, UNMANAGED_ROTATION_MODE="repair")
    scanned = scan(certificates)
    assert (names(scanned), scanned.document["ignored"]) == (["www.shop.example.com"], 1)
    assert "1 warning; 1 outside the scope ignored." in certificates("scan").words
    planned = certificates("plan", "--output", "json")
    assert names(planned, "certificates") == ["www.shop.example.com"]
    applied = certificates("apply", "--yes", "--output", "json")
    assert names(applied, "certificates") == ["www.shop.example.com"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--no-scope",), ["pay", "shop"]),
        (("--include-domain", "pay.example.com"), ["pay"]),
        (("--include-domain", "example.com", "--exclude-domain", "shop.example.com"), ["pay"]),
        (("--include-tag", "Team=pay", "--include-tag", "Team=shop"), ["pay", "shop"]),
        (("--include-tag", "Team=pay"), ["pay"]),
        (("--include-tag", "Owner=*"), []),
    ],
    ids=" ".join,
)
def test_an_option_replaces_the_scope_of_the_deployed_instance(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    options: tuple[str, ...],
    found: list[str],
) -> None:
    deploy(cloud, environment, SCOPE=SHOP)
    assert names(scan(certificates, *options)) == [f"www.{team}.example.com" for team in found]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--include-tag", "Team"), "--include-tag must be KEY=VALUE, got 'Team'"),
        (("--no-scope", "--include-domain", "a.example.com"), "--no-scope does not go with"),
        (("--include-domain", "*.example.com"), "must not be a wildcard"),
    ],
)
def test_an_option_that_describes_no_scope_is_an_error(
    certificates: Certificates, options: tuple[str, ...], error: str
) -> None:
    ended = scan(certificates, *options)
    assert ended.code == 2
    assert error in ended.complaint


@pytest.mark.parametrize(
    ("name", "scope", "covered", "reason"),
    [
        ("shop", "{}", True, "the scope has no conditions"),
        ("shop", SHOP, True, "it meets the conditions of the scope"),
        (
            *("pay", SHOP, False),
            "www.pay.example.com is not equal to or below an included domain",
        ),
    ],
)
def test_explain_says_whether_and_why_a_certificate_is_covered(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    name: str,
    scope: str,
    covered: bool,  # noqa: FBT001 - a column of the table
    reason: str,
) -> None:
    deploy(cloud, environment, SCOPE=scope)
    found = explained(certificates, f"www.{name}.example.com")
    assert (found["covered"], found["coverage_reason"]) == (covered, reason)
    assert found["outside_scope"] is not covered
    assert found["monitored"] is covered
    printed = certificates("explain", f"www.{name}.example.com").words
    assert f"Scope {'covered' if covered else 'outside the scope'}: {reason}" in printed


def explained(certificates: Certificates, name: str, *options: str) -> dict[str, Any]:
    return certificates("explain", name, "--output", "json", *options).document


def test_explain_names_the_issuer_and_unreadable_names_and_tags(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment, SCOPE=SHOP, ALLOWED_DOMAINS='["till.example.com"]')
    own = cloud.certificates.add(
        domain_name="till.example.com", tags={"ManagedBy": "certificate-lifecycle"}
    )
    found = explained(certificates, own)
    assert (found["covered"], found["coverage_reason"]) == (True, "certificate-lifecycle issued it")
    cloud.fail("acm", "ListTagsForCertificate", "AccessDeniedException", times=None)
    found = explained(certificates, own)
    assert (found["covered"], found["coverage_reason"]) == (
        None,
        "its names or tags could not be read",
    )


def test_a_certificate_with_an_export_target_is_covered(
    certificates: Certificates,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    estate: dict[str, str],
) -> None:
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf"
    target = {"secret_arn": secret.format("edge"), "passphrase_secret_arn": secret.format("words")}
    targets = json.dumps({estate["pay"]: target})
    deploy(cloud, environment, SCOPE=SHOP, EXPORT_TARGETS=targets, ROTATION_MODE="notify")
    found = explained(certificates, estate["pay"])
    assert (found["covered"], found["coverage_reason"]) == (
        True,
        "an import source or an export target names it",
    )


def test_the_options_for_modes_replace_those_of_the_instance(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    deploy(cloud, environment)
    modes = ("--rotation-mode", "repair", "--unmanaged-mode", "replace")
    planned = certificates("plan", "--output", "json", *modes).document
    assert (planned["mode"], len(planned["actions"])) == ("repair", 2)
    advised = certificates("plan", "--output", "json", "--rotation-mode", "notify").document
    assert (advised["actions"], len(advised["by_hand"])) == ([], 2)


def test_an_option_for_the_scope_applies_to_every_account(
    certificates: Certificates, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    other = "222222222222"
    cloud.certificates.add(
        account=other, domain_name="www.pay.example.com", **USED, **ending_in(cloud, 20)
    )
    member = {"account_id": other, "role_name": "certificates", "external_id": "x-1"}
    deploy(cloud, environment, ACCOUNTS=json.dumps([{**member, "scope": json.loads(SHOP)}]))
    everywhere = ("--accounts", "all")
    assert scan(certificates, *everywhere).document["ignored"] == 1
    found = scan(certificates, *everywhere, "--include-domain", "pay.example.com")
    assert {finding["account_id"] for finding in found.document["findings"]} == {
        other,
        "123456789012",
    }
