"""One look at everything that was selected: what scan, plan, report and explain begin with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.logging import RichHandler

from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import OutputOptions, TargetOptions
from certificate_lifecycle.cli.output import error_console
from certificate_lifecycle.cli.progress import busy, looking
from certificate_lifecycle.cli.session import Session, reach
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Severity
from certificate_lifecycle.model.run import Run, ScopeStatus


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found, and by what means."""

    reached: Session
    run: Run
    scope_runs: Sequence[ScopeRun]


def start(targets: TargetOptions, output_options: OutputOptions) -> Session:
    """Return what a command reaches, and say on standard error whose settings count."""
    talk(output_options)
    err = error_console()
    with busy(err, "Finding out where we are", quiet=output_options.quiet):
        reached = reach(targets)
    if not output_options.quiet:
        for note in reached.notes:
            err.print(note, style="dim", markup=False)
    return reached


def look(targets: TargetOptions, output_options: OutputOptions) -> Scanned:
    """Look, without changing anything; Ctrl-C leaves what was found by then."""
    reached = start(targets, output_options)
    with interruptible(reached.clock):
        run, scope_runs = carry_out(reached, reached.request(), output_options)
    return Scanned(reached, run, scope_runs)


def carry_out(
    reached: Session, request: RunRequest, output_options: OutputOptions
) -> tuple[Run, list[ScopeRun]]:
    """Carry out an order while showing how far it is."""
    with looking(error_console(), len(request.scopes), quiet=output_options.quiet) as watched:
        return reached.run_scope(request, watched)


def verdict_code(looked: Scanned, fail_on: Severity | None) -> Exit:
    """Return how a command ends that was asked how things are; None lets no finding count."""
    if looked.reached.clock.interrupted:
        return Exit.INTERRUPTED
    if any(scope.status is not ScopeStatus.OK for scope in looked.run.scopes):
        return Exit.INCOMPLETE
    told = [entry for entry in looked.run.assessments if entry.muted_until is None]
    bad = fail_on is not None and any(entry.decision.severity >= fail_on for entry in told)
    return Exit.FINDINGS if bad else Exit.HEALTHY


def talk(output_options: OutputOptions) -> None:
    """Let the log be seen with --verbose, and by nobody without."""
    logger.handlers.clear()
    logger.propagate = False
    if output_options.verbose:
        console = Console(stderr=True, highlight=False)
        logger.addHandler(RichHandler(console=console, show_path=False, rich_tracebacks=False))
        logger.setLevel(logging.DEBUG)
    else:
        logger.addHandler(logging.NullHandler())
