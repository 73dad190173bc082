"""What uses certificates behaves in the embedded AWS as AWS documents it, where moto does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.load_balancers import MAX_CERTIFICATES

pytestmark = pytest.mark.integration

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
EDGE = "us-east-1"


@pytest.fixture(autouse=True)
def stopped_clock(cloud: Cloud) -> None:
    cloud.now = NOW


def issued(cloud: Cloud, region: str = "eu-west-1", **details: Any) -> str:  # noqa: ANN401 - as `add` takes them
    return cloud.certificates.add(region=region, **details)


def refusal(call: Any, **parameters: Any) -> str:  # noqa: ANN401 - boto3's own
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    code: str = refused.value.response["Error"]["Code"]
    return code


# --- Application and Network Load Balancers -------------------------------------------------------

ACTIONS: list[dict[str, Any]] = [
    {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
]


def balancer(cloud: Cloud) -> str:
    """Return the load balancer `web`, made by the service's own call."""
    elb = cloud.client("elbv2")
    for found in elb.describe_load_balancers()["LoadBalancers"]:
        return str(found["LoadBalancerArn"])
    subnets = [row["SubnetId"] for row in cloud.client("ec2").describe_subnets()["Subnets"]][:2]
    created = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"]
    return str(created[0]["LoadBalancerArn"])


def create(cloud: Cloud, certificates: list[dict[str, str]], port: int) -> str:
    """Make a listener by the service's own call."""
    rows = cloud.client("elbv2").create_listener(
        LoadBalancerArn=balancer(cloud),
        Protocol="HTTPS",
        Port=port,
        Certificates=certificates,
        DefaultActions=ACTIONS,
    )["Listeners"]
    return str(rows[0]["ListenerArn"])


def made(cloud: Cloud, certificate: str) -> str:
    return create(cloud, [{"CertificateArn": certificate}], 443)


@pytest.mark.parametrize("network", [False, True], ids=["HTTPS", "TLS"])
def test_a_listener_changes_its_default_and_keeps_everything_else(
    cloud: Cloud, *, network: bool
) -> None:
    old, new, other = issued(cloud), issued(cloud), issued(cloud)
    listener = cloud.consumers.load_balancer(old, other, network=network)
    elb = cloud.client("elbv2")
    (before,) = elb.describe_listeners(
        LoadBalancerArn=cloud.certificates.users(cloud.certificates.get(old))[0]
    )["Listeners"]
    (after,) = elb.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": new}])[
        "Listeners"
    ]
    assert after == {**before, "Certificates": [{"CertificateArn": new}]}
    assert cloud.consumers.listener_certificates(listener) == (new, [other])


def test_a_default_that_is_in_the_list_too_is_shown_twice_on_small_pages(cloud: Cloud) -> None:
    old, other = issued(cloud), issued(cloud)
    listener = cloud.consumers.load_balancer(old, old, other)
    pages = cloud.client("elbv2").get_paginator("describe_listener_certificates")
    shown = [page["Certificates"] for page in pages.paginate(ListenerArn=listener)]
    assert len(shown) == 2
    assert [(row["CertificateArn"], row["IsDefault"]) for page in shown for row in page] == [
        (old, True),
        (old, False),
        (other, False),
    ]


def test_the_list_takes_what_is_there_once_and_lets_go_of_what_is_not_there(cloud: Cloud) -> None:
    old, new = issued(cloud), issued(cloud)
    listener = cloud.consumers.load_balancer(old)
    elb = cloud.client("elbv2")
    for _ in range(2):
        elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": new}])
    assert cloud.consumers.listener_certificates(listener) == (old, [new])
    for _ in range(2):
        elb.remove_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": new}]
        )
    assert cloud.consumers.listener_certificates(listener) == (old, [])


def test_a_default_cannot_be_removed(cloud: Cloud) -> None:
    old = issued(cloud)
    listener = cloud.consumers.load_balancer(old)
    code = refusal(
        cloud.client("elbv2").remove_listener_certificates,
        ListenerArn=listener,
        Certificates=[{"CertificateArn": old}],
    )
    assert code == "OperationNotPermitted"


def test_the_listeners_of_a_load_balancer_take_25_certificates_beside_their_defaults(
    cloud: Cloud,
) -> None:
    first = cloud.consumers.load_balancer(
        issued(cloud), *[issued(cloud) for _ in range(MAX_CERTIFICATES - 1)]
    )
    second = cloud.consumers.load_balancer(issued(cloud), beside=first)
    elb = cloud.client("elbv2")
    last = {"ListenerArn": second, "Certificates": [{"CertificateArn": issued(cloud)}]}
    elb.add_listener_certificates(**last)
    elb.add_listener_certificates(**last)
    for listener in (first, second):
        code = refusal(
            elb.add_listener_certificates,
            ListenerArn=listener,
            Certificates=[{"CertificateArn": issued(cloud)}],
        )
        assert code == "TooManyCertificates"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (None, "CertificateNotFound"),
        ({"status": "PENDING_VALIDATION"}, "UnsupportedCertificate"),
        ({"status": "EXPIRED"}, "UnsupportedCertificate"),
    ],
)
def test_a_listener_takes_only_what_is_issued(
    cloud: Cloud, details: dict[str, Any] | None, code: str
) -> None:
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/none"
    if details is not None:
        arn = issued(cloud, **details)
    listener, wanted = made(cloud, issued(cloud)), [{"CertificateArn": arn}]
    change = cloud.client("elbv2").modify_listener
    assert refusal(change, ListenerArn=listener, Certificates=wanted) == code
    assert refusal(create, cloud=cloud, certificates=wanted, port=444) == code


