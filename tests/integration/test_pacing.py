"""Requests stay below the rates that AWS documents, and those that share a rate share it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certificate_lifecycle.aws import pacing
from certificate_lifecycle.aws.clients import Clients
from tests.embedded_aws.rates import Bucket, Window

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
def clock() -> Clock:
    return Clock()


def pacer_of(service: str, clock: Clock, **options: int) -> pacing.Pacer:
    return pacing.Pacer(service, clock=clock, **options)


def seconds_for(pacer: pacing.Pacer, service: str, *operations: str, clock: Clock) -> float:
    started = clock.now
    for operation in operations:
        pacer(f"before-send.{service}.{operation}")
    return clock.now - started


@pytest.mark.parametrize(
    ("service", "operation", "rate"),
    [(service, *entry) for service, rates in pacing.RATES.items() for entry in rates.items()],
)
def test_requests_of_an_operation_use_nine_tenths_of_its_rate(
    clock: Clock, service: str, operation: str, rate: float
) -> None:
    took = seconds_for(pacer_of(service, clock), service, *[operation] * 101, clock=clock)
    assert took == pytest.approx(100 / (0.9 * rate))


@given(
    rate=st.sampled_from(
        sorted({rate for rates in pacing.RATES.values() for rate in rates.values()})
    ),
    pauses=st.lists(st.one_of(st.just(0.0), st.floats(0, 3)), max_size=100),
)
@example(rate=10, pauses=[0.0] * 50)
@example(rate=10, pauses=[*([0.0] * 10), 1.2, *([0.0] * 10)])
@example(rate=10, pauses=[*([0.0] * 30), 0.12, *([0.0] * 10)])
@example(rate=5, pauses=[*([0.0] * 4), 0.9, *([0.0] * 3)])
def test_no_second_has_more_requests_than_the_rate(rate: float, pauses: list[float]) -> None:
    clock = Clock()
    pace = pacing.WindowPace(rate, clock)
    # One nanosecond more: sums of intervals are not exact.
    window = Window(rate, lambda: clock.now * (1 + 1e-9))
    for pause in pauses:
        clock.now += pause
        pace.wait()
        assert window.take()


def test_the_first_requests_after_an_idle_time_do_not_wait(clock: Clock) -> None:
    pacer = pacer_of("acm", clock)
    for _ in range(3):
        assert seconds_for(pacer, "acm", *["DescribeCertificate"] * 8, clock=clock) == 0
        assert seconds_for(pacer, "acm", "DescribeCertificate", clock=clock) == pytest.approx(8 / 9)
        clock.now += 10


def test_requests_of_several_threads_are_paced_together() -> None:
    lock, slept = threading.Lock(), []

    class Standing(Clock):
        def sleep(self, seconds: float) -> None:
            with lock:
                slept.append(seconds)

    pace = pacing.WindowPace(10, Standing())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pace.wait(), range(40)))
    assert sorted(slept) == pytest.approx([number / 9 for number in range(8, 40)])


def test_operations_of_acm_do_not_wait_for_one_another(clock: Clock) -> None:
    operations = ("ListCertificates", "DescribeCertificate", "ImportCertificate")
    assert seconds_for(pacer_of("acm", clock), "acm", *operations, clock=clock) == 0


def test_operations_of_route_53_share_one_rate(clock: Clock) -> None:
    operations = ("ListHostedZones", "ListResourceRecordSets", "ChangeResourceRecordSets") * 20
    took = seconds_for(pacer_of("route53", clock), "route53", *operations, clock=clock)
    assert took == pytest.approx((60 - 45) / 9)


def test_invocations_side_by_side_take_their_part_of_a_shared_rate(clock: Clock) -> None:
    pacer = pacer_of("route53", clock, rate_share=25)
    operations = ["ListResourceRecordSets"] * 11
    assert seconds_for(pacer, "route53", *operations, clock=clock) == pytest.approx(250 / 9)


@given(
    share=st.sampled_from([1, 2, 25]),
    pauses=st.lists(st.one_of(st.just(0.0), st.floats(0, 9)), max_size=100),
)
@example(share=1, pauses=[0.0] * 100)
def test_a_documented_bucket_is_never_empty(share: int, pauses: list[float]) -> None:
    clock = Clock()
    for rate, size in pacing.SHARED_RATES.values():
        pacer = pacing.BucketPace(rate / share, size / share, clock)
        bucket = Bucket(rate, size, lambda: clock.now)
        for pause in pauses:
            clock.now += pause
            pacer.wait()
            assert bucket.take()


def test_a_rate_of_one_account_and_region_is_not_shared(clock: Clock) -> None:
    operations = ["DescribeCertificate"] * 20
    alone = seconds_for(pacer_of("acm", clock), "acm", *operations, clock=clock)
    among_others = pacer_of("acm", clock, rate_share=25)
    assert seconds_for(among_others, "acm", *operations, clock=clock) == pytest.approx(alone)


def test_a_service_without_a_documented_rate_does_not_wait(clock: Clock) -> None:
    assert seconds_for(pacer_of("sns", clock), "sns", *["Publish"] * 50, clock=clock) == 0


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
