"""`certificates snapshot`: an account as it is now, in a file to look at later or elsewhere."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import click

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.cli.exits import Exit
from certificate_lifecycle.cli.failures import help_with
from certificate_lifecycle.cli.files import require_new, write
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.looking import start
from certificate_lifecycle.cli.options import Manner, Selection, scope_options, talk_options
from certificate_lifecycle.cli.output import console, errors, indented
from certificate_lifecycle.cli.progress import looking
from certificate_lifecycle.cli.session import Reach
from certificate_lifecycle.cli.snapshots.anonymising import anonymised
from certificate_lifecycle.cli.snapshots.files import packed
from certificate_lifecycle.cli.snapshots.model import RecordedSettings, Snapshot
from certificate_lifecycle.cli.snapshots.recording import Recorder
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.text import clean
from certificate_lifecycle.errors import SnapshotError


@click.command("snapshot")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--anonymise", is_flag=True, help="Write other names, accounts, ids, tags and texts instead."
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@scope_options()
@talk_options
def command(
    file: Path, selection: Selection, manner: Manner, *, anonymise: bool, force: bool
) -> Exit:
    """Record an account, to look at it later or elsewhere.

    scan, explain, plan and report read FILE with --from-snapshot and ask no AWS. It is written with
    gzip if its name ends in .gz. It holds no secret, and tells of the whole estate: keep it, or
    write it with --anonymise, accordingly. Nothing is changed in AWS.
    """
    require_new(file, force=force)
    reached = start(selection, manner)
    snapshot = _taken(reached, manner)
    if reached.clock.interrupted:
        errors().print("Interrupted; no file was written.")
        return Exit.INTERRUPTED
    _print_failures(snapshot)
    try:
        write(file, packed(anonymised(snapshot) if anonymise else snapshot, file))
    except OSError as error:
        raise SnapshotError(f"{file} could not be written: {error.strerror}") from error
    if not manner.quiet:
        count = sum(len(scope.listed.value or ()) for scope in snapshot.scopes)
        console().print(
            f"Written: {file}, {count} certificate{'' if count == 1 else 's'} as of "
            f"{snapshot.taken_at:%Y-%m-%d %H:%M} UTC{', anonymised' if anonymise else ''}",
            markup=False,
        )
    return Exit.INCOMPLETE if snapshot.failures else Exit.HEALTHY


def _taken(reached: Reach, manner: Manner) -> Snapshot:
    order = reached.order()
    at = reached.surroundings(order.repair)
    with (
        interruptible(reached.clock),
        looking(errors(), len(order.scopes), quiet=manner.quiet) as watched,
    ):

        def watched_at(place: Place) -> Surroundings:
            return watched(at(place))

        return Recorder(
            order=order,
            at=watched_at,
            clock=reached.clock,
            settings=RecordedSettings.of(reached.settings, reached.home),
            program=_version(),
        ).record()


def _version() -> str:
    """Return the version of this program; a clone that nobody installed has none."""
    try:
        return metadata.version("certificate-lifecycle")
    except metadata.PackageNotFoundError:
        return "unknown"


def _print_failures(snapshot: Snapshot) -> None:
    """Print what could not be recorded, whatever else is not printed: it is no part of the file."""
    err = errors()
    for failure in snapshot.failures:
        err.print("Not recorded:", style="bold red")
        for text in (clean(failure), help_with(failure)):
            if text:
                indented(err, text)
