"""`certificates plan`: show what `apply` would do."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.completing import certificate_names
from certificate_lifecycle.cli.exit_codes import DETAILED, Exit, PlanExit
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, print_json, print_scopes
from certificate_lifecycle.cli.planning import plan_entry, plan_of, print_plan
from certificate_lifecycle.cli.scanning import scan


@click.command("plan")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...", shell_complete=certificate_names)
@click.option(
    DETAILED,
    "detailed",
    is_flag=True,
    help="End with 2 if `apply` would take actions, with 0 if not, and with 1 after an error.",
)
@common_options("table", "json", coverage=True, filters=True)
def command(certificates: tuple[str, ...], options: Options, *, detailed: bool) -> Exit | PlanExit:
    """Show what `apply` would do, for all or some certificates. Changes nothing."""
    scanned = scan(options)
    plan = plan_of(scanned.run, certificates, scanned.shown)
    if options.format == "json":
        print_json(plan_entry(plan, scanned.run))
    else:
        print_plan(console(), plan)
        print_scopes(console(), scanned.run)
    code = scanned.exit_code(None)
    if not detailed or code is not Exit.HEALTHY:
        return code
    # Without an answer about the instance, `apply` refuses.
    if scanned.session.unknown is not None:
        return Exit.INCOMPLETE
    return PlanExit.ACTIONS if plan.actions else PlanExit.NOTHING
