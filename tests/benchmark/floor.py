"""Measure a first run, a second one and one of a later day against the calls that any answer needs.

The floor is a bare script with one search and a description of each finding, in one thread and in
eight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.benchmark.organization import Work
from tests.embedded_aws.cloud import Cloud
from tests.estates import scale
from tests.harness.state_table import create_state_table

SIZE, MORE_OVERDUE = 2_500, 7
LATENCY_SECONDS = 0.02
REPEATS = 5

MAX_CALLS, MAX_WALL, MAX_PACED_WALL, MAX_SECOND = 1.1, 1.5, 1.02, 0.1


@dataclass(frozen=True)
class Measured:
    """The calls of a program, of these the throttled ones, and its seconds and bytes."""

    calls: int
    throttled: int
    wall: float
    memory: float


#: What was measured: by program, without and with AWS's rates.
Rows = Mapping[str, tuple[Measured, Measured]]


def measure(cloud: Cloud, work: Work, *, size: int = SIZE) -> Rows:
    """Measure each program without and with AWS's rates."""
    free, limited = (_measured(cloud, work, size, limited=limited) for limited in (False, True))
    return {name: (row, limited[name]) for name, row in free.items()}


def _measured(cloud: Cloud, work: Work, size: int, *, limited: bool) -> dict[str, Measured]:
    scale.fill_anew(cloud, size, more_overdue=MORE_OVERDUE)
    cloud.latency, cloud.rate_limited = LATENCY_SECONDS, limited
    soon = cloud.now + timedelta(days=30)
    findings = [
        entry.arn
        for entry in cloud.certificates.all()
        if entry.not_after is None or entry.not_after < soon
    ]
    order: dict[str, Any] = {"paced": limited, "findings": findings}
    topic = cloud.client("sns").create_topic(Name="benchmark")["TopicArn"]
    environment = {"SNS_TOPIC_ARN": topic, "REGIONS": json.dumps(["eu-west-1"])}
    create_state_table(cloud.client("dynamodb"), "ledger")
    remembering = {**environment, "LEDGER_TABLE": "ledger"}

    def best(kind: str, again: int, **more: int) -> Measured:
        """Return the shortest of several measurements: one delay would be a tenth of them."""
        runs = [_one(cloud, work, kind, {**order, **more}, environment) for _ in range(again)]
        return min(runs, key=lambda run: run.wall)

    again = 1 if limited else REPEATS
    rows = {
        "floor, one thread": best("floor", 1, threads=1),
        "floor, eight threads": best("floor", again, threads=8),
        "first run": best("function", again),
        "first run, with a state table": _one(cloud, work, "function", order, remembering),
        "second run, nothing changed": _one(cloud, work, "function", order, remembering),
    }
    cloud.advance(days=1)
    later = {**order, "days_later": 1}
    rows["run of the next day"] = _one(cloud, work, "function", later, remembering)
    cloud.now = None
    return rows


def _one(
    cloud: Cloud, work: Work, kind: str, order: Mapping[str, Any], environment: Mapping[str, str]
) -> Measured:
    cloud.forget_calls()
    took = work(cloud, kind, order, environment)
    throttled = sum("Thrott" in (call.error or "") for call in cloud.calls)
    return Measured(len(cloud.calls), throttled, took["wall"], took["memory"])


# --- The page ---------------------------------------------------------------------------------


def judge(rows: Rows) -> dict[str, bool]:
    """Return the promises, and whether each is kept."""
    (floor, paced_floor), (first, paced) = rows["floor, eight threads"], rows["first run"]
    calls, wall = first.calls / floor.calls, first.wall / floor.wall
    paced_wall = paced.wall / paced_floor.wall
    second = rows["second run, nothing changed"][0].calls / first.calls
    throttled = sum(
        limited.throttled for name, (_, limited) in rows.items() if not name.startswith("floor")
    )
    return {
        f"A first run makes at most {MAX_CALLS} times the calls of the floor, which has one search "
        f"and a description of each finding: {calls:.2f}.": calls <= MAX_CALLS,
        f"A first run takes at most {MAX_WALL} times as long as the floor in eight threads: "
        f"{wall:.2f}.": wall <= MAX_WALL,
        f"With AWS's rates, a first run takes at most {MAX_PACED_WALL} times as long as the floor "
        f"in eight threads at the same pace: {paced_wall:.2f}.": paced_wall <= MAX_PACED_WALL,
        f"A second run over an unchanged estate makes at most {MAX_SECOND:.0%} of the calls of a "
        f"first run: {second:.0%}.": second <= MAX_SECOND,
        f"None of the calls of a run is throttled: {throttled}.": throttled == 0,
    }


def section(rows: Rows) -> str:
    """Return the section of docs/performance.md."""
    lines = [
        "| Program | Calls | Wall | With AWS's rates, calls | Throttled | Wall | Memory |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {free.calls:,} | {free.wall:.2f} s | {limited.calls:,} | {limited.throttled} "
        f"| {limited.wall:.2f} s | {free.memory / 1e6:.0f} MB |"
        for name, (free, limited) in rows.items()
    ]
    return f"""## The calls that any answer needs

{SIZE:,} certificates in one region, ten of a hundred with a finding, with \
{LATENCY_SECONDS * 1000:.0f} ms per call.
The floor is a bare script with one search and a description of each finding, at the pace of the \
function if AWS's rates apply.
A first run with a state table also stores each new finding, and a run of the next day checks a \
fifth of the healthy certificates for what would stop their next renewal.

{chr(10).join(lines)}"""
