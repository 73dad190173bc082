"""Parts of AWS's APIs that the module uses if the SDK knows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.model import NoShapeFoundError, StructureShape

from certificate_lifecycle.model.hidden_classes import HIDDEN_CLASSES

if TYPE_CHECKING:
    from botocore.model import ServiceModel


@dataclass(frozen=True, slots=True)
class SdkFeature:
    """An operation, or a member of a shape, and what it is for."""

    service: str
    name: str
    purpose: str
    shape: str | None = None


FEATURES = (
    SdkFeature("acm", "SearchCertificates", "find renewals with few calls"),
    SdkFeature("acm", "ListCertificateDomainValidations", "migrate from e-mail to DNS validation"),
    SdkFeature(
        "acm", "ValidationMethod", "migrate from e-mail to DNS validation", "CertificateOptions"
    ),
    *(
        SdkFeature("acm", entry.member, f"list {entry.label}", "ListCertificatesRequest")
        for entry in HIDDEN_CLASSES
    ),
    SdkFeature(
        "acm", "RootHierarchyType", "request Amazon N2 certificates", "RequestCertificateRequest"
    ),
    SdkFeature(
        "cloudfront", "ViewerMtlsConfig", "move distributions with mutual TLS", "DistributionConfig"
    ),
    SdkFeature(
        "cognito-idp",
        "Routing",
        "move user pool domains with routing",
        "UpdateUserPoolDomainRequest",
    ),
)


def lacking(model_of: Callable[[str], ServiceModel]) -> list[SdkFeature]:
    """Return the features that the SDK does not know; `model_of` returns a service's model."""
    return [entry for entry in FEATURES if entry.name not in _known(model_of(entry.service), entry)]


def _known(model: ServiceModel, feature: SdkFeature) -> Iterator[str]:
    if feature.shape is None:
        yield from model.operation_names
        return
    try:
        shape = model.shape_for(feature.shape)
    except NoShapeFoundError:
        return
    if isinstance(shape, StructureShape):
        yield from shape.members
