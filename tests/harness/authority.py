"""A corporate CA that issues certificates for tests, with their keys, as PEM."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PEM = serialization.Encoding.PEM
PLAIN = serialization.NoEncryption()
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "EC_prime256v1": ec.SECP256R1,
    "EC_secp384r1": ec.SECP384R1,
    "EC_secp521r1": ec.SECP521R1,
}
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
WEB_SERVER = ("digital_signature", "key_encipherment")
ISSUER = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Corporate CA")])
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key and its chain."""

    certificate: str
    private_key: str
    chain: str

    def secret(self, **changes: object) -> str:
        """Return the JSON of a secret with these fields; None omits a field."""
        fields: dict[str, Any] = {
            "certificate": self.certificate,
            "private_key": self.private_key,
            "chain": self.chain,
            **changes,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None})


@cache
def private_key(algorithm: str, number: int = 0) -> Key:
    """Return a key. The same `number` gives the same key, because generating one is slow."""
    del number
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    return rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA_")))


def public_numbers(bits: int) -> rsa.RSAPublicKey:
    """Return an RSA public key without a private key, which takes no time."""
    return rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key()


def key_pem(key: Key, *, traditional: bool = False) -> str:
    form = serialization.PrivateFormat
    return key.private_bytes(
        PEM, form.TraditionalOpenSSL if traditional else form.PKCS8, PLAIN
    ).decode()


def document(  # noqa: PLR0913 - what a certificate says
    public_key: Any,  # noqa: ANN401 - any public key
    names: Iterable[str],
    *,
    not_before: datetime,
    not_after: datetime,
    serial: int | None = None,
    subject: x509.Name | None = None,
    issuer: x509.Name = ISSUER,
    usages: Iterable[str] | None = WEB_SERVER,
    purposes: Iterable[ObjectIdentifier] | None = (SERVER,),
) -> str:
    """Sign a certificate with the CA's key; None omits an extension."""
    listed = list(names)
    common = [x509.NameAttribute(NameOID.COMMON_NAME, listed[0])] if listed else []
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(common) if subject is None else subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    if listed:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in listed])
        builder = builder.add_extension(alternative, critical=False)
    if usages is not None:
        wanted = {name: name in usages for name in USAGES}
        builder = builder.add_extension(x509.KeyUsage(**wanted), critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder.sign(private_key("EC_prime256v1"), hashes.SHA256()).public_bytes(PEM).decode()


@cache
def chain() -> str:
    """Return the CA's own certificate."""
    key = private_key("EC_prime256v1").public_key()
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    return document(key, [], not_before=begin, not_after=end, subject=ISSUER, purposes=None)


def issue(
    *names: str,
    not_after: datetime,
    algorithm: str = "RSA_2048",
    lifetime: timedelta = timedelta(days=365),
    key_number: int = 1,
    **details: Any,  # noqa: ANN401 - whatever `document` takes
) -> Issued:
    """Issue a certificate that expires at `not_after`."""
    key = private_key(algorithm, key_number)
    details.setdefault("not_before", not_after - lifetime)
    certificate = document(key.public_key(), names, not_after=not_after, **details)
    return Issued(certificate, key_pem(key), chain())