def test_a_new_listener_has_one_certificate_of_its_region_and_a_port_of_its_own(
    cloud: Cloud,
) -> None:
    """API_CreateListener: "You must provide exactly one certificate", DuplicateListener."""
    here, elsewhere = issued(cloud), issued(cloud, region=EDGE)
    made(cloud, here)
    two = [{"CertificateArn": here}, {"CertificateArn": issued(cloud)}]
    assert refusal(create, cloud=cloud, certificates=two, port=444) == "ValidationError"
    foreign = [{"CertificateArn": elsewhere}]
    assert refusal(create, cloud=cloud, certificates=foreign, port=444) == "CertificateNotFound"
    again = [{"CertificateArn": here}]
    assert refusal(create, cloud=cloud, certificates=again, port=443) == "DuplicateListener"


def test_a_listener_uses_its_certificates_until_it_is_deleted(cloud: Cloud) -> None:
    default, other = issued(cloud), issued(cloud)
    listener, elb = made(cloud, default), cloud.client("elbv2")
    elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": other}])
    for arn in (default, other):
        assert cloud.certificates.users(cloud.certificates.get(arn)) == [balancer(cloud)]
    changed = {"ListenerArn": listener, "DefaultActions": [{**ACTIONS[0], "Order": 1}]}
    elb.modify_listener(**changed)
    (shown,) = elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert shown["DefaultActions"] == changed["DefaultActions"]
    assert cloud.consumers.listener_certificates(listener) == (default, [other])
    elb.delete_listener(ListenerArn=listener)
    for arn in (default, other):
        assert cloud.certificates.users(cloud.certificates.get(arn)) == []


@pytest.mark.parametrize(
    "certificates", [[], [{"CertificateArn": "a", "IsDefault": True}]], ids=["none", "IsDefault"]
)
def test_a_default_is_given_as_one_certificate_without_a_word_on_it(
    cloud: Cloud, certificates: list[dict[str, Any]]
) -> None:
    listener = cloud.consumers.load_balancer(issued(cloud))
    call = cloud.client("elbv2").modify_listener
    assert refusal(call, ListenerArn=listener, Certificates=certificates) == "ValidationError"


def test_a_listener_that_is_gone_is_not_found(cloud: Cloud) -> None:
    listener = cloud.consumers.load_balancer(issued(cloud))
    cloud.consumers.remove(listener)
    call = cloud.client("elbv2").describe_listener_certificates
    assert refusal(call, ListenerArn=listener) == "ListenerNotFound"


# --- Classic Load Balancers -----------------------------------------------------------------------


def test_a_classic_listener_changes_its_certificate(cloud: Cloud) -> None:
    old, new = issued(cloud), issued(cloud)
    name = cloud.consumers.classic_load_balancer(old)
    elb = cloud.client("elb")
    elb.set_load_balancer_listener_ssl_certificate(
        LoadBalancerName=name, LoadBalancerPort=443, SSLCertificateId=new
    )
    (shown,) = elb.describe_load_balancers(LoadBalancerNames=[name])["LoadBalancerDescriptions"]
    held = [
        entry["Listener"]["SSLCertificateId"]
        for entry in shown["ListenerDescriptions"]
        if "SSLCertificateId" in entry["Listener"]
    ]
    assert held == [new]


def test_a_classic_listener_refuses_what_does_not_exist(cloud: Cloud) -> None:
    old = issued(cloud)
    name = cloud.consumers.classic_load_balancer(old)
    call = cloud.client("elb").set_load_balancer_listener_ssl_certificate
    given = {"LoadBalancerName": name, "LoadBalancerPort": 443, "SSLCertificateId": old}
    assert refusal(call, **{**given, "LoadBalancerPort": 444}) == "ListenerNotFound"
    unknown = "arn:aws:acm:eu-west-1:123456789012:certificate/none"
    assert refusal(call, **{**given, "SSLCertificateId": unknown}) == "CertificateNotFound"
    assert refusal(call, **{**given, "LoadBalancerName": "gone"}) == "LoadBalancerNotFound"


# --- CloudFront -----------------------------------------------------------------------------------


def update(found: Any, **viewer: Any) -> Any:  # noqa: ANN401 - boto3's own
    """Build the update of a distribution that changes just its viewer certificate."""
    config = found["Distribution"]["DistributionConfig"]
    kept = {"SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    return {
        "Id": found["Distribution"]["Id"],
        "IfMatch": found["ETag"],
        "DistributionConfig": {**config, "ViewerCertificate": {**kept, **viewer}},
    }


def test_a_distribution_is_updated_only_as_it_was_read(cloud: Cloud) -> None:
    new = issued(cloud, EDGE)
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution(
        Id=cloud.consumers.distribution(issued(cloud, EDGE), "www.example.com")
    )
    wanted = update(found, ACMCertificateArn=new)
    cloudfront.update_distribution(**wanted)
    assert refusal(cloudfront.update_distribution, **wanted) == "PreconditionFailed"
    shown = cloudfront.get_distribution(Id=wanted["Id"])["Distribution"]["DistributionConfig"]
    assert shown["ViewerCertificate"]["ACMCertificateArn"] == new
    assert shown["ViewerCertificate"]["CloudFrontDefaultCertificate"] is False
    assert shown["Comment"] == "a comment that has to survive"
    del wanted["IfMatch"]
    assert refusal(cloudfront.update_distribution, **wanted) == "InvalidIfMatchVersion"


