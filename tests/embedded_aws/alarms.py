"""Evaluates CloudWatch alarms from all of their data points.

    alarms = [Alarm.of(found) for found in cloudwatch.describe_alarms()["MetricAlarms"]]
    rings = [alarm.name for alarm in alarms if alarm.state(points, now) == ALARM]

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html

An alarm evaluates its last `EvaluationPeriods` whole periods. Unlike CloudWatch, it does not
evaluate more periods if data is late, periods begin at multiples of their length, and the only
expression is SUM(METRICS()). Other settings raise an error, because a guess would prove nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric: every one of its dimensions counts, and another set is another metric."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        dimensions = frozenset((entry["Name"], entry["Value"]) for entry in found["Dimensions"])
        return cls(found["Namespace"], found["MetricName"], dimensions)


@dataclass(frozen=True, slots=True)
class Point:
    """One data point."""

    metric: Metric
    at: datetime
    value: float


def embedded(document: Mapping[str, Any], at: datetime) -> list[Point]:
    """Return the data points of a document in the embedded metric format, as if of another time."""
    return [
        Point(
            Metric(
                definition["Namespace"],
                metric["Name"],
                frozenset((name, str(document[name])) for name in names),
            ),
            at,
            float(document[metric["Name"]]),
        )
        for definition in document["_aws"]["CloudWatchMetrics"]
        for names in definition["Dimensions"]
        for metric in definition["Metrics"]
    ]


@dataclass(frozen=True, slots=True)
class Alarm:
    """The part of an alarm's definition that decides about its state."""

    name: str
    metrics: tuple[Metric, ...]
    statistic: str
    period: timedelta
    periods: int
    needed: int
    comparison: str
    threshold: float
    missing: str

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Self:
        """Read what DescribeAlarms says; raises NotImplementedError for what is not known here."""
        queries = found.get("Metrics") or []
        if queries:
            returned = [query for query in queries if query.get("ReturnData", True)]
            inputs = [query["MetricStat"] for query in queries if "MetricStat" in query]
            if [query.get("Expression") for query in returned] != ["SUM(METRICS())"]:
                raise NotImplementedError(f"{found['AlarmName']}: {queries}")
            metrics = tuple(Metric.of(item["Metric"]) for item in inputs)
            ((statistic, seconds),) = {(entry["Stat"], entry["Period"]) for entry in inputs}
        else:
            metrics = (Metric.of(found),)
            statistic, seconds = found["Statistic"], found["Period"]
        return cls(
            name=found["AlarmName"],
            metrics=metrics,
            statistic=statistic,
            period=timedelta(seconds=seconds),
            periods=found["EvaluationPeriods"],
            needed=found.get("DatapointsToAlarm") or found["EvaluationPeriods"],
            comparison=found["ComparisonOperator"],
            threshold=found["Threshold"],
            missing=found.get("TreatMissingData") or "missing",
        )

    def state(self, points: Iterable[Point], now: datetime, before: str = OK) -> str:
        """Return the state at `now`; `before` is the one that it had until then."""
        seconds = self.period.total_seconds()
        ends = now - timedelta(seconds=now.timestamp() % seconds)
        held = [point for point in points if point.metric in self.metrics]
        values = [
            self._value(held, ends - (number + 1) * self.period) for number in range(self.periods)
        ]
        if all(value is None for value in values) and self.missing in ("ignore", "missing"):
            return before if self.missing == "ignore" else INSUFFICIENT
        breaching = [self._breaches(value) for value in values]
        return ALARM if breaching.count(True) >= self.needed else OK

    def _value(self, points: Sequence[Point], begins: datetime) -> float | None:
        """Return the statistic of one period, summed over the metrics that have one."""
        found = [
            _STATISTICS[self.statistic](values)
            for metric in self.metrics
            if (
                values := [
                    point.value
                    for point in points
                    if point.metric == metric and begins <= point.at < begins + self.period
                ]
            )
        ]
        return sum(found) if found else None

    def _breaches(self, value: float | None) -> bool:
        if value is None:
            return self.missing == "breaching"
        return _COMPARISONS[self.comparison](value, self.threshold)


def history(
    alarm: Alarm, points: Sequence[Point], start: datetime, end: datetime
) -> list[tuple[datetime, str]]:
    """Return every change of an alarm's state between two times, checked every five minutes."""
    points = [point for point in points if point.metric in alarm.metrics]
    state, changes, now = OK, [], start
    while now <= end:
        latest = alarm.state(points, now, state)
        if latest != state:
            changes.append((now, latest))
        state, now = latest, now + timedelta(minutes=5)
    return changes
