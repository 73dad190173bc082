"""The evaluator of alarms says what CloudWatch's documentation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded_aws.alarms import (
    ALARM,
    INSUFFICIENT,
    OK,
    Alarm,
    Metric,
    Point,
    embedded,
    history,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PULSE = Metric("CertificateLifecycle", "Pulse", frozenset({("Instance", "a")}))
DEFINITION: dict[str, Any] = {
    "AlarmName": "silent",
    "Namespace": "CertificateLifecycle",
    "MetricName": "Pulse",
    "Dimensions": [{"Name": "Instance", "Value": "a"}],
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1.0,
}


def alarm(**changes: object) -> Alarm:
    return Alarm.of({**DEFINITION, **changes})


def at(minutes: float, value: float = 1, metric: Metric = PULSE) -> Point:
    """Return a data point so many minutes before now."""
    return Point(metric, NOW - minutes * MINUTE, value)


def test_the_last_whole_period_decides() -> None:
    assert alarm().state([at(5)], NOW) == ALARM
    assert alarm().state([at(0)], NOW) == INSUFFICIENT
    assert alarm().state([at(5.1)], NOW) == INSUFFICIENT
    assert alarm().state([at(5)], NOW + 4 * MINUTE) == ALARM
    assert alarm().state([at(5, 0.5)], NOW) == OK


@pytest.mark.parametrize(
    ("treatment", "state"),
    [
        ("missing", INSUFFICIENT),
        (None, INSUFFICIENT),
        ("ignore", ALARM),
        ("breaching", ALARM),
        ("notBreaching", OK),
    ],
)
def test_missing_data_is_treated_as_asked_for(treatment: str | None, state: str) -> None:
    assert alarm(TreatMissingData=treatment).state([], NOW, before=ALARM) == state


def test_what_is_ignored_keeps_the_state_whatever_it_was() -> None:
    assert alarm(TreatMissingData="ignore").state([], NOW, before=OK) == OK


@pytest.mark.parametrize(
    ("statistic", "threshold", "state"),
    [
        ("Sum", 6, ALARM),
        ("Sum", 6.1, OK),
        ("Maximum", 4, ALARM),
        ("Maximum", 4.1, OK),
        ("Minimum", 2, ALARM),
        ("Minimum", 2.1, OK),
        ("Average", 3, ALARM),
        ("Average", 3.1, OK),
        ("SampleCount", 2, ALARM),
        ("SampleCount", 2.1, OK),
    ],
)
def test_the_statistic_is_that_of_one_period(statistic: str, threshold: float, state: str) -> None:
    points = [at(1, 2), at(2, 4), at(6, 100)]
    assert alarm(Statistic=statistic, Threshold=threshold).state(points, NOW) == state


@pytest.mark.parametrize(
    ("comparison", "states"),
    [
        ("GreaterThanThreshold", [OK, OK, ALARM]),
        ("GreaterThanOrEqualToThreshold", [OK, ALARM, ALARM]),
        ("LessThanThreshold", [ALARM, OK, OK]),
        ("LessThanOrEqualToThreshold", [ALARM, ALARM, OK]),
    ],
)
def test_the_threshold_is_compared_as_asked_for(comparison: str, states: list[str]) -> None:
    found = [alarm(ComparisonOperator=comparison).state([at(1, value)], NOW) for value in (0, 1, 2)]
    assert found == states


def test_every_period_has_to_breach_unless_fewer_will_do() -> None:
    points = [at(1), at(11)]
    assert alarm(EvaluationPeriods=3).state(points, NOW) == OK
    assert alarm(EvaluationPeriods=3, DatapointsToAlarm=2).state(points, NOW) == ALARM
    assert alarm(EvaluationPeriods=3).state([*points, at(6)], NOW) == ALARM


@pytest.mark.parametrize(
    "other",
    [
        Metric("CertificateLifecycle", "Pulse", frozenset()),
        Metric("CertificateLifecycle", "Pulse", PULSE.dimensions | {("Region", "b")}),
        Metric("CertificateLifecycle", "Pulse", frozenset({("Instance", "b")})),
        Metric("CertificateLifecycle", "Pulses", PULSE.dimensions),
        Metric("Certificates", "Pulse", PULSE.dimensions),
    ],
)
def test_another_metric_or_other_dimensions_are_not_seen(other: Metric) -> None:
    assert alarm().state([at(1, metric=other)], NOW) == INSUFFICIENT


def summed(expression: str = "SUM(METRICS())") -> dict[str, Any]:
    inputs = [
        {
            "Id": name.lower(),
            "ReturnData": False,
            "MetricStat": {
                "Metric": {**DEFINITION, "MetricName": name},
                "Period": 300,
                "Stat": "Sum",
            },
        }
        for name in ("Pulse", "Other")
    ]
    query = {"Id": "both", "Expression": expression, "ReturnData": True}
    return {
        "AlarmName": "both",
        "Metrics": [query, *inputs],
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 3.0,
        "TreatMissingData": "notBreaching",
    }


def test_metrics_are_summed_and_one_of_them_may_have_no_data() -> None:
    other = Metric("CertificateLifecycle", "Other", PULSE.dimensions)
    both = Alarm.of(summed())
    assert both.state([at(1, 1), at(1, 2, other)], NOW) == ALARM
    assert both.state([at(1, 1), at(1, 1, other)], NOW) == OK
    assert both.state([at(1, 3, other)], NOW) == ALARM
    assert both.state([], NOW) == OK


def test_mathematics_that_is_not_known_here_is_no_guess() -> None:
    with pytest.raises(NotImplementedError):
        Alarm.of(summed("pulse / other"))


def test_a_document_is_read_as_cloudwatch_reads_it() -> None:
    document = {
        "_aws": {
            "Timestamp": 1,
            "CloudWatchMetrics": [
                {
                    "Namespace": "CertificateLifecycle",
                    "Dimensions": [["Instance"]],
                    "Metrics": [{"Name": "Pulse", "Unit": "Count"}],
                }
            ],
        },
        "Instance": "a",
        "Pulse": 1,
        "NotAMetric": 5,
    }
    assert embedded(document, NOW) == [Point(PULSE, NOW, 1.0)]


def test_the_history_has_each_change_once() -> None:
    points = [Point(PULSE, NOW + minutes * MINUTE, 1) for minutes in (10, 11, 16)]
    found = history(alarm(TreatMissingData="notBreaching"), points, NOW, NOW + 60 * MINUTE)
    assert found == [(NOW + 15 * MINUTE, ALARM), (NOW + 25 * MINUTE, OK)]