def test_a_distribution_takes_one_issued_certificate_of_us_east_1(cloud: Cloud) -> None:
    cloudfront = cloud.client("cloudfront")
    old = issued(cloud, EDGE)
    found = cloudfront.get_distribution(Id=cloud.consumers.distribution(old))
    for arn in (issued(cloud), issued(cloud, EDGE, status="PENDING_VALIDATION")):
        wanted = update(found, ACMCertificateArn=arn)
        assert refusal(cloudfront.update_distribution, **wanted) == "InvalidViewerCertificate"
    both = update(found, ACMCertificateArn=old, CloudFrontDefaultCertificate=True)
    assert refusal(cloudfront.update_distribution, **both) == "InvalidArgument"


def test_a_distribution_deploys_for_a_while(cloud: Cloud) -> None:
    cloud.consumers.knobs.cloudfront_deploys = timedelta(minutes=5)
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution(Id=cloud.consumers.distribution(issued(cloud, EDGE)))
    assert found["Distribution"]["Status"] == "Deployed"
    wanted = update(found, ACMCertificateArn=issued(cloud, EDGE))
    assert cloudfront.update_distribution(**wanted)["Distribution"]["Status"] == "InProgress"
    cloud.advance(minutes=5)
    assert cloudfront.get_distribution(Id=wanted["Id"])["Distribution"]["Status"] == "Deployed"


def test_a_distribution_that_is_gone_is_not_found(cloud: Cloud) -> None:
    found = cloud.consumers.distribution(issued(cloud, EDGE))
    cloud.consumers.remove(found)
    assert refusal(cloud.client("cloudfront").get_distribution, Id=found) == "NoSuchDistribution"


def test_a_distribution_has_members_that_no_model_knows_until_an_update_leaves_them_out(
    cloud: Cloud,
) -> None:
    old = issued(cloud, EDGE)
    distribution = cloud.consumers.distribution(old, "www.example.com")
    unknown = cloud.consumers.unknown_members(distribution)
    unknown |= {"": "<New>1</New>", "Origins/Items/Origin": "<New><Deep>2</Deep></New>"}
    raw: list[bytes] = []
    cloudfront = cloud.client("cloudfront")
    cloudfront.meta.events.register(
        "response-received", lambda response_dict, **_: raw.append(response_dict["body"])
    )
    found = cloudfront.get_distribution(Id=distribution)
    assert b"<New>1</New>" in raw[0]
    assert b"<New><Deep>2</Deep></New>" in raw[0]
    cloudfront.update_distribution(**update(found, ACMCertificateArn=old))
    assert cloud.consumers.unknown_members(distribution) == {}


def test_a_distribution_changes_one_certificate_at_a_time(cloud: Cloud) -> None:
    cloud.consumers.knobs.cloudfront_deploys = timedelta(minutes=5)
    cloudfront = cloud.client("cloudfront")
    id_ = cloud.consumers.distribution(issued(cloud, EDGE))
    first = update(cloudfront.get_distribution(Id=id_), ACMCertificateArn=issued(cloud, EDGE))
    cloudfront.update_distribution(**first)
    second = update(cloudfront.get_distribution(Id=id_), ACMCertificateArn=issued(cloud, EDGE))
    assert refusal(cloudfront.update_distribution, **second) == "IllegalUpdate"
    cloud.advance(minutes=5)
    cloudfront.update_distribution(**second)


@pytest.mark.parametrize("member", [{"ContinuousDeploymentPolicyId": "p"}, {"Staging": True}])
def test_a_distribution_with_continuous_deployment_keeps_its_certificate(
    cloud: Cloud, member: dict[str, Any]
) -> None:
    old = issued(cloud, EDGE)
    cloudfront = cloud.client("cloudfront")
    id_ = cloud.consumers.distribution(old)
    cloud.consumers.configure_distribution(id_, **member)
    found = cloudfront.get_distribution(Id=id_)
    wanted = update(found, ACMCertificateArn=issued(cloud, EDGE))
    assert refusal(cloudfront.update_distribution, **wanted) == "IllegalUpdate"
    cloudfront.update_distribution(**update(found, ACMCertificateArn=old))


# --- Distribution tenants -------------------------------------------------------------------------


def tenant(cloud: Cloud, certificate: str | None, *domains: str) -> str:
    shared = issued(cloud, EDGE, domain_name="*.example.com")
    distribution = cloud.consumers.distribution(shared)
    return cloud.consumers.distribution_tenant(distribution, certificate, *domains)


def tenant_update(found: Any, certificate: str) -> Any:  # noqa: ANN401 - boto3's own
    """Build the update of a tenant that changes just its certificate."""
    shown = found["DistributionTenant"]
    kept = {name: shown[name] for name in ("ConnectionGroupId", "DistributionId", "Enabled")}
    return {
        **kept,
        "Id": shown["Id"],
        "IfMatch": found["ETag"],
        "Domains": [{"Domain": entry["Domain"]} for entry in shown["Domains"]],
        "Parameters": shown["Parameters"],
        "Customizations": {**shown["Customizations"], "Certificate": {"Arn": certificate}},
    }


