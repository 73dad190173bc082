"""When a certificate deserves attention: instants and spans, compared exactly.

An instant that lies exactly at a threshold is past it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import Certificate, CertificateStatus, CertificateType

#: When ACM starts to renew (ACM user guide, 2026: public certificates 45 days before expiry, those
#: with the former 395 days of life 60 days; private ones 60 days).
_PUBLIC_WINDOW = timedelta(days=45)
_LONG_WINDOW = timedelta(days=60)
_LONG_LIFETIME = timedelta(days=300)
#: ACM's window can never be more than this share of a lifetime; guards 47-day certificates.
_WINDOW_SHARE = 1 / 3
#: Share of the window in which ACM may still be busy: 15 days of 45.
_OVERDUE_SHARE = 2 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """When attention starts, in time before expiry.

    `fraction` caps `expiration` at a share of the certificate's lifetime, so that a 47-day
    certificate is not "expiring" for most of its life.
    """

    expiration: timedelta = timedelta(days=30)
    critical: timedelta = timedelta(days=7)
    fraction: float = 0.33

    def effective(self, certificate: Certificate) -> timedelta:
        """When attention starts for this certificate."""
        lifetime = certificate.lifetime
        return (
            self.expiration if lifetime is None else min(self.expiration, lifetime * self.fraction)
        )

    def effective_critical(self, certificate: Certificate) -> timedelta:
        """When it becomes critical: never before half of the attention time is over."""
        return min(self.critical, self.effective(certificate) / 2)


def renewal_window(certificate: Certificate) -> timedelta:
    """How long before expiry ACM starts to renew a certificate of its own."""
    lifetime = certificate.lifetime
    long = certificate.type is CertificateType.PRIVATE or (lifetime or timedelta()) > _LONG_LIFETIME
    window = _LONG_WINDOW if long else _PUBLIC_WINDOW
    return window if lifetime is None else min(window, lifetime * _WINDOW_SHARE)


def overdue_threshold(certificate: Certificate, thresholds: Thresholds) -> timedelta:
    """Return the time left at which a renewal that should be done by itself counts as overdue."""
    return min(thresholds.effective(certificate), renewal_window(certificate) * _OVERDUE_SHARE)


def lacks_future(certificate: Certificate, thresholds: Thresholds, now: datetime) -> bool:
    """Whether `certificate` itself will not be what serves its names for long."""
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


def is_within(certificate: Certificate, threshold: timedelta, now: datetime) -> bool:
    """Whether `certificate` ends within `threshold` from now, or has ended."""
    return certificate.not_after is not None and certificate.not_after - now <= threshold


def is_recent(certificate: Certificate, age: timedelta, now: datetime) -> bool:
    """Whether `certificate` was made less than `age` ago."""
    return certificate.created_at is not None and now - certificate.created_at < age
