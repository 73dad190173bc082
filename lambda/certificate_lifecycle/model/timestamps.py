"""Timestamps that were stored as text, by an earlier run or by another program."""

from __future__ import annotations

from datetime import datetime

#: Time spans can be added to and subtracted from these years without an overflow.
_PLAUSIBLE_YEARS = range(2000, 9000)


def parse_instant(text: str) -> datetime:
    """Return an ISO 8601 instant; raises ValueError if it has no time zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("it has no time zone")
    return instant


def parse_timestamp(text: str) -> datetime:
    """Return the time of an event in this module; raises ValueError for an implausible year."""
    timestamp = parse_instant(text)
    if timestamp.year not in _PLAUSIBLE_YEARS:
        raise ValueError("its year is not plausible")
    return timestamp


def format_minute(time: datetime) -> str:
    """Return a time in UTC for messages."""
    return f"{time:%Y-%m-%d %H:%M} UTC"