def test_a_tenant_is_updated_only_as_it_was_read(cloud: Cloud) -> None:
    cloud.consumers.knobs.cloudfront_deploys = timedelta(minutes=5)
    old, new = (issued(cloud, EDGE, domain_name="a.example.com") for _ in range(2))
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution_tenant(Identifier=tenant(cloud, old, "a.example.com"))
    wanted = tenant_update(found, new)
    cloudfront.update_distribution_tenant(**wanted)
    call = cloudfront.update_distribution_tenant
    assert refusal(call, **wanted) == "PreconditionFailed"
    assert refusal(call, **{**wanted, "Id": "dt_gone"}) == "EntityNotFound"
    assert refusal(cloudfront.get_distribution_tenant, Identifier="dt_gone") == "EntityNotFound"
    arn = found["DistributionTenant"]["Arn"]
    changed = cloudfront.get_distribution_tenant(Identifier=arn)["DistributionTenant"]
    assert changed["Status"] == "InProgress"
    cloud.advance(minutes=5)
    changed = cloudfront.get_distribution_tenant(Identifier=arn)["DistributionTenant"]
    assert changed == {
        **found["DistributionTenant"],
        "Customizations": wanted["Customizations"],
    }


def test_a_tenant_loses_members_that_an_update_leaves_out(cloud: Cloud) -> None:
    old = issued(cloud, EDGE, domain_name="a.example.com")
    id_ = tenant(cloud, old, "a.example.com")
    cloud.consumers.unknown_members(id_)["Customizations"] = "<New>1</New>"
    cloudfront = cloud.client("cloudfront")
    wanted = tenant_update(cloudfront.get_distribution_tenant(Identifier=id_), old)
    del wanted["Parameters"], wanted["Enabled"], wanted["Customizations"]
    changed = cloudfront.update_distribution_tenant(**wanted)["DistributionTenant"]
    assert not changed.keys() & {"Parameters", "Customizations"}
    assert changed["Enabled"] is False
    assert cloud.consumers.unknown_members(id_) == {}
    assert cloud.consumers.certificates(id_) == ()


@pytest.mark.parametrize(
    "change",
    [{"Domains": []}, {"DistributionId": "E2"}, {"Domains": [{"Domain": "a.b.example.com"}]}],
    ids=["no domain", "another distribution", "a domain that it does not cover"],
)
def test_a_tenant_refuses_an_invalid_certificate_or_domain(
    cloud: Cloud, change: dict[str, Any]
) -> None:
    old = issued(cloud, EDGE, domain_name="*.example.com")
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution_tenant(Identifier=tenant(cloud, old, "a.example.com"))
    call = cloudfront.update_distribution_tenant
    assert refusal(call, **{**tenant_update(found, old), **change}) == "InvalidArgument"
    elsewhere = issued(cloud, domain_name="*.example.com")
    assert refusal(call, **tenant_update(found, elsewhere)) == "InvalidArgument"


def test_tenants_are_listed_by_the_certificate_of_their_own_on_small_pages(cloud: Cloud) -> None:
    own = issued(cloud, EDGE, domain_name="*.example.com")
    made = [tenant(cloud, own, f"{n}.example.com") for n in range(2)]
    tenant(cloud, None, "inherits.example.com")
    cloudfront = cloud.client("cloudfront")
    pages = cloudfront.get_paginator("list_distribution_tenants_by_customization").paginate(
        CertificateArn=own
    )
    assert [[row["Id"] for row in page["DistributionTenantList"]] for page in pages] == [
        [id_] for id_ in made
    ]
    call = cloudfront.list_distribution_tenants_by_customization
    assert refusal(call) == "InvalidArgument"
    assert refusal(call, CertificateArn=own, WebACLArn="arn") == "InvalidArgument"


@pytest.mark.parametrize("named", [True, False])
def test_acm_names_the_tenant_of_a_certificate_or_its_distribution(
    cloud: Cloud, *, named: bool
) -> None:
    cloud.consumers.knobs.tenants_are_named = named
    own = issued(cloud, EDGE, domain_name="*.example.com")
    tenant(cloud, own, "a.example.com")
    (user,) = users(cloud, own, EDGE)
    assert user.split("/")[0].rpartition(":")[2] == (
        "distribution-tenant" if named else "distribution"
    )


# --- API Gateway ----------------------------------------------------------------------------------


def patch(path: str, value: str, op: str = "replace") -> list[dict[str, str]]:
    return [{"op": op, "path": path, "value": value}]


def test_a_domain_name_is_one_thing_to_both_versions_of_the_api(cloud: Cloud) -> None:
    old, new = issued(cloud), issued(cloud)
    name = cloud.consumers.domain_name("api.example.com", old)
    first, second = cloud.client("apigateway"), cloud.client("apigatewayv2")
    first.update_domain_name(domainName=name, patchOperations=patch("/regionalCertificateArn", new))
    (shown,) = second.get_domain_name(DomainName=name)["DomainNameConfigurations"]
    assert shown["CertificateArn"] == new
    assert first.get_domain_name(domainName=name)["regionalCertificateArn"] == new


def test_domain_names_are_listed_on_small_pages_and_by_region(cloud: Cloud) -> None:
    for number in range(3):
        cloud.consumers.domain_name(f"{number}.example.com", issued(cloud))
    cloud.consumers.domain_name("edge.example.com", issued(cloud, EDGE), region=EDGE)
    pages = list(cloud.client("apigateway").get_paginator("get_domain_names").paginate())
    names = [[domain["domainName"] for domain in page["items"]] for page in pages]
    assert names == [["0.example.com"], ["1.example.com"], ["2.example.com"]]


def test_a_region_without_domain_names_has_a_collection_without_items(cloud: Cloud) -> None:
    assert "items" not in cloud.client("apigateway").get_domain_names()


