"""`certificates plan`: what `apply` would do."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    output_options,
    scope_options,
)
from certificate_lifecycle.cli.output import console, print_json, print_scopes
from certificate_lifecycle.cli.planning import plan_entry, plan_of, print_plan
from certificate_lifecycle.cli.scanning import look, verdict_code


@click.command("plan")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...")
@scope_options
@output_options("table", "json")
def command(
    certificates: tuple[str, ...], targets: TargetOptions, output_options: OutputOptions
) -> Exit:
    """Say what `apply` would do, for all certificates or for those that are named.

    Nothing is changed.
    """
    looked = look(targets, output_options)
    plan = plan_of(looked.run, certificates)
    if output_options.output == "json":
        print_json(plan_entry(plan, looked.run))
    else:
        out = console()
        print_plan(out, plan)
        print_scopes(out, looked.run)
    return verdict_code(looked, None)
