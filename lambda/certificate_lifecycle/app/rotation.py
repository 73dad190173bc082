"""One run of rotation: scan, act, notify, and fail only at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from certificate_lifecycle.app.deadline import (
    LOST_SCOPES_RESERVE_SECONDS,
    REPORT_RESERVE_SECONDS,
    SINKS_RESERVE_SECONDS,
    Deadline,
    error_summary,
    require_time,
)
from certificate_lifecycle.app.ports import (
    Clock,
    NotificationSink,
    Reports,
    RunDependencies,
    ScopeClients,
)
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.run_metrics import emit_run_metrics
from certificate_lifecycle.app.scope_run import ScopeRun, run_of, run_scope, summary
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import RotationError
from certificate_lifecycle.model.run import Run, result
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.notification_state import WHOLE_INVENTORY
from certificate_lifecycle.render.notification.message import compose

#: Accounts and regions in parallel; more threads only wait for the processor.
_WORKERS = 8
#: A log line is limited to 256 KB, less than the scopes of a large organization.
_LOGGED_SCOPES = 200


def rotate(
    request: RunRequest, dependencies: RunDependencies, *, current_time: Callable[[], datetime]
) -> dict[str, Any]:
    """Return the result of the run.

    Raises RotationError after the notification if a scan or an action failed.
    """
    scope_runs = run_scopes(request, dependencies.clients_at, dependencies.clock, current_time)
    run = merged(request, scope_runs, current_time())
    outcome, failures = notify(run, dependencies, scope_runs)
    emit_run_metrics(request, run, scope_runs, dependencies)
    raise_if_incomplete(run, scope_runs, failures)
    return outcome


def notify(
    run: Run,
    dependencies: RunDependencies,
    scope_runs: Sequence[ScopeRun],
    *,
    reports_dry_runs: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Publish report, message, metrics and events; return the result and the failures."""
    run, failures = _with_report(
        run,
        dependencies.reports if reports_dry_runs or not run.dry_run else None,
        dependencies.clock,
    )
    due = any(scope_run.should_notify for scope_run in scope_runs)
    summary, more = (False, []) if due else _summary_due(run, dependencies)
    failures += more
    run = replace(run, problems=tuple(failures))
    # Findings that are no news make no message of their own.
    summary = summary or any(map(_has_inventory_news, scope_runs))
    notification, more = _notify(run, dependencies, due=due or summary, summary=summary)
    failures += more
    if not run.dry_run:
        # Before the sinks, which may hang: alarms need the metrics.
        dependencies.metrics.emit(run, undelivered=bool(more) and not notification["sent"])
        failures += _publish(run, dependencies.sinks, dependencies.clock)
    if notification["sent"]:
        # After the sinks: if this run is stopped before, the next one publishes the changes again.
        steps: list[Callable[[], None]] = [
            partial(scope_run.pending_writes.commit, dependencies.clock)
            for scope_run in scope_runs
            if scope_run.pending_writes is not None
        ]
        if dependencies.notification_log is not None:
            record = dependencies.notification_log.record_notification
            steps.insert(0, partial(record, run.started_at))
        failures += _run_all(steps)
    outcome = result(run, notification)
    # Findings and actions have a line of their own; a log line has a limit.
    logger.info(
        "rotation finished",
        extra={
            "run_id": run.run_id,
            "scopes": outcome["scopes"][:_LOGGED_SCOPES],
            "counts": run.counts,
            "notification": notification,
        },
    )
    return outcome, failures


def _has_inventory_news(scope_run: ScopeRun) -> bool:
    """Whether a class of certificates is not listed that the last notification did not name."""
    writes = scope_run.pending_writes
    return writes is not None and any(
        alert.subject == WHOLE_INVENTORY for alert in writes.alert_records
    )


def run_scopes(
    request: RunRequest,
    clients_at: Callable[[Scope], ScopeClients],
    clock: Clock,
    current_time: Callable[[], datetime],
) -> list[ScopeRun]:
    """Run all accounts and regions in parallel; a failure does not stop the others.

    One that hangs is given up before the function's timeout, and stops before its next action.
    """
    deadline = Deadline(clock)
    pool = ThreadPoolExecutor(min(_WORKERS, len(request.scopes)), thread_name_prefix="scope")
    try:
        futures = [
            (scope, pool.submit(run_scope, request, scope, clients_at, deadline, current_time))
            for scope in request.scopes
        ]
        wait([future for _, future in futures], timeout=deadline.patience())
        return [
            _outcome(request, clients_at, scope, future, clock, current_time())
            for scope, future in futures
        ]
    finally:
        deadline.passed = True
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome(
    request: RunRequest,
    clients_at: Callable[[Scope], ScopeClients],
    scope: Scope,
    future: Future[ScopeRun],
    clock: Clock,
    now: datetime,
) -> ScopeRun:
    """Return the result of a scope, also if it failed or is not finished."""
    extra = {"account_id": scope.account_id, "region": scope.region}
    if future.done():
        try:
            return future.result()
        except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
            logger.exception("scope failed", extra=extra)
            reason = error_summary(error)
    else:
        logger.error("scope given up", extra=extra)
        reason = "the function's time ran out"
    try:
        # Without state, the scope is reported once more.
        require_time(clock, LOST_SCOPES_RESERVE_SECONDS)
        state_store = clients_at(scope).state_store
    except Exception:  # noqa: BLE001 - the reason of the failed run, reported already
        state_store = None
    return ScopeRun.failed(request, scope, reason, now, state_store)


