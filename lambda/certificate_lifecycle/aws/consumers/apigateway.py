"""API Gateway: the certificates of custom domain names, of REST and HTTP APIs alike.

A domain name made through either version of the API is seen and changed through this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.consumers.base import Consumer
from certificate_lifecycle.aws.permissions import EVERYTHING, Setting, for_rotations, for_scans
from certificate_lifecycle.aws.read_calls import ReadCall
from certificate_lifecycle.aws.responses import validated_response
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.errors import ConsumerBusyError
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind
from certificate_lifecycle.render.manual_steps import aws_command

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
        GET="verify a changed domain name",
        PATCH="change the certificate of a domain name",
        AddCertificateToDomain="the new certificate",
        RemoveCertificateFromDomain="the old certificate",
    ),
    *for_rotations(
        "cloudfront",
        EVERYTHING,
        Setting.REBIND_CONSUMERS,
        Setting.US_EAST_1,
        UpdateDistribution="AWS's own distributions of edge-optimised domain names",
    ),
)
#: The certificate of a regional domain name, or of a private one, whose id is the `qualifier`.
DOMAIN_NAME = ConsumerKind("DomainName")
#: The certificate of an edge-optimised domain name.
EDGE_DOMAIN_NAME = ConsumerKind("EdgeDomainName")
#: The certificate that proves the ownership of a domain name with mutual TLS.
DOMAIN_OWNERSHIP = ConsumerKind("DomainOwnership")
#: What AWS keeps for a domain name in an account of its own, and names in `InUseBy`.
_STANDS_FOR = {"elasticloadbalancing": DOMAIN_NAME, "cloudfront": EDGE_DOMAIN_NAME}
#: The attribute that each kind of setting is (API reference, UpdateDomainName).
_ATTRIBUTES = {
    DOMAIN_NAME: "regionalCertificateArn",
    EDGE_DOMAIN_NAME: "certificateArn",
    DOMAIN_OWNERSHIP: "ownershipVerificationCertificateArn",
}
_WORDS = {
    DOMAIN_NAME: "regional",
    EDGE_DOMAIN_NAME: "edge-optimised",
    DOMAIN_OWNERSHIP: "ownership verification",
}
#: States in which a change has failed, or waits for somebody's proof of ownership.
_FAULTS = ("FAILED", "PENDING_CERTIFICATE_REIMPORT", "PENDING_OWNERSHIP_VERIFICATION")
_AVAILABLE = "AVAILABLE"
_PAGE_SIZE = 500
_BUSY = ("ConflictException", "BadRequestException")


class DomainNames(Consumer):
    """The custom domain names of one account and region."""

    service = "apigateway"
    kinds = (DOMAIN_NAME, EDGE_DOMAIN_NAME, DOMAIN_OWNERSHIP)
    permissions = PERMISSIONS
    _client: APIGatewayClient

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is, or may stand for, a domain name of ours."""
        return arn.service in _STANDS_FOR if arn.foreign else arn.service == "apigateway"

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether a domain name is of the kind that makes AWS use such a resource.

        Which one of them it is cannot be found out.
        """
        return _STANDS_FOR.get(arn.service) == binding.kind

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the call for each kind of domain name that it may be."""
        regional = _patch(arn.region, "regionalCertificateArn", successor_arn)
        match arn.service:
            case "elasticloadbalancing":
                return ("# A regional domain name of API Gateway:", regional)
            case "cloudfront":
                return (
                    "# An edge-optimised domain name of API Gateway, in any region:",
                    _patch("REGION", "certificateArn", successor_arn),
                )
            case _:
                return (
                    "# A regional domain name:",
                    regional,
                    "# An edge-optimised or private one (a private one with --domain-name-id too):",
                    _patch(arn.region, "certificateArn", successor_arn),
                )

    def read_calls(self) -> Iterator[ReadCall]:
        """Yield the call that lists domain names."""
        client, scope = self._client, self._scope
        yield ReadCall(
            "apigateway:GET",
            f"arn:{scope.partition}:apigateway:{scope.region}::/domainnames",
            lambda: client.get_domain_names(limit=1),
        )

    @validated_response("GetDomainNames")
    def find(self, certificate: Certificate) -> list[Binding]:
        """Return every setting of a domain name that holds a certificate.

        All domain names are read: ACM does not name them, nor what uses a certificate to prove
        ownership.
        """
        return [
            binding
            for domain in self._domains()
            for binding in _bindings(domain)
            if domain.get(_attribute(binding)) == certificate.arn
        ]

    @validated_response("GetDomainName")
    def current(self, binding: Binding) -> BindingState | None:
        """Return what a domain name holds and whether it is available; None if it is gone."""
        domain = self._get(binding)
        if domain is None:
            return None
        certificate = domain.get(_attribute(binding))
        status = domain.get("domainNameStatus", _AVAILABLE)
        why = " ".join(domain.get("domainNameStatusMessage", "").split())
        fault = f"its status is {status}{f' ({why})' if why else ''}"
        return BindingState(
            (certificate,) if certificate else (),
            status == _AVAILABLE,
            fault if status in _FAULTS else None,
        )

    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Let a domain name hold another certificate.

        Raises ConsumerBusyError while it still carries out another change.
        """
        del instead_of
        path = f"/{_attribute(binding)}"
        try:
            self._client.update_domain_name(
                **_names(binding),
                patchOperations=[{"op": "replace", "path": path, "value": certificate_arn}],
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _BUSY or not self._updating(binding):
                raise
            raise ConsumerBusyError("it still carries out another change") from error

    def _updating(self, binding: Binding) -> bool:
        domain = self._get(binding)
        return domain is not None and domain.get("domainNameStatus") == "UPDATING"

    def _get(self, binding: Binding) -> Mapping[str, Any] | None:
        try:
            return self._client.get_domain_name(**_names(binding))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotFoundException":
                raise
            return None

    def _domains(self) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("get_domain_names").paginate(
            PaginationConfig={"PageSize": _PAGE_SIZE}
        )
        for page in pages:
            yield from page["items"]


def _patch(region: str, attribute: str, new: str) -> str:
    """Return a call that serves the domain names of REST, HTTP and WebSocket APIs alike."""
    return aws_command(
        "apigateway update-domain-name",
        region,
        "--domain-name DOMAIN_NAME",
        f"--patch-operations op=replace,path=/{attribute},value={new}",
    )


def _bindings(domain: Mapping[str, Any]) -> Iterator[Binding]:
    """Yield what may hold a certificate; a private domain name has but one setting."""
    name = domain["domainName"]
    label = f"API Gateway domain name {name}"
    if "PRIVATE" in domain.get("endpointConfiguration", {}).get("types", ()):
        domain_id = domain["domainNameId"]
        yield Binding(DOMAIN_NAME, name, domain_id, f"{label} (private)")
        return
    for kind, word in _WORDS.items():
        yield Binding(kind, name, label=f"{label} ({word})")


def _attribute(binding: Binding) -> str:
    """Return what holds the certificate: a private domain name keeps it where an edge one does."""
    kind = EDGE_DOMAIN_NAME if binding.qualifier else binding.kind
    return _ATTRIBUTES[kind]


def _names(binding: Binding) -> dict[str, Any]:
    """Return what names a domain name: a private one has an id, too."""
    private = {"domainNameId": binding.qualifier} if binding.qualifier else {}
    return {"domainName": binding.consumer, **private}
