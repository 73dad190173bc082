"""`certificates scan`: list certificates that need attention, most severe first."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.filters import Filters
from certificate_lifecycle.cli.formats import FORMATS, Listing
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import WIDE, error_console, scan_entry
from certificate_lifecycle.cli.scanning import scan
from certificate_lifecycle.cli.table import FINDING_COLUMNS
from certificate_lifecycle.model.certificate import Severity
from certificate_lifecycle.model.run import urgency

_FAIL_ON = {
    **{severity.label: severity for severity in Severity if severity is not Severity.OK},
    "never": None,
}


@click.command("scan")
@WIDE
@common_options(*FORMATS, coverage=True, filters=True)
@click.option("--all", "everything", is_flag=True, help="Print healthy certificates too.")
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAIL_ON)),
    default="warning",
    show_default=True,
    help="Least severe finding that ends the command with 1.",
)
def command(options: Options, *, wide: bool, everything: bool, fail_on: str) -> Exit:
    """List certificates that need attention, most severe first.

    Changes nothing. Findings that are muted by a tag are listed, but never end the command with 1.
    With filters, only the certificates that match decide the exit code.
    """
    scanned = scan(options)
    run = scanned.shown
    everything = everything or _asks_for_healthy(options.filters)
    # CSV and JSON have always had all certificates.
    chosen = run.assessments if everything or options.format == "csv" else run.findings
    FORMATS[options.format](
        Listing(
            scan=scanned,
            entries=sorted(chosen, key=urgency),
            columns=FINDING_COLUMNS,
            document=scan_entry(run),
            wide=wide,
        )
    )
    if options.format == "table" and run.findings and not options.quiet:
        text = "Details: certificates explain NAME. Possible actions: certificates plan."
        error_console().print(text, style="dim")
    return scanned.exit_code(_FAIL_ON[fail_on])


def _asks_for_healthy(filters: Filters) -> bool:
    """Whether filters name a severity or verdict that healthy certificates have."""
    return Severity.OK in filters.severities or bool(filters.verdicts)
