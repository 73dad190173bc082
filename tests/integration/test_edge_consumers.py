"""Consumers that CloudFront serves use certificates of us-east-1 in every region.

Edge-optimised domain names: https://github.com/aws/aws-cdk/issues/13512. Custom domains of Cognito:
API reference, UpdateUserPoolDomain.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from certificate_lifecycle.aws.clients import Clients
from tests.embedded_aws.cloud import Cloud
from tests.integration.effects import ending_in
from tests.integration.invocation import Function, make_ledger, scheduled

pytestmark = pytest.mark.integration

HOME, EDGE = "eu-west-1", "us-east-1"
API = f"API Gateway domain name api.example.com (edge-optimised) in {HOME}"


@pytest.fixture
def dying(cloud: Cloud, environment: pytest.MonkeyPatch) -> str:
    """Return a certificate for CloudFront that cannot be renewed; runs move its consumers."""
    make_ledger(cloud, environment, HOME)
    environment.setenv("REGIONS", json.dumps([HOME, EDGE]))
    environment.setenv("REBIND_CONSUMERS", "true")
    environment.setenv("RETIRE_SUPERSEDED_AFTER_DAYS", "1")
    cloud.zones.add("example.com")
    return cloud.certificates.add(
        domain_name="example.com", region=EDGE, renews=False, **ending_in(cloud, 5)
    )


def edge_name(cloud: Cloud, certificate: str, name: str = "api.example.com") -> str:
    return cloud.consumers.domain_name(name, certificate, endpoint="EDGE", region=HOME)


def run_days(rotation: Function, cloud: Cloud, days: int) -> list[Mapping[str, Any]]:
    results: list[Mapping[str, Any]] = []
    for _ in range(days):
        results.append(rotation(scheduled(cloud.now)))
        cloud.advance(days=1)
    return results


def details(found: Mapping[str, Any]) -> str:
    return "\n".join(action["detail"] for action in found["actions"])


def test_consumers_of_every_region_are_named_moved_and_verified(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    edge_name(cloud, dying)
    cloud.consumers.user_pool_domain("auth.example.com", dying, region=HOME)
    cloud.consumers.user_pool_domain("us.example.com", dying)
    first, second, *_ = run_days(rotation, cloud, 4)
    (finding,) = first["findings"]
    assert API in finding["used_by"]
    done = details(first) + details(second)
    for label in (
        API,
        f"Cognito domain auth.example.com in {HOME}",
        "Cognito domain us.example.com",
    ):
        assert f"{label}: serves the successor" in done
    for name in ("api.example.com", "auth.example.com", "us.example.com"):
        assert dying not in cloud.consumers.certificates(name)
    # The old certificate is deleted once ACM reports no use.
    assert dying not in [entry.arn for entry in cloud.certificates.all()]


LAST = {"ListApps", "ListDistributionTenantsByCustomization"}


def test_a_use_that_the_usual_services_explain_is_searched_in_no_other_one(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    edge_name(cloud, dying)
    cloud.consumers.distribution(dying, "example.com")
    called: set[str] = set()
    for _ in range(3):
        rotation(scheduled(cloud.now))
        called.update(rotation.operations)
        cloud.advance(days=1)
    assert not called & LAST
    assert dying not in cloud.consumers.certificates("api.example.com")


def test_an_amplify_domain_is_moved_in_its_region_if_no_other_service_explains_its_use(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    """One with a certificate of Amplify's own is left as it is."""
    edge_name(cloud, dying)
    cloud.consumers.amplify_domain("example.com", dying, region=HOME)
    managed = cloud.consumers.amplify_domain("managed.example.com", None, region=HOME)
    first, *_ = run_days(rotation, cloud, 3)
    assert f"Amplify domain example.com in {HOME}: serves the successor" in details(first)
    assert dying not in cloud.consumers.certificates("example.com")
    assert cloud.consumers.certificates("managed.example.com") == ()
    assert managed not in details(first)


