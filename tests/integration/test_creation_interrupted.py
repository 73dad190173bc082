"""After an interruption between any two calls, there is one certificate, validated in the end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.integration.declarations import declare, pointed, pointer_name
from tests.integration.effects import OURS, Records, the_certificate, wanted_records
from tests.integration.invocation import Function, KilledError, Wire, calls, kill

pytestmark = pytest.mark.integration

EVENT: Mapping[str, Any] = {"alt_names": ["*.example.com", "example.net"]}


@pytest.fixture(autouse=True)
def allowed(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ALLOWED_DOMAINS", '["example.com", "example.net"]')


@dataclass
class Zones:
    """The two zones into which the records go."""

    cloud: Cloud
    com: str
    net: str

    @property
    def records(self) -> Records:
        return {**self.cloud.zones.records(self.com), **self.cloud.zones.records(self.net)}


@pytest.fixture
def zones(cloud: Cloud) -> Zones:
    return Zones(cloud, cloud.zones.add("example.com"), cloud.zones.add("example.net"))


def assert_finished(cloud: Cloud, zones: Zones) -> None:
    """Compare with the state in which an undisturbed invocation leaves everything."""
    certificate = the_certificate(cloud)
    assert certificate.names == ("example.com", "www.example.com", "*.example.com", "example.net")
    assert certificate.status == "ISSUED"
    assert zones.records == wanted_records(cloud, certificate.arn)


#: Calls of an undisturbed invocation, see the first test.
CALLS = 14
LATER = [timedelta(0), timedelta(hours=2)]
LATER_IDS = ["at once", "when ACM has forgotten the token"]


def test_an_undisturbed_invocation_makes_as_many_calls_as_are_disturbed_below(
    creation: Function, cloud: Cloud, zones: Zones
) -> None:
    creation(EVENT)
    assert_finished(cloud, zones)
    assert len(creation.calls) == CALLS


@pytest.mark.parametrize("later", LATER, ids=LATER_IDS)
def test_a_failed_dns_step_is_continued_and_never_orphans_a_certificate(
    creation: Function, cloud: Cloud, zones: Zones, later: timedelta
) -> None:
    """Bug 2."""
    cloud.fail("route53", "ChangeResourceRecordSets", "AccessDenied")
    with pytest.raises(ClientError):
        creation(EVENT)

    cloud.advance(seconds=later.total_seconds())
    result = creation(EVENT)

    assert not result["created"]
    assert_finished(cloud, zones)


@pytest.mark.parametrize("later", LATER, ids=LATER_IDS)
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_call_that_aws_refuses_is_made_up_for_by_the_next_invocation(
    creation: Function, cloud: Cloud, zones: Zones, number: int, later: timedelta
) -> None:
    """Bugs 2 and 52."""
    refuse_call(cloud, number)
    with pytest.raises(ClientError):
        creation(EVENT)

    cloud.advance(seconds=later.total_seconds())
    creation(EVENT)

    assert_finished(cloud, zones)
    creation(EVENT)
    assert creation.writes == []


def refuse_call(cloud: Cloud, number: int) -> None:
    """Refuse one call, counted over all operations."""
    counted = 0

    def strikes(_: Mapping[str, Any]) -> bool:
        nonlocal counted
        counted += 1
        return counted == number

    for service, operations in {
        "acm": ("ListCertificates", "RequestCertificate", "DescribeCertificate"),
        "route53": ("ListHostedZones", "ListResourceRecordSets", "ChangeResourceRecordSets"),
    }.items():
        for operation in operations:
            cloud.fail(service, operation, "AccessDenied", "not today", times=None, when=strikes)


@pytest.mark.parametrize("later", LATER, ids=LATER_IDS)
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_a_function_that_is_killed_leaves_nothing_that_the_next_invocation_cannot_use(
    creation: Function,
    cloud: Cloud,
    zones: Zones,
    wire: Wire,
    number: int,
    later: timedelta,
) -> None:
    """Bugs 2 and 54: killed when a call has had its effect, before its answer is of any use."""
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        creation(EVENT)

    cloud.advance(seconds=later.total_seconds())
    creation(EVENT)

    assert_finished(cloud, zones)


@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_an_invocation_that_runs_whole_inside_another_shares_its_certificate(
    creation: Function, cloud: Cloud, zones: Zones, wire: Wire, number: int
) -> None:
    """Bug 52: Lambda may deliver an event twice, and two schedules may meet."""
    results: list[dict[str, Any]] = []
    wire.strike_before(number, lambda: results.append(creation(EVENT)))

    results.append(creation(EVENT))

    assert len(results) == 2
    arns = {result["certificate_arn"] for result in results}
    assert arns == {the_certificate(cloud).arn}
    assert_finished(cloud, zones)


def test_concurrent_invocations_share_their_certificate(
    creation: Function, cloud: Cloud, zones: Zones, wire: Wire
) -> None:
    """Bug 52: four at once, each of which has seen that there is none yet."""
    together = threading.Barrier(4, timeout=10)

    def wait_for_the_others(operation: str) -> None:
        if operation == "RequestCertificate":
            together.wait()

    wire.before = wait_for_the_others
    results: list[dict[str, Any]] = []

    def invoke() -> None:
        with suppress(threading.BrokenBarrierError):
            results.append(creation(EVENT))

    threads = [threading.Thread(target=invoke) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {result["certificate_arn"] for result in results} == {the_certificate(cloud).arn}
    assert len(results) == 4
    assert_finished(cloud, zones)


# --- A certificate that Terraform declares ------------------------------------------------------

POINTER = pointer_name()
DECLARED = {**EVENT, "parameter": POINTER, "require_issued": True, "wait_seconds": 600}
#: Calls of an undisturbed invocation that issues, and of one that adopts.
DECLARED_CALLS, ADOPTING_CALLS = 18, 8


def adoptable(cloud: Cloud, *, exists: bool) -> int:
    """Create the parameter, and an equal certificate if asked to; return the undisturbed calls."""
    declare(cloud)
    if exists:
        names = ["www.example.com", "*.example.com", "example.net"]
        cloud.certificates.add(alternative_names=names, **OURS)
    return ADOPTING_CALLS if exists else DECLARED_CALLS


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize("exists", [False, True], ids=["issued", "adopted"])
def test_an_undisturbed_declaration_makes_as_many_calls_as_are_disturbed_below(
    creation: Function, cloud: Cloud, *, exists: bool
) -> None:
    expected = adoptable(cloud, exists=exists)
    creation(DECLARED)
    assert pointed(cloud) == the_certificate(cloud).arn
    assert len(creation.calls) == expected


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize(
    ("number", "exists"),
    [
        *(pytest.param(*case.values, False, marks=case.marks) for case in calls(DECLARED_CALLS)),
        *(pytest.param(*case.values, True, marks=case.marks) for case in calls(ADOPTING_CALLS, 5)),
    ],
)
def test_a_declaration_that_is_killed_leaves_its_parameter_to_the_next_invocation(
    creation: Function,
    cloud: Cloud,
    wire: Wire,
    number: int,
    *,
    exists: bool,
) -> None:
    adoptable(cloud, exists=exists)
    wire.strike_after(number, kill)
    with pytest.raises(KilledError):
        creation(DECLARED)
    assert pointed(cloud) in {"pending", *(entry.arn for entry in cloud.certificates.all())}

    cloud.advance(hours=2)
    creation(DECLARED)

    assert pointed(cloud) == the_certificate(cloud).arn
    assert the_certificate(cloud).tags["certificate-lifecycle:parameter"] == POINTER


@pytest.mark.usefixtures("zones")
@pytest.mark.parametrize("number", calls(DECLARED_CALLS))
def test_a_declaration_inside_another_shares_its_certificate_and_its_parameter(
    creation: Function, cloud: Cloud, wire: Wire, number: int
) -> None:
    adoptable(cloud, exists=False)
    results: list[dict[str, Any]] = []
    wire.strike_before(number, lambda: results.append(creation(DECLARED)))
    results.append(creation(DECLARED))
    assert {result["certificate_arn"] for result in results} == {pointed(cloud)}
    assert pointed(cloud) == the_certificate(cloud).arn
