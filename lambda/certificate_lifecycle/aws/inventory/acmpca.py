"""Private CAs that ACM can issue from: their expiry, name constraints and the permission of ACM."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import DRILLS, EVERYTHING, SCANS, declare, regional
from certificate_lifecycle.aws.responses import (
    arn_in,
    existing,
    paginated,
    unless,
    utc,
    validated_response,
)
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.parsing.x509 import NameConstraints, pem_blocks, read_name_constraints

if TYPE_CHECKING:
    from mypy_boto3_acm_pca import ACMPCAClient
    from mypy_boto3_acm_pca.type_defs import CertificateAuthorityTypeDef

_CALLERS = (*SCANS, *DRILLS)
PERMISSIONS = (
    *declare(_CALLERS, "acm-pca", EVERYTHING, ListCertificateAuthorities="when private CAs expire"),
    *declare(
        _CALLERS,
        "acm-pca",
        regional("acm-pca", "certificate-authority/*"),
        ListPermissions="whether private CAs let ACM issue",
    ),
    # Another account may share a CA.
    *declare(
        _CALLERS,
        "acm-pca",
        EVERYTHING,
        GetCertificateAuthorityCertificate="whether private CAs may issue for the names",
    ),
)
#: The statuses of CAs with a certificate.
_STATUSES = {
    "ACTIVE": CertificateStatus.ISSUED,
    "DISABLED": CertificateStatus.INACTIVE,
    "EXPIRED": CertificateStatus.EXPIRED,
}
_ACM = "acm.amazonaws.com"
#: Actions that ACM needs to renew (API reference, CreatePermission).
_NEEDED = frozenset({"GetCertificate", "IssueCertificate", "ListPermissions"})
#: Codes for a CA that does not exist, and for one that has no certificate or was deleted (API
#: reference, GetCertificateAuthorityCertificate).
_ABSENT = ("ResourceNotFoundException", "InvalidStateException")


class Authorities:
    """The private CAs that an account owns in one region."""

    name = "private CAs"

    def __init__(self, client: Callable[[], ACMPCAClient]) -> None:
        self._client = client

    def concerns(self, certificates: Sequence[Certificate]) -> bool:
        """Whether ACM renews certificates from private CAs."""
        return any(
            certificate.type is CertificateType.PRIVATE and certificate.used
            for certificate in certificates
        )

    def list_all(self) -> Iterator[Certificate]:
        """Yield every CA with a certificate that ACM can issue from.

        ACM cannot use CAs for short-lived certificates (ACM user guide, "Private certificates").
        """
        operation, member = "list_certificate_authorities", "CertificateAuthorities"
        with validated_response("ListCertificateAuthorities"):
            for found in paginated(self._client(), operation, member, required=True):
                status = _STATUSES.get(found.get("Status", ""))
                if status and found.get("UsageMode") != "SHORT_LIVED_CERTIFICATE":
                    yield _authority(found, status)

    @validated_response("ListPermissions")
    def describe(self, listed: Certificate) -> Certificate:
        """Return a CA with the permission of ACM.

        Raises CertificateNotFoundError for a deleted CA.
        """
        permissions = paginated(
            self._client(), "list_permissions", "Permissions", CertificateAuthorityArn=listed.arn
        )
        granted: set[str] = set()
        with existing(listed.arn):
            for permission in permissions:
                if permission.get("Principal") == _ACM:
                    granted.update(permission.get("Actions", ()))
        return replace(listed, detail=CertificateDetail(issues_for_acm=granted >= _NEEDED))

    @validated_response("GetCertificateAuthorityCertificate")
    def name_constraints(self, arn: str) -> Sequence[NameConstraints] | None:
        """Return the name constraints of a CA's certificate, then of each certificate above it.

        The CA may be one of another account. None if it does not exist or has no certificate.
        """
        call = self._client().get_certificate_authority_certificate
        found = unless(_ABSENT, lambda: call(CertificateAuthorityArn=arn))
        if found is None:
            return None
        # A root CA has no chain.
        (own,), above = (
            pem_blocks(found["Certificate"]),
            pem_blocks(found.get("CertificateChain", "")),
        )
        return [read_name_constraints(block.der) for block in (own, *above)]


def _authority(found: CertificateAuthorityTypeDef, status: CertificateStatus) -> Certificate:
    subject = found.get("CertificateAuthorityConfiguration", {}).get("Subject", {})
    return Certificate(
        arn=arn_in(found, "Arn"),
        names=(subject.get("CommonName") or found["Arn"].rpartition("/")[2],),
        names_complete=False,
        status=status,
        type=CertificateType.PRIVATE_AUTHORITY,
        key_algorithm="",
        in_use=True,
        not_before=utc(found.get("NotBefore")),
        not_after=utc(found.get("NotAfter")),
    )
