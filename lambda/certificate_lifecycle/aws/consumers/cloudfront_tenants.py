"""CloudFront: the certificates of the tenants of multi-tenant distributions.

A tenant has the certificate of its distribution, and may have one of its own in addition, which is
then used (developer guide, "Distribution tenant customizations"). Only that one is changed here. A
certificate that CloudFront manages for a tenant is never replaced.
Whether an update keeps omitted members is not documented, so that every member is repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from certificate_lifecycle.aws.consumers.base import Refusal, RefusalKind
from certificate_lifecycle.aws.consumers.cloudfront import VersionedResources
from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    ROTATIONS,
    Command,
    Setting,
    declare,
    for_rotations,
)
from certificate_lifecycle.aws.responses import paginated, unless, validated_response
from certificate_lifecycle.aws.whole_writes import WholeWrite, accepted, require_complete
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.parsing.documents import xml_tree
from certificate_lifecycle.policy.bindings import Binding, BindingState, ConsumerArn, ConsumerKind

if TYPE_CHECKING:
    from mypy_boto3_cloudfront.type_defs import GetDistributionTenantResultTypeDef

_REBIND = (Setting.REBIND_CONSUMERS, Setting.US_EAST_1)
_TENANTS = ("arn:{partition}:cloudfront::{account}:distribution-tenant/*",)
_READERS = (*ROTATIONS, Command.EXPLAIN)
PERMISSIONS = (
    *declare(
        _READERS,
        "cloudfront",
        EVERYTHING,
        *_REBIND,
        ListDistributionTenantsByCustomization="distribution tenants with a certificate",
    ),
    *for_rotations(
        "cloudfront",
        _TENANTS,
        *_REBIND,
        GetDistributionTenant="the settings of a distribution tenant",
        UpdateDistributionTenant="change the certificate of a distribution tenant",
    ),
)
#: The certificate of a tenant's own; `qualifier` is its distribution.
DISTRIBUTION_TENANT = ConsumerKind("DistributionTenant")
TENANT_WRITE = WholeWrite(
    service="cloudfront",
    read="GetDistributionTenant",
    write="UpdateDistributionTenant",
    tree=xml_tree,
    at=(),
    # Members that CloudFront sets itself, and those with calls of their own (API reference,
    # DistributionTenant).
    changed=frozenset(
        (
            "Arn",
            "CreatedTime",
            "Customizations.Certificate.Arn",
            "Domains.member.Status",
            "Id",
            "LastModifiedTime",
            "Name",
            "Status",
            "Tags",
        )
    ),
)
#: Every member that an update can repeat.
_KEPT = (
    *("DistributionId", "Domains", "Customizations", "Parameters"),
    *("ConnectionGroupId", "Enabled"),
)
_GONE = "EntityNotFound"
#: CloudFront has no code of its own for a certificate (API reference, UpdateDistributionTenant).
_REFUSALS = tuple(
    Refusal(code, RefusalKind.CERTIFICATE, message="certificate")
    for code in ("InvalidArgument", "InvalidAssociation")
)


class DistributionTenants(VersionedResources):
    """The distribution tenants of one account."""

    kinds = (DISTRIBUTION_TENANT,)
    permissions = PERMISSIONS
    refusals = _REFUSALS
    whole_writes = (TENANT_WRITE,)
    read_by_scans = False
    only_for_unexplained = True

    @classmethod
    def owns(cls, arn: ConsumerArn) -> bool:
        """Return whether it is a tenant, or a distribution that may have tenants.

        AWS does not document which of both `InUseBy` contains.
        """
        kinds = ("distribution-tenant", "distribution")
        return not arn.foreign and arn.service == "cloudfront" and arn.type in kinds

    @classmethod
    def explains(cls, binding: Binding, arn: ConsumerArn) -> bool:
        """Return whether it is the tenant of the binding, or its distribution."""
        return arn.name == (binding.consumer if _is_tenant(arn) else binding.qualifier)

    @classmethod
    def label(cls, arn: ConsumerArn) -> str | None:
        """Return the id of a tenant."""
        return f"CloudFront distribution tenant {arn.name}" if _is_tenant(arn) else None

    @classmethod
    def manual_steps(cls, arn: ConsumerArn, successor_arn: str) -> tuple[str, ...]:
        """Return the calls that read a tenant and write it with another certificate."""
        if not _is_tenant(arn):
            return ()
        get = f"aws cloudfront get-distribution-tenant --identifier {arn.name}"
        members = ",".join(f"{name}:{name}" for name in _KEPT)
        update = f"aws cloudfront update-distribution-tenant --id {arn.name} --if-match ETAG"
        return (
            f"{get} --query ETag --output text",
            f"{get} --query 'DistributionTenant.{{{members}}}' --output json > tenant.json",
            f"# In tenant.json, set the Arn of Customizations.Certificate to {successor_arn}, and",
            "# remove null members and the Status of each domain.",
            f"{update} --cli-input-json file://tenant.json",
        )

    @validated_response("ListDistributionTenantsByCustomization")
    def find(self, certificate: Certificate) -> list[Binding]:
        """Return the tenants with a certificate of their own."""
        if not hasattr(self._client, "list_distribution_tenants_by_customization"):
            return []  # boto3 1.35 has no tenants: those of the certificate are unexplained
        tenants = paginated(
            self._client,
            "list_distribution_tenants_by_customization",
            "DistributionTenantList",
            CertificateArn=certificate.arn,
        )
        return [
            Binding(DISTRIBUTION_TENANT, tenant["Id"], tenant["DistributionId"], _label(tenant))
            for tenant in tenants
            if _own_certificate(tenant) == certificate.arn
        ]

    @validated_response("GetDistributionTenant")
    def current(self, binding: Binding) -> BindingState | None:
        """Return the certificate of its own, see `VersionedResources`."""
        return super().current(binding)

    @validated_response("GetDistributionTenant")
    def bind(self, binding: Binding, certificate_arn: str, *, instead_of: str) -> None:
        """Set the certificate, see `VersionedResources`."""
        super().bind(binding, certificate_arn, instead_of=instead_of)

    def arn_of(self, binding: Binding) -> ConsumerArn:
        """Return the ARN of the tenant."""
        account, partition = self._scope.account_id, self._scope.partition
        arn = f"arn:{partition}:cloudfront::{account}:distribution-tenant/{binding.consumer}"
        return ConsumerArn.parse(arn, account)

    def _update(self, binding: Binding, answer: Mapping[str, Any], certificate_arn: str) -> bool:
        tenant = self._resource(answer)
        request: dict[str, Any] = {
            **accepted(self._client, TENANT_WRITE, tenant),
            "Id": binding.consumer,
            "IfMatch": answer["ETag"],
            "Domains": [
                {name: value for name, value in domain.items() if name != "Status"}
                for domain in tenant["Domains"]
            ],
            "Customizations": {**tenant["Customizations"], "Certificate": {"Arn": certificate_arn}},
        }
        require_complete(self._client, TENANT_WRITE, answer, request)
        update = self._client.update_distribution_tenant
        return unless("PreconditionFailed", lambda: update(**request)) is not None

    def _get(self, name: str) -> GetDistributionTenantResultTypeDef | None:
        return unless(_GONE, lambda: self._client.get_distribution_tenant(Identifier=name))

    @staticmethod
    def _resource(answer: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = answer["DistributionTenant"]
        return found

    @classmethod
    def _certificate(cls, answer: Mapping[str, Any]) -> str | None:
        return _own_certificate(cls._resource(answer))


def _is_tenant(arn: ConsumerArn) -> bool:
    return (arn.service, arn.type) == ("cloudfront", "distribution-tenant")


def _own_certificate(tenant: Mapping[str, Any]) -> str | None:
    found: str | None = tenant.get("Customizations", {}).get("Certificate", {}).get("Arn")
    return found


def _label(tenant: Mapping[str, Any]) -> str:
    domains = ", ".join(domain["Domain"] for domain in tenant["Domains"])
    return f"CloudFront distribution tenant {tenant['Name']} ({domains})"
