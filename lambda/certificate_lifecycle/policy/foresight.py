"""Which healthy certificates have their next renewal checked by a run.

ACM tries a renewal 45 days before the end at the earliest, and validates the names then. With the
certificates of 47 days that is too late to find out that a record is gone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta

from certificate_lifecycle.model.certificate import Certificate, CertificateStatus
from certificate_lifecycle.policy.chain import concerns_authority, concerns_public_dns
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from certificate_lifecycle.policy.thresholds import limited_wait
from certificate_lifecycle.policy.validation import RecordState

#: A certificate is checked again after this time, one with a short life earlier. A run that takes
#: place some minutes earlier than that of the days before still counts.
_CHECK_AGAIN = timedelta(days=5, hours=12)
#: All certificates are checked in so many days, at the latest.
_DAYS = 5
#: A small estate is checked in one day; of a large one, as many as the time of a run suffices for.
_LEAST_SHARE = 50
_LARGEST_SHARE = 1_500
#: A certificate is tried again after this time if an answer was unknown: by the next daily run, and
#: after those that wait for longer.
_TRY_AGAIN = timedelta(hours=20)


def due(
    certificates: Iterable[Certificate],
    memory: RememberedCertificates,
    at_risk: Collection[str],
    now: datetime,
) -> list[str]:
    """Return the ARNs of the certificates to check, the first ones first.

    `at_risk` are those with an open finding about their next renewal: every run checks them.
    On the day of the first run, which has to read all that is wrong already, no other is due. Each
    UTC day has a share of a fifth, and of all that cannot wait for five days, however many runs it
    has.
    """
    healthy = [entry for entry in certificates if _is_candidate(entry, now)]
    open_findings = [entry.arn for entry in healthy if entry.arn in at_risk]
    today = now.astimezone(UTC).date()
    if memory.since is None or memory.since.astimezone(UTC).date() >= today:
        return open_findings
    checked = {entry.arn: _checked_at(memory, entry.arn) for entry in healthy}
    done = sum(_was_chosen(memory.entries.get(entry.arn), today) for entry in healthy)
    short = sum(_check_again(entry) < timedelta(days=_DAYS) for entry in healthy)
    wanted = short + math.ceil((len(healthy) - short) / _DAYS)
    share = min(max(_LEAST_SHARE, wanted), _LARGEST_SHARE)
    waiting = [
        entry
        for entry in healthy
        if entry.arn not in at_risk and _is_due(entry, checked[entry.arn], now)
    ]
    waiting.sort(key=lambda entry: _order(entry, checked[entry.arn]))
    return [*open_findings, *(entry.arn for entry in waiting[: max(0, share - done)])]


def checked_at(now: datetime, observation: Observation) -> datetime:
    """Return the time of a check to remember; an earlier one if an answer was unknown."""
    unread = any(finding.state is RecordState.UNCHECKED for finding in observation.records)
    if not (unread or observation.dns.undecided or observation.authority.unread is not None):
        return now
    return now - max(timedelta(), _check_again(observation.certificate) - _TRY_AGAIN)


def _is_candidate(certificate: Certificate, now: datetime) -> bool:
    if certificate.status is not CertificateStatus.ISSUED:
        return False
    return concerns_public_dns(certificate, now) or concerns_authority(certificate, now)


def _checked_at(memory: RememberedCertificates, arn: str) -> datetime | None:
    entry = memory.entries.get(arn)
    return None if entry is None else entry.checked_at


def _was_chosen(entry: Remembered | None, day: date) -> bool:
    """Whether a run of a UTC day has checked a certificate, whatever the answer was.

    An earlier version stored only the time of an answered check.
    """
    times = (entry.checked_at, entry.tried_at) if entry is not None else ()
    return any(at is not None and at.astimezone(UTC).date() == day for at in times)


def _check_again(certificate: Certificate) -> timedelta:
    return limited_wait(certificate, _CHECK_AGAIN)


def _is_due(certificate: Certificate, checked_at: datetime | None, now: datetime) -> bool:
    return checked_at is None or now - checked_at >= _check_again(certificate)


def _order(certificate: Certificate, checked_at: datetime | None) -> tuple[float, float]:
    """Order by the time since which a check is due, and among those never checked by the end."""
    due = (checked_at + _check_again(certificate)).timestamp() if checked_at else -math.inf
    ends = certificate.not_after.timestamp() if certificate.not_after else math.inf
    return due, ends
