"""The permissions that the adapters declare are the calls that the functions make.

Every test of this folder compares each invocation with the declared actions (see `invocation`);
here each declared action is shown to be needed.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.estates import showcase
from tests.estates.imports import imported
from tests.integration.declarations import declare
from tests.integration.effects import USED, ending_in, used_at_the_edge
from tests.integration.exports import put_exported
from tests.integration.invocation import NOW, Function, make_ledger, scheduled
from tests.integration.state_machine import make_state_machine

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::222222222222:role/acm-validation"


def actions(function: Function) -> set[str]:
    return {action for call in function.calls for action in call.actions}


def test_creation_needs_every_action_that_is_declared_for_it(
    creation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    """Bugs 58 and 62."""
    cloud.zones.add("example.com")
    parameter = declare(cloud)
    made: set[str] = set()
    for event in (
        {"parameter": parameter, "wait_seconds": 60},
        {"parameter": parameter},
        {"parameter": parameter, "delete": True},
    ):
        creation(event)
        made |= actions(creation)

    zone = cloud.zones.add("example.com", account="222222222222")
    zones = {"example.com": {"zone_id": zone, "role_arn": ROLE}}
    environment.setenv("HOSTED_ZONES", json.dumps(zones))
    creation({"domain_name": "api.example.com"})

    assert made | actions(creation) == creation.declared


def test_rotation_needs_every_action_that_is_declared_for_it(
    rotation: Function,
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bugs 58 and 62."""
    showcase.fill(cloud)
    showcase.fill_other_stores(cloud)
    declare(cloud)
    rotation(scheduled(NOW))
    made = actions(rotation)

    cloud.certificates.add(
        status="PENDING_VALIDATION", validation_method="EMAIL", created_at=NOW - timedelta(hours=30)
    )
    monkeypatch.setattr(AcmCertificates, "can_migrate_to_dns", False)
    rotation(scheduled(NOW))
    made |= actions(rotation)

    zone = cloud.zones.add("example.com", account="222222222222")
    zones = {"example.com": {"zone_id": zone, "role_arn": ROLE}}
    environment.setenv("HOSTED_ZONES", json.dumps(zones))
    cloud.certificates.add(renewal_status="PENDING_VALIDATION", **USED, **ending_in(cloud, 20))
    rotation(scheduled(NOW))
    made |= actions(rotation)

    make_ledger(cloud, environment, "eu-west-1")
    environment.setenv("IMPORT_SOURCES", imported(cloud).sources)
    rotation(scheduled(NOW))
    made |= actions(rotation)

    cloud.certificates.managed_renewal = False
    environment.setenv("EXPORT_TARGETS", put_exported(cloud, 20).environment())
    rotation(scheduled(NOW))
    made |= actions(rotation)

    made |= replaced(rotation, cloud, environment)
    made |= over_an_organization(rotation, cloud, environment)
    made |= sent_to_sinks(rotation, cloud, environment)

    assert made == rotation.declared


def over_an_organization(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> set[str]:
    """List the accounts of an organization and aggregate their results."""
    machine = make_state_machine(rotation, cloud, environment)
    machine.step("list")
    made = actions(rotation)
    with pytest.raises(RotationError):
        machine.step("aggregate")
    return made | actions(rotation)


def sent_to_sinks(rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch) -> set[str]:
    """Send events, and report to Security Hub."""
    rotation.arn = rotation.arn.replace("us-east-1", "eu-west-1")
    environment.setenv("EVENT_BUS_NAME", "default")
    environment.setenv("SECURITY_HUB", "true")
    cloud.security_hub.enable()
    rotation(scheduled(cloud.now))
    return actions(rotation)


def replaced(rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch) -> set[str]:
    """Replace a certificate that everything uses, in both kinds of region, and retire it."""
    made: set[str] = set()
    cloud.zones.add("example.com")
    environment.delenv("HOSTED_ZONES")
    environment.setenv("IMPORT_SOURCES", "{}")
    environment.setenv("EXPORT_TARGETS", "{}")
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    for region in ("eu-west-1", "us-east-1"):
        rotation.arn = rotation.arn.replace("eu-west-1", region)
        if region == "us-east-1":
            make_ledger(cloud, environment, region)
        old = cloud.certificates.add(region=region, renews=False, **ending_in(cloud, 5))
        if region == "us-east-1":
            used_at_the_edge(cloud, old)
        else:
            declare(cloud, "old", old)
            cloud.consumers.load_balancer(old, old)
            cloud.consumers.classic_load_balancer(old)
            cloud.consumers.domain_name("example.com", old)
        for _ in range(3):
            rotation(scheduled(cloud.now))
            made |= actions(rotation)
            cloud.advance(days=2)
        assert old not in {certificate.arn for certificate in cloud.certificates.all()}
    return made
