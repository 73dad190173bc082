"""Queries of CloudWatch Logs Insights: what their pages document, and no more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.embedded_aws.log_queries import UnknownQueryError, results

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3_600_000
EVENTS = [
    {"@timestamp": int(NOW.timestamp() * 1000) - hours * HOUR, "message": "seen", **values}
    for hours, values in (
        (1, {"host": "b", "level": "low"}),
        (3, {"host": "a", "level": "high"}),
        (2, {"host": "a", "level": "low"}),
        (9, {"host": "c", "level": "high"}),
    )
]


def rows(*commands: str) -> list[object]:
    """Return the values of the rows of a query."""
    query = " | ".join(("SOURCE 'group'", *commands))
    return [tuple(row.values()) for row in results(query, {"group": EVENTS}, NOW)]


LATEST = "stats latest(level) as now_is, latest(@timestamp) as at by host"


def test_statistics_have_the_value_of_the_latest_event_of_each_group() -> None:
    assert [row[:2] for row in rows(LATEST, "sort host asc")] == [  # type: ignore[index]
        ("a", "low"),
        ("b", "low"),
        ("c", "high"),
    ]


def test_events_are_filtered_by_value_and_by_age() -> None:
    old = f"toMillis(@timestamp) >= (now() * 1000 - {4 * HOUR})"
    found = rows(f"filter message = 'seen' and {old}", LATEST, "sort host desc", "limit 1")
    assert [row[0] for row in found] == ["b"]  # type: ignore[index]
    assert rows("filter message = 'gone'") == []


def test_a_field_is_a_value_with_texts_replaced() -> None:
    named = "fields replace(replace(level, 'low', '10 low'), 'high', '9 high') as rank"
    found = rows(named, "stats latest(rank) as rank by host", "sort rank asc")
    # More digits are a larger number.
    assert found == [("c", "9 high"), ("a", "10 low"), ("b", "10 low")]


def test_values_that_are_only_numbers_are_sorted_behind_others() -> None:
    query = "SOURCE 'group' | sort host asc"
    events = [{"host": host} for host in ("0", "A", "111A", "5A", "!")]
    found = [row["host"] for row in results(query, {"group": events}, NOW)]
    assert found == ["!", "5A", "111A", "A", "0"]


@pytest.mark.parametrize(
    "commands",
    [
        ("dedup host", "sort host asc"),
        ("dedup host",),
        ("sort host asc, level asc",),
        ("stats count(*) by host",),
        ("fields level",),
        ("filter level != 'low'",),
        ("filter unknown(level) = 'low'",),
        ("filter level =",),
        ("explode host",),
    ],
)
def test_a_query_that_is_refused_or_unknown_is_an_error(commands: tuple[str, ...]) -> None:
    with pytest.raises(UnknownQueryError):
        rows(*commands)
    with pytest.raises(UnknownQueryError):
        results("filter message = 'seen'", {"group": EVENTS}, NOW)
