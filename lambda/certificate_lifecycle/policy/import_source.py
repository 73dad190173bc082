"""Import sources: secrets with newer versions of imported certificates.

ACM limits what may be imported under the same ARN (user guide, "Reimport a certificate").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.model.timestamps import format_minute
from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    PemBlock,
    X509Certificate,
    pem_blocks,
    read_certificate,
    read_private_key,
)

T = TypeVar("T")

_FIELDS = ("certificate", "private_key", "chain")
#: Limits of ACM (API, ImportCertificate).
_MAX_CERTIFICATE_BYTES = 32_768
_MAX_KEY_BYTES = 5_120
#: Shorter lines of a key occur in ordinary text and reveal little.
_MIN_SECRET_LINE = 8
_PEM = re.compile(r"-----BEGIN .*?(?:-----END [A-Z ]+-----\n?|\Z)", re.DOTALL)
#: Usages that a newer certificate may lack (user guide, "Reimport a certificate").
_MAY_LACK = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"})
_ECDSA_MAY_LACK = frozenset({"KEY_ENCIPHERMENT"})
#: Values of ACM that do not name a single usage.
_NO_SINGLE_USAGE = frozenset({"ANY", "CUSTOM", "NONE"})


class SourceState(StrEnum):
    """Whether the certificate in a source may be imported."""

    NEWER = "newer"
    SAME = "same"
    NOT_NEWER = "not newer"
    NOT_YET_VALID = "not yet valid"
    INCOMPATIBLE = "incompatible"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    UNREAD = "unread"


class UnusableSourceError(ValueError):
    """A secret contains nothing that can be imported; the message quotes nothing of it."""


class CertificateBundle:
    """A certificate with its private key, ready to be imported; its representation shows neither.

    All parts are encoded again after parsing, so that only plain PEM is sent.
    """

    __slots__ = ("certificate", "chain", "private_key")

    def __init__(self, certificate: bytes, private_key: bytes, chain: bytes) -> None:
        self.certificate = certificate
        self.private_key = private_key
        self.chain = chain

    def __repr__(self) -> str:
        """Hide the contents."""
        return "<certificate and private key>"

    def without_key(self, text: str) -> str:
        """Return `text`, such as an error of AWS, without lines of the private key and PEM."""
        for line in self.private_key.decode().splitlines():
            if len(line) >= _MIN_SECRET_LINE and not line.startswith("-----"):
                text = text.replace(line, "...")
        return _PEM.sub("...", text)


@dataclass(frozen=True, slots=True)
class ImportCandidate:
    """A newer version in a source: its fields, and the bundle to import."""

    leaf: X509Certificate
    bundle: CertificateBundle

    @property
    def label(self) -> str:
        """The version in messages."""
        serial = serial_text(self.leaf.serial)
        return f"the version that expires on {format_minute(self.leaf.not_after)} (serial {serial})"


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """The state of an import source and a sentence about it; `newer` is the version to import."""

    secret_arn: str
    state: SourceState
    text: str
    newer: ImportCandidate | None = None


def secret_name(arn: str) -> str:
    """Return the name of a secret from its ARN."""
    return arn.partition(":secret:")[2] or arn


def serial_text(serial: int) -> str:
    """Return a serial number as ACM writes it: hex pairs joined by colons."""
    digits = f"{serial:x}"
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).hex(":")


def serial_number(text: str | None) -> int | None:
    """Return a serial number in ACM's form, with any padding; None if the text is not one."""
    digits = (text or "").replace(":", "")
    return int(digits, 16) if re.fullmatch(r"[0-9a-fA-F]+", digits) else None


def open_secret(secret: SecretStr) -> tuple[X509Certificate, CertificateBundle]:
    """Return the certificate in a secret and its bundle; raises UnusableSourceError.

    The field `certificate` may also contain the chain, as many tools write it, and `chain` may
    repeat the certificate: each certificate is sent once, the leaf first.
    """
    fields = _fields(secret)
    found = [*_blocks(fields, "certificate"), *_blocks(fields, "chain")]
    leaf_block, *chain = dict.fromkeys(found)
    leaf = _in_field("certificate", lambda: read_certificate(leaf_block.der))
    key_block = _key_block(fields)
    key = _in_field("private_key", lambda: read_private_key(key_block))
    if key is not None and key != leaf.key:
        raise UnusableSourceError("the private_key does not belong to the certificate")
    bundle = CertificateBundle(
        leaf_block.encode(), key_block.encode(), b"".join(block.encode() for block in chain)
    )
    if len(bundle.certificate) > _MAX_CERTIFICATE_BYTES:
        raise UnusableSourceError("the certificate is longer than the 32 KiB that ACM accepts")
    if len(bundle.private_key) > _MAX_KEY_BYTES:
        raise UnusableSourceError("the private_key is longer than the 5 KiB that ACM accepts")
    return leaf, bundle


