"""The commands need all permissions of docs/cli.md.

`terminal.Certificates` checks that they need no others.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.remembered import RememberedCertificates
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.estates.imports import imported
from tests.integration.declarations import declare
from tests.integration.effects import USED, ending_in, put_records, used_at_the_edge
from tests.integration.exports import put_exported
from tests.integration.invocation import NOW
from tests.integration.terminal import NEEDS, Certificates, deploy

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::222222222222:role/acm-validation"
READ_ONLY = ("scan", "plan")


class Made:
    """Runs commands and records the actions that each of them needs."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self.actions: dict[str, set[str]] = {}

    def __call__(self, name: str, *arguments: str) -> None:
        calls = self._certificates(name, *arguments).calls
        made = {action for call in calls for action in call.actions}
        key = f"{name} --issue" if "--issue" in arguments else name
        self.actions.setdefault(key, set()).update(made)


@pytest.fixture
def made(certificates: Certificates) -> Made:
    return Made(certificates)


def everywhere(made: Made) -> None:
    for name in READ_ONLY:
        made(name)
    made("apply", "--yes")


@pytest.mark.nightly
def test_scan_plan_and_apply_need_every_action_that_is_listed_for_them(
    made: Made, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    made("scan", "--regions", "all")
    for name in ("plan", "apply"):
        made(name, "--regions", "all", *(("--yes",) if name == "apply" else ()))
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    declare(cloud)
    deploy(cloud, environment)
    remember_a_run(cloud)
    everywhere(made)

    add = cloud.certificates.add
    waiting: dict[str, Any] = {
        "validation_method": "EMAIL",
        "created_at": NOW - timedelta(hours=30),
    }
    add(status="PENDING_VALIDATION", **waiting)
    with environment.context() as patch:
        patch.setattr(AcmCertificates, "can_migrate_to_dns", False)
        everywhere(made)

    zone = cloud.zones.add("example.com", account="222222222222")
    zones = json.dumps({"example.com": {"zone_id": zone, "role_arn": ROLE}})
    add(renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, 20))
    deploy(cloud, environment, HOSTED_ZONES=zones)
    everywhere(made)

    deploy(cloud, environment, IMPORT_SOURCES=imported(cloud).sources)
    everywhere(made)

    cloud.certificates.managed_renewal = False
    deploy(cloud, environment, EXPORT_TARGETS=put_exported(cloud, 20).environment())
    everywhere(made)

    replace(made, cloud, environment)

    for name in (*READ_ONLY, "apply"):
        assert made.actions[name] == NEEDS[name], name


def remember_a_run(cloud: Cloud) -> None:
    """Let a run of an earlier day have ended, so that next renewals are checked."""
    client, place = cloud.client("dynamodb"), Scope("123456789012", "eu-west-1")
    memory = RememberedCertificates(since=cloud.now - timedelta(days=2))
    StateTable(client, "certificate-lifecycle-ledger", place).save_memory(memory)


def replace(made: Made, cloud: Cloud, environment: pytest.MonkeyPatch) -> None:
    """Replace and retire a certificate with every kind of consumer, in both kinds of region."""
    cloud.zones.add("example.com")
    settings = {"REBIND_CONSUMERS": "true", "RETIRE_SUPERSEDED_AFTER_DAYS": "1"}
    for region in ("eu-west-1", "us-east-1"):
        environment.setenv("AWS_REGION", region)
        environment.setenv("AWS_DEFAULT_REGION", region)
        deploy(cloud, environment, region=region, **settings)
        old = cloud.certificates.add(region=region, renews=False, **ending_in(cloud, 5))
        if region == "us-east-1":
            used_at_the_edge(cloud, old)
        else:
            declare(cloud, "old", old)
            cloud.consumers.load_balancer(old, old)
            cloud.consumers.classic_load_balancer(old)
            cloud.consumers.domain_name("example.com", old)
        for _ in range(3):
            everywhere(made)
            cloud.advance(days=2)
        assert old not in {certificate.arn for certificate in cloud.certificates.all()}


