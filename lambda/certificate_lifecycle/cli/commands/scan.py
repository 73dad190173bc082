"""`certificates scan`: what is wrong with which certificate, worst first."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    output_options,
    scope_options,
)
from certificate_lifecycle.cli.output import (
    console,
    error_console,
    print_csv,
    print_findings,
    print_json,
    scan_entry,
)
from certificate_lifecycle.cli.scanning import look, verdict_code
from certificate_lifecycle.model.certificate import Severity

SEVERITIES = [entry.label for entry in (Severity.INFO, Severity.WARNING, Severity.CRITICAL)]
NEVER = "never"


@click.command("scan")
@scope_options
@output_options("table", "json", "csv")
@click.option("--all", "everything", is_flag=True, help="Print what is healthy, too.")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, NEVER]),
    default="warning",
    show_default=True,
    help="End with 1 from this severity on.",
)
def command(
    targets: TargetOptions, output_options: OutputOptions, *, everything: bool, fail_on: str
) -> Exit:
    """Say what is wrong with which certificate, worst first.

    Nothing is changed. What is muted by its tag is printed, and never a reason to end with 1.
    """
    looked = look(targets, output_options)
    if output_options.output == "json":
        print_json(scan_entry(looked.run))
    elif output_options.output == "csv":
        print_csv(looked.run)
    else:
        print_findings(console(), looked.run, everything=everything)
        if looked.run.findings and not output_options.quiet:
            error_console().print(
                "certificates explain NAME says everything about one of them, certificates plan "
                "what can be done.",
                style="dim",
            )
    return verdict_code(looked, None if fail_on == NEVER else Severity[fail_on.upper()])
