"""Fields of stored and sent records, read with their types checked.

Another version of this module, or a person, may have written a record.
Every function raises KeyError for a required field that is missing, and TypeError or ValueError for
a value in another form; `optional_epoch` also raises OverflowError.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from certificate_lifecycle.model.timestamps import parse_instant, parse_timestamp

T = TypeVar("T")

#: Plain data for JSON; an optional field may be missing or None.
Entry: TypeAlias = Mapping[str, Any]


def stamp(moment: datetime) -> str:
    """Return a time as text of one width in UTC, so that texts sort like times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def optional_stamp(moment: datetime | None) -> str | None:
    """Return a time as `stamp` does, and None for None."""
    return None if moment is None else stamp(moment)


def text(entry: Entry, name: str) -> str:
    """Return a string."""
    return _typed(entry[name], str, name)


def optional_text(entry: Entry, name: str) -> str | None:
    """Return a string, or None if the record has none."""
    return None if entry.get(name) is None else text(entry, name)


def number(entry: Entry, name: str) -> int:
    """Return an integer."""
    value = entry[name]
    if isinstance(value, bool):
        raise TypeError(f"{name} is not an int")
    return _typed(value, int, name)


def flag(entry: Entry, name: str) -> bool:
    """Return a boolean."""
    return _typed(entry[name], bool, name)


def timestamp(entry: Entry, name: str) -> datetime:
    """Return the time of an event in this module."""
    return parse_timestamp(text(entry, name))


def optional_timestamp(entry: Entry, name: str) -> datetime | None:
    """Return the time of an event in this module, or None if the record has none."""
    return None if entry.get(name) is None else timestamp(entry, name)


def instant(entry: Entry, name: str) -> datetime:
    """Return a date of a certificate, which may be in any year."""
    return parse_instant(text(entry, name))


def optional_instant(entry: Entry, name: str) -> datetime | None:
    """Return a date of a certificate, which may be in any year, or None if there is none."""
    return None if entry.get(name) is None else instant(entry, name)


def optional_epoch(entry: Entry, name: str) -> datetime | None:
    """Return a time that is stored in seconds since 1970, or None if the record has none."""
    if entry.get(name) is None:
        return None
    return datetime.fromtimestamp(number(entry, name), UTC)


def items(entry: Entry, name: str) -> list[Any]:
    """Return a list."""
    return _typed(entry[name], list, name)


def texts(entry: Entry, name: str) -> tuple[str, ...]:
    """Return a list of strings."""
    return tuple(_typed(value, str, name) for value in items(entry, name))


def table(entry: Entry, name: str) -> dict[str, Any]:
    """Return an object."""
    return _typed(entry[name], dict, name)


def renamed(entry: Entry, names: Mapping[str, str]) -> Entry:
    """Return a record with the fields that an earlier version named differently."""
    return {names.get(name, name): value for name, value in dict(entry).items()}


def _typed(value: object, kind: type[T], name: str) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{name} is not of type {kind.__name__}")
    return value
