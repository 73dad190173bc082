"""Errors are sentences without names of Python classes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import certificate_lifecycle
from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.model.errors import ZoneNotFoundError, kind_of

#: The one place that turns the name of a class into words.
WORDS = Path("model/errors.py")


class SSLError(Exception):
    """A name with an abbreviation, as in botocore."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("x"), "key error"),
        (SSLError(), "ssl error"),
        (ZoneNotFoundError("none"), "zone not found error"),
    ],
)
def test_the_kind_of_an_error_is_in_words(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ZoneNotFoundError("no zone"), "no zone"),
        (KeyError("x"), "unexpected key error: 'x'"),
        (ValueError(), "unexpected value error"),
    ],
)
def test_only_an_error_that_nobody_expects_begins_with_its_kind(
    error: Exception, text: str
) -> None:
    assert error_summary(error) == text


def test_no_text_quotes_the_class_of_an_error() -> None:
    package = Path(certificate_lifecycle.__file__).parent
    quoting = [
        file.relative_to(package)
        for file in package.rglob("*.py")
        if re.search(r"type\(\w+\)\.__name__", file.read_text(encoding="utf-8"))
    ]
    assert quoting == [WORDS]
