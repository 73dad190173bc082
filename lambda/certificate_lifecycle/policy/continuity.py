"""Which certificate may take over from another one: continuity of identity, never a name alone.

Binding, retiring, proposing and explaining all ask `judge`.
A certificate takes over only if those who trust the old one trust the new one, and every consumer
can use it. Each condition is a small check with the reason that it gives when it is not met.
A value that is unknown never meets a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Documented,
)
from certificate_lifecycle.policy.issuance import CERTIFICATE_USAGES, ROOT_HIERARCHIES
from certificate_lifecycle.policy.thresholds import Thresholds, is_within

_AMAZON, _PRIVATE = CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE
_IMPORTED = CertificateType.IMPORTED
_KEY_FAMILIES = frozenset({"RSA", "EC"})
#: Absent values are the standard public hierarchy; only the others have a usage (API reference,
#: CertificateDetail, RootHierarchyType and CertificateUsage).
_ROOT_HIERARCHIES = frozenset({None, *ROOT_HIERARCHIES})
_CERTIFICATE_USAGES = frozenset({None, *CERTIFICATE_USAGES})
#: The origin of the key by type; SDKs before 2026 do not report it, and list no other origin.
_KEY_ORIGINS = {
    _AMAZON: frozenset({None, "AWS_MANAGED"}),
    _PRIVATE: frozenset({None, "AWS_MANAGED"}),
    _IMPORTED: frozenset({None, "CUSTOMER_PROVIDED"}),
}
#: The value of an absent extension, which allows every usage (API reference, ExtendedKeyUsage).
_NO_LIMIT = frozenset({"NONE"})
_ANY = "ANY"
#: The origin of a key that an ACME client made.
_ACME = "ACME"
#: The usage that ACM's public certificates have no more since June 2025 (ACM user guide, "Document
#: history"): a renewal under the same ARN loses it, too.
_CLIENT_USAGE = frozenset({"TLS_WEB_CLIENT_AUTHENTICATION"})
#: What separates the attributes of a distinguished name, and their types and values (RFC 4514).
_NAME_PARTS = re.compile(r"[,+;/=]")
#: An ECDSA key cannot encipher (RFC 8813), and ACM lets a re-import drop this usage.
_MEANINGLESS_FOR_ECDSA = frozenset({"KEY_ENCIPHERMENT"})


class Continuity(Documented):
    """Whether a certificate may take over from another one."""

    AUTOMATIC = "automatic", "It may take over, and consumers may be moved to it."
    PROPOSAL = "proposal", "A person has to check whether it may take over."
    NONE = "none", "It may not take over."


class Discontinuity(Documented):
    """Why a certificate may not take over from another one."""

    OTHER_SCOPE = "OtherScope", "It is in another account or region."
    NOT_ISSUED = "NotIssued", "It is not issued."
    OTHER_NAMES = "OtherNames", "It lacks a name of the old one."
    EXPIRES_TOO_SOON = "ExpiresTooSoon", "It expires soon itself, or its expiry date is unknown."
    NOT_LATER = "NotLater", "It does not expire later than the old one."
    IMPORTED = "Imported", "It was imported, and ACM issued the old one."
    OTHER_ISSUER = "OtherIssuer", "Another issuer issued it, or its issuer is unknown."
    SELF_SIGNED = "SelfSigned", "It may be self-signed."
    OTHER_AUTHORITY = "OtherAuthority", "Another private CA issued it, or its CA is unknown."
    OTHER_ROOT_HIERARCHY = "OtherRootHierarchy", "It has another root in ACM."
    OTHER_USAGE = "OtherUsage", "It lacks a key usage or an extended key usage of the old one."
    OTHER_KEY_FAMILY = "OtherKeyFamily", "One key is RSA and the other ECDSA."
    KEY_NOT_SUPPORTED = "KeyNotSupported", "A consumer of the old one cannot use its key."
    MANAGED_BY_SERVICE = "ManagedByService", "An AWS service such as CloudFront manages it."
    ACME_ORIGIN = "AcmeOrigin", "An ACME client has its key, or its key has an unknown origin."
    EXPORTABLE = "Exportable", "Its key can leave AWS, and that of the old one cannot."
    OUTSIDE_SCOPE = "OutsideScope", "It is, or may be, outside the scope of this instance."
    REFUSED = "Refused", "A service refused it for a consumer of the old one."
    DETAILS_UNREADABLE = "DetailsUnreadable", "Its details, or those of the old one, are unknown."


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """A certificate that needs a successor, and the conditions of its consumers.

    `key_algorithms` are those that every consumer accepts, None if nothing uses the certificate.
    `requested` is the successor that this instance requested for it, by the replacement record.
    `refused` are the certificates that a service has refused for one of its consumers.
    """

    certificate: Certificate
    key_algorithms: Collection[str] | None = None
    requested: str | None = None
    refused: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A certificate that was considered as the successor of another one, and the result."""

    certificate: Certificate
    continuity: Continuity
    reasons: tuple[Discontinuity, ...] = ()

    @property
    def explanation(self) -> str:
        """The reasons as one text; empty if there are none."""
        return " ".join(reason.meaning for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class _Pair:
    """What a check compares."""

    predecessor: Predecessor
    new: Certificate
    thresholds: Thresholds
    now: datetime

    @property
    def old(self) -> Certificate:
        return self.predecessor.certificate

    @property
    def requested(self) -> bool:
        """Whether this instance requested the new certificate for the old one."""
        return self.predecessor.requested == self.new.arn

    @property
    def type(self) -> CertificateType | None:
        """The type of both certificates, None if the types differ."""
        return self.new.type if self.new.type is self.old.type else None


Check = Callable[[_Pair], bool]


def judge(
    predecessor: Predecessor, certificate: Certificate, thresholds: Thresholds, now: datetime
) -> Candidate:
    """Return whether a described `certificate` may take over, with every reason against it."""
    pair = _Pair(predecessor, certificate, thresholds, now)
    reasons = [reason for reason, applies in _LISTED if applies(pair)]
    if not (certificate.described and predecessor.certificate.described):
        reasons.append(Discontinuity.DETAILS_UNREADABLE)
    elif not reasons:
        reasons = [reason for reason, applies in _DESCRIBED if applies(pair)]
    if reasons:
        return Candidate(certificate, Continuity.NONE, tuple(reasons))
    imported = certificate.type is _IMPORTED
    return Candidate(certificate, Continuity.PROPOSAL if imported else Continuity.AUTOMATIC)


def ruled_out(
    predecessor: Predecessor, listed: Certificate, thresholds: Thresholds, now: datetime
) -> Candidate | None:
    """Return the result for a listed certificate if its description cannot change it."""
    pair = _Pair(predecessor, listed, thresholds, now)
    reasons = tuple(reason for reason, applies in _LISTED if applies(pair))
    return Candidate(listed, Continuity.NONE, reasons) if reasons else None


def unreadable(listed: Certificate) -> Candidate:
    """Return the result for a certificate that could not be described."""
    return Candidate(listed, Continuity.NONE, (Discontinuity.DETAILS_UNREADABLE,))


def is_acme_renewal(old: Certificate, new: Certificate, now: datetime) -> bool:
    """Whether an ACME client may have ordered a listed certificate in place of another one.

    `is_of_same_client` compares members of their descriptions.
    A certificate with another kind of key may be served beside the old one, and is no renewal.
    """
    if not old.key_pair_origin == new.key_pair_origin == _ACME:
        return False
    pair = _Pair(Predecessor(certificate=old), new, Thresholds(), now)
    before, ends = old.not_after, new.not_after
    later = before is not None and ends is not None and ends > max(before, now)
    return later and not any(applies(pair) for applies in _AGAINST_RENEWAL)


def is_of_same_client(old: Certificate, new: Certificate) -> bool:
    """Whether the same ACME account ordered two described certificates.

    Several servers may have certificates for the same names, each with an account of its own.
    """
    return old.detail.acme_account == new.detail.acme_account


def related(certificate: Certificate, others: Iterable[Certificate]) -> list[Certificate]:
    """Return the `others` with a name of `certificate`, the one that expires last first."""
    names = set(certificate.names)
    found = {
        other.arn: other
        for other in others
        if other.arn != certificate.arn and names & set(other.names)
    }
    return sorted(found.values(), key=_expiry, reverse=True)


def _expiry(certificate: Certificate) -> tuple[float, str]:
    ends = certificate.not_after
    return (ends.timestamp() if ends is not None else 0.0, certificate.arn)


# --- Checks on what a listing contains ------------------------------------------------------------


def _other_scope(pair: _Pair) -> bool:
    return pair.new.arn.split(":")[:5] != pair.old.arn.split(":")[:5]


def _not_issued(pair: _Pair) -> bool:
    return pair.new.status is not CertificateStatus.ISSUED


def _other_names(pair: _Pair) -> bool:
    """Compare all names; a listing with the first 100 names only leaves that to the description."""
    if not pair.old.names or not pair.old.names_complete:
        return True
    return pair.new.names_complete and not set(pair.old.names) <= set(pair.new.names)


def _not_complete(pair: _Pair) -> bool:
    return not pair.new.names_complete


def _expires_too_soon(pair: _Pair) -> bool:
    threshold = pair.thresholds.effective(pair.new)
    return pair.new.not_after is None or is_within(pair.new, threshold, pair.now)


def _not_later(pair: _Pair) -> bool:
    """Compare the ends, except for a requested successor: a revoked one may have ended later."""
    ends, before = pair.new.not_after, pair.old.not_after
    return not pair.requested and ends is not None and before is not None and ends <= before


def _imported(pair: _Pair) -> bool:
    return pair.new.type is _IMPORTED and pair.old.type is not _IMPORTED


def _other_kind_of_issuer(pair: _Pair) -> bool:
    """Public, private and imported certificates have different issuers; unknown types never match.

    A public certificate in place of an imported one is another issuer, too.
    """
    if _imported(pair):
        return False  # it has its own reason
    return pair.type not in (_AMAZON, _PRIVATE, _IMPORTED)


def _other_key_family(pair: _Pair) -> bool:
    """Load balancers serve an RSA and an ECDSA certificate side by side."""
    family = _key_family(pair.new)
    return family not in _KEY_FAMILIES or family != _key_family(pair.old)


def _key_family(certificate: Certificate) -> str:
    return certificate.key_algorithm.partition("_")[0]


def _weaker_key(pair: _Pair) -> bool:
    return _key_size(pair.new) < _key_size(pair.old)


def _key_size(certificate: Certificate) -> int:
    """Return the bits of a key: 2048 of `RSA_2048`, 256 of `EC_prime256v1`."""
    found = re.search(r"\d+", certificate.key_algorithm)
    return int(found[0]) if found else 0


def _managed_by_service(pair: _Pair) -> bool:
    return pair.new.managed_by is not None


def _acme_origin(pair: _Pair) -> bool:
    return pair.new.key_pair_origin not in _KEY_ORIGINS.get(pair.new.type, {None})


def _of_unknown_class(pair: _Pair) -> bool:
    """Whether the listing lacks one of them, whose root this SDK may not know."""
    return not (pair.new.listed and pair.old.listed)


def _exportable(pair: _Pair) -> bool:
    """Anyone who may request and export certificates could have the key, and revoke it.

    ACM reports every private certificate as exportable.
    """
    return pair.type is _AMAZON and pair.new.exportable and not pair.old.exportable


def _refused(pair: _Pair) -> bool:
    return pair.new.arn in pair.predecessor.refused


# --- Checks on what only a description contains ---------------------------------------------------


def _other_issuer(pair: _Pair) -> bool:
    if pair.type is not _IMPORTED:
        return False
    issuer = pair.new.detail.issuer
    return not issuer or issuer != pair.old.detail.issuer


def _self_signed(pair: _Pair) -> bool:
    """Whether the issuer appears in the subject.

    ACM reports the issuer by one attribute of its name, such as `Amazon`, and the subject as a
    distinguished name (API reference, CertificateDetail). The subject of a self-signed certificate
    contains the same attribute. A CA whose certificates have its own organization in their subject
    is taken for self-signed, which costs a proposal only.
    """
    issuer, subject = pair.new.detail.issuer, pair.new.detail.subject
    if pair.type is not _IMPORTED or not issuer:
        return False
    return not subject or _words(issuer) <= _words(subject)


def _words(name: str) -> set[str]:
    """Return the attributes of a name without order, quotes and escapes."""
    return {word.strip(' "\\').casefold() for word in _NAME_PARTS.split(name)}


def _other_authority(pair: _Pair) -> bool:
    if pair.type is not _PRIVATE:
        return False
    authority = pair.new.detail.certificate_authority_arn
    return not authority or authority != pair.old.detail.certificate_authority_arn


def _other_root_hierarchy(pair: _Pair) -> bool:
    hierarchy = pair.new.root_hierarchy
    return hierarchy not in _ROOT_HIERARCHIES or hierarchy != pair.old.root_hierarchy


def _other_listed_usage(pair: _Pair) -> bool:
    usage = pair.new.certificate_usage
    return usage not in _CERTIFICATE_USAGES or usage != pair.old.certificate_usage


def _other_usage(pair: _Pair) -> bool:
    """Compare the usages, except for a request that was never issued and has none to keep."""
    old, new = pair.old, pair.new
    if _other_listed_usage(pair):
        return True
    if old.not_before is None:
        return False
    lost = _lost(old.detail.extended_key_usages, new.detail.extended_key_usages)
    if pair.requested and pair.type is _AMAZON:
        lost -= _CLIENT_USAGE
    key_lost = _lost(old.detail.key_usages, new.detail.key_usages)
    if _key_family(new) == "EC":
        key_lost -= _MEANINGLESS_FOR_ECDSA
    return bool(lost or key_lost)


def _lost(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
    """Return the usages that are lost; an absent extension allows every usage."""
    if before == after or not after or _ANY in after:
        return frozenset()
    if before <= _NO_LIMIT or _ANY in before:
        return frozenset({_ANY})
    return before - after


def _key_not_supported(pair: _Pair) -> bool:
    accepted = pair.predecessor.key_algorithms
    return accepted is not None and pair.new.key_algorithm not in accepted


#: The conditions on the listing, which save the description of most certificates.
_LISTED: tuple[tuple[Discontinuity, Check], ...] = (
    (Discontinuity.OTHER_SCOPE, _other_scope),
    (Discontinuity.NOT_ISSUED, _not_issued),
    (Discontinuity.OTHER_NAMES, _other_names),
    (Discontinuity.EXPIRES_TOO_SOON, _expires_too_soon),
    (Discontinuity.NOT_LATER, _not_later),
    (Discontinuity.IMPORTED, _imported),
    (Discontinuity.OTHER_ISSUER, _other_kind_of_issuer),
    (Discontinuity.OTHER_KEY_FAMILY, _other_key_family),
    (Discontinuity.MANAGED_BY_SERVICE, _managed_by_service),
    (Discontinuity.ACME_ORIGIN, _acme_origin),
    (Discontinuity.EXPORTABLE, _exportable),
    (Discontinuity.REFUSED, _refused),
    (Discontinuity.DETAILS_UNREADABLE, _of_unknown_class),
)
_DESCRIBED: tuple[tuple[Discontinuity, Check], ...] = (
    (Discontinuity.OTHER_ISSUER, _other_issuer),
    (Discontinuity.SELF_SIGNED, _self_signed),
    (Discontinuity.OTHER_AUTHORITY, _other_authority),
    (Discontinuity.OTHER_ROOT_HIERARCHY, _other_root_hierarchy),
    (Discontinuity.OTHER_USAGE, _other_usage),
    (Discontinuity.KEY_NOT_SUPPORTED, _key_not_supported),
)
#: The conditions on the renewal by an ACME client.
_AGAINST_RENEWAL: tuple[Check, ...] = (
    *(_other_scope, _not_issued, _other_names, _not_complete, _imported, _other_kind_of_issuer),
    *(_other_key_family, _weaker_key, _managed_by_service),
    *(_other_root_hierarchy, _other_listed_usage),
)
