"""What a run remembers of a certificate, so that the next run need not describe it again.

A remembered description never leads to a write: before an action, the certificate and its tags are
read again. An entry that cannot be read, or is missing, costs calls and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.model.certificate import Certificate


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalChange:
    """A renewal that changed more than the dates, found at `at`.

    `issuer` and `usages` are those of the certificate before the renewal.
    """

    at: datetime
    issuer: str | None
    usages: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A description of a certificate, and what earlier runs found out about it.

    `fingerprint` is a digest of everything that the listing (and a search) showed when it was
    described at `described_at`. `certificate` has the detail; its tags are those of that time.
    `checked_at` is when the obstacles to its next renewal were last searched, None if never.
    """

    fingerprint: str
    described_at: datetime
    certificate: Certificate
    checked_at: datetime | None = None
    change: RenewalChange | None = None
