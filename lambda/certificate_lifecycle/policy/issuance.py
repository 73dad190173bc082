"""What certificate to ask for, and which existing one already is it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    ValidationMethod,
)
from certificate_lifecycle.model.dns_names import MAX_COMMON_NAME, MAX_NAME, is_wildcard
from certificate_lifecycle.model.sanitize import quoted

#: Key algorithms that can be requested (API reference, RequestCertificate); others only imported.
REQUESTABLE_KEY_ALGORITHMS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")
#: RequestCertificate takes 100 alternative names at the most; an account's own quota starts at 10
#: names and can be raised, so only ACM knows it.
MAX_NAMES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """The certificate that somebody wants, in canonical form."""

    names: tuple[str, ...]
    region: str
    key_algorithm: str = "RSA_2048"
    certificate_authority_arn: str | None = None
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
        r"""A token of 32 hexadecimal characters over everything that makes this certificate.

        ACM wants `\w{1,32}` and answers an hour long with the first certificate of a token,
        whatever else the request says (API reference, RequestCertificate): so two requests
        share a token exactly when they ask for the same certificate. Names count as a set.
        `purpose` tells apart what must not be answered with each other's certificate.
        """
        wanted: dict[str, object] = {
            "names": sorted(self.names),
            "key_algorithm": self.key_algorithm,
            "certificate_authority_arn": self.certificate_authority_arn,
            "exportable": self.exportable,
            "region": self.region,
        }
        if self.purpose:
            wanted["purpose"] = self.purpose
        canonical = json.dumps(wanted, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def ordered_names(
    domain_name: str, alternative_names: tuple[str, ...], *, include_www: bool
) -> tuple[str, ...]:
    """Return all names once, with one that fits as common name first.

    `www.` is only ever put before a plain name: ACM refuses `www.*.example.com`, and
    `www.www.example.com` is nobody's.
    The common name may have 64 octets at the most: if `domain_name` is longer, the first shorter
    name takes its place and it becomes an alternative name.
    """
    names = [domain_name]
    if include_www and not is_wildcard(domain_name) and not domain_name.startswith("www."):
        names.append(f"www.{domain_name}")
    names.extend(alternative_names)
    distinct = tuple(dict.fromkeys(names))
    common = next((name for name in distinct if len(name) <= MAX_COMMON_NAME), distinct[0])
    return (common, *(name for name in distinct if name != common))


def name_errors(names: tuple[str, ...]) -> list[str]:
    """Return what is wrong with a list of names as a whole."""
    errors = []
    if len(names[0]) > MAX_COMMON_NAME:
        errors.append(
            f"one name must have {MAX_COMMON_NAME} octets or fewer, because it becomes the common "
            f"name; the shortest is {quoted(min(names, key=len))}"
        )
    # Each name was checked for itself, but `www.` came to one of them later.
    errors.extend(
        f"{quoted(name)} is longer than {MAX_NAME} characters"
        for name in names
        if len(name) > MAX_NAME
    )
    if len(names) > MAX_NAMES:
        errors.append(f"a certificate takes {MAX_NAMES} names at the most, got {len(names)}")
    return errors


def may_be_equal(request: CertificateRequest, listed: Certificate, now: datetime) -> bool:
    """Whether a listed certificate could be the one that `request` asks for.

    One past its end is not, even while ACM still calls it issued.

    The listing names neither the CA nor the validation method, and only the first 100 names:
    `is_equal` decides on the described certificate.
    """
    return (
        listed.status in (CertificateStatus.ISSUED, CertificateStatus.PENDING_VALIDATION)
        and (listed.not_after is None or listed.not_after > now)
        and listed.type is request.type
        and listed.key_algorithm == request.key_algorithm
        # ACM reports private certificates as exportable whatever was asked for.
        and (request.type is CertificateType.PRIVATE or listed.exportable == request.exportable)
        and listed.managed_by is None
        and listed.key_pair_origin in (None, "AWS_MANAGED")
        and (not listed.names_complete or set(listed.names) == set(request.names))
    )


def is_equal(request: CertificateRequest, described: Certificate, now: datetime) -> bool:
    """Whether a described certificate is the one that `request` asks for.

    A request that waits for somebody to answer an e-mail is not: we would wait with it.
    """
    if not described.described or not may_be_equal(request, described, now):
        return False
    if described.detail.certificate_authority_arn != request.certificate_authority_arn:
        return False
    waiting = described.status is CertificateStatus.PENDING_VALIDATION
    methods = {validation.method for validation in described.detail.validations}
    return not (waiting and methods - {ValidationMethod.DNS})


def preference(certificate: Certificate) -> tuple[bool, bool, float]:
    """Return a sort key for equal certificates, best last: issued, used, ending last."""
    ends = certificate.not_after.timestamp() if certificate.not_after else 0.0
    return (certificate.status is CertificateStatus.ISSUED, certificate.in_use, ends)
