"""Certificate requests, and existing certificates that already satisfy them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    ValidationMethod,
)
from certificate_lifecycle.model.dns_names import MAX_COMMON_NAME, MAX_NAME, is_wildcard
from certificate_lifecycle.model.hidden_classes import GapCause, InventoryGap
from certificate_lifecycle.model.sanitize import quoted
from certificate_lifecycle.model.tags import INSTANCE_TAG

#: Key algorithms of requests (API reference, RequestCertificate); others can only be imported.
REQUESTABLE_KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
#: Roots of Amazon N2 certificates and their usages, the default usage first (API reference,
#: RequestCertificate, RootHierarchyType and CertificateUsage).
ROOT_HIERARCHIES = ("N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED")
CERTIFICATE_USAGES = ("CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY")
_CLIENT_ONLY = "CLIENT_AUTH_ONLY"
#: Limit of RequestCertificate. An account's quota starts at 10 names and only ACM knows it.
MAX_NAMES = 100
#: Seconds in which a new policy may not apply yet, and seconds between two attempts.
_PROPAGATION = 60.0
_DENIAL_PAUSE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """A requested certificate, in canonical form.

    `root_hierarchy` and `certificate_usage` are None for a standard or private certificate.
    """

    names: tuple[str, ...]
    region: str
    key_algorithm: str = "RSA_2048"
    certificate_authority_arn: str | None = None
    root_hierarchy: str | None = None
    certificate_usage: str | None = None
    exportable: bool = False
    tags: tuple[tuple[str, str], ...] = ()
    purpose: str = ""

    @property
    def domain_name(self) -> str:
        """The common name."""
        return self.names[0]

    @property
    def type(self) -> CertificateType:
        """PRIVATE with a CA; without one ACM would make a *public* certificate."""
        return (
            CertificateType.PRIVATE
            if self.certificate_authority_arn
            else CertificateType.AMAZON_ISSUED
        )

    @property
    def idempotency_token(self) -> str:
        r"""A token of 32 hexadecimal characters, equal for requests of the same certificate.

        ACM requires `\w{1,32}`, and for an hour returns the first certificate of a token whatever
        the request says (API reference, RequestCertificate). The order of names does not count.
        `purpose` separates requests that must not share a certificate.
        """
        wanted: dict[str, object] = {
            "names": sorted(self.names),
            "key_algorithm": self.key_algorithm,
            "certificate_authority_arn": self.certificate_authority_arn,
            "exportable": self.exportable,
            "region": self.region,
        }
        # Tokens of requests without these are those of earlier versions.
        later = {
            "purpose": self.purpose,
            "root_hierarchy": self.root_hierarchy,
            "certificate_usage": self.certificate_usage,
        }
        wanted |= {name: value for name, value in later.items() if value}
        canonical = json.dumps(wanted, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def ordered_names(
    domain_name: str, alternative_names: tuple[str, ...], *, include_www: bool
) -> tuple[str, ...]:
    """Return all names once, starting with the common name.

    `www.` is added only to a name that is no wildcard and does not start with `www.`.
    A common name has at most 64 octets: if `domain_name` is longer, the first shorter name is used
    instead.
    """
    names = [domain_name]
    if include_www and not is_wildcard(domain_name) and not domain_name.startswith("www."):
        names.append(f"www.{domain_name}")
    names.extend(alternative_names)
    distinct = tuple(dict.fromkeys(names))
    common = next((name for name in distinct if len(name) <= MAX_COMMON_NAME), distinct[0])
    return (common, *(name for name in distinct if name != common))


def name_errors(names: tuple[str, ...]) -> list[str]:
    """Return the errors of a list of names as a whole."""
    errors = []
    if len(names[0]) > MAX_COMMON_NAME:
        errors.append(
            f"one name must have {MAX_COMMON_NAME} octets or fewer, because it becomes the common "
            f"name; the shortest is {quoted(min(names, key=len))}"
        )
    # Each name was checked before `www.` was added to one of them.
    errors.extend(
        f"{quoted(name)} is longer than {MAX_NAME} characters"
        for name in names
        if len(name) > MAX_NAME
    )
    if len(names) > MAX_NAMES:
        errors.append(f"a certificate has at most {MAX_NAMES} names, got {len(names)}")
    return errors


def hierarchy_errors(root: str | None, usage: str | None, *, private: bool) -> list[str]:
    """Return an error for each reason for which ACM refuses a root hierarchy and a usage.

    Source: API reference, RequestCertificate, RootHierarchyType and CertificateUsage.
    Values outside the two lists have their own errors.
    """
    errors = []
    if root is not None and private:
        errors.append("root_hierarchy_type: must be left out with certificate_authority_arn")
    if usage is not None and root is None:
        errors.append("certificate_usage: must be left out without root_hierarchy_type")
    if usage == _CLIENT_ONLY and root == ROOT_HIERARCHIES[1]:
        errors.append(
            f"certificate_usage: must be {CERTIFICATE_USAGES[0]} with {root}, got {usage}"
        )
    return errors


def unknown_hierarchy(certificate: Certificate) -> str | None:
    """Return why a certificate like this one cannot be requested, or None."""
    if certificate.root_hierarchy not in (None, *ROOT_HIERARCHIES):
        return f"its root hierarchy {certificate.root_hierarchy} is unknown to this version"
    if certificate.certificate_usage not in (None, *CERTIFICATE_USAGES):
        return f"its usage {certificate.certificate_usage} is unknown to this version"
    return None


def unavailable(request: CertificateRequest, gaps: Iterable[InventoryGap]) -> str | None:
    """Return why a request is not made; None if it may be made.

    `gaps` are the classes that cannot be listed: without the listing, an equal certificate of such
    a class is not found, and an SDK without its filter cannot request it either.
    """
    for gap in gaps:
        known = gap.hidden_class
        if request.root_hierarchy in known.values:
            remedy = (
                f"give the functions boto3 {known.boto3} or newer with the input function.layers"
                if gap.cause is GapCause.SDK
                else "choose another region"
            )
            return f"{known.label} cannot be listed and requested here: {remedy}"
    return None


def may_be_equal(request: CertificateRequest, listed: Certificate, now: datetime) -> bool:
    """Whether a listed certificate may satisfy `request`; an expired one does not.

    The listing has neither the CA nor the validation method, and only the first 100 names, so
    `is_equal` decides with the described certificate.
    """
    return (
        listed.status in (CertificateStatus.ISSUED, CertificateStatus.PENDING_VALIDATION)
        and (listed.not_after is None or listed.not_after > now)
        and listed.type is request.type
        and listed.key_algorithm == request.key_algorithm
        # ACM reports every private certificate as exportable.
        and (request.type is CertificateType.PRIVATE or listed.exportable == request.exportable)
        and listed.managed_by is None
        and listed.key_pair_origin in (None, "AWS_MANAGED")
        and listed.root_hierarchy == request.root_hierarchy
        and listed.certificate_usage == request.certificate_usage
        and (not listed.names_complete or set(listed.names) == set(request.names))
    )


def is_equal(request: CertificateRequest, described: Certificate, now: datetime) -> bool:
    """Whether a described certificate satisfies `request`; one that waits for e-mail does not."""
    if not described.described or not may_be_equal(request, described, now):
        return False
    if described.detail.certificate_authority_arn != request.certificate_authority_arn:
        return False
    waiting = described.status is CertificateStatus.PENDING_VALIDATION
    methods = {validation.method for validation in described.detail.validations}
    return not (waiting and methods - {ValidationMethod.DNS})


def is_adoptable(request: CertificateRequest, tags: Iterable[tuple[str, str]]) -> bool:
    """Whether the instance that makes `request` issued an equal certificate with these tags.

    A request without the tag of an instance adopts nothing. The names were checked with the event.
    """
    instance = dict(request.tags).get(INSTANCE_TAG)
    return instance is not None and dict(tags).get(INSTANCE_TAG) == instance


def lacking_tags(
    request: CertificateRequest, tags: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the tags of `request` that a certificate lacks, or has with another value."""
    found = dict(tags)
    return tuple((key, value) for key, value in request.tags if found.get(key) != value)


def pause_after_denial(elapsed: float) -> float | None:
    """Return the seconds after which a denied call is repeated; None if the denial is final.

    `elapsed` are the seconds since the first call. IAM applies a new policy in every region only
    after some time (IAM user guide, "Changes that I make are not always immediately visible").
    """
    return _DENIAL_PAUSE if elapsed + _DENIAL_PAUSE <= _PROPAGATION else None


def preference(certificate: Certificate) -> tuple[bool, bool, float]:
    """Return a sort key for equal certificates: issued, used and latest expiry last."""
    ends = certificate.not_after.timestamp() if certificate.not_after else 0.0
    return (certificate.status is CertificateStatus.ISSUED, certificate.in_use, ends)
