"""API Gateway: the certificates of custom domain names of REST, HTTP and WebSocket APIs.

This version of the API reads and changes the domain names of both versions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.consumers.base import (
    EDGE_KEY_ALGORITHMS,
    ListedConsumer,
    Refusal,
    RefusalKind,
)
from certificate_lifecycle.aws.permissions import EVERYTHING, Setting, for_rotations, for_scans
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import paginated, unless, validated_response
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import ANY_REGION, argument, aws_command

if TYPE_CHECKING:
    from mypy_boto3_apigateway import APIGatewayClient

_DOMAIN_NAMES = (
    "arn:{partition}:apigateway:{region}::/domainnames/*",
    # Only private domain names have the account in their ARN.
    "arn:{partition}:apigateway:{region}:{account}:/domainnames/*",
)
PERMISSIONS = (
    *for_scans(
        "apigateway",
        ("arn:{partition}:apigateway:{region}::/domainnames",),
        GET="domain names and their certificates",
    ),
    *for_rotations(
        "apigateway",
        _DOMAIN_NAMES,
        Setting.REBIND_CONSUMERS,
        PATCH="change the certificate of a domain name",
        AddCertificateToDomain="the new certificate",
        RemoveCertificateFromDomain="the old certificate",
    ),
    # An edge-optimised domain name is in any region.
    *for_rotations(
        "apigateway",
        (
            "arn:{partition}:apigateway:*::/domainnames/*",
            "arn:{partition}:apigateway:*:{account}:/domainnames/*",
        ),
        Setting.REBIND_CONSUMERS,
        GET="verify a changed domain name",
    ),
    *for_rotations(
        "cloudfront",
        EVERYTHING,
        Setting.REBIND_CONSUMERS,
        Setting.US_EAST_1,
        UpdateDistribution="AWS's own distributions of edge-optimised domain names",
    ),
)
#: The certificate of a regional domain name, or of a private one with its id as `qualifier`.
DOMAIN_NAME = ConsumerKind("DomainName")
#: The certificate of an edge-optimised domain name.
EDGE_DOMAIN_NAME = ConsumerKind("EdgeDomainName")
#: The certificate that proves the ownership of a domain name with mutual TLS.
DOMAIN_OWNERSHIP = ConsumerKind("DomainOwnership")
#: Resources in accounts of AWS's own that serve domain names and appear in `InUseBy`.
_SERVED_BY = {"elasticloadbalancing": DOMAIN_NAME, "cloudfront": EDGE_DOMAIN_NAME}
#: API reference, UpdateDomainName.
_ATTRIBUTES = {
    DOMAIN_NAME: "regionalCertificateArn",
    EDGE_DOMAIN_NAME: "certificateArn",
    DOMAIN_OWNERSHIP: "ownershipVerificationCertificateArn",
}
_LABELS = {
    DOMAIN_NAME: "regional",
    EDGE_DOMAIN_NAME: "edge-optimised",
    DOMAIN_OWNERSHIP: "ownership verification",
}
#: States of a failed change, and of one that waits for a proof of ownership.
_ERRORS = ("FAILED", "PENDING_CERTIFICATE_REIMPORT", "PENDING_OWNERSHIP_VERIFICATION")
_AVAILABLE = "AVAILABLE"
_PAGE_SIZE = 500
#: API Gateway has no code of its own for a domain name that is being updated (API reference,
#: UpdateDomainName); its status decides.
_REFUSALS = (
    *(
        Refusal(code, RefusalKind.BUSY, "another change is in progress", while_updating=True)
        for code in ("ConflictException", "BadRequestException")
    ),
    # A certificate that cannot be used is one of many bad requests (same reference).
    Refusal("BadRequestException", RefusalKind.CERTIFICATE, message="certificate"),
)


class DomainNames(ListedConsumer):
    """The custom domain names of one account and region."""

    service = "apigateway"
    kinds = (DOMAIN_NAME, EDGE_DOMAIN_NAME, DOMAIN_OWNERSHIP)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    # CloudFront serves the edge-optimised ones, and an entry of AWS's own does not say which.
    key_algorithms = EDGE_KEY_ALGORITHMS
    edge = True
    _client: APIGatewayClient

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is a domain name, or a resource that may serve one."""
        return arn.service in _SERVED_BY if arn.foreign else arn.service == "apigateway"

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether AWS uses such a resource for this kind of domain name.

        AWS does not report the domain name of a resource.
        """
        return _SERVED_BY.get(arn.service) == binding.kind

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the call for each possible kind of domain name."""
        regional = _patch(arn.region, "regionalCertificateArn", successor_arn)
        match arn.service:
            case "elasticloadbalancing":
                return ("# A regional domain name of API Gateway:", regional)
            case "cloudfront":
                return (
                    "# An edge-optimised domain name of API Gateway, in any region:",
                    _patch(ANY_REGION, "certificateArn", successor_arn),
                )
            case _:
                return (
                    "# A regional domain name:",
                    regional,
                    "# An edge-optimised or private one (a private one with --domain-name-id too):",
                    _patch(arn.region, "certificateArn", successor_arn),
                )

    def manual_steps_of(self, binding: Binding, certificate_arn: str) -> tuple[str, ...]:
        """Return the call that changes the certificate of a domain name."""
        names = [
            binding.consumer,
            *(["--domain-name-id", binding.qualifier] if binding.qualifier else []),
        ]
        named = " ".join(map(argument, names))
        return (_patch(self._scope.region, _attribute(binding), certificate_arn, named),)

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield the call that lists domain names."""
        client, scope = self._client, self._scope
        yield ReadCall(
            "apigateway:GET",
            f"arn:{scope.partition}:apigateway:{scope.region}::/domainnames",
            lambda: client.get_domain_names(limit=1),
        )

    @validated_response("GetDomainNames")
    def settings(self) -> list[tuple[Binding, str]]:
        """Return every setting of a domain name that has a certificate."""
        size = {"PageSize": _PAGE_SIZE}
        return [
            (binding, domain[_attribute(binding)])
            for domain in paginated(
                self._client, "get_domain_names", "items", PaginationConfig=size
            )
            for binding in _bindings(domain)
            if domain.get(_attribute(binding))
        ]

    @validated_response("GetDomainName")
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate of a domain name; None if the domain name does not exist."""
        domain = self._get(binding)
        if domain is None:
            return None
        certificate = domain.get(_attribute(binding))
        status = domain.get("domainNameStatus", _AVAILABLE)
        message = " ".join(domain.get("domainNameStatusMessage", "").split())
        error = f"its status is {status}{f' ({message})' if message else ''}"
        return BindingState(
            (certificate,) if certificate else (),
            status == _AVAILABLE,
            error if status in _ERRORS else None,
        )

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate of a domain name."""
        del instead_of
        path = f"/{_attribute(binding)}"
        self._client.update_domain_name(
            **_names(binding),
            patchOperations=[{"op": "replace", "path": path, "value": certificate_arn}],
        )

    def _get(self, binding: Binding) -> Mapping[str, Any] | None:
        return unless("NotFoundException", lambda: self._client.get_domain_name(**_names(binding)))


def _patch(region: str, attribute: str, new: str, named: str = "DOMAIN_NAME") -> str:
    return aws_command(
        "apigateway update-domain-name",
        region,
        f"--domain-name {named}",
        f"--patch-operations op=replace,path=/{attribute},value={new}",
    )


def _bindings(domain: Mapping[str, Any]) -> Iterator[Binding]:
    """Yield the settings that can have a certificate; a private domain name has one."""
    name = domain["domainName"]
    label = f"API Gateway domain name {name}"
    if "PRIVATE" in domain.get("endpointConfiguration", {}).get("types", ()):
        domain_id = domain["domainNameId"]
        yield Binding(DOMAIN_NAME, name, domain_id, f"{label} (private)")
        return
    for kind, word in _LABELS.items():
        yield Binding(kind, name, label=f"{label} ({word})")


def _attribute(binding: Binding) -> str:
    """Return the attribute of a setting; private and edge-optimised domain names share one."""
    kind = EDGE_DOMAIN_NAME if binding.qualifier else binding.kind
    return _ATTRIBUTES[kind]


def _names(binding: Binding) -> dict[str, Any]:
    """Return the parameters that identify a domain name; a private one also has an id."""
    private = {"domainNameId": binding.qualifier} if binding.qualifier else {}
    return {"domainName": binding.consumer, **private}
