"""`certificates plan`: show what `apply` would do."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, print_json, print_scopes
from certificate_lifecycle.cli.planning import plan_entry, plan_of, print_plan
from certificate_lifecycle.cli.scanning import scan


@click.command("plan")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...")
@common_options("table", "json", coverage=True, filters=True)
def command(certificates: tuple[str, ...], options: Options) -> Exit:
    """Show what `apply` would do, for all or some certificates. Changes nothing."""
    scanned = scan(options)
    plan = plan_of(scanned.run, certificates, scanned.shown)
    if options.format == "json":
        print_json(plan_entry(plan, scanned.run))
    else:
        print_plan(console(), plan)
        print_scopes(console(), scanned.run)
    return scanned.exit_code(None)
