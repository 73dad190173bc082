"""Certificates that are validated by e-mail: no CA may validate by e-mail any more from 2028 on.

ACM migrates an issued certificate to DNS validation at any time under the same ARN (ACM user guide,
"Migrate from email to DNS validation"); `app.repair` starts that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from certificate_lifecycle.model.baseline_dates import EMAIL_VALIDATION_ENDS, rule_at
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Decision,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.sanitize import listed
from certificate_lifecycle.policy import facts
from certificate_lifecycle.policy.checks import (
    CheckInput,
    check,
    is_externally_managed,
    waits_for_validation,
)
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.remembered import RememberedCertificates
from certificate_lifecycle.policy.thresholds import renewal_window

#: Names that a message contains.
_SHOWN_NAMES = 5
#: The shortest time between two renewals that is computed with.
_LEAST_STEP = timedelta(days=1)


def names_by_email(certificate: Certificate) -> tuple[str, ...]:
    """Return the names of a described certificate that ACM validates by e-mail."""
    return tuple(
        entry.domain_name
        for entry in certificate.detail.validations
        if entry.method is ValidationMethod.EMAIL
    )


def may_be_by_email(certificate: Certificate) -> bool:
    """Whether a listed certificate is issued by Amazon, and renewed by ACM because it is used."""
    issued = certificate.status is CertificateStatus.ISSUED
    kind = certificate.type is CertificateType.AMAZON_ISSUED
    return issued and kind and certificate.used and not is_externally_managed(certificate)


def changed_methods(memory: RememberedCertificates, by_email: Collection[str]) -> set[str]:
    """Return the remembered certificates whose validation method may have changed.

    A migration changes nothing in the listing. `by_email` are those of a search, which has no
    requests.
    """
    changed = set()
    for arn, entry in memory.entries.items():
        known = bool(names_by_email(entry.certificate))
        differs = may_be_by_email(entry.certificate) and known is not (arn in by_email)
        if entry.certificate.detail.migrating_to_dns or differs:
            changed.add(arn)
    return changed


def may_migrate(certificate: Certificate) -> bool:
    """Whether ACM can migrate a certificate that needs no validation now.

    While it waits for validation, `checks.renewal_blocked` decides.
    """
    if not (may_be_by_email(certificate) and names_by_email(certificate)):
        return False
    return not waits_for_validation(certificate)


@check(
    question="Is it validated by e-mail, which ends?",
    facts=(facts.TYPE, facts.USED, facts.METHODS, facts.EXPIRES, facts.WINDOW),
)
def email_validation_ends(given: CheckInput) -> Decision | None:
    """Find certificates whose renewals need an e-mail to be answered, while they can migrate."""
    certificate = given.certificate
    if not may_migrate(certificate):
        return None
    renewals = list(_renewals(certificate, given.now))
    severity = given.at_risk
    if renewals and renewals[0] >= EMAIL_VALIDATION_ENDS:
        severity = given.at_least_warning
    names = listed(names_by_email(certificate), _SHOWN_NAMES)
    ends = EMAIL_VALIDATION_ENDS.date()
    parts = (
        f"ACM validates {names} by e-mail, which no CA may do from {ends} on.",
        _last_renewal(renewals),
        _migration(given.observation),
        given.expiry_sentence,
    )
    return Decision(
        Verdict.RENEWAL_AT_RISK,
        severity,
        Reason.EMAIL_VALIDATION_ENDS,
        " ".join(filter(None, parts)),
        Action.RENEW_BY_EMAIL,
    )


def _renewals(certificate: Certificate, now: datetime) -> Iterator[datetime]:
    """Yield the dates on which ACM will start to renew, up to the first after the end of e-mail.

    A renewed certificate lives as long as the present one, or as long as the rules of its date
    allow. The dates assume that each e-mail is answered at once.
    """
    current, lifetime = certificate, certificate.lifetime
    while current.not_after is not None:
        renewed_at = max(now, current.not_after - renewal_window(current))
        yield renewed_at
        if lifetime is None or renewed_at >= EMAIL_VALIDATION_ENDS:
            return
        following = min(lifetime, rule_at(renewed_at).lifetime)
        later = max(renewed_at + following, current.not_after + _LEAST_STEP)
        current = replace(current, not_before=renewed_at, not_after=later)


def _last_renewal(renewals: list[datetime]) -> str:
    if not renewals:
        return ""
    by_email = [date for date in renewals if date < EMAIL_VALIDATION_ENDS]
    if not by_email:
        return f"Its next renewal, on {renewals[0].date()}, is after that and would fail."
    return f"Its renewal on {by_email[-1].date()} is the last that works by e-mail."


def _migration(observation: Observation) -> str:
    """Return the sentences about the migration: under way, possible here, or left to a person."""
    certificate = observation.certificate
    which = f"--certificate-arn {certificate.arn} --region {certificate.region}"
    show = f"`aws acm list-certificate-domain-validations {which}`"
    if certificate.detail.migrating_to_dns:
        return f"Its migration to DNS validation is under way; {show} shows the records to write."
    why = "; ".join(observation.migration_obstacles)
    text = f"It cannot migrate to DNS validation here: {why}. " if why else ""
    start = f"`aws acm update-certificate-options {which} --options ValidationMethod=DNS`"
    return (
        f"{text}{start} starts its migration to DNS validation, and {show} shows the records to "
        "write within 72 hours."
    )
