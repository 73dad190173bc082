"""Names in events: they are normalised, or rejected with a reason."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from certificate_lifecycle.model.dns_names import (
    MAX_NAME,
    InvalidNameError,
    is_allowed,
    is_wildcard,
    normalise,
)
from certificate_lifecycle.policy.issuance import name_errors, ordered_names
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import is_plain, names, texts

#: Only the dots of IDNA (RFC 3490 section 3.1) separate labels.
DOTS = re.compile("[.\u3002\uff0e\uff61]")
#: The normalised form, independent of the tested code.
FORM = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
#: The maximum length of an error about a name, which may quote it only in part.
LONGEST_REFUSAL = 600


def refusal(raw: str) -> str | None:
    """Return the error of a name, or None."""
    try:
        normalise(raw)
    except InvalidNameError as error:
        return str(error)
    return None


@fuzzed(400, raw=names() | texts)
def test_a_name_is_normalised_or_rejected_with_a_reason(raw: str) -> None:
    why = refusal(raw)
    if why is not None:
        assert is_plain(why)
        assert len(why) <= LONGEST_REFUSAL
        return
    name = normalise(raw)
    assert normalise(name) == name
    assert FORM.fullmatch(name)
    assert len(name) <= MAX_NAME


@fuzzed(400, raw=names())
def test_normalisation_adds_no_label_and_no_wildcard(raw: str) -> None:
    if refusal(raw) is not None:
        return
    name = normalise(raw)
    written = raw.strip().removesuffix(".")
    assert name.count(".") == len(DOTS.findall(written))
    assert is_wildcard(name) == written.startswith("*.")
    if written.isascii():
        assert name == written.lower()


@fuzzed(400, raw=names())
def test_a_name_and_its_unicode_form_are_equal(raw: str) -> None:
    """Decoding the normalised form must give the original name."""
    if refusal(raw) is not None or raw.isascii() or "xn--" in raw.lower():
        return
    name = normalise(raw).removeprefix("*.")
    decoded = name.encode("ascii").decode("idna")
    assert refusal(decoded) is None
    assert normalise(decoded) == name


@fuzzed(300, size=st.integers(240, 262), label=st.integers(60, 66))
def test_length_limits_are_those_of_dns(size: int, label: int) -> None:
    parts = ["a" * label]
    while len(".".join(parts)) + 64 <= size - 3:
        parts.append("b" * 63)
    name = f"{'.'.join(parts)}.com"
    fits = len(name) <= MAX_NAME and label <= 63
    assert (refusal(name) is None) == fits


@fuzzed(
    150,
    domain_name=names(),
    others=st.lists(names(), max_size=4),
    allowed=st.lists(names(), min_size=1, max_size=2),
    include_www=st.booleans(),
)
def test_the_names_of_a_request_are_unique_and_in_the_allowed_domains(
    domain_name: str, others: list[str], allowed: list[str], *, include_www: bool
) -> None:
    good = [normalise(entry) for entry in (domain_name, *others) if refusal(entry) is None]
    below = [normalise(item) for item in allowed if refusal(item) is None]
    if not good:
        return
    ordered = ordered_names(good[0], tuple(good[1:]), include_www=include_www)
    assert len(set(ordered)) == len(ordered)
    assert set(good) <= set(ordered)
    assert all(is_plain(fault) for fault in name_errors(ordered))
    for name in ordered:
        plain = name.removeprefix("*.")
        expected = any(
            name == each or plain.endswith(f".{each.removeprefix('*.')}") or plain == each
            for each in below
        )
        assert is_allowed(name, below) == expected or name.startswith("*.")
