"""Months and days of the week are meant by their names, as EventBridge has them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from certificate_lifecycle.core.schedule import parse
from tests.unit.builders import NOW

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def following(expression: str) -> datetime:
    schedule = parse(expression)
    assert schedule is not None
    found = schedule.following(NOW)
    assert found is not None
    return found


@pytest.mark.parametrize(("number", "name"), list(enumerate(MONTHS, start=1)), ids=MONTHS)
def test_a_month_is_meant_by_its_name_and_by_its_number(number: int, name: str) -> None:
    assert following(f"cron(0 8 15 {name} ? *)").month == number
    assert following(f"cron(0 8 15 {number} ? *)").month == number


@pytest.mark.parametrize(("number", "name"), list(enumerate(WEEKDAYS, start=1)), ids=WEEKDAYS)
def test_a_day_of_the_week_is_meant_by_its_name_and_by_its_number(number: int, name: str) -> None:
    for expression in (f"cron(0 8 ? * {name} *)", f"cron(0 8 ? * {number} *)"):
        assert following(expression).isoweekday() % 7 + 1 == number


@pytest.mark.parametrize(
    "fields",
    [
        *("60 8 * * ? *", "0 24 * * ? *", "0 8 0 * ? *", "0 8 32 * ? *", "0 8 1 13 ? *"),
        *("0 8 * * ? 1969", "0 8 * * ? 2200", "0 8 ? * 8 *", "0 8 ? * 0 *", "0 8 0W * ? *"),
        *("0 8 32W * ? *", "0 8 x15W * ? *", "0 8 15Wx * ? *", "0 8 ? * 8L *", "0 8 ? * 0L *"),
        *("0 8 ? * x7L *", "0 8 ? * 7Lx *", "0 8 ? * 0#1 *", "0 8 ? * 8#1 *", "0 8 ? * 2#6 *"),
        *("0 8 ? * 2#0 *", "0 8 ? * x2#1 *", "0 8 ? * 2#1x *"),
    ],
)
def test_what_lies_outside_of_a_field_is_refused(fields: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(f"cron({fields})")


@pytest.mark.parametrize("around", ["x{}", "{}x", "rate(1 day) {}"])
def test_nothing_may_stand_around_an_expression(around: str) -> None:
    for expression in ("cron(0 8 * * ? *)", "rate(2 days)"):
        with pytest.raises(ValueError, match=r"must be rate\(\) or cron\(\)"):
            parse(around.format(expression))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("59 23 31 12 ? *", datetime(2026, 12, 31, 23, 59, tzinfo=UTC)),
        ("0 0 1 1 ? *", datetime(2027, 1, 1, tzinfo=UTC)),
        ("0 8 1 1 ? 2199", datetime(2199, 1, 1, 8, tzinfo=UTC)),
        ("0 8 1 1 ? 1970,2030", datetime(2030, 1, 1, 8, tzinfo=UTC)),
        ("0 8 1W * ? *", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("0 8 31W * ? *", datetime(2026, 7, 31, 8, tzinfo=UTC)),
        ("0 8 ? * 7L *", datetime(2026, 6, 27, 8, tzinfo=UTC)),
        ("0 8 ? * 1L *", datetime(2026, 6, 28, 8, tzinfo=UTC)),
        ("0 8 ? * 7#5 *", datetime(2026, 8, 29, 8, tzinfo=UTC)),
        ("0 8 ? * 1#1 *", datetime(2026, 6, 7, 8, tzinfo=UTC)),
    ],
)
def test_the_last_value_of_a_field_is_one_of_it(fields: str, expected: datetime) -> None:
    assert following(f"cron({fields})") == expected


def test_a_range_over_the_end_of_a_field_goes_on_at_its_beginning() -> None:
    winter = parse("cron(50-10/10 8 1 NOV-FEB ? *)")
    moment, found = datetime(2026, 12, 1, 8, 5, tzinfo=UTC), []
    for _ in range(4):
        following_one = winter.following(moment)
        assert following_one is not None
        moment = following_one
        found.append(f"{moment:%m-%d %H:%M}")
    assert found == ["12-01 08:10", "12-01 08:50", "01-01 08:00", "01-01 08:10"]


def test_a_range_of_days_over_the_end_of_the_week_has_those_days_alone() -> None:
    days_of_week = set()
    moment = NOW
    for _ in range(9):
        found = parse("cron(0 8 ? * FRI-MON *)").following(moment)
        assert found is not None
        moment = found
        days_of_week.add(f"{moment:%a}")
    assert days_of_week == {"Fri", "Sat", "Sun", "Mon"}
