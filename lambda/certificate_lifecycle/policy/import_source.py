"""Import sources: secrets with newer versions of imported certificates.

ACM limits what may be imported under the same ARN (user guide, "Reimport a certificate").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from certificate_lifecycle.model.sanitize import clean, listed, quoted
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.model.timestamps import format_minute
from certificate_lifecycle.parsing.x509 import (
    CertificateLink,
    MalformedCertificateError,
    PemBlock,
    PublicKey,
    X509Certificate,
    pem_blocks,
    read_certificate,
    read_link,
    read_private_key,
)
from certificate_lifecycle.policy.import_history import CertificateVersion, ImportHistory

T = TypeVar("T")

_FIELDS = ("certificate", "private_key", "chain")
#: Limits of ACM (API, ImportCertificate).
_MAX_CERTIFICATE_BYTES = 32_768
_MAX_KEY_BYTES = 5_120
_MAX_CHAIN_BYTES = 2_097_152
#: The version of X.509 that ACM accepts (user guide, "Prerequisites for importing").
_X509_VERSION = 3
#: Shorter lines of a key occur in ordinary text and reveal little.
_MIN_SECRET_LINE = 8
_PEM = re.compile(r"-----BEGIN .*?(?:-----END [A-Z ]+-----\n?|\Z)", re.DOTALL)
#: Usages that a newer certificate may lack (user guide, "Reimport a certificate").
_CLIENT = "TLS_WEB_CLIENT_AUTHENTICATION"
_MAY_LACK = frozenset({_CLIENT})
_ECDSA_MAY_LACK = frozenset({"KEY_ENCIPHERMENT"})
#: What a run does with a version that a person, or another tool, has imported.
_KEPT = "the version in ACM, which was imported by other means, is kept"
#: The number of names that a message lists.
_SHOWN_NAMES = 5


class SourceState(StrEnum):
    """Whether the certificate in a source may be imported."""

    NEWER = "newer"
    SAME = "same"
    NOT_NEWER = "not newer"
    NOT_YET_VALID = "not yet valid"
    INCOMPATIBLE = "incompatible"
    INVALID = "invalid"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNREAD = "unread"


class Allowance(StrEnum):
    """What an import source may do that others may not: the values of `allow`."""

    FEWER_NAMES = "fewer_names"
    OTHER_ISSUER = "other_issuer"
    NO_CHAIN = "no_chain"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """The settings of an import source.

    With `require_client_auth`, no version without the usage for TLS clients replaces one with it.
    """

    secret_arn: str
    allow: frozenset[Allowance] = frozenset()
    require_client_auth: bool = False


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
    """A version in a source: what it says, and the bundle to import.

    `loses` is added to messages: what clients may miss.
    """

    version: CertificateVersion
    bundle: CertificateBundle
    loses: str = ""

    @property
    def label(self) -> str:
        """The version in messages."""
        leaf = self.version.leaf
        serial = serial_text(leaf.serial)
        end = format_minute(leaf.not_after)
        return f"the version that expires on {end} (serial {serial}){self.loses}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether an offered version may be imported, and a clause about the source.

    `loses` follows the name of the version in messages, such as ", without a.example.com".
    `loses_client_auth` is true if the version in ACM is for TLS clients too, and the other not.
    """

    state: SourceState
    text: str
    loses: str = ""
    loses_client_auth: bool = False


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """The state of an import source and a sentence about it.

    `newer` is the version to import.
    `history` is that of the certificate with the version that ACM holds, None if it is not known,
    and `unsaved` whether it differs from the stored one.
    """

    secret_arn: str
    state: SourceState
    text: str
    newer: ImportCandidate | None = None
    loses_client_auth: bool = False
    history: ImportHistory | None = None
    unsaved: bool = False


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


def open_secret(secret: SecretStr) -> ImportCandidate:
    """Return the version in a secret and its bundle; raises UnusableSourceError.

    The certificates in the fields `certificate` and `chain` may be in any order, as tools write
    them: the private key tells which one is meant, and the issuers' names which ones follow.
    """
    fields = _fields(secret)
    links = list(dict.fromkeys([*_links(fields, "certificate"), *_links(fields, "chain")]))
    key_block = _key_block(fields)
    key = _in_field("private_key", lambda: read_private_key(key_block))
    link = _leaf_of(links, key)
    if link.version != _X509_VERSION:
        raise UnusableSourceError(
            f"the certificate is of X.509 version {link.version}, and ACM accepts version 3 only"
        )
    leaf = _in_field("certificate", lambda: read_certificate(link.der))
    chain = _chain_of(link, [other for other in links if other != link])
    bundle = CertificateBundle(_encoded([link]), key_block.encode(), _encoded(chain))
    for name, content, most in (
        ("certificate", bundle.certificate, _MAX_CERTIFICATE_BYTES),
        ("private_key", bundle.private_key, _MAX_KEY_BYTES),
        ("chain", bundle.chain, _MAX_CHAIN_BYTES),
    ):
        if len(content) > most:
            size = most // 1024
            raise UnusableSourceError(f"the {name} is longer than the {size} KiB that ACM accepts")
    return ImportCandidate(CertificateVersion(leaf, link, chain), bundle)


