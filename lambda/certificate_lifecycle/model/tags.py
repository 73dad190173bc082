"""Tags of a certificate: its owner, and until when notifications about it are muted."""

from __future__ import annotations

import re
from datetime import date, datetime

from certificate_lifecycle.model.certificate import Certificate

#: The tag that mutes a certificate; its value is the last day, in UTC, as YYYY-MM-DD.
MUTE_TAG = "certificate-lifecycle:mute-until"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def owner(certificate: Certificate, tag: str) -> str | None:
    """Return the value of the tag that names the owner, in any letter case."""
    for key, value in certificate.detail.tags:
        if key.lower() == tag.lower() and value.strip():
            return value.strip()
    return None


def muted_until(certificate: Certificate, now: datetime) -> date | None:
    """Return the last day of a mute that has not ended; an invalid date mutes nothing."""
    value = dict(certificate.detail.tags).get(MUTE_TAG, "").strip()
    if not _DAY.fullmatch(value):
        return None
    try:
        last = date.fromisoformat(value)
    except ValueError:
        return None
    return last if now.date() <= last else None
