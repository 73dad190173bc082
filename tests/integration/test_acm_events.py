"""ACM's own events: one certificate is scanned within seconds, without a loop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import OURS, USED, documents, ending_in
from tests.integration.invocation import NOW, Function, recorded, scheduled
from tests.integration.terminal import Certificates

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ledger_table")]


def event(name: str, arn: str) -> Mapping[str, Any]:
    return {**recorded(name), "resources": [arn]}


@pytest.fixture
def zone(cloud: Cloud) -> str:
    return cloud.zones.add("example.com")


def test_an_issued_successor_is_bound_within_seconds(
    rotation: Function, cloud: Cloud, zone: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.certificates.issuance_delay = timedelta(minutes=3)
    old = cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))
    others = [
        cloud.certificates.add(domain_name=f"{n}.example.com", **USED, **ending_in(cloud, 20))
        for n in range(4)
    ]
    listener = cloud.consumers.load_balancer(old)
    rotation(scheduled(NOW))
    (successor,) = {entry.arn for entry in cloud.certificates.all()} - {old, *others}
    assert cloud.zones.records(zone)

    cloud.advance(minutes=4)
    result = rotation(event("acm_issued", successor))

    assert cloud.consumers.listener_certificates(listener) == (successor, [])
    assert result["renewed_certificates"] == 1
    described = [
        call.parameters["CertificateArn"]
        for call in rotation.calls
        if call.operation == "DescribeCertificate"
    ]
    assert set(described) == {old, successor}
    assert result["scopes"][0]["certificates"] == 2


def test_a_blocked_renewal_is_repaired_at_once_and_reported(
    rotation: Function, cloud: Cloud, zone: str, topic: str
) -> None:
    blocked = cloud.certificates.add(
        domain_name="example.com",
        renewal_status="PENDING_VALIDATION",
        **USED,
        **ending_in(cloud, 20),
    )
    result = rotation(event("acm_renewal", blocked))
    assert cloud.zones.records(zone)
    assert [action["outcome"] for action in result["actions"]] == ["done"]
    assert len(documents(cloud, topic)) == 1


def test_an_event_that_is_delivered_twice_changes_and_reports_nothing_twice(
    rotation: Function, cloud: Cloud, topic: str
) -> None:
    due = cloud.certificates.add(
        domain_name="example.com", type="IMPORTED", **USED, **ending_in(cloud, 20, lifetime=365)
    )
    rotation(event("acm_approaching", due))
    rotation(event("acm_approaching", due))
    assert rotation.writes == []
    rotation(scheduled(cloud.advance(hours=6)))
    assert rotation.writes == []
    assert len(documents(cloud, topic)) == 1


def test_an_event_about_a_deleted_certificate_is_no_failure(
    rotation: Function, cloud: Cloud
) -> None:
    gone = cloud.certificates.add(domain_name="example.com")
    cloud.client("acm").delete_certificate(CertificateArn=gone)
    result = rotation(event("acm_expired", gone))
    assert result["scopes"][0]["status"] == "ok"
    assert rotation.writes == []


@pytest.mark.parametrize("name", ["acm_revoked", "acm_revoked_by_ca"])
def test_a_revocation_is_reported_at_once(
    rotation: Function, cloud: Cloud, topic: str, name: str
) -> None:
    revoked = cloud.certificates.add(domain_name="example.com", status="REVOKED", **USED)
    cloud.certificates.add(domain_name="other.example.com", status="REVOKED", **USED)
    rotation(event(name, revoked))
    (document,) = documents(cloud, topic)
    assert [(entry["certificate_arn"], entry["verdict"]) for entry in document["findings"]] == [
        (revoked, "Revoked")
    ]


def test_an_event_about_a_healthy_certificate_starts_nothing(
    rotation: Function, cloud: Cloud
) -> None:
    fine = cloud.certificates.add(domain_name="example.com", **USED)
    rotation(event("acm_renewed", fine))
    assert rotation.operations == ["Query", *["ListCertificates"] * 2, "SearchCertificates"]


# --- A certificate that ACM does not list ---------------------------------------------------------


@pytest.fixture
def hidden(cloud: Cloud) -> str:
    """Return a certificate of a class that no SDK knows, whose renewal lacks its record."""
    cloud.zones.add("example.com")
    return cloud.certificates.add(
        domain_name="example.com",
        root_hierarchy="N3_AMAZON_MANAGED",
        renewal_status="PENDING_VALIDATION",
        **USED,
        **OURS,
        **ending_in(cloud, 20),
    )


def verdicts(result: dict[str, Any]) -> dict[str, str]:
    return {each["certificate_arn"]: each["verdict"] for each in result["findings"]}


@pytest.mark.parametrize("by", ["event", "person"])
def test_a_certificate_that_is_not_listed_is_judged_and_repaired(
    rotation: Function, hidden: str, by: str
) -> None:
    wanted = event("acm_renewal", hidden) if by == "event" else {"certificate_arns": [hidden]}
    result = rotation(wanted)
    assert verdicts(result) == {hidden: "RenewalBlocked"}
    assert [action["outcome"] for action in result["actions"]] == ["done"]


def test_a_finding_outside_the_listing_stays_open_until_it_is_resolved(
    rotation: Function, cloud: Cloud, hidden: str, topic: str
) -> None:
    cloud.fail("route53", "ChangeResourceRecordSets", "AccessDenied", times=None)
    with pytest.raises(RotationError):
        rotation(event("acm_renewal", hidden))
    cloud.advance(days=8)
    with pytest.raises(RotationError):
        rotation(scheduled(cloud.now))
    reports = documents(cloud, topic)
    assert [verdicts(report) for report in reports] == [{hidden: "RenewalBlocked"}] * 2
    assert [change["kind"] for change in reports[-1]["changes"]] == ["reminder"]


@pytest.mark.parametrize("part", [slice(None), slice(-36, None)], ids=["ARN", "id"])
def test_a_person_finds_a_certificate_that_is_not_listed(
    certificates: Certificates, hidden: str, part: slice
) -> None:
    ended = certificates("explain", hidden[part])
    assert ended.code == 0
    assert "root hierarchy N3_AMAZON_MANAGED" in ended.words
    assert "not listed by ACM" in ended.words
    assert "RenewalBlocked" in ended.words
