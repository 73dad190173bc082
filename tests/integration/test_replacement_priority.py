"""The most severe findings come first, whatever ACM lists before them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certificate_lifecycle.concurrency import WORKERS
from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import NOW, Function, Wire, scheduled

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("ledger_table")]

OURS = {"ManagedBy": "certificate-lifecycle"}


@pytest.fixture(autouse=True)
def allowed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOWED_DOMAINS", '["example.com"]')


def replaced(cloud: Cloud) -> list[str]:
    """Return the certificates for which a successor was requested, in that order."""
    key = "certificate-lifecycle:replaces"
    return [entry.tags[key] for entry in cloud.certificates.all() if key in entry.tags]


def requests(cloud: Cloud, count: int, status: str) -> None:
    for number in range(count):
        cloud.certificates.add(
            domain_name=f"n{number}.example.com",
            status=status,
            created_at=cloud.now - timedelta(days=2),
            tags=OURS,
        )


def list_last(cloud: Cloud, *arns: str) -> None:
    """Let ACM list certificates in this order, after all others."""
    for seconds, arn in enumerate(arns):
        created = cloud.now - timedelta(days=1) + timedelta(seconds=seconds)
        cloud.certificates.edit(arn, created_at=created)


def revoked_among_failed_requests(cloud: Cloud) -> str:
    """Create 60 failed requests and a revoked certificate in use, which ACM lists last."""
    cloud.zones.add("example.com")
    requests(cloud, 60, "FAILED")
    revoked = cloud.certificates.add(
        domain_name="shop.example.com", status="REVOKED", **USED, **ending_in(cloud, 100)
    )
    list_last(cloud, revoked)
    return revoked


def spend(cloud: Cloud) -> None:
    """Let a call take a second."""
    cloud.advance(seconds=1)


@pytest.mark.nightly
def test_failed_requests_never_take_the_place_of_a_revoked_certificate_in_use(
    rotation: Function, cloud: Cloud
) -> None:
    """Anyone who may request certificates can make as many failed requests with our tag."""
    revoked = revoked_among_failed_requests(cloud)
    rotation(scheduled(NOW))
    assert replaced(cloud)[0] == revoked
    assert len(replaced(cloud)) == 1 + 5
    rotation(scheduled(cloud.advance(days=1)))
    assert len(replaced(cloud)) == 1 + 10


@pytest.mark.nightly
def test_open_requests_do_not_stop_the_replacement_of_a_certificate_in_use(
    rotation: Function, cloud: Cloud
) -> None:
    """They need more records than a run may change certificates."""
    revoked = revoked_among_failed_requests(cloud)
    requests(cloud, 30, "PENDING_VALIDATION")
    rotation(scheduled(NOW))
    assert replaced(cloud)[0] == revoked


def test_a_failed_request_for_names_of_others_is_not_repeated_whatever_its_tag(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    cloud.zones.add("example.net")
    ours, others = (
        cloud.certificates.add(domain_name=name, status="FAILED", tags=OURS)
        for name in ("shop.example.com", "shop.example.net")
    )
    rotation(scheduled(NOW))
    assert replaced(cloud) == [ours]
    assert others not in replaced(cloud)


def test_the_first_to_expire_are_replaced_if_the_budget_does_not_suffice(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.zones.add("example.com")
    expired = [
        cloud.certificates.add(
            domain_name=f"n{number}.example.com",
            status="EXPIRED",
            **USED,
            **ending_in(cloud, -1 - (number * 7 % 24)),
        )
        for number in range(24)
    ]
    list_last(cloud, *expired)
    ends = {entry.arn: entry.not_after for entry in cloud.certificates.all()}
    rotation(scheduled(NOW))
    first = sorted(expired, key=lambda arn: str(ends[arn]))
    assert replaced(cloud) == first[:20]


def test_the_most_urgent_certificates_are_described_if_the_time_does_not_suffice(
    rotation: Function, cloud: Cloud, wire: Wire
) -> None:
    revoked = revoked_among_failed_requests(cloud)
    rotation.timeout = timedelta(seconds=60)
    wire.before = lambda _: spend(cloud)
    with pytest.raises(RotationError, match="time ran out"):
        rotation(scheduled(NOW))
    described = [
        call.parameters["CertificateArn"]
        for call in rotation.calls
        if call.operation == "DescribeCertificate"
    ]
    # The first of them are described side by side.
    assert revoked in described[:WORKERS]
    assert len(described) < 61
