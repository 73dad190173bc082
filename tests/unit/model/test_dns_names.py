"""Names are made equal before they are compared, and refused where ACM would refuse them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.dns_names import (
    InvalidNameError,
    dns_form,
    is_allowed,
    is_same_or_below,
    is_wildcard,
    normalise,
    without_wildcard,
)
from tests.unit.tables import accepted, refused

A_LABEL_OF_63, A_LABEL_OF_64 = "a" * 63, "a" * 64
A_NAME_OF_253 = ".".join(["a" * 61] * 4) + ".examp"

NORMALISED = {
    "upper case": ("Shop.EXAMPLE.com", "shop.example.com"),
    "a trailing dot": ("example.com.", "example.com"),
    "surrounding blanks": ("  example.com\n", "example.com"),
    "an international name": ("Bücher.example", "xn--bcher-kva.example"),
    "an international wildcard": ("*.Bücher.example", "*.xn--bcher-kva.example"),
    "an international top level": ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
    "other dots between labels": ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
    "an international name in its ASCII form": ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
    "composed and decomposed letters": ("bu\u0308cher.example", "xn--bcher-kva.example"),
    "the longest label": (f"{A_LABEL_OF_63}.example", f"{A_LABEL_OF_63}.example"),
    "the longest name": (A_NAME_OF_253, A_NAME_OF_253),
}
REFUSED = {
    "nothing": "",
    "a dot": ".",
    "two trailing dots": "example.com..",
    "a single label": "localhost",
    "a wildcard that is not first": "shop.*.example.com",
    "a wildcard within a label": "sh*p.example.com",
    "two wildcards": "*.*.example.com",
    "a bare wildcard": "*",
    "a wildcard of a top level": "*.com",
    "an IPv4 address": "192.0.2.1",
    "an IPv4 address that ends in two digits": "192.0.2.10",
    "an IPv6 address": "2001:db8::1",
    "a bracketed IPv6 address": "[::1]",
    "a label of 64 octets": f"{A_LABEL_OF_64}.example",
    "an international label that is too long once encoded": f"{'ü' * 60}.example",
    "a name of 254 octets": f"{A_NAME_OF_253}l",
    "an underscore": "_acme.example.com",
    "a leading hyphen": "-shop.example.com",
    "a trailing hyphen": "shop-.example.com",
    "a control character": "shop\x00.example.com",
    "a line break": "shop.example.com\nevil.example",
    "a right-to-left override": "shop\u202emoc.example.com",
    "a zero-width joiner": "sh\u200dop.example",
    "a letter that old and new IDNA encode differently": "straße.example",
    "a capital Cherokee letter, whose small one is younger than IDNA 2003": "\u13df.example",
    "a capital Georgian letter, whose small one is younger than IDNA 2003": "\u10a0.example",
    "a final sigma": "ναός.example",
    "a slash in disguise": "shop\u2100.example",
    "a full-width wildcard": "＊.example.com",  # noqa: RUF001 - it is meant
    "a dot in disguise": "shop\u2024bücher.example",
    "a capital letter that came after IDNA": "STRA\u1e9eE.example",
    "a letter that Unicode has not assigned": "shop\u0378.example",
    "a text of any length": "ü." * 100_000,
    "an address": "https://example.com",
    "an e-mail address": "ops@example.com",
    "a lone surrogate": "shop\ud800.example",
}


@pytest.mark.parametrize(("raw", "name"), NORMALISED.values(), ids=NORMALISED)
def test_a_name_is_brought_into_one_form(raw: str, name: str) -> None:
    assert normalise(raw) == name


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_acm_would_refuse_is_refused(raw: str) -> None:
    with pytest.raises(InvalidNameError):
        normalise(raw)


@pytest.mark.parametrize("name", accepted("domain_names").values(), ids=accepted("domain_names"))
def test_a_name_that_terraform_accepts_is_already_in_its_form(name: str) -> None:
    assert normalise(name) == name


# Terraform wants the form itself, so that its plans show what will be asked for.
BROUGHT_INTO_FORM = {
    "example.com.": "example.com",
    "Example.com": "example.com",
    "example.com ": "example.com",
    "bücher.example": "xn--bcher-kva.example",
}


@pytest.mark.parametrize("raw", refused("domain_names").values(), ids=refused("domain_names"))
def test_a_name_that_terraform_refuses_is_refused_or_brought_into_form(raw: str) -> None:
    if raw in BROUGHT_INTO_FORM:
        assert normalise(raw) == BROUGHT_INTO_FORM[raw]
    else:
        with pytest.raises(InvalidNameError):
            normalise(raw)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("192.0.2.10", "looks like an IP address"),
        ("a" * 64 + ".example", "is not a domain name that ACM accepts"),
        (f"{A_NAME_OF_253}l", "is longer than 253 characters"),
        ("straße.example", "write the name in its xn-- form"),
        ("\u13df.example", "write the name in its xn-- form"),
        ("ü" * 64 + ".example", "cannot be encoded as a domain name"),
    ],
)
def test_a_refusal_says_why(raw: str, why: str) -> None:
    with pytest.raises(InvalidNameError, match=why):
        normalise(raw)


def test_a_refusal_shows_what_cannot_be_seen() -> None:
    with pytest.raises(InvalidNameError) as refusal:
        normalise("sh\x07op\u202e.example.com")
    assert str(refusal.value).isprintable()


@given(raw=st.text("aA1*.-_ü。 ", max_size=12).map(lambda start: f"{start}.Example."))
def test_a_name_in_its_form_stays_as_it_is(raw: str) -> None:
    try:
        name = normalise(raw)
    except InvalidNameError:
        return
    assert normalise(name) == name
    assert name == name.lower()
    assert name.isascii()


def test_a_wildcard_and_its_apex_are_validated_by_one_name() -> None:
    assert is_wildcard("*.example.com")
    assert not is_wildcard("example.com")
    assert without_wildcard("*.example.com") == without_wildcard("example.com") == "example.com"


@pytest.mark.parametrize(
    ("name", "allowed", "may"),
    [
        ("example.com", "example.com", True),
        ("shop.example.com", "example.com", True),
        ("*.example.com", "example.com", True),
        ("a.b.example.com", "example.com", True),
        ("myexample.com", "example.com", False),
        ("example.com.evil.net", "example.com", False),
        ("com", "example.com", False),
        ("shop.example.com", "*.example.com", True),
        ("*.example.com", "*.example.com", True),
        ("*.shop.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("myexample.com", "*.example.com", False),
    ],
)
def test_an_allowed_domain_allows_what_is_equal_or_below(
    name: str, allowed: str, *, may: bool
) -> None:
    assert is_allowed(name, ["other.example", allowed]) is may


def test_no_allowed_domain_allows_nothing() -> None:
    assert not is_allowed("example.com", [])


def test_names_of_records_are_compared_without_dot_case_and_escape() -> None:
    assert dns_form("\\052.Example.COM.") == "*.example.com"


def test_a_zone_holds_names_on_label_boundaries_only() -> None:
    assert is_same_or_below("example.com", "example.com")
    assert is_same_or_below("a.b.example.com", "example.com")
    assert not is_same_or_below("myexample.com", "example.com")
    assert not is_same_or_below("example.com", "shop.example.com")


def test_capital_letters_beside_others_than_ascii_are_letters_like_any() -> None:
    assert normalise("X\u00dc.Example.COM") == normalise("x\u00fc.example.com")


@pytest.mark.parametrize(("length", "may"), [(4 * 253, True), (4 * 253 + 1, False)])
def test_what_idna_leaves_out_counts_as_written(length: int, *, may: bool) -> None:
    """Otherwise a text of any length could be a name."""
    raw = "ü.example".rjust(length, "\u00ad")
    if may:
        assert normalise(raw) == "xn--tda.example"
    else:
        with pytest.raises(InvalidNameError, match="is longer than 253 characters"):
            normalise(raw)


def test_a_label_that_is_encoded_already_stays_beside_one_that_is_not() -> None:
    assert normalise("Ä.xn--strae-oqa.example") == "xn--4ca.xn--strae-oqa.example"
