"""The metrics of scheduled runs, for the alarms on the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from certificate_lifecycle.app.deadline import STATE_RESERVE_SECONDS, require_time
from certificate_lifecycle.app.ports import Clock, RunDependencies
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import StateUnreadableError
from certificate_lifecycle.model.run import Run, ScopeStatus
from certificate_lifecycle.policy.notification_state import AlertRecord, EntryKind
from certificate_lifecycle.render.emf import RunMetrics

T = TypeVar("T")


def emit_run_metrics(
    request: RunRequest, run: Run, scope_runs: Sequence[ScopeRun], dependencies: RunDependencies
) -> None:
    """Measure and emit the metrics of a completed run.

    Manual runs, dry runs and runs for ACM's events emit none: they do not show that the schedule
    works. A metric that cannot be measured is left out.
    """
    if not request.scheduled or request.dry_run:
        return

    def confirmed_subscriptions() -> int | None:
        if dependencies.subscriptions is None:
            return None
        require_time(dependencies.clock)
        return dependencies.subscriptions.confirmed_subscriptions()

    def oldest_critical() -> timedelta | None:
        # Unknown without state.
        return (
            None
            if dependencies.notification_log is None
            else _oldest_critical(scope_runs, run.finished_at, dependencies.clock)
        )

    dependencies.metrics.emit_completed(
        RunMetrics(
            instance=run.instance,
            finished_at=run.finished_at,
            confirmed_subscriptions=_measured("ConfirmedSubscriptions", confirmed_subscriptions),
            oldest_critical=_measured("OldestCriticalHours", oldest_critical),
        )
    )


def _measured(metric: str, measure: Callable[[], T | None]) -> T | None:
    try:
        return measure()
    except Exception:  # noqa: BLE001 - metrics are optional
        logger.warning("metric could not be measured", exc_info=True, extra={"metric": metric})
        return None


def _oldest_critical(scope_runs: Sequence[ScopeRun], now: datetime, clock: Clock) -> timedelta:
    """Return for how long the oldest critical finding has been open; zero if there is none."""
    starts = [
        alert.critical_since
        for scope_run in scope_runs
        for alert in _open_alerts(scope_run, clock)
        if alert.critical_since is not None
    ]
    return now - min(starts, default=now)


def _open_alerts(scope_run: ScopeRun, clock: Clock) -> Iterator[AlertRecord]:
    """Yield the open alerts of an account and region.

    After an incomplete scan, stored alerts are open, too.
    Raises StateUnreadableError without them, or if one of them cannot be read.
    """
    pending = scope_run.pending_writes
    if pending is not None:
        yield from pending.alert_records
    if all(scope.status is ScopeStatus.OK for scope in scope_run.run.scopes):
        return
    if pending is None:
        raise StateUnreadableError("the open findings of an incomplete scan are unknown")
    require_time(clock, STATE_RESERVE_SECONDS)
    current = {alert.subject for alert in (*pending.alert_records, *pending.resolved)}
    stored = pending.state_store.alert_records()
    if any(entry.kind is EntryKind.ALERT for entry in pending.state_store.unreadable()):
        raise StateUnreadableError("the beginning of an open finding is unknown")
    for alert in stored:
        if alert.subject not in current:
            yield alert
