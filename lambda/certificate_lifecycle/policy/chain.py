"""The decision on a certificate: the first check that applies makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Decision,
    Renewal,
    RenewalStatus,
    ValidationMethod,
)
from certificate_lifecycle.policy import (
    acme,
    checks,
    email_validation,
    renewal_change,
    sources_at_risk,
)
from certificate_lifecycle.policy.checks import Check, CheckInput
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    is_recent,
    is_within,
    overdue_threshold,
    renewal_window,
)
from certificate_lifecycle.policy.throw_away import REPORTED_AFTER, is_throw_away

#: The order matters: external management, unknown states, expiry, renewals.
CHAIN: Sequence[Check] = (
    checks.renewed_by_client,  # before externally_managed: its end is no problem
    checks.externally_managed,  # before all others: no action on certificates of other tools
    checks.detail_unreadable,  # before all checks that use details
    checks.server_certificate,  # before the rules for certificates in ACM
    checks.private_authority,
    checks.declared_missing,
    acme.acme_endpoint,
    acme.acme_validation,
    acme.acme_binding,
    checks.not_understood,
    checks.throw_away,  # before pending_validation: nothing is repaired for a drill
    checks.pending_validation,
    checks.superseded,  # before all renewals: a replaced certificate needs none
    checks.request_failed,
    checks.revoked,
    checks.expired,
    checks.import_due,
    checks.source_newer,  # after import_due: expiry is more urgent
    checks.source_trouble,
    sources_at_risk.source_missing,
    sources_at_risk.source_too_old,  # after source_trouble: its reasons are more precise
    checks.unused,  # before the renewals: an unused certificate needs none
    checks.authority_trouble,
    checks.renewal_failed,
    checks.renewal_blocked,
    checks.export_target,  # before export_due: its reasons are more precise
    checks.export_due,
    checks.renewal_overdue,
    checks.renewal_not_understood,  # before renewing: an unknown status is not a renewal
    checks.renewal_at_risk,  # before renewing: ACM would fail at its next attempt
    email_validation.email_validation_ends,  # after renewal_blocked: an e-mail may be awaited
    sources_at_risk.export_secret_missing,
    sources_at_risk.export_target_unreadable,
    sources_at_risk.export_target_missing,
    renewal_change.renewal_changed,  # after all that needs an action
    checks.renewing,
    checks.healthy,  # applies to all others
)

_ISSUED = CertificateStatus.ISSUED
#: Types whose store decides which of them have to be described.
_DESCRIBED_BY_STORE = frozenset(
    {
        CertificateType.DECLARED,
        CertificateType.ACME_ENDPOINT,
        CertificateType.ACME_DOMAIN_VALIDATION,
        CertificateType.ACME_ACCOUNT_BINDING,
    }
)


def assess(observation: Observation, thresholds: Thresholds, now: datetime) -> Decision:
    """Return the decision on a certificate."""
    given = CheckInput(observation, thresholds, now)
    return next(filter(None, (check.judge(given) for check in CHAIN)))


def needs_detail(
    certificate: Certificate,
    thresholds: Thresholds,
    now: datetime,
    failure_reported: datetime | None = None,
) -> bool:
    """Whether `certificate` has to be described; far from expiry the listing is enough.

    `failure_reported` is that of `Observation`.
    """
    if certificate.type is CertificateType.PRIVATE_AUTHORITY:
        return certificate.status is _ISSUED
    if certificate.type in _DESCRIBED_BY_STORE:
        return not certificate.described
    if is_throw_away(certificate) and not certificate.used:
        # Its tags confirm that a drill left it.
        return not is_recent(certificate, REPORTED_AFTER, now)
    match certificate.status:
        case CertificateStatus.EXPIRED | CertificateStatus.REVOKED:
            return certificate.used
        case CertificateStatus.ISSUED:
            horizon = thresholds.effective(certificate)
            if certificate.managed:
                horizon = max(renewal_window(certificate), horizon)
            relevant = certificate.used or not certificate.managed
            return relevant and is_within(certificate, horizon, now)
        case CertificateStatus.PENDING_VALIDATION:
            return not is_recent(certificate, checks.STUCK_AFTER, now)
        case CertificateStatus.FAILED:
            return True
        case CertificateStatus.VALIDATION_TIMED_OUT:
            # Its tags show whether this instance requested it.
            recent = is_recent(certificate, checks.OLD_REQUEST, now)
            return recent and not checks.was_reported(certificate, failure_reported, now)
        case _:
            return False


def renews_well(
    certificate: Certificate,
    renewal: RenewalStatus | None,
    thresholds: Thresholds,
    now: datetime,
) -> bool:
    """Whether ACM's renewal needs no closer check, by the listing and `renewal` alone.

    `renewal` is None before the first renewal; SUCCESS stays until the next renewal.
    ACM repeats a renewal without progress after 72 hours (user guide, "Troubleshoot managed
    renewal"), so an older one has to be checked.
    """
    renewable = certificate.managed and certificate.used and certificate.status is _ISSUED
    if not renewable or checks.is_externally_managed(certificate):
        return False
    if certificate.renewal_eligible is False:
        return False
    window = renewal_window(certificate)
    least = overdue_threshold(certificate, thresholds)
    if certificate.exported:
        least = max(least, thresholds.effective(certificate))
    if not is_within(certificate, window, now) or is_within(certificate, least, now):
        return False
    if renewal is RenewalStatus.PENDING_AUTO_RENEWAL:
        return not is_within(certificate, window - checks.RENEWAL_ATTEMPT, now)
    return renewal in (None, RenewalStatus.SUCCESS)


def as_renewing(certificate: Certificate, renewal: RenewalStatus | None) -> Certificate:
    """Return a certificate that renews well in the same form for every way of finding it."""
    state = Renewal(status=renewal) if renewal is not None else None
    return replace(certificate, detail=CertificateDetail(renewal=state))


def concerns_public_dns(certificate: Certificate, now: datetime) -> bool:
    """Whether ACM validates the names of `certificate` again, or waits for their validation.

    ACM does not renew an unused certificate; a request of the last day may still succeed by itself.
    """
    if certificate.type is not CertificateType.AMAZON_ISSUED:
        return False
    if checks.is_externally_managed(certificate) or is_throw_away(certificate):
        return False
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        return not is_recent(certificate, checks.STUCK_AFTER, now)
    valid = certificate.status is _ISSUED and not is_within(certificate, timedelta(), now)
    return valid and certificate.used


def concerns_authority(certificate: Certificate, now: datetime) -> bool:
    """Whether ACM renews `certificate` from a private CA."""
    if certificate.type is not CertificateType.PRIVATE or checks.is_externally_managed(certificate):
        return False
    valid = certificate.status is _ISSUED and not is_within(certificate, timedelta(), now)
    return valid and certificate.used


def wants_records(certificate: Certificate) -> bool:
    """Whether ACM needs the validation records of `certificate` in DNS, so that they are read."""
    if certificate.type is CertificateType.ACME_DOMAIN_VALIDATION:
        return True
    pending = checks.waits_for_validation(certificate)
    return pending and ValidationMethod.DNS in checks.pending_methods(certificate)
