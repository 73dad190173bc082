"""A successor that others delete is a failure while its certificate needs one, and is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import documents, ending_in
from tests.integration.invocation import NOW, Function, make_ledger, scheduled

pytestmark = pytest.mark.integration


@pytest.fixture
def listener(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Create a listener with a revoked certificate, whose successor ACM issues within two days."""
    environment.setenv("REBIND_CONSUMERS", "true")
    make_ledger(cloud, environment, "eu-west-1")
    cloud.zones.add("example.com")
    cloud.certificates.issuance_delay = timedelta(days=2)
    old = cloud.certificates.add(
        domain_name="example.com", status="REVOKED", **ending_in(cloud, 100)
    )
    return cloud.consumers.load_balancer(old)


def successors(cloud: Cloud) -> list[str]:
    return [
        certificate.arn
        for certificate in cloud.certificates.all()
        if "certificate-lifecycle:replaces" in certificate.tags
    ]


def last_action(cloud: Cloud, topic: str) -> Mapping[str, Any]:
    (action,) = documents(cloud, topic)[-1]["actions"]
    found: Mapping[str, Any] = action
    return found


def test_a_successor_that_a_clean_up_deletes_is_a_failure_and_is_requested_again(
    rotation: Function, cloud: Cloud, topic: str, listener: str
) -> None:
    rotation(scheduled(NOW))
    (first,) = successors(cloud)
    cloud.client("acm").delete_certificate(CertificateArn=first)

    with pytest.raises(RotationError, match="another one is requested"):
        rotation(scheduled(cloud.advance(days=1)))

    action = last_action(cloud, topic)
    assert action["outcome"] == "failed"
    assert f"the successor {first} was deleted" in action["detail"]
    (second,) = successors(cloud)
    rotation(scheduled(cloud.advance(days=3)))
    assert cloud.consumers.listener_certificates(listener) == (second, [])


def test_a_clean_up_that_never_ends_fails_every_run_and_says_how_to_go_on(
    rotation: Function, cloud: Cloud, topic: str, listener: str
) -> None:
    rotation(scheduled(NOW))
    for _ in range(5):
        for arn in successors(cloud):
            cloud.client("acm").delete_certificate(CertificateArn=arn)
        with pytest.raises(RotationError, match="still needs a successor"):
            rotation(scheduled(cloud.advance(days=1)))
    assert successors(cloud) == []
    texts = [
        action["detail"]
        for document in documents(cloud, topic)
        for action in document["actions"]
        if action["outcome"] == "failed"
    ]
    assert "request a certificate for the same names" in texts[-1]

    cloud.certificates.issuance_delay = timedelta()
    made = cloud.certificates.add(domain_name="example.com", **ending_in(cloud, 190))
    rotation(scheduled(cloud.advance(days=1)))
    assert cloud.consumers.listener_certificates(listener) == (made, [])
