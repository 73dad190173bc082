"""Import sources: what a secret holds, and whether it may follow the certificate that is there.

A certificate that was imported is renewed by whoever writes a newer one into its secret.
What may be imported under the same ARN is ACM's own list (user guide, "Reimport a certificate").
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
#: What ACM takes (API, ImportCertificate).
_MAX_CERTIFICATE_BYTES = 32_768
_MAX_KEY_BYTES = 5_120
#: A shorter line of a key would be found in ordinary text, and says little about the key.
_TELLING_LINE = 8
_PEM = re.compile(r"-----BEGIN .*?(?:-----END [A-Z ]+-----\n?|\Z)", re.DOTALL)
#: Usages that a later certificate may lack (user guide, "Reimport a certificate").
_MAY_LACK = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"})
_ECDSA_MAY_LACK = frozenset({"KEY_ENCIPHERMENT"})
#: What ACM says where it does not name a single usage.
_NO_SINGLE_USAGE = frozenset({"ANY", "CUSTOM", "NONE"})


class SourceState(StrEnum):
    """What a source is good for."""

    NEWER = "newer"
    SAME = "same"
    NOT_NEWER = "not newer"
    NOT_YET_VALID = "not yet valid"
    INCOMPATIBLE = "incompatible"
    INVALID = "invalid"
    UNREADABLE = "unreadable"
    UNREAD = "unread"


class UnusableSourceError(ValueError):
    """A secret holds nothing that could be imported; the clause quotes nothing of it."""


class CertificateBundle:
    """A certificate with its private key, ready to be imported; its representation shows neither.

    Everything is written anew from what was read, so what is sent is plain PEM and nothing else.
    """

    __slots__ = ("certificate", "chain", "private_key")

    def __init__(self, certificate: bytes, private_key: bytes, chain: bytes) -> None:
        self.certificate = certificate
        self.private_key = private_key
        self.chain = chain

    def __repr__(self) -> str:
        """Show that there is something, and not what."""
        return "<certificate and private key>"

    def without_key(self, text: str) -> str:
        """Return `text` without any line of the private key, for what others say about it.

        Whatever PEM it quotes is left out as a whole: nobody reads that in a message.
        """
        for line in self.private_key.decode().splitlines():
            if len(line) >= _TELLING_LINE and not line.startswith("-----"):
                text = text.replace(line, "...")
        return _PEM.sub("...", text)


@dataclass(frozen=True, slots=True)
class ImportCandidate:
    """What a source holds that may follow: what it says of itself, and what to import."""

    leaf: X509Certificate
    bundle: CertificateBundle

    @property
    def label(self) -> str:
        """How people know it."""
        serial = serial_text(self.leaf.serial)
        return f"the version that ends on {_moment(self.leaf.not_after)} (serial {serial})"


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """What a certificate's source is good for, as a sentence; `newer` if it may follow."""

    secret_arn: str
    state: SourceState
    text: str
    newer: ImportCandidate | None = None


def secret_name(arn: str) -> str:
    """Return the part of a secret's ARN that people know it by."""
    return arn.partition(":secret:")[2] or arn


def serial_text(serial: int) -> str:
    """Return a serial number as ACM writes it: hex pairs joined by colons."""
    digits = f"{serial:x}"
    return bytes.fromhex(digits.zfill(len(digits) + len(digits) % 2)).hex(":")


def serial_number(text: str | None) -> int | None:
    """Return a serial number that ACM wrote, however it pads it; None for what is none."""
    digits = (text or "").replace(":", "")
    return int(digits, 16) if re.fullmatch(r"[0-9a-fA-F]+", digits) else None


def open_secret(secret: SecretStr) -> tuple[X509Certificate, CertificateBundle]:
    """Return the certificate in a secret, read and ready to be sent; raises UnusableSourceError.

    `certificate` may be followed by its chain, as many tools write it, and `chain` may repeat the
    certificate: each certificate is sent once, the leaf first.
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
        raise UnusableSourceError("the certificate is longer than the 32 KiB that ACM takes")
    if len(bundle.private_key) > _MAX_KEY_BYTES:
        raise UnusableSourceError("the private_key is longer than the 5 KiB that ACM takes")
    return leaf, bundle


def compare(
    leaf: X509Certificate, certificate: Certificate, now: datetime
) -> tuple[SourceState, str]:
    """Say whether `leaf` may and should follow `certificate`, as a clause about the source.

    The same serial number means that it was imported already.
    Newer is what ends later or, ending at the same moment, begins later, as a certificate does that
    its CA issued again with another key; nothing older ever follows, so that repeating this can
    never go back and forth.
    """
    if serial_number(certificate.detail.serial) == leaf.serial:
        return SourceState.SAME, "holds the certificate that is imported already"
    ends = f"one that ends on {_moment(leaf.not_after)}"
    if leaf.not_after <= now or not _is_later(leaf, certificate):
        return SourceState.NOT_NEWER, f"holds nothing newer, just {ends}"
    if leaf.not_before > now:
        text = f"holds {ends}, which is not valid before {_moment(leaf.not_before)}"
        return SourceState.NOT_YET_VALID, text
    blocked_reason = _blocked_reason(leaf, certificate)
    if blocked_reason is not None:
        text = f"holds {ends}, which ACM does not take under the same ARN: {blocked_reason}"
        return SourceState.INCOMPATIBLE, text
    return SourceState.NEWER, f"holds a newer one, which ends on {_moment(leaf.not_after)}"


def _is_later(leaf: X509Certificate, certificate: Certificate) -> bool:
    if certificate.not_after is None or certificate.not_before is None:
        return True
    there = (certificate.not_after, certificate.not_before)
    return (leaf.not_after, leaf.not_before) > there


def _blocked_reason(leaf: X509Certificate, certificate: Certificate) -> str | None:
    """Why ACM would refuse; what its description leaves open is left to ACM."""
    if leaf.key.algorithm != certificate.key_algorithm:
        return f"its key is {leaf.key.algorithm} instead of {certificate.key_algorithm}"
    if certificate.names and not set(leaf.names) & set(certificate.names):
        return "it has none of the domain names"
    detail = certificate.detail
    ecdsa = leaf.key.algorithm.startswith("EC_")
    lost = _lost(detail.key_usages, leaf.key_usages) - (_ECDSA_MAY_LACK if ecdsa else frozenset())
    lost |= _lost(detail.extended_key_usages, leaf.extended_key_usages) - _MAY_LACK
    return f"it lacks the key usage {', '.join(sorted(lost))}" if lost else None


def _lost(there: frozenset[str], offered: frozenset[str] | None) -> frozenset[str]:
    """Return what would be lost; an absent extension allows any use, so ACM is to judge that."""
    return frozenset() if offered is None else there - offered - _NO_SINGLE_USAGE


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


# --- What a secret looks like -------------------------------------------------------------------


def _fields(secret: SecretStr) -> dict[str, str]:
    try:
        parsed = json.loads(secret.get_secret_value())
    except (ValueError, RecursionError):
        parsed = None
    # Raised outside of the handler: a JSONDecodeError carries the whole document.
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
    """Return the certificates in a field, of which only the chain may have none."""
    text = fields[name]
    blocks = _in_field(name, lambda: pem_blocks(text))
    if any(block.label != "CERTIFICATE" for block in blocks) or (text.strip() and not blocks):
        raise UnusableSourceError(f"the {name} is not a certificate in PEM")
    return list(blocks)


def _key_block(fields: dict[str, str]) -> PemBlock:
    """Return the private key; curve parameters before it, as OpenSSL writes them, are left out."""
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
