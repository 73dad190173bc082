"""What each scheduled run measures at its end, for the alarms that watch the runs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from certificate_lifecycle.app.isolation import require_time
from certificate_lifecycle.app.ports import Outside
from certificate_lifecycle.app.scope import Order, Visit
from certificate_lifecycle.core.memory import Memory
from certificate_lifecycle.core.metrics import RunMetrics
from certificate_lifecycle.core.run import Run, ScopeStatus
from certificate_lifecycle.errors import LedgerUnreadableError
from certificate_lifecycle.log import logger

T = TypeVar("T")


def emit_run_metrics(order: Order, run: Run, visits: Sequence[Visit], outside: Outside) -> None:
    """Measure and emit the metrics of a completed run.

    Runs by hand, dry runs and ACM's events emit none: they do not prove that the schedule works.
    A measurement that fails is logged as a warning, and its metric is left out.
    """
    if not order.scheduled or order.dry_run:
        return

    def confirmed_subscriptions() -> int | None:
        if outside.subscriptions is None:
            return None
        require_time(outside.clock)
        return outside.subscriptions.confirmed_subscriptions()

    def oldest_critical() -> timedelta | None:
        # Without a ledger, nobody knows since when a finding is critical.
        return None if outside.diary is None else _oldest_critical(visits, run.finished_at)

    outside.metrics.emit_completed(
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


def _oldest_critical(visits: Sequence[Visit], now: datetime) -> timedelta:
    """Return for how long the oldest critical finding has been open; zero if there is none."""
    open_findings = [memory for each in visits for memory in _open_findings(each)]
    starts = [each.critical_since for each in open_findings if each.critical_since is not None]
    return now - min(starts, default=now)


def _open_findings(visit: Visit) -> Iterator[Memory]:
    """Yield the alert state of each open finding of an account and region.

    What a complete scan did not find is resolved; after any other scan, the ledger's entries count.
    Raises LedgerUnreadableError if they are needed and there is no ledger to read.
    """
    pending = visit.dues
    if pending is not None:
        yield from pending.memories
    if all(scope.status is ScopeStatus.OK for scope in visit.run.scopes):
        return
    if pending is None:
        raise LedgerUnreadableError("the open findings of an incomplete scan are unknown")
    current = {each.certificate_arn for each in (*pending.memories, *pending.over)}
    yield from (each for each in pending.ledger.memories() if each.certificate_arn not in current)
