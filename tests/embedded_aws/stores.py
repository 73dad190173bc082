"""Certificates outside ACM: IAM's server certificates, and private CAs.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServerCertificates.html
https://docs.aws.amazon.com/privateca/latest/APIReference/API_ListCertificateAuthorities.html
https://docs.aws.amazon.com/privateca/latest/APIReference/API_GetCertificateAuthorityCertificate.html
moto's server certificates all expired in 2012, and its CAs have no permissions.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.embedded_aws.protocol import AwsError, Request
from tests.embedded_aws.zones import DEFAULT_ACCOUNT
from tests.harness import authority

Result = dict[str, Any]
Handlers = Mapping[tuple[str, str], Callable[[Request], Result]]
#: Small, so that a program that forgets paging fails.
PAGE_SIZE = 2
RENEWING = ("IssueCertificate", "GetCertificate", "ListPermissions")


@dataclass
class ServerCertificate:
    """One server certificate of an account."""

    account: str
    name: str
    names: tuple[str, ...]
    not_after: datetime
    body: str

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:server-certificate/{self.name}"

    @property
    def metadata(self) -> Result:
        return {
            "Path": "/",
            "ServerCertificateName": self.name,
            "ServerCertificateId": "ASCA" + self.name.upper()[:16],
            "Arn": self.arn,
            "UploadDate": self.not_after - timedelta(days=365),
            "Expiration": self.not_after,
        }


class ServerCertificates:
    """The server certificates that tests have uploaded."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str], ServerCertificate] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(
        self,
        name: str,
        *names: str,
        not_after: datetime,
        account: str = DEFAULT_ACCOUNT,
        body: str | None = None,
    ) -> str:
        """Upload a certificate for some names, and return its ARN; `body` may be no certificate."""
        issued = authority.issue(*names, not_after=not_after, algorithm="EC_prime256v1")
        body = issued.certificate if body is None else body
        certificate = ServerCertificate(account, name, names, not_after, body)
        self.all[account, name] = certificate
        return certificate.arn

    def handlers(self) -> Handlers:
        return {
            ("iam", "ListServerCertificates"): self.list,
            ("iam", "GetServerCertificate"): self.get,
        }

    def list(self, request: Request) -> Result:
        mine = [each for (account, _), each in self.all.items() if account == request.account]
        rows = sorted(mine, key=lambda each: each.name)
        start = int(request.parameters.get("Marker") or 0)
        end = start + min(request.parameters.get("MaxItems") or PAGE_SIZE, PAGE_SIZE)
        result: Result = {
            "ServerCertificateMetadataList": [row.metadata for row in rows[start:end]],
            "IsTruncated": end < len(rows),
        }
        return {**result, "Marker": str(end)} if end < len(rows) else result

    def get(self, request: Request) -> Result:
        name = request.parameters["ServerCertificateName"]
        found = self.all.get((request.account, name))
        if found is None:
            message = f"The Server Certificate with name {name} cannot be found."
            raise AwsError("NoSuchEntity", message, status=404)
        return {
            "ServerCertificate": {
                "ServerCertificateMetadata": found.metadata,
                "CertificateBody": found.body,
            }
        }


@dataclass
class PrivateAuthority:
    """One private CA."""

    arn: str
    account: str
    region: str
    common_name: str
    not_after: datetime
    status: str
    usage_mode: str
    permissions: tuple[str, ...]
    certificate: str = ""
    chain: str | None = None
    shared_with: tuple[str, ...] = ()

    @property
    def shown(self) -> Result:
        return {
            "Arn": self.arn,
            "OwnerAccount": self.account,
            "Status": self.status,
            "NotBefore": self.not_after - timedelta(days=3650),
            "NotAfter": self.not_after,
            "UsageMode": self.usage_mode,
            "CertificateAuthorityConfiguration": {
                "KeyAlgorithm": "RSA_2048",
                "SigningAlgorithm": "SHA256WITHRSA",
                "Subject": {"CommonName": self.common_name},
            },
        }


class PrivateAuthorities:
    """The private CAs that tests have made."""

    def __init__(self) -> None:
        self.all: dict[str, PrivateAuthority] = {}

    def reset(self) -> None:
        self.all.clear()

    def add(
        self,
        common_name: str = "Corporate CA",
        *,
        not_after: datetime,
        status: str = "ACTIVE",
        usage_mode: str = "GENERAL_PURPOSE",
        permissions: Iterable[str] = RENEWING,
        region: str = "eu-west-1",
        account: str = DEFAULT_ACCOUNT,
    ) -> str:
        """Make a root CA that grants ACM some permissions, and return its ARN."""
        arn = f"arn:aws:acm-pca:{region}:{account}:certificate-authority/{uuid.uuid4()}"
        self.all[arn] = PrivateAuthority(
            arn, account, region, common_name, not_after, status, usage_mode, tuple(permissions)
        )
        self.certify(arn)
        return arn

    def certify(
        self,
        arn: str,
        *,
        permitted: Iterable[str] | None = None,
        excluded: Iterable[str] | None = None,
        chain: str | None = None,
    ) -> None:
        """Give a CA another certificate, with name constraints, and the certificates above it."""
        found = self.all[arn]
        found.certificate = authority.constrained_authority(
            found.common_name, not_after=found.not_after, permitted=permitted, excluded=excluded
        )
        found.chain = chain

    def share(self, arn: str, account: str) -> None:
        """Share a CA with another account, as AWS RAM does."""
        self.all[arn].shared_with += (account,)

    def handlers(self) -> Handlers:
        return {
            ("acm-pca", "ListCertificateAuthorities"): self.list,
            ("acm-pca", "GetCertificateAuthorityCertificate"): self.certificate,
            ("acm-pca", "ListPermissions"): self.permissions,
        }

    def list(self, request: Request) -> Result:
        rows = [
            entry.shown
            for entry in self.all.values()
            if (entry.account, entry.region) == (request.account, request.region)
        ]
        start = int(request.parameters.get("NextToken") or 0)
        end = start + PAGE_SIZE
        result: Result = {"CertificateAuthorities": rows[start:end]}
        return {**result, "NextToken": str(end)} if end < len(rows) else result

    def permissions(self, request: Request) -> Result:
        found = self._visible(request)
        granted = {
            "CertificateAuthorityArn": found.arn,
            "Principal": "acm.amazonaws.com",
            "SourceAccount": found.account,
            "Actions": list(found.permissions),
        }
        return {"Permissions": [granted] if found.permissions else []}

    def certificate(self, request: Request) -> Result:
        """Return a CA's certificate and the chain above it, which a root CA does not have.

        A CA without a certificate, or one that was deleted, refuses (InvalidStateException).
        """
        found = self._visible(request)
        if found.status not in ("ACTIVE", "DISABLED", "EXPIRED"):
            text = f"The certificate authority {found.arn} is in the state {found.status}."
            raise AwsError("InvalidStateException", text)
        above = {} if found.chain is None else {"CertificateChain": found.chain}
        return {"Certificate": found.certificate, **above}

    def _visible(self, request: Request) -> PrivateAuthority:
        """Return the CA of a request, of its own account or shared with it, in its region."""
        arn = request.parameters["CertificateAuthorityArn"]
        found = self.all.get(arn)
        if found is None or found.region != request.region:
            raise AwsError("ResourceNotFoundException", f"Could not find {arn}.")
        if request.account not in (found.account, *found.shared_with):
            raise AwsError("ResourceNotFoundException", f"Could not find {arn}.")
        return found
