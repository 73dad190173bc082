"""The adapters of consumers alone: their requests, and their reading of every response.

The answers are the services' own, by their models; that the calls have the effect that is meant
is shown over the embedded AWS, in `test_rebinding.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers.apigateway import DOMAIN_NAME
from certificate_lifecycle.aws.consumers.cloudfront import DISTRIBUTION as DISTRIBUTION_KIND
from certificate_lifecycle.aws.consumers.cognito import USER_POOL_DOMAIN
from certificate_lifecycle.aws.consumers.elb import CLASSIC_LISTENER
from certificate_lifecycle.aws.consumers.elbv2 import LISTENER, LISTENER_SNI
from certificate_lifecycle.aws.consumers.regions import RunRegions
from certificate_lifecycle.aws.consumers.registry import AwsConsumers
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import (
    ConsumerBusyError,
    ConsumerChangedError,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingState

pytestmark = pytest.mark.integration

OWN, AWS = "123456789012", "999999999999"
EDGE = "us-east-1"
OLD, NEW, OTHER = (
    f"arn:aws:acm:{EDGE}:{OWN}:certificate/{name * 8}-2222-3333-4444-555555555555"
    for name in ("0", "1", "2")
)
ELB = f"arn:aws:elasticloadbalancing:{EDGE}:{OWN}"
LOAD_BALANCER = f"{ELB}:loadbalancer/app/web/50dc6c495c0c9188"
HTTPS, TLS, HTTP = (f"{ELB}:listener/app/web/50dc6c495c0c9188/{name}" for name in "abc")
DISTRIBUTION = f"arn:aws:cloudfront::{OWN}:distribution/E1"
FOREIGN_BALANCER = LOAD_BALANCER.replace(OWN, AWS)
FOREIGN_DISTRIBUTION = DISTRIBUTION.replace(OWN, AWS)

DEFAULT = Binding(LISTENER, HTTPS)
SNI = Binding(LISTENER_SNI, HTTPS)
CLASSIC = Binding(CLASSIC_LISTENER, "shop", "443")
SITE = Binding(DISTRIBUTION_KIND, "E1")
API = Binding(DOMAIN_NAME, "api.example.com")
PRIVATE_API = Binding(DOMAIN_NAME, "api.example.com", "abc123")
USER_POOL = Binding(USER_POOL_DOMAIN, "auth.example.com", f"{EDGE}_a")


class Script:
    """The expected calls, in order within a service, and their responses."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._stubbers: dict[str, Stubber] = {}

    def answer(
        self, service: str, operation: str, answer: Mapping[str, Any], **expected: object
    ) -> None:
        self._at(service).add_response(operation, answer, expected)

    def refuse(self, service: str, operation: str, code: str, **expected: object) -> None:
        self._at(service).add_client_error(operation, code, expected_params=expected or None)

    def asked_for_everything(self) -> bool:
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()
        return True

    def _at(self, service: str) -> Stubber:
        if service not in self._stubbers:
            self._stubbers[service] = Stubber(self._clients.any(service, EDGE))
            self._stubbers[service].activate()
        return self._stubbers[service]

    # --- Answers ------------------------------------------------------------------------------

    def listeners(self) -> None:
        listeners = [
            {"ListenerArn": arn, "Protocol": protocol, "Port": port}
            for arn, protocol, port in (
                (HTTPS, "HTTPS", 443),
                (TLS, "TLS", 8443),
                (HTTP, "HTTP", 80),
            )
        ]
        self.answer(
            "elbv2",
            "describe_listeners",
            {"Listeners": listeners},
            LoadBalancerArn=LOAD_BALANCER,
        )

    def listener(self, arn: str, default: str, *others: str) -> None:
        held = [{"CertificateArn": default, "IsDefault": True}]
        held += [{"CertificateArn": other, "IsDefault": False} for other in others]
        self.answer(
            "elbv2", "describe_listener_certificates", {"Certificates": held}, ListenerArn=arn
        )

    def classic(self, **listener: object) -> None:
        listeners = [
            {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80},
            {"Protocol": "HTTPS", "LoadBalancerPort": 443, "InstancePort": 80, **listener},
        ]
        described = {"ListenerDescriptions": [{"Listener": entry} for entry in listeners]}
        self.answer(
            "elb",
            "describe_load_balancers",
            {"LoadBalancerDescriptions": [described]},
            LoadBalancerNames=["shop"],
        )

    def distribution(self, certificate: str, *, status: str = "Deployed", etag: str = "A") -> None:
        self.answer(
            "cloudfront",
            "get_distribution",
            {
                "ETag": etag,
                "Distribution": {
                    "Id": "E1",
                    "ARN": DISTRIBUTION,
                    "Status": status,
                    "LastModifiedTime": "2026-06-15T12:00:00Z",
                    "InProgressInvalidationBatches": 0,
                    "DomainName": "d1.cloudfront.net",
                    "DistributionConfig": distribution_config(
                        Certificate=certificate,
                        CertificateSource="acm",
                        ACMCertificateArn=certificate,
                    ),
                },
            },
            Id="E1",
        )

    def tenants(self, *tenants: Mapping[str, Any]) -> None:
        answer = {"DistributionTenantList": list(tenants)}
        operation = "list_distribution_tenants_by_customization"
        self.answer("cloudfront", operation, answer, CertificateArn=OLD)

    def domain_names(self, *items: Mapping[str, Any]) -> None:
        self.answer("apigateway", "get_domain_names", {"items": list(items)}, limit=500)

    def domain_name(
        self, certificate: str | None, status: str = "AVAILABLE", text: str = ""
    ) -> None:
        attributes = {"regionalCertificateArn": certificate} if certificate else {}
        answer = {"domainNameStatus": status, "domainNameStatusMessage": text, **attributes}
        self.answer("apigateway", "get_domain_name", answer, domainName="api.example.com")

    def user_pool_domain(self, **description: object) -> None:
        answer = {"DomainDescription": description}
        self.answer("cognito-idp", "describe_user_pool_domain", answer, Domain="auth.example.com")


