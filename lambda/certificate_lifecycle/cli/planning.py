"""What a run would do: for some certificates or all, as a table that one can agree to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.find_certificate import find, normal
from certificate_lifecycle.cli.output import indented, whereabouts
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    Outcome,
    Run,
)
from certificate_lifecycle.model.sanitize import clean

_STYLES = {
    Outcome.DONE: "green",
    Outcome.STARTED: "green",
    Outcome.FAILED: "bold red",
    Outcome.PLANNED: "bold",
    Outcome.ADVISED: "dim",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One action, and the certificate that it is for."""

    entry: Assessment
    record: ActionRecord


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, and what only a person can do."""

    steps: Sequence[Step]
    manual_steps: Sequence[Step]

    @property
    def agreed(self) -> frozenset[tuple[str, Action]]:
        """What somebody agrees to who agrees to the plan: see `app.run_context.RunRequest`."""
        return frozenset(
            (step.record.certificate_arn, step.entry.decision.action) for step in self.steps
        )

    @property
    def certificate_arns(self) -> tuple[str, ...]:
        """The certificates that something would be done for, each once."""
        return tuple(dict.fromkeys(step.record.certificate_arn for step in self.steps))


def plan_of(run: Run, words: Collection[str]) -> Plan:
    """Return what a dry run says, narrowed down to the certificates that `words` name.

    Raises ConfigurationError for words that name none.
    """
    entries = {entry.certificate.arn: entry for entry in selected(run.assessments, words)}
    steps = [
        Step(entries[record.certificate_arn], record)
        for record in run.actions
        if record.certificate_arn in entries
    ]
    return Plan(
        steps=[step for step in steps if step.record.outcome is Outcome.PLANNED],
        manual_steps=[step for step in steps if step.record.outcome is not Outcome.PLANNED],
    )


def selected(assessments: Sequence[Assessment], words: Collection[str]) -> list[Assessment]:
    """Return what each of `words` names, see `cli.find_certificate`; everything without any.

    Raises ConfigurationError for words that name nothing.
    """
    if not words:
        return list(assessments)
    certificates = [entry.certificate for entry in assessments]
    found = {word: find(certificates, normal(word)) for word in words}
    errors = [
        f"{clean(word)!r} is no ARN, id or name of a certificate here"
        for word, match in found.items()
        if match is None
    ]
    if errors:
        raise ConfigurationError(errors)
    arns = {
        certificate.arn for match in found.values() if match for certificate in match.certificates
    }
    return [entry for entry in assessments if entry.certificate.arn in arns]


def print_plan(out: Console, plan: Plan, *, manual_steps: bool = True) -> None:
    """Print what would be done, numbered, and what is left to people, or how much of that."""
    if plan.steps:
        count = len(plan.steps)
        out.print(Text(f"{count} action{'' if count == 1 else 's'} to take", style="bold"))
        for number, step in enumerate(plan.steps, 1):
            _print_step(out, f"{number:>3}.", step)
    else:
        out.print("Nothing to do that this command could do.")
    if plan.manual_steps and not manual_steps:
        out.print(
            f"{len(plan.manual_steps)} more for somebody to do: certificates plan names them."
        )
    elif plan.manual_steps:
        out.print(Text("For somebody to do", style="bold"))
        for step in plan.manual_steps:
            _print_step(out, "  -", step)


def print_results(out: Console, plan: Plan, run: Run) -> None:
    """Print what became of a plan, also of what was not done because things had changed."""
    records = {(record.certificate_arn): record for record in run.actions}
    for step in plan.steps:
        record = records.get(step.record.certificate_arn)
        if record is None:
            out.print(Text("unneeded ", style="dim").append(_named(step.entry), style="bold"))
            indented(out, "It does not need that any more, or it needs something else: plan again.")
            continue
        style = _STYLES[record.outcome]
        out.print(
            Text(f"{record.outcome.value:<9}", style=style).append(
                f"{_named(step.entry)}  {record.action.value}", style="bold"
            )
        )
        indented(out, clean(record.detail))


def plan_entry(plan: Plan, run: Run) -> dict[str, Any]:
    """Return a plan, or what became of it, as plain data."""
    entries = {step.entry.certificate.arn: step.entry for step in (*plan.steps, *plan.manual_steps)}
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "mode": run.mode,
        "actions": [step.record.to_dict() for step in plan.steps],
        "by_hand": [step.record.to_dict() for step in plan.manual_steps],
        "certificates": [entry.to_dict(run.started_at) for entry in entries.values()],
        "scopes": [scope.to_dict() for scope in run.scopes],
    }


def _print_step(out: Console, mark: str, step: Step) -> None:
    head = Text(f"{mark:<5}").append(_named(step.entry), style="bold")
    head.append(f"  {step.record.action.value}")
    out.print(head, overflow="fold")
    indented(out, clean(step.record.detail), by=5)
    indented(out, clean(step.entry.decision.message), style="dim", by=5)
    indented(out, whereabouts(step.entry.certificate), style="dim", by=5)


def _named(entry: Assessment) -> str:
    return clean(entry.certificate.domain_name) or entry.certificate.arn
