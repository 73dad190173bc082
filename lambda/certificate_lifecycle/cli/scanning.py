"""Scan all selected accounts and regions: the first step of scan, plan, apply and report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.filtering import Filtering
from certificate_lifecycle.cli.filters import no_match
from certificate_lifecycle.cli.interrupted_run import judged
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import Options
from certificate_lifecycle.cli.output import error_console
from certificate_lifecycle.cli.progress import busy, scan_progress
from certificate_lifecycle.cli.session import Session, open_session
from certificate_lifecycle.cli.unscanned import unscanned_text
from certificate_lifecycle.cli.verbose_log import set_up_log
from certificate_lifecycle.model.certificate import Severity
from certificate_lifecycle.model.hidden_classes import GapCause
from certificate_lifecycle.model.run import Run, ScopeStatus
from certificate_lifecycle.model.sanitize import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A completed or interrupted scan.

    `shown` is the part of `run` that matches the filters, and `problems` say which certificates
    could not be compared with them.
    """

    session: Session
    run: Run
    shown: Run
    problems: Sequence[str] = ()

    def exit_code(self, fail_on: Severity | None) -> Exit:
        """Return the exit code of what is shown.

        Muted findings and those below `fail_on` do not count.
        """
        if self.session.clock.interrupted:
            return Exit.INTERRUPTED
        scanned = all(scope.status is ScopeStatus.OK for scope in self.run.scopes)
        # An upgrade of the SDK helps here; nothing helps in a region that lacks a filter.
        lacking = any(gap.cause is GapCause.SDK for gap in self.run.not_listed)
        if lacking or not scanned or self.problems:
            return Exit.INCOMPLETE
        severities = [
            entry.decision.severity for entry in self.shown.assessments if entry.muted_until is None
        ]
        severities += [Severity.INFO] if self.run.not_listed else []
        failed = fail_on is not None and any(severity >= fail_on for severity in severities)
        return Exit.FINDINGS if failed else Exit.HEALTHY


def start(options: Options) -> Session:
    """Open a session, and print on standard error which settings are used."""
    set_up_log(verbose=options.verbose)
    console = error_console()
    with busy(console, "Reading credentials and settings", quiet=options.shows_no_progress):
        session = open_session(options)
    if not options.quiet:
        console.print(session.note, style="dim", markup=False)
    return session


def scan(options: Options, *, owners: bool = False) -> Scan:
    """Scan without changing anything, and apply the filters; Ctrl-C keeps the results so far.

    `owners` also reads those of healthy certificates, for which a scan needs no tags.
    """
    session = start(options)
    run, _ = run_with_progress(session, session.request(), options)
    _print_unscanned(session, run, options)
    filtering = Filtering(session, options.filters)
    with interruptible_work(session, "Reading tags and names", options):
        run = filtering.completed(run, owners=owners)
    shown = filtering.selected(run)
    for problem in filtering.problems:
        error_console().print(clean(problem), markup=False)
    if run.assessments and not shown.assessments and not options.quiet:
        error_console().print(no_match(options.filters, run.assessments), markup=False)
    return Scan(session=session, run=run, shown=shown, problems=tuple(filtering.problems))


def run_with_progress(
    session: Session, request: RunRequest, options: Options
) -> tuple[Run, list[ScopeRun]]:
    """Run a request with a progress bar, interruptible by Ctrl-C."""
    with (
        interruptible(session.clock),
        scan_progress(
            error_console(), len(request.scopes), quiet=options.shows_no_progress
        ) as observed,
    ):
        run, scope_runs = session.run(request, observed)
    return (judged(run, scope_runs) if session.clock.interrupted else run), scope_runs


@contextmanager
def interruptible_work(session: Session, text: str, options: Options) -> Iterator[None]:
    """Show a spinner with a text while the block runs, interruptible by Ctrl-C."""
    with interruptible(session.clock), busy(error_console(), text, quiet=options.shows_no_progress):
        yield


def _print_unscanned(session: Session, run: Run, options: Options) -> None:
    text = unscanned_text(session, run, options)
    if text and not options.quiet:
        error_console().print(text, style="dim", markup=False)
