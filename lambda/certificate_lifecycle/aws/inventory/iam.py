"""Server certificates of IAM: one list in each account, whatever the region.

ACM has taken their place wherever it exists (IAM user guide, "Managing server certificates"), but
load balancers and distributions still accept them, and no event tells that one is about to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import EVERYTHING, SCANS, Command, Permission
from certificate_lifecycle.aws.responses import arn_in, utc, validated_response
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    pem_blocks,
    read_certificate,
)

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

PERMISSIONS = (
    Permission(
        "iam:ListServerCertificates",
        (*SCANS, Command.DRILL),
        EVERYTHING,
        "certificates that are kept in IAM",
    ),
    Permission(
        "iam:GetServerCertificate",
        SCANS,
        ("arn:{partition}:iam::{account}:server-certificate/*",),
        "the names of one that expires soon",
    ),
)


class ServerCertificates:
    """The server certificates of one account."""

    name = "IAM server certificates"

    def __init__(self, client: Callable[[], IAMClient]) -> None:
        self._client = client

    def concerns(self, _: Sequence[Certificate]) -> bool:
        """Return true: nothing else would tell of them."""
        return True

    def list_all(self) -> Iterator[Certificate]:
        """Yield every server certificate, by its name: its domain names are not listed.

        IAM does not tell who uses one; it counts as used, since ignorance makes nothing milder.
        """
        pages = self._client().get_paginator("list_server_certificates").paginate()
        with validated_response("ListServerCertificates"):
            for page in pages:
                for found in page["ServerCertificateMetadataList"]:
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
        """Return one with the domain names and the begin that stand in the certificate itself.

        One that cannot be read keeps the name that it has in IAM: its end is known all the same.
        Raises CertificateNotFoundError for one that was deleted.
        """
        name = listed.names[0]
        try:
            answer = self._client().get_server_certificate(ServerCertificateName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            raise CertificateNotFoundError(f"{listed.arn} does not exist") from error
        try:
            (block, *_) = pem_blocks(answer["ServerCertificate"]["CertificateBody"])
            leaf = read_certificate(block.der)
        except (MalformedCertificateError, ValueError):
            return replace(listed, detail=CertificateDetail())
        return replace(
            listed,
            names=leaf.names or listed.names,
            key_algorithm=leaf.key.algorithm,
            not_before=leaf.not_before,
            detail=CertificateDetail(),
        )
