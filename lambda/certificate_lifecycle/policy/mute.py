"""Mutes: whether the mute tag of a certificate keeps its finding out of notifications."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from certificate_lifecycle.model.certificate import Certificate, Severity
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.tags import MUTE_TAG, mute_tag

#: A tag has no creation time, so that its date is compared with the day of the run.
LONGEST_MUTE = timedelta(days=90)
#: Upper limit of a mute as a share of the lifetime. A tag stays when a certificate is renewed; with
#: this limit, the mute is over before the renewed certificate can be within its warning threshold.
_LIFE_SHARE = 1 / 2
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def longest_mute(certificate: Certificate) -> timedelta:
    """Return how far ahead the date of a mute tag may be."""
    lifetime = certificate.lifetime
    return LONGEST_MUTE if lifetime is None else min(LONGEST_MUTE, lifetime * _LIFE_SHARE)


def with_mute(entry: Assessment, now: datetime) -> Assessment:
    """Return the assessment with its mute.

    The message of an open finding says why a mute is ignored: a critical finding cannot be muted,
    and the tag needs a date at most `longest_mute` ahead.
    """
    value = mute_tag(entry.certificate)
    if value is None:
        return entry
    longest = longest_mute(entry.certificate)
    latest = now.date() + longest
    last = _day(value)
    if last is None:
        problem = f"the tag {MUTE_TAG} needs a date, {latest} at the latest."
    elif last < now.date():
        return entry
    elif entry.decision.severity is Severity.CRITICAL:
        problem = "a critical finding cannot be muted."
    elif last > latest:
        problem = (
            f"the tag {MUTE_TAG} is more than {longest.days} days ahead; "
            f"the latest accepted date is {latest}."
        )
    else:
        return replace(entry, muted_until=last)
    if not entry.decision.reportable:
        return entry
    message = f"{entry.decision.message} Its mute is ignored: {problem}"
    return replace(entry, decision=replace(entry.decision, message=message))


def _day(value: str) -> date | None:
    if not _DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
