"""`certificates drill`: rehearse a renewal without touching what uses the certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.app.imports import Sources
from certificate_lifecycle.cli.commands.apply import agreed, require_an_answer, require_known
from certificate_lifecycle.cli.drill import Drill, Plan, Rehearsal, rehearsal_entry
from certificate_lifecycle.cli.exits import Exit
from certificate_lifecycle.cli.interrupts import InterruptedByUserError, interruptible
from certificate_lifecycle.cli.looking import start
from certificate_lifecycle.cli.lookup import Located, locate
from certificate_lifecycle.cli.options import (
    Manner,
    Selection,
    output_options,
    resolver_option,
    scope_options,
)
from certificate_lifecycle.cli.output import console, errors, indented, print_json, whereabouts
from certificate_lifecycle.cli.outside.public_dns import ResolvedDns
from certificate_lifecycle.cli.session import Reach
from certificate_lifecycle.core.drill import Answer, Outcome, Step
from certificate_lifecycle.core.text import clean

_BY = 2
_WAIT_SECONDS = 900
_NAME_WIDTH = 20
_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.UNKNOWN: "yellow"}
_ANSWER_STYLES = {Answer.YES: "green", Answer.NO: "bold red", Answer.PARTLY: "yellow"}


@click.command("drill")
@click.argument("certificate", metavar="NAME|ARN")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.IntRange(0, 7200),
    default=_WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait until ACM has issued the twin.",
)
@resolver_option
@click.option("--yes", is_flag=True, help="Request and delete the twin without asking.")
@scope_options()
@output_options("table", "json")
def command(
    certificate: str,
    wait_seconds: int,
    resolvers: tuple[str, ...],
    selection: Selection,
    manner: Manner,
    *,
    yes: bool,
) -> Exit:
    """Rehearse a renewal without touching what uses the certificate.

    First it looks at all that a renewal needs, shows that, and asks. Then it requests a twin: a
    certificate with the same names and another key, which nothing takes for a successor. It waits
    until ACM has issued the twin, compares it, and deletes it, also after Ctrl-C; a twin that a
    killed drill has left is deleted by the next one. No validation record is written or deleted.
    For an imported certificate its import source is read and checked, and nothing is imported.

    Ends with 0 if a renewal would have worked, 1 if not, and 3 if that is known in part only.
    """
    require_an_answer(yes=yes)
    reached = start(selection, manner)
    require_known(reached)
    with interruptible(reached.clock), _telling(errors(), quiet=manner.quiet) as tell:
        located = locate(reached, certificate)
        drill = _drill(reached, located, tell, timedelta(seconds=wait_seconds), resolvers)
        plan = drill.plan(located.certificate, located.everything)
    if manner.output == "table":
        _print_plan(console(), plan)
    rehearsal = Rehearsal(plan=plan)
    if plan.writes and not (yes or agreed("Go on?")):
        return Exit.FINDINGS
    if plan.writes:
        _carry_out(reached, drill, rehearsal, manner)
    if manner.output == "json":
        print_json(rehearsal_entry(rehearsal, carried_out=plan.writes))
    else:
        _print_result(console(), rehearsal)
    return _code(reached, rehearsal)


def _carry_out(reached: Reach, drill: Drill, rehearsal: Rehearsal, manner: Manner) -> None:
    """Carry out what was agreed to; Ctrl-C ends the waiting, and the twin is deleted first."""
    err = errors()
    with interruptible(reached.clock), _telling(err, quiet=manner.quiet) as tell:
        try:
            replace(drill, tell=tell).carry_out(rehearsal)
        except InterruptedByUserError:
            return
        except Exception:
            # What became of the twin must be known, whatever else went wrong.
            _print_result(err, rehearsal)
            raise


def _drill(
    reached: Reach,
    located: Located,
    tell: Callable[[str], None],
    limit: timedelta,
    resolvers: tuple[str, ...],
) -> Drill:
    around = located.around
    return Drill(
        certificates=around.certificates,
        dns=around.dns,
        public=cache(lambda: ResolvedDns(resolvers)),
        clock=reached.clock,
        ledger=around.ledger,
        stores=around.stores,
        sources=Sources(
            secrets=around.import_secrets,
            secret_arns=reached.settings.import_sources,
        ),
        thresholds=reached.settings.thresholds,
        limit=limit,
        current_time=reached.current_time,
        tell=tell,
    )


def _code(reached: Reach, rehearsal: Rehearsal) -> Exit:
    if reached.clock.interrupted:
        return Exit.INTERRUPTED
    if rehearsal.left:
        return Exit.INCOMPLETE
    codes = {Answer.YES: Exit.HEALTHY, Answer.NO: Exit.FINDINGS, Answer.PARTLY: Exit.INCOMPLETE}
    return codes[rehearsal.answer]


@contextmanager
def _telling(err: Console, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show what is going on while the block runs, where somebody watches."""
    if quiet or not err.is_terminal:
        yield lambda _: None
        return
    with err.status("Looking") as status:
        yield lambda text: status.update(Text(clean(text)))


# --- For people -----------------------------------------------------------------------------------


def _print_plan(out: Console, plan: Plan) -> None:
    certificate = plan.certificate
    head = Text("Drill of ").append(clean(certificate.domain_name) or "(no name)", style="bold")
    out.print(head, overflow="fold")
    indented(out, whereabouts(certificate), style="dim", by=_BY)
    for step in plan.steps:
        _print_step(out, step)
    if plan.refusal is not None:
        indented(out, f"No twin is requested: {plan.refusal}.", by=_BY)
    if plan.request is not None:
        request = plan.request
        out.print(Text("To do", style="bold"))
        indented(
            out,
            f"Request a twin with the names {', '.join(map(clean, request.names))} and the key "
            f"{request.key_algorithm} in {request.region}, wait until ACM has issued it, and "
            "delete it. Nothing that uses a certificate is touched, and no record.",
            by=_BY,
        )
        indented(out, plan.cost, by=_BY)
    for twin in plan.leftovers:
        verb = "Go on with and delete" if plan.request is not None else "Delete"
        _print_arn(out, f"{verb} the twin of another drill:", twin.arn)


def _print_result(out: Console, rehearsal: Rehearsal) -> None:
    for step in rehearsal.steps:
        _print_step(out, step)
    for arn in rehearsal.deleted:
        _print_arn(out, "Deleted:", arn)
    for left in rehearsal.left:
        text = f"A twin is left behind, because {clean(left.why)}. Repeat the drill to delete"
        _print_arn(out, text, left.arn, style="bold red")
    answer = rehearsal.answer
    out.print(
        Text("Would it have worked? ")
        .append(f"{answer.value}.", style=_ANSWER_STYLES[answer])
        .append(f" {answer.meaning}")
    )


def _print_step(out: Console, step: Step) -> None:
    head = Text(f"  {step.name:<{_NAME_WIDTH}}").append(
        f"{step.outcome.value:<8}", style=_STYLES[step.outcome]
    )
    out.print(head.append(f"{step.seconds:>7.1f} s", style="dim"))
    indented(out, clean(step.text), by=_BY * 2)


def _print_arn(out: Console, text: str, arn: str, *, style: str = "") -> None:
    """Print an ARN below what is said of it, on one line however long: it is there to be copied."""
    indented(out, text, style=style, by=_BY)
    out.print(f"    {arn}", markup=False, soft_wrap=True)