@pytest.mark.parametrize(
    ("endpoint", "path", "region"),
    [
        ("REGIONAL", "/regionalCertificateArn", EDGE),
        ("EDGE", "/certificateArn", "eu-west-1"),
        ("REGIONAL", "/certificateArn", "eu-west-1"),
    ],
)
def test_a_domain_name_refuses_another_region_and_another_attribute(
    cloud: Cloud, endpoint: str, path: str, region: str
) -> None:
    home = EDGE if endpoint == "EDGE" else "eu-west-1"
    name = cloud.consumers.domain_name("api.example.com", issued(cloud, home), endpoint=endpoint)
    call = cloud.client("apigateway").update_domain_name
    operations = patch(path, issued(cloud, region))
    assert refusal(call, domainName=name, patchOperations=operations) == "BadRequestException"


def test_a_domain_name_takes_no_second_change_while_it_is_updating(cloud: Cloud) -> None:
    cloud.consumers.knobs.domain_names_update = timedelta(minutes=40)
    name = cloud.consumers.domain_name("api.example.com", issued(cloud))
    gateway = cloud.client("apigateway")
    operations = patch("/regionalCertificateArn", issued(cloud))
    gateway.update_domain_name(domainName=name, patchOperations=operations)
    call = gateway.update_domain_name
    assert refusal(call, domainName=name, patchOperations=operations) == "BadRequestException"
    assert gateway.get_domain_name(domainName=name)["domainNameStatus"] == "UPDATING"
    cloud.advance(minutes=40)
    assert gateway.get_domain_name(domainName=name)["domainNameStatus"] == "AVAILABLE"


def test_a_domain_name_that_is_gone_is_not_found(cloud: Cloud) -> None:
    name = cloud.consumers.domain_name("api.example.com", issued(cloud))
    cloud.consumers.remove(name)
    call = cloud.client("apigateway").get_domain_name
    assert refusal(call, domainName=name) == "NotFoundException"


# --- Cognito --------------------------------------------------------------------------------------


def test_a_user_pool_s_domain_changes_its_certificate_and_takes_its_time(cloud: Cloud) -> None:
    cloud.consumers.knobs.user_pool_domains_update = timedelta(hours=1)
    old, new = issued(cloud, EDGE), issued(cloud, EDGE)
    pool = cloud.consumers.user_pool_domain("auth.example.com", old)
    cognito = cloud.client("cognito-idp", region=EDGE)
    wanted = {
        "Domain": "auth.example.com",
        "UserPoolId": pool,
        "CustomDomainConfig": {"CertificateArn": new},
        "ManagedLoginVersion": 2,
    }
    cognito.update_user_pool_domain(**wanted)
    shown = cognito.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    assert (shown["CustomDomainConfig"]["CertificateArn"], shown["Status"]) == (new, "UPDATING")
    code = refusal(cognito.update_user_pool_domain, **wanted)
    assert code == "ConcurrentModificationException"
    cloud.advance(hours=1)
    shown = cognito.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    assert shown["Status"] == "ACTIVE"


def test_a_user_pool_s_domain_refuses_what_cognito_cannot_use(cloud: Cloud) -> None:
    old = issued(cloud, EDGE)
    pool = cloud.consumers.user_pool_domain("auth.example.com", old)
    call = cloud.client("cognito-idp", region=EDGE).update_user_pool_domain
    given = {
        "Domain": "auth.example.com",
        "UserPoolId": pool,
        "CustomDomainConfig": {"CertificateArn": issued(cloud)},
        "ManagedLoginVersion": 2,
    }
    assert refusal(call, **given) == "InvalidParameterException"
    given["CustomDomainConfig"] = {"CertificateArn": old}
    assert refusal(call, **{**given, "ManagedLoginVersion": 1}) == "InvalidParameterException"
    other = {**given, "UserPoolId": f"{EDGE}_another00"}
    assert refusal(call, **other) == "ResourceNotFoundException"


def test_user_pools_are_listed_on_small_pages_and_name_their_domain(cloud: Cloud) -> None:
    cognito = cloud.client("cognito-idp", region=EDGE)
    made = [
        cloud.consumers.user_pool_domain(f"{n}.example.com", issued(cloud, EDGE)) for n in range(2)
    ]
    pages = cognito.get_paginator("list_user_pools").paginate(PaginationConfig={"PageSize": 60})
    assert [[pool["Id"] for pool in page["UserPools"]] for page in pages] == [[id_] for id_ in made]
    described = cognito.describe_user_pool(UserPoolId=made[0])["UserPool"]
    assert described["CustomDomain"] == "0.example.com"


def test_a_user_pool_is_known_in_its_region_only_and_uses_certificates_of_one(cloud: Cloud) -> None:
    domain, old = "auth.example.com", issued(cloud, EDGE)
    pool = cloud.consumers.user_pool_domain(domain, old, region="eu-west-1")
    away, home = cloud.client("cognito-idp", region=EDGE), cloud.client("cognito-idp")
    assert "UserPools" not in away.list_user_pools(MaxResults=60)
    assert away.describe_user_pool_domain(Domain=domain)["DomainDescription"] == {}
    assert refusal(away.describe_user_pool, UserPoolId=pool) == "ResourceNotFoundException"
    given = {"Domain": domain, "UserPoolId": pool, "ManagedLoginVersion": 2}
    local = {"CertificateArn": issued(cloud)}
    code = refusal(home.update_user_pool_domain, **given, CustomDomainConfig=local)
    assert code == "InvalidParameterException"
    new = {"CertificateArn": issued(cloud, EDGE)}
    code = refusal(away.update_user_pool_domain, **given, CustomDomainConfig=new)
    assert code == "ResourceNotFoundException"
    home.update_user_pool_domain(**given, CustomDomainConfig=new)
    assert cloud.consumers.certificates(domain) == (new["CertificateArn"],)


