"""`certificates drill`: check whether ACM could renew a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.app.authorities import AuthorityConstraints
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.reimport import Sources
from certificate_lifecycle.cli.completing import certificate_names
from certificate_lifecycle.cli.confirmation import confirmed, require_terminal
from certificate_lifecycle.cli.drill_checks import CheckOutcome, RenewalAnswer
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.find_certificate import Located, locate
from certificate_lifecycle.cli.off_public_dns import OffPublicDns
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, counted, indented, location, print_json
from certificate_lifecycle.cli.renewal_drill import Drill, DrillResult, Trial, drill_entry
from certificate_lifecycle.cli.scanning import interruptible_work, start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.cli.throw_away import ThrowAways
from certificate_lifecycle.model.certificate import CertificateType
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.sanitize import clean as clean_text
from certificate_lifecycle.policy.validation import Zone

_INDENT = 2
_WAIT_MINUTES, _MOST_MINUTES = 10, 30
_NAME_WIDTH = 20
_STEP_WIDTH = 30
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
@click.argument("certificate", metavar="NAME|ARN", shell_complete=certificate_names)
@click.option(
    "--issue",
    is_flag=True,
    help="Also request, validate and delete a throw-away certificate in each hosted zone.",
)
@click.option(
    "--clean",
    is_flag=True,
    help="Delete what killed drills left in the account and region of NAME; `--issue` starts so.",
)
@click.option(
    "--wait",
    "wait_minutes",
    type=click.IntRange(1, _MOST_MINUTES),
    default=_WAIT_MINUTES,
    show_default=True,
    help="Minutes that `--issue` waits for ACM to validate.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@common_options("table", "json")
def command(
    certificate: str, options: Options, *, issue: bool, clean: bool, wait_minutes: int, yes: bool
) -> Exit:
    """Check whether ACM could renew a certificate.

    Checks eligibility, validation records, delegation, DNSSEC, public DNS and CAA records; for a
    private certificate its CA; for an imported one its import source. Without `--issue` and
    `--clean` it changes nothing. Each request of `--issue` counts against ACM's yearly quota.

    Ends with 0 if a renewal would work, 1 if not, and 3 if only part of it could be checked;
    with `--clean` alone with 0 unless a deletion fails.
    """
    if issue or clean:
        require_terminal(yes=yes)
    session = start(options)
    with interruptible_work(session, "Checking what a renewal needs", options):
        located = locate(session, certificate)
        result = _drill(session, located).check(located.certificate)
    if issue and result.certificate.type is not CertificateType.AMAZON_ISSUED:
        raise ConfigurationError(["--issue needs a public certificate that ACM issued"])
    if options.format == "table":
        _print(console(), result)
    trial = Trial()
    if (issue or clean) and not session.clock.interrupted:
        trial = _tried(
            session, located, result, options, issue=issue, minutes=wait_minutes, yes=yes
        )
    if options.format == "json":
        print_json(drill_entry(result, trial))
    else:
        _print_trial(console(), trial)
    if session.clock.interrupted:
        return Exit.INTERRUPTED
    if trial.failed:
        return Exit.FINDINGS
    return Exit.HEALTHY if clean and not issue else _ANSWERS[result.answer][0]


def _tried(
    session: Session,
    located: Located,
    result: DrillResult,
    options: Options,
    *,
    issue: bool,
    minutes: int,
    yes: bool,
) -> Trial:
    """Ask for confirmation, delete what killed drills left, and issue if asked to."""
    throw_aways = _throw_aways(session, located, minutes)
    with interruptible_work(session, "Reading the hosted zones", options):
        zones, failed = throw_aways.zones_of(result.certificate) if issue else ([], [])
    if not confirmed(_question(zones), yes=yes):
        return Trial()
    trial = Trial(throw_aways=failed)
    text = "Requesting and deleting. Ctrl-C stops, and deletes what was made"
    with interruptible_work(session, text, options):
        trial.leftovers.extend(throw_aways.clean())
        for zone in zones:
            if not session.clock.interrupted:
                trial.throw_aways.append(throw_aways.issue(zone))
    return trial


def _question(zones: Sequence[Zone]) -> str:
    if not zones:
        return "Delete what killed drills left in this account and region?"
    names = ", ".join(clean_text(dns_form(zone.name)) for zone in zones)
    return (
        "Delete what killed drills left, then request, validate and delete a certificate below "
        f"{names}? ACM's yearly quota counts {counted(len(zones), 'request')}."
    )


def _throw_aways(session: Session, located: Located, minutes: int) -> ThrowAways:
    return ThrowAways(
        certificates=located.clients.certificates,
        dns=located.clients.dns,
        public=session.public_dns,
        clock=session.clock,
        current_time=session.current_time,
        region=located.scope.region,
        wait=timedelta(minutes=minutes),
    )


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
        authorities=AuthorityConstraints(authorities=clients.authorities, clock=session.clock),
        exports=ExportTargets.of(settings.export_targets, clients.export_secrets),
        thresholds=settings.thresholds,
        now=session.current_time(),
    )


def _print(out: Console, result: DrillResult) -> None:
    certificate, answer = result.certificate, result.answer
    head = Text("Drill of ").append(
        clean_text(certificate.domain_name) or "(no name)", style="bold"
    )
    out.print(head, overflow="fold")
    indented(out, location(certificate), style="dim", by=_INDENT)
    for check in result.checks:
        name = Text(f"  {check.name:<{_NAME_WIDTH}}")
        out.print(name.append(check.outcome.value, style=_STYLES[check.outcome]))
        indented(out, clean_text(check.text), by=_INDENT * 2)
    text = Text("Would a renewal work? ").append(f"{answer.value}.", style=_ANSWERS[answer][1])
    out.print(text.append(f" {answer.meaning}"))


def _print_trial(out: Console, trial: Trial) -> None:
    """Print what was deleted, and each step of each throw-away certificate with its time."""
    for leftover in trial.leftovers:
        out.print(Text("Left by an earlier drill", style="bold"))
        indented(out, clean_text(leftover.certificate_arn), by=_INDENT)
        style = _STYLES[leftover.outcome]
        indented(out, clean_text(leftover.text), style=style, by=_INDENT)
    for throw_away in trial.throw_aways:
        head = Text("Throw-away certificate for ").append(clean_text(throw_away.zone), style="bold")
        out.print(head, overflow="fold")
        for step in throw_away.steps:
            name = Text(f"  {step.name:<{_STEP_WIDTH}}")
            name.append(f"{step.outcome.value:<8}", style=_STYLES[step.outcome])
            out.print(name.append(f"{step.seconds:6.1f} s"))
            indented(out, clean_text(step.text), by=_INDENT * 2)
