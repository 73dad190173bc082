"""One run of rotation: look, mend, tell, and only then fail if anything failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from certificate_lifecycle.app.export import Export
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.imports import Reimport, Sources
from certificate_lifecycle.app.inspection import Inspection, Inventory
from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.ports import (
    Certificates,
    Clock,
    Consumers,
    Dns,
    ExportSecrets,
    ImportSecrets,
    Ledger,
    Topic,
)
from certificate_lifecycle.app.repair import Repair
from certificate_lifecycle.app.replacement import Replacement, refuse
from certificate_lifecycle.app.succession import Succession
from certificate_lifecycle.core.digest import compose
from certificate_lifecycle.core.export import ExportTarget
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.run import ActionRecord, Run, Scope, result
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.errors import RotationError
from certificate_lifecycle.log import logger

_SHOWN_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What this run shall do; see `events` for `announced`, and `config` for the modes."""

    run_id: str
    instance: str
    place: Place
    certificate_arns: Sequence[str]
    import_sources: Mapping[str, str]
    thresholds: Thresholds
    mode: str
    repair: bool
    dry_run: bool
    now: datetime
    export_targets: Sequence[ExportTarget] = ()
    announced: bool = False
    replace: bool = False
    retire_after: timedelta | None = None


def rotate(
    order: Order,
    *,
    certificates: Certificates,
    dns: Dns,
    import_secrets: ImportSecrets,
    topic: Topic,
    clock: Clock,
    current_time: Callable[[], datetime],
    export_secrets: ExportSecrets | None = None,
    ledger: Ledger | None = None,
    consumers: Consumers | None = None,
) -> dict[str, Any]:
    """Return the result of the run; raise RotationError if anything could not be done.

    The message goes out either way, and says what could not be done.
    Without `ledger` nothing is replaced, and without `consumers` none is moved.
    """
    sources = Sources(
        secrets=import_secrets,
        secret_arns=order.import_sources,
        clock=clock,
        enabled=order.repair,
        now=order.now,
    )
    inspection = Inspection(
        certificates=certificates,
        dns=dns,
        clock=clock,
        sources=sources,
        thresholds=order.thresholds,
        now=order.now,
        exports=ExportTargets.of(order.export_targets, export_secrets),
    )
    journals, problem = _journals(order, ledger)
    inventory = _look(inspection, order, journals)
    inventory.problems.extend([problem] if problem else [])
    replacement = None
    if ledger is not None and order.replace and problem is None:
        replacement = Replacement(
            succession=Succession(
                certificates=certificates,
                dns=dns,
                clock=clock,
                ledger=ledger,
                consumers=consumers,
                thresholds=order.thresholds,
                retire_after=order.retire_after,
                account_id=order.place.account_id,
                now=order.now,
            ),
            instance=order.instance,
            run_id=order.run_id,
            dry_run=order.dry_run,
        )
    replaced = _replace(order, inventory, journals, replacement)
    actions = _act(order, inventory, certificates, dns, clock, export_secrets, replaced)
    run = _run(order, inventory, actions, current_time())
    notification, failure = _notify(run, topic)
    if replacement is not None and notification["sent"]:
        replacement.told()
    outcome = result(run, notification)
    # Findings and actions have a line of their own; a log line has a limit.
    logger.info(
        "rotation finished",
        extra={key: outcome[key] for key in ("run_id", "scopes", "counts", "notification")},
    )
    _raise_if_incomplete(run, inventory, failure)
    return outcome


def _act(
    order: Order,
    inventory: Inventory,
    certificates: Certificates,
    dns: Dns,
    clock: Clock,
    export_secrets: ExportSecrets | None,
    replaced: list[ActionRecord],
) -> list[ActionRecord]:
    """Export, repair and import; what was exported or replaced needs no advice to do so."""
    exported: list[ActionRecord] = []
    if export_secrets is not None:
        exported = Export(
            certificates=certificates,
            secrets=export_secrets,
            clock=clock,
            thresholds=order.thresholds,
            now=order.now,
            dry_run=order.dry_run,
        ).act(inventory)
    repair = Repair(
        certificates=certificates,
        dns=dns,
        clock=clock,
        reimport=Reimport(certificates=certificates, clock=clock, now=order.now),
        enabled=order.repair,
        dry_run=order.dry_run,
        settled={(record.certificate_arn, record.action) for record in (*exported, *replaced)},
    )
    return [*replaced, *repair.act(inventory), *exported]


def _journals(order: Order, ledger: Ledger | None) -> tuple[Mapping[str, Journal], str | None]:
    """Return the replacements on record by certificate, or why they cannot be read."""
    if ledger is None or not order.replace:
        return {}, None
    try:
        return {journal.certificate_arn: journal for journal in ledger.journals()}, None
    except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
        logger.exception("ledger unreadable")
        return {}, f"the ledger could not be read: {clause(error)}"


def _look(inspection: Inspection, order: Order, journals: Mapping[str, Journal]) -> Inventory:
    """Look at everything, or at what was asked for and at what that is to succeed."""
    asked = order.certificate_arns
    replaced = [arn for arn, journal in journals.items() if journal.successor_arn in asked]
    may_be_gone = [*replaced, *(asked if order.announced else ())]
    wanted = dict.fromkeys((*asked, *replaced))
    return inspection.look(list(wanted), may_be_gone=may_be_gone)


def _replace(
    order: Order,
    inventory: Inventory,
    journals: Mapping[str, Journal],
    replacement: Replacement | None,
) -> list[ActionRecord]:
    if not order.replace:
        return []
    if replacement is None:
        return refuse(inventory, "there is no ledger to record it in, see LEDGER_TABLE")
    return replacement.act(inventory, journals, everything=not order.certificate_arns)


def _run(
    order: Order, inventory: Inventory, actions: Sequence[ActionRecord], finished_at: datetime
) -> Run:
    return Run(
        run_id=order.run_id,
        started_at=order.now,
        finished_at=finished_at,
        instance=order.instance,
        mode=order.mode,
        dry_run=order.dry_run,
        scope=Scope(
            order.place.account_id,
            order.place.region,
            inventory.status,
            inventory.certificates,
            _summary(inventory.problems) or None,
        ),
        assessed=tuple(inventory.assessed),
        actions=tuple(actions),
    )


def _notify(run: Run, topic: Topic) -> tuple[dict[str, Any], str | None]:
    """Publish the message of the run; a failure is returned, to be raised after the result."""
    if run.dry_run:
        return _notification(reason="dry run"), None
    message = compose(run)
    if message is None:
        return _notification(reason="nothing to tell"), None
    try:
        message_id = topic.publish(message)
    except Exception as error:  # noqa: BLE001 - raised once the result is logged
        logger.exception("message could not be sent")
        failure = f"the message could not be sent: {clause(error)}"
        return _notification(reason=failure), failure
    return {"sent": True, "message_id": message_id, "reason": message.subject}, None


def _notification(reason: str) -> dict[str, Any]:
    return {"sent": False, "message_id": None, "reason": reason}


def _raise_if_incomplete(run: Run, inventory: Inventory, failure: str | None) -> None:
    faults = list(inventory.problems)
    faults += [f"{record.certificate_arn}: {record.detail}" for record in run.failed_actions]
    if failure is not None:
        faults.insert(0, failure)
    if faults:
        raise RotationError(f"run {run.run_id} is incomplete: {_summary(faults)}")


def _summary(problems: Sequence[str]) -> str:
    """Return the first problems and a count of the rest: an error is not a listing."""
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    return f"{shown}; and {more} more" if more > 0 else shown
