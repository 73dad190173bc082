"""`certificates drill`: whether ACM could renew a certificate."""

from __future__ import annotations

from functools import cache

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.cli import session
from certificate_lifecycle.cli.aws.public_dns import ResolvedDns
from certificate_lifecycle.cli.drill_checks import CheckOutcome, RenewalAnswer
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.find_certificate import Located, locate
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    output_options,
    resolver_option,
    scope_options,
)
from certificate_lifecycle.cli.output import (
    console,
    error_console,
    indented,
    print_json,
    whereabouts,
)
from certificate_lifecycle.cli.progress import busy
from certificate_lifecycle.cli.renewal_drill import Drill, DrillResult, drill_entry
from certificate_lifecycle.cli.scanning import start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.model.sanitize import clean

_BY = 2
_NAME_WIDTH = 20
_STYLES = {
    CheckOutcome.PASSED: "green",
    CheckOutcome.FAILED: "bold red",
    CheckOutcome.UNKNOWN: "yellow",
}
_ANSWER_STYLES = {
    RenewalAnswer.YES: "green",
    RenewalAnswer.NO: "bold red",
    RenewalAnswer.PARTLY: "yellow",
}
_CODES = {
    RenewalAnswer.YES: Exit.HEALTHY,
    RenewalAnswer.NO: Exit.FINDINGS,
    RenewalAnswer.PARTLY: Exit.INCOMPLETE,
}


@click.command("drill")
@click.argument("certificate", metavar="NAME|ARN")
@resolver_option
@scope_options
@output_options("table", "json")
def command(
    certificate: str,
    resolvers: tuple[str, ...],
    targets: TargetOptions,
    output_options: OutputOptions,
) -> Exit:
    """Check whether ACM could renew a certificate.

    Checks eligibility, validation records, delegation, public DNS and CAA records; for a private
    certificate its CA; for an imported one its import source. Nothing is changed.

    Ends with 0 if a renewal would work, 1 if not, and 3 if that is known in part only.
    """
    reached = start(targets, output_options)
    what = "Checking what a renewal needs"
    with interruptible(reached.clock), busy(error_console(), what, quiet=output_options.quiet):
        located = locate(reached, certificate)
        result = _drill(reached, located, resolvers).check(located.certificate)
    if output_options.output == "json":
        print_json(drill_entry(result))
    else:
        _print(console(), result)
    return Exit.INTERRUPTED if reached.clock.interrupted else _CODES[result.answer]


def _drill(reached: Session, located: Located, resolvers: tuple[str, ...]) -> Drill:
    clients = located.clients
    now = session.current_time()
    return Drill(
        certificates=clients.certificates,
        dns=clients.dns,
        public=cache(lambda: ResolvedDns(resolvers)),
        clock=reached.clock,
        stores=clients.stores,
        sources=Sources(
            secrets=clients.import_secrets,
            secret_arns=reached.settings.import_sources,
        ),
        thresholds=reached.settings.thresholds,
        now=now,
    )


def _print(out: Console, result: DrillResult) -> None:
    certificate = result.certificate
    head = Text("Drill of ").append(clean(certificate.domain_name) or "(no name)", style="bold")
    out.print(head, overflow="fold")
    indented(out, whereabouts(certificate), style="dim", by=_BY)
    for check in result.checks:
        name = Text(f"  {check.name:<{_NAME_WIDTH}}")
        out.print(name.append(check.outcome.value, style=_STYLES[check.outcome]))
        indented(out, clean(check.text), by=_BY * 2)
    out.print(
        Text("Would a renewal work? ")
        .append(f"{result.answer.value}.", style=_ANSWER_STYLES[result.answer])
        .append(f" {result.answer.meaning}")
    )
