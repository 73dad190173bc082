"""The blockers: what each means, how it is found, who removes it, and with what.

Each is one row of `BLOCKERS`. Nothing is a blocker unless a scan shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.model.acme import AcmeBinding
from certificate_lifecycle.model.baseline_dates import (
    CLIENT_AUTH_ENDS,
    EMAIL_VALIDATION_ENDS,
    RULES,
)
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateType,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.ownership import CertificateMode
from certificate_lifecycle.policy.readiness.case import CLIENT_AUTH, Case, Setup
from certificate_lifecycle.policy.readiness.words import (
    BlockerKind,
    Deployer,
    Effect,
    Issuer,
    Party,
)
from certificate_lifecycle.policy.thresholds import can_be_missed

#: Returns when a blocker starts to apply, or None if it does not apply.
Find = Callable[[Case], datetime | None]

#: Lifetime of the certificates that ACM issues from a private CA (ACM user guide).
_PRIVATE_LIFETIME = timedelta(days=395)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockerRule:
    """A row: `remedy` is a command or a setting, in which {arn} stands for the certificate."""

    kind: BlockerKind
    effect: Effect
    party: Party
    remedy: str
    find: Find


@dataclass(frozen=True, slots=True)
class Blocker:
    """A blocker of a certificate or of the instance, which applies from `since` on."""

    rule: BlockerRule
    since: datetime
    remedy: str


def blockers_of(case: Case) -> tuple[Blocker, ...]:
    """Return the blockers of a certificate, the first one first."""
    found = [
        Blocker(rule, since, rule.remedy.replace("{arn}", case.certificate.arn))
        for rule in BLOCKERS
        if (since := rule.find(case)) is not None
    ]
    return tuple(sorted(found, key=lambda blocker: blocker.since))


def blockers_of_instance(setup: Setup, now: datetime) -> tuple[Blocker, ...]:
    """Return the blockers of the instance itself."""
    found = {
        BlockerKind.NOT_DEPLOYED: setup.deployed is False,
        BlockerKind.STATE_TABLE_MISSING: setup.state_table is False,
        BlockerKind.RESOLVERS_MISSING: setup.resolvers is False,
        BlockerKind.CLASS_NOT_LISTED: bool(setup.not_listed),
    }
    return tuple(Blocker(rule, now, rule.remedy) for rule in OF_INSTANCE if found[rule.kind])


# --- How blockers are found -------------------------------------------------------------------


def _reasons(*reasons: Reason) -> Find:
    """Return a function that finds the reasons of a decision about a renewal."""

    def find(case: Case) -> datetime | None:
        return case.next_renewal if case.ours and case.reason in reasons else None

    return find


def _verdicts(verdicts: Collection[Verdict], *but: Reason) -> Find:
    """Return a function that finds verdicts that hold now, `but` for some reasons."""

    def find(case: Case) -> datetime | None:
        found = case.entry.decision.verdict in verdicts and case.reason not in but
        return case.now if found else None

    return find


def _email_approval(case: Case) -> datetime | None:
    late = case.next_renewal >= EMAIL_VALIDATION_ENDS
    return None if late or _email_validation(case) is None else case.next_renewal


def _email_validation(case: Case) -> datetime | None:
    by_email = case.ours and ValidationMethod.EMAIL in case.methods
    return EMAIL_VALIDATION_ENDS if by_email else None


def _record_elsewhere(case: Case) -> datetime | None:
    return case.next_renewal if case.ours and case.names_elsewhere else None


def _authority_ends(case: Case) -> datetime | None:
    certificate = case.certificate
    if certificate.type is CertificateType.PRIVATE_AUTHORITY:
        return _too_late(certificate, _PRIVATE_LIFETIME, case.now)
    authority = case.setup.authorities.get(certificate.detail.certificate_authority_arn or "")
    if authority is None or not case.ours:
        given = case.ours and case.reason is Reason.AUTHORITY_EXPIRES_TOO_SOON
        return case.next_renewal if given else None
    return _too_late(authority, certificate.lifetime or _PRIVATE_LIFETIME, case.now)


def _too_late(authority: Certificate, lifetime: timedelta, now: datetime) -> datetime | None:
    """Return the last day on which a CA can issue for a lifetime."""
    ends = authority.not_after
    return None if ends is None else max(now, ends - lifetime)


def _shorter_from(case: Case) -> datetime | None:
    """Return when a public CA has to issue an imported certificate for a shorter time."""
    lifetime = case.certificate.lifetime
    if not case.ours or case.issuer is not Issuer.PUBLIC_CA or lifetime is None:
        return None
    dates = (rule.since for rule in RULES if rule.lifetime < lifetime)
    first = next(dates, None)
    return None if first is None else max(first, case.next_renewal)


def _lifetime_too_long(case: Case) -> datetime | None:
    by_hand = case.deployer in (Deployer.IMPORTING_PERSON, Deployer.MOVING_PERSON)
    without = case.has_source is False or case.deployer is Deployer.MOVING_PERSON
    return _shorter_from(case) if by_hand and without else None


def _source_automation(case: Case) -> datetime | None:
    return _shorter_from(case) if case.has_source else None


def _client_auth(case: Case) -> datetime | None:
    if not case.renews or CLIENT_AUTH not in case.certificate.detail.extended_key_usages:
        return None
    if case.issuer is Issuer.AMAZON:
        return case.next_renewal
    by_public_ca = case.issuer is Issuer.PUBLIC_CA
    return max(CLIENT_AUTH_ENDS, case.next_renewal) if by_public_ca else None


def _import_without_source(case: Case) -> datetime | None:
    return case.next_renewal if case.imported and case.has_source is False else None


def _source_not_read(case: Case) -> datetime | None:
    forbidden = case.imported and case.has_source and case.delivers is False
    return case.next_renewal if forbidden else None


def _repair_forbidden(case: Case) -> datetime | None:
    mode = case.entry.permitted_mode
    needed = case.entry.decision.action in (Action.RESTORE_RECORDS, Action.RENEW_BY_EMAIL)
    if mode is None or not needed or mode.allows(CertificateMode.REPAIR):
        return None
    return case.next_renewal if case.ours else None


def _exported(case: Case) -> bool:
    return case.ours and case.certificate.managed and case.certificate.exported


def _export_without_target(case: Case) -> datetime | None:
    return case.next_renewal if _exported(case) and case.has_target is False else None


def _export_not_written(case: Case) -> datetime | None:
    forbidden = _exported(case) and case.has_target and case.delivers is False
    return case.next_renewal if forbidden else None


def _server_certificate(case: Case) -> datetime | None:
    server = case.certificate.type is CertificateType.SERVER_CERTIFICATE
    return case.next_renewal if server and case.ours else None


def _unused(case: Case) -> datetime | None:
    unused = case.entry.decision.verdict is Verdict.UNUSED
    return (case.certificate.not_after or case.now) if unused else None


def _not_eligible(case: Case) -> datetime | None:
    refused = case.ours and case.certificate.managed and case.certificate.renewal_eligible is False
    return case.next_renewal if refused else None


def _renewal_stuck(case: Case) -> datetime | None:
    overdue = case.ours and case.entry.decision.verdict is Verdict.RENEWAL_OVERDUE
    return case.now if overdue and case.reason in _STUCK else None


def _runs_too_rare(case: Case) -> datetime | None:
    # Without a deployed function, nothing is known about the time between two runs.
    known = case.renews and case.setup.deployed
    rare = known and can_be_missed(case.certificate, case.setup.thresholds)
    return case.now if rare else None


def _binding_ends(case: Case) -> datetime | None:
    acme = case.certificate.detail.acme
    if not isinstance(acme, AcmeBinding) or acme.use.used or acme.use.ends_at is None:
        return None
    if case.reason not in (Reason.BINDING_EXPIRING, Reason.BINDING_ENDED):
        return None
    return max(case.now, acme.use.ends_at)


def _already_ended(case: Case) -> datetime | None:
    ended = case.entry.decision.verdict in (Verdict.EXPIRED, Verdict.REVOKED)
    return case.now if ended and case.used else None


#: Reasons of an overdue renewal that no other row names.
_STUCK = frozenset(
    {
        *(Reason.NO_PROGRESS, Reason.OTHER_FAILURE, Reason.RECORDS_IN_PLACE),
        *(Reason.NO_REASON_GIVEN, Reason.VALIDATION_UNCHECKED),
    }
)
_EXPLAIN = "certificates explain {arn}"
_MODE = 'rotation_mode = "repair", or without the tag certificate-lifecycle:mode'
_SOURCE = 'import_sources = { "{arn}" = { secret_arn = ... } }'
_TARGET = 'export_targets = { "{arn}" = { secret_arn = ..., passphrase_secret_arn = ... } }'
_TO_DNS = (
    "aws acm update-certificate-options --certificate-arn {arn} "
    "--options ValidationMethod=DNS, or certificates apply"
)
_ZONES = "hosted_zones with the zone and its role_arn, or a request by another name"
_CURRENT = "terraform apply with the current version of this module"
_STOPS, _ACT, _COSTS = Effect.STOPS, Effect.ACT, Effect.COSTS


def _row(kind: BlockerKind, effect: Effect, party: Party, remedy: str, find: Find) -> BlockerRule:
    return BlockerRule(kind=kind, effect=effect, party=party, remedy=remedy, find=find)


#: The blockers of certificates.
BLOCKERS = (
    _row(BlockerKind.EMAIL_APPROVAL, _ACT, Party.DNS, _TO_DNS, _email_approval),
    _row(BlockerKind.EMAIL_VALIDATION_ENDS, _STOPS, Party.DNS, _TO_DNS, _email_validation),
    _row(
        BlockerKind.EMAIL_UNANSWERED,
        _STOPS,
        Party.DNS,
        _TO_DNS,
        _reasons(Reason.EMAIL_APPROVAL_PENDING, Reason.NO_AVAILABLE_CONTACTS),
    ),
    _row(BlockerKind.RECORD_ELSEWHERE, _COSTS, Party.DNS, _ZONES, _record_elsewhere),
    _row(
        BlockerKind.VALIDATION_RECORD_LOST,
        _STOPS,
        Party.DNS,
        "certificates apply {arn}, which writes the record or names it",
        _reasons(
            Reason.VALIDATION_RECORD_MISSING,
            Reason.VALIDATION_RECORD_WRONG,
            Reason.RECORD_REMOVED_AGAIN,
        ),
    ),
    _row(
        BlockerKind.ZONE_NOT_WRITABLE,
        _STOPS,
        Party.DNS,
        _ZONES,
        _reasons(Reason.ZONE_NOT_FOUND, Reason.ZONE_AMBIGUOUS, Reason.NAME_DELEGATED),
    ),
    _row(
        BlockerKind.ZONE_NOT_DELEGATED,
        _STOPS,
        Party.DNS,
        "The NS records of the zone, at its registrar or in the zone above",
        _reasons(Reason.ZONE_NOT_DELEGATED),
    ),
    _row(
        BlockerKind.DNSSEC_BROKEN,
        _STOPS,
        Party.DNS,
        "The DS record of the zone, at its registrar or in the zone above",
        _reasons(Reason.DNSSEC_BROKEN),
    ),
    _row(
        BlockerKind.CAA_FORBIDS,
        _STOPS,
        Party.DNS,
        'A CAA record with the value 0 issue "amazon.com"',
        _reasons(Reason.CAA_FORBIDS),
    ),
    _row(
        BlockerKind.NAME_REFUSED,
        _STOPS,
        Party.APPLICATION,
        "A case with AWS Support, or a certificate without the name",
        _reasons(
            *(Reason.DOMAIN_NOT_ALLOWED, Reason.INVALID_PUBLIC_DOMAIN),
            *(Reason.DOMAIN_VALIDATION_DENIED, Reason.ADDITIONAL_VERIFICATION_REQUIRED),
        ),
    ),
    _row(
        BlockerKind.AUTHORITY_PERMISSION_MISSING,
        _STOPS,
        Party.PKI,
        "aws acm-pca create-permission --principal acm.amazonaws.com "
        "--actions IssueCertificate GetCertificate ListPermissions",
        _reasons(Reason.AUTHORITY_ACCESS_DENIED, Reason.SERVICE_LINKED_ROLE_MISSING),
    ),
    _row(
        BlockerKind.AUTHORITY_UNUSABLE,
        _STOPS,
        Party.PKI,
        "aws acm-pca update-certificate-authority --status ACTIVE",
        _reasons(
            *(Reason.AUTHORITY_NOT_FOUND, Reason.AUTHORITY_INVALID_STATE),
            *(Reason.AUTHORITY_LIMIT_EXCEEDED, Reason.AUTHORITY_REQUEST_FAILED),
            Reason.AUTHORITY_INVALID_ARGUMENTS,
        ),
    ),
    _row(
        BlockerKind.AUTHORITY_NAME_CONSTRAINTS,
        _STOPS,
        Party.PKI,
        "A certificate of the CA that permits the names",
        _reasons(Reason.AUTHORITY_NAME_CONSTRAINTS),
    ),
    _row(
        BlockerKind.AUTHORITY_ENDS,
        _STOPS,
        Party.PKI,
        "aws acm-pca import-certificate-authority-certificate with a later end",
        _authority_ends,
    ),
    _row(
        BlockerKind.LIFETIME_TOO_LONG,
        _ACT,
        Party.PKI,
        "aws acm request-certificate, or an ACME client",
        _lifetime_too_long,
    ),
    _row(
        BlockerKind.SOURCE_AUTOMATION_UNKNOWN,
        _COSTS,
        Party.PKI,
        "An ACME client that writes the secret at two thirds of the lifetime",
        _source_automation,
    ),
    _row(
        BlockerKind.CLIENT_AUTH_LOST,
        _COSTS,
        Party.APPLICATION,
        "A client certificate of a private CA, if the certificate identifies a client",
        _client_auth,
    ),
    _row(
        BlockerKind.IMPORT_WITHOUT_SOURCE,
        _ACT,
        Party.APPLICATION,
        _SOURCE,
        _import_without_source,
    ),
    _row(BlockerKind.SOURCE_NOT_READ, _ACT, Party.PLATFORM, _MODE, _source_not_read),
    _row(
        BlockerKind.SOURCE_TOO_OLD,
        _STOPS,
        Party.PKI,
        "A new version of the secret",
        _reasons(Reason.SOURCE_NOT_NEWER, Reason.SOURCE_TOO_OLD),
    ),
    _row(
        BlockerKind.SOURCE_UNUSABLE,
        _STOPS,
        Party.PKI,
        _EXPLAIN,
        _reasons(
            *(Reason.SOURCE_INVALID, Reason.SOURCE_INCOMPATIBLE),
            *(Reason.SOURCE_MISSING, Reason.SOURCE_UNREADABLE),
        ),
    ),
    _row(
        BlockerKind.REPAIR_FORBIDDEN,
        _ACT,
        Party.PLATFORM,
        'rotation_mode and unmanaged_rotation_mode = "repair", or another mode tag',
        _repair_forbidden,
    ),
    _row(
        BlockerKind.EXPORT_WITHOUT_TARGET,
        _ACT,
        Party.APPLICATION,
        _TARGET,
        _export_without_target,
    ),
    _row(BlockerKind.EXPORT_NOT_WRITTEN, _ACT, Party.PLATFORM, _MODE, _export_not_written),
    _row(
        BlockerKind.EXPORT_NOT_POSSIBLE,
        _ACT,
        Party.APPLICATION,
        "aws acm request-certificate --options Export=ENABLED",
        _reasons(Reason.EXPORT_NOT_POSSIBLE),
    ),
    _row(
        BlockerKind.EXPORT_TARGET_UNUSABLE,
        _STOPS,
        Party.PLATFORM,
        _EXPLAIN,
        _reasons(Reason.EXPORT_SECRET_MISSING, Reason.EXPORT_TARGET_UNREADABLE),
    ),
    _row(
        BlockerKind.EXPORT_OUTDATED,
        _ACT,
        Party.PLATFORM,
        "certificates apply {arn}",
        _reasons(Reason.EXPORT_TARGET_OUTDATED, Reason.EXPORT_ROLLED_BACK),
    ),
    _row(
        BlockerKind.SERVER_CERTIFICATE,
        _ACT,
        Party.APPLICATION,
        "aws acm request-certificate, and its ARN in place of that of the server certificate",
        _server_certificate,
    ),
    _row(
        BlockerKind.UNUSED,
        _COSTS,
        Party.APPLICATION,
        "aws acm delete-certificate --certificate-arn {arn}, or a consumer",
        _unused,
    ),
    _row(
        BlockerKind.NOT_ELIGIBLE,
        _STOPS,
        Party.APPLICATION,
        _EXPLAIN,
        _not_eligible,
    ),
    _row(BlockerKind.RENEWAL_STUCK, _STOPS, Party.PLATFORM, _EXPLAIN, _renewal_stuck),
    _row(
        BlockerKind.RUNS_TOO_RARE,
        _COSTS,
        Party.PLATFORM,
        "schedule_expression with a shorter time between two runs, such as rate(12 hours)",
        _runs_too_rare,
    ),
    _row(
        BlockerKind.DECLARED_MISSING,
        _STOPS,
        Party.PLATFORM,
        "terraform apply, see the message of the finding",
        _verdicts({Verdict.DECLARED_MISSING}),
    ),
    _row(
        BlockerKind.ACME_BINDING_ENDS,
        _STOPS,
        Party.PKI,
        "A new external account binding of the ACME endpoint",
        _binding_ends,
    ),
    _row(
        BlockerKind.ACME_BLOCKED,
        _STOPS,
        Party.PKI,
        _EXPLAIN,
        _verdicts({Verdict.ISSUANCE_BLOCKED}, Reason.BINDING_EXPIRING, Reason.BINDING_ENDED),
    ),
    _row(BlockerKind.ALREADY_ENDED, _STOPS, Party.APPLICATION, _EXPLAIN, _already_ended),
)


def _never(_: Case) -> None:
    """Return None: a blocker of the instance is none of a certificate."""


#: The blockers of the instance itself.
OF_INSTANCE = (
    _row(
        BlockerKind.NOT_DEPLOYED,
        _ACT,
        Party.PLATFORM,
        "terraform apply with this module, or --instance NAME if its name_prefix is another",
        _never,
    ),
    _row(BlockerKind.STATE_TABLE_MISSING, _COSTS, Party.PLATFORM, _CURRENT, _never),
    _row(
        BlockerKind.RESOLVERS_MISSING,
        _COSTS,
        Party.PLATFORM,
        "monitoring.public_dns.enabled = true",
        _never,
    ),
    _row(
        BlockerKind.CLASS_NOT_LISTED,
        _COSTS,
        Party.PLATFORM,
        "function.layers with a newer boto3",
        _never,
    ),
)
