"""The pulse: says each hour that the function lives, and whether its runs, and its topic, do.

An alarm on the runs themselves could look back seven days at the most, and a schedule may start one
a year. Nothing else is done here, so that whatever keeps a run from its work does not stop it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.ports import Audience, Metrics, Runs
from certificate_lifecycle.core.pulse import Pulse, overdue
from certificate_lifecycle.core.schedule import Schedule
from certificate_lifecycle.errors import PulseError
from certificate_lifecycle.log import logger


def beat(
    pulse: Pulse,
    *,
    schedule: Schedule | None,
    runs: Runs | None,
    audience: Audience | None,
    metrics: Metrics,
) -> dict[str, Any]:
    """Write the figures, and return them; raise PulseError if nobody listens, or one is unknown.

    Without `schedule` no run is expected, without `runs` nothing is known of them, and without
    `audience` the topic's subscriptions are somebody else's business. The figures that are known
    are written in any case, before anything is raised.
    """
    faults: list[str] = []

    def known(pulse: Pulse, what: str, look: Callable[[Pulse], Pulse]) -> Pulse:
        try:
            return look(pulse)
        except Exception as error:  # noqa: BLE001 - one must not hide the other; raised at the end
            logger.exception("pulse incomplete", extra={"unknown": what})
            faults.append(f"{what}: {clause(error)}")
            return pulse

    if runs is not None:
        look = _with_runs(runs, schedule)
        pulse = known(pulse, "the runs on record could not be read", look)
    if audience is not None:
        look = _with_listeners(audience)
        pulse = known(pulse, "the subscriptions of the topic could not be counted", look)
    metrics.beat(pulse)
    if pulse.listeners == 0:
        faults.append("nobody has subscribed to the topic, so that no message reaches anybody")
    if faults:
        raise PulseError("; ".join(faults))
    found = _figures(pulse)
    logger.info("pulse", extra=found)
    return found


def _figures(pulse: Pulse) -> dict[str, Any]:
    return {
        "overdue_minutes": _in(pulse.overdue, timedelta(minutes=1)),
        "oldest_critical_hours": _in(pulse.critical_for, timedelta(hours=1)),
        "listeners": pulse.listeners,
    }


def _with_runs(runs: Runs, schedule: Schedule | None) -> Callable[[Pulse], Pulse]:
    def look(pulse: Pulse) -> Pulse:
        now = pulse.at
        last = runs.last_run()
        critical = last.critical_since if last is not None else None
        pulse = replace(pulse, critical_for=now - critical if critical else timedelta())
        if schedule is None:
            return pulse
        since = runs.expected_since(schedule.expression, now)
        return replace(pulse, overdue=overdue(schedule, last, since, now))

    return look


def _with_listeners(audience: Audience) -> Callable[[Pulse], Pulse]:
    return lambda pulse: replace(pulse, listeners=audience.listeners())


def _in(span: timedelta | None, unit: timedelta) -> float | None:
    return None if span is None else round(span / unit, 1)
