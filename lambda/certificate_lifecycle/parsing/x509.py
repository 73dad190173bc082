"""A strict reader of X.509 certificates and private keys (DER, RFC 5280) without dependencies.

Lambda's runtime has no X.509 library, and comparing certificates needs only a few fields.
Signatures, chains and revocation are not verified.
Malformed input raises MalformedCertificateError, which never quotes the input, because it may be a
private key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

#: Longer PEM text is rejected: ACM accepts 32 KiB for a certificate (API, ImportCertificate).
MAX_PEM_CHARACTERS = 2_200_000
#: A block contains no further dashes line, so that a text of beginnings takes linear time.
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,64})-----((?:(?!-----).)*)-----END \1-----", re.DOTALL)

_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _OID = 0x01, 0x02, 0x03, 0x04, 0x06
_SEQUENCE, _SET = 0x30, 0x31
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0xA0, 0x81, 0x82, 0xA3
_DNS_NAME, _IP_ADDRESS, _KEY_ID = 0x82, 0x87, 0x80
_CONSTRUCTED_KEY, _KEY_PARAMETERS = 0xA1, 0xA0
_LONG_LENGTH, _MAX_LENGTH_OCTETS, _HIGH_TAG = 0x80, 4, 0x1F
_HIGH_BIT = 0x80

_RSA = bytes.fromhex("2a864886f70d010101")
_EC = bytes.fromhex("2a8648ce3d0201")
#: Curves by ACM's names (API, KeyAlgorithm).
_CURVES = {
    bytes.fromhex("2a8648ce3d030107"): "EC_prime256v1",
    bytes.fromhex("2b81040022"): "EC_secp384r1",
    bytes.fromhex("2b81040023"): "EC_secp521r1",
}
_COMMON_NAME = bytes.fromhex("550403")
_SUBJECT_KEY_ID, _AUTHORITY_KEY_ID = bytes.fromhex("551d0e"), bytes.fromhex("551d23")
_KEY_USAGE = bytes.fromhex("551d0f")
_ALTERNATIVE_NAMES = bytes.fromhex("551d11")
_EXTENDED_KEY_USAGE = bytes.fromhex("551d25")
_NAME_CONSTRAINTS = bytes.fromhex("551d1e")
_PERMITTED_SUBTREES, _EXCLUDED_SUBTREES = 0xA0, 0xA1
#: Header of a key that OpenSSL encrypts in its traditional form (RFC 1421 section 4.6.1.1).
_ENCRYPTED = re.compile(r"\s*Proc-Type:\s*4\s*,\s*ENCRYPTED")
#: Encodings of the string types of a common name (X.680, RFC 5280 appendix A).
_ENCODINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
#: The bits of KeyUsage in order, by ACM's names (API, KeyUsageName).
_USAGES = (
    "DIGITAL_SIGNATURE",
    "NON_REPUDIATION",
    "KEY_ENCIPHERMENT",
    "DATA_ENCIPHERMENT",
    "KEY_AGREEMENT",
    "CERTIFICATE_SIGNING",
    "CRL_SIGNING",
    "ENCIPHER_ONLY",
    "DECIPHER_ONLY",
)
#: Purposes, nearly all below 1.3.6.1.5.5.7.3, by ACM's names (API, ExtendedKeyUsageName).
_PURPOSES = bytes.fromhex("2b060105050703")
EXTENDED_USAGES = {
    bytes.fromhex("551d2500"): "ANY",  # anyExtendedKeyUsage
} | {
    _PURPOSES + bytes([number]): name
    for number, name in {
        1: "TLS_WEB_SERVER_AUTHENTICATION",
        2: "TLS_WEB_CLIENT_AUTHENTICATION",
        3: "CODE_SIGNING",
        4: "EMAIL_PROTECTION",
        5: "IPSEC_END_SYSTEM",
        6: "IPSEC_TUNNEL",
        7: "IPSEC_USER",
        8: "TIME_STAMPING",
        9: "OCSP_SIGNING",
    }.items()
}


class MalformedCertificateError(ValueError):
    """The input is malformed; the message is a clause that does not quote it."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: its ACM algorithm, such as `RSA_2048`, and its numbers for comparison."""

    algorithm: str
    numbers: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class X509Certificate:
    """The fields of a certificate; usages are None if the extension is absent, so all apply.

    `addresses` are the IP addresses that it is valid for.
    An extended usage without a name in ACM is its object identifier.
    A negative serial number is the number of its octets without a sign.
    """

    serial: int
    names: tuple[str, ...]
    key: PublicKey
    not_before: datetime
    not_after: datetime
    key_usages: frozenset[str] | None
    extended_key_usages: frozenset[str] | None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLink:
    """What places a certificate in a chain, also one whose key ACM does not accept.

    `subject` and `issuer` are names in DER, `issuer_name` is the issuer's common name or "".
    `key` is None for a key of another type; `public_key` is its encoding (SubjectPublicKeyInfo).
    The ids are those of the own and of the issuer's key, if the extensions are there.
    """

    der: bytes
    version: int
    subject: bytes
    issuer: bytes
    issuer_name: str
    public_key: bytes
    key: PublicKey | None
    key_id: bytes | None
    issuer_key_id: bytes | None

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer, as a root and a self-signed certificate do."""
        return self.subject == self.issuer

    def may_be_issued_by(self, other: CertificateLink) -> bool:
        """Whether `other` has the name, and as far as both are there the key id, of the issuer."""
        ids = (self.issuer_key_id, other.key_id)
        return other.subject == self.issuer and (None in ids or ids[0] == ids[1])


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """The DNS names that the certificate of a CA permits and excludes below it, in lower case.

    Without permitted names, every name is permitted that is not excluded. Constraints on other
    forms of names are left out.
    """

    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class PemBlock:
    """One block of PEM; its representation does not show the bytes."""

    label: str
    der: bytes

    def __repr__(self) -> str:
        """Show the label only."""
        return f"<PEM {self.label}>"

    def encode(self) -> bytes:
        """Return the block in the form of RFC 7468."""
        text = base64.b64encode(self.der).decode()
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        body = "\n".join([f"-----BEGIN {self.label}-----", *lines, f"-----END {self.label}-----"])
        return f"{body}\n".encode()


def pem_blocks(text: str) -> tuple[PemBlock, ...]:
    """Return the blocks of a PEM text and ignore text between them (RFC 7468).

    Raises MalformedCertificateError for a block that is not plain base64.
    """
    if len(text) > MAX_PEM_CHARACTERS:
        raise MalformedCertificateError("it is too long")
    return tuple(PemBlock(match[1], _decoded(match[2])) for match in _PEM.finditer(text))


def read_certificate(der: bytes) -> X509Certificate:
    """Return the fields of a certificate; raises MalformedCertificateError."""
    parts = _parts(der)
    validity = _Der(parts.validity)
    not_before, not_after = _time(validity), _time(validity)
    common_names = _common_names(_Der(parts.subject))
    extensions = parts.extensions
    names = (*common_names, *_alternative_names(extensions.get(_ALTERNATIVE_NAMES)))
    return X509Certificate(
        serial=parts.serial,
        names=tuple(dict.fromkeys(name.lower() for name in names if name)),
        key=_public_key(_Der(parts.key)),
        not_before=not_before,
        not_after=not_after,
        key_usages=_key_usages(extensions.get(_KEY_USAGE)),
        extended_key_usages=_extended_key_usages(extensions.get(_EXTENDED_KEY_USAGE)),
        addresses=_addresses(extensions.get(_ALTERNATIVE_NAMES)),
    )


def read_link(der: bytes) -> CertificateLink:
    """Return the place of a certificate in a chain; raises MalformedCertificateError."""
    parts = _parts(der)
    return CertificateLink(
        der=der,
        version=parts.version,
        subject=parts.subject,
        issuer=parts.issuer,
        issuer_name=next(iter(_common_names(_Der(parts.issuer))), ""),
        public_key=parts.key,
        key=_accepted_key(parts.key),
        key_id=_subject_key_id(parts.extensions.get(_SUBJECT_KEY_ID)),
        issuer_key_id=_authority_key_id(parts.extensions.get(_AUTHORITY_KEY_ID)),
    )


def read_name_constraints(der: bytes) -> NameConstraints:
    """Return the constraints of a CA's certificate (RFC 5280 section 4.2.1.10).

    Raises MalformedCertificateError.
    """
    extension = _parts(der).extensions.get(_NAME_CONSTRAINTS)
    if extension is None:
        return NameConstraints()
    subtrees = _Der(extension).only(_SEQUENCE)
    permitted = _dns_subtrees(subtrees, _PERMITTED_SUBTREES)
    excluded = _dns_subtrees(subtrees, _EXCLUDED_SUBTREES)
    subtrees.end()
    return NameConstraints(permitted=permitted, excluded=excluded)


def read_private_key(block: PemBlock) -> PublicKey | None:
    """Return the public key of an unencrypted private key; None if the private key omits it.

    Supports PKCS#1, SEC 1 and PKCS#8 (RFC 8017, 5915, 5208); raises MalformedCertificateError.
    """
    match block.label:
        case "RSA PRIVATE KEY":
            return _rsa_private(block.der)
        case "EC PRIVATE KEY":
            return _ec_private(block.der, None)
        case "PRIVATE KEY":
            return _pkcs8(block.der)
        case "ENCRYPTED PRIVATE KEY":
            raise _encrypted()
        case "OPENSSH PRIVATE KEY":
            raise MalformedCertificateError("it has OpenSSH's own format, which ACM does not read")
        case _:
            raise MalformedCertificateError("it is not a private key in PEM")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts of a TBSCertificate (RFC 5280 section 4.1); bytes are contents in DER."""

    version: int
    serial: int
    issuer: bytes
    validity: bytes
    subject: bytes
    key: bytes
    extensions: dict[bytes, bytes]


