"""Both functions run with old and new releases of boto3, and none writes what it does not know.

`make sdk` makes an environment for each release; see `tests/harness/other_sdk.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import ending_in
from tests.integration.invocation import NOW, make_ledger, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.nightly]

ROOT = Path(__file__).resolve().parents[2]
CHILD = ROOT / "tests/harness/other_sdk.py"
EDGE, DOMAIN = "us-east-1", "example.com"
MUTUAL_TLS = {"Mode": "required", "TrustStoreConfig": {"TrustStoreId": "ts_1"}}
ROUTING = {"Failover": {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "h"}}

Invoke = Callable[..., dict[str, Any]]


@pytest.fixture(params=["1.35", "1.40", "newest"])
def release(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def invoke(release: str, topic: str, environment: pytest.MonkeyPatch) -> Invoke:
    """Return a function that invokes a handler with another SDK."""
    python = ROOT / f".venv-sdk-{release}/bin/python"
    if not python.exists():
        assert "CI" not in os.environ, f"make sdk has not made {python}"
        pytest.skip(f"make sdk has not made {python}")
    environment.setenv("SNS_TOPIC_ARN", topic)
    environment.setenv("PYTHONPATH", str(ROOT / "lambda"))

    def invoked(name: str, event: object) -> dict[str, Any]:
        command = [str(python), str(CHILD), name, NOW.isoformat(), json.dumps(event)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
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
    assert release == "newest" or f"botocore {release}." in result["sdk"]


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
    known = release == "newest"
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
    known = release == "newest"
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