def distribution_config(**viewer: object) -> dict[str, Any]:
    return {
        "CallerReference": "1",
        "Comment": "",
        "Enabled": True,
        "Aliases": {"Quantity": 1, "Items": ["www.example.com"]},
        "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": "o.example.com"}]},
        "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"},
        "ViewerCertificate": {
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
            **viewer,
        },
    }


def certificate(*in_use_by: str) -> Certificate:
    return Certificate(
        arn=OLD,
        names=("www.example.com",),
        status=CertificateStatus.ISSUED,
        type=CertificateType.AMAZON_ISSUED,
        key_algorithm="RSA_2048",
        detail=CertificateDetail(in_use_by=in_use_by),
    )


@pytest.fixture
def clients() -> Clients:
    return Clients("eu-west-1")


@pytest.fixture
def script(clients: Clients) -> Iterator[Script]:
    script = Script(clients)
    yield script
    assert script.asked_for_everything()


@pytest.fixture
def consumers(clients: Clients) -> AwsConsumers:
    return AwsConsumers(clients, Scope(OWN, EDGE))


def found_by(consumers: AwsConsumers, *in_use_by: str) -> tuple[Binding, ...]:
    search = consumers.find(certificate(*in_use_by))
    assert search.errors == {}
    return search.bindings


# --- Finding ----------------------------------------------------------------------------------


def test_both_settings_of_a_listener_are_found_with_their_labels(
    consumers: AwsConsumers, script: Script
) -> None:
    script.listeners()
    script.listener(HTTPS, OLD, OTHER, OLD)
    script.listener(TLS, OTHER, OLD)
    script.domain_names()

    assert [(found.key, found.label) for found in found_by(consumers, LOAD_BALANCER)] == [
        (DEFAULT.key, "load balancer web, listener HTTPS:443 (default certificate)"),
        (SNI.key, "load balancer web, listener HTTPS:443 (SNI)"),
        (("ListenerSni", TLS, ""), "load balancer web, listener TLS:8443 (SNI)"),
    ]


def test_a_listener_that_goes_meanwhile_hides_no_other_one(
    consumers: AwsConsumers, script: Script
) -> None:
    script.listeners()
    script.refuse("elbv2", "describe_listener_certificates", "ListenerNotFound", ListenerArn=HTTPS)
    script.listener(TLS, OLD)
    script.domain_names()
    (found,) = found_by(consumers, LOAD_BALANCER)
    assert found.consumer == TLS


