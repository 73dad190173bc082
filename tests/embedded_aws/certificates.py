"""What ACM knows about certificates, and how time changes it.

The clock is the test's.
Nothing happens in the background: reading a certificate updates it first.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.embedded_aws.zones import Zones, normalised

PUBLIC_LIFETIME = timedelta(days=198)
PRIVATE_LIFETIME = timedelta(days=395)
# The maximum, which is also the default (API reference, RequestCertificate, RootHierarchyType).
N2_LIFETIMES = {
    "N2_AMAZON_MANAGED": timedelta(days=395),
    "N2_SFG2_AMAZON_MANAGED": timedelta(days=98),
}
# Whatever was asked: https://github.com/hashicorp/terraform-provider-aws/issues/46498
PRIVATE_EXPORT = "ENABLED"
# https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html
PUBLIC_WINDOW = timedelta(days=45)
# https://docs.aws.amazon.com/acm/latest/userguide/renew-private-cert.html
PRIVATE_WINDOW = timedelta(days=60)
# https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-timed-out.html
VALIDATION_DEADLINE = timedelta(hours=72)
# The CNAMEs that ACM follows from a validation name.
# https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
MAX_CNAMES = 5
# How long a renewal that nothing hinders stays PENDING_AUTO_RENEWAL: AWS says "several hours".
RENEWAL_TAKES = timedelta(days=1)

#: What ACM's own certificates, and those of most CAs, are for.
USAGES = ("DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT")
EXTENDED_USAGES = ("TLS_WEB_SERVER_AUTHENTICATION",)
#: Those of Amazon N2 certificates (API reference, RequestCertificate, CertificateUsage).
N2_USAGES = {
    "CLIENT_AND_SERVER_AUTH": ("TLS_WEB_SERVER_AUTHENTICATION", "TLS_WEB_CLIENT_AUTHENTICATION"),
    "CLIENT_AUTH_ONLY": ("TLS_WEB_CLIENT_AUTHENTICATION",),
}


@dataclass(frozen=True)
class ValidationRecord:
    """The CNAME that proves control over a domain."""

    name: str
    value: str
    type: str = "CNAME"

    def shown(self) -> dict[str, str]:
        return {"Name": self.name, "Type": self.type, "Value": self.value}


def validation_record(domain: str, account: str) -> ValidationRecord:
    """One record for each domain and account; a wildcard shares its parent's.

    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """
    base = normalised(domain).removeprefix("*.")
    digest = hashlib.sha256(f"{account}/{base}".encode()).hexdigest()
    letters = "".join(chr(ord("a") + int(c, 16)) for c in digest[54:])
    return ValidationRecord(
        name=f"_{digest[:32]}.{base}.",
        value=f"_{hashlib.sha256(digest.encode()).hexdigest()[:32]}.{letters}.acm-validations.aws.",
    )


@dataclass
class Renewal:
    """A managed renewal, as in `RenewalSummary`."""

    status: str
    updated_at: datetime
    reason: str | None = None
    domain_states: dict[str, str] = field(default_factory=dict)
    seeded: bool = False
    resolvable_since: datetime | None = None


@dataclass
class MethodUpdate:
    """A change of the validation method that is under way, or done."""

    before: str
    after: str
    requested_at: datetime
    updated_at: datetime
    status: str = "PENDING_DOMAIN_VALIDATION"


@dataclass
class Certificate:
    """One certificate in one account and region."""

    arn: str
    account: str
    region: str
    domain_name: str
    names: tuple[str, ...]
    created_at: datetime
    type: str = "AMAZON_ISSUED"
    status: str = "PENDING_VALIDATION"
    key_algorithm: str = "RSA_2048"
    validation_method: str | None = "DNS"
    validation_domains: dict[str, str] = field(default_factory=dict)
    not_before: datetime | None = None
    not_after: datetime | None = None
    issued_at: datetime | None = None
    imported_at: datetime | None = None
    revoked_at: datetime | None = None
    revocation_reason: str | None = None
    failure_reason: str | None = None
    export_option: str = "DISABLED"
    transparency: str = "ENABLED"
    exported: bool = False
    renewed_since_export: bool = False
    in_use_by: list[str] = field(default_factory=list)
    managed_by: str | None = None
    certificate_authority_arn: str | None = None
    key_pair_origin: str | None = None
    acme_endpoint_arn: str | None = None
    acme_account: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    had_tags: bool = False
    serial: str = ""
    issuer: str | None = None
    subject: str | None = None
    root_hierarchy: str | None = None
    certificate_usage: str | None = None
    key_usages: Sequence[str] = USAGES
    extended_key_usages: Sequence[str] = EXTENDED_USAGES
    renewal: Renewal | None = None
    renews: bool = True
    update: MethodUpdate | None = None
    eligibility: str | None = None
    describes_left: int = 0
    resolvable_since: datetime | None = None
    approved: bool = False
    certificate_pem: str | None = None
    private_key_pem: str | None = None
    chain_pem: str | None = None

    @property
    def records(self) -> tuple[ValidationRecord, ...]:
        """The validation records, each once."""
        return tuple(dict.fromkeys(validation_record(name, self.account) for name in self.names))

    @property
    def origin(self) -> str:
        if self.key_pair_origin:
            return self.key_pair_origin
        return "CUSTOMER_PROVIDED" if self.type == "IMPORTED" else "AWS_MANAGED"

    @property
    def window(self) -> timedelta:
        """60 days also for public certificates of 395 days (managed-renewal).

        AWS documents no window for shorter lifetimes than 198 days yet: at most a third, so that a
        certificate of 47 days is not renewed on its second day.
        """
        window = PRIVATE_WINDOW if self.lifetime >= PRIVATE_LIFETIME else PUBLIC_WINDOW
        if self.not_before is None or self.not_after is None:
            return window
        return min(window, (self.not_after - self.not_before) / 3)

    @property
    def lifetime(self) -> timedelta:
        if self.root_hierarchy is not None:
            return N2_LIFETIMES.get(self.root_hierarchy, PUBLIC_LIFETIME)
        return PRIVATE_LIFETIME if self.type == "PRIVATE" else PUBLIC_LIFETIME

    @property
    def shown_issuer(self) -> str | None:
        """What ACM shows of the issuer: one attribute of its name.

        `Amazon` for `C=US, O=Amazon, CN=Amazon RSA 2048 M02`; absent for private certificates.
        https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
        """
        by_type = {"AMAZON_ISSUED": "Amazon", "IMPORTED": "Example Trust"}
        return self.issuer or by_type.get(self.type)

    @property
    def attachable(self) -> bool:
        """Whether a customer can attach it to a resource of an AWS service.

        The key of an ACME certificate never leaves the client ("Choosing how to issue certificates
        with AWS"), and CloudFront manages a certificate for one distribution tenant; no page says
        that another resource may use it.
        https://docs.aws.amazon.com/acm/latest/userguide/service-options.html
        https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_GetManagedCertificateDetails.html
        """
        return self.origin != "ACME" and self.managed_by is None

    def validated_by(self, method: str) -> bool:
        return self.type == "AMAZON_ISSUED" and self.validation_method == method

    def issue(self, now: datetime, lifetime: timedelta | None = None) -> None:
        """Start a (new) life under the same ARN, with a new key pair."""
        self.status = "ISSUED"
        self.issued_at = self.issued_at or now
        self.not_before = now
        self.not_after = now + (lifetime or self.lifetime)
        self.serial = new_serial()


def new_serial() -> str:
    """Make a serial number the way ACM writes it: hex pairs joined by colons."""
    return ":".join(f"{byte:02x}" for byte in secrets.token_bytes(16))


def new_arn(partition: str, region: str, account: str) -> str:
    return f"arn:{partition}:acm:{region}:{account}:certificate/{uuid.uuid4()}"


@dataclass
class Timing:
    """How quickly the embedded ACM does things; every test may change it."""

    issuance_delay: timedelta = timedelta(0)
    renewal_delay: timedelta = timedelta(hours=1)
    managed_renewal: bool = True
    #: The lifetimes of public certificates that are issued from an instant on, in their order.
    lifetimes: Sequence[tuple[datetime, timedelta]] = ()

    def lifetime_of(self, certificate: Certificate, now: datetime) -> timedelta | None:
        """Return the lifetime by date of a public certificate, None for that of its type."""
        if certificate.type != "AMAZON_ISSUED" or certificate.root_hierarchy is not None:
            return None
        known = [lifetime for since, lifetime in self.lifetimes if since <= now]
        return known[-1] if known else None


class Lifecycle:
    """Brings one certificate up to date with the clock and with the public DNS."""

    def __init__(self, timing: Timing, dns: Zones) -> None:
        self._timing = timing
        self._dns = dns

    def refresh(self, certificate: Certificate, now: datetime, *, in_use: bool) -> None:
        if certificate.status == "PENDING_VALIDATION":
            self._validate(certificate, now)
        if certificate.status == "ISSUED":
            self._finish_update(certificate, now)
            self._renew(certificate, now, in_use=in_use)
        if certificate.status == "ISSUED" and _past(certificate.not_after, now):
            certificate.status = "EXPIRED"

    def resolvable(self, certificate: Certificate, domain: str) -> bool:
        """Whether each answer that public DNS may give leads to the value, or to it without `_`.

        ACM's servers ask from several places, and none may get another answer.
        https://docs.aws.amazon.com/acm/latest/userguide/troubleshooting-DNS-validation.html
        """
        record = validation_record(domain, certificate.account)
        wanted = normalised(record.value)
        return self._leads(record.name, {wanted, wanted.removeprefix("_")}, certificate.account)

    def _leads(self, name: str, wanted: set[str], account: str, steps: int = MAX_CNAMES) -> bool:
        answers = self._dns.answers(name, "CNAME", account=account)
        return bool(answers) and all(
            normalised(value) in wanted
            or (steps > 1 and self._leads(value, wanted, account, steps - 1))
            for values in answers
            for value in values
        )

    def _all_resolvable(self, certificate: Certificate) -> bool:
        return all(self.resolvable(certificate, name) for name in certificate.names)

    def _validate(self, certificate: Certificate, now: datetime) -> None:
        deadline = certificate.created_at + VALIDATION_DEADLINE
        waiting = certificate.resolvable_since is None and now < deadline
        if waiting and self._proves(certificate):
            certificate.resolvable_since = now
        since = certificate.resolvable_since
        if since is not None and self._forbidden(certificate):
            certificate.status, certificate.failure_reason = "FAILED", "CAA_ERROR"
        elif since is not None and now >= since + self._timing.issuance_delay:
            certificate.issue(now, self._timing.lifetime_of(certificate, now))
        elif since is None and now >= deadline:
            certificate.status = "VALIDATION_TIMED_OUT"

    def _finish_update(self, certificate: Certificate, now: datetime) -> None:
        """Complete a change to DNS validation once the records are there.

        https://docs.aws.amazon.com/acm/latest/userguide/email-to-dns-migration.html
        """
        update = certificate.update
        if update is None or update.status != "PENDING_DOMAIN_VALIDATION":
            return
        if self._all_resolvable(certificate):
            certificate.validation_method = update.after
            update.status, update.updated_at = "SUCCESS", now
        elif now >= update.requested_at + VALIDATION_DEADLINE:
            update.status, update.updated_at = "FAILED", now

    def _renew(self, certificate: Certificate, now: datetime, *, in_use: bool) -> None:
        renewal = certificate.renewal
        if renewal is not None and renewal.status in {"PENDING_AUTO_RENEWAL", "PENDING_VALIDATION"}:
            self._progress(certificate, renewal, now)
        elif self._begins(certificate, now, in_use=in_use):
            self._begin(certificate, now)

    def _begins(self, certificate: Certificate, now: datetime, *, in_use: bool) -> bool:
        if not (self._timing.managed_renewal and certificate.renews and certificate.not_after):
            return False
        if certificate.renewal is not None and (
            certificate.renewal.status == "FAILED"
            or certificate.renewal.updated_at > (certificate.not_before or now)
        ):
            return False
        return (
            eligibility(certificate, in_use=in_use) == "ELIGIBLE"
            and certificate.not_after - certificate.window <= now < certificate.not_after
        )

    def _begin(self, certificate: Certificate, now: datetime) -> None:
        certificate.renewal = Renewal(status="PENDING_AUTO_RENEWAL", updated_at=now)
        if not self._permitted(certificate):
            certificate.renewal.status = "PENDING_VALIDATION"
            certificate.renewal.reason = self._blocked_reason(certificate)
        certificate.renewal.domain_states = self.states(certificate)

    def _progress(self, certificate: Certificate, renewal: Renewal, now: datetime) -> None:
        if _past(certificate.not_after, now) or not certificate.renews:
            return
        if not self._permitted(certificate):
            renewal.resolvable_since = None
            if not renewal.seeded and renewal.status == "PENDING_AUTO_RENEWAL":
                renewal.status, renewal.updated_at = "PENDING_VALIDATION", now
                renewal.reason = self._blocked_reason(certificate)
                renewal.domain_states = self.states(certificate)
            return
        renewal.resolvable_since = renewal.resolvable_since or now
        waited = now - renewal.resolvable_since
        started = now - renewal.updated_at
        if renewal.status == "PENDING_VALIDATION":
            done = waited >= self._timing.renewal_delay
        else:
            done = started >= RENEWAL_TAKES
        if done:
            self._succeed(certificate, renewal, now)

    def _succeed(self, certificate: Certificate, renewal: Renewal, now: datetime) -> None:
        certificate.issue(now, self._timing.lifetime_of(certificate, now))
        certificate.approved = False
        certificate.renewed_since_export = certificate.exported
        renewal.status, renewal.updated_at, renewal.reason = "SUCCESS", now, None
        renewal.domain_states = dict.fromkeys(certificate.names, "SUCCESS")

    def _proves(self, certificate: Certificate) -> bool:
        by_dns = certificate.validated_by("DNS") and self._all_resolvable(certificate)
        return by_dns or certificate.approved

    def _permitted(self, certificate: Certificate) -> bool:
        """Whether a renewal may go through: nothing to prove, or proved and not forbidden."""
        if certificate.type == "PRIVATE":
            return True
        return self._proves(certificate) and not self._forbidden(certificate)

    def _forbidden(self, certificate: Certificate) -> bool:
        """Whether a CAA record keeps Amazon from issuing for one of the names."""
        return any(
            self._dns.forbids_amazon(name, certificate.account) for name in certificate.names
        )

    def _blocked_reason(self, certificate: Certificate) -> str | None:
        return "CAA_ERROR" if self._forbidden(certificate) else None

    def states(self, certificate: Certificate) -> dict[str, str]:
        by_dns = certificate.validated_by("DNS")
        return {
            name: "SUCCESS"
            if by_dns and self.resolvable(certificate, name)
            else "PENDING_VALIDATION"
            for name in certificate.names
        }


def eligibility(certificate: Certificate, *, in_use: bool) -> str:
    """Whether managed renewal applies.

    https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
    """
    if certificate.eligibility is not None:
        return certificate.eligibility
    managed = (
        certificate.type in {"AMAZON_ISSUED", "PRIVATE"} and certificate.origin == "AWS_MANAGED"
    )
    exported = certificate.exported and not certificate.renewed_since_export
    served = in_use or exported
    return "ELIGIBLE" if managed and served and certificate.status == "ISSUED" else "INELIGIBLE"


def _past(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now >= moment


class Bundle:
    """What moto's other services see of a certificate: that it exists.

    ELB and ELBv2 look certificates up in moto's ACM store and note their use there.
    """

    def __init__(self, certificate: Certificate) -> None:
        self.arn = certificate.arn
        self.tags: Mapping[str, str] = certificate.tags
        self.in_use_by: list[str] = []

    def check(self) -> None:
        """Moto asks every certificate to update its status before it is used."""


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normalised(name) for name in names))


def tag_list(tags: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
