"""Which certificates of a full listener are not needed any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType

_ENDED = {CertificateStatus.EXPIRED: "expired", CertificateStatus.REVOKED: "revoked"}
_NEVER = datetime.min.replace(tzinfo=UTC)


def removable(served: Sequence[Certificate]) -> list[tuple[Certificate, str]]:
    """Return the certificates that serve no client, each with the reason.

    `served` are the described certificates of one listener. An issued one is superseded by another
    of the same issuer that has all of its names and its key algorithm, and ends later: a listener
    may serve RSA and ECDSA certificates for the same name. An imported one is superseded by none,
    because ACM verifies no issuer of an import.
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
            and certificate.type is not CertificateType.IMPORTED
            and _origin(other) == _origin(certificate)
            and set(certificate.names) <= set(other.names)
            and (other.not_after or _NEVER) > (certificate.not_after or _NEVER)
        ):
            return f"superseded by {other.arn}"
    return None


def _origin(certificate: Certificate) -> tuple[str | None, ...]:
    return (
        certificate.type,
        certificate.detail.certificate_authority_arn,
        certificate.root_hierarchy,
        certificate.certificate_usage,
        certificate.key_algorithm,
    )
