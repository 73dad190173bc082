"""When a schedule starts a run, by EventBridge's own rules."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.core.schedule import parse
from tests.unit.tables import accepted, refused

ACCEPTED, REFUSED = accepted("schedules"), refused("schedules")
MINUTE = timedelta(minutes=1)
LONG_AGO = datetime(1999, 12, 1, tzinfo=UTC)
#: Monday.
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("expression", ACCEPTED.values(), ids=ACCEPTED)
def test_every_schedule_that_the_module_accepts_is_understood(expression: str) -> None:
    schedule = parse(expression)

    assert schedule.expression == expression
    later = schedule.following(NOW)
    assert later is not None
    assert later > NOW


@pytest.mark.parametrize("expression", REFUSED.values(), ids=REFUSED)
def test_what_the_module_refuses_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"must be|is no|is not"):
        parse(expression)


@pytest.mark.parametrize("expression", ["cron(0 6 FOO * ? *)", "cron(0 6 1- * ? *)"])
def test_what_is_no_value_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse(expression)


@pytest.mark.parametrize(
    ("expression", "interval"),
    [
        ("rate(1 minute)", MINUTE),
        ("rate(12 hours)", timedelta(hours=12)),
        ("rate(7 days)", timedelta(days=7)),
    ],
)
def test_a_rate_runs_once_in_its_interval_whenever_it_began(
    expression: str, interval: timedelta
) -> None:
    assert parse(expression).following(NOW) == NOW + interval


@pytest.mark.parametrize(
    ("expression", "after"),
    [
        ("cron(0 12 * * ? *)", "2026-06-16T12:00"),
        ("cron(1 12 * * ? *)", "2026-06-15T12:01"),
        ("cron(0 8 ? * MON *)", "2026-06-22T08:00"),
        ("cron(0 8 ? * 2 *)", "2026-06-22T08:00"),
        ("cron(0 8 ? * SUN *)", "2026-06-21T08:00"),
        ("cron(0 8 ? * 1 *)", "2026-06-21T08:00"),
        ("cron(0 8 ? * 7 *)", "2026-06-20T08:00"),
        ("cron(0 8 ? * L *)", "2026-06-20T08:00"),
        ("cron(0 8 ? * 2-6 *)", "2026-06-16T08:00"),
        ("cron(0 8 ? * FRI-SUN *)", "2026-06-19T08:00"),
        ("cron(0 9 ? * 6L *)", "2026-06-26T09:00"),
        ("cron(0 9 ? * FRIL *)", "2026-06-26T09:00"),
        ("cron(0 9 ? * 3#2 *)", "2026-07-14T09:00"),
        ("cron(0 9 ? * SUN#5 *)", "2026-08-30T09:00"),
        ("cron(0 9 L * ? *)", "2026-06-30T09:00"),
        ("cron(0 9 L 2 ? 2028)", "2028-02-29T09:00"),
        ("cron(0 9 29 FEB ? *)", "2028-02-29T09:00"),
        ("cron(0 9 31 * ? *)", "2026-07-31T09:00"),
        # 31 October 2026 is a Saturday.
        ("cron(0 9 LW 10 ? *)", "2026-10-30T09:00"),
        # 12 July 2026 is a Sunday, 15 August a Saturday.
        ("cron(0 9 12W * ? *)", "2026-07-13T09:00"),
        ("cron(0 9 15W 8 ? *)", "2026-08-14T09:00"),
        # 1 August 2026 is a Saturday: the nearest working day of the same month is the 3rd.
        ("cron(0 9 1W 8 ? 2026)", "2026-08-03T09:00"),
        ("cron(0 9 31W * ? *)", "2026-07-31T09:00"),
        ("cron(5/20 22-2 1,15 JAN,JUL ? *)", "2026-07-01T00:05"),
        ("cron(0 6 1 NOV-FEB/2 ? *)", "2026-11-01T06:00"),
        ("cron(0 6 1 */3 ? *)", "2026-07-01T06:00"),
        ("cron(0 6 1 1 ? 2020-2030/4)", "2028-01-01T06:00"),
        ("cron(0 6 1 1 ? 2020)", None),
        ("cron(0 6 1 1 ? 2030)", "2030-01-01T06:00"),
        ("cron(0 6 30 2 ? *)", None),
        ("cron(0 6 1 1 ? 2030-2020)", None),
    ],
)
def test_a_cron_fires_when_eventbridge_says(expression: str, after: str | None) -> None:
    assert parse(expression).following(NOW) == (at(after) if after else None)


def test_a_moment_within_a_minute_and_in_another_zone_is_the_same_moment() -> None:
    elsewhere = timezone(timedelta(hours=5, minutes=30))

    found = parse("cron(0 12 * * ? *)").following(
        (NOW - timedelta(seconds=30)).astimezone(elsewhere)
    )

    assert found == NOW


# --- Against a slower reading of the same rules ---------------------------------------------------

minutes = st.sampled_from(["*", "0", "7", "0/15", "*/20", "50-10", "3,33"])
hours = st.sampled_from(["*", "6", "22-2", "0/8", "8-17/3", "5,23"])
months = st.sampled_from(["*", "2", "FEB-MAR", "1/5", "DEC"])
month_days = st.sampled_from(["*", "1", "29", "31", "L", "LW", "15W", "1W", "28-3", "*/10"])
week_days = st.sampled_from(["1", "SAT", "L", "6L", "MON#1", "3#5", "2-6", "FRI-MON", "*"])
by_date = st.tuples(minutes, hours, month_days, months, st.just("?"))
by_weekday = st.tuples(minutes, hours, st.just("?"), months, week_days)
#: February has no 31st, so that such a schedule never fires.
fields = by_date.filter(lambda wanted: wanted[2:4] != ("31", "2")) | by_weekday
#: Around leap days, ends of months and of years.
moments = st.integers(0, 30 * 366 * 24 * 60).map(lambda minutes: LONG_AGO + minutes * MINUTE)

WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
NAMES = dict(zip(WEEKDAYS, range(1, 8), strict=True)) | {
    name.upper(): number for number, name in enumerate(calendar.month_abbr) if name
}


def agrees(text: str, value: int, least: int, most: int) -> bool:
    """Whether a list of values, ranges and steps has a value: by counting on from its start."""
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = least if first == "*" else NAMES.get(first) or int(first)
        end = NAMES.get(last) or int(last) if last else (most if step or first == "*" else begin)
        here = begin
        for taken in range(most - least + 1):
            if here == value and taken % int(step or 1) == 0:
                return True
            if here == end:
                break
            here = least if here == most else here + 1
    return False


def on_this_day(month_day: str, week_day: str, moment: datetime) -> bool:
    """Whether the day fields mean a day: by looking at the days around it."""
    weekday = int(f"{moment:%w}") + 1
    last = calendar.monthrange(moment.year, moment.month)[1]
    working = [
        day for day in range(1, last + 1) if moment.replace(day=day).weekday() < calendar.SATURDAY
    ]
    if week_day == "?":
        if month_day == "L":
            return moment.day == last
        if month_day == "LW":
            return moment.day == working[-1]
        if month_day.endswith("W"):
            wanted = int(month_day[:-1])
            near = [d for s in (0, -1, 1, -2, 2) if (d := wanted + s) in working]
            return moment.day == near[0]
        return agrees(month_day, moment.day, 1, 31)
    if week_day == "L":
        return weekday == 7
    name = week_day[:3] if week_day[:3] in NAMES else week_day[0]
    if week_day.endswith("L"):
        return agrees(name, weekday, 1, 7) and moment.day + 7 > last
    if "#" in week_day:
        return agrees(name, weekday, 1, 7) and (moment.day - 1) // 7 + 1 == int(week_day[-1])
    return agrees(week_day, weekday, 1, 7)


def fires(wanted: tuple[str, str, str, str, str], moment: datetime) -> bool:
    minute, hour, month_day, month, week_day = wanted
    return (
        agrees(minute, moment.minute, 0, 59)
        and agrees(hour, moment.hour, 0, 23)
        and agrees(month, moment.month, 1, 12)
        and on_this_day(month_day, week_day, moment)
    )


@given(wanted=fields, now=moments)
def test_the_following_moment_is_the_first_one_that_satisfies_the_expression(
    wanted: tuple[str, str, str, str, str], now: datetime
) -> None:
    found = parse(f"cron({' '.join(wanted)} *)").following(now)

    assert found is not None
    assert found > now
    assert fires(wanted, found)
    for passed in range(1, 600):
        moment = now + passed * MINUTE
        if moment == found:
            break
        assert not fires(wanted, moment)


@given(wanted=fields, now=moments)
def test_no_moment_is_passed_over(wanted: tuple[str, str, str, str, str], now: datetime) -> None:
    schedule = parse(f"cron({' '.join(wanted)} *)")
    found = schedule.following(now)

    assert found is not None
    assert schedule.following(found - MINUTE) == found
    days = (found.date() - now.date()).days
    for passed in range(1, min(days, 400)):
        day = now.date() + timedelta(days=passed)
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        on_it = on_this_day(wanted[2], wanted[4], noon) and agrees(wanted[3], day.month, 1, 12)
        assert not on_it