def test_a_domain_that_does_not_exist_has_an_empty_description(cloud: Cloud) -> None:
    cognito = cloud.client("cognito-idp", region=EDGE)
    assert cognito.describe_user_pool_domain(Domain="gone.example.com")["DomainDescription"] == {}


# --- Amplify --------------------------------------------------------------------------------------


def amplify_domain(cloud: Cloud, certificate: str | None) -> tuple[Any, dict[str, str]]:
    """Make a custom domain, and return a client of its region with the domain's parameters."""
    app_id = cloud.consumers.amplify_domain("example.com", certificate, "www")
    return cloud.client("amplify"), {"appId": app_id, "domainName": "example.com"}


def amplify_update(found: Any, certificate: str) -> Any:  # noqa: ANN401 - boto3's own
    """Build the update of a custom domain that changes just its certificate."""
    shown = found["domainAssociation"]
    kept = {name: shown[name] for name in ("autoSubDomainCreationPatterns", "enableAutoSubDomain")}
    return {
        **kept,
        "subDomainSettings": [entry["subDomainSetting"] for entry in shown["subDomains"]],
        "certificateSettings": {"type": "CUSTOM", "customCertificateArn": certificate},
    }


def both_names(cloud: Cloud) -> str:
    names = {"domain_name": "example.com", "alternative_names": ["*.example.com"]}
    return issued(cloud, EDGE, **names)


def test_a_domain_of_amplify_changes_its_certificate_and_takes_its_time(cloud: Cloud) -> None:
    cloud.consumers.knobs.amplify_domains_update = timedelta(hours=1)
    new = both_names(cloud)
    amplify, which = amplify_domain(cloud, both_names(cloud))
    found = amplify.get_domain_association(**which)
    wanted = amplify_update(found, new)
    shown = amplify.update_domain_association(**which, **wanted)["domainAssociation"]
    assert (shown["domainStatus"], shown["updateStatus"]) == ("UPDATING", "PENDING_DEPLOYMENT")
    assert refusal(amplify.update_domain_association, **which, **wanted) == "BadRequestException"
    cloud.advance(hours=1)
    certificate = {"type": "CUSTOM", "customCertificateArn": new}
    after = amplify.get_domain_association(**which)["domainAssociation"]
    assert after == {**found["domainAssociation"], "certificate": certificate}


def test_a_domain_of_amplify_loses_members_that_an_update_leaves_out(cloud: Cloud) -> None:
    amplify, which = amplify_domain(cloud, both_names(cloud))
    cloud.consumers.unknown_members("example.com")["subDomains/0/New"] = True
    amplify.update_domain_association(**which)
    after = amplify.get_domain_association(**which)["domainAssociation"]
    assert after["certificate"] == {"type": "AMPLIFY_MANAGED"}
    assert (after["subDomains"], after["enableAutoSubDomain"]) == ([], False)
    assert "autoSubDomainCreationPatterns" not in after
    assert cloud.consumers.unknown_members("example.com") == {}


def test_a_domain_of_amplify_refuses_a_certificate_that_lacks_a_name(cloud: Cloud) -> None:
    amplify, which = amplify_domain(cloud, both_names(cloud))
    found = amplify.get_domain_association(**which)
    narrow, elsewhere = issued(cloud, EDGE), issued(cloud, domain_name="*.example.com")
    for arn in (narrow, elsewhere):
        code = refusal(amplify.update_domain_association, **which, **amplify_update(found, arn))
        assert code == "BadRequestException"
    gone = {**which, "domainName": "gone.example.com"}
    assert refusal(amplify.get_domain_association, **gone) == "NotFoundException"


def test_apps_are_listed_on_small_pages_in_their_region(cloud: Cloud) -> None:
    made = [amplify_domain(cloud, both_names(cloud))[1]["appId"] for _ in range(2)]
    pages = cloud.client("amplify").get_paginator("list_apps").paginate()
    assert [[app["appId"] for app in page["apps"]] for page in pages] == [[id_] for id_ in made]
    assert cloud.client("amplify", region=EDGE).list_apps()["apps"] == []
    listed = cloud.client("amplify").list_domain_associations(appId=made[0])["domainAssociations"]
    assert [entry["domainName"] for entry in listed] == ["example.com"]


# --- Who uses a certificate -----------------------------------------------------------------------


def users(cloud: Cloud, arn: str, region: str = "eu-west-1") -> list[str]:
    described = cloud.client("acm", region=region).describe_certificate(CertificateArn=arn)
    found: list[str] = described["Certificate"].get("InUseBy", [])
    return found


def test_load_balancers_and_distributions_are_named_and_what_aws_runs_is_foreign(
    cloud: Cloud,
) -> None:
    served, classic, edge = issued(cloud), issued(cloud), issued(cloud, EDGE)
    cloud.consumers.load_balancer(served, name="web")
    cloud.consumers.classic_load_balancer(classic, "old")
    cloud.consumers.distribution(edge)
    account = "123456789012"
    base = f"arn:aws:elasticloadbalancing:eu-west-1:{account}:loadbalancer"
    assert users(cloud, served) == [f"{base}/app/web/{0:016x}"]
    assert users(cloud, classic) == [f"{base}/old"]
    assert users(cloud, edge, EDGE) == [
        f"arn:aws:cloudfront::{account}:distribution/E0000000000001"
    ]
    api, auth = issued(cloud), issued(cloud, EDGE)
    cloud.consumers.domain_name("api.example.com", api)
    cloud.consumers.user_pool_domain("auth.example.com", auth)
    for found in (*users(cloud, api), *users(cloud, auth, EDGE)):
        assert f":{account}:" not in found