def test_a_run_lists_each_service_once_in_a_region_for_all_certificates(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    others = [
        cloud.certificates.add(
            domain_name="example.com", region=EDGE, renews=False, **ending_in(cloud, 4)
        )
        for _ in range(2)
    ]
    for number, arn in enumerate((dying, *others)):
        edge_name(cloud, arn, f"{number}.example.com")
    run_days(rotation, cloud, 1)
    # The embedded AWS has one domain name on a page.
    calls = Counter(rotation.operations)
    assert (calls["GetDomainNames"], calls["ListUserPools"]) == (3 + 1, 2)


def test_a_change_in_another_region_that_fails_is_rolled_back_there(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    edge_name(cloud, dying)
    cloud.consumers.knobs.failing.add("api.example.com")
    results = run_days(rotation, cloud, 3)
    assert cloud.consumers.certificates("api.example.com") == (dying,)
    said = "\n".join(map(details, results))
    assert f"{API}: rolled back, because the verification failed" in said


def test_a_region_that_cannot_be_read_is_unknown_and_stops_no_other(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    edge_name(cloud, dying)
    cloud.consumers.user_pool_domain("auth.example.com", dying, region=HOME)
    cloud.fail("apigateway", "GetDomainNames", "AccessDenied", times=None, status=403, region=HOME)
    with pytest.raises(Exception, match="consumers unknown: apigateway in eu-west-1"):
        rotation(scheduled(cloud.now))
    assert dying not in cloud.consumers.certificates("auth.example.com")
    assert cloud.consumers.certificates("api.example.com") == (dying,)
    cloud.clear_failures()
    cloud.advance(days=1)
    run_days(rotation, cloud, 1)
    assert dying not in cloud.consumers.certificates("api.example.com")


def test_a_use_that_no_found_setting_explains_is_reported_with_the_commands_of_all_regions(
    rotation: Function, cloud: Cloud, dying: str
) -> None:
    """A region outside the run has it: an empty search proves nothing, ACM's report does."""
    edge_name(cloud, dying)
    cloud.consumers.domain_name("far.example.com", dying, endpoint="EDGE", region="ap-south-1")
    results = run_days(rotation, cloud, 5)
    said = details(results[-1])
    for region in (HOME, EDGE):
        assert f"aws apigateway update-domain-name --region {region} --domain-name" in said
    assert "ACM reports 1 use of the old certificate to be moved to" in said
    assert f"# The regions of the run are {HOME}, {EDGE}; it can be in another one." in said
    assert dying in [entry.arn for entry in cloud.certificates.all()]


def test_a_consumer_in_the_functions_region_that_is_not_monitored_is_left_to_a_person(
    rotation: Function, cloud: Cloud, dying: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", json.dumps([EDGE]))
    edge_name(cloud, dying)
    (found,) = run_days(rotation, cloud, 1)
    assert cloud.consumers.certificates("api.example.com") == (dying,)
    said = details(found)
    assert f"{API}: its region is not among the monitored `regions`" in said
    assert f"update-domain-name --region {HOME} --domain-name api.example.com" in said


def test_the_functions_region_that_is_closed_to_the_role_hides_no_commands(
    rotation: Function, cloud: Cloud, dying: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("REGIONS", json.dumps([EDGE]))
    cloud.fail("apigateway", "GetDomainNames", "AccessDenied", times=None, status=403, region=HOME)
    cloud.consumers.domain_name("far.example.com", dying, endpoint="EDGE", region="ap-south-1")
    said = "".join(map(details, run_days(rotation, cloud, 2)))
    assert "ACM reports 1 use of the old certificate to be moved to" in said
    assert dying in [entry.arn for entry in cloud.certificates.all()]


@pytest.mark.parametrize(
    ("region", "offered"), [(HOME, True), ("eu-north-9", False), ("cn-north-1", True)]
)
def test_the_sdk_knows_which_regions_have_a_service(region: str, *, offered: bool) -> None:
    assert Clients(HOME).offers("apigateway", region) is offered
