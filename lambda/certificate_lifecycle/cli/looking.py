"""One look at everything that was selected: what scan, plan, report and explain begin with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.logging import RichHandler

from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope import ScopeRun
from certificate_lifecycle.cli.exits import Exit
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import Manner, Selection
from certificate_lifecycle.cli.output import errors
from certificate_lifecycle.cli.progress import busy, looking
from certificate_lifecycle.cli.session import Reach, reach
from certificate_lifecycle.core.model import Severity
from certificate_lifecycle.core.run import Run, ScopeStatus
from certificate_lifecycle.log import logger


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and by what means."""

    reached: Reach
    run: Run
    visits: Sequence[ScopeRun]


def start(selection: Selection, manner: Manner) -> Reach:
    """Return what a command reaches, and say on standard error whose settings count."""
    talk(manner)
    err = errors()
    with busy(err, "Finding out where we are", quiet=manner.quiet):
        reached = reach(selection)
    if not manner.quiet:
        for note in reached.notes:
            err.print(note, style="dim", markup=False)
    return reached


def look(selection: Selection, manner: Manner) -> Looked:
    """Look, without changing anything; Ctrl-C leaves what was found by then."""
    reached = start(selection, manner)
    with interruptible(reached.clock):
        run, visits = carry_out(reached, reached.order(), manner)
    return Looked(reached, run, visits)


def carry_out(reached: Reach, order: RunRequest, manner: Manner) -> tuple[Run, list[ScopeRun]]:
    """Carry out an order while showing how far it is."""
    with looking(errors(), len(order.scopes), quiet=manner.quiet) as watched:
        return reached.visit(order, watched)


def verdict_code(looked: Looked, fail_on: Severity | None) -> Exit:
    """Return how a command ends that was asked how things are; None lets no finding count."""
    if looked.reached.clock.interrupted:
        return Exit.INTERRUPTED
    if any(scope.status is not ScopeStatus.OK for scope in looked.run.scopes):
        return Exit.INCOMPLETE
    told = [entry for entry in looked.run.assessed if entry.muted_until is None]
    bad = fail_on is not None and any(entry.decision.severity >= fail_on for entry in told)
    return Exit.FINDINGS if bad else Exit.HEALTHY


def talk(manner: Manner) -> None:
    """Let the log be seen with --verbose, and by nobody without."""
    logger.handlers.clear()
    logger.propagate = False
    if manner.verbose:
        console = Console(stderr=True, highlight=False)
        logger.addHandler(RichHandler(console=console, show_path=False, rich_tracebacks=False))
        logger.setLevel(logging.DEBUG)
    else:
        logger.addHandler(logging.NullHandler())
