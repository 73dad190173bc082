"""Consumers of every kind are moved to the successor, whatever happens between two calls."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import certificate_lifecycle
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import documents, ending_in
from tests.integration.invocation import (
    NOW,
    Function,
    KilledError,
    Wire,
    calls,
    kill,
    make_ledger,
    remembers,
    scheduled,
)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("kept_clients")]

Setup = Callable[[Cloud, str], None]
PACKAGE = Path(certificate_lifecycle.__file__).parent
HOME, EDGE = "eu-west-1", "us-east-1"


def _listener(cloud: Cloud, arn: str) -> None:
    cloud.consumers.load_balancer(arn, name="web")


def _both_places(cloud: Cloud, arn: str) -> None:
    """Serve the old one as default and by SNI, as a listener made in the console does."""
    other, another = (
        cloud.certificates.add(domain_name=f"{name}.example.com", type="IMPORTED", region=HOME)
        for name in ("other", "another")
    )
    cloud.consumers.load_balancer(arn, other, arn, another, name="web")


def _network(cloud: Cloud, arn: str) -> None:
    cloud.consumers.load_balancer(arn, network=True, name="tcp")


def _classic(cloud: Cloud, arn: str) -> None:
    cloud.consumers.classic_load_balancer(arn, name="classic")


def _distribution(cloud: Cloud, arn: str) -> None:
    cloud.consumers.distribution(arn, "example.com")


def _tenant(cloud: Cloud, arn: str) -> None:
    shared = cloud.certificates.add(domain_name="*.example.com", region=EDGE)
    distribution = cloud.consumers.distribution(shared)
    cloud.consumers.distribution_tenant(distribution, arn, "example.com")


def _regional(cloud: Cloud, arn: str) -> None:
    cloud.consumers.domain_name("example.com", arn)


def _edge(cloud: Cloud, arn: str) -> None:
    cloud.consumers.domain_name("example.com", arn, endpoint="EDGE", region=EDGE)


def _ownership(cloud: Cloud, arn: str) -> None:
    cloud.consumers.domain_name("example.com", arn, ownership=arn)


def _user_pool(cloud: Cloud, arn: str) -> None:
    cloud.consumers.user_pool_domain("example.com", arn)


def _amplify(cloud: Cloud, arn: str) -> None:
    cloud.consumers.amplify_domain("example.com", arn, region=EDGE)


@dataclass(frozen=True)
class Kind:
    """A kind of consumer: how it is made, where, and the calls that it takes to move it."""

    setup: Setup
    calls: int
    #: Those of the calls that change the consumer, by their number.
    changes: tuple[int, ...]
    region: str = HOME


KINDS = {
    "the default of a listener": Kind(_listener, 37, (26,)),
    "a listener that has it in both places": Kind(_both_places, 56, (33, 36, 48)),
    "a network load balancer": Kind(_network, 37, (26,)),
    "a Classic load balancer": Kind(_classic, 34, (23,)),
    "a distribution": Kind(_distribution, 35, (24,), EDGE),
    "a distribution tenant": Kind(_tenant, 36, (25,), EDGE),
    "a regional domain name": Kind(_regional, 32, (21,)),
    "an edge-optimised domain name": Kind(_edge, 33, (22,), EDGE),
    "a domain name of mutual TLS": Kind(_ownership, 36, (22, 24)),
    "a user pool's domain": Kind(_user_pool, 36, (25,), EDGE),
    "a domain of Amplify": Kind(_amplify, 36, (25,), EDGE),
}
#: Each call of it is disturbed by `make test`; of the others the first, the changes and the last.
THOROUGH = "the default of a listener"
#: Operations that change a consumer.
CHANGING = {
    "AddListenerCertificates",
    "ModifyListener",
    "RemoveListenerCertificates",
    "SetLoadBalancerListenerSSLCertificate",
    "UpdateDistribution",
    "UpdateDistributionTenant",
    "UpdateDomainAssociation",
    "UpdateDomainName",
    "UpdateUserPoolDomain",
}


@dataclass
class Moving:
    """A dead certificate whose successor is issued, and the consumers that are to be moved."""

    cloud: Cloud
    topic: str
    old: str
    region: str
    new: str = ""

    @property
    def replacement_record(self) -> Mapping[str, Any]:
        client = self.cloud.client("dynamodb", region=self.region)
        items = client.scan(TableName="certificate-lifecycle-ledger")["Items"]
        (replacement_record,) = [
            item for item in items if item["entry"]["S"].startswith("replacement#")
        ]
        return {name: next(iter(value.values())) for name, value in replacement_record.items()}

    def snapshot(self) -> str:
        """Every answer about every consumer, with the names of both certificates made one."""
        return repr(self.cloud.consumers.snapshot())

    def reported(self) -> str:
        return "\n".join(
            action["detail"]
            for document in documents(self.cloud, self.topic)
            for action in document["actions"]
            if action["outcome"] in ("started", "done", "failed")
        )


@pytest.fixture
def moving(
    cloud: Cloud,
    topic: str,
    environment: pytest.MonkeyPatch,
    rotation: Function,
    request: pytest.FixtureRequest,
) -> Moving:
    """Have the successor issued, and leave the consumers to the next run."""
    kind: Kind = request.param
    rotation.arn = rotation.arn.replace(HOME, kind.region)
    make_ledger(cloud, environment, kind.region)
    cloud.zones.add("example.com")
    arn = cloud.certificates.add(
        domain_name="example.com",
        region=kind.region,
        renews=False,
        **ending_in(cloud, 5),
    )
    kind.setup(cloud, arn)
    moving = Moving(cloud, topic, arn, kind.region)
    rotation(scheduled(NOW))
    (moving.new,) = {
        certificate.arn
        for certificate in cloud.certificates.all()
        if certificate.tags.get("certificate-lifecycle:replaces") == arn
    }
    assert moving.replacement_record["state"] == "issued"
    environment.setenv("REBIND_CONSUMERS", "true")
    cloud.advance(days=1)
    return moving


def every_kind(function: Any) -> Any:  # noqa: ANN401 - a decorator
    return pytest.mark.parametrize(
        "moving", [pytest.param(kind, id=name) for name, kind in KINDS.items()], indirect=True
    )(function)


def every_call(*, thorough: str = "") -> pytest.MarkDecorator:
    """Disturb each call for one kind, and some calls for the others; `make nightly` does all."""
    cases = [
        pytest.param(kind, *number.values, id=f"{name}-{number.values[0]}", marks=number.marks)
        for name, kind in KINDS.items()
        for number in calls(kind.calls, *(range(kind.calls) if name == thorough else kind.changes))
    ]
    return pytest.mark.parametrize(("moving", "number"), cases, indirect=["moving"])


def tomorrow(cloud: Cloud) -> Mapping[str, Any]:
    return scheduled(cloud.advance(days=1))


def assert_moved(moving: Moving) -> None:
    """Compare with the state in which undisturbed runs leave everything."""
    shown = moving.snapshot()
    assert moving.old not in shown
    assert moving.new in shown
    assert moving.replacement_record["state"] == "verified"
    assert moving.replacement_record["untold"] == "[]"
    assert "serves the successor" in moving.reported()
    (successor,) = [
        certificate
        for certificate in moving.cloud.certificates.all()
        if certificate.tags.get("certificate-lifecycle:replaces")
    ]
    assert successor.arn == moving.new


@every_kind
def test_a_consumer_is_moved_as_it_is_but_for_the_certificate(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    before = moving.snapshot()
    rotation(scheduled(cloud.now))
    assert_moved(moving)
    assert before.count(moving.old) == moving.snapshot().count(moving.new)


@pytest.mark.parametrize(
    "moving", [pytest.param(KINDS["a distribution tenant"], id="tenant")], indirect=True
)
def test_a_tenant_is_moved_if_acm_names_its_distribution_instead(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    cloud.consumers.knobs.tenants_are_named = False
    rotation(scheduled(cloud.now))
    assert_moved(moving)


@every_kind
def test_an_undisturbed_run_makes_the_calls_that_are_disturbed_below(
    rotation: Function, cloud: Cloud, moving: Moving, request: pytest.FixtureRequest
) -> None:
    kind = KINDS[request.node.callspec.id]
    rotation(scheduled(cloud.now))
    # The two certificates may be in one item of what is remembered.
    assert sum(not remembers(call) for call in rotation.calls) == kind.calls
    changes = [n for n, name in enumerate(rotation.operations, start=1) if name in CHANGING]
    assert changes == list(kind.changes)
    assert moving.replacement_record["state"] == "verified"
    rotation(tomorrow(cloud))
    assert set(rotation.writes) <= {"DeleteItem", "Publish", "PutItem"}


@every_call(thorough=THOROUGH)
def test_a_run_that_is_killed_is_made_up_for(
    rotation: Function, cloud: Cloud, moving: Moving, wire: Wire, number: int
) -> None:
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        rotation(scheduled(cloud.now))
    rotation(tomorrow(cloud))
    rotation(tomorrow(cloud))
    assert_moved(moving)


@every_call()
def test_a_run_inside_another_changes_nothing_twice(
    rotation: Function, cloud: Cloud, moving: Moving, wire: Wire, number: int
) -> None:
    event = scheduled(cloud.now)
    wire.strike_before(number, lambda: _again(rotation, event))
    rotation(event)
    rotation(tomorrow(cloud))
    assert_moved(moving)


def _again(rotation: Function, event: Mapping[str, Any]) -> None:
    rotation(event)


# --- Verification that fails ----------------------------------------------------------------------


@every_kind
def test_a_consumer_that_does_not_take_the_successor_is_left_exactly_as_it_was(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    before = moving.snapshot()
    cloud.consumers.knobs.ignore_all_updates = True
    rotation(scheduled(cloud.now))
    rotation(tomorrow(cloud))
    rotation(tomorrow(cloud))
    assert moving.snapshot() == before
    assert "rolled back, because the verification failed" in moving.reported()


@pytest.mark.parametrize(
    "moving",
    [KINDS["a regional domain name"], KINDS["a user pool's domain"]],
    indirect=True,
    ids=["a regional domain name", "a user pool's domain"],
)
def test_a_consumer_that_ends_in_failure_is_put_back(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    cloud.consumers.knobs.failing.add("example.com")
    rotation(scheduled(cloud.now))
    cloud.consumers.knobs.failing.clear()
    rotation(tomorrow(cloud))
    assert moving.new not in moving.snapshot()
    assert moving.old in moving.snapshot()
    assert "FAILED" in moving.reported()


@pytest.mark.parametrize(
    "moving", [KINDS["a listener that has it in both places"]], indirect=True, ids=["both"]
)
def test_a_listener_that_has_it_in_both_places_ends_right(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    rotation(scheduled(cloud.now))
    (listener,) = cloud.consumers.snapshot()
    default, others = cloud.consumers.listener_certificates(listener)
    assert default == moving.new
    assert moving.new in others
    assert len(others) == 3
    assert moving.old not in others


@pytest.mark.parametrize(
    "moving", [KINDS["the default of a listener"]], indirect=True, ids=["a listener"]
)
@pytest.mark.parametrize("number", calls(KINDS[THOROUGH].calls, *KINDS[THOROUGH].changes))
def test_a_concurrent_change_is_detected_and_kept(
    rotation: Function, cloud: Cloud, moving: Moving, wire: Wire, number: int
) -> None:
    other = cloud.certificates.add(domain_name="other.example.com")
    (listener,) = cloud.consumers.snapshot()
    wire.strike_before(number, lambda: cloud.consumers.set_default(listener, other))
    rotation(scheduled(cloud.now))
    if number in KINDS[THOROUGH].changes:
        return  # ELB has no conditional change and overwrites this one.
    rotation(tomorrow(cloud))
    rotation(tomorrow(cloud))
    assert cloud.consumers.listener_certificates(listener) == (other, [])
    assert moving.old not in moving.snapshot()


def test_a_reverted_change_is_detected_reported_and_kept(
    rotation: Function, cloud: Cloud, topic: str, environment: pytest.MonkeyPatch
) -> None:
    """Infrastructure as code does so with its next deployment."""
    environment.setenv("REBIND_CONSUMERS", "true")
    make_ledger(cloud, environment, HOME)
    cloud.zones.add("example.com")
    old = cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))
    listener = cloud.consumers.load_balancer(old)
    rotation(scheduled(NOW))
    cloud.consumers.set_default(listener, old)
    rotation(tomorrow(cloud))
    assert cloud.consumers.listener_certificates(listener) == (old, [])
    details = [action["detail"] for action in documents(cloud, topic)[-1]["actions"]]
    assert "reverted to the old certificate" in details[0]
    rotation(tomorrow(cloud))
    assert cloud.consumers.listener_certificates(listener) == (old, [])


@pytest.mark.parametrize("moving", [KINDS["a distribution"]], indirect=True, ids=["a distribution"])
def test_a_distribution_that_takes_its_time_keeps_the_run_from_waiting(
    rotation: Function, cloud: Cloud, moving: Moving
) -> None:
    cloud.consumers.knobs.cloudfront_deploys = timedelta(minutes=15)
    rotation(scheduled(cloud.now))
    assert moving.replacement_record["state"] == "bound"
    rotation(tomorrow(cloud))
    assert_moved(moving)


@pytest.mark.parametrize("moving", [KINDS["the default of a listener"]], indirect=True, ids=["ALB"])
def test_at_most_twelve_frames_lead_from_the_handler_to_the_call_that_moves_a_listener(
    rotation: Function, cloud: Cloud, moving: Moving, wire: Wire
) -> None:
    """A reader follows the handler's thread, and then that of the account and region."""
    paths = []

    def note(operation: str) -> None:
        if operation == "ModifyListener":
            threads = threading.main_thread(), threading.current_thread()
            paths.append([name for thread in threads for name in reversed(_our_frames(thread))])

    wire.before = note
    rotation(scheduled(cloud.now))
    assert_moved(moving)
    (path,) = paths
    assert path[0] == "lambda_handler"
    assert len(path) <= 12, path


def _our_frames(thread: threading.Thread) -> list[str]:
    """Return the functions of the package that a thread is in, the innermost first.

    A comprehension is part of its function; the main thread may still be in that of the scopes.
    """
    stack = traceback.walk_stack(sys._current_frames()[thread.ident or 0])  # noqa: SLF001 - the only way to another thread
    codes = [frame.f_code for frame, _ in stack]
    ours = [code.co_qualname for code in codes if PACKAGE in Path(code.co_filename).parents]
    return [name for name in ours if not name.endswith("comp>")]
