"""What each scheduled run measures at its end, for the alarms that watch the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from certificate_lifecycle.app.deadline import require_time
from certificate_lifecycle.app.ports import RunDependencies
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import StateUnreadableError
from certificate_lifecycle.model.run import Run, ScopeStatus
from certificate_lifecycle.policy.notification_state import AlertRecord
from certificate_lifecycle.render.emf import RunMetrics

T = TypeVar("T")


def emit_run_metrics(
    request: RunRequest, run: Run, scope_runs: Sequence[ScopeRun], dependencies: RunDependencies
) -> None:
    """Measure and emit the metrics of a completed run.

    Runs by hand, dry runs and ACM's events emit none: they do not prove that the schedule works.
    A measurement that fails is logged as a warning, and its metric is left out.
    """
    if not request.scheduled or request.dry_run:
        return

    def confirmed_subscriptions() -> int | None:
        if dependencies.subscriptions is None:
            return None
        require_time(dependencies.clock)
        return dependencies.subscriptions.confirmed_subscriptions()

    def oldest_critical() -> timedelta | None:
        # Without a ledger, nobody knows since when a finding is critical.
        return (
            None
            if dependencies.notification_log is None
            else _oldest_critical(scope_runs, run.finished_at)
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
    except Exception:  # noqa: BLE001 - a metric that is missing is no failure of the run
        logger.warning("metric could not be measured", exc_info=True, extra={"metric": metric})
        return None


def _oldest_critical(scope_runs: Sequence[ScopeRun], now: datetime) -> timedelta:
    """Return for how long the oldest critical finding has been open; zero if there is none."""
    open_findings = [memory for scope_run in scope_runs for memory in _open_findings(scope_run)]
    starts = [
        open_finding.critical_since
        for open_finding in open_findings
        if open_finding.critical_since is not None
    ]
    return now - min(starts, default=now)


def _open_findings(scope_run: ScopeRun) -> Iterator[AlertRecord]:
    """Yield the alert state of each open finding of an account and region.

    What a complete scan did not find is resolved; after any other scan, the ledger's entries count.
    Raises LedgerUnreadableError if they are needed and there is no ledger to read.
    """
    pending = scope_run.pending_writes
    if pending is not None:
        yield from pending.alert_records
    if all(scope.status is ScopeStatus.OK for scope in scope_run.run.scopes):
        return
    if pending is None:
        raise StateUnreadableError("the open findings of an incomplete scan are unknown")
    current = {alert_record.subject for alert_record in (*pending.alert_records, *pending.resolved)}
    yield from (
        record for record in pending.state_store.alert_records() if record.subject not in current
    )
