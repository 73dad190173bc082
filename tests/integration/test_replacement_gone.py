"""What is gone already is done: another instance, or a person, was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import documents, ending_in
from tests.integration.invocation import NOW, Function, Wire, make_ledger, scheduled

pytestmark = pytest.mark.integration


@dataclass
class Moved:
    """A certificate that was replaced, and the listener that was moved to its successor."""

    cloud: Cloud
    old: str
    listener: str

    def delete(self) -> None:
        """Delete the old certificate, as another instance that retires it does."""
        self.cloud.client("acm").delete_certificate(CertificateArn=self.old)

    def remove(self) -> None:
        """Delete the listener, as a person does."""
        self.cloud.consumers.remove(self.listener)


@pytest.fixture
def moved(cloud: Cloud, environment: pytest.MonkeyPatch) -> Moved:
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "7")
    make_ledger(cloud, environment, "eu-west-1")
    cloud.zones.add("example.com")
    old = cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))
    return Moved(cloud, old, cloud.consumers.load_balancer(old))


def strike(wire: Wire, operation: str, act: Callable[[], None]) -> None:
    """Let something happen once, right before an operation."""
    left = [act]

    def before(name: str) -> None:
        if name == operation and left:
            left.pop()()

    wire.before = before


@pytest.mark.parametrize(
    "operation", ["DescribeCertificate", "AddTagsToCertificate", "DeleteCertificate"]
)
def test_a_certificate_that_another_instance_retires_first_is_retired(
    rotation: Function, cloud: Cloud, topic: str, moved: Moved, wire: Wire, operation: str
) -> None:
    rotation(scheduled(NOW))
    event = scheduled(cloud.advance(days=8))
    strike(wire, operation, moved.delete)
    rotation(event)
    assert moved.old not in {certificate.arn for certificate in cloud.certificates.all()}
    rotation(scheduled(cloud.advance(days=1)))
    texts = [
        action["detail"] for document in documents(cloud, topic) for action in document["actions"]
    ]
    assert any("does not exist any more" in text or "deleted" in text for text in texts)
    table = cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")["Items"]
    assert {"S": "retired"} in [item.get("state") for item in table]


def test_a_deletion_that_is_denied_because_the_certificate_is_gone_is_done(
    rotation: Function, cloud: Cloud, moved: Moved, wire: Wire
) -> None:
    """The role may delete only tagged certificates, and one that is gone has no tags."""

    def delete() -> None:
        moved.delete()
        cloud.fail("acm", "DeleteCertificate", "AccessDeniedException", "not authorized")

    rotation(scheduled(NOW))
    event = scheduled(cloud.advance(days=8))
    strike(wire, "DeleteCertificate", delete)
    rotation(event)
    table = cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")["Items"]
    assert {"S": "retired"} in [item.get("state") for item in table]


def test_a_deletion_that_is_denied_is_a_failure(
    rotation: Function, cloud: Cloud, moved: Moved
) -> None:
    rotation(scheduled(NOW))
    cloud.fail("acm", "DeleteCertificate", "AccessDeniedException", "not authorized")
    with pytest.raises(RotationError, match="not authorized"):
        rotation(scheduled(cloud.advance(days=8)))
    assert moved.old in {certificate.arn for certificate in cloud.certificates.all()}


@pytest.mark.parametrize("operation", ["ModifyListener", "DescribeListenerCertificates"])
def test_a_listener_that_is_deleted_before_it_is_moved_needs_no_move(
    rotation: Function, cloud: Cloud, moved: Moved, wire: Wire, operation: str
) -> None:
    strike(wire, operation, moved.remove)
    rotation(scheduled(NOW))
    assert cloud.consumers.snapshot() == {}
    rotation(scheduled(cloud.advance(days=1)))
