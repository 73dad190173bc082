"""Parts of AWS's APIs that the module uses if the SDK knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certificate_lifecycle.model.hidden_classes import HIDDEN_CLASSES

if TYPE_CHECKING:
    from botocore.model import ServiceModel


@dataclass(frozen=True, slots=True)
class SdkFeature:
    """An operation, or a member of its input, and its purpose.

    `member` is the path of a member of a structure, such as `Options.Export`.
    """

    service: str
    operation: str
    purpose: str
    member: str = ""

    @property
    def name(self) -> str:
        """The name for messages."""
        return f"{self.operation} {self.member}".rstrip()


_MIGRATE = "migrate from e-mail to DNS validation"
_REQUEST_N2 = "request Amazon N2 certificates"
#: Each is a row of `tests/data/api`; a test finds those that an SDK of the matrix lacks.
FEATURES = (
    SdkFeature("acm", "SearchCertificates", "find renewals with few calls"),
    SdkFeature("acm", "ListCertificateDomainValidations", _MIGRATE),
    SdkFeature("acm", "UpdateCertificateOptions", _MIGRATE, "Options.ValidationMethod"),
    SdkFeature(
        "acm",
        "RequestCertificate",
        "request certificates that can be exported, or see that they were",
        "Options.Export",
    ),
    *(
        SdkFeature("acm", "ListCertificates", f"list {entry.label}", entry.member)
        for entry in HIDDEN_CLASSES
    ),
    SdkFeature("acm", "RequestCertificate", _REQUEST_N2, "RootHierarchyType"),
    SdkFeature("acm", "RequestCertificate", _REQUEST_N2, "CertificateUsage"),
    *(
        SdkFeature("acm", operation, "watch the ACME endpoints of ACM")
        for operation in (
            "ListAcmeEndpoints",
            "ListAcmeDomainValidations",
            "DescribeAcmeDomainValidation",
            "ListAcmeExternalAccountBindings",
            "ListTagsForResource",
        )
    ),
    *(
        SdkFeature("cloudfront", operation, "find and move distribution tenants")
        for operation in (
            "ListDistributionTenantsByCustomization",
            "GetDistributionTenant",
            "UpdateDistributionTenant",
        )
    ),
    SdkFeature(
        "cloudfront",
        "UpdateDistribution",
        "move distributions with mutual TLS",
        "DistributionConfig.ViewerMtlsConfig",
    ),
    SdkFeature(
        "cognito-idp", "UpdateUserPoolDomain", "move user pool domains with routing", "Routing"
    ),
)


def lacking(model_of: Callable[[str], ServiceModel]) -> list[SdkFeature]:
    """Return the features that the SDK does not know; `model_of` returns a service's model."""
    return [feature for feature in FEATURES if not _known(model_of(feature.service), feature)]


def _known(model: ServiceModel, feature: SdkFeature) -> bool:
    if feature.operation not in model.operation_names:
        return False
    shape = model.operation_model(feature.operation).input_shape
    for name in feature.member.split(".") if feature.member else ():
        members = getattr(shape, "members", {})
        if name not in members:
            return False
        shape = members[name]
    return True