def test_create_needs_every_action_that_is_listed_for_it(
    made: Made, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    cloud.zones.add("example.com")
    made("create", "example.com", "--yes")
    zone = cloud.zones.add("example.net", account="222222222222")
    zones = json.dumps({"example.net": {"zone_id": zone, "role_arn": ROLE}})
    deploy(cloud, environment, HOSTED_ZONES=zones)
    deploy(cloud, environment, "creation", DOMAIN_NAME="example.net")
    for _ in range(2):
        made("create", "shop.example.net", "--yes")
    assert made.actions["create"] == NEEDS["create"]


@pytest.mark.nightly
def test_explain_needs_every_action_that_is_listed_for_it(
    made: Made, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    declare(cloud)
    shop, exported = imported(cloud), put_exported(cloud, 20)
    zone = cloud.zones.add("example.com", account="222222222222")
    zones = json.dumps({"example.com": {"zone_id": zone, "role_arn": ROLE}})
    settings = {
        "REBIND_CONSUMERS": "true",
        "HOSTED_ZONES": zones,
        "IMPORT_SOURCES": shop.sources,
        "EXPORT_TARGETS": exported.environment(),
    }
    for region in ("eu-west-1", "us-east-1"):
        environment.setenv("AWS_REGION", region)
        environment.setenv("AWS_DEFAULT_REGION", region)
        deploy(cloud, environment, region=region, **settings)
        used = cloud.certificates.add(region=region, **ending_in(cloud, 100))
        if region == "us-east-1":
            used_at_the_edge(cloud, used)
        else:
            cloud.consumers.load_balancer(used, used)
            cloud.consumers.classic_load_balancer(used)
        made("explain", "nobody.example.com", "--regions", "all")
        made("explain", used)
    environment.setenv("AWS_REGION", "eu-west-1")
    environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    arns = [entry.arn for entry in cloud.certificates.all() if ":eu-west-1:" in entry.arn]
    pages = cloud.client("acm-pca").list_certificate_authorities()["CertificateAuthorities"]
    domain = cloud.acme_endpoints.validate(cloud.acme_endpoints.add(), "example.com")
    for wanted in (*arns, "legacy", domain, *(page["Arn"] for page in pages)):
        made("explain", wanted)
    deploy(cloud, environment)
    made("explain", arns[0])
    remember_a_run(cloud)
    for entry in cloud.certificates.all():
        if entry.type == "PRIVATE":
            made("explain", entry.arn)
    assert made.actions["explain"] == NEEDS["explain"]


def test_drill_needs_every_action_that_is_listed_for_it(
    made: Made, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    zone = cloud.zones.add("example.com", account="222222222222")
    arn = cloud.certificates.add(**USED, **ending_in(cloud, 100))
    put_records(cloud, zone, arn)
    shop = imported(cloud)
    declare(cloud)
    authority = cloud.authorities.add(not_after=cloud.now + timedelta(days=900))
    private = cloud.certificates.add(
        domain_name="intern.example", type="PRIVATE", **USED, **ending_in(cloud, 200, lifetime=395)
    )
    cloud.certificates.edit(private, certificate_authority_arn=authority)
    zones = json.dumps({"example.com": {"zone_id": zone, "role_arn": ROLE}})
    deploy(cloud, environment, HOSTED_ZONES=zones, IMPORT_SOURCES=shop.sources)
    made("drill", arn)
    exported = put_exported(cloud, 100)
    targets = exported.environment()
    deploy(cloud, environment, IMPORT_SOURCES=shop.sources, EXPORT_TARGETS=targets)
    domain = cloud.acme_endpoints.validate(cloud.acme_endpoints.add(), "example.com")
    for wanted in (arn, shop.arn, private, exported.arn, domain, "nobody.example.com"):
        made("drill", wanted, "--regions", "all")
    assert made.actions["drill"] == NEEDS["drill"]

    cloud.zones.add("example.com")
    made("drill", arn, "--issue", "--yes")
    assert NEEDS["drill"] | made.actions["drill --issue"] == NEEDS["drill --issue"]