def read_version(certificate: str, chain: str) -> CertificateVersion:
    """Return a certificate and its chain as ACM returns them; raises MalformedCertificateError."""
    leaf, *others = (block.der for block in (*pem_blocks(certificate), *pem_blocks(chain)))
    return CertificateVersion(
        read_certificate(leaf), read_link(leaf), tuple(map(read_link, others))
    )


def compare(
    offered: CertificateVersion,
    held: CertificateVersion,
    history: ImportHistory,
    source: ImportSource,
    now: datetime,
) -> Comparison:
    """Return whether `offered` should be imported over `held`, which `history` contains.

    A newer version was issued later; its end says nothing, because lifetimes become shorter.
    A version that the ARN has held before is never imported, so repeated runs cannot alternate and
    what a person replaced does not come back.
    """
    if offered.link.der == held.link.der:
        return _compare_chains(offered, held, history, now)
    leaf, there = offered.leaf, held.leaf
    version = f"a version that expires on {format_minute(leaf.not_after)}"
    if leaf.not_after <= now:
        return Comparison(SourceState.NOT_NEWER, f"contains no newer version, only {version}")
    issued = f"{version} and was issued on {format_minute(leaf.not_before)}"
    if history.holds(offered.held):
        text = f"contains only {issued}, which was imported before and replaced; {_KEPT}"
        return Comparison(SourceState.NOT_NEWER, text)
    if leaf.not_before <= there.not_before:
        text = (
            f"contains no newer version, only {issued}, not later than the one in ACM "
            f"({format_minute(there.not_before)}); {_KEPT}"
        )
        return Comparison(SourceState.NOT_NEWER, text)
    if leaf.not_before > now:
        text = f"contains {version} and is not valid before {format_minute(leaf.not_before)}"
        return Comparison(SourceState.NOT_YET_VALID, text)
    return _compare_contents(offered, held, source, version)


def _compare_chains(
    offered: CertificateVersion, held: CertificateVersion, history: ImportHistory, now: datetime
) -> Comparison:
    """Compare two versions with the same certificate; a shorter chain is not another one."""
    same = "contains the certificate that is already imported"
    chain = offered.chain_without_root
    if held.chain_without_root[: len(chain)] == chain:
        return Comparison(SourceState.SAME, same)
    if history.holds_chain(offered.held):
        text = f"{same}, with a chain that was replaced; {_KEPT}"
        return Comparison(SourceState.NOT_NEWER, text)
    if offered.leaf.not_after <= now:
        return Comparison(SourceState.NOT_NEWER, f"{same}, which has expired")
    if None not in (held.issuer_key, offered.issuer_key) and held.issuer_key != offered.issuer_key:
        text = f"{same}, with the chain of another issuer"
        return Comparison(SourceState.INCOMPATIBLE, text)
    return Comparison(SourceState.NEWER, f"{same}, with another chain", ", with another chain")


def _compare_contents(
    offered: CertificateVersion, held: CertificateVersion, source: ImportSource, version: str
) -> Comparison:
    refused = _refusals(offered.leaf, held.leaf)
    if refused:
        text = f"contains {version}, which ACM rejects under the same ARN: {'; '.join(refused)}"
        return Comparison(SourceState.INCOMPATIBLE, text)
    loses_client_auth = _is_for_clients(held.leaf) and not _is_for_clients(offered.leaf)
    blocked = [
        f"{why} (to accept that, add {allowance.value} to its allow)"
        for allowance, why in _differences(offered, held)
        if allowance not in source.allow
    ]
    if loses_client_auth and source.require_client_auth:
        blocked.append(f"it lacks the usage {_CLIENT}, which require_client_auth requires")
    if blocked:
        text = f"contains {version}, which is not imported: {'; '.join(blocked)}"
        return Comparison(SourceState.INCOMPATIBLE, text)
    lost = [*_lost_names(offered.leaf, held.leaf), *([_CLIENT] if loses_client_auth else [])]
    loses = f", without {listed(lost, _SHOWN_NAMES)}" if lost else ""
    end = format_minute(offered.leaf.not_after)
    text = f"contains a newer version, which expires on {end}{loses}"
    return Comparison(SourceState.NEWER, text, loses, loses_client_auth)


