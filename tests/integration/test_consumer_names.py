"""The display names of the consumers of a certificate, and the commands that move them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import ending_in
from tests.integration.invocation import NOW, Function, make_ledger, scheduled

pytestmark = pytest.mark.integration

FOREIGN = "arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/prod-api/1234567890"


def due(cloud: Cloud, region: str = "eu-west-1", **details: Any) -> str:  # noqa: ANN401 - add's
    return cloud.certificates.add(type="IMPORTED", region=region, **details, **ending_in(cloud, 20))


def users(found: dict[str, Any]) -> list[str]:
    (finding,) = found["findings"]
    names: list[str] = finding["used_by"]
    return names


def test_a_load_balancer_is_named_with_its_listeners(rotation: Function, cloud: Cloud) -> None:
    arn = due(cloud)
    cloud.consumers.load_balancer(arn, arn, name="shop")
    assert users(rotation(scheduled(NOW))) == [
        "load balancer shop, listener HTTPS:443 (default certificate)",
        "load balancer shop, listener HTTPS:443 (SNI)",
    ]


def test_a_classic_load_balancer_is_named(rotation: Function, cloud: Cloud) -> None:
    cloud.consumers.classic_load_balancer(due(cloud), name="old-shop")
    (name,) = users(rotation(scheduled(NOW)))
    assert "old-shop" in name
    assert "443" in name


def test_a_distribution_is_named_with_its_aliases(
    rotation: Function, cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", '["us-east-1"]')
    found = cloud.consumers.distribution(due(cloud, "us-east-1"), "www.example.com", "example.com")
    assert users(rotation(scheduled(NOW))) == [
        f"CloudFront distribution {found} (www.example.com, example.com)"
    ]


def test_a_domain_name_of_api_gateway_stands_behind_a_load_balancer_of_awss_own(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.consumers.domain_name("api.example.com", due(cloud))
    assert users(rotation(scheduled(NOW))) == ["API Gateway domain name api.example.com (regional)"]


def test_a_resource_of_an_unknown_service_is_named_by_its_arn(
    rotation: Function, cloud: Cloud
) -> None:
    due(cloud, in_use_by=[FOREIGN])
    assert users(rotation(scheduled(NOW))) == ["load balancer prod-api"]


def test_a_missing_load_balancer_is_named_by_its_arn(rotation: Function, cloud: Cloud) -> None:
    gone = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/gone/1234567890"
    due(cloud, in_use_by=[gone])
    assert users(rotation(scheduled(NOW))) == ["load balancer gone"]


def test_a_load_balancer_is_read_once_for_all_of_its_certificates(
    rotation: Function, cloud: Cloud
) -> None:
    first, second = due(cloud), due(cloud)
    for number in range(20):
        cloud.consumers.load_balancer(first, second, name=f"shop-{number}")
    found = rotation(scheduled(NOW))
    names = {finding["certificate_arn"]: finding["used_by"] for finding in found["findings"]}
    assert len(names[first]) == len(names[second]) == 20
    assert "load balancer shop-19, listener HTTPS:443 (SNI)" in names[second]
    assert rotation.operations.count("DescribeListeners") == 20
    assert rotation.operations.count("DescribeListenerCertificates") == 20


def test_a_denied_read_is_not_repeated_for_each_load_balancer(
    rotation: Function, cloud: Cloud
) -> None:
    arn = due(cloud)
    for number in range(40):
        cloud.consumers.load_balancer(arn, name=f"shop-{number}")
    cloud.fail("elbv2", "DescribeListeners", "AccessDenied", times=None, status=403)
    assert len(users(rotation(scheduled(NOW)))) == 40
    # Eight side by side, and one to find out the error.
    assert rotation.operations.count("DescribeListeners") <= 9


def test_a_role_without_the_permission_still_finds_everything(
    rotation: Function, cloud: Cloud
) -> None:
    cloud.consumers.load_balancer(due(cloud), name="shop")
    cloud.fail("elbv2", "DescribeListeners", "AccessDenied", times=None, status=403)
    found = rotation(scheduled(NOW))
    assert users(found) == ["load balancer shop"]
    assert found["scopes"][0]["status"] == "ok"


@pytest.fixture
def old(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Return a certificate that cannot be renewed; its consumers are not moved."""
    make_ledger(cloud, environment, "eu-west-1")
    cloud.zones.add("example.com")
    return cloud.certificates.add(domain_name="example.com", renews=False, **ending_in(cloud, 5))


def commands_of_second_day(rotation: Function, cloud: Cloud) -> list[str]:
    """Return the commands that move consumers, once the successor is issued."""
    rotation(scheduled(cloud.now))
    cloud.advance(days=1)
    (action,) = rotation(scheduled(cloud.now))["actions"]
    return [line for line in action["detail"].splitlines() if line.startswith("aws ")]


def test_the_commands_to_a_successor_name_each_listener_and_the_old_certificate(
    rotation: Function, cloud: Cloud, old: str
) -> None:
    listener = cloud.consumers.load_balancer(old, old, name="shop")
    cloud.consumers.classic_load_balancer(old, name="old-shop")
    commands = commands_of_second_day(rotation, cloud)
    (new,) = (entry.arn for entry in cloud.certificates.all() if entry.arn != old)
    of_listener = f"--region eu-west-1 --listener-arn {listener} --certificates CertificateArn="
    assert commands == [
        f"aws elbv2 modify-listener {of_listener}{new}",
        f"aws elbv2 add-listener-certificates {of_listener}{new}",
        f"aws elbv2 remove-listener-certificates {of_listener}{old}",
        (
            "aws elb set-load-balancer-listener-ssl-certificate --region eu-west-1 "
            f"--load-balancer-name old-shop --load-balancer-port 443 --ssl-certificate-id {new}"
        ),
    ]


def test_commands_with_open_places_are_given_where_no_listener_can_be_read(
    rotation: Function, cloud: Cloud, old: str
) -> None:
    cloud.consumers.load_balancer(old, name="shop")
    cloud.fail("elbv2", "DescribeListeners", "AccessDenied", times=None, status=403)
    commands = "\n".join(commands_of_second_day(rotation, cloud))
    assert "--listener-arn LISTENER_ARN" in commands
    assert f"CertificateArn={old}" in commands
