"""`certificates drill`: check whether ACM could renew a certificate."""

from __future__ import annotations

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.cli.drill_checks import CheckOutcome, RenewalAnswer
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.find_certificate import Located, locate
from certificate_lifecycle.cli.off_public_dns import OffPublicDns
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, indented, location, print_json
from certificate_lifecycle.cli.renewal_drill import Drill, DrillResult, drill_entry
from certificate_lifecycle.cli.scanning import interruptible_work, start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.model.sanitize import clean

_INDENT = 2
_NAME_WIDTH = 20
_STYLES = {
    CheckOutcome.PASSED: "green",
    CheckOutcome.FAILED: "bold red",
    CheckOutcome.UNKNOWN: "yellow",
}
_ANSWERS = {
    RenewalAnswer.YES: (Exit.HEALTHY, "green"),
    RenewalAnswer.NO: (Exit.FINDINGS, "bold red"),
    RenewalAnswer.PARTLY: (Exit.INCOMPLETE, "yellow"),
}


@click.command("drill")
@click.argument("certificate", metavar="NAME|ARN")
@common_options("table", "json")
def command(certificate: str, options: Options) -> Exit:
    """Check whether ACM could renew a certificate.

    Checks eligibility, validation records, delegation, public DNS and CAA records; for a private
    certificate its CA; for an imported one its import source. Changes nothing.

    Ends with 0 if a renewal would work, 1 if not, and 3 if only part of it could be checked.
    """
    session = start(options)
    with interruptible_work(session, "Checking what a renewal needs", options):
        located = locate(session, certificate)
        result = _drill(session, located).check(located.certificate)
    if options.format == "json":
        print_json(drill_entry(result))
    else:
        _print(console(), result)
    return Exit.INTERRUPTED if session.clock.interrupted else _ANSWERS[result.answer][0]


def _drill(session: Session, located: Located) -> Drill:
    clients, settings = located.clients, session.settings
    return Drill(
        certificates=clients.certificates,
        dns=clients.dns,
        public=session.public_dns or OffPublicDns(),
        clock=session.clock,
        stores=clients.stores,
        sources=Sources(
            by_arn=settings.import_sources,
            secrets=clients.import_secrets,
            certificates=clients.certificates,
            histories=clients.state_store,
        ),
        exports=ExportTargets.of(settings.export_targets, clients.export_secrets),
        thresholds=settings.thresholds,
        now=session.current_time(),
    )


def _print(out: Console, result: DrillResult) -> None:
    certificate, answer = result.certificate, result.answer
    head = Text("Drill of ").append(clean(certificate.domain_name) or "(no name)", style="bold")
    out.print(head, overflow="fold")
    indented(out, location(certificate), style="dim", by=_INDENT)
    for check in result.checks:
        name = Text(f"  {check.name:<{_NAME_WIDTH}}")
        out.print(name.append(check.outcome.value, style=_STYLES[check.outcome]))
        indented(out, clean(check.text), by=_INDENT * 2)
    text = Text("Would a renewal work? ").append(f"{answer.value}.", style=_ANSWERS[answer][1])
    out.print(text.append(f" {answer.meaning}"))
