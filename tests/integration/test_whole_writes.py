"""An update that replaces a configuration loses nothing of it, whatever the SDK knows."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers import base
from certificate_lifecycle.aws.consumers.amplify import AMPLIFY_DOMAIN
from certificate_lifecycle.aws.consumers.amplify import DOMAIN_WRITE as AMPLIFY_WRITE
from certificate_lifecycle.aws.consumers.cloudfront import CONFIG_WRITE, DISTRIBUTION
from certificate_lifecycle.aws.consumers.cloudfront_tenants import (
    DISTRIBUTION_TENANT,
    TENANT_WRITE,
)
from certificate_lifecycle.aws.consumers.cognito import DOMAIN_WRITE, USER_POOL_DOMAIN
from certificate_lifecycle.aws.consumers.registry import PERMISSIONS, WHOLE_WRITES, AwsConsumers
from certificate_lifecycle.aws.whole_writes import WholeWrite, accepted, require_complete
from certificate_lifecycle.model.errors import (
    CertificateRefusedError,
    ConsumerBusyError,
    ManualStepRequiredError,
    UnknownSettingError,
)
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.bindings import Binding, BindingState
from tests.embedded_aws.cloud import Cloud

pytestmark = pytest.mark.integration

OWN, EDGE = "123456789012", "us-east-1"
DOMAIN = "auth.example.com"
NAMESPACE = b"http://cloudfront.amazonaws.com/doc/2020-05-31/"
ROUTING = {"Failover": {"SecondaryRegion": "us-west-2", "PrimaryRoute53HealthCheckId": "h"}}


@pytest.fixture
def clients() -> Clients:
    return Clients("eu-west-1")


@pytest.fixture
def consumers(clients: Clients) -> AwsConsumers:
    return AwsConsumers(clients, Scope(OWN, EDGE))


@pytest.fixture
def old(cloud: Cloud) -> str:
    return cloud.certificates.add(region=EDGE)


@pytest.fixture
def new(cloud: Cloud) -> str:
    return cloud.certificates.add(region=EDGE)


@pytest.fixture
def site(cloud: Cloud, old: str) -> Binding:
    return Binding(DISTRIBUTION, cloud.consumers.distribution(old, "www.example.com"))


@pytest.fixture
def login(cloud: Cloud, old: str) -> Binding:
    return Binding(USER_POOL_DOMAIN, DOMAIN, cloud.consumers.user_pool_domain(DOMAIN, old))


@pytest.fixture
def customer(cloud: Cloud, old: str) -> Binding:
    distribution = cloud.consumers.distribution(cloud.certificates.add(region=EDGE))
    id_ = cloud.consumers.distribution_tenant(distribution, old, "example.com")
    return Binding(DISTRIBUTION_TENANT, id_, distribution)


@pytest.fixture
def website(cloud: Cloud, old: str) -> Binding:
    app_id = cloud.consumers.amplify_domain("example.com", old, "", region=EDGE)
    return Binding(AMPLIFY_DOMAIN, "example.com", app_id)


def older_sdk(patch: pytest.MonkeyPatch, service: str, shape: str, member: str) -> AwsConsumers:
    """Return consumers whose SDK does not know a member of a shape."""
    load = Loader.load_service_model

    def loaded(loader: Loader, name: str, kind: str, api_version: str | None = None) -> Any:  # noqa: ANN401 - a model
        model = load(loader, name, kind, api_version)
        if (name, kind) == (service, "service-2"):
            model = copy.deepcopy(model)
            del model["shapes"][shape]["members"][member]
        return model

    with patch.context() as context:
        context.setattr(Loader, "load_service_model", loaded)
        clients = Clients("eu-west-1")
        clients.any(service, EDGE)
    return AwsConsumers(clients, Scope(OWN, EDGE))


@pytest.fixture(params=["site", "customer", "login", "website"])
def binding(request: pytest.FixtureRequest) -> Binding:
    found: Binding = request.getfixturevalue(request.param)
    return found


def test_a_consumer_keeps_everything_but_the_certificate(
    cloud: Cloud, consumers: AwsConsumers, binding: Binding, old: str, new: str
) -> None:
    if binding.kind is USER_POOL_DOMAIN:
        cloud.consumers.configure_user_pool_domain(DOMAIN, ROUTING)
    before = repr(cloud.consumers.snapshot())
    consumers.bind(binding, new, instead_of=old)
    assert repr(cloud.consumers.snapshot()) == before.replace(old, new)


# --- CloudFront -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "element", "shown"),
    [
        ("", "<New>1</New>", " remove New;"),
        ("", "<New/>", " remove New;"),
        ("", "<New><Deep>secret</Deep></New>", " remove New;"),
        ("ViewerCertificate", "<New>1</New>", " remove ViewerCertificate.New;"),
        ("DefaultCacheBehavior", "<New>1</New>", " remove DefaultCacheBehavior.New;"),
        ("Origins", "<New>1</New>", " remove Origins.New;"),
        ("Origins/Items", "<Other>1</Other>", "cannot repeat"),
        ("Origins/Items/Origin", "<New>1</New>", " remove Origins.Items.Origin.New;"),
        (
            "Origins/Items/Origin/CustomOriginConfig",
            "<New>1</New>",
            " remove Origins.Items.Origin.CustomOriginConfig.New;",
        ),
        # Twice, or in another case.
        ("", "<Comment>another</Comment>", "cannot repeat"),
        ("", "<comment>1</comment>", " remove comment;"),
        # A boolean that the SDK reads as false.
        ("", "<IsIPV6Enabled>TRUE</IsIPV6Enabled>", " remove IsIPV6Enabled;"),
    ],
)
def test_a_distribution_with_a_member_that_the_sdk_does_not_know_is_not_written(
    cloud: Cloud,
    consumers: AwsConsumers,
    site: Binding,
    old: str,
    new: str,
    path: str,
    element: str,
    shown: str,
) -> None:
    cloud.consumers.unknown_members(site.consumer)[path] = element
    before = repr(cloud.consumers.snapshot())
    with pytest.raises(UnknownSettingError, match=shown) as refused:
        consumers.bind(site, new, instead_of=old)
    assert "botocore " in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "UpdateDistribution" not in [call.operation for call in cloud.calls]
    assert repr(cloud.consumers.snapshot()) == before


def test_a_distribution_with_mutual_tls_is_not_written_by_an_sdk_that_does_not_know_it(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    consumers: AwsConsumers,
    site: Binding,
    old: str,
    new: str,
) -> None:
    """The SDK of early 2025 has no ViewerMtlsConfig."""
    mtls = {"Mode": "required", "TrustStoreConfig": {"TrustStoreId": "ts_1"}}
    cloud.consumers.configure_distribution(site.consumer, ViewerMtlsConfig=mtls)
    older = older_sdk(monkeypatch, "cloudfront", "DistributionConfig", "ViewerMtlsConfig")
    with pytest.raises(UnknownSettingError, match="ViewerMtlsConfig"):
        older.bind(site, new, instead_of=old)
    assert cloud.consumers.certificates(site.consumer) == (old,)
    consumers.bind(site, new, instead_of=old)
    assert "ts_1" in repr(cloud.consumers.snapshot())


def test_members_outside_the_configuration_are_no_obstacle(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, site: Binding, old: str, new: str
) -> None:
    older = older_sdk(monkeypatch, "cloudfront", "Distribution", "InProgressInvalidationBatches")
    older.bind(site, new, instead_of=old)
    assert cloud.consumers.certificates(site.consumer) == (new,)


@pytest.fixture(params=["site", "customer"])
def versioned(request: pytest.FixtureRequest) -> tuple[Binding, str]:
    """Return a distribution and a tenant, each with the operation that updates it."""
    updates = {"site": "UpdateDistribution", "customer": "UpdateDistributionTenant"}
    return request.getfixturevalue(request.param), updates[request.param]


def test_a_resource_that_is_changed_concurrently_is_read_again(
    cloud: Cloud, consumers: AwsConsumers, versioned: tuple[Binding, str], old: str, new: str
) -> None:
    binding, update = versioned
    cloud.fail("cloudfront", update, "PreconditionFailed")
    consumers.bind(binding, new, instead_of=old)
    assert cloud.consumers.certificates(binding.consumer) == (new,)


def test_a_resource_that_is_changed_time_and_again_is_busy(
    cloud: Cloud, consumers: AwsConsumers, versioned: tuple[Binding, str], old: str, new: str
) -> None:
    binding, update = versioned
    cloud.fail("cloudfront", update, "PreconditionFailed", times=None)
    with pytest.raises(ConsumerBusyError):
        consumers.bind(binding, new, instead_of=old)


def test_a_certificate_that_a_distribution_does_not_take_is_refused(
    cloud: Cloud, consumers: AwsConsumers, site: Binding, old: str
) -> None:
    elsewhere = cloud.certificates.add(region="eu-west-1")
    with pytest.raises(CertificateRefusedError, match="InvalidViewerCertificate"):
        consumers.bind(site, elsewhere, instead_of=old)


# --- Distribution tenants ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "Customizations", "Customizations/WebAcl", "Domains/member"])
def test_a_tenant_with_a_member_that_the_sdk_does_not_know_is_not_written(
    cloud: Cloud, consumers: AwsConsumers, customer: Binding, old: str, new: str, path: str
) -> None:
    cloud.consumers.unknown_members(customer.consumer)[path] = "<New>secret</New>"
    name = ".".join((*filter(None, path.split("/")), "New"))
    with pytest.raises(UnknownSettingError, match=f" remove {name};") as refused:
        consumers.bind(customer, new, instead_of=old)
    assert "aws cloudfront update-distribution-tenant" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert cloud.consumers.certificates(customer.consumer) == (old,)


@pytest.mark.parametrize("shape", ["DomainResult", "DomainItem"])
def test_a_setting_of_a_tenant_s_domain_is_not_lost_by_an_sdk_that_cannot_read_or_write_it(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    customer: Binding,
    old: str,
    new: str,
    shape: str,
) -> None:
    domains = [{"Domain": "example.com", "ServeOn": "any"}]
    cloud.consumers.configure_distribution_tenant(customer.consumer, Domains=domains)
    older = older_sdk(monkeypatch, "cloudfront", shape, "ServeOn")
    with pytest.raises(UnknownSettingError):
        older.bind(customer, new, instead_of=old)
    assert cloud.consumers.certificates(customer.consumer) == (old,)


@pytest.mark.parametrize("details", [{"region": "eu-west-1"}, {"domain_name": "b.example.com"}])
def test_a_certificate_that_a_tenant_does_not_take_is_refused(
    cloud: Cloud, consumers: AwsConsumers, customer: Binding, old: str, details: dict[str, Any]
) -> None:
    other = cloud.certificates.add(**{"region": EDGE, **details})
    with pytest.raises(CertificateRefusedError, match="InvalidArgument"):
        consumers.bind(customer, other, instead_of=old)


# --- Cognito ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("New", "secret"),
        ("New", False),
        ("New", 0),
        ("New", []),
        ("CustomDomainConfig/New", "secret"),
        ("Routing/New", "secret"),
        ("Routing/Failover/New", {"Deep": ["secret"]}),
    ],
)
def test_a_user_pool_domain_with_a_member_that_the_sdk_does_not_know_is_not_written(
    cloud: Cloud,
    consumers: AwsConsumers,
    login: Binding,
    old: str,
    new: str,
    path: str,
    value: object,
) -> None:
    cloud.consumers.configure_user_pool_domain(DOMAIN, ROUTING)
    cloud.consumers.unknown_members(DOMAIN)[path] = value
    before = repr(cloud.consumers.snapshot())
    with pytest.raises(UnknownSettingError, match=path.replace("/", ".")) as refused:
        consumers.bind(login, new, instead_of=old)
    assert "secret" not in str(refused.value)
    assert repr(cloud.consumers.snapshot()) == before


@pytest.mark.parametrize("shape", ["DomainDescriptionType", "UpdateUserPoolDomainRequest"])
def test_a_domain_s_routing_is_not_lost_by_an_sdk_that_cannot_read_or_write_it(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    login: Binding,
    old: str,
    new: str,
    shape: str,
) -> None:
    cloud.consumers.configure_user_pool_domain(DOMAIN, ROUTING)
    older = older_sdk(monkeypatch, "cognito-idp", shape, "Routing")
    with pytest.raises(UnknownSettingError, match="Routing"):
        older.bind(login, new, instead_of=old)
    assert cloud.consumers.certificates(DOMAIN) == (old,)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ConcurrentModificationException", ConsumerBusyError),
        ("NotAuthorizedException", ClientError),
    ],
)
def test_a_user_pool_domain_that_is_being_changed_is_busy_and_all_else_an_error(
    cloud: Cloud,
    consumers: AwsConsumers,
    login: Binding,
    old: str,
    new: str,
    code: str,
    error: type[Exception],
) -> None:
    cloud.fail("cognito-idp", "UpdateUserPoolDomain", code)
    with pytest.raises(error):
        consumers.bind(login, new, instead_of=old)


# --- Amplify ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "lost"),
    [
        ("New", "New"),
        ("certificate/New", "certificateSettings.New"),
        ("subDomains/1/New", r"subDomainSettings\[2\].New"),
        ("subDomains/1/subDomainSetting/New", r"subDomainSettings\[2\].New"),
    ],
)
def test_a_domain_of_amplify_with_a_member_that_the_sdk_does_not_know_is_not_written(
    cloud: Cloud,
    consumers: AwsConsumers,
    website: Binding,
    old: str,
    new: str,
    path: str,
    lost: str,
) -> None:
    cloud.consumers.unknown_members(website.consumer)[path] = "secret"
    with pytest.raises(UnknownSettingError, match=f" remove {lost};") as refused:
        consumers.bind(website, new, instead_of=old)
    assert "aws amplify update-domain-association" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert cloud.consumers.certificates(website.consumer) == (old,)


def test_a_domain_of_amplify_that_passes_a_role_is_left_to_a_person(
    cloud: Cloud, consumers: AwsConsumers, website: Binding, old: str, new: str
) -> None:
    role = f"arn:aws:iam::{OWN}:role/subdomains"
    cloud.consumers.configure_amplify_domain(website.qualifier, autoSubDomainIAMRole=role)
    with pytest.raises(ManualStepRequiredError, match="passes an IAM role") as refused:
        consumers.bind(website, new, instead_of=old)
    assert f"--app-id {website.qualifier} --domain-name example.com" in str(refused.value)
    assert cloud.consumers.certificates(website.consumer) == (old,)


def test_a_domain_of_amplify_that_is_being_changed_is_busy(
    cloud: Cloud, consumers: AwsConsumers, website: Binding, old: str, new: str
) -> None:
    cloud.consumers.knobs.amplify_domains_update = timedelta(hours=1)
    consumers.bind(website, new, instead_of=old)
    with pytest.raises(ConsumerBusyError):
        consumers.bind(website, old, instead_of=new)
    assert consumers.current(website) == BindingState((new,), settled=False)


def test_an_update_of_amplify_that_failed_is_an_error_of_the_domain(
    cloud: Cloud, consumers: AwsConsumers, website: Binding, old: str, new: str
) -> None:
    cloud.consumers.knobs.failing = {website.consumer}
    consumers.bind(website, new, instead_of=old)
    state = consumers.current(website)
    assert state == BindingState((new,), settled=False, error="its status is UPDATE_FAILED")
    cloud.consumers.remove(website.consumer)
    assert consumers.current(website) is None


# --- All --------------------------------------------------------------------------------------


def test_nothing_is_written_without_the_raw_response(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    binding: Binding,
    old: str,
    new: str,
) -> None:
    monkeypatch.setattr(base, "keep_raw_responses", lambda *_: None)
    consumers = AwsConsumers(Clients("eu-west-1"), Scope(OWN, EDGE))
    with pytest.raises(UnknownSettingError, match="raw response"):
        consumers.bind(binding, new, instead_of=old)
    assert cloud.consumers.certificates(binding.consumer) == (old,)


@pytest.mark.parametrize("raw", [b"", b"<", b"<a/>", b"{}", b"[]", b"null", "text"])
def test_nothing_is_written_after_a_raw_response_that_cannot_be_read(
    cloud: Cloud,
    clients: Clients,
    binding: Binding,
    old: str,
    new: str,
    raw: object,
) -> None:
    services = {USER_POOL_DOMAIN: "cognito-idp", AMPLIFY_DOMAIN: "amplify"}
    service = services.get(binding.kind, "cloudfront")
    client = clients.any(service, EDGE)
    client.meta.events.register_last("after-call", lambda parsed, **_: _with_raw(parsed, raw))
    with pytest.raises(UnknownSettingError):
        AwsConsumers(clients, Scope(OWN, EDGE)).bind(binding, new, instead_of=old)
    assert cloud.consumers.certificates(binding.consumer) == (old,)


def _with_raw(parsed: dict[str, Any], raw: object) -> None:
    metadata = parsed["ResponseMetadata"]
    for name in metadata:
        if name.endswith("RawBody"):
            metadata[name] = raw


def example(shape: Shape, *, empty: bool) -> Any:  # noqa: ANN401 - any value
    """Return a value with every member of a shape: as little as the model allows, or more."""
    least = shape.metadata.get("min", 0)
    if isinstance(shape, StructureShape):
        return {name: example(member, empty=empty) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [example(shape.member, empty=empty)] * (least if empty else max(least, 2))
    if shape.type_name == "boolean":
        return not empty
    # A time or a decimal number could be written in another form than it was read.
    assert shape.type_name in {"string", "integer", "long"}, shape
    if shape.type_name == "string":
        return "x" * least if empty else " a <value> & more \n".ljust(least)
    return least if empty else least + 1


#: Members of requests that ask for something once; no response has them.
NEVER_READ = ("ManagedCertificateRequest", "OnDomainTakeover")


def shown_as(whole: WholeWrite, body: bytes) -> bytes:
    """Return the response about an object whose update is `body`."""
    match whole.write:
        case "UpdateDistribution":
            return b'<Distribution xmlns="%s"><Id>E1</Id>%s</Distribution>' % (NAMESPACE, body)
        case "UpdateDistributionTenant":
            return body.replace(b"UpdateDistributionTenantRequest", b"DistributionTenant")
        case "UpdateDomainAssociation":
            shown = json.loads(body)
            domains = [{"subDomainSetting": entry} for entry in shown.pop("subDomainSettings")]
            shown |= {"subDomains": domains, "certificate": shown.pop("certificateSettings")}
            return json.dumps({"domainAssociation": shown}).encode()
        case _:
            return b'{"DomainDescription": %s}' % body


#: Where a response has the members of a request.
RESOURCES = {
    AMPLIFY_WRITE.write: "domainAssociation",
    CONFIG_WRITE.write: "Distribution",
    DOMAIN_WRITE.write: "DomainDescription",
    TENANT_WRITE.write: "DistributionTenant",
}


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("whole", WHOLE_WRITES, ids=lambda whole: whole.write)
def test_an_object_of_every_member_that_the_sdk_knows_is_complete(
    clients: Clients, whole: WholeWrite, *, empty: bool
) -> None:
    """The guard refuses nothing without a reason."""
    client = clients.any(whole.service, EDGE)
    model = client.meta.service_model
    write, read = model.operation_model(whole.write), model.operation_model(whole.read)
    parameters = example(write.input_shape, empty=empty)
    for name in NEVER_READ:
        parameters.pop(name, None)
    serializer = create_serializer(model.resolved_protocol)
    raw = shown_as(whole, serializer.serialize_to_request(parameters, write)["body"])
    answer = create_parser(model.resolved_protocol).parse(
        {"status_code": 200, "headers": {}, "body": raw}, read.output_shape
    )
    parameters |= accepted(client, whole, answer[RESOURCES[whole.write]])
    answer["ResponseMetadata"]["certificate-lifecycle:RawBody"] = raw
    require_complete(client, whole, answer, parameters)


#: Writes that change only what they name (API references of the services).
NARROW = {
    *("apigateway:AddCertificateToDomain", "apigateway:PATCH"),
    *("apigateway:RemoveCertificateFromDomain",),
    *("elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:ModifyListener"),
    *("elasticloadbalancing:RemoveListenerCertificates",),
    *("elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",),
}


def test_every_write_to_a_consumer_is_guarded_or_changes_only_what_it_names() -> None:
    reading = ("Describe", "Get", "GET", "List")
    writes = {
        permission.action
        for permission in PERMISSIONS
        if not permission.action.partition(":")[2].startswith(reading)
    }
    assert writes - NARROW == {f"{whole.service}:{whole.write}" for whole in WHOLE_WRITES}
