"""SearchCertificates: filters, order and the fields of a result.

https://docs.aws.amazon.com/acm/latest/APIReference/API_SearchCertificates.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.embedded_aws.certificates import Certificate

Result = dict[str, Any]

METADATA = (
    *("CreatedAt", "Exported", "ImportedAt", "InUse", "IssuedAt", "RenewalEligibility"),
    *("RevokedAt", "Status", "Type", "ExportOption", "ManagedBy", "CertificateKeyPairOrigin"),
    *("CertificateUsage", "RootHierarchyType"),
)


class UnfilteredError(NotImplementedError):
    """A filter that nothing here has needed yet."""


def shown(certificate: Certificate, summary: Mapping[str, Any]) -> Result:
    """Show a certificate as SearchCertificates does, from its summary in ListCertificates."""
    metadata = {key: summary[key] for key in METADATA if key in summary}
    if certificate.renewal is not None:
        metadata["RenewalStatus"] = certificate.renewal.status
    if certificate.type == "AMAZON_ISSUED" and certificate.validation_method:
        metadata["ValidationMethod"] = certificate.validation_method
    attributes = {
        "Subject": {"CommonName": certificate.domain_name},
        "SubjectAlternativeNames": [{"DnsName": name} for name in certificate.names],
        "KeyAlgorithm": certificate.key_algorithm,
        "SerialNumber": certificate.serial,
        **{key: summary[key] for key in ("NotBefore", "NotAfter") if key in summary},
    }
    return {
        "CertificateArn": certificate.arn,
        "X509Attributes": attributes,
        "CertificateMetadata": {"AcmCertificateMetadata": metadata},
    }


def metadata_filters(statement: Mapping[str, Any] | None) -> set[str]:
    """Return the members of the metadata filters in a filter statement."""
    if not statement:
        return set()
    ((kind, inner),) = statement.items()
    if kind == "Filter":
        return set(inner.get("AcmCertificateMetadataFilter", {}))
    return set().union(*map(metadata_filters, [inner] if kind == "Not" else inner))


def matches(
    statement: Mapping[str, Any] | None, result: Result, ignored: Collection[str] = ()
) -> bool:
    """Whether a result is what a filter statement asks for; no statement asks for all.

    A filter that a region ignores, because its model lacks the member, excludes nothing.
    """
    if not statement:
        return True
    ((kind, inner),) = statement.items()
    if kind == "And":
        return all(matches(entry, result, ignored) for entry in inner)
    if kind == "Or":
        return any(matches(item, result, ignored) for item in inner)
    if kind == "Not":
        return not matches(inner, result, ignored)
    if metadata_filters(statement) & set(ignored):
        return True
    return _filtered(inner, result)


def _filtered(wanted: Mapping[str, Any], result: Result) -> bool:
    ((kind, inner),) = wanted.items()
    if kind == "CertificateArn":
        return bool(result["CertificateArn"] == inner)
    ((key, value),) = inner.items()
    if kind == "AcmCertificateMetadataFilter":
        return bool(result["CertificateMetadata"]["AcmCertificateMetadata"].get(key) == value)
    attributes = result["X509Attributes"]
    if key in ("NotAfter", "NotBefore"):
        return _between(attributes.get(key), value)
    if key in ("KeyAlgorithm", "SerialNumber"):
        return bool(attributes.get(key) == value)
    raise UnfilteredError(f"{kind}.{key}")


def _between(moment: datetime | None, span: Mapping[str, datetime]) -> bool:
    """Both ends of a range belong to it."""
    if moment is None:
        return False
    # moto's parser takes every timestamp for UTC, and does not say so.
    start, end = (
        span[key].replace(tzinfo=UTC) if key in span else None for key in ("Start", "End")
    )
    return (start is None or start <= moment) and (end is None or moment <= end)
