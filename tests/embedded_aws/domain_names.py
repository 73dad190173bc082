"""API Gateway: custom domain names, which both versions of its API show.

https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateDomainName.html
moto keeps one store for each version, and cannot update a domain name in either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.protocol import AwsError, Request
from tests.estates.estate import DEFAULT_REGION, Estate
from tests.harness.settings import (
    ALL_KEYS,
    AWS_ACCOUNT,
    EDGE_KEYS,
    EDGE_REGION,
    Elsewhere,
    Knobs,
    Uses,
    page_of,
    usable,
)

Result = dict[str, Any]
PAGE_SIZE = 1
ATTRIBUTES = ("certificateArn", "regionalCertificateArn", "ownershipVerificationCertificateArn")


@dataclass
class DomainName:
    """One domain name; its endpoint says which attribute holds the certificate.

    `id` is what a private one has beside its name.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-private-custom-domains.html
    """

    name: str
    region: str
    endpoint: str
    certificates: dict[str, str]
    id: str | None = None
    updated_at: datetime | None = None
    failed: bool = False

    @property
    def user(self) -> str:
        """The consumer that ACM names: a resource in an account of AWS's own for each domain name.

        That of an edge-optimised one names no region, for an API in any region
        (https://github.com/aws/aws-cdk/issues/16608, https://github.com/aws/aws-cdk/issues/13512).
        """
        digest = sha256(f"{self.region}/{self.name}".encode()).hexdigest()[:16]
        if self.endpoint == "EDGE":
            return f"arn:aws:cloudfront::{AWS_ACCOUNT}:distribution/E{digest[:13].upper()}"
        return (
            f"arn:aws:elasticloadbalancing:{self.region}:{AWS_ACCOUNT}"
            f":loadbalancer/app/prod-api/{digest}"
        )


class DomainNames:
    """The domain names that tests have made."""

    def __init__(self, estate: Estate, knobs: Callable[[], Knobs], uses: Uses) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self.all: dict[tuple[str, str], DomainName] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(
        self,
        name: str,
        certificate: str,
        *,
        endpoint: str = "REGIONAL",
        ownership: str | None = None,
        region: str = DEFAULT_REGION,
    ) -> str:
        attribute = "regionalCertificateArn" if endpoint == "REGIONAL" else "certificateArn"
        certificates = {attribute: certificate}
        if ownership:
            certificates["ownershipVerificationCertificateArn"] = ownership
        found = f"d{len(self.all):09d}" if endpoint == "PRIVATE" else None
        self.all[region, name] = DomainName(name, region, endpoint, certificates, found)
        return name

    def users(self, certificate: Certificate) -> Iterator[str]:
        """Name who serves it; a proof of ownership is no visible use."""
        for domain in self.all.values():
            served = [domain.certificates.get(name) for name in ATTRIBUTES[:2]]
            if certificate.arn in served:
                yield domain.user

    def certificates(self, name: str) -> list[str]:
        named = [entry for entry in self.all.values() if entry.name == name]
        return [arn for entry in named for arn in entry.certificates.values()]

    def remove(self, name: str) -> None:
        for key in [key for key in self.all if key[1] == name]:
            del self.all[key]

    def unknown(self, name: str) -> dict[str, Any] | None:
        """Return nothing: an update keeps omitted members."""

    def snapshot(self) -> dict[str, Any]:
        return {
            domain.name: [self.shown(domain), self.shown_v2(domain)] for domain in self.all.values()
        }

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("apigateway", "GetDomainName"): self.get,
            ("apigateway", "GetDomainNames"): self.list,
            ("apigateway", "UpdateDomainName"): self.update,
            ("apigatewayv2", "GetDomainName"): self.get_v2,
        }

    def get(self, request: Request) -> Result:
        return self.shown(self._named(request, "domainName"))

    def get_v2(self, request: Request) -> Result:
        return self.shown_v2(self._named(request, "DomainName"))

    def list(self, request: Request) -> Result:
        """List domain names; an empty collection has no `items`.

        https://github.com/aws/aws-sdk-js/issues/1416
        """
        found = [each for (region, _), each in self.all.items() if region == request.region]
        page, position = page_of(
            [self.shown(entry) for entry in found], request.parameters.get("position"), PAGE_SIZE
        )
        return ({"items": page} if page else {}) | ({"position": position} if position else {})

    def shown(self, domain: DomainName) -> Result:
        status = self._status(domain)
        message = {"domainNameStatusMessage": "The certificate\nwas not taken."}
        return {
            "domainName": domain.name,
            **domain.certificates,
            "endpointConfiguration": {"types": [domain.endpoint]},
            **({"domainNameId": domain.id} if domain.id else {}),
            "domainNameStatus": status,
            **(message if status == "FAILED" else {}),
            "securityPolicy": "TLS_1_2",
            "tags": {},
        }

    def shown_v2(self, domain: DomainName) -> Result:
        arn = next(iter(domain.certificates.values()))
        return {
            "DomainName": domain.name,
            "DomainNameConfigurations": [
                {
                    "CertificateArn": arn,
                    "EndpointType": domain.endpoint,
                    "DomainNameStatus": self._status(domain),
                }
            ],
        }

    def update(self, request: Request) -> Result:
        domain = self._named(request, "domainName")
        if self._status(domain) == "UPDATING":
            raise AwsError("BadRequestException", "The domain name is being updated.", status=400)
        changes: dict[str, str] = {}
        for parameter in request.parameters.get("patchOperations", []):
            attribute = parameter["path"].removeprefix("/")
            if parameter["op"] != "replace" or attribute not in domain.certificates:
                raise AwsError(
                    "BadRequestException", f"Invalid patch path {parameter['path']}", status=400
                )
            edge = domain.endpoint == "EDGE"
            region, keys = (EDGE_REGION, EDGE_KEYS) if edge else (domain.region, ALL_KEYS)
            if not usable(self._estate, parameter["value"], region, keys):
                raise AwsError("BadRequestException", "Invalid certificate ARN", status=400)
            changes[attribute] = parameter["value"]
        if not self._knobs().ignores(domain.name):
            self._apply(domain, changes)
        return self.shown(domain)

    def _apply(self, domain: DomainName, changes: Mapping[str, str]) -> None:
        for attribute, arn in changes.items():
            before = domain.certificates[attribute]
            domain.certificates[attribute] = arn
            if before not in domain.certificates.values():
                self._uses.let_go(before, domain.user)
        domain.updated_at = self._estate.now
        domain.failed = domain.name in self._knobs().failing

    def _status(self, domain: DomainName) -> str:
        """Say how far the last change is.

        https://docs.aws.amazon.com/apigateway/latest/api/API_DomainName.html
        """
        since = domain.updated_at
        if since is not None and self._estate.now < since + self._knobs().domain_names_update:
            return "UPDATING"
        return "FAILED" if domain.failed else "AVAILABLE"

    def _named(self, request: Request, key: str) -> DomainName:
        found = self.all.get((request.region, request.parameters[key]))
        if found is None or found.id != request.parameters.get("domainNameId"):
            raise Elsewhere
        return found
