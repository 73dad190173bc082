"""The plan of a run: its actions for all or some certificates, for the user to confirm."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from certificate_lifecycle.cli.find_certificate import find, normalized, not_found
from certificate_lifecycle.cli.interrupted_run import interruption_text
from certificate_lifecycle.cli.output import counted, indented, location
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.ownership import CertificateMode, OwnerKind
from certificate_lifecycle.model.run import ActionRecord, Assessment, Outcome, RecordToWrite, Run
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.ownership import NEEDED_MODE

_STYLES = {
    Outcome.DONE: "green",
    Outcome.STARTED: "green",
    Outcome.FAILED: "bold red",
    Outcome.PLANNED: "bold",
    Outcome.ADVISED: "dim",
}


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """An action and the assessment of its certificate."""

    assessment: Assessment
    record: ActionRecord


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """The actions that `apply` would take, and those that are manual."""

    actions: Sequence[PlannedAction]
    manual: Sequence[PlannedAction]

    @property
    def agreed(self) -> frozenset[tuple[str, Action]]:
        """The actions that a confirmation allows, see `app.run_context.RunRequest`."""
        return frozenset(
            (planned.record.certificate_arn, planned.assessment.decision.action)
            for planned in self.actions
        )

    @property
    def unmanaged(self) -> int:
        """How many certificates the mode for certificates of others leaves out."""
        return len(
            {
                item.record.certificate_arn
                for item in self.manual
                if item.assessment.owner_kind is not OwnerKind.OURS
                and item.assessment.permitted_mode is CertificateMode.NOTIFY
                and item.assessment.decision.action in NEEDED_MODE
            }
        )

    @property
    def dns_records(self) -> tuple[RecordToWrite, ...]:
        """The DNS records to write, each once: certificates of the same name share one."""
        planned = (*self.actions, *self.manual)
        records = (record for item in planned for record in item.record.dns_records)
        return tuple(dict.fromkeys(records))

    @property
    def certificate_arns(self) -> tuple[str, ...]:
        """The certificates with an action, each once."""
        return tuple(dict.fromkeys(planned.record.certificate_arn for planned in self.actions))


def plan_of(run: Run, wanted: Collection[str], shown: Run) -> ActionPlan:
    """Return the plan of a dry run for the certificates that `wanted` names; all if it is empty.

    `shown` is the part of the run that matches the filters. Names are those of the whole run, so
    that a filter never leads a name to another certificate.
    Raises ConfigurationError if an item of `wanted` names no certificate.
    """
    matching = {entry.certificate.arn for entry in shown.assessments}
    entries = {
        entry.certificate.arn: entry
        for entry in _selected(run, wanted)
        if entry.certificate.arn in matching
    }
    planned = [
        PlannedAction(entries[record.certificate_arn], record)
        for record in run.actions
        if record.certificate_arn in entries
    ]
    return ActionPlan(
        actions=[item for item in planned if item.record.outcome is Outcome.PLANNED],
        manual=[item for item in planned if item.record.outcome is not Outcome.PLANNED],
    )


def _selected(run: Run, wanted: Collection[str]) -> Sequence[Assessment]:
    if not wanted:
        return run.assessments
    certificates = [entry.certificate for entry in run.assessments]
    errors: list[str] = []
    arns: set[str] = set()
    for name in wanted:
        found = find(certificates, normalized(name))
        if found is None:
            errors.append(not_found(name, certificates, run.scopes))
        else:
            arns.update(certificate.arn for certificate in found.certificates)
    # What is missing from an interrupted run may exist.
    if errors and interruption_text(run) is None:
        raise ConfigurationError(errors)
    return [entry for entry in run.assessments if entry.certificate.arn in arns]


def print_plan(out: Console, plan: ActionPlan, *, manual: bool = True) -> None:
    """Print the actions with numbers, and the manual ones or only how many there are."""
    if plan.actions:
        out.print(Text(f"{counted(len(plan.actions), 'action')} to take", style="bold"))
        for number, planned in enumerate(plan.actions, 1):
            _print_action(out, f"{number:>3}.", planned)
    else:
        out.print("No actions to take.")
    if plan.manual and not manual:
        count = counted(len(plan.manual), "manual action")
        out.print(f"{count} not included; list them with: certificates plan")
        if plan.unmanaged:
            certificates = counted(plan.unmanaged, "certificate")
            out.print(f"{certificates} not issued by this instance: needs --unmanaged-mode")
    elif plan.manual:
        out.print(Text("Manual actions", style="bold"))
        for planned in plan.manual:
            _print_action(out, "  -", planned)


def print_results(out: Console, plan: ActionPlan, run: Run) -> None:
    """Print the outcome of each action of a plan, including those that were skipped."""
    records = {record.certificate_arn: record for record in run.actions}
    for planned in plan.actions:
        name = _name(planned.assessment)
        record = records.get(planned.record.certificate_arn)
        if record is None:
            out.print(Text("skipped  ", style="dim").append(name, style="bold"))
            indented(out, "The certificate no longer needs this action. Run plan again.")
            continue
        head = Text(f"{record.outcome.value:<9}", style=_STYLES[record.outcome])
        out.print(head.append(f"{name}  {record.action.value}", style="bold"))
        indented(out, clean(record.detail))


def plan_entry(plan: ActionPlan, run: Run) -> dict[str, Any]:
    """Return a plan, or the run that carried it out, as plain data."""
    planned = (*plan.actions, *plan.manual)
    entries = {item.record.certificate_arn: item.assessment for item in planned}
    return {
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat(),
        "mode": run.mode,
        "actions": [item.record.to_dict() for item in plan.actions],
        "by_hand": [item.record.to_dict() for item in plan.manual],
        "dns_records": [record.to_dict() for record in plan.dns_records],
        "certificates": [entry.to_dict(run.started_at) for entry in entries.values()],
        "scopes": [scope.to_dict() for scope in run.scopes],
    }


def _print_action(out: Console, mark: str, planned: PlannedAction) -> None:
    assessment = planned.assessment
    head = Text(f"{mark:<5}").append(_name(assessment), style="bold")
    out.print(head.append(f"  {planned.record.action.value}"), overflow="fold")
    indented(out, clean(planned.record.detail), by=5)
    indented(out, clean(assessment.decision.message), style="dim", by=5)
    indented(out, location(assessment.certificate), style="dim", by=5)


def _name(assessment: Assessment) -> str:
    return clean(assessment.certificate.domain_name) or assessment.certificate.arn
