"""The sentences about a run that several texts of a message share."""

from __future__ import annotations

from collections.abc import Sequence

from certificate_lifecycle.model.certificate import Action, Severity
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.render.notification.limits import MAX_SUBJECT, SHOWN_NAMES

#: How an outcome is told to people.
OUTCOMES = {
    Outcome.ADVISED: "Next",
    Outcome.DONE: "Done in this run",
    Outcome.STARTED: "Begun in this run",
    Outcome.PLANNED: "Would be done",
    Outcome.FAILED: "Could not be done",
}

#: Changes that say what was told before.
_DIFFERENT = frozenset({ChangeKind.WORSE, ChangeKind.BETTER, ChangeKind.CHANGED})

#: What an action is counted as; the others mend something.
_DEEDS = {
    Action.EXPORT: "export",
    Action.REIMPORT: "import",
    Action.REPLACE: "replacement step",
    Action.REQUEST_AGAIN: "replacement step",
    Action.REBIND: "replacement step",
}


def severity_of(run: Run) -> Severity:
    """Return the worst severity; what could not be looked at or done counts as a warning."""
    worst = max((entry.decision.severity for entry in run.findings), default=Severity.OK)
    return max(worst, Severity.WARNING) if run.incomplete else worst


def headline_of(run: Run, told: Sequence[Assessment]) -> str:
    """Return one sentence with the numbers of the run."""
    where = location_of(run, "account ")
    if nothing_seen(run):
        return f"The certificates of {where} could not be looked at."
    all_of_them = f"{_many(run.certificates, 'certificate')} of {where}"
    if not told:
        state = "not everything could be looked at" if run.incomplete else "no open finding"
        return f"{all_of_them}: {state}{_mended(run)}{_ended(run)}."
    return f"{all_of_them}: {_attention(told)}{_mended(run)}{_ended(run)}."


def nothing_seen(run: Run) -> bool:
    """Return whether every scope failed."""
    return len(run.failed_scopes) == len(run.scopes)


def location_of(run: Run, before: str, between: str = ", ") -> str:
    """Return the account and region, or how many of them there are."""
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    account = before + accounts.copy().pop() if len(accounts) == 1 else f"{len(accounts)} accounts"
    region = regions.copy().pop() if len(regions) == 1 else f"{len(regions)} regions"
    return f"{account}{between}{region}"


def _mended(run: Run) -> str:
    return f"; {_deeds(run)} done in this run" if run.done else ""


def _ended(run: Run) -> str:
    count = len(resolved_changes(run)) + len(run.recovered_scopes)
    return f"; {count} {'is' if count == 1 else 'are'} over" if count else ""


def resolved_changes(run: Run) -> list[FindingChange]:
    """Return the findings that were resolved since the last run."""
    return [change for change in run.changes if change.kind is ChangeKind.RESOLVED]


def _attention(told: Sequence[Assessment]) -> str:
    """Count what is urgent, and apart from it what only could be helped."""
    urgent = sum(entry.decision.severity >= Severity.WARNING for entry in told)
    rest = len(told) - urgent
    parts = []
    if urgent:
        parts.append(f"{urgent} {'needs' if urgent == 1 else 'need'} attention")
    if rest:
        parts.append(f"{rest}{' more' if urgent else ''} can be helped")
    return ", ".join(parts)


def subject_of(run: Run, told: Sequence[Assessment]) -> str:
    """Return the severity, the instance, the numbers and the scope, within the limit of SNS."""
    if nothing_seen(run):
        what = "nothing could be looked at"
    else:
        what = _attention(told) if told else _quiet(run)
    before = f"[{severity_of(run).label}] "
    after = f": {what} - {location_of(run, '', ' ')}"
    instance = run.instance[: MAX_SUBJECT - len(before) - len(after)]
    return f"{before}{instance}{after}".encode("ascii", "replace").decode()[:MAX_SUBJECT]


def _quiet(run: Run) -> str:
    """Say in a few words what a message without open findings is about."""
    if run.incomplete:
        return "run incomplete"
    if run.done:
        return f"{_deeds(run)} done"
    over = len(resolved_changes(run)) + len(run.recovered_scopes)
    if over:
        return f"{_many(over, 'finding')} over"
    return "findings muted" if run.changes else "all is well"


def scope_errors(run: Run) -> list[str]:
    """Return why scopes could not be scanned, failed ones first."""
    several = len(run.scopes) > 1
    lost = set(run.failed_scopes)
    worst_first = sorted(run.scopes, key=lambda scope: scope not in lost)
    return [
        f"{scope.label}: {scope.error}" if several else scope.error
        for scope in worst_first
        if scope.error is not None
    ]


def full_list_of(run: Run) -> str:
    """Say where all of it is that a message has no room for."""
    return f"{run.report or 'the log of the run'} names them all"


def news_of(run: Run, arn: str) -> str:
    """Return what is new about an open finding, for its first line."""
    change = next((entry for entry in run.changes if entry.certificate_arn == arn), None)
    if change is None:
        return ""
    previous = change.previous_verdict
    was = f", was {clean(previous)}" if change.kind in _DIFFERENT and previous else ""
    return f" - {change.kind}{was}"


def unreported_records(run: Run) -> list[ActionRecord]:
    """Return the records that stand beside no finding that is told, advice left out."""
    told = {entry.certificate.arn for entry in run.findings if entry.notifiable}
    return [
        record
        for record in run.actions
        if record.outcome is not Outcome.ADVISED and record.certificate_arn not in told
    ]


def name_of(entry: Assessment) -> str:
    """Return the first domain names of a certificate, or its ARN if it has none."""
    names = entry.certificate.names
    if not names:
        return clean(entry.certificate.arn)
    rest = len(names) - SHOWN_NAMES
    more = f" (and {_many(rest, 'more name')})" if rest > 0 else ""
    return clean(", ".join(names[:SHOWN_NAMES]), 200) + more


def _deeds(run: Run) -> str:
    """Count what was done, in the word that fits all of it."""
    words = {_DEEDS.get(record.action, "repair") for record in run.done}
    return _many(len(run.done), words.pop() if len(words) == 1 else "action")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