@pytest.mark.parametrize(
    ("service", "operation", "code", "arn"),
    [
        ("elbv2", "describe_listeners", "LoadBalancerNotFound", LOAD_BALANCER),
        ("elb", "describe_load_balancers", "LoadBalancerNotFound", f"{ELB}:loadbalancer/shop"),
        ("cloudfront", "get_distribution", "NoSuchDistribution", DISTRIBUTION),
    ],
)
def test_a_missing_consumer_has_no_binding_and_any_other_refusal_is_an_error(
    consumers: AwsConsumers, script: Script, service: str, operation: str, code: str, arn: str
) -> None:
    script.refuse(service, operation, code)
    script.domain_names()
    if service == "cloudfront":
        script.tenants()
    assert found_by(consumers, arn) == ()
    script.refuse(service, operation, "AccessDenied")
    if service == "cloudfront":
        script.tenants()
    (place,) = consumers.find(certificate(arn)).errors
    assert place == f"{service} in {EDGE}"


def test_a_classic_listener_is_found_by_its_port(consumers: AwsConsumers, script: Script) -> None:
    script.classic(SSLCertificateId=OLD)
    script.domain_names()
    (found,) = found_by(consumers, f"{ELB}:loadbalancer/shop")
    assert found.key == CLASSIC.key
    assert found.label == "Classic Load Balancer shop, listener on port 443"


@pytest.mark.parametrize(("holds", "keys"), [(OLD, [SITE.key]), (OTHER, [])])
def test_a_distribution_counts_only_if_it_still_uses_the_certificate(
    consumers: AwsConsumers, script: Script, holds: str, keys: list[tuple[str, ...]]
) -> None:
    """`InUseBy` lags behind by minutes."""
    script.distribution(holds)
    script.domain_names()
    if holds == OTHER:
        script.tenants()
    found = found_by(consumers, DISTRIBUTION)
    assert [binding.key for binding in found] == keys
    assert all(binding.label == "CloudFront distribution E1 (www.example.com)" for binding in found)


