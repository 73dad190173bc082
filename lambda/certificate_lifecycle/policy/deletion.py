"""Whether a certificate that Terraform no longer declares may be deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from certificate_lifecycle.model.certificate import Certificate, CertificateType, Documented
from certificate_lifecycle.model.pointers import PARAMETER_TAG
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.ownership import is_issued_by

_CERTIFICATE = (
    r"(?a)arn:(?P<partition>aws[a-z-]*):acm:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
    r":certificate/[\w-]{1,64}"
)


class DeletionOutcome(Documented):
    """The outcome of a deletion that did not fail."""

    DELETED = "Deleted", "The certificate was deleted."
    ALREADY_DELETED = "AlreadyDeleted", "The certificate did not exist."
    NEVER_ISSUED = "NeverIssued", "The parameter was `pending`; an open request ends by itself."
    NO_PARAMETER = "NoParameter", "The parameter did not exist, so no certificate is known."
    OTHER_PARAMETER = "OtherParameter", "The certificate belongs to another parameter by its tag."
    NOT_DESTROYED = "NotDestroyed", "Terraform created or updated the invocation."


def certificate_region(value: str, home: Scope) -> str | None:
    """Return the region of the certificate that a pointer names.

    None unless the value is the ARN of an ACM certificate in the account of the functions.
    """
    match = re.fullmatch(_CERTIFICATE, value)
    if match is None or (match["partition"], match["account"]) != (home.partition, home.account_id):
        return None
    return match["region"]


def belongs_to_another(certificate: Certificate, parameter: str) -> bool:
    """Whether the tag of a certificate names another pointer, such as one with a new key."""
    return dict(certificate.detail.tags).get(PARAMETER_TAG, parameter) != parameter


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
