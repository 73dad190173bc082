"""Server certificates of IAM, one list per account.

ACM replaces them in regions that have it (IAM user guide, "Managing server certificates"), but load
balancers and distributions still accept them, and AWS sends no event before they expire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.permissions import DRILLS, EVERYTHING, SCANS, declare, for_scans
from certificate_lifecycle.aws.responses import arn_in, existing, paginated, utc, validated_response
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    pem_blocks,
    read_certificate,
)

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

PERMISSIONS = (
    *declare(
        (*SCANS, *DRILLS),
        "iam",
        EVERYTHING,
        ListServerCertificates="certificates that are kept in IAM",
    ),
    *for_scans(
        "iam",
        ("arn:{partition}:iam::{account}:server-certificate/*",),
        GetServerCertificate="the names of one that expires soon",
    ),
)


class ServerCertificates:
    """The server certificates of one account."""

    name = "IAM server certificates"

    def __init__(self, client: Callable[[], IAMClient]) -> None:
        self._client = client

    def concerns(self, _: Sequence[Certificate]) -> bool:
        """Return true: no other source reports them."""
        return True

    def list_all(self) -> Iterator[Certificate]:
        """Yield every server certificate by its name in IAM; domain names are not listed.

        IAM does not report consumers, so that every certificate counts as used.
        """
        operation, member = "list_server_certificates", "ServerCertificateMetadataList"
        with validated_response("ListServerCertificates"):
            for found in paginated(self._client(), operation, member, required=True):
                yield Certificate(
                    arn=arn_in(found, "Arn"),
                    names=(found["ServerCertificateName"],),
                    names_complete=False,
                    status=CertificateStatus.ISSUED,
                    type=CertificateType.SERVER_CERTIFICATE,
                    key_algorithm="",
                    in_use=True,
                    not_after=utc(found.get("Expiration")),
                )

    @validated_response("GetServerCertificate")
    def describe(self, listed: Certificate) -> Certificate:
        """Return a certificate with its domain names, key algorithm and start of validity.

        A certificate that cannot be parsed keeps its name in IAM and the expiry of the list.
        Raises CertificateNotFoundError for a deleted certificate.
        """
        name = listed.names[0]
        with existing(listed.arn, "NoSuchEntity"):
            answer = self._client().get_server_certificate(ServerCertificateName=name)
        try:
            (block, *_) = pem_blocks(answer["ServerCertificate"]["CertificateBody"])
            leaf = read_certificate(block.der)
        except (MalformedCertificateError, ValueError):
            return replace(listed, detail=CertificateDetail())
        return replace(
            listed,
            names=leaf.names or listed.names,
            names_complete=bool(leaf.names),
            key_algorithm=leaf.key.algorithm,
            not_before=leaf.not_before,
            detail=CertificateDetail(),
        )
