"""A certificate with thousands of settings is moved over several runs, killed at random calls."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from certificate_lifecycle.model.errors import RotationError
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.load_balancers import MAX_CERTIFICATES
from tests.integration.effects import ending_in
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    kill,
    make_ledger,
    scheduled,
)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

#: The time of a call: all calls for 2,000 settings take longer than the 15 minutes of a function.
CALL = timedelta(milliseconds=50)
#: Every so many listeners have as many certificates as the quota of a list allows.
FULL_EVERY = 20


@dataclass
class Estate:
    """A certificate in the lists of many listeners, and what each of these had before."""

    cloud: Cloud
    old: str
    before: Mapping[str, tuple[str, list[str]]]

    @property
    def successor(self) -> str:
        (found,) = {
            certificate.arn
            for certificate in self.cloud.certificates.all()
            if certificate.tags.get("certificate-lifecycle:replaces") == self.old
        }
        return found

    def require_moved(self) -> None:
        """Require that every list has the successor instead of the old one, and all others."""
        for listener, (default, others) in self.before.items():
            kept = [arn for arn in others if arn != self.old]
            found = self.cloud.consumers.listener_certificates(listener)
            assert found == (default, [*kept, self.successor])

    def require_served(self) -> None:
        """Require that no setting is lost, and each listener has the old one or the successor."""
        for listener, (default, others) in self.before.items():
            found_default, found = self.cloud.consumers.listener_certificates(listener)
            kept = {arn for arn in others if arn != self.old}
            assert found_default == default
            assert kept <= set(found)
            assert {self.old, self.successor} & set(found)

    def states(self) -> list[str]:
        items = self.cloud.client("dynamodb").scan(TableName="certificate-lifecycle-ledger")
        return [item["state"]["S"] for item in items["Items"] if "state" in item]


@pytest.fixture
def slow(cloud: Cloud, wire: Wire) -> None:
    """Let every call take time."""

    def spend(_: Any) -> None:  # noqa: ANN401 - a request of the SDK
        cloud.advance(seconds=CALL.total_seconds())

    wire.sending = spend


@pytest.fixture
def estate(
    cloud: Cloud,
    environment: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Estate:
    environment.setenv("REBIND_CONSUMERS", "true")
    make_ledger(cloud, environment, "eu-west-1")
    cloud.zones.add("example.com")
    old = cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))
    others = [
        cloud.certificates.add(domain_name=f"other{number}.example.org")
        for number in range(MAX_CERTIFICATES - 1)
    ]
    default, *more = others
    before: dict[str, tuple[str, list[str]]] = {}
    for number in range(request.param):
        full = number % FULL_EVERY == 0
        listed = [old, *(more[: MAX_CERTIFICATES - 2] if full else more[:1])]
        listener = cloud.consumers.load_balancer(default, *listed, name=f"web{number}")
        before[listener] = (default, listed)
    return Estate(cloud, old, before)


@pytest.mark.parametrize(
    ("estate", "seed"),
    [
        pytest.param(60, 1),
        pytest.param(100, 2, marks=pytest.mark.nightly),
        pytest.param(2_000, 3, marks=pytest.mark.nightly),
    ],
    indirect=["estate"],
)
@pytest.mark.usefixtures("slow")
def test_every_setting_is_moved_whenever_the_function_is_killed(
    rotation: Function, cloud: Cloud, estate: Estate, wire: Wire, seed: int
) -> None:
    """Each run continues, until every list has the successor in place of the old one."""
    chance = random.Random(seed)
    count = len(estate.before)
    # As much for each setting as 15 minutes are for 2,000, and the reserve for the message.
    rotation.timeout = timedelta(seconds=30 + 870 * count / 2_000)
    size = round(rotation.timeout / CALL)
    runs = 0
    while "verified" not in estate.states():
        runs += 1
        assert runs < 40, "the replacement makes no progress"
        if runs % 2:
            wire.strike_after(chance.randrange(1, size), kill)
        with suppress(KilledError, RotationError):
            rotation(scheduled(cloud.now))
        wire.after = lambda _: None
        if runs > 1:
            estate.require_served()
        cloud.advance(hours=1)
    estate.require_moved()
    assert runs > 2


@pytest.mark.parametrize("estate", [30], indirect=True)
def test_the_old_certificate_is_deleted_after_all_settings_were_moved(
    rotation: Function, cloud: Cloud, estate: Estate, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "7")
    rotation(scheduled(NOW))
    estate.require_moved()
    successor = estate.successor
    rotation(scheduled(cloud.advance(days=8)))
    arns = {certificate.arn for certificate in cloud.certificates.all()}
    assert estate.old not in arns
    assert successor in arns
