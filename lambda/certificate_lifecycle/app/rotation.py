"""One run of rotation: look, mend, tell, and only then fail if anything failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from certificate_lifecycle.app.export import Export
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.imports import Reimport, Sources
from certificate_lifecycle.app.inspection import Inspection, Inventory
from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.memory import Recollection
from certificate_lifecycle.app.ports import Surroundings, Topic
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
    order: Order, around: Surroundings, *, current_time: Callable[[], datetime]
) -> dict[str, Any]:
    """Return the result of the run; raise RotationError if anything could not be done.

    The message goes out either way, and says what could not be done.
    """
    recollection = Recollection.of(
        around.ledger,
        run_id=order.run_id,
        now=order.now,
        thresholds=order.thresholds,
        dry_run=order.dry_run,
    )
    inventory = _look(_inspection(order, around), order, recollection.journals)
    if recollection.problem is not None:
        inventory.problems.append(recollection.problem)
    replacement = _replacement(order, around, recollection)
    actions = _act(order, around, inventory, recollection, replacement)
    run = _run(order, inventory, actions, current_time())
    notification, failures = _notify(run, around.topic, recollection)
    failures += _remember(order, run, recollection, replacement, sent=notification["sent"])
    outcome = result(run, notification)
    # Findings and actions have a line of their own; a log line has a limit.
    logger.info(
        "rotation finished",
        extra={key: outcome[key] for key in ("run_id", "scopes", "counts", "notification")},
    )
    _raise_if_incomplete(run, inventory, failures)
    return outcome


def _inspection(order: Order, around: Surroundings) -> Inspection:
    sources = Sources(
        secrets=around.import_secrets,
        secret_arns=order.import_sources,
        clock=around.clock,
        enabled=order.repair,
        now=order.now,
    )
    return Inspection(
        certificates=around.certificates,
        dns=around.dns,
        clock=around.clock,
        sources=sources,
        thresholds=order.thresholds,
        now=order.now,
        exports=ExportTargets.of(order.export_targets, around.export_secrets),
    )


def _replacement(
    order: Order, around: Surroundings, recollection: Recollection
) -> Replacement | None:
    """Return what replaces, in mode replace and with a ledger that could be read."""
    if not order.replace or recollection.ledger is None:
        return None
    succession = Succession(
        certificates=around.certificates,
        dns=around.dns,
        clock=around.clock,
        ledger=recollection.ledger,
        consumers=around.consumers,
        thresholds=order.thresholds,
        retire_after=order.retire_after,
        account_id=order.place.account_id,
        now=order.now,
    )
    return Replacement(
        succession=succession,
        instance=order.instance,
        run_id=order.run_id,
        dry_run=order.dry_run,
    )


def _act(
    order: Order,
    around: Surroundings,
    inventory: Inventory,
    recollection: Recollection,
    replacement: Replacement | None,
) -> list[ActionRecord]:
    """Replace, export, repair and import; what was done needs no advice to do so.

    What earlier runs began and could not tell comes last.
    """
    replaced = _replace(order, inventory, recollection, replacement)
    exported: list[ActionRecord] = []
    if around.export_secrets is not None:
        exported = Export(
            certificates=around.certificates,
            secrets=around.export_secrets,
            clock=around.clock,
            thresholds=order.thresholds,
            now=order.now,
            dry_run=order.dry_run,
            announce=recollection.announce,
        ).act(inventory)
    repair = Repair(
        certificates=around.certificates,
        dns=around.dns,
        clock=around.clock,
        reimport=Reimport(
            certificates=around.certificates,
            clock=around.clock,
            now=order.now,
            announce=recollection.announce,
        ),
        enabled=order.repair,
        dry_run=order.dry_run,
        announce=recollection.announce,
        settled={(record.certificate_arn, record.action) for record in (*replaced, *exported)},
    )
    actions = [*replaced, *repair.act(inventory), *exported]
    return [*actions, *recollection.untold()]


def _replace(
    order: Order,
    inventory: Inventory,
    recollection: Recollection,
    replacement: Replacement | None,
) -> list[ActionRecord]:
    if not order.replace:
        return []
    if replacement is None:
        why = recollection.problem or "there is no ledger to record it in, see LEDGER_TABLE"
        return refuse(inventory, why)
    everything = not order.certificate_arns
    return replacement.act(inventory, recollection.journals, everything=everything)


def _look(inspection: Inspection, order: Order, journals: Mapping[str, Journal]) -> Inventory:
    """Look at everything, or at what was asked for and at what that is to succeed."""
    asked = order.certificate_arns
    replaced = [arn for arn, journal in journals.items() if journal.successor_arn in asked]
    may_be_gone = [*replaced, *(asked if order.announced else ())]
    wanted = dict.fromkeys((*asked, *replaced))
    return inspection.look(list(wanted), may_be_gone=may_be_gone)


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


def _notify(run: Run, topic: Topic, recollection: Recollection) -> tuple[dict[str, Any], list[str]]:
    """Publish the message of the run; a failure is returned, to be raised after the result."""
    if run.dry_run:
        return _notification(reason="dry run"), []
    message = compose(run)
    if message is None:
        return _notification(reason="nothing to tell"), []
    if not recollection.has_news(run):
        return _notification(reason="nothing new to tell"), []
    try:
        message_id = topic.publish(message)
    except Exception as error:  # noqa: BLE001 - raised once the result is logged
        logger.exception("message could not be sent")
        failure = f"the message could not be sent: {clause(error)}"
        return _notification(reason=failure), [failure]
    return {"sent": True, "message_id": message_id, "reason": message.subject}, []


def _remember(
    order: Order,
    run: Run,
    recollection: Recollection,
    replacement: Replacement | None,
    *,
    sent: bool,
) -> list[str]:
    """Record what was told and what is over; return what could not be recorded."""
    steps: list[Callable[[], None]] = []
    if not order.dry_run and not order.certificate_arns:
        steps.append(partial(recollection.forget, run))
    if sent:
        steps.append(partial(recollection.remember, run))
        steps += [replacement.told] if replacement is not None else []
    failures = []
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - raised at the end of the run
            logger.exception("ledger could not be written")
            failures.append(f"what was told could not be remembered: {clause(error)}")
    return failures


def _notification(reason: str) -> dict[str, Any]:
    return {"sent": False, "message_id": None, "reason": reason}


def _raise_if_incomplete(run: Run, inventory: Inventory, failures: Sequence[str]) -> None:
    faults = [*failures, *inventory.problems]
    faults += [f"{record.certificate_arn}: {record.detail}" for record in run.failed_actions]
    if faults:
        raise RotationError(f"run {run.run_id} is incomplete: {_summary(faults)}")


def _summary(problems: Sequence[str]) -> str:
    """Return the first problems and a count of the rest: an error is not a listing."""
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(problems[:_SHOWN_PROBLEMS])
    return f"{shown}; and {more} more" if more > 0 else shown
