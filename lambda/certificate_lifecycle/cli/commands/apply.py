"""`certificates apply`: mend and replace, after showing what and asking."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import click

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import (
    NO_INSTANCE,
    OutputOptions,
    TargetOptions,
    output_options,
    scope_options,
)
from certificate_lifecycle.cli.output import console, error_console, print_json, print_scopes
from certificate_lifecycle.cli.planning import (
    Plan,
    plan_entry,
    plan_of,
    print_plan,
    print_results,
)
from certificate_lifecycle.cli.scanning import Scanned, carry_out, look, verdict_code
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.model.run import Outcome, Run

#: As long as the function has: a claim in the ledger lasts longer, see `core.replacement.CLAIM`.
_AT_MOST = timedelta(minutes=15)


@click.command("apply")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...")
@click.option("--yes", is_flag=True, help="Do what is planned without asking.")
@scope_options
@output_options("table", "json")
def command(
    certificates: tuple[str, ...],
    targets: TargetOptions,
    output_options: OutputOptions,
    *,
    yes: bool,
) -> Exit:
    """Mend, export and replace, as the deployed function would.

    First it shows what would be done, and asks. What it does then is what was shown, and only
    while it is still needed. What the ledger of a deployed instance says is in other hands is
    left alone.
    """
    require_an_answer(yes=yes)
    looked = look(targets, output_options)
    require_known(looked.reached)
    plan = plan_of(looked.run, certificates)
    if output_options.output == "table":
        print_plan(console(), plan, manual_steps=False)
        print_scopes(console(), looked.run)
    if not plan.steps or looked.reached.clock.interrupted:
        if output_options.output == "json":
            print_json(plan_entry(plan, looked.run))
        return verdict_code(looked, None)
    if not (yes or agreed("Take these actions?")):
        return Exit.FINDINGS
    return _apply(looked, plan, output_options)


def _apply(looked: Scanned, plan: Plan, output_options: OutputOptions) -> Exit:
    reached = looked.reached
    request = reached.request(
        certificate_arns=plan.certificate_arns, dry_run=False, agreed=plan.agreed
    )
    reached.clock.limit(_AT_MOST)
    with interruptible(reached.clock):
        run, scope_runs = carry_out(reached, request, output_options)
    if output_options.output == "json":
        print_json(
            {
                **plan_entry(plan, _with_what_was_unseen(run, looked.run)),
                "actions": [record.to_dict() for record in run.actions],
            }
        )
    else:
        print_results(console(), plan, run)
        print_scopes(console(), run)
    # Only now: until it is printed, nobody has been told.
    for scope_run in scope_runs:
        if scope_run.pending_writes is not None:
            scope_run.pending_writes.clear_own_intents()
    if not output_options.quiet and run.done:
        error_console().print("certificates scan says how it is now.", style="dim")
    return _code(looked, plan, run)


def _with_what_was_unseen(run: Run, looked: Run) -> Run:
    """Return a run with what the look before it could not see: nobody looks there again."""
    failures = {scope.label: scope for scope in looked.scopes if scope.error is not None}
    own = {scope.label: scope for scope in run.scopes}
    failed = {label: scope for label, scope in own.items() if scope.error is not None}
    return replace(run, scopes=list((own | failures | failed).values()))


def _code(looked: Scanned, plan: Plan, run: Run) -> Exit:
    if looked.reached.clock.interrupted:
        return Exit.INTERRUPTED
    done = {record.certificate_arn for record in run.actions}
    if looked.run.incomplete or run.incomplete or not done >= set(plan.certificate_arns):
        return Exit.INCOMPLETE
    left = any(record.outcome is Outcome.ADVISED for record in run.actions)
    return Exit.FINDINGS if left else Exit.HEALTHY


def require_an_answer(*, yes: bool) -> None:
    """Raise a UsageError where nobody can be asked, before anything is done."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: give --yes to do what is planned")


def agreed(question: str) -> bool:
    """Ask, and say so if nothing is done; Ctrl-C ends the command."""
    if click.confirm(question, err=True):
        return True
    error_console().print("Nothing was done.")
    return False


def require_known(reached: Session) -> None:
    """Raise CertificateLifecycleError unless it is known whether an instance is deployed.

    Without its ledger two runs might do the same at the same time.
    """
    if reached.unknown is not None:
        raise CertificateLifecycleError(
            f"{reached.unknown}\nNothing is written like that. Let somebody allow "
            f"lambda:GetFunctionConfiguration, or say --instance {NO_INSTANCE} if there is none."
        )
