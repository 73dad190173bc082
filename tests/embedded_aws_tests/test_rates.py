"""The request rates that AWS documents, once they are enforced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.rates import Bucket, Window

ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}}


def repeat(times: int, *calls: Callable[[], object]) -> None:
    for _ in range(times):
        for call in calls:
            call()


def test_calls_are_throttled_only_if_the_test_enables_it(cloud: Cloud) -> None:
    acm = cloud.client("acm")
    repeat(30, acm.list_certificates)


def test_an_operation_is_throttled_beyond_its_rate(cloud: Cloud) -> None:
    cloud.rate_limited = True
    acm = cloud.client("acm", **ONCE)
    with pytest.raises(ClientError, match="ThrottlingException"):
        repeat(50, acm.list_certificates)


def test_each_account_and_region_has_rates_of_its_own(cloud: Cloud) -> None:
    cloud.rate_limited = True
    with pytest.raises(ClientError, match="ThrottlingException"):
        repeat(50, cloud.client("acm", **ONCE).list_certificates)
    cloud.client("acm", region="us-east-1", **ONCE).list_certificates()
    cloud.client("acm", account="222222222222", **ONCE).list_certificates()
    cloud.client("acm", **ONCE).get_account_configuration()


def test_the_requests_of_route_53_share_one_rate(cloud: Cloud) -> None:
    cloud.rate_limited = True
    route53 = cloud.client("route53", **ONCE)
    with pytest.raises(ClientError, match="Throttling"):
        repeat(100, route53.list_hosted_zones, route53.list_hosted_zones_by_name)


def test_the_reads_of_load_balancers_share_one_rate(cloud: Cloud) -> None:
    cloud.rate_limited = True
    for service in ("elb", "elbv2"):
        client = cloud.client(service, **ONCE)
        with pytest.raises(ClientError, match="ThrottlingException"):
            repeat(100, client.describe_load_balancers)


def test_no_second_has_more_requests_than_the_rate() -> None:
    now = [0.0]
    window = Window(2, lambda: now[0])
    assert [window.take() for _ in range(3)] == [True, True, False]
    now[0] = 0.9
    assert not window.take()
    now[0] = 1.0
    assert [window.take() for _ in range(3)] == [True, True, False]


def test_a_bucket_fills_as_time_passes() -> None:
    now = [0.0]
    bucket = Bucket(rate=2, burst=2, clock=lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    now[0] = 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] = 100.0
    assert [bucket.take() for _ in range(3)] == [True, True, False]
