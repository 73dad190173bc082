"""`certificates apply`: repair and replace certificates, after a confirmation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click

from certificate_lifecycle.cli.completing import certificate_names
from certificate_lifecycle.cli.confirmation import confirmed, require_terminal
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.options import NO_INSTANCE, Options, common_options
from certificate_lifecycle.cli.output import console, error_console, print_json, print_scopes
from certificate_lifecycle.cli.planning import (
    ActionPlan,
    plan_entry,
    plan_of,
    print_plan,
    print_results,
)
from certificate_lifecycle.cli.scanning import Scan, run_with_progress, scan
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.model.run import Outcome, Run

#: Like the function's timeout: a claim in the state table lasts longer, see `policy.succession`.
_TIMEOUT = timedelta(minutes=15)


@click.command("apply")
@click.argument("certificates", nargs=-1, metavar="[NAME|ARN]...", shell_complete=certificate_names)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common_options("table", "json", coverage=True, filters=True)
def command(certificates: tuple[str, ...], options: Options, *, yes: bool) -> Exit:
    """Repair, export and replace certificates, as the deployed function does.

    Shows the planned actions and asks for confirmation. Takes only these actions, and only if they
    are still needed. Skips certificates that a run of the deployed function is working on.
    """
    require_terminal(yes=yes)
    scanned = scan(options)
    if scanned.session.unknown is not None:
        # Without the state table two runs might do the same at the same time.
        raise CertificateLifecycleError(
            f"{scanned.session.unknown}\nNothing was changed. Allow "
            f"lambda:GetFunctionConfiguration, or give --instance {NO_INSTANCE} if the module is "
            "not deployed."
        )
    plan = plan_of(scanned.run, certificates, scanned.shown)
    if options.format == "table":
        print_plan(console(), plan, manual=False)
        print_scopes(console(), scanned.run)
    if not plan.actions or scanned.session.clock.interrupted:
        if options.format == "json":
            print_json(plan_entry(plan, scanned.run))
        return scanned.exit_code(None)
    if not confirmed("Take these actions?", yes=yes):
        return Exit.FINDINGS
    return _apply(scanned, plan, options)


def _apply(scanned: Scan, plan: ActionPlan, options: Options) -> Exit:
    session = scanned.session
    request = session.request(
        certificate_arns=plan.certificate_arns, dry_run=False, agreed=plan.agreed
    )
    session.clock.limit(_TIMEOUT)
    run, scope_runs = run_with_progress(session, request, options)
    if options.format == "json":
        document = plan_entry(plan, _with_failed_scopes(run, scanned.run))
        print_json({**document, "actions": [record.to_dict() for record in run.actions]})
    else:
        print_results(console(), plan, run)
        print_scopes(console(), run)
    # The results are printed, so the next run of the function need not report these actions.
    for scope_run in scope_runs:
        if scope_run.pending_writes is not None:
            scope_run.pending_writes.clear_own_intents()
    if not options.quiet and run.done:
        error_console().print("Check the result with: certificates scan", style="dim")
    return _exit_code(scanned, plan, run)


def _with_failed_scopes(run: Run, scanned: Run) -> Run:
    """Return a run with the scopes that failed in the scan before it, which it skipped."""
    failures = {scope.label: scope for scope in scanned.scopes if scope.error is not None}
    own = {scope.label: scope for scope in run.scopes}
    failed = {label: scope for label, scope in own.items() if scope.error is not None}
    return replace(run, scopes=list((own | failures | failed).values()))


def _exit_code(scanned: Scan, plan: ActionPlan, run: Run) -> Exit:
    if scanned.session.clock.interrupted:
        return Exit.INTERRUPTED
    done = {record.certificate_arn for record in run.actions}
    if scanned.run.failed or run.failed or not done >= set(plan.certificate_arns):
        return Exit.INCOMPLETE
    manual = any(record.outcome is Outcome.ADVISED for record in run.actions)
    return Exit.FINDINGS if manual else Exit.HEALTHY
