"""Requests are spaced below the rates that AWS documents, and those that share a rate share it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from certificate_lifecycle.aws import pacing
from certificate_lifecycle.aws.clients import Clients

pytestmark = pytest.mark.integration


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(
        pacing, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep)
    )
    return clock


def seconds_for(pacer: pacing.Pacer, service: str, *operations: str, clock: Clock) -> float:
    started = clock.now
    for operation in operations:
        pacer(f"before-send.{service}.{operation}")
    return clock.now - started


@pytest.mark.parametrize(
    ("service", "operation", "rate"),
    [(service, *entry) for service, rates in pacing.RATES.items() for entry in rates.items()],
)
def test_requests_of_an_operation_stay_below_its_rate(
    clock: Clock, service: str, operation: str, rate: float
) -> None:
    pacer = pacing.Pacer(service)
    took = seconds_for(pacer, service, *[operation] * 101, clock=clock)
    assert took == pytest.approx(100 / (0.9 * rate))


def test_operations_of_acm_do_not_wait_for_one_another(clock: Clock) -> None:
    operations = ("ListCertificates", "DescribeCertificate", "ImportCertificate")
    assert seconds_for(pacing.Pacer("acm"), "acm", *operations, clock=clock) == 0


def test_operations_of_route_53_share_one_rate(clock: Clock) -> None:
    operations = ("ListHostedZones", "ListResourceRecordSets", "ChangeResourceRecordSets") * 4
    took = seconds_for(pacing.Pacer("route53"), "route53", *operations, clock=clock)
    assert took == pytest.approx(11 / 9)


def test_invocations_side_by_side_take_their_part_of_a_shared_rate(clock: Clock) -> None:
    pacer = pacing.Pacer("route53", rate_share=25)
    operations = ["ListResourceRecordSets"] * 11
    assert seconds_for(pacer, "route53", *operations, clock=clock) == pytest.approx(250 / 9)


def test_a_rate_of_one_account_and_region_is_not_shared(clock: Clock) -> None:
    operations = ["DescribeCertificate"] * 10
    alone = seconds_for(pacing.Pacer("acm"), "acm", *operations, clock=clock)
    among_others = seconds_for(pacing.Pacer("acm", rate_share=25), "acm", *operations, clock=clock)
    assert among_others == pytest.approx(alone)


def test_a_service_without_a_documented_rate_does_not_wait(clock: Clock) -> None:
    assert seconds_for(pacing.Pacer("sns"), "sns", *["Publish"] * 50, clock=clock) == 0


def test_only_the_scanned_account_is_not_shared_with_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def pacer(service: str, *, rate_share: int) -> pacing.Pacer:
        made.append(rate_share)
        return pacing.Pacer(service, rate_share=rate_share)

    monkeypatch.setattr("certificate_lifecycle.aws.clients.Pacer", pacer)
    clients = Clients("eu-west-1", rate_share=25, exclusive_account="222222222222")
    for role in (None, "arn:aws:iam::222222222222:role/a", "arn:aws:iam::333333333333:role/zone"):
        clients.route53(role)
    assert made == [25, 1, 25]
