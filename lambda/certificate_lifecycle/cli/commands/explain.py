"""`certificates explain`: everything about one certificate, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import click
from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli import session
from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.cli.explanation import Explaining, Explanation, explanation_entry
from certificate_lifecycle.cli.find_certificate import locate
from certificate_lifecycle.cli.interrupts import interruptible
from certificate_lifecycle.cli.options import (
    OutputOptions,
    TargetOptions,
    output_options,
    scope_options,
)
from certificate_lifecycle.cli.output import (
    STYLES,
    console,
    error_console,
    indented,
    print_json,
    whereabouts,
)
from certificate_lifecycle.cli.progress import busy
from certificate_lifecycle.cli.scanning import start
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.cli.trace import Answer, Step
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.certificate import Decision, Severity
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.validation import RecordState, explain

_BY = 2
_MARKS = {Answer.HIT: "=>", Answer.PASSED: "no", Answer.NOT_REACHED: " -"}
_CHECK_STYLES = {Answer.HIT: "bold", Answer.PASSED: "", Answer.NOT_REACHED: "dim"}


@click.command("explain")
@click.argument("certificate", metavar="NAME|ARN")
@scope_options
@output_options("table", "json")
def command(certificate: str, targets: TargetOptions, output_options: OutputOptions) -> Exit:
    """Say everything about one certificate, and what comes next.

    NAME is looked for among the common names first, then among all names, then among what
    wildcards cover. Nothing is changed. Ends with 0 even if something is wrong with it: that is
    what scan is for.
    """
    reached = start(targets, output_options)
    with (
        interruptible(reached.clock),
        busy(error_console(), "Looking at it", quiet=output_options.quiet),
    ):
        explanation = _explained(reached, certificate)
    if output_options.output == "json":
        print_json(explanation_entry(explanation))
    else:
        _print(console(), explanation)
    if reached.clock.interrupted:
        return Exit.INTERRUPTED
    return Exit.INCOMPLETE if explanation.problems else Exit.HEALTHY


def _explained(reached: Session, wanted: str) -> Explanation:
    located = locate(reached, wanted)
    return Explaining(
        request=reached.request(),
        scope=located.scope,
        clients=located.clients,
        clock=reached.clock,
        current_time=session.current_time,
        watched=_is_watched(reached, located.scope),
    ).explain(located.certificate.arn)


def _is_watched(reached: Session, scope: Scope) -> bool:
    """Whether the runs of the deployed function look there, whatever this command looks at."""
    if reached.function is None:
        return False
    settings = rotation_settings(reached.function.settings, [])
    accounts = {reached.home.account_id, *(account.account_id for account in settings.accounts)}
    everywhere = settings.organization is not None
    regions = settings.regions or (reached.home.region,)
    return scope.region in regions and (everywhere or scope.account_id in accounts)


# --- For people -----------------------------------------------------------------------------------


def _print(out: Console, explanation: Explanation) -> None:
    _print_head(out, explanation)
    _section(out, "Why", _reasons(explanation))
    _print_checks(out, explanation.trace.steps)
    _print_forecast(out, explanation)
    _section(
        out, "Used by", map(clean, explanation.used_by) if explanation.used_by else ("nothing",)
    )
    _section(out, "Validation records", _records(explanation))
    _section(out, "Import source", _source(explanation))
    _section(out, "Export target", _export(explanation))
    _section(out, "Successor", _successor(explanation))
    _section(out, "Replacement on record", _replacement_record(explanation))
    _section(out, "Told", _told(explanation))
    _section(out, "Next", _next(explanation))
    _section(out, "Could not be found out", map(clean, explanation.problems))


def _print_head(out: Console, explanation: Explanation) -> None:
    certificate, decision = explanation.certificate, explanation.decision
    out.print(Text(clean(certificate.domain_name) or "(no name)", style="bold"), overflow="fold")
    out.print(Text(_verdict(decision), style=STYLES[decision.severity]))
    others = ", ".join(clean(name) for name in certificate.names[1:])
    state = (certificate.type.value, certificate.status.value, certificate.key_algorithm)
    used = "used" if certificate.used else "not used"
    facts = [
        f"also for {others}" if others else "",
        ", ".join(filter(None, (*state, used))),
        _dates(explanation),
        f"owner {clean(explanation.entry.owner)}" if explanation.entry.owner else "",
        f"muted until {explanation.entry.muted_until}" if explanation.entry.muted_until else "",
        whereabouts(certificate),
    ]
    for fact in filter(None, facts):
        indented(out, fact, style="dim", by=_BY)


def _verdict(decision: Decision) -> str:
    return f"{decision.severity.label} {decision.verdict.value}: {decision.reason.value}"


def _dates(explanation: Explanation) -> str:
    certificate = explanation.certificate
    begins = f"valid from {_day(certificate.not_before)}" if certificate.not_before else ""
    ends = f"until {_minute(certificate.not_after)}" if certificate.not_after else ""
    return " ".join(filter(None, (begins, ends)))


def _reasons(explanation: Explanation) -> Iterable[str]:
    yield clean(explanation.trace.decision.message)
    yield from map(clean, explanation.entry.probe_results)
    if explanation.decision != explanation.trace.decision:
        yield clean(explanation.decision.message)
    if explanation.decision.severity > Severity.OK:
        yield f"What would help: {explanation.decision.action.meaning}"


def _print_checks(out: Console, steps: Iterable[Step]) -> None:
    """Print the checks; the one that decided shows its facts."""
    _title(out, "Checks, in order; the first that answers yes decides")
    for step in steps:
        style = _CHECK_STYLES[step.answer]
        indented(out, f"{_MARKS[step.answer]} {step.question}", style=style, by=_BY)
        if step.answer is Answer.HIT:
            for name, value in step.facts.items():
                indented(out, clean(f"{name}: {value}"), style="dim", by=_BY + 3)


def _print_forecast(out: Console, explanation: Explanation) -> None:
    _title(out, "If nothing changes")
    now, *later = explanation.forecast
    if not later:
        indented(out, "It stays as it is.", by=_BY)
    before = now.decision
    for entry in later:
        decision = entry.decision
        days = (entry.at - explanation.now) // timedelta(days=1)
        text = f"{_minute(entry.at)}  in {days:>3} days  {decision.severity.label:<9}"
        alike = (before.severity, before.verdict) == (decision.severity, decision.verdict)
        text += decision.reason.value if alike else decision.verdict.value
        indented(out, text, style=STYLES[decision.severity], by=_BY)
        before = decision


def _records(explanation: Explanation) -> Iterable[str]:
    for finding in explanation.records:
        mark = "in place" if finding.state is RecordState.IN_PLACE else "WRONG"
        yield clean(f"{mark}: {explain(finding)}")


def _source(explanation: Explanation) -> Iterable[str]:
    source = explanation.observation.source
    return [clean(source.text)] if source else []


def _export(explanation: Explanation) -> Iterable[str]:
    export = explanation.observation.export
    if export is None:
        return []
    reason = f": {export.blocked_reason}" if export.blocked_reason else ""
    return [clean(f"{export.target.secret_arn} is {export.state.value}{reason}")]


def _successor(explanation: Explanation) -> Iterable[str]:
    successor = explanation.successor
    if successor is None:
        return []
    ends = f", which ends on {_day(successor.not_after)}" if successor.not_after else ""
    return [f"{successor.arn}{ends}"]


def _replacement_record(explanation: Explanation) -> Iterable[str]:
    replacement_record = explanation.replacement_record
    if replacement_record is None:
        return
    state, started = replacement_record.state, _minute(replacement_record.started_at)
    yield f"{state.value}: {state.meaning} Begun on {started}."
    if replacement_record.successor_arn:
        yield f"successor {clean(replacement_record.successor_arn)}"
    if replacement_record.note:
        yield clean(replacement_record.note)
    for move in replacement_record.moves:
        note = f" ({move.note})" if move.note else ""
        yield clean(f"{move.binding.label}: {move.status.value}{note}")


def _told(explanation: Explanation) -> Iterable[str]:
    memory = explanation.memory
    if memory is None:
        return
    since = f", and first on {_minute(memory.since)}" if memory.since else ""
    yield clean(f"{memory.severity} {memory.verdict}, last on {_minute(memory.notified_at)}{since}")


def _next(explanation: Explanation) -> Iterable[str]:
    who = "the deployed function" if explanation.watched else "certificates apply"
    if not explanation.actions:
        yield f"In mode {explanation.mode}, {who} would do nothing for it."
    for record in explanation.actions:
        text = f"{record.outcome.value} {record.action.value}: {record.detail}"
        yield clean(f"In mode {explanation.mode}, {who}: {text}")
    if not explanation.watched:
        yield "No run of a deployed function looks at it."


def _section(out: Console, title: str, lines: Iterable[str]) -> None:
    """Print a section, unless there is nothing in it."""
    shown = list(lines)
    if shown:
        _title(out, title)
    for line in shown:
        indented(out, line, by=_BY)


def _title(out: Console, title: str) -> None:
    out.print()
    out.print(Text(title, style="bold"))


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "an unknown day"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
