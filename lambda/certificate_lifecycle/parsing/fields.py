"""Parsers of settings, events and options."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from certificate_lifecycle.model.sanitize import quoted

T = TypeVar("T")

# `(?a)` restricts digits to ASCII.
_REGION = r"(?a)[a-z]{2,}(-[a-z]+)+-\d+"
_ACCOUNT = r"(?a)\d{12}"


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


def region(raw: object) -> str:
    """Return `raw` if it has the form of a region; raises ValueError otherwise."""
    if not (isinstance(raw, str) and re.fullmatch(_REGION, raw)):
        raise ValueError(f"must be an AWS region, got {quoted(raw)}")
    return raw


def account_id(raw: object) -> str:
    """Return `raw` if it has the form of an account id; raises ValueError otherwise."""
    if not (isinstance(raw, str) and re.fullmatch(_ACCOUNT, raw)):
        raise ValueError(f"must be an account id, got {quoted(raw)}")
    return raw