def test_aws_has_a_distribution_without_a_region_for_each_edge_consumer(cloud: Cloud) -> None:
    arn = issued(cloud, EDGE)
    for number, region in enumerate((EDGE, "eu-west-1")):
        name = f"{number}.example.com"
        cloud.consumers.domain_name(f"api{name}", arn, endpoint="EDGE", region=region)
        cloud.consumers.user_pool_domain(f"auth{name}", arn, region=region)
    found = users(cloud, arn, EDGE)
    assert len(set(found)) == 4
    assert {entry.split(":")[3] for entry in found} == {""}
    assert {entry.split(":")[4] for entry in found}.isdisjoint({"", "123456789012"})


def test_a_proof_of_ownership_is_no_visible_use(cloud: Cloud) -> None:
    proof = issued(cloud)
    cloud.consumers.domain_name("api.example.com", issued(cloud), ownership=proof)
    assert users(cloud, proof) == []


def test_what_is_in_use_cannot_be_deleted_until_acm_has_noticed(cloud: Cloud) -> None:
    cloud.consumers.knobs.notices_after = timedelta(minutes=20)
    old, new = issued(cloud), issued(cloud)
    listener = cloud.consumers.load_balancer(old)
    acm = cloud.client("acm")
    assert refusal(acm.delete_certificate, CertificateArn=old) == "ResourceInUseException"
    cloud.client("elbv2").modify_listener(
        ListenerArn=listener, Certificates=[{"CertificateArn": new}]
    )
    assert refusal(acm.delete_certificate, CertificateArn=old) == "ResourceInUseException"
    cloud.advance(minutes=20)
    acm.delete_certificate(CertificateArn=old)


def test_an_update_can_be_made_to_have_no_effect_or_to_fail(cloud: Cloud) -> None:
    old, new = issued(cloud), issued(cloud)
    listener = cloud.consumers.load_balancer(old)
    name = cloud.consumers.domain_name("api.example.com", old)
    cloud.consumers.knobs.ignore_updates = {listener}
    cloud.consumers.knobs.failing = {name}
    cloud.client("elbv2").modify_listener(
        ListenerArn=listener, Certificates=[{"CertificateArn": new}]
    )
    gateway = cloud.client("apigateway")
    gateway.update_domain_name(
        domainName=name, patchOperations=patch("/regionalCertificateArn", new)
    )
    assert cloud.consumers.listener_certificates(listener) == (old, [])
    assert gateway.get_domain_name(domainName=name)["domainNameStatus"] == "FAILED"


def test_a_reset_removes_every_consumer(cloud: Cloud) -> None:
    cloud.consumers.load_balancer(issued(cloud))
    cloud.consumers.distribution(issued(cloud, EDGE))
    cloud.reset()
    assert cloud.consumers.snapshot() == {}


# --- The ledger's table ---------------------------------------------------------------------------


