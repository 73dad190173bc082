"""`certificates scan`: list certificates that need attention, most severe first."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import (
    console,
    error_console,
    print_csv,
    print_findings,
    print_json,
    scan_entry,
)
from certificate_lifecycle.cli.scanning import scan
from certificate_lifecycle.model.certificate import Severity

_FAIL_ON = {
    **{severity.label: severity for severity in Severity if severity is not Severity.OK},
    "never": None,
}


@click.command("scan")
@common_options("table", "json", "csv", coverage=True)
@click.option("--all", "everything", is_flag=True, help="Print healthy certificates too.")
@click.option(
    "--fail-on",
    type=click.Choice(list(_FAIL_ON)),
    default="warning",
    show_default=True,
    help="Least severe finding that ends the command with 1.",
)
def command(options: Options, *, everything: bool, fail_on: str) -> Exit:
    """List certificates that need attention, most severe first.

    Changes nothing. Findings that are muted by a tag are listed, but never end the command with 1.
    """
    scanned = scan(options)
    if options.format == "json":
        print_json(scan_entry(scanned.run))
    elif options.format == "csv":
        print_csv(scanned.run)
    else:
        print_findings(console(), scanned.run, everything=everything)
        if scanned.run.findings and not options.quiet:
            text = "Details: certificates explain NAME. Possible actions: certificates plan."
            error_console().print(text, style="dim")
    return scanned.exit_code(_FAIL_ON[fail_on])
