"""CloudFront: the tenants of multi-tenant distributions.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_UpdateDistributionTenant.html
moto has none.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.distributions import Distributions, repeated, with_unknown
from tests.embedded_aws.protocol import AwsError, EditedResult, Request
from tests.estates.estate import Estate
from tests.harness.settings import (
    EDGE_KEYS,
    EDGE_REGION,
    Knobs,
    Uses,
    covers,
    page_of,
    usable,
)

Result = dict[str, Any]
PAGE_SIZE = 1
DEFAULT_CONNECTION_GROUP = "cg_default"
#: Members that an update replaces; omitted ones are removed.
_REPLACED = ("ConnectionGroupId", "Customizations", "Domains", "Enabled", "Parameters")


@dataclass
class Tenant:
    """One distribution tenant; `etag` changes with each update.

    `config` has the members that an update replaces. `unknown` has XML elements that no model
    knows, by the path of their parent.
    """

    id: str
    account: str
    distribution: str
    config: Result
    etag: int = 1
    updated_at: datetime | None = None
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudfront::{self.account}:distribution-tenant/{self.id}"

    @property
    def certificate(self) -> str | None:
        """The certificate of its own; without one, it has that of its distribution."""
        found = self.config.get("Customizations", {}).get("Certificate", {}).get("Arn")
        return str(found) if found else None


class DistributionTenants:
    """The tenants that tests have made."""

    def __init__(
        self,
        estate: Estate,
        knobs: Callable[[], Knobs],
        uses: Uses,
        distributions: Distributions,
    ) -> None:
        self._estate = estate
        self._knobs = knobs
        self._uses = uses
        self._distributions = distributions
        self.all: dict[str, Tenant] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(self, distribution: str, certificate: str | None, *domains: str) -> str:
        found = f"dt_{len(self.all) + 1:024d}"
        customizations = {"Certificate": {"Arn": certificate}} if certificate else {}
        config = {
            "ConnectionGroupId": DEFAULT_CONNECTION_GROUP,
            "Customizations": {"WebAcl": {"Action": "disable"}, **customizations},
            "Domains": [{"Domain": domain} for domain in domains],
            "Enabled": True,
            "Parameters": [{"Name": "path", "Value": "a parameter that has to survive"}],
        }
        owner = self._distributions.all[distribution]
        owner.config["ConnectionMode"] = "tenant-only"
        account = owner.arn.split(":")[4]
        self.all[found] = Tenant(found, account, distribution, config)
        return found

    def users(self, certificate: Certificate) -> Iterator[str]:
        """Name the tenants of a certificate.

        AWS does not document whether ACM names a tenant or its distribution: tests try both.
        """
        return (
            self._user(tenant)
            for tenant in self.all.values()
            if tenant.certificate == certificate.arn
        )

    def _user(self, tenant: Tenant) -> str:
        if self._knobs().tenants_are_named:
            return tenant.arn
        return self._distributions.all[tenant.distribution].arn

    def certificates(self, name: str) -> list[str]:
        found = self.all[name].certificate if name in self.all else None
        return [found] if found else []

    def remove(self, name: str) -> None:
        self.all.pop(name, None)

    def unknown(self, name: str) -> dict[str, Any] | None:
        return self.all[name].unknown if name in self.all else None

    def snapshot(self) -> dict[str, Any]:
        return {found: [self.shown(each), each.unknown] for found, each in self.all.items()}

    def handlers(self) -> Mapping[tuple[str, str], Callable[[Request], Result]]:
        return {
            ("cloudfront", "ListDistributionTenantsByCustomization"): self.list,
            ("cloudfront", "GetDistributionTenant"): self.get,
            ("cloudfront", "UpdateDistributionTenant"): self.update,
        }

    def list(self, request: Request) -> Result:
        """List the tenants with a certificate, or a web ACL, of their own.

        https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDistributionTenantsByCustomization.html
        """
        wanted = request.parameters
        certificate = wanted.get("CertificateArn")
        if not certificate or wanted.get("WebACLArn"):
            raise AwsError("InvalidArgument", "Specify one of both parameters.", status=400)
        rows: list[dict[str, object]] = [
            {name: value for name, value in self.shown(tenant).items() if name != "Parameters"}
            | {"ETag": f"ETAG{tenant.etag}"}
            for tenant in self.all.values()
            if tenant.certificate == certificate and tenant.account == request.account
        ]
        page, marker = page_of(rows, wanted.get("Marker"), PAGE_SIZE)
        return {"DistributionTenantList": page} | ({"NextMarker": marker} if marker else {})

    def get(self, request: Request) -> Result:
        """Describe a tenant by its id, ARN or name."""
        wanted = request.parameters["Identifier"]
        named = (each for each in self.all.values() if wanted in (each.id, each.arn, each.id[3:]))
        tenant = next(named, None)
        if tenant is None:
            raise AwsError("EntityNotFound", "The entity was not found.", status=404)
        answer = {"DistributionTenant": self.shown(tenant), "ETag": f"ETAG{tenant.etag}"}
        return EditedResult(answer, partial(with_unknown, tenant.unknown))

    def shown(self, tenant: Tenant) -> Result:
        config = copy.deepcopy(tenant.config)
        config["Domains"] = [{**entry, "Status": "active"} for entry in config["Domains"]]
        return {
            "Id": tenant.id,
            "DistributionId": tenant.distribution,
            "Name": tenant.id[3:],
            "Arn": tenant.arn,
            "CreatedTime": datetime(2026, 1, 1, tzinfo=UTC),
            "LastModifiedTime": datetime(2026, 1, 1, tzinfo=UTC),
            "Status": self._status(tenant),
            **config,
        }

    def update(self, request: Request) -> Result:
        """Replace every member of an update, if the tenant was not changed since.

        AWS documents no member as kept, so that here each one that is left out is removed.
        """
        wanted = request.parameters
        tenant = self.all.get(wanted["Id"])
        if tenant is None:
            raise AwsError("EntityNotFound", "The entity was not found.", status=404)
        if not wanted.get("IfMatch"):
            raise AwsError("InvalidIfMatchVersion", "The If-Match version is missing.", status=400)
        if wanted["IfMatch"] != f"ETAG{tenant.etag}":
            raise AwsError("PreconditionFailed", "The precondition failed.", status=412)
        if wanted.get("DistributionId") != tenant.distribution:
            raise AwsError("InvalidArgument", "The tenant would move.", status=400)
        config = {name: copy.deepcopy(wanted[name]) for name in _REPLACED if name in wanted}
        config.setdefault("Enabled", False)
        config.setdefault("ConnectionGroupId", DEFAULT_CONNECTION_GROUP)
        self._check(tenant, config)
        if not self._knobs().ignores(tenant.id):
            user, before = self._user(tenant), tenant.certificate
            tenant.config = config
            tenant.unknown = repeated(tenant.unknown, request.body)
            tenant.updated_at = self._estate.now
            tenant.etag += 1
            if before is not None and before != tenant.certificate:
                self._uses.let_go(before, user)
        return {"DistributionTenant": self.shown(tenant), "ETag": f"ETAG{tenant.etag}"}

    def _check(self, tenant: Tenant, config: Result) -> None:
        """Refuse domains that neither certificate covers.

        https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/managed-cloudfront-certificates.html
        The certificate of a tenant supplements that of its distribution (same guide, "Distribution
        tenant customizations"); here it has to cover all domains.
        """
        domains = [entry["Domain"] for entry in config.get("Domains") or ()]
        if not domains:
            raise AwsError("InvalidArgument", "You must specify at least one domain.", status=400)
        arn = config.get("Customizations", {}).get("Certificate", {}).get("Arn")
        if arn and not usable(self._estate, arn, EDGE_REGION, EDGE_KEYS):
            raise AwsError("InvalidArgument", f"The certificate {arn} is not valid.", status=400)
        serving = arn or self._distributions.all[tenant.distribution].certificate
        if not covers(self._estate.get(serving).names, domains):
            text = f"The certificate {serving} does not cover all domains."
            raise AwsError("InvalidArgument", text, status=400)

    def _status(self, tenant: Tenant) -> str:
        since, deploys = tenant.updated_at, self._knobs().cloudfront_deploys
        busy = since is not None and self._estate.now < since + deploys
        return "InProgress" if busy else "Deployed"