def _refusals(leaf: X509Certificate, there: X509Certificate) -> list[str]:
    """Return why ACM rejects `leaf` (user guide, "Reimport a certificate", "Prerequisites")."""
    found = []
    if leaf.key.algorithm != there.key.algorithm:
        found.append(f"its key is {leaf.key.algorithm} instead of {there.key.algorithm}")
    if there.names and not set(leaf.names) & set(there.names):
        found.append("it has no domain name in common")
    ecdsa = leaf.key.algorithm.startswith("EC_")
    missing: set[str] = set()
    for extension, before, after, may_lack in (
        ("KeyUsage", there.key_usages, leaf.key_usages, _ECDSA_MAY_LACK if ecdsa else frozenset()),
        ("ExtendedKeyUsage", there.extended_key_usages, leaf.extended_key_usages, _MAY_LACK),
    ):
        if before is None and after is not None:
            found.append(f"it adds the extension {extension}")
        elif before is not None and after is None:
            found.append(f"it lacks the extension {extension}")
        else:
            missing |= (before or frozenset()) - (after or frozenset()) - may_lack
    if missing:
        found.append(f"it lacks the key usage {', '.join(sorted(missing))}")
    return found


def _differences(
    offered: CertificateVersion, held: CertificateVersion
) -> Iterator[tuple[Allowance, str]]:
    """Yield what clients may stumble over, with what allows it."""
    lost = _lost_names(offered.leaf, held.leaf)
    if lost:
        yield Allowance.FEWER_NAMES, f"it lacks {listed(lost, _SHOWN_NAMES)}"
    if offered.link.self_issued and not held.link.self_issued:
        yield Allowance.OTHER_ISSUER, "it is self-signed"
    elif not _same_issuer(offered, held):
        issuer = quoted(offered.link.issuer_name)
        yield Allowance.OTHER_ISSUER, f"another certificate authority issued it, {issuer}"
    if held.chain and not offered.chain:
        yield Allowance.NO_CHAIN, "it has no chain"


def _same_issuer(offered: CertificateVersion, held: CertificateVersion) -> bool:
    """Whether both have an issuer of the same name, with the same key as far as they show it."""
    return all(
        before == after
        for before, after in (
            (held.link.issuer, offered.link.issuer),
            (held.link.issuer_key_id, offered.link.issuer_key_id),
            (held.issuer_key, offered.issuer_key),
        )
        if before is not None and after is not None
    )


def _is_for_clients(leaf: X509Certificate) -> bool:
    usages = leaf.extended_key_usages
    return usages is None or not usages.isdisjoint({_CLIENT, "ANY"})


def _lost_names(leaf: X509Certificate, there: X509Certificate) -> list[str]:
    """Return the names and addresses that only `there` has, cleaned for messages.

    A wildcard stands for the names one label below.
    """
    lost = (
        name
        for name in there.names
        if name not in leaf.names and f"*.{name.partition('.')[2]}" not in leaf.names
    )
    only_there = {*lost, *there.addresses} - set(leaf.addresses)
    return sorted(map(clean, only_there))


def _leaf_of(links: Sequence[CertificateLink], key: PublicKey | None) -> CertificateLink:
    """Return the certificate of a private key; raises UnusableSourceError.

    A private key may omit its public key. It then belongs to the one certificate that issued none
    of the others, and ACM compares the two.
    """
    if key is None:
        found = [
            link
            for link in links
            if not any(other.may_be_issued_by(link) for other in links if other != link)
        ]
        if len(found) != 1:
            raise UnusableSourceError(
                "the private_key does not contain its public key, so it is not known which of "
                f"{len(found)} certificates it belongs to"
            )
        return found[0]
    found = [link for link in links if link.key == key]
    if not found:
        raise UnusableSourceError("the private_key does not belong to the certificate")
    if len(found) > 1:
        raise UnusableSourceError(
            f"the private_key belongs to {len(found)} certificates in it; leave one of them"
        )
    return found[0]


def _chain_of(
    leaf: CertificateLink, others: Sequence[CertificateLink]
) -> tuple[CertificateLink, ...]:
    """Return the issuers of `leaf` in order, without certificates that are none.

    Raises UnusableSourceError if there are certificates, but not that of the issuer.
    """
    chain: list[CertificateLink] = []
    last = leaf
    while not last.self_issued:
        found = [link for link in others if link not in chain and last.may_be_issued_by(link)]
        if len({link.public_key for link in found}) > 1:
            raise UnusableSourceError(
                f"it contains several certificates of {quoted(last.issuer_name)} with different "
                "keys, and no key id tells which one issued the certificate below"
            )
        if not found:
            break
        last = found[0]
        chain.append(last)
    if others and not chain and not leaf.self_issued:
        raise UnusableSourceError(
            "it contains other certificates, but not that of the issuer, "
            f"{quoted(leaf.issuer_name)}"
        )
    return tuple(chain)


def _encoded(links: Iterable[CertificateLink]) -> bytes:
    return b"".join(PemBlock("CERTIFICATE", link.der).encode() for link in links)


def _fields(secret: SecretStr) -> dict[str, str]:
    try:
        # Editors of Windows write a byte order mark, which JSON does not allow (RFC 8259).
        parsed = json.loads(secret.get_secret_value().removeprefix("\ufeff"))
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


def _links(fields: dict[str, str], name: str) -> list[CertificateLink]:
    blocks = _blocks(fields, name)
    return _in_field(name, lambda: [read_link(block.der) for block in blocks])


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
