"""Which certificates of a full listener are not needed any more."""

from __future__ import annotations

from collections.abc import Sequence

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
)

_ENDED = {CertificateStatus.EXPIRED: "expired", CertificateStatus.REVOKED: "revoked"}


def removable(served: Sequence[Certificate]) -> list[tuple[Certificate, str]]:
    """Return the certificates that serve no client, each with the reason.

    `served` are the described certificates of one listener. An issued one is superseded by another
    of the same issuer that has all of its names and its key algorithm, and ends later: a listener
    may serve RSA and ECDSA certificates for the same name.
    """
    found = []
    for certificate in served:
        reason = _ENDED.get(certificate.status) or _superseded(certificate, served)
        if reason is not None:
            found.append((certificate, reason))
    return found


def _superseded(certificate: Certificate, served: Sequence[Certificate]) -> str | None:
    for other in served:
        if (
            other.status is CertificateStatus.ISSUED
            and _same_issuer(certificate, other)
            and other.key_algorithm == certificate.key_algorithm
            and set(certificate.names) <= set(other.names)
            and certificate.not_after is not None
            and other.not_after is not None
            and other.not_after > certificate.not_after
        ):
            return f"superseded by {other.arn}"
    return None


def _same_issuer(old: Certificate, new: Certificate) -> bool:
    """Whether ACM or the same private CA issued both; ACM verifies no issuer of an import."""
    if old.type is not new.type:
        return False
    authority = old.detail.certificate_authority_arn
    match old.type:
        case CertificateType.AMAZON_ISSUED:
            roots = (old.root_hierarchy, old.certificate_usage)
            return roots == (new.root_hierarchy, new.certificate_usage)
        case CertificateType.PRIVATE:
            return authority is not None and authority == new.detail.certificate_authority_arn
        case _:
            return False
