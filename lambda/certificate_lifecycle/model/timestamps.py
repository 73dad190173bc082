"""Moments that were written down as text, by an earlier run or by somebody else."""

from __future__ import annotations

from datetime import datetime

#: The years of our time: from others, spans could not be counted back or on.
_OUR_TIME = range(2000, 9000)


def parse_instant(text: str) -> datetime:
    """Return the instant that ISO 8601 names; raises ValueError if it says no zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("it has no zone")
    return instant


def parse_timestamp(text: str) -> datetime:
    """Return an instant at which something happened here; raises ValueError if that cannot be."""
    moment = parse_instant(text)
    if moment.year not in _OUR_TIME:
        raise ValueError("it is not of our time")
    return moment
