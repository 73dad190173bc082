"""Parsers of the fields of settings, events and options.

A parser takes a raw value and returns the checked one.
It raises ValueError with a text that follows the name of the field: "must be ..., got ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from certificate_lifecycle.model.dns_names import normalise
from certificate_lifecycle.model.sanitize import listed, quoted

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

#: The number of unknown keys that an error names.
_SHOWN_KEYS = 6


def instance_of(kind: type[T], what: str) -> Callable[[object], T]:
    """Return a parser of the values of a Python type; `what` names them in the error."""

    def parse(raw: object) -> T:
        if not isinstance(raw, kind):
            raise ValueError(f"must be {what}, got {quoted(raw)}")  # noqa: TRY004 - collected as an error
        return raw

    return parse


def matching(pattern: str, what: str) -> Callable[[object], str]:
    """Return a parser of the strings that match a pattern; `what` names them in the error.

    `re` compiles the pattern at its first use: a cold start needs few of them.
    """

    def parse(raw: object) -> str:
        if not (isinstance(raw, str) and re.fullmatch(pattern, raw)):
            raise ValueError(f"must be {what}, got {quoted(raw)}")
        return raw

    return parse


def one_of(allowed: Sequence[str]) -> Callable[[object], str]:
    """Return a parser of the strings in `allowed`."""

    def parse(raw: object) -> str:
        if not (isinstance(raw, str) and raw in allowed):
            raise ValueError(f"must be one of {', '.join(allowed)}, got {quoted(raw)}")
        return raw

    return parse


def member_of(kind: type[E]) -> Callable[[object], E]:
    """Return a parser of the values of a closed enum."""
    parse = one_of(tuple(kind))
    return lambda raw: kind(parse(raw))


def whole_number(least: int, most: int) -> Callable[[object], int]:
    """Return a parser of the whole numbers in a range."""

    def parse(raw: object) -> int:
        # `type`, because a boolean is an `int` to Python.
        if type(raw) is not int or not least <= raw <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, got {quoted(raw)}")
        return raw

    return parse


def parse_each(items: Iterable[Any], parse: Callable[[Any], T]) -> tuple[T, ...]:
    """Return the distinct parsed items; raises one ValueError with all errors."""
    parsed: dict[T, None] = {}
    errors = []
    for item in items:
        try:
            parsed[parse(item)] = None
        except ValueError as error:
            errors.append(str(error))
    if errors:
        raise ValueError("; ".join(errors))
    return tuple(parsed)


def list_of(
    parse: Callable[[Any], T], what: str, *, least: int = 0
) -> Callable[[object], tuple[T, ...]]:
    """Return a parser of lists with at least `least` items; equal items count once."""

    def parse_all(raw: object) -> tuple[T, ...]:
        if not isinstance(raw, list) or len(raw) < least:
            raise ValueError(f"must be a list of {what}, got {quoted(raw)}")
        return parse_each(raw, parse)

    return parse_all


text = instance_of(str, "a string")
boolean = instance_of(bool, "true or false")
# With `(?a)` a digit is an ASCII digit: AWS accepts no other.
region = matching(r"(?a)[a-z]{2,}(-[a-z]+)+-\d+", "an AWS region")
account_id = matching(r"(?a)\d{12}", "an account id")


def domain_name(raw: object) -> str:
    """Return the normalised form of a domain name."""
    return normalise(text(raw))


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one JSON object; `where` names the object in errors."""

    where: str
    values: Mapping[str, Any]

    @classmethod
    def parse(
        cls, raw: object, where: str, required: Sequence[str], optional: Sequence[str] = ()
    ) -> Fields:
        """Return the fields of an object that has all required keys and no unknown ones."""
        if not isinstance(raw, Mapping) or not set(required) <= set(raw):
            suffix = f" and, optionally, {', '.join(optional)}" if optional else ""
            keys = f" with {', '.join(required)}{suffix}" if required else ""
            raise ValueError(f"{where} must be an object{keys}")
        unknown = [quoted(key) for key in sorted(set(raw) - {*required, *optional})]
        if unknown:
            raise ValueError(f"{where} has unknown keys: {listed(unknown, _SHOWN_KEYS)}")
        return cls(where, raw)

    def read(self, key: str, parse: Callable[[object], T], default: object = None) -> T:
        """Return the parsed field; a missing one means `default`."""
        try:
            return parse(self.values.get(key, default))
        except ValueError as error:
            raise ValueError(f"{key} of {self.where} {error}") from error
