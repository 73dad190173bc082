"""A corporate CA that issues certificates for tests, with their keys, as PEM."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address
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
    key_ids: bool = False,
    signing_key: Key | None = None,
    critical: Iterable[x509.ExtensionType] = (),
) -> str:
    """Sign a certificate with the CA's key, or with another one; None omits an extension."""
    signing_key = signing_key or private_key("EC_prime256v1", 0)
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
        alternative = x509.SubjectAlternativeName([_general_name(name) for name in listed])
        builder = builder.add_extension(alternative, critical=False)
    if usages is not None:
        wanted = {name: name in usages for name in USAGES}
        builder = builder.add_extension(x509.KeyUsage(**wanted), critical=True)
    if purposes is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if key_ids:
        own = x509.SubjectKeyIdentifier.from_public_key(public_key)
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(above, critical=False)
    for extension in critical:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(signing_key, hashes.SHA256()).public_bytes(PEM).decode()


def _general_name(name: str) -> x509.GeneralName:
    if name.replace(".", "").isdigit():
        return x509.IPAddress(IPv4Address(name))
    return x509.DNSName(name)


@cache
def chain(*, key_number: int = 0, key_ids: bool = False) -> str:
    """Return the CA's own certificate; another key makes another CA of the same name."""
    key = private_key("EC_prime256v1", key_number)
    return authority(ISSUER, ISSUER, key, key, key_ids=key_ids)


def authority(
    subject: x509.Name, issuer: x509.Name, key: Key, signing_key: Key, *, key_ids: bool = False
) -> str:
    """Return the certificate of a CA, valid from 2020 to 2040."""
    return document(
        key.public_key(),
        [],
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2040, 1, 1, tzinfo=UTC),
        subject=subject,
        issuer=issuer,
        purposes=None,
        signing_key=signing_key,
        key_ids=key_ids,
    )


def constrained_authority(
    name: str,
    *,
    not_after: datetime,
    permitted: Iterable[str] | None = None,
    excluded: Iterable[str] | None = None,
) -> str:
    """Return the certificate of a CA with constraints on DNS names, as AWS Private CA imports it.

    https://docs.aws.amazon.com/privateca/latest/userguide/RFC-compliance.html: BasicConstraints has
    to be there, and critical. Without permitted and excluded names, there is no NameConstraints.
    """
    subtrees = [
        None if names is None else [x509.DNSName(each) for each in names]
        for names in (permitted, excluded)
    ]
    extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=True, path_length=None)]
    if any(subtrees):
        extensions.append(x509.NameConstraints(*subtrees))
    return document(
        private_key("EC_prime256v1", 1).public_key(),
        [],
        not_before=not_after - timedelta(days=3650),
        not_after=not_after,
        subject=named(name),
        usages=("key_cert_sign", "crl_sign"),
        purposes=None,
        critical=extensions,
    )


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue_below(
    *names: str,
    not_after: datetime,
    levels: int = 2,
    key_ids: bool = False,
    **details: Any,  # noqa: ANN401 - whatever `document` takes
) -> tuple[Issued, list[str]]:
    """Issue from a CA below `levels` others; return their certificates too, the root last."""
    subjects = [*(named(f"Level {level}") for level in range(1, levels)), ISSUER]
    keys = [*(private_key("EC_prime256v1", 100 + level) for level in range(1, levels))]
    keys.append(private_key("EC_prime256v1", 0))
    path = [
        authority(subject, issuer, key, signing_key, key_ids=key_ids)
        for subject, issuer, key, signing_key in zip(
            subjects, [*subjects[1:], ISSUER], keys, [*keys[1:], keys[-1]], strict=True
        )
    ]
    issued = issue(
        *names,
        not_after=not_after,
        issuer=subjects[0],
        signing_key=keys[0],
        key_ids=key_ids,
        **details,
    )
    return Issued(issued.certificate, issued.private_key, "".join(path)), path


def self_signed(name: str, *, not_after: datetime, key_number: int = 1, **details: Any) -> Issued:  # noqa: ANN401 - whatever `document` takes
    """Issue a certificate that nobody but itself certifies."""
    key = private_key("RSA_2048", key_number)
    return issue(
        name,
        not_after=not_after,
        key_number=key_number,
        issuer=named(name),
        signing_key=key,
        **details,
    )


def version_1(name: str, *, not_after: datetime) -> Issued:
    """Issue a certificate of X.509 version 1, which has no extensions."""
    key = private_key("EC_prime256v1", 1)
    pem = issue(name, not_after=not_after, algorithm="EC_prime256v1").certificate
    signed = x509.load_pem_x509_certificate(pem.encode()).tbs_certificate_bytes
    version, serial, algorithm, *others = _elements(_elements(signed)[0][1])
    del version
    body = _element(0x30, b"".join(whole for whole, _ in (serial, algorithm, *others[:-1])))
    signature = private_key("EC_prime256v1", 0).sign(body, ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg, arg-type] # an EC key
    der = _element(0x30, body + algorithm[0] + _element(0x03, b"\0" + signature))
    document = x509.load_der_x509_certificate(der)
    return Issued(document.public_bytes(PEM).decode(), key_pem(key), chain())


def _elements(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return the elements of DER, each whole and as its content."""
    found = []
    while data:
        start, length = 2, data[1]
        if length >= 0x80:
            start += length - 0x80
            length = int.from_bytes(data[2:start], "big")
        found.append((data[: start + length], data[start : start + length]))
        data = data[start + length :]
    return found


def _element(tag: int, content: bytes) -> bytes:
    length = len(content)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big") if length else b""
    head = bytes([length]) if length < 0x80 else bytes([0x80 + len(octets)]) + octets
    return bytes([tag]) + head + content


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
