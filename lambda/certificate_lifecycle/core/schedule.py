"""When a schedule starts a run: EventBridge's `rate()` and six-field `cron()`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cron-expressions.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rate-expressions.html

Where these pages are silent, the fields mean what they mean to the scheduler that they come from:
a range may run over the end of its field (`22-2`, `FRI-MON`), and the working day nearest to a day
lies in the same month.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import product

from certificate_lifecycle.core.text import quoted

#: The days of a month that a cron fires on, in order.
Days = Callable[[int, int], Sequence[int]]

_RATE = re.compile(r"rate\((?:(1) (minute|hour|day)|([2-9]|[1-9][0-9]+) (minute|hour|day)s)\)")
_CRON = re.compile(r"cron\(([^ ()]+(?: [^ ()]+){5})\)")
_ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[1-9][0-9]*))?", re.ASCII)
_NEAREST = re.compile(r"([0-9]{1,2})W")
_LAST_WEEKDAY = re.compile(r"([1-7]|[A-Z]{3})L")
_NTH_WEEKDAY = re.compile(r"([1-7]|[A-Z]{3})#([1-5])")
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FRIDAY = 6


@dataclass(frozen=True, slots=True)
class Rate:
    """A run each `interval`; at which moments is known to EventBridge alone."""

    expression: str
    interval: timedelta = field(compare=False)

    def following(self, after: datetime) -> datetime | None:
        """Return the moment by which there is a run, whenever the first one was.

        None if no calendar goes so far: EventBridge says nowhere how long an interval may be.
        """
        try:
            return after + self.interval
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Cron:
    """A run at every minute, in UTC, that all fields agree on."""

    expression: str
    times: tuple[tuple[int, int], ...] = field(compare=False)
    days: Days = field(compare=False)
    months: tuple[int, ...] = field(compare=False)
    years: tuple[int, ...] = field(compare=False)

    def following(self, after: datetime) -> datetime | None:
        """Return the first moment later than `after`; None if there is none any more."""
        return next(self._moments(after.astimezone(UTC)), None)

    def _moments(self, after: datetime) -> Iterator[datetime]:
        """Yield every moment later than `after`; years, months and days before it are skipped."""
        for year in self.years:
            if year < after.year:
                continue
            for month in self.months:
                if (year, month) < (after.year, after.month):
                    continue
                for day in self.days(year, month):
                    if date(year, month, day) < after.date():
                        continue
                    for hour, minute in self.times:
                        moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
                        if moment > after:
                            yield moment


Schedule = Rate | Cron


def parse(expression: str) -> Schedule:
    """Return a schedule; raises ValueError for what EventBridge does not take."""
    if found := _RATE.fullmatch(expression):
        count, unit = found[1] or found[3], found[2] or found[4]
        return Rate(expression, _interval(int(count), f"{unit}s"))
    if found := _CRON.fullmatch(expression):
        minutes, hours, month_day, months, week_day, years = found[1].split(" ")
        return Cron(
            expression,
            times=tuple(product(_values(hours, 0, 23), _values(minutes, 0, 59))),
            days=_days(month_day, week_day),
            months=_values(months, 1, 12, _MONTHS),
            years=_values(years, 1970, 2199, wraps=False),
        )
    raise ValueError("must be rate() or cron() with six fields")


def _interval(count: int, unit: str) -> timedelta:
    try:
        return timedelta(**{unit: count})
    except OverflowError:
        return timedelta.max


def _days(month_day: str, week_day: str) -> Days:
    """Return which days of a month are meant: exactly one of the two fields says so."""
    if (month_day == "?") == (week_day == "?"):
        days = f"{quoted(month_day)} and {quoted(week_day)}"
        raise ValueError(f"exactly one of the day fields must be ?, got {days}")
    return _month_days(month_day) if week_day == "?" else _week_days(week_day)


def _month_days(text: str) -> Days:
    if text == "L":
        return lambda year, month: [_length(year, month)]
    if text == "LW":
        return lambda year, month: _nearest(year, month, _length(year, month))
    if found := _NEAREST.fullmatch(text):
        (wanted,) = _values(found[1], 1, 31)
        return lambda year, month: _nearest(year, month, wanted)
    days = _values(text, 1, 31)
    return lambda year, month: [day for day in days if day <= _length(year, month)]


def _week_days(text: str) -> Days:
    if found := _LAST_WEEKDAY.fullmatch(text):
        (last,) = _values(found[1], 1, 7, _WEEKDAYS)
        return lambda year, month: _on(year, month, [last])[-1:]
    if found := _NTH_WEEKDAY.fullmatch(text):
        (nth,) = _values(found[1], 1, 7, _WEEKDAYS)
        position = int(found[2])
        return lambda year, month: _on(year, month, [nth])[position - 1 : position]
    # The last day of a week is its Saturday.
    days = [7] if text == "L" else _values(text, 1, 7, _WEEKDAYS)
    return lambda year, month: _on(year, month, days)


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    """Return the day of the week as EventBridge counts: 1 is Sunday, 7 is Saturday."""
    return date(year, month, day).isoweekday() % 7 + 1


def _on(year: int, month: int, weekdays: Sequence[int]) -> list[int]:
    days = range(1, _length(year, month) + 1)
    return [day for day in days if _weekday(year, month, day) in weekdays]


def _nearest(year: int, month: int, wanted: int) -> list[int]:
    """Return the working day of the month that is nearest to a day; none if it lacks that day."""
    length = _length(year, month)
    working = [d for d in range(1, length + 1) if 1 < _weekday(year, month, d) <= _FRIDAY]
    return [min(working, key=lambda day: abs(day - wanted))] if wanted <= length else []


def _values(
    text: str, least: int, most: int, names: Sequence[str] = (), *, wraps: bool = True
) -> tuple[int, ...]:
    """Return the values of a field in order; raises ValueError."""
    found: set[int] = set()
    for item in text.split(","):
        parts = _ITEM.fullmatch(item)
        if parts is None:
            raise ValueError(f"{quoted(item)} is no value, range or step of a field")
        first = _value(parts["first"], least, most, names) if parts["first"] else least
        if parts["last"]:
            last = _value(parts["last"], least, most, names)
        else:
            # A value alone is just itself; with a step it is where counting starts.
            last = most if not parts["first"] or parts["step"] else first
        size = most - least + 1
        if last < first and wraps:
            last += size
        steps = range(first, last + 1, int(parts["step"] or 1))
        found.update((value - least) % size + least for value in steps)
    return tuple(sorted(found))


def _value(text: str, least: int, most: int, names: Sequence[str]) -> int:
    if text in names:
        return names.index(text) + least
    if not (text.isdigit() and least <= int(text) <= most):
        raise ValueError(f"{quoted(text)} is not between {least} and {most}")
    return int(text)
