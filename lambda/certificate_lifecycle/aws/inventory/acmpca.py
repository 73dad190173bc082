"""Private CAs that ACM could issue from: when they end, and whether they let ACM issue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import (
    EVERYTHING,
    SCANS,
    Command,
    Permission,
    regional,
)
from certificate_lifecycle.aws.responses import arn_in, utc, validated_response
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError

if TYPE_CHECKING:
    from mypy_boto3_acm_pca import ACMPCAClient
    from mypy_boto3_acm_pca.type_defs import CertificateAuthorityTypeDef

_CALLERS = (*SCANS, Command.DRILL)
_AUTHORITIES = regional("acm-pca", "certificate-authority/*")
PERMISSIONS = (
    Permission(
        "acm-pca:ListCertificateAuthorities", _CALLERS, EVERYTHING, "when private CAs expire"
    ),
    Permission("acm-pca:ListPermissions", _CALLERS, _AUTHORITIES, "whether they let ACM issue"),
)
#: The others have no certificate yet, or none any more.
_STATUSES = {
    "ACTIVE": CertificateStatus.ISSUED,
    "DISABLED": CertificateStatus.INACTIVE,
    "EXPIRED": CertificateStatus.EXPIRED,
}
_ACM = "acm.amazonaws.com"
#: What ACM needs to renew (API reference, CreatePermission).
_NEEDED = frozenset({"GetCertificate", "IssueCertificate", "ListPermissions"})


class Authorities:
    """The private CAs that one account has in one region; those shared with it belong to others."""

    name = "private CAs"

    def __init__(self, client: Callable[[], ACMPCAClient]) -> None:
        self._client = client

    def concerns(self, certificates: Sequence[Certificate]) -> bool:
        """Whether ACM has something to renew from them: their other uses are not ours."""
        return any(
            certificate.type is CertificateType.PRIVATE and certificate.used
            for certificate in certificates
        )

    def list_all(self) -> Iterator[Certificate]:
        """Yield every CA that has a certificate and that ACM can issue from.

        It does not issue from one for short-lived certificates (ACM user guide, "Private
        certificates").
        """
        pages = self._client().get_paginator("list_certificate_authorities").paginate()
        with validated_response("ListCertificateAuthorities"):
            for page in pages:
                for found in page["CertificateAuthorities"]:
                    status = _STATUSES.get(found.get("Status", ""))
                    if status and found.get("UsageMode") != "SHORT_LIVED_CERTIFICATE":
                        yield _authority(found, status)

    @validated_response("ListPermissions")
    def describe(self, listed: Certificate) -> Certificate:
        """Return a CA with whether it lets ACM issue.

        Raises CertificateNotFoundError for one that was deleted.
        """
        pages = (
            self._client()
            .get_paginator("list_permissions")
            .paginate(CertificateAuthorityArn=listed.arn)
        )
        granted: set[str] = set()
        try:
            for page in pages:
                for permission in page["Permissions"]:
                    if permission.get("Principal") == _ACM:
                        granted.update(permission.get("Actions", ()))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise CertificateNotFoundError(f"{listed.arn} does not exist") from error
        return replace(listed, detail=CertificateDetail(issues_for_acm=granted >= _NEEDED))


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
