"""Moments that were written down are read, or said to be none of ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from certificate_lifecycle.model.timestamps import parse_instant, parse_timestamp

END_OF_TIME = "9999-12-31T23:59:59+00:00"


def test_an_instant_is_read_with_its_zone() -> None:
    assert parse_instant("2026-06-01T12:00:00Z") == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert parse_timestamp("2026-06-01T14:00:00+02:00") == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert parse_instant(END_OF_TIME).year == 9999


@pytest.mark.parametrize("text", ["", "yesterday", "2026-06-01T12:00:00", "2026-06-01"])
def test_what_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat"):
        parse_instant(text)


def test_our_time_is_from_2000_until_9000() -> None:
    assert parse_timestamp("2000-01-01T00:00:00Z") == datetime(2000, 1, 1, tzinfo=UTC)
    assert parse_timestamp("8999-12-31T00:00:00Z") == datetime(8999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["1999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z", END_OF_TIME],
)
def test_nothing_of_ours_has_happened_in_other_times(text: str) -> None:
    with pytest.raises(ValueError, match="its year is not plausible"):
        parse_timestamp(text)