def _parts(der: bytes) -> _Parts:
    certificate = _Der(der).only(_SEQUENCE)
    body = certificate.enter(_SEQUENCE)
    certificate.take(_SEQUENCE)
    certificate.take(_BIT_STRING)
    certificate.end()
    version = _version(body)
    serial = _serial(body.take(_INTEGER))
    body.take(_SEQUENCE)  # the signature's algorithm
    issuer = body.take(_SEQUENCE)
    if not issuer:
        raise MalformedCertificateError("it has no issuer")
    validity, subject, key = body.take(_SEQUENCE), body.take(_SEQUENCE), body.take(_SEQUENCE)
    body.skip(_ISSUER_ID)
    body.skip(_SUBJECT_ID)
    return _Parts(
        version=version,
        serial=serial,
        issuer=issuer,
        validity=validity,
        subject=subject,
        key=key,
        extensions=_extensions(body),
    )


class _Der:
    """Reads elements one after the other, with definite and minimal lengths as DER requires."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def peek(self) -> int | None:
        return self._rest[0] if self._rest else None

    def next(self) -> tuple[int, bytes]:
        if len(self._rest) < 2 or self._rest[0] & _HIGH_TAG == _HIGH_TAG:  # noqa: PLR2004 - tag and length
            raise MalformedCertificateError("its structure is broken")
        tag, start, length = self._rest[0], 2, self._rest[1]
        if length >= _LONG_LENGTH:
            octets = self._rest[2 : 2 + length - _LONG_LENGTH]
            start, length = start + len(octets), int.from_bytes(octets, "big")
            minimal = length >= _LONG_LENGTH and octets[0] != 0
            if not minimal or len(octets) > _MAX_LENGTH_OCTETS:
                raise MalformedCertificateError("its structure is broken")
        content = self._rest[start : start + length]
        if len(content) != length:
            raise MalformedCertificateError("it is cut short")
        self._rest = self._rest[start + length :]
        return tag, content

    def take(self, expected: int) -> bytes:
        tag, content = self.next()
        if tag != expected:
            raise MalformedCertificateError("its structure is broken")
        return content

    def enter(self, expected: int) -> _Der:
        return _Der(self.take(expected))

    def only(self, expected: int) -> _Der:
        """Enter the only element of this data."""
        inner = self.enter(expected)
        self.end()
        return inner

    def skip(self, optional: int) -> None:
        if self.peek() == optional:
            self.next()

    def each(self) -> Iterator[tuple[int, bytes]]:
        while self._rest:
            yield self.next()

    def end(self) -> None:
        if self._rest:
            raise MalformedCertificateError("it has data after its end")


def _encrypted() -> MalformedCertificateError:
    return MalformedCertificateError("it is encrypted, and ACM accepts only unencrypted keys")


def _decoded(text: str) -> bytes:
    if _ENCRYPTED.match(text):
        raise _encrypted()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        # Raised below, so that the error has no reference to the text.
        pass
    raise MalformedCertificateError("it is not plain base64 between its PEM lines")


def _version(body: _Der) -> int:
    """Return the version as people count it: 1 if there is none, as in X.509 of 1988."""
    if body.peek() != _VERSION:
        return 1
    return _number(body.enter(_VERSION).take(_INTEGER)) + 1


def _number(content: bytes) -> int:
    """Return an INTEGER; all integers but serial numbers are positive."""
    padded = len(content) > 1 and content[0] == 0 and content[1] < _HIGH_BIT
    if not content or padded or content[0] >= _HIGH_BIT:
        raise MalformedCertificateError("one of its numbers is malformed")
    return int.from_bytes(content, "big")


def _serial(content: bytes) -> int:
    """Return the octets of a serial number as a number.

    Readers have to be prepared for negative ones (RFC 5280 section 4.1.2.2).
    """
    if content and content[0] >= _HIGH_BIT:
        return int.from_bytes(content, "big")
    return _number(content)


def _bits(content: bytes) -> tuple[int, bytes]:
    """Return the number of unused bits at the end of a BIT STRING, and its octets."""
    if not content or content[0] > 7 or (content[0] and len(content) == 1):  # noqa: PLR2004 - an octet
        raise MalformedCertificateError("its structure is broken")
    return content[0], content[1:]


def _time(validity: _Der) -> datetime:
    tag, content = validity.next()
    text = content.decode("latin-1")
    length = {_UTC_TIME: 12, _GENERALIZED_TIME: 14}.get(tag, 0)
    if not length or not re.fullmatch(rf"[0-9]{{{length}}}Z", text):
        raise MalformedCertificateError("one of its times is malformed")
    if tag == _UTC_TIME:  # RFC 5280 section 4.1.2.5.1
        text = ("19" if text >= "50" else "20") + text
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise MalformedCertificateError("one of its times is malformed") from None


def _common_names(subject: _Der) -> list[str]:
    found = []
    for tag, content in subject.each():
        if tag != _SET:
            raise MalformedCertificateError("its structure is broken")
        for kind, attribute in _Der(content).each():
            pair = _Der(attribute if kind == _SEQUENCE else b"")
            if pair.take(_OID) == _COMMON_NAME:
                found.append(_text(*pair.next()))
    return found


def _text(tag: int, content: bytes) -> str:
    try:
        return content.decode(_ENCODINGS[tag])
    except (KeyError, UnicodeDecodeError):
        raise MalformedCertificateError("one of its names is malformed") from None


def _public_key(information: _Der) -> PublicKey:
    """Return the key in the contents of a SubjectPublicKeyInfo."""
    algorithm = information.enter(_SEQUENCE)
    kind = algorithm.take(_OID)
    unused, key = _bits(information.take(_BIT_STRING))
    if unused:
        raise MalformedCertificateError("its structure is broken")
    if kind == _RSA:
        numbers = _Der(key).only(_SEQUENCE)
        return _rsa(_number(numbers.take(_INTEGER)), _number(numbers.take(_INTEGER)))
    if kind == _EC:
        return PublicKey(_curve(algorithm), key)
    raise MalformedCertificateError("its key is neither RSA nor ECDSA")


def _accepted_key(key: bytes) -> PublicKey | None:
    """Return a key as ACM names it; None for any other, which an authority may have."""
    try:
        return _public_key(_Der(key))
    except MalformedCertificateError:
        return None


def _rsa(modulus: int, exponent: int) -> PublicKey:
    return PublicKey(f"RSA_{modulus.bit_length()}", f"{modulus:x} {exponent:x}".encode())


def _curve(parameters: _Der) -> str:
    if parameters.peek() == _SEQUENCE:
        raise MalformedCertificateError(
            "its key spells out the parameters of its curve instead of its name, which ACM does "
            "not accept"
        )
    name = _CURVES.get(parameters.take(_OID))
    if name is None:
        raise MalformedCertificateError("its key uses a curve that ACM does not accept")
    return name


def _extensions(body: _Der) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    if body.peek() == _EXTENSIONS:
        for tag, content in body.enter(_EXTENSIONS).only(_SEQUENCE).each():
            extension = _Der(content if tag == _SEQUENCE else b"")
            name = extension.take(_OID)
            extension.skip(_BOOLEAN)
            if name in found:
                raise MalformedCertificateError("it has an extension twice")
            found[name] = extension.take(_OCTET_STRING)
            extension.end()
    body.end()
    return found


def _alternative_names(extension: bytes | None) -> list[str]:
    if extension is None:
        return []
    names = _Der(extension).only(_SEQUENCE).each()
    return [_text(0x16, content) for tag, content in names if tag == _DNS_NAME]


def _addresses(extension: bytes | None) -> tuple[str, ...]:
    if extension is None:
        return ()
    names = _Der(extension).only(_SEQUENCE).each()
    return tuple(_address(content) for tag, content in names if tag == _IP_ADDRESS)


def _address(content: bytes) -> str:
    try:
        return str(ip_address(content))
    except ValueError:
        raise MalformedCertificateError("one of its names is malformed") from None


def _dns_subtrees(subtrees: _Der, expected: int) -> tuple[str, ...]:
    """Return the DNS names of GeneralSubtrees; a minimum or maximum is not permitted in them."""
    if subtrees.peek() != expected:
        return ()
    found = []
    for tag, content in subtrees.enter(expected).each():
        subtree = _Der(content if tag == _SEQUENCE else b"")
        form, base = subtree.next()
        subtree.end()
        if form == _DNS_NAME:
            found.append(_text(0x16, base).lower())
    return tuple(found)


def _key_usages(extension: bytes | None) -> frozenset[str] | None:
    if extension is None:
        return None
    whole = _Der(extension)
    _, octets = _bits(whole.take(_BIT_STRING))
    whole.end()
    bits = "".join(f"{octet:08b}" for octet in octets)
    return frozenset(name for name, bit in zip(_USAGES, bits, strict=False) if bit == "1")


def _extended_key_usages(extension: bytes | None) -> frozenset[str] | None:
    """Return the purposes by ACM's names, and others, which ACM calls CUSTOM, by their OID."""
    if extension is None:
        return None
    purposes = [content for _, content in _Der(extension).only(_SEQUENCE).each()]
    return frozenset(EXTENDED_USAGES.get(oid) or f"OID {oid.hex()}" for oid in purposes)


