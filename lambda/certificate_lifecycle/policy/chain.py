"""Which certificate needs attention, and why: a chain of small checks, the first hit wins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

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
from certificate_lifecycle.policy import checks
from certificate_lifecycle.policy.checks import Check
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    is_recent,
    is_within,
    overdue_threshold,
    renewal_window,
)

#: The order matters: what we must not touch, then what we cannot judge, then ends, then renewals.
CHAIN: Sequence[Check] = (
    checks.externally_managed,  # make sure that nothing below touches what belongs to another tool
    checks.detail_unreadable,  # make sure that ignorance never looks healthy
    checks.server_certificate,  # make sure that ACM's rules are for what is in ACM
    checks.private_authority,
    checks.not_understood,
    checks.pending_validation,
    checks.superseded,  # make sure that nobody renews what has been replaced
    checks.request_failed,
    checks.revoked,
    checks.expired,
    checks.import_due,
    checks.source_newer,  # make sure that an end that is near counts before a source that is ahead
    checks.source_trouble,
    checks.unused,  # make sure that renewals below concern certificates that something needs
    checks.authority_trouble,
    checks.renewal_failed,
    checks.renewal_blocked,
    checks.export_target,  # make sure that its more precise reasons come before mere time
    checks.export_due,
    checks.renewal_overdue,
    checks.renewal_not_understood,  # make sure that ignorance never looks like a renewal
    checks.renewing,
    checks.healthy,  # decides for whatever is left
)


_ISSUED = CertificateStatus.ISSUED

#: Which type may succeed which without a change of who trusts it.
_SUCCESSIONS = frozenset(
    {
        (CertificateType.AMAZON_ISSUED, CertificateType.AMAZON_ISSUED),
        (CertificateType.PRIVATE, CertificateType.PRIVATE),
        (CertificateType.IMPORTED, CertificateType.IMPORTED),
        (CertificateType.IMPORTED, CertificateType.AMAZON_ISSUED),
    }
)


def assess(observation: Observation, thresholds: Thresholds, now: datetime) -> Decision:
    """Return the one decision for a certificate."""
    decisions = (check(observation, thresholds, now) for check in CHAIN)
    return next(decision for decision in decisions if decision is not None)


def needs_detail(certificate: Certificate, thresholds: Thresholds, now: datetime) -> bool:
    """Whether the listing is not enough to judge `certificate`.

    Far from expiry it is: then nothing that only DescribeCertificate tells can matter yet.
    """
    if certificate.type is CertificateType.PRIVATE_AUTHORITY:
        return certificate.status is _ISSUED
    match certificate.status:
        case CertificateStatus.EXPIRED | CertificateStatus.REVOKED:
            return certificate.used
        case CertificateStatus.ISSUED:
            horizon = thresholds.effective(certificate)
            if certificate.managed:
                horizon = max(renewal_window(certificate), horizon)
            concerns = certificate.used or not certificate.managed
            return concerns and is_within(certificate, horizon, now)
        case CertificateStatus.PENDING_VALIDATION:
            return not is_recent(certificate, checks.STUCK_AFTER, now)
        case CertificateStatus.FAILED:
            return True
        case CertificateStatus.VALIDATION_TIMED_OUT:
            # Only its tags tell whether it was ours to request again.
            return is_recent(certificate, checks.NOTIFY_FAILURE_FOR, now)
        case _:
            return False


def renews_well(
    certificate: Certificate,
    renewal: RenewalStatus | None,
    thresholds: Thresholds,
    now: datetime,
) -> bool:
    """Whether ACM has all that it needs and time left, going by the listing and `renewal` alone.

    `renewal` is None before the first renewal, and SUCCESS of the last one stays until the next.
    ACM repeats a renewal that gets nowhere after 72 hours (user guide, "Troubleshoot managed
    renewal"): one that is no older needs no explanation, an older one does.
    """
    own = certificate.managed and certificate.used and certificate.status is _ISSUED
    if not own or checks.is_externally_managed(certificate):
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
    """Return what is known of a certificate that renews well, however that was found out."""
    state = Renewal(status=renewal) if renewal is not None else None
    return replace(certificate, detail=CertificateDetail(renewal=state))


def wants_records(certificate: Certificate) -> bool:
    """Whether ACM waits for DNS validation of `certificate`, so that its records should be read."""
    return checks.waits_for_validation(
        certificate
    ) and ValidationMethod.DNS in checks.pending_methods(certificate)


def by_name(certificates: Iterable[Certificate]) -> Mapping[str, Sequence[Certificate]]:
    """Return the issued certificates that have each name.

    Whoever may succeed a certificate has its common name: without this index, each of many
    certificates that are near their end would be compared with all others.
    """
    found: defaultdict[str, list[Certificate]] = defaultdict(list)
    for certificate in certificates:
        if certificate.status is _ISSUED:
            for name in certificate.names:
                found[name].append(certificate)
    return found


def find_successor(
    certificate: Certificate,
    others: Iterable[Certificate],
    thresholds: Thresholds,
    now: datetime,
) -> Certificate | None:
    """Return the certificate that takes over from `certificate`, the one that ends last.

    A successor is valid, ends later and not soon, has all of its names and a key of the same kind
    (load balancers serve an RSA and an ECDSA certificate side by side), and is trusted by the same
    clients: it is of the same type, or ACM issued it publicly in place of an imported one.
    """
    if not certificate.names or not certificate.names_complete:
        return None
    successors = [
        other
        for other in others
        if other.arn != certificate.arn
        and other.status is CertificateStatus.ISSUED
        and other.not_after is not None
        and other.not_after > max(now, certificate.not_after or now)
        and not is_within(other, thresholds.effective(other), now)
        and _key_family(other) == _key_family(certificate)
        and other.region == certificate.region
        and (certificate.type, other.type) in _SUCCESSIONS
        and set(certificate.names) <= set(other.names)
    ]
    return max(successors, key=lambda other: (other.not_after or now, other.arn), default=None)


def _key_family(certificate: Certificate) -> str:
    """Return RSA or EC: the size may change from one certificate to the next."""
    return certificate.key_algorithm.partition("_")[0]
