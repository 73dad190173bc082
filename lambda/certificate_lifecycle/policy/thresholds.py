"""Thresholds before expiry, compared exactly; a threshold that is exactly reached has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType

#: Start of ACM's renewal (ACM user guide, 2026): 45 days before expiry for public certificates, 60
#: days for private ones and for those with the former lifetime of 395 days.
_PUBLIC_WINDOW = timedelta(days=45)
_LONG_WINDOW = timedelta(days=60)
_LONG_LIFETIME = timedelta(days=300)
#: Upper limit of the window as a share of the lifetime, for 47-day certificates.
_WINDOW_SHARE = 1 / 3
#: Time before the start of the renewal at which a known obstacle becomes a warning, and its upper
#: limit as a share of the lifetime.
_WARNING_LEAD = timedelta(days=30)
_LEAD_SHARE = 1 / 3
#: Share of the window that remains when a renewal is overdue: 30 days of 45.
_OVERDUE_SHARE = 2 / 3
#: A run can start late, and takes some time until it judges a certificate.
_RUN_MARGIN = timedelta(hours=2)
#: Share of the lifetime above which no threshold is raised: ACME clients renew when a third is left
#: (certbot, "renew_before_expiry").
_RAISED_SHARE = 0.33
#: Share of the lifetime that a wait is limited to, so that a 6-day certificate is not over by then.
_WAIT_SHARE = 1 / 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Warning and critical thresholds, in time before expiry.

    `fraction` limits `expiration` to a share of the lifetime, for certificates of 47 days.
    `between_runs` is the longest time between two scheduled runs: a threshold that is shorter could
    pass between them, and the certificate expire before a run has seen it.
    """

    expiration: timedelta = timedelta(days=30)
    critical: timedelta = timedelta(days=7)
    fraction: float = 0.33
    between_runs: timedelta = timedelta(days=1)

    @property
    def least(self) -> timedelta:
        """The shortest threshold that no certificate passes between two runs."""
        return self.between_runs + _RUN_MARGIN

    def effective(self, certificate: Certificate) -> timedelta:
        """Return the warning threshold of a certificate: `least` or more, if its life allows."""
        if certificate.lifetime is None:
            return max(self.expiration, self.least)
        return max(
            min(self.expiration, certificate.lifetime * self.fraction),
            min(self.least, certificate.lifetime * _RAISED_SHARE),
        )

    def effective_critical(self, certificate: Certificate) -> timedelta:
        """Return the critical threshold of a certificate: `least` or more, if its life allows.

        Above that, it is at most half of the warning threshold.
        """
        warning = self.effective(certificate)
        return min(warning, max(self.least, min(self.critical, warning / 2)))


def can_be_missed(certificate: Certificate, thresholds: Thresholds) -> bool:
    """Whether `certificate` can expire although no run has reported it as critical before."""
    first = _first_threshold(certificate, thresholds)
    return min(first, thresholds.effective_critical(certificate)) < thresholds.least


def limited_wait(certificate: Certificate, longest: timedelta) -> timedelta:
    """Return `longest`, or an eighth of the certificate's lifetime if that is shorter."""
    lifetime = certificate.lifetime
    return longest if lifetime is None else min(longest, lifetime * _WAIT_SHARE)


def renewal_window(certificate: Certificate) -> timedelta:
    """Return how long before expiry ACM starts to renew a managed certificate."""
    lifetime = certificate.lifetime
    long = certificate.type is CertificateType.PRIVATE or (lifetime or timedelta()) > _LONG_LIFETIME
    window = _LONG_WINDOW if long else _PUBLIC_WINDOW
    return window if lifetime is None else min(window, lifetime * _WINDOW_SHARE)


def foresight_threshold(certificate: Certificate) -> timedelta:
    """Return the time before expiry at which an obstacle to the next renewal becomes a warning.

    Before that, there is time enough to remove the obstacle without haste.
    """
    lifetime = certificate.lifetime
    lead = _WARNING_LEAD if lifetime is None else min(_WARNING_LEAD, lifetime * _LEAD_SHARE)
    return renewal_window(certificate) + lead


def overdue_threshold(certificate: Certificate, thresholds: Thresholds) -> timedelta:
    """Return the time before expiry at which a managed renewal is overdue."""
    return min(thresholds.effective(certificate), renewal_window(certificate) * _OVERDUE_SHARE)


def _first_threshold(certificate: Certificate, thresholds: Thresholds) -> timedelta:
    """Return the time before expiry at which a certificate that nobody renewed is reported."""
    if certificate.managed:
        return overdue_threshold(certificate, thresholds)
    return thresholds.effective(certificate)


def lacks_future(certificate: Certificate, thresholds: Thresholds, now: datetime) -> bool:
    """Whether `certificate` expires soon, or is not issued, or will not be renewed."""
    if certificate.status is not CertificateStatus.ISSUED:
        return True
    if certificate.managed and not certificate.used:
        return True
    return is_within(certificate, _first_threshold(certificate, thresholds), now)


def ends_soon(certificate: Certificate, thresholds: Thresholds, now: datetime) -> bool:
    """Whether `certificate` has ended, or expires within its warning threshold."""
    ended = certificate.status in (CertificateStatus.EXPIRED, CertificateStatus.REVOKED)
    return ended or is_within(certificate, thresholds.effective(certificate), now)


def is_within(certificate: Certificate, threshold: timedelta, now: datetime) -> bool:
    """Whether `certificate` expires within `threshold` from now, or has expired."""
    return certificate.not_after is not None and certificate.not_after - now <= threshold


def is_recent(certificate: Certificate, age: timedelta, now: datetime) -> bool:
    """Whether `certificate` was created less than `age` ago."""
    return certificate.created_at is not None and now - certificate.created_at < age
