"""`certificates explain`: one certificate, the decision about it, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.completing import certificate_names
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.explanation import Explanation, explain, explanation_entry
from certificate_lifecycle.cli.find_certificate import locate
from certificate_lifecycle.cli.options import Options, common_options
from certificate_lifecycle.cli.output import console, indented, location, print_json
from certificate_lifecycle.cli.scanning import interruptible_work, start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.cli.table import STYLES
from certificate_lifecycle.cli.trace import CheckAnswer, TracedCheck
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.certificate import Certificate, Severity, whole_days
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy import validation
from certificate_lifecycle.policy.coverage import Coverage

_INDENT = 2
#: The mark and the style of a check by its answer.
_MARKS = {
    CheckAnswer.HIT: ("=>", "bold"),
    CheckAnswer.PASSED: ("no", ""),
    CheckAnswer.NOT_REACHED: (" -", "dim"),
}


@click.command("explain")
@click.argument("certificate", metavar="NAME|ARN", shell_complete=certificate_names)
@common_options("table", "json", coverage=True)
def command(certificate: str, options: Options) -> Exit:
    """Show one certificate, the decision about it, and what comes next.

    NAME is matched with common names first, then with all names, then with wildcards. Changes
    nothing. Ends with 0 even if the certificate has a finding.
    """
    session = start(options)
    with interruptible_work(session, "Scanning the certificate", options):
        located = locate(session, certificate)
        within = _monitored_within(session, located.scope)
        explanation = explain(session, located, monitored_within=within)
    if options.format == "json":
        print_json(explanation_entry(explanation))
    else:
        _print(console(), explanation)
    if session.clock.interrupted:
        return Exit.INTERRUPTED
    return Exit.INCOMPLETE if explanation.problems else Exit.HEALTHY


def _monitored_within(session: Session, scope: Scope) -> Coverage | None:
    """Return the coverage of the deployed function in an account and region.

    None if its runs do not scan there.
    """
    if session.function is None:
        return None
    settings = rotation_settings(session.function.settings, [])
    if scope.region not in (settings.regions or (session.home.region,)):
        return None
    coverages = {account.account_id: account.coverage for account in settings.accounts}
    coverages[session.home.account_id] = settings.coverage
    everywhere = settings.organization
    return coverages.get(scope.account_id, everywhere.coverage if everywhere else None)


def _print(out: Console, explanation: Explanation) -> None:
    observation = explanation.observation
    _print_head(out, explanation)
    _section(out, "Why", _reasons(explanation))
    _print_checks(out, explanation.trace.checks)
    _print_forecast(out, explanation)
    _section(out, "Scope", [_coverage(explanation)])
    _section(out, "Used by", map(clean, explanation.used_by or ("nothing",)))
    _section(out, "Validation records", _records(explanation))
    if source := observation.source:
        _section(out, "Import source", [clean(source.text)])
    if export := observation.export:
        reason = f": {export.blocked_reason}" if export.blocked_reason else ""
        text = clean(f"{export.target.secret_arn} is {export.state.value}{reason}")
        _section(out, "Export target", [text])
    _section(out, "May another certificate take over?", _candidates(explanation))
    _section(out, "Recorded replacement", _replacement_record(explanation))
    if alert := explanation.alert_record:
        since = f", first on {_minute(alert.since)}" if alert.since else ""
        text = f"{alert.severity} {alert.verdict}, last on {_minute(alert.notified_at)}{since}"
        _section(out, "Notified", [clean(text)])
    _section(out, "Next run", _next(explanation))
    _section(out, "Could not be read", map(clean, explanation.problems))


def _print_head(out: Console, explanation: Explanation) -> None:
    certificate, assessment = explanation.certificate, explanation.assessment
    decision = assessment.decision
    out.print(Text(clean(certificate.domain_name) or "(no name)", style="bold"), overflow="fold")
    verdict = f"{decision.severity.label} {decision.verdict.value}: {decision.reason.value}"
    out.print(Text(verdict, style=STYLES[decision.severity]))
    others = ", ".join(clean(name) for name in certificate.names[1:])
    state = (certificate.type.value, certificate.status.value, certificate.key_algorithm)
    used = "used" if certificate.used else "not used"
    begins, ends = certificate.not_before, certificate.not_after
    dates = (
        f"valid from {begins:%Y-%m-%d}" if begins else "",
        f"until {_minute(ends)}" if ends else "",
    )
    facts = [
        f"also for {others}" if others else "",
        ", ".join(filter(None, (*state, used))),
        _hierarchy(certificate),
        " ".join(filter(None, dates)),
        f"owner {clean(assessment.owner)}" if assessment.owner else "",
        _ownership(assessment),
        f"muted until {assessment.muted_until}" if assessment.muted_until else "",
        location(certificate),
    ]
    for fact in filter(None, facts):
        indented(out, fact, style="dim", by=_INDENT)


def _hierarchy(certificate: Certificate) -> str:
    """Return the root and the usage of an Amazon N2 certificate, and whether ACM lists it."""
    root, usage = certificate.root_hierarchy, certificate.certificate_usage
    facts = [
        f"root hierarchy {clean(root)}" if root else "",
        f"usage {clean(usage)}" if usage else "",
        "" if certificate.listed else "not listed by ACM",
    ]
    return ", ".join(filter(None, facts))


def _ownership(assessment: Assessment) -> str:
    """Return who manages a certificate, and its mode; empty while its tags are unknown."""
    if assessment.owner_kind is None or assessment.permitted_mode is None:
        return ""
    return f"ownership {assessment.owner_kind}, permitted mode {assessment.permitted_mode}"


def _reasons(explanation: Explanation) -> Iterable[str]:
    first, final = explanation.trace.decision, explanation.assessment.decision
    yield clean(first.message)
    yield from map(clean, explanation.assessment.probe_results)
    if final != first:
        yield clean(final.message)
    if final.severity > Severity.OK:
        yield f"Fix: {final.action.meaning}"


def _coverage(explanation: Explanation) -> str:
    answers = {True: "covered", False: "outside the scope", None: "perhaps outside the scope"}
    return clean(f"{answers[explanation.covered]}: {explanation.coverage}")


def _print_checks(out: Console, checks: Iterable[TracedCheck]) -> None:
    """Print the checks, and the facts of the one that decided."""
    _title(out, "Checks in order; the first with the answer yes decides")
    for check in checks:
        mark, style = _MARKS[check.answer]
        indented(out, f"{mark} {check.question}", style=style, by=_INDENT)
        if check.answer is CheckAnswer.HIT:
            for name, value in check.facts.items():
                indented(out, clean(f"{name}: {value}"), style="dim", by=_INDENT + 3)


def _print_forecast(out: Console, explanation: Explanation) -> None:
    _title(out, "If nothing changes")
    now, *later = explanation.forecast
    if not later:
        indented(out, "The decision stays the same.", by=_INDENT)
    previous = now.decision
    for outlook in later:
        decision = outlook.decision
        days = whole_days(outlook.at - explanation.now)
        text = f"{_minute(outlook.at)}  in {days:>3} days  {decision.severity.label:<9}"
        same = (previous.severity, previous.verdict) == (decision.severity, decision.verdict)
        text += decision.reason.value if same else decision.verdict.value
        indented(out, text, style=STYLES[decision.severity], by=_INDENT)
        previous = decision


def _records(explanation: Explanation) -> Iterable[str]:
    for finding in explanation.records:
        mark = "in place" if finding.state is validation.RecordState.IN_PLACE else "WRONG"
        yield clean(f"{mark}: {validation.explain(finding)}")


def _candidates(explanation: Explanation) -> Iterable[str]:
    """Yield the certificates with one of its names, each with its names and the reasons."""
    for candidate in explanation.candidates:
        certificate = candidate.certificate
        ends = certificate.not_after
        yield clean(f"{certificate.arn}{f', expires on {ends:%Y-%m-%d}' if ends else ''}")
        why = candidate.explanation or candidate.continuity.meaning
        yield clean(f"  {candidate.continuity.value}, for {', '.join(certificate.names)}: {why}")


def _replacement_record(explanation: Explanation) -> Iterable[str]:
    replacement_record = explanation.replacement_record
    if replacement_record is None:
        return
    state, started = replacement_record.state, _minute(replacement_record.started_at)
    yield f"{state.value}: {state.meaning} Started on {started}."
    if replacement_record.successor_arn:
        yield f"successor {clean(replacement_record.successor_arn)}"
    if replacement_record.note:
        yield clean(replacement_record.note)
    for move in replacement_record.moves:
        note = f" ({move.note})" if move.note else ""
        yield clean(f"{move.binding.label}: {move.status.value}{note}")


def _next(explanation: Explanation) -> Iterable[str]:
    runner = "the deployed function" if explanation.monitored else "certificates apply"
    if not explanation.actions:
        yield f"In mode {explanation.mode}, {runner}: no action."
    for record in explanation.actions:
        text = f"{record.outcome.value} {record.action.value}: {record.detail}"
        yield clean(f"In mode {explanation.mode}, {runner}: {text}")
    if not explanation.monitored:
        yield "No deployed function monitors it."


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    """Print a section unless it is empty."""
    shown = list(lines)
    if shown:
        _title(out, title)
    for line in shown:
        indented(out, line, by=_INDENT)


def _title(out: Console, title: str) -> None:
    out.print()
    out.print(Text(title, style="bold"))


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
