"""Functions and commands with old and new releases of boto3.

They list the classes that the release knows, name the others, and write no unknown setting.

`make sdk` makes an environment for each release; see `tests/harness/other_sdk.py`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from certificate_lifecycle.cli.aws.sdk_features import lacking
from tests.embedded_aws.cloud import Cloud
from tests.estates.classes import add_every_class
from tests.harness.api_table import NEWEST, OLDER, ROOT, Sdk, environment_of
from tests.integration.effects import ending_in
from tests.integration.invocation import NOW, Function, make_ledger, scheduled
from tests.integration.terminal import Certificates

pytestmark = pytest.mark.integration

CHILD = ROOT / "tests/harness/other_sdk.py"
EDGE, DOMAIN = "us-east-1", "example.com"
MUTUAL_TLS = {"Mode": "required", "TrustStoreConfig": {"TrustStoreId": "ts_1"}}
ROUTING = {"Failover": {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "h"}}

PINNED = "pinned"
RELEASES = [pytest.param(name, marks=pytest.mark.nightly) for name in (*OLDER, NEWEST)]
#: The classes that an SDK cannot list, by the attribute that makes a certificate hidden.
UNLISTED = {
    "key_pair_origin=ACME": ("AcmeCertificates", {"1.35", "1.38", "1.40"}),
    "root_hierarchy": ("AmazonN2Certificates", {"1.35", "1.38", "1.40", "1.43"}),
}

Invoke = Callable[..., dict[str, Any]]


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def knows(release: str, member: str) -> bool:
    """Whether an SDK knows a member that `doctor` would miss."""
    return member not in {feature.member for feature in lacking(Sdk.of_release(release).model)}


def run(release: str, name: str, given: object) -> subprocess.CompletedProcess[str]:
    """Run a handler or `cli` with another SDK."""
    python = environment_of(release) / "bin/python"
    command = [str(python), str(CHILD), name, NOW.isoformat(), json.dumps(given)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def invoke(release: str, topic: str, environment: pytest.MonkeyPatch) -> Invoke:
    """Return a function that invokes a handler with another SDK."""
    environment.setenv("SNS_TOPIC_ARN", topic)
    environment.setenv("PYTHONPATH", str(ROOT / "lambda"))

    def invoked(name: str, event: object) -> dict[str, Any]:
        done = run(release, name, event)
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return invoked


@pytest.fixture
def old(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Return a certificate that is to be replaced; its successor is issued already."""
    make_ledger(cloud, environment, "eu-west-1")
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("REGIONS", json.dumps([EDGE]))
    cloud.zones.add(DOMAIN)
    return cloud.certificates.add(
        domain_name=DOMAIN, region=EDGE, renews=False, **ending_in(cloud, 5)
    )


@pytest.fixture
def new(cloud: Cloud) -> str:
    return cloud.certificates.add(domain_name=DOMAIN, region=EDGE, **ending_in(cloud, 190))


def test_the_creation_function_requests_and_validates_a_certificate(
    invoke: Invoke, cloud: Cloud, environment: pytest.MonkeyPatch, release: str
) -> None:
    environment.setenv("DOMAIN_NAME", DOMAIN)
    cloud.zones.add(DOMAIN)
    result = invoke("creation", {})
    assert "error" not in result, result
    assert {record["change"] for record in result["validation_records"]} == {"created"}
    assert release == NEWEST or f"botocore {release}." in result["sdk"]


def test_an_exportable_certificate_is_requested_or_the_remedy_is_named(
    invoke: Invoke, cloud: Cloud, environment: pytest.MonkeyPatch, release: str
) -> None:
    environment.setenv("DOMAIN_NAME", DOMAIN)
    cloud.zones.add(DOMAIN)
    result = invoke("creation", {"exportable": True})
    known = knows(release, "Options.Export")
    assert ("function.layers" in result.get("error", "")) is not known
    assert [found.export_option for found in cloud.certificates.all()] == ["ENABLED"] * known


@pytest.mark.usefixtures("new")
def test_the_rotation_function_moves_a_distribution(invoke: Invoke, cloud: Cloud, old: str) -> None:
    distribution = cloud.consumers.distribution(old, DOMAIN)
    result = invoke("rotation", scheduled(NOW))
    assert "error" not in result
    assert old not in cloud.consumers.certificates(distribution)


