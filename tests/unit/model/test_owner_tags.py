"""What people say by tags: whose a certificate is, and until when they want to hear nothing."""

from __future__ import annotations

from datetime import date

import pytest

from certificate_lifecycle.model.tags import MUTE_TAG, muted_until, owner
from tests.unit.builders import NOW, certificate, detail


@pytest.mark.parametrize("key", ["Owner", "owner", "OWNER"])
def test_an_owner_is_found_in_any_letter_case(key: str) -> None:
    found = certificate(detail=detail(tags=((key, " payments "),)))
    assert owner(found, "Owner") == "payments"


def test_an_empty_tag_names_nobody() -> None:
    assert owner(certificate(detail=detail(tags=(("Owner", " "), ("Team", "a")))), "Owner") is None
    assert owner(certificate(), "Owner") is None


@pytest.mark.parametrize(
    ("value", "until"),
    [
        ("2026-06-01", date(2026, 6, 1)),
        ("2026-12-31", date(2026, 12, 31)),
        (" 2026-12-31 ", date(2026, 12, 31)),
        ("2026-05-31", None),
        ("2026-02-30", None),
        ("tomorrow", None),
        ("20261231", None),
        ("", None),
    ],
)
def test_a_mute_lasts_until_the_end_of_its_day_and_needs_one(
    value: str, until: date | None
) -> None:
    """The clock stands at 2026-06-01."""
    assert muted_until(certificate(detail=detail(tags=((MUTE_TAG, value),))), NOW) == until


def test_what_was_not_described_is_not_muted() -> None:
    assert muted_until(certificate(), NOW) is None