def test_a_condition_that_does_not_hold_shows_what_is_stored(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html."""
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="ledger",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "entry", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entry", "AttributeType": "S"}],
    )
    item = {"entry": {"S": "a"}, "version": {"N": "1"}}
    dynamodb.put_item(TableName="ledger", Item=item)
    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(
            TableName="ledger",
            Item=item,
            ConditionExpression="attribute_not_exists(entry)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refused.value.response["Item"] == item  # type: ignore[typeddict-item] # DynamoDB's own


def test_a_user_pool_s_domain_loses_what_an_update_leaves_out(cloud: Cloud) -> None:
    old = issued(cloud, EDGE)
    pool = cloud.consumers.user_pool_domain("auth.example.com", old)
    routing = {"Failover": {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "h"}}
    cloud.consumers.configure_user_pool_domain("auth.example.com", routing)
    unknown = cloud.consumers.unknown_members("auth.example.com")
    unknown |= {"New": True, "CustomDomainConfig/New": [1]}
    cognito = cloud.client("cognito-idp", region=EDGE)
    raw: list[bytes] = []
    cognito.meta.events.register(
        "response-received", lambda response_dict, **_: raw.append(response_dict["body"])
    )
    shown = cognito.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    assert shown["Routing"] == routing
    assert json.loads(raw[0])["DomainDescription"]["CustomDomainConfig"]["New"] == [1]
    cognito.update_user_pool_domain(
        Domain="auth.example.com",
        UserPoolId=pool,
        CustomDomainConfig={"CertificateArn": old},
        ManagedLoginVersion=2,
    )
    shown = cognito.describe_user_pool_domain(Domain="auth.example.com")["DomainDescription"]
    assert "Routing" not in shown
    assert cloud.consumers.unknown_members("auth.example.com") == {}


# --- Which certificates a service refuses ---------------------------------------------------------

NOT_ATTACHABLE = {
    "of an ACME client": {"key_pair_origin": "ACME"},
    "managed by CloudFront": {"managed_by": "CLOUDFRONT"},
}
CURVES = ("EC_secp384r1", "EC_secp521r1")


def attach(cloud: Cloud, kind: str, new: str) -> str | None:
    """Attach a certificate to a new consumer of a kind, and return the error code."""
    try:
        ATTACH[kind](cloud, new)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def _listener(cloud: Cloud, new: str) -> None:
    listener = cloud.consumers.load_balancer(issued(cloud))
    certificates = [{"CertificateArn": new}]
    cloud.client("elbv2").modify_listener(ListenerArn=listener, Certificates=certificates)


def _sni(cloud: Cloud, new: str) -> None:
    listener = cloud.consumers.load_balancer(issued(cloud))
    certificates = [{"CertificateArn": new}]
    cloud.client("elbv2").add_listener_certificates(ListenerArn=listener, Certificates=certificates)


def _classic(cloud: Cloud, new: str) -> None:
    name = cloud.consumers.classic_load_balancer(issued(cloud))
    cloud.client("elb").set_load_balancer_listener_ssl_certificate(
        LoadBalancerName=name, LoadBalancerPort=443, SSLCertificateId=new
    )


def _distribution(cloud: Cloud, new: str) -> None:
    cloudfront = cloud.client("cloudfront")
    found = cloudfront.get_distribution(Id=cloud.consumers.distribution(issued(cloud, EDGE)))
    cloudfront.update_distribution(**update(found, ACMCertificateArn=new))


def _tenant(cloud: Cloud, new: str) -> None:
    cloudfront = cloud.client("cloudfront")
    old = issued(cloud, EDGE)
    found = cloudfront.get_distribution_tenant(Identifier=tenant(cloud, old, "example.com"))
    cloudfront.update_distribution_tenant(**tenant_update(found, new))


def _regional(cloud: Cloud, new: str) -> None:
    name = cloud.consumers.domain_name("api.example.com", issued(cloud))
    operations = patch("/regionalCertificateArn", new)
    cloud.client("apigateway").update_domain_name(domainName=name, patchOperations=operations)


def _edge(cloud: Cloud, new: str) -> None:
    old = issued(cloud, EDGE)
    name = cloud.consumers.domain_name("api.example.com", old, endpoint="EDGE", region=EDGE)
    cloud.client("apigateway", region=EDGE).update_domain_name(
        domainName=name, patchOperations=patch("/certificateArn", new)
    )


def _user_pool(cloud: Cloud, new: str) -> None:
    pool = cloud.consumers.user_pool_domain("auth.example.com", issued(cloud, EDGE))
    cloud.client("cognito-idp", region=EDGE).update_user_pool_domain(
        Domain="auth.example.com",
        UserPoolId=pool,
        CustomDomainConfig={"CertificateArn": new},
        ManagedLoginVersion=2,
    )


def _amplify(cloud: Cloud, new: str) -> None:
    app_id = cloud.consumers.amplify_domain("example.com", issued(cloud, EDGE))
    which = {"appId": app_id, "domainName": "example.com"}
    amplify = cloud.client("amplify")
    wanted = amplify_update(amplify.get_domain_association(**which), new)
    amplify.update_domain_association(**which, **wanted)


ATTACH: dict[str, Callable[[Cloud, str], None]] = {
    "listener": _listener,
    "SNI list": _sni,
    "Classic listener": _classic,
    "distribution": _distribution,
    "distribution tenant": _tenant,
    "regional domain name": _regional,
    "edge-optimised domain name": _edge,
    "user pool domain": _user_pool,
    "Amplify domain": _amplify,
}
REFUSALS = {
    "listener": "UnsupportedCertificate",
    "SNI list": "UnsupportedCertificate",
    "Classic listener": "CertificateNotFound",
    "distribution": "InvalidViewerCertificate",
    "distribution tenant": "InvalidArgument",
    "regional domain name": "BadRequestException",
    "edge-optimised domain name": "BadRequestException",
    "user pool domain": "InvalidParameterException",
    "Amplify domain": "BadRequestException",
}
AT_THE_EDGE = (
    *("distribution", "distribution tenant", "edge-optimised domain name"),
    *("user pool domain", "Amplify domain"),
)


def region_of(kind: str) -> str:
    return EDGE if kind in AT_THE_EDGE else "eu-west-1"


@pytest.mark.parametrize("kind", ATTACH)
@pytest.mark.parametrize("details", NOT_ATTACHABLE.values(), ids=NOT_ATTACHABLE)
def test_no_service_attaches_a_certificate_of_acme_or_of_cloudfront(
    cloud: Cloud, kind: str, details: dict[str, Any]
) -> None:
    new = issued(cloud, region_of(kind), **details)
    assert attach(cloud, kind, new) == REFUSALS[kind]


@pytest.mark.parametrize("kind", ATTACH)
@pytest.mark.parametrize("curve", CURVES)
def test_what_cloudfront_serves_has_no_key_on_a_large_curve(
    cloud: Cloud, kind: str, curve: str
) -> None:
    new = issued(cloud, region_of(kind), key_algorithm=curve)
    assert attach(cloud, kind, new) == (REFUSALS[kind] if kind in AT_THE_EDGE else None)


@pytest.mark.parametrize("kind", ATTACH)
def test_every_service_attaches_an_ordinary_certificate(cloud: Cloud, kind: str) -> None:
    assert attach(cloud, kind, issued(cloud, region_of(kind))) is None


def test_the_tags_of_at_most_twenty_load_balancers_are_described_at_once(cloud: Cloud) -> None:
    """API reference, DescribeTags."""
    arn = cloud.certificates.add()
    elb = cloud.client("elbv2")
    listeners = [cloud.consumers.load_balancer(arn, name=f"lb-{n}") for n in range(21)]
    cloud.consumers.tag_load_balancer(listeners[0], Team="web")
    balancers = [
        entry.rpartition("/")[0].replace(":listener/", ":loadbalancer/") for entry in listeners
    ]
    described = elb.describe_tags(ResourceArns=balancers[:20])["TagDescriptions"]
    assert described[0]["Tags"] == [{"Key": "Team", "Value": "web"}]
    with pytest.raises(ClientError, match="ValidationError"):
        elb.describe_tags(ResourceArns=balancers)
    with pytest.raises(ClientError, match="LoadBalancerNotFound"):
        elb.describe_tags(ResourceArns=[balancers[0], f"{balancers[1]}9"])
