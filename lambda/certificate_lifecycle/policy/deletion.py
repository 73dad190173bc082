"""Whether a certificate that Terraform no longer declares may be deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from certificate_lifecycle.model.certificate import Certificate, CertificateType, Documented
from certificate_lifecycle.model.pointers import PARAMETER_TAG
from certificate_lifecycle.policy.ownership import is_issued_by


class DeletionOutcome(Documented):
    """The outcome of a deletion that did not fail."""

    DELETED = "Deleted", "The certificate was deleted."
    ALREADY_DELETED = "AlreadyDeleted", "The certificate did not exist."
    NEVER_ISSUED = "NeverIssued", "The parameter was `pending`; an open request ends by itself."
    NO_PARAMETER = "NoParameter", "The parameter did not exist, so no certificate is known."
    OTHER_PARAMETER = "OtherParameter", "Another parameter has the certificate, by tag or by value."
    NOT_DESTROYED = "NotDestroyed", "Terraform created or updated the invocation."


def belongs_to_another(certificate: Certificate, parameter: str, values: Mapping[str, str]) -> bool:
    """Whether a certificate has another pointer, such as one with a new key.

    Its tag names that pointer, or the value of the pointer is its ARN; `values` has the value of
    every pointer by its name.
    """
    tagged = dict(certificate.detail.tags).get(PARAMETER_TAG, parameter)
    named = {name for name, value in values.items() if value == certificate.arn}
    return {tagged, *named} != {parameter}


def blocked_reason(
    certificate: Certificate, instance: str, allowed_domains: Sequence[str]
) -> str | None:
    """Return why a described certificate with its tags must not be deleted; None if it may be.

    Servers outside AWS may use an exported certificate, and ACM knows nothing of them.
    """
    if certificate.type is CertificateType.IMPORTED:
        return "it was imported"
    if certificate.managed_by is not None:
        return f"{certificate.managed_by} manages it"
    if not is_issued_by(certificate, instance, allowed_domains):
        return (
            f"{instance} did not issue it: its tag ManagedBy must be {instance}, and its names"
            " must be equal to or below an allowed domain"
        )
    if certificate.exported:
        return "it was exported, so that servers outside AWS may use it"
    return None