def merged(request: RunRequest, scope_runs: Sequence[ScopeRun], finished_at: datetime) -> Run:
    """Return the runs of all accounts and regions as one run."""
    runs = [scope_run.run for scope_run in scope_runs]
    healthy: Counter[str] = Counter()
    since: dict[str, datetime] = {}
    for run in runs:
        healthy.update(run.healthy)
        since |= run.since
    together = run_of(
        request,
        [scope for run in runs for scope in run.scopes],
        [entry for run in runs for entry in run.assessments],
        [record for run in runs for record in run.actions],
        finished_at,
    )
    return replace(
        together,
        changes=tuple(change for run in runs for change in run.changes),
        recovered_scopes=tuple(label for run in runs for label in run.recovered_scopes),
        since=since,
        healthy=healthy,
    )


def _with_report(run: Run, reports: Reports | None, clock: Clock) -> tuple[Run, list[str]]:
    """Write the report before the message names it; without a report, the message is sent, too."""
    if reports is None:
        return run, []
    try:
        require_time(clock, REPORT_RESERVE_SECONDS)
        return replace(run, report=reports.put(run)), []
    except Exception as error:  # noqa: BLE001 - raised at the end of the run
        logger.exception("report could not be written")
        return run, [f"the report could not be written: {error_summary(error)}"]


def _publish(run: Run, sinks: Sequence[NotificationSink], clock: Clock) -> list[str]:
    failures = []
    in_time = partial(require_time, clock, SINKS_RESERVE_SECONDS)
    for sink in sinks:
        try:
            sink.publish(run, in_time)
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("sink failed", extra={"sink": sink.name})
            failures.append(f"{sink.name} could not be notified: {error_summary(error)}")
    return failures


def _notify(
    run: Run, dependencies: RunDependencies, *, due: bool, summary: bool
) -> tuple[dict[str, Any], list[str]]:
    if run.dry_run:
        return _notification(reason="dry run"), []
    message = compose(run, summary=summary)
    if message is None:
        muted = run.muted_findings
        reason = "all open findings are muted" if muted else "nothing to report"
        return _notification(reason=f"{reason}{_outside_scope(run)}"), []
    if not due:
        return _notification(reason=f"nothing new to report{_outside_scope(run)}"), []
    try:
        message_id = dependencies.topic.publish(message)
    except Exception as error:  # noqa: BLE001 - raised at the end of the run
        logger.exception("notification could not be sent")
        failure = f"the notification could not be sent: {error_summary(error)}"
        return _notification(reason=failure), [failure]
    return {"sent": True, "message_id": message_id, "reason": message.subject}, []


def _outside_scope(run: Run) -> str:
    """Say that requested certificates were ignored, for the end of a reason."""
    if run.full_scan or not run.ignored:
        return ""
    return f"; requested certificates outside the scope of this instance: {run.ignored}"


def _summary_due(run: Run, dependencies: RunDependencies) -> tuple[bool, list[str]]:
    """Return whether a message without findings is due, because silence may be a failure.

    The first run of an instance sends one, too, to show that its messages arrive.
    """
    if run.dry_run or not run.full_scan:
        return False, []
    if dependencies.notification_log is None or dependencies.summary_after is None:
        return False, []
    try:
        last = dependencies.notification_log.last_notification()
    except Exception as error:  # noqa: BLE001 - raised at the end of the run
        logger.exception("last notification unreadable")
        return True, [f"the time of the last message could not be read: {error_summary(error)}"]
    return last is None or run.started_at - last >= dependencies.summary_after, []


def _run_all(steps: Sequence[Callable[[], None]]) -> list[str]:
    """Run every step, several in parallel, and return the failures."""
    if not steps:
        return []
    with ThreadPoolExecutor(min(_WORKERS, len(steps)), thread_name_prefix="state") as pool:
        futures = [pool.submit(step) for step in steps]
    failures = []
    for future in futures:
        try:
            future.result()
        except Exception as error:  # noqa: BLE001 - raised at the end of the run
            logger.exception("state could not be saved")
            failures.append(f"the state could not be saved: {error_summary(error)}")
    return failures


def _notification(reason: str) -> dict[str, Any]:
    return {"sent": False, "message_id": None, "reason": reason}


def raise_if_incomplete(run: Run, scope_runs: Sequence[ScopeRun], failures: Sequence[str]) -> None:
    """Raise RotationError with everything that failed in a run."""
    several = len(run.scopes) > 1
    errors = [
        *failures,
        *(
            f"{scope_run.run.scopes[0].label}: {problem}" if several else problem
            for scope_run in scope_runs
            for problem in scope_run.problems
        ),
        *(f"{record.certificate_arn}: {record.detail}" for record in run.failed_actions),
    ]
    if errors:
        raise RotationError(f"run {run.run_id} is incomplete: {summary(errors)}")