def test_a_distribution_with_mutual_tls_keeps_it(
    invoke: Invoke, cloud: Cloud, old: str, new: str, release: str
) -> None:
    distribution = cloud.consumers.distribution(old, DOMAIN)
    cloud.consumers.configure_distribution(distribution, ViewerMtlsConfig=MUTUAL_TLS)
    result = invoke("rotation", scheduled(NOW))
    assert "ts_1" in repr(cloud.consumers.snapshot())
    known = knows(release, "DistributionConfig.ViewerMtlsConfig")
    assert cloud.consumers.certificates(distribution) == ((new if known else old),)
    assert ("ViewerMtlsConfig" in repr(result["actions"])) is not known


@pytest.mark.usefixtures("new")
@pytest.mark.parametrize("path", ["", "ViewerCertificate", "Origins/Items/Origin"])
def test_a_distribution_with_an_invented_member_keeps_it(
    invoke: Invoke, cloud: Cloud, old: str, path: str
) -> None:
    distribution = cloud.consumers.distribution(old, DOMAIN)
    cloud.consumers.unknown_members(distribution)[path] = "<NewThing>1</NewThing>"
    result = invoke("rotation", scheduled(NOW))
    assert "NewThing" in repr(result["actions"])
    assert cloud.consumers.certificates(distribution) == (old,)
    assert cloud.consumers.unknown_members(distribution)


def test_a_user_pool_domain_with_routing_keeps_it(
    invoke: Invoke, cloud: Cloud, old: str, new: str, release: str
) -> None:
    cloud.consumers.user_pool_domain(DOMAIN, old)
    cloud.consumers.configure_user_pool_domain(DOMAIN, ROUTING)
    result = invoke("rotation", scheduled(NOW))
    assert "us-west-2" in repr(cloud.consumers.snapshot())
    known = knows(release, "Routing")
    assert cloud.consumers.certificates(DOMAIN) == ((new if known else old),)
    assert ("Routing" in repr(result["actions"])) is not known


@pytest.mark.usefixtures("new")
def test_a_user_pool_domain_with_an_invented_member_keeps_it(
    invoke: Invoke, cloud: Cloud, old: str
) -> None:
    cloud.consumers.user_pool_domain(DOMAIN, old)
    cloud.consumers.unknown_members(DOMAIN)["CustomDomainConfig/NewThing"] = True
    result = invoke("rotation", scheduled(NOW))
    assert "NewThing" in repr(result["actions"])
    assert cloud.consumers.certificates(DOMAIN) == (old,)
    assert cloud.consumers.unknown_members(DOMAIN)


# --- The inventory --------------------------------------------------------------------------------


def hidden_from(release: str, kind: str) -> str | None:
    """Return the class of a certificate if the SDK cannot list it."""
    for prefix, (name, releases) in UNLISTED.items():
        if kind.startswith(prefix) and release in releases:
            return name
    return None


def assert_complete(
    estate: Mapping[str, str],
    result: Mapping[str, Any],
    document: Mapping[str, Any],
    release: str = PINNED,
) -> None:
    """Check a run and a scan: both list the classes that the SDK knows, and name the others."""
    unlisted = {arn: name for arn, kind in estate.items() if (name := hidden_from(release, kind))}
    names = sorted(set(unlisted.values()))
    for scope in (*result["scopes"], *document["scopes"]):
        assert [gap["class"] for gap in scope["not_listed"]] == names
    counts = dict(result["counts"])
    assert counts.pop("InventoryIncomplete", 0) == bool(names)
    assert sum(counts.values()) == len(estate) - len(unlisted)
    entries = [entry for part in ("findings", "healthy") for entry in document[part]]
    found = {entry["certificate_arn"] for entry in entries} - {None}
    assert found == estate.keys() - unlisted.keys()


def test_the_pinned_sdk_finds_a_certificate_of_each_class(
    cloud: Cloud, rotation: Function, certificates: Certificates
) -> None:
    estate = add_every_class(cloud, lambda: ending_in(cloud, 100))
    result = rotation(scheduled(NOW))
    assert_complete(estate, result, certificates("scan", "-o", "json").document)


def test_an_sdk_finds_each_class_that_it_knows_and_names_the_others(
    invoke: Invoke, cloud: Cloud, release: str
) -> None:
    estate = add_every_class(cloud, lambda: ending_in(cloud, 100))
    result = invoke("rotation", scheduled(NOW))
    scan = run(release, "cli", ["scan", "-o", "json", "--region", "eu-west-1"])
    assert scan.returncode == (0 if release == NEWEST else 3), scan.stderr
    assert_complete(estate, result, json.loads(scan.stdout), release)
