"""An ARN says where it belongs."""

from __future__ import annotations

import pytest

from certificate_lifecycle.model.scope import Scope, parse_arn
from tests.unit.builders import AUTHORITY, PLACE, arn


@pytest.mark.parametrize(
    ("named", "held"),
    [
        (arn(), True),
        (AUTHORITY, True),
        ("arn:aws:iam::123456789012:server-certificate/old", True),
        (arn(region="us-east-1"), False),
        (arn().replace("123456789012", "222222222222"), False),
        ("arn:aws:iam::222222222222:server-certificate/old", False),
    ],
)
def test_a_scope_contains_arns_of_its_account_and_region_and_of_global_services(
    named: str,
    held: bool,  # noqa: FBT001
) -> None:
    assert PLACE.contains(named) is held


def test_a_regional_arn_tells_its_place() -> None:
    assert Scope.from_arn(arn()) == PLACE


@pytest.mark.parametrize(
    "text", [arn(), AUTHORITY, "arn:aws:iam::123456789012:server-certificate/a:b/<i>/old"]
)
def test_what_has_the_form_of_an_arn_is_one(text: str) -> None:
    assert parse_arn(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "arn", "arn:aws:acm:eu-west-1:123456789012", "x" + arn(), arn() + "\n"),
        *(arn("a b"), arn("\x1b[2J"), arn("\u202e"), arn("ä"), arn("\x7f")),
    ],
)
def test_what_is_none_or_would_show_otherwise_than_it_is_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it is not an ARN"):
        parse_arn(text)
