"""A name leads to the best matching certificates."""

from __future__ import annotations

import pytest

from certificate_lifecycle.cli.find_certificate import Match, find, not_found
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.scope import Scope
from tests.unit.builders import arn, certificate


def named(name: str, *names: str) -> Certificate:
    return certificate(arn=arn(name), names=names)


SHOP = named("shop", "shop.example.com", "www.example.com")
WWW = named("www", "www.example.com", "api.example.com")
OLD_WWW = named("old-www", "www.example.com")
WILD = named("wild", "*.example.com", "example.com")
NAMELESS = named("nameless")
ALL = (SHOP, WWW, OLD_WWW, WILD, NAMELESS)


@pytest.mark.parametrize(
    ("wanted", "match", "found"),
    [
        (arn("wild"), Match.ARN, [WILD]),
        ("old-www", Match.ARN, [OLD_WWW]),
        ("shop.example.com", Match.COMMON_NAME, [SHOP]),
        ("www.example.com", Match.COMMON_NAME, [WWW, OLD_WWW]),
        ("*.example.com", Match.COMMON_NAME, [WILD]),
        ("api.example.com", Match.ALTERNATIVE_NAME, [WWW]),
        ("example.com", Match.ALTERNATIVE_NAME, [WILD]),
        ("mail.example.com", Match.WILDCARD, [WILD]),
    ],
)
def test_the_best_way_to_match_decides(wanted: str, match: Match, found: list[Certificate]) -> None:
    answer = find(ALL, wanted)
    assert answer is not None
    assert (answer.match, list(answer.certificates)) == (match, found)


@pytest.mark.parametrize("wanted", ["a.b.example.com", "example.org", "com", arn("gone"), ""])
def test_an_unknown_name_is_not_found(wanted: str) -> None:
    assert find((SHOP, WWW, OLD_WWW, WILD), wanted) is None


def test_a_name_of_one_letter_is_no_wildcard() -> None:
    assert find([named("letter", "a.example.com")], "b.example.com") is None


def test_the_public_values_stay_the_same() -> None:
    assert [match.value for match in Match] == [
        "arn",
        "common name",
        "alternative name",
        "wildcard",
    ]


@pytest.mark.parametrize(
    ("wanted", "suggested"),
    [
        ("shp.example.com", "; did you mean shop.example.com or "),
        ("ww.example.com", "; did you mean www.example.com or "),
        ("x\x1b[2J", "."),
    ],
)
def test_an_unknown_name_is_answered_with_places_and_similar_names(
    wanted: str, suggested: str
) -> None:
    text = not_found(wanted, ALL, (Scope("123456789012", "eu-west-1"),))
    place = "is not the ARN, id or name of a certificate in account 123456789012, eu-west-1"
    assert text.startswith(f"{wanted!r} {place}{suggested}")
    assert "\x1b" not in text


def test_an_unknown_name_in_several_places_is_answered_with_their_number() -> None:
    scopes = [Scope("123456789012", region) for region in ("eu-west-1", "us-east-1")]
    assert not_found("x", (), scopes).endswith("a certificate in 1 account and 2 regions.")
