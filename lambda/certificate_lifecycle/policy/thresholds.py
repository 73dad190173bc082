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


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Warning and critical thresholds, in time before expiry.

    `fraction` limits `expiration` to a share of the lifetime, for certificates of 47 days.
    """

    expiration: timedelta = timedelta(days=30)
    critical: timedelta = timedelta(days=7)
    fraction: float = 0.33

    def effective(self, certificate: Certificate) -> timedelta:
        """Return the warning threshold of a certificate."""
        if certificate.lifetime is None:
            return self.expiration
        return min(self.expiration, certificate.lifetime * self.fraction)

    def effective_critical(self, certificate: Certificate) -> timedelta:
        """Return the critical threshold of a certificate: at most half of the warning threshold."""
        return min(self.critical, self.effective(certificate) / 2)


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


def lacks_future(certificate: Certificate, thresholds: Thresholds, now: datetime) -> bool:
    """Whether `certificate` expires soon, or is not issued, or will not be renewed."""
    if certificate.status is not CertificateStatus.ISSUED:
        return True
    if certificate.managed and not certificate.used:
        return True
    threshold = (
        overdue_threshold(certificate, thresholds)
        if certificate.managed
        else thresholds.effective(certificate)
    )
    return is_within(certificate, threshold, now)


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
