"""The charts of the report's page as SVG, each with its content as text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta

from certificate_lifecycle.model.certificate import Severity
from certificate_lifecycle.model.run import Run

#: Weeks of the forecast: half a year.
FORECAST_WEEKS = 26
#: Weeks of the timeline before and after now; an imported certificate may live for 398 days.
_WEEKS_BEFORE, _WEEKS_AFTER = 4, 58
_WEEK = timedelta(weeks=1)

# In units of the viewBox.
_LEFT, _STEP, _LANE = 76, 11, 34
_BAR, _TALLEST = 26, 110
_SMALLEST, _LARGEST = 3.5, 10.0
#: Weeks between two dates below an axis.
_EVERY = 6
#: The shape of a severity around a point, for readers who do not see its colour.
_SHAPES = {
    Severity.CRITICAL: "M{x} {top}L{right} {bottom}L{left} {bottom}Z",
    Severity.WARNING: "M{x} {top}L{right} {y}L{x} {bottom}L{left} {y}Z",
    Severity.INFO: "M{left} {top}L{right} {top}L{right} {bottom}L{left} {bottom}Z",
    Severity.OK: "M{left} {y}A{r} {r} 0 1 1 {right} {y}A{r} {r} 0 1 1 {left} {y}Z",
}


def timeline(run: Run) -> str:
    """Return the expiries: a lane for each severity, a mark for each week."""
    weeks = Counter(
        (severity, week) for severity, week in _ends(run) if -_WEEKS_BEFORE <= week < _WEEKS_AFTER
    )
    lanes = sorted(Severity, reverse=True)
    width = _LEFT + (_WEEKS_BEFORE + _WEEKS_AFTER) * _STEP + 8
    height = len(lanes) * _LANE + 28
    now = _LEFT + _WEEKS_BEFORE * _STEP
    parts = [
        f'<line class="now" x1="{now}" x2="{now}" y1="4" y2="{height - 24}"/>',
        f'<text class="axis" x="{now + 3}" y="{height - 28}">now</text>',
        *(_lane(severity.label, number, width) for number, severity in enumerate(lanes)),
        *(
            _date(run, _LEFT + (week + _WEEKS_BEFORE) * _STEP, week, height)
            for week in range(0, _WEEKS_AFTER, _EVERY)
        ),
        *(
            _mark(run, severity, week, count, lanes.index(severity))
            for (severity, week), count in sorted(weeks.items())
        ),
    ]
    return _figure(
        "Timeline",
        "Expiries by week and severity; larger marks are more certificates",
        _svg(width, height, "Timeline", parts),
        f"<p>{_spans(run)}</p>",
    )


def forecast(run: Run) -> str:
    """Return the number of expiries in each of the coming weeks."""
    weeks = Counter(week for _, week in _ends(run) if 0 <= week < FORECAST_WEEKS)
    most = max(weeks.values(), default=0)
    width, height = FORECAST_WEEKS * _BAR + 8, _TALLEST + 48
    parts = [
        f'<line class="axis" x1="0" x2="{width}" y1="{height - 24}" y2="{height - 24}"/>',
        *(
            _date(run, 4 + week * _BAR, week, height)
            for week in range(0, FORECAST_WEEKS, _EVERY // 2)
        ),
        *(_bar(run, week, count, most, height) for week, count in sorted(weeks.items())),
    ]
    rows = "".join(
        f'<tr><th scope="row">{_day(run, week)}</th><td>{weeks[week]:,}</td></tr>'
        for week in range(FORECAST_WEEKS)
    )
    table = (
        "<details><summary>Show as a table</summary><table><thead><tr>"
        '<th scope="col">Week from</th><th scope="col">Expiring certificates</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )
    total = sum(weeks.values())
    words = f"{total:,} certificates of the tables below expire in these weeks"
    return _figure("Forecast", words, _svg(width, height, "Forecast", parts), table)


def _ends(run: Run) -> Iterator[tuple[Severity, int]]:
    """Yield the severity and the week, counted from now, of each expiry."""
    for entry in run.assessments:
        ends = entry.certificate.not_after
        if ends is not None:
            yield entry.decision.severity, math.floor((ends - run.started_at) / _WEEK)


def _spans(run: Run) -> str:
    left = [
        entry.certificate.not_after - run.started_at
        for entry in run.assessments
        if entry.certificate.not_after is not None
    ]
    ended, week, month, quarter = (
        sum(item <= timedelta(days=days) for item in left) for days in (0, 7, 30, 90)
    )
    counts = {
        "Expired": ended,
        "within 7 days": week - ended,
        "after 7 and within 30 days": month - week,
        "after 30 and within 90 days": quarter - month,
        "later": len(left) - quarter,
        "expiry unknown": len(run.assessments) - len(left),
    }
    return "; ".join(f"{name}: {count:,}" for name, count in counts.items()) + "."


def _day(run: Run, week: int, form: str = "%Y-%m-%d") -> str:
    return format(run.started_at + week * _WEEK, form)


def _figure(title: str, caption: str, drawing: str, text: str) -> str:
    """Return a drawing in a box that scrolls if it is too wide."""
    return (
        f'<figure><figcaption>{caption}</figcaption><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{title}">{drawing}</div>{text}</figure>'
    )


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    name = f"{title.lower()}-drawing"
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-labelledby="{name}">'
        f'<title id="{name}">{title}; summary below</title>'
        f"{''.join(parts)}</svg>"
    )


def _lane(label: str, number: int, width: int) -> str:
    y = number * _LANE + _LANE // 2
    return (
        f'<line class="lane" x1="{_LEFT}" x2="{width}" y1="{y}" y2="{y}"/>'
        f'<text class="{label}" x="0" y="{y + 4}">{label}</text>'
    )


def _date(run: Run, x: int, week: int, height: int) -> str:
    return f'<text class="axis" x="{x}" y="{height - 8}">{_day(run, week, "%d %b %y")}</text>'


def _mark(run: Run, severity: Severity, week: int, count: int, lane: int) -> str:
    x = _LEFT + (week + _WEEKS_BEFORE) * _STEP + _STEP / 2
    y = lane * _LANE + _LANE / 2
    r = min(_LARGEST, _SMALLEST + math.log2(count))
    corners = {"left": x - r, "right": x + r, "top": y - r, "bottom": y + r}
    numbers = {name: f"{value:.1f}" for name, value in {**corners, "x": x, "y": y, "r": r}.items()}
    words = f"{count:,} {severity.label} in the week from {_day(run, week)}"
    shape = _SHAPES[severity].format(**numbers)
    return f'<path class="{severity.label}" d="{shape}"><title>{words}</title></path>'


def _bar(run: Run, week: int, count: int, most: int, height: int) -> str:
    x = 4 + week * _BAR
    tall = max(2.0, _TALLEST * count / most)
    y = height - 24 - tall
    return (
        f'<rect class="bar" x="{x}" y="{y:.1f}" width="{_BAR - 5}" height="{tall:.1f}">'
        f"<title>{count:,} in the week from {_day(run, week)}</title></rect>"
        f'<text class="count" x="{x + (_BAR - 5) / 2}" y="{y - 4:.1f}">{count:,}</text>'
    )