def test_an_sdk_without_tenants_leaves_them_unexplained(
    clients: Clients, consumers: AwsConsumers, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 1.35 has no operation for them; a person moves them with the commands."""
    client = clients.any("cloudfront", EDGE)
    monkeypatch.delattr(type(client), "list_distribution_tenants_by_customization")
    script.domain_names()
    tenant = f"arn:aws:cloudfront::{OWN}:distribution-tenant/dt_1"
    assert found_by(consumers, tenant) == ()
    used = certificate(tenant)
    assert consumers.unexplained(used, ()) == (tenant,)
    steps = consumers.manual_steps(used, tenant, OTHER)
    assert "aws cloudfront update-distribution-tenant" in steps


def test_every_certificate_of_a_domain_name_is_read_on_every_page(
    consumers: AwsConsumers, script: Script
) -> None:
    """The one that proves ownership is in use by nothing that ACM would show."""
    first = {"domainName": "a.example.com", "certificateArn": OLD}
    script.answer("apigateway", "get_domain_names", {"items": [first], "position": "p"}, limit=500)
    second = {
        "domainName": "b.example.com",
        "regionalCertificateArn": OLD,
        "ownershipVerificationCertificateArn": OLD,
    }
    private = {
        "domainName": "c.example.com",
        "domainNameId": "abc123",
        "certificateArn": OLD,
        "endpointConfiguration": {"types": ["PRIVATE"]},
    }
    other = {"domainName": "d.example.com", "regionalCertificateArn": OTHER}
    script.answer(
        "apigateway",
        "get_domain_names",
        {"items": [second, private, other]},
        limit=500,
        position="p",
    )
    assert [(found.key, found.label) for found in found_by(consumers)] == [
        (
            ("EdgeDomainName", "a.example.com", ""),
            "API Gateway domain name a.example.com (edge-optimised)",
        ),
        (("DomainName", "b.example.com", ""), "API Gateway domain name b.example.com (regional)"),
        (
            ("DomainOwnership", "b.example.com", ""),
            "API Gateway domain name b.example.com (ownership verification)",
        ),
        (
            ("DomainName", "c.example.com", "abc123"),
            "API Gateway domain name c.example.com (private)",
        ),
    ]


def test_a_collection_without_members_is_empty(consumers: AwsConsumers, script: Script) -> None:
    """API Gateway leaves `items` out, as other services may do with their lists."""
    script.answer("apigateway", "get_domain_names", {}, limit=500)
    script.answer("cognito-idp", "list_user_pools", {}, MaxResults=60)
    assert found_by(consumers, FOREIGN_DISTRIBUTION) == ()


def test_user_pools_are_read_if_a_distribution_of_aws_uses_the_certificate(
    consumers: AwsConsumers, script: Script
) -> None:
    script.domain_names()
    pools = [{"Id": f"{EDGE}_{name}"} for name in "abcd"]
    listing = ("cognito-idp", "list_user_pools")
    script.answer(*listing, {"UserPools": pools[:2], "NextToken": "t"}, MaxResults=60)
    describing = ("cognito-idp", "describe_user_pool")
    domain = {"CustomDomain": "auth.example.com"}
    script.answer(*describing, {"UserPool": domain}, UserPoolId=pools[0]["Id"])
    held = {"Status": "ACTIVE", "CustomDomainConfig": {"CertificateArn": OLD}}
    script.user_pool_domain(**held)
    script.answer(*describing, {"UserPool": {}}, UserPoolId=pools[1]["Id"])
    script.answer(*listing, {"UserPools": pools[2:]}, MaxResults=60, NextToken="t")
    script.refuse(*describing, "ResourceNotFoundException", UserPoolId=pools[2]["Id"])
    script.answer(*describing, {"UserPool": domain}, UserPoolId=pools[3]["Id"])
    script.user_pool_domain()

    (found,) = found_by(consumers, FOREIGN_DISTRIBUTION)
    assert (found.key, found.label) == (USER_POOL.key, "Cognito domain auth.example.com")


def test_a_user_pool_that_cannot_be_read_is_an_error(
    consumers: AwsConsumers, script: Script
) -> None:
    script.domain_names()
    script.answer("cognito-idp", "list_user_pools", {"UserPools": [{"Id": "p_1"}]}, MaxResults=60)
    script.refuse("cognito-idp", "describe_user_pool", "NotAuthorizedException", UserPoolId="p_1")
    search = consumers.find(certificate(FOREIGN_DISTRIBUTION))
    assert [str(error) for error in search.errors.values()] == [
        "An error occurred (NotAuthorizedException) when calling the DescribeUserPool operation: "
    ]


@pytest.mark.parametrize(
    "arn",
    [FOREIGN_BALANCER, f"arn:aws:es:{EDGE}:{OWN}:domain/logs", "not an ARN"],
    ids=["of AWS", "another service", "no ARN"],
)
def test_unsupported_resources_and_those_of_other_accounts_are_not_read(
    consumers: AwsConsumers, script: Script, arn: str
) -> None:
    """No client for another service is made: its call would reach the embedded AWS and fail."""
    script.domain_names()
    assert found_by(consumers, arn) == ()


def test_a_region_without_the_service_has_no_consumer_and_one_without_an_answer_is_unknown(
    clients: Clients, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: str) -> NoReturn:
        raise EndpointConnectionError(endpoint_url="https://apigateway.example")

    script.domain_names()
    script.answer("cognito-idp", "list_user_pools", {}, MaxResults=60)
    others = ("eu-north-9", "eu-west-1")
    for region in others:
        for service in ("apigateway", "cognito-idp"):
            monkeypatch.setattr(clients.any(service, region), "get_paginator", unreachable)
    consumers = AwsConsumers(clients, Scope(OWN, EDGE), regions=RunRegions((EDGE, *others)))
    search = consumers.find(certificate(FOREIGN_DISTRIBUTION))
    assert list(search.errors) == ["apigateway in eu-west-1", "cognito-idp in eu-west-1"]


# --- Reading ----------------------------------------------------------------------------------


def test_a_listener_has_one_default_and_a_list(consumers: AwsConsumers, script: Script) -> None:
    script.listener(HTTPS, OLD, OTHER, OLD)
    assert consumers.current(DEFAULT) == BindingState((OLD,))
    script.listener(HTTPS, OLD, OTHER, OLD)
    assert consumers.current(SNI) == BindingState((OTHER, OLD))


def test_a_classic_listener_without_a_certificate_is_no_setting_any_more(
    consumers: AwsConsumers, script: Script
) -> None:
    script.classic(SSLCertificateId=OLD)
    assert consumers.current(CLASSIC) == BindingState((OLD,))
    script.classic()
    assert consumers.current(CLASSIC) is None


def test_a_distribution_is_settled_once_it_is_deployed(
    consumers: AwsConsumers, script: Script
) -> None:
    script.distribution(OLD)
    assert consumers.current(SITE) == BindingState((OLD,))
    script.distribution(OLD, status="InProgress")
    assert consumers.current(SITE) == BindingState((OLD,), settled=False)


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("AVAILABLE", BindingState((OLD,))),
        ("UPDATING", BindingState((OLD,), settled=False)),
        ("PENDING", BindingState((OLD,), settled=False)),
        *(
            (
                status,
                BindingState((OLD,), settled=False, error=f"its status is {status} (no such luck)"),
            )
            for status in (
                "FAILED",
                "PENDING_OWNERSHIP_VERIFICATION",
                "PENDING_CERTIFICATE_REIMPORT",
            )
        ),
    ],
)
def test_a_domain_name_says_how_far_it_is(
    consumers: AwsConsumers, script: Script, status: str, held: BindingState
) -> None:
    script.domain_name(OLD, status, " no such\n\tluck ")
    assert consumers.current(API) == held


def test_an_error_without_a_message_and_a_setting_without_a_certificate_are_read_too(
    consumers: AwsConsumers, script: Script
) -> None:
    script.domain_name(None, "FAILED")
    assert consumers.current(API) == BindingState((), settled=False, error="its status is FAILED")


def test_a_private_domain_name_is_named_by_its_id(consumers: AwsConsumers, script: Script) -> None:
    named = {"domainName": "api.example.com", "domainNameId": "abc123"}
    script.answer("apigateway", "get_domain_name", {"certificateArn": OLD}, **named)
    assert consumers.current(PRIVATE_API) == BindingState((OLD,))
    change = [{"op": "replace", "path": "/certificateArn", "value": NEW}]
    script.answer("apigateway", "update_domain_name", {}, **named, patchOperations=change)
    consumers.bind(PRIVATE_API, NEW, instead_of=OLD)


@pytest.mark.parametrize(
    ("status", "held"),
    [
        ("ACTIVE", BindingState((OLD,))),
        ("UPDATING", BindingState((OLD,), settled=False)),
        ("FAILED", BindingState((OLD,), settled=False, error="its status is FAILED")),
    ],
)
def test_a_user_pool_domain_says_how_far_it_is(
    consumers: AwsConsumers, script: Script, status: str, held: BindingState
) -> None:
    script.user_pool_domain(Status=status, CustomDomainConfig={"CertificateArn": OLD})
    assert consumers.current(USER_POOL) == held


@pytest.mark.parametrize(
    ("binding", "service", "operation", "code"),
    [
        (DEFAULT, "elbv2", "describe_listener_certificates", "ListenerNotFound"),
        (CLASSIC, "elb", "describe_load_balancers", "LoadBalancerNotFound"),
        (SITE, "cloudfront", "get_distribution", "NoSuchDistribution"),
        (API, "apigateway", "get_domain_name", "NotFoundException"),
    ],
    ids=lambda value: value.kind if isinstance(value, Binding) else "",
)
def test_a_missing_setting_has_no_certificate_and_any_other_refusal_is_an_error(
    consumers: AwsConsumers,
    script: Script,
    binding: Binding,
    service: str,
    operation: str,
    code: str,
) -> None:
    script.refuse(service, operation, code)
    assert consumers.current(binding) is None
    script.refuse(service, operation, "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        consumers.current(binding)


def test_a_missing_user_pool_domain_has_an_empty_description(
    consumers: AwsConsumers, script: Script
) -> None:
    script.user_pool_domain()
    assert consumers.current(USER_POOL) is None


# --- Changing ---------------------------------------------------------------------------------


def test_a_distribution_with_a_third_certificate_is_left_alone(
    consumers: AwsConsumers, script: Script
) -> None:
    script.distribution(OTHER)
    with pytest.raises(ConsumerChangedError):
        consumers.bind(SITE, NEW, instead_of=OLD)


@pytest.mark.parametrize(
    "description",
    [{"CustomDomainConfig": {"CertificateArn": OTHER}}, {}],
    ids=["another certificate", "deleted"],
)
def test_a_user_pool_domain_that_was_changed_since_is_left_alone(
    consumers: AwsConsumers, script: Script, description: dict[str, Any]
) -> None:
    script.user_pool_domain(**description)
    with pytest.raises(ConsumerChangedError):
        consumers.bind(USER_POOL, NEW, instead_of=OLD)


def test_a_user_pool_domain_that_has_the_successor_is_not_written_again(
    consumers: AwsConsumers, script: Script
) -> None:
    script.user_pool_domain(CustomDomainConfig={"CertificateArn": NEW})
    consumers.bind(USER_POOL, NEW, instead_of=OLD)


@pytest.mark.parametrize("code", ["ConflictException", "BadRequestException"])
def test_a_domain_name_that_is_being_changed_is_busy(
    consumers: AwsConsumers, script: Script, code: str
) -> None:
    script.refuse("apigateway", "update_domain_name", code)
    script.domain_name(OLD, "UPDATING")
    with pytest.raises(ConsumerBusyError):
        consumers.bind(API, NEW, instead_of=OLD)


@pytest.mark.parametrize("code", ["NotFoundException", "BadRequestException"])
def test_a_domain_name_that_refuses_for_another_reason_is_an_error(
    consumers: AwsConsumers, script: Script, code: str
) -> None:
    script.refuse("apigateway", "update_domain_name", code)
    if code == "BadRequestException":
        script.domain_name(OLD, "AVAILABLE")
    with pytest.raises(ClientError, match=code):
        consumers.bind(API, NEW, instead_of=OLD)


def test_a_default_certificate_is_replaced_and_a_list_is_added_to(
    consumers: AwsConsumers, script: Script
) -> None:
    """ModifyListener takes exactly one certificate and keeps the other settings."""
    named = {"ListenerArn": HTTPS, "Certificates": [{"CertificateArn": NEW}]}
    script.answer("elbv2", "modify_listener", {}, **named)
    consumers.bind(DEFAULT, NEW, instead_of=OLD)
    script.answer("elbv2", "add_listener_certificates", {}, **named)
    consumers.bind(SNI, NEW, instead_of=OLD)


def test_a_classic_listener_is_changed_by_its_port(consumers: AwsConsumers, script: Script) -> None:
    script.answer(
        "elb",
        "set_load_balancer_listener_ssl_certificate",
        {},
        LoadBalancerName="shop",
        LoadBalancerPort=443,
        SSLCertificateId=NEW,
    )
    consumers.bind(CLASSIC, NEW, instead_of=OLD)


def test_only_a_certificate_in_a_list_is_removed_from_it(
    consumers: AwsConsumers, script: Script
) -> None:
    script.listener(HTTPS, OLD, OTHER)
    consumers.unbind(SNI, OLD)
    script.refuse("elbv2", "describe_listener_certificates", "ListenerNotFound")
    consumers.unbind(SNI, OLD)
    script.listener(HTTPS, NEW, OTHER, OLD)
    script.answer(
        "elbv2",
        "remove_listener_certificates",
        {},
        ListenerArn=HTTPS,
        Certificates=[{"CertificateArn": OLD}],
    )
    consumers.unbind(SNI, OLD)


@pytest.mark.parametrize("code", ["ListenerNotFound", "CertificateNotFound"])
def test_a_certificate_that_another_client_has_removed_counts_as_removed(
    consumers: AwsConsumers, script: Script, code: str
) -> None:
    script.listener(HTTPS, NEW, OLD)
    script.refuse("elbv2", "remove_listener_certificates", code)
    consumers.unbind(SNI, OLD)


def test_a_certificate_that_a_listener_does_not_give_up_is_an_error(
    consumers: AwsConsumers, script: Script
) -> None:
    """The default certificate cannot be removed: another client restored it meanwhile."""
    script.listener(HTTPS, OLD, OLD)
    script.refuse("elbv2", "remove_listener_certificates", "OperationNotPermitted")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        consumers.unbind(SNI, OLD)
