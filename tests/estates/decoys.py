"""Certificates that resemble a successor, but that clients of the original would not trust.

Each has all names of the original, the same key family and a later expiry.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.embedded_aws.certificates import Certificate
from tests.embedded_aws.cloud import Cloud
from tests.harness import authority

#: Later than the expiry of any certificate that ACM issues publicly.
LASTS = timedelta(days=390)
OTHER_ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Another CA")])
#: The key of every imported decoy; no original has it.
_KEY_NUMBER = 8


class Decoy(StrEnum):
    """The kind of a decoy; the value is its description on the page."""

    SELF_SIGNED = "self-signed"
    OTHER_ISSUER = "imported from another CA"
    OTHER_AUTHORITY = "a private certificate of another CA"
    ACME = "of ACME origin"
    CLOUDFRONT = "managed by CloudFront"
    CLIENT_ONLY = "for clients only"


#: The attributes of the decoys that ACM has issued.
_ISSUED: dict[Decoy, dict[str, Any]] = {
    Decoy.OTHER_AUTHORITY: {"type": "PRIVATE"},
    Decoy.ACME: {"key_pair_origin": "ACME"},
    Decoy.CLOUDFRONT: {"managed_by": "CLOUDFRONT"},
    Decoy.CLIENT_ONLY: {"extended_key_usages": ["TLS_WEB_CLIENT_AUTHENTICATION"]},
}


def put_decoy(cloud: Cloud, decoy: Decoy, original: Certificate) -> str:
    """Put a decoy beside a certificate, in its account and region, and return its ARN."""
    begins, ends = cloud.now - timedelta(days=1), cloud.now + LASTS
    if decoy in _ISSUED:
        return cloud.certificates.add(
            domain_name=original.domain_name,
            alternative_names=original.names[1:],
            account=original.account,
            region=original.region,
            key_algorithm=original.key_algorithm,
            not_before=begins,
            not_after=ends,
            **_ISSUED[decoy],
        )
    issuer = OTHER_ISSUER if decoy is Decoy.OTHER_ISSUER else subject_of(original.domain_name)
    return put_import(
        cloud,
        (original.account, original.region),
        *original.names,
        not_before=begins,
        not_after=ends,
        algorithm=original.key_algorithm,
        issuer=issuer,
    )


def subject_of(name: str) -> x509.Name:
    """Return the subject of a certificate, which is also the issuer if it is self-signed."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def put_import(cloud: Cloud, scope: tuple[str, str], *names: str, **details: Any) -> str:  # noqa: ANN401 - whatever the authority takes
    """Import a certificate into an account and region, and return its ARN."""
    account, region = scope
    made = authority.issue(*names, key_number=_KEY_NUMBER, **details)
    arn: str = cloud.client("acm", region, account).import_certificate(
        Certificate=made.certificate, PrivateKey=made.private_key
    )["CertificateArn"]
    return arn
