"""The name constraints of a private CA are compared with the names months before the renewal."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.harness import authority
from tests.integration.effects import USED, documents, ending_in
from tests.integration.invocation import Function, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients", "ledger_table")]

MEMBER = "222222222222"
READ = "GetCertificateAuthorityCertificate"
AT_RISK = ("RenewalAtRisk", "AuthorityNameConstraints", "info", "FixAuthority")


@pytest.fixture
def ca(cloud: Cloud) -> str:
    """Create a CA that ACM renews two certificates from, far from their end."""
    arn = cloud.authorities.add("Shop CA", not_after=cloud.now + timedelta(days=3000))
    for name in ("db.corp.example", "mq.corp.example"):
        private = cloud.certificates.add(
            domain_name=name, type="PRIVATE", **USED, **ending_in(cloud, 300, lifetime=395)
        )
        cloud.certificates.edit(private, certificate_authority_arn=arn)
    return arn


def next_day(rotation: Function, cloud: Cloud) -> dict[str, Any]:
    cloud.advance(days=1)
    return dict(rotation(scheduled(cloud.now)))


def found(result: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    keys = ("verdict", "reason", "severity", "action")
    return {entry["domain_name"]: tuple(entry[key] for key in keys) for entry in result["findings"]}


def test_a_name_that_the_ca_does_not_permit_is_found_and_resolved_by_another_certificate_of_the_ca(
    rotation: Function, cloud: Cloud, ca: str, topic: str
) -> None:
    cloud.authorities.certify(ca, permitted=["db.corp.example"])
    assert rotation(scheduled(cloud.now))["findings"] == []

    result = next_day(rotation, cloud)

    assert found(result) == {"mq.corp.example": AT_RISK}
    (message,) = (entry["message"] for entry in result["findings"])
    assert f"the name constraints of the private CA {ca}, or of a CA above it" in message
    assert "forbid mq.corp.example (permitted is db.corp.example)" in message
    assert rotation.operations.count(READ) == 1

    cloud.authorities.certify(ca, permitted=["corp.example"])
    assert next_day(rotation, cloud)["findings"] == []
    changes = [change for sent in documents(cloud, topic) for change in sent["changes"]]
    assert [change["kind"] for change in changes] == ["new", "resolved"]


def test_a_ca_above_forbids_too(rotation: Function, cloud: Cloud, ca: str) -> None:
    above = authority.constrained_authority(
        "Root", not_after=cloud.now + timedelta(days=4000), excluded=["mq.corp.example"]
    )
    cloud.authorities.certify(ca, permitted=["corp.example"], chain=above)
    rotation(scheduled(cloud.now))
    assert found(next_day(rotation, cloud)) == {"mq.corp.example": AT_RISK}


def test_a_certificate_whose_ca_is_gone_is_found(rotation: Function, cloud: Cloud, ca: str) -> None:
    rotation(scheduled(cloud.now))
    del cloud.authorities.all[ca]
    reasons = {reason for _, reason, *_ in found(next_day(rotation, cloud)).values()}
    assert reasons == {"AuthorityInvalidState"}


def test_a_ca_that_cannot_be_read_is_named_and_closes_no_finding(
    rotation: Function, cloud: Cloud, ca: str, topic: str
) -> None:
    cloud.authorities.certify(ca, excluded=["mq.corp.example"])
    rotation(scheduled(cloud.now))
    next_day(rotation, cloud)
    cloud.fail("acm-pca", READ, "AccessDeniedException", times=None, status=400)

    # The other certificate has its next renewal checked after some days, by each run from then on.
    for _ in range(7):
        with pytest.raises(RotationError, match="AccessDeniedException"):
            next_day(rotation, cloud)
    (*_, sent) = documents(cloud, topic)
    assert sent["scopes"][0]["status"] == "partial"
    assert ca in sent["scopes"][0]["error"]
    cloud.clear_failures()
    result = next_day(rotation, cloud)
    assert found(result) == {"mq.corp.example": AT_RISK}
    changes = [change for sent in documents(cloud, topic) for change in sent["changes"]]
    assert [change["kind"] for change in changes if change["kind"] == "resolved"] == []


def test_a_ca_that_another_account_shares_is_read_with_the_role_of_the_certificate(
    rotation: Function, cloud: Cloud, ca: str, environment: pytest.MonkeyPatch
) -> None:
    member = {"account_id": MEMBER, "role_name": "certificates", "external_id": "x-1"}
    environment.setenv("ACCOUNTS", json.dumps([member]))
    private = cloud.certificates.add(
        domain_name="shop.example.com",
        type="PRIVATE",
        account=MEMBER,
        **USED,
        **ending_in(cloud, 300, lifetime=395),
    )
    cloud.certificates.edit(private, certificate_authority_arn=ca)
    cloud.authorities.share(ca, MEMBER)
    cloud.authorities.certify(ca, permitted=["corp.example"])
    rotation(scheduled(cloud.now))
    assert found(next_day(rotation, cloud)) == {"shop.example.com": AT_RISK}
    readers = [call.account for call in rotation.calls if call.operation == READ]
    assert sorted(readers) == ["123456789012", MEMBER]
