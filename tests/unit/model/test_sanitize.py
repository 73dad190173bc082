"""What others have written is shown so that people can read it, and nothing else happens."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.errors import CertificateRequestError, ConfigurationError
from certificate_lifecycle.model.sanitize import clean, clean_layout, clean_lines, listed, quoted


def test_a_text_from_outside_loses_what_cannot_be_seen_and_its_length() -> None:
    assert clean(" a\t\u200bb\x00\n c ") == "a b c"
    assert clean("ü" * 30, 30) == "ü" * 30
    assert clean("ü" * 31, 30) == "ü" * 27 + "..."


def test_lines_that_may_be_commands_stay_lines() -> None:
    assert clean_lines("do:\r\n  aws\x1b[2J acm\u2028list") == "do:\naws [2J acm\nlist"
    assert clean_lines("x" * 5000) == "x" * 5000


def test_clean_layout_keeps_every_line_and_space() -> None:
    assert clean_layout("Error: a\x1b[2J\n\n  b\u2028c\td\n") == "Error: a [2J\n\n  b c d\n"


def test_an_error_message_is_cleaned() -> None:
    error = CertificateRequestError("ACM refused it: no\x1b[2J\u202e way\u200b")
    assert str(error) == "ACM refused it: no [2J way"
    assert ConfigurationError(["a\x07b"]).errors == ("a b",)


def deep(depth: int) -> object:
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x1b[2J\u202e", r"'a\x1b[2J\u202e'"),
        (5, "5"),
        (None, "None"),
        (10**4000, "a number"),
        (deep(10_000), "[[[[...]]]]"),
        ({str(n): n for n in range(9)}, "{'0': 0, '1': 1, '2': 2, '3': 3, '4': 4, '5': 5, ...}"),
    ],
)
def test_a_value_is_quoted_on_one_line_and_no_further_than_people_read(
    value: object, shown: str
) -> None:
    assert quoted(value) == shown


def test_what_is_huge_is_quoted_in_part() -> None:
    assert len(quoted("x" * 10**6)) <= 300
    assert len(quoted(["x" * 250] * 10**4)) == 400
    assert quoted("x" * 253) == repr("x" * 253)


def test_a_list_says_how_much_of_it_is_left_out() -> None:
    assert listed(["a", "b"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_an_error_can_be_passed_on_however_much_is_wrong() -> None:
    faults = [f"key {number} is wrong" for number in range(100_000)]
    error = ConfigurationError(faults)
    assert error.errors == tuple(faults)
    assert str(error).startswith("key 0 is wrong; key 1 is wrong; ")
    assert str(error).endswith("more")
    assert len(str(error)) < 31_000
    assert str(ConfigurationError(faults[:2])) == "key 0 is wrong; key 1 is wrong"


def test_a_text_has_a_thousand_characters_unless_less_is_wanted() -> None:
    assert clean("x" * 1000) == "x" * 1000
    assert clean("x" * 1001) == "x" * 997 + "..."