def _subject_key_id(extension: bytes | None) -> bytes | None:
    return None if extension is None else _Der(extension).take(_OCTET_STRING)


def _authority_key_id(extension: bytes | None) -> bytes | None:
    if extension is None:
        return None
    fields = _Der(extension).only(_SEQUENCE)
    return fields.take(_KEY_ID) if fields.peek() == _KEY_ID else None


def _rsa_private(der: bytes) -> PublicKey:
    key = _Der(der).only(_SEQUENCE)
    key.take(_INTEGER)  # the version
    return _rsa(_number(key.take(_INTEGER)), _number(key.take(_INTEGER)))


def _ec_private(der: bytes, curve: str | None) -> PublicKey | None:
    key = _Der(der).only(_SEQUENCE)
    key.take(_INTEGER)  # the version
    key.take(_OCTET_STRING)  # the private key itself
    if key.peek() == _KEY_PARAMETERS:
        curve = _curve(key.enter(_KEY_PARAMETERS))
    if curve is None:
        raise MalformedCertificateError("it does not name its curve")
    if key.peek() != _CONSTRUCTED_KEY:
        return None
    _, point = _bits(key.enter(_CONSTRUCTED_KEY).take(_BIT_STRING))
    return PublicKey(curve, point)


def _pkcs8(der: bytes) -> PublicKey | None:
    key = _Der(der).only(_SEQUENCE)
    key.take(_INTEGER)  # the version
    algorithm = key.enter(_SEQUENCE)
    kind, inner = algorithm.take(_OID), key.take(_OCTET_STRING)
    if kind == _RSA:
        return _rsa_private(inner)
    if kind == _EC:
        return _ec_private(inner, _curve(algorithm))
    raise MalformedCertificateError("it is neither RSA nor ECDSA")
