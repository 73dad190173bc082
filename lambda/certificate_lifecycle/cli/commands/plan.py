"""`certificates plan`: what `apply` would do."""

from __future__ import annotations

import click

from certificate_lifecycle.cli.exits import Exit
from certificate_lifecycle.cli.looking import look, verdict_code
from certificate_lifecycle.cli.options import Manner, Selection, output_options, scope_options
from certificate_lifecycle.cli.output import console, print_json, print_scopes
from certificate_lifecycle.cli.planning import plan_entry, plan_of, print_plan


@click.command("plan")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...")
@scope_options
@output_options("table", "json")
def command(certificates: tuple[str, ...], selection: Selection, manner: Manner) -> Exit:
    """Say what `apply` would do, for all certificates or for those that are named.

    Nothing is changed.
    """
    looked = look(selection, manner)
    plan = plan_of(looked.run, certificates)
    if manner.output == "json":
        print_json(plan_entry(plan, looked.run))
    else:
        out = console()
        print_plan(out, plan)
        print_scopes(out, looked.run)
    return verdict_code(looked, None)
