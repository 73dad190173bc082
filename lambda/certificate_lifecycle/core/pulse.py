"""Whether the watcher still watches: what is remembered of its runs, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from certificate_lifecycle.core.memory import Memory
from certificate_lifecycle.core.schedule import Schedule

#: How late a run may come to its end: EventBridge hands it over for an hour, and a run over an
#: organization may take another.
GRACE = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The last run that the schedule started and that came to its end, whole or not.

    `critical_since` is the age of the oldest problem that it found open: when that was first told
    as critical.
    """

    run_id: str
    finished_at: datetime
    critical_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One sign of life; what is None is not known.

    `overdue` is how long a run has been missing, nothing if none is, and `critical_for` how long
    the oldest critical problem has been known. `listeners` are the confirmed subscriptions of the
    topic.
    """

    instance: str
    at: datetime
    overdue: timedelta | None = None
    critical_for: timedelta | None = None
    listeners: int | None = None


def overdue(
    schedule: Schedule, last: RunRecord | None, since: datetime, now: datetime
) -> timedelta:
    """Return for how long a run has been missing, beyond the grace.

    The first one that is missing counts, not the latest: else the figure would begin anew with each
    of them. Nothing is expected from before `since`, when this schedule began.
    """
    seen = since if last is None else max(since, last.finished_at)
    due = schedule.following(seen)
    return timedelta() if due is None else max(now - GRACE - due, timedelta())


def oldest_critical(memories: Iterable[Memory], before: RunRecord | None = None) -> datetime | None:
    """Return since when the oldest problem has been critical; None if there is none.

    `before` is the record of an earlier run: what it knew holds as long as nobody has looked at
    everything.
    """
    known = [before.critical_since] if before is not None else []
    moments = [*known, *(memory.critical_since for memory in memories)]
    return min((moment for moment in moments if moment is not None), default=None)