def compare(
    leaf: X509Certificate, certificate: Certificate, now: datetime
) -> tuple[SourceState, str]:
    """Return whether `leaf` should be imported over `certificate`, with a clause about the source.

    The same serial number means that it is already imported.
    A newer certificate expires later or, for a reissue with another key, starts later and expires
    at the same time. Older certificates are never imported, so repeated runs cannot alternate.
    """
    if serial_number(certificate.detail.serial) == leaf.serial:
        return SourceState.SAME, "contains the certificate that is already imported"
    version = f"a version that expires on {format_minute(leaf.not_after)}"
    if leaf.not_after <= now or not _is_later(leaf, certificate):
        return SourceState.NOT_NEWER, f"contains no newer version, only {version}"
    if leaf.not_before > now:
        text = f"contains {version} and is not valid before {format_minute(leaf.not_before)}"
        return SourceState.NOT_YET_VALID, text
    blocked_reason = _blocked_reason(leaf, certificate)
    if blocked_reason is not None:
        text = f"contains {version}, which ACM rejects under the same ARN: {blocked_reason}"
        return SourceState.INCOMPATIBLE, text
    return (
        SourceState.NEWER,
        f"contains a newer version, which expires on {format_minute(leaf.not_after)}",
    )


def _is_later(leaf: X509Certificate, certificate: Certificate) -> bool:
    if certificate.not_after is None or certificate.not_before is None:
        return True
    return (leaf.not_after, leaf.not_before) > (certificate.not_after, certificate.not_before)


def _blocked_reason(leaf: X509Certificate, certificate: Certificate) -> str | None:
    """Return why ACM would reject `leaf`, as far as its description says so."""
    if leaf.key.algorithm != certificate.key_algorithm:
        return f"its key is {leaf.key.algorithm} instead of {certificate.key_algorithm}"
    if certificate.names and not set(leaf.names) & set(certificate.names):
        return "it has no domain name in common"
    detail = certificate.detail
    ecdsa = leaf.key.algorithm.startswith("EC_")
    allowed = _ECDSA_MAY_LACK if ecdsa else frozenset()
    missing = _missing(detail.key_usages, leaf.key_usages) - allowed
    missing |= _missing(detail.extended_key_usages, leaf.extended_key_usages) - _MAY_LACK
    return f"it lacks the key usage {', '.join(sorted(missing))}" if missing else None


def _missing(current: frozenset[str], offered: frozenset[str] | None) -> frozenset[str]:
    """Return the usages that `offered` lacks; an absent extension allows every usage."""
    return frozenset() if offered is None else current - offered - _NO_SINGLE_USAGE


def _fields(secret: SecretStr) -> dict[str, str]:
    try:
        parsed = json.loads(secret.get_secret_value())
    except (ValueError, RecursionError):
        parsed = None
    # Raised outside of the handler, because a JSONDecodeError contains the whole document.
    if not isinstance(parsed, dict):
        raise UnusableSourceError(f"it is not a JSON object with {', '.join(_FIELDS)}")
    fields = {name: parsed.get(name) or "" for name in _FIELDS}
    wrong = [name for name, value in fields.items() if not isinstance(value, str)]
    if wrong:
        raise UnusableSourceError(f"{' and '.join(wrong)} must be text")
    missing = [name for name in ("certificate", "private_key") if not fields[name].strip()]
    if missing:
        raise UnusableSourceError(f"it has no {' and no '.join(missing)}")
    return fields


def _blocks(fields: dict[str, str], name: str) -> list[PemBlock]:
    """Return the certificates in a field; only `chain` may be empty."""
    text = fields[name]
    blocks = _in_field(name, lambda: pem_blocks(text))
    if any(block.label != "CERTIFICATE" for block in blocks) or (text.strip() and not blocks):
        raise UnusableSourceError(f"the {name} is not a certificate in PEM")
    return list(blocks)


def _key_block(fields: dict[str, str]) -> PemBlock:
    """Return the private key without the curve parameters that OpenSSL writes before it."""
    text = fields["private_key"]
    found = _in_field("private_key", lambda: pem_blocks(text))
    blocks = [block for block in found if block.label != "EC PARAMETERS"]
    if len(blocks) != 1:
        raise UnusableSourceError("the private_key is not one private key in PEM")
    return blocks[0]


def _in_field(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except MalformedCertificateError as error:
        raise UnusableSourceError(f"the {name} cannot be used: {error}") from error
