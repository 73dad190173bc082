"""One certificate in the light of short lifetimes: who renews it, how often, and with which acts.

What is not known is UNKNOWN, and leads to no blocker.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from certificate_lifecycle.model.baseline_dates import EMAIL_VALIDATION_ENDS, rule_at
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateStatus,
    CertificateType,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below, without_wildcard
from certificate_lifecycle.model.ownership import CertificateMode
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.tags import mode_tag
from certificate_lifecycle.policy.readiness.words import Act, Deployer, Issuer, Prover
from certificate_lifecycle.policy.thresholds import Thresholds, renewal_window

CLIENT_AUTH = "TLS_WEB_CLIENT_AUTHENTICATION"
#: Amazon issues for two days less than the rules allow (ACM user guide, 198 of 200 days).
_AMAZON_MARGIN = timedelta(days=2)
#: RootHierarchyType of certificates that public CAs' rules do not limit, as clients trust another
#: root (API reference, RequestCertificate).
_OWN_ROOT = "N2_AMAZON_MANAGED"
_RENEWED_TYPES = frozenset(
    {
        *(CertificateType.AMAZON_ISSUED, CertificateType.PRIVATE),
        *(CertificateType.IMPORTED, CertificateType.SERVER_CERTIFICATE),
    }
)
#: Words in the issuer's name of public CAs (Common CA Database, names of CA owners).
_PUBLIC_CAS = (
    *("actalis", "amazon", "buypass", "certum", "comodo", "d-trust", "digicert", "entrust"),
    *("geotrust", "globalsign", "godaddy", "google trust services", "harica", "identrust"),
    *("let's encrypt", "quovadis", "rapidssl", "sectigo", "ssl.com", "starfield", "swisssign"),
    *("telia", "thawte", "trustwave", "zerossl"),
)
_DAY = timedelta(days=1)
_CENTURY = timedelta(days=36_525)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What readiness depends on beside the certificates; None: unknown.

    `zones` are the names of the hosted zones that the instance reads, `sources` and `targets` the
    ARNs that `import_sources` and `export_targets` name, `repairs` whether `rotation_mode` allows
    repairs, `authorities` the private CAs by ARN.
    `deployed`, `state_table` and `resolvers` are whether the instance has them.
    `not_listed` is a sentence about certificates that the SDK cannot list, or empty.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    zones: Collection[str] | None = None
    sources: Collection[str] | None = None
    targets: Collection[str] | None = None
    repairs: bool | None = None
    authorities: Mapping[str, Certificate] = field(default_factory=dict)
    deployed: bool | None = None
    state_table: bool | None = None
    resolvers: bool | None = None
    not_listed: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A certificate with the decision on it, and what its renewals depend on."""

    entry: Assessment
    setup: Setup
    now: datetime

    @property
    def certificate(self) -> Certificate:
        """The certificate."""
        return self.entry.certificate

    @property
    def reason(self) -> Reason:
        """The reason of the decision."""
        return self.entry.decision.reason

    @property
    def foreign(self) -> bool:
        """Whether another tool, a client or CloudFront manages it."""
        return self.entry.decision.verdict is Verdict.EXTERNALLY_MANAGED

    @property
    def replaced(self) -> bool:
        """Whether another certificate has its tasks already."""
        return self.entry.decision.verdict is Verdict.SUPERSEDED

    @property
    def used(self) -> bool:
        """Whether anything depends on it; IAM does not report what uses a server certificate."""
        return self.certificate.used or self.certificate.type is CertificateType.SERVER_CERTIFICATE

    @property
    def renews(self) -> bool:
        """Whether it has to be renewed."""
        certificate = self.certificate
        issued = certificate.status is CertificateStatus.ISSUED
        valid = certificate.not_after is not None and certificate.not_after > self.now
        wanted = certificate.type in _RENEWED_TYPES and self.used and not self.replaced
        return issued and valid and wanted

    @property
    def ours(self) -> bool:
        """Whether it has to be renewed, and no other tool does that."""
        return self.renews and not self.foreign

    @property
    def imported(self) -> bool:
        """Whether it is an imported certificate that has to be renewed, and by no other tool."""
        return self.ours and self.certificate.type is CertificateType.IMPORTED

    @property
    def has_source(self) -> bool | None:
        """Whether it has an import source."""
        return None if self.setup.sources is None else self.certificate.arn in self.setup.sources

    @property
    def has_target(self) -> bool | None:
        """Whether it has an export target."""
        return None if self.setup.targets is None else self.certificate.arn in self.setup.targets

    @property
    def delivers(self) -> bool | None:
        """Whether the mode allows imports and exports that the configuration names.

        See `ownership.Modes`: `unmanaged_rotation_mode` does not limit these.
        """
        if not self.certificate.detail.tags_read or self.setup.repairs is None:
            return None
        tag = mode_tag(self.certificate)
        allowed = (CertificateMode.REPAIR.value, CertificateMode.REPLACE.value)
        return self.setup.repairs and (tag is None or tag in allowed)

    @property
    def methods(self) -> frozenset[ValidationMethod]:
        """The validation methods of its names; empty if they are unknown or do not apply."""
        return frozenset(validation.method for validation in self.certificate.detail.validations)

    @property
    def names_elsewhere(self) -> tuple[str, ...]:
        """The names, validated by DNS, that are in no hosted zone of ours."""
        if self.setup.zones is None or self.methods != {ValidationMethod.DNS}:
            return ()
        zones = [dns_form(zone) for zone in self.setup.zones]
        names = (dns_form(without_wildcard(name)) for name in self.certificate.names)
        return tuple(n for n in names if not any(is_same_or_below(n, zone) for zone in zones))

    @property
    def public(self) -> bool:
        """Whether the rules for public certificates limit it, as far as known."""
        return self.issuer is Issuer.PUBLIC_CA or (
            self.certificate.type is CertificateType.AMAZON_ISSUED
            and self.certificate.root_hierarchy != _OWN_ROOT
        )

    @property
    def prover(self) -> Prover:
        """Who proves that the names are ours."""
        certificate = self.certificate
        if certificate.key_pair_origin == "ACME":
            return Prover.CLIENT
        if certificate.type in (CertificateType.IMPORTED, CertificateType.SERVER_CERTIFICATE):
            return Prover.ISSUER
        if certificate.type is CertificateType.PRIVATE:
            return Prover.AUTHORITY
        return self._validation_prover()

    def _validation_prover(self) -> Prover:
        methods = self.methods
        if ValidationMethod.EMAIL in methods:
            return Prover.EMAIL
        if ValidationMethod.HTTP in methods or self.certificate.managed_by == "CLOUDFRONT":
            return Prover.HTTP
        if methods != {ValidationMethod.DNS}:
            return Prover.UNKNOWN
        if self.setup.zones is None:
            return Prover.DNS
        return Prover.OTHER_ZONE if self.names_elsewhere else Prover.OUR_ZONE

    @property
    def issuer(self) -> Issuer:
        """Who issues it."""
        match self.certificate.type:
            case CertificateType.AMAZON_ISSUED if self.certificate.root_hierarchy:
                return Issuer.AMAZON_N2
            case CertificateType.AMAZON_ISSUED:
                return Issuer.AMAZON
            case CertificateType.PRIVATE:
                return Issuer.AUTHORITY
            case CertificateType.IMPORTED | CertificateType.SERVER_CERTIFICATE:
                name = (self.certificate.detail.issuer or "").lower()
                known = any(word in name for word in _PUBLIC_CAS)
                return Issuer.PUBLIC_CA if known else Issuer.OTHER_CA
            case _:
                return Issuer.UNKNOWN

    @property
    def deployer(self) -> Deployer:
        """Who brings a renewed certificate to its servers."""
        certificate = self.certificate
        if self.foreign and certificate.managed_by != "CLOUDFRONT":
            return Deployer.TOOL
        if not self.used:
            return Deployer.NOBODY
        if certificate.type is CertificateType.SERVER_CERTIFICATE:
            return Deployer.MOVING_PERSON
        if certificate.type is CertificateType.IMPORTED:
            imports = self.has_source and self.delivers is not False
            return Deployer.SOURCE if imports else Deployer.IMPORTING_PERSON
        if not certificate.exported:
            return Deployer.SERVICE
        exports = self.has_target and self.delivers is not False
        return Deployer.TARGET if exports else Deployer.INSTALLING_PERSON

    @property
    def acts(self) -> tuple[Act, ...]:
        """The acts of people at each renewal, as far as they are known."""
        if not self.ours:
            return ()
        proof = (Act.ANSWER_EMAIL,) if self.prover is Prover.EMAIL else ()
        match self.deployer:
            case Deployer.IMPORTING_PERSON if self.has_source:
                return (Act.IMPORT,)
            case Deployer.IMPORTING_PERSON if self.has_source is False:
                return (Act.ORDER, Act.IMPORT)
            case Deployer.MOVING_PERSON:
                return (Act.ORDER, Act.MOVE)
            case Deployer.INSTALLING_PERSON if self.has_target is not None:
                return (*proof, Act.INSTALL)
            case _:
                return proof

    def lifetime_from(self, moment: datetime) -> timedelta:
        """Return the lifetime of a version that is issued at `moment`.

        An unknown lifetime counts as the longest one that the rules for public certificates allow.
        """
        longest = rule_at(moment).lifetime
        if self.certificate.type is CertificateType.AMAZON_ISSUED:
            longest -= _AMAZON_MARGIN
        lifetime = self._lifetime
        if lifetime is None:
            return longest
        return min(lifetime, longest) if self.public else lifetime

    def lead(self, lifetime: timedelta) -> timedelta:
        """Return how long before its end a version with a lifetime is renewed."""
        version = replace(self.certificate, not_before=self.now, not_after=self.now + lifetime)
        if version.managed:
            return renewal_window(version)
        return self.setup.thresholds.effective(version)

    def interval_from(self, moment: datetime) -> timedelta:
        """Return the time from a renewal at `moment` to the next one; at least a day."""
        lifetime = self.lifetime_from(moment)
        return max(_DAY, lifetime - self.lead(lifetime))

    @property
    def next_renewal(self) -> datetime:
        """When its next renewal starts; now if that time has passed, or is unknown."""
        ends = self.certificate.not_after
        if ends is None:
            return self.now
        lifetime = self._lifetime or self.lifetime_from(self.now)
        return max(self.now, max(self.now, ends) - self.lead(lifetime))

    @property
    def _lifetime(self) -> timedelta | None:
        """The lifetime, at most a century: any longer one gives dates that do not exist."""
        lifetime = self.certificate.lifetime
        return None if lifetime is None else min(lifetime, _CENTURY)

    def acts_a_year(self, moment: datetime) -> float:
        """Return the number of acts of people in a year with the rules of `moment`."""
        ended = moment >= EMAIL_VALIDATION_ENDS
        acts = [act for act in self.acts if act is not Act.ANSWER_EMAIL or not ended]
        return len(acts) * (timedelta(days=365) / self.interval_from(moment)) if acts else 0.0
