"""Sentences about a run that the e-mail, chat and report texts share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from certificate_lifecycle.model.certificate import Action, Severity, Verdict
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeResult,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.policy.checks import OLD_REQUEST
from certificate_lifecycle.render.notification.limits import (
    MAX_ERROR,
    MAX_SUBJECT,
    SHOWN_NAMES,
    SHOWN_OLD_FAILURES,
    SHOWN_SCOPES,
)

#: The label of each outcome.
OUTCOMES = {
    Outcome.ADVISED: "Next",
    Outcome.DONE: "Done in this run",
    Outcome.STARTED: "Started in this run",
    Outcome.PLANNED: "Planned",
    Outcome.FAILED: "Failed",
}
#: Changes that name the previous verdict.
_DIFFERENT = frozenset({ChangeKind.WORSE, ChangeKind.BETTER, ChangeKind.CHANGED})
#: The noun for each action; other actions are repairs.
_NOUNS = {
    Action.EXPORT: "export",
    Action.REIMPORT: "import",
    Action.REPLACE: "replacement step",
    Action.REQUEST_AGAIN: "replacement step",
    Action.REBIND: "replacement step",
}


def severity_of(run: Run) -> Severity:
    """Return the worst severity; a failure is at least a warning."""
    least = Severity.INFO if run.not_listed else Severity.OK
    worst = max((entry.decision.severity for entry in run.findings), default=least)
    return max(worst, Severity.WARNING if run.failed else least)


def headline_of(run: Run, findings: Sequence[Assessment]) -> str:
    """Return one sentence with the numbers of the run."""
    where = location_of(run, "account ")
    if all_failed(run):
        return f"The certificates of {where} could not be scanned."
    state = ", ".join(_state(run, findings)) or "no open findings"
    done = f"; {_actions(run)} done in this run" if run.done else ""
    resolved = _resolved_count(run)
    return (
        f"{many(run.certificates, _scanned(run))} of {where}: {state}{done}"
        f"{f'; {resolved} resolved' if resolved else ''}{ignored_suffix(run)}."
    )


def ignored_suffix(run: Run) -> str:
    """Return how many certificates outside the scope were ignored, for the end of a sentence."""
    return f"; {run.ignored:,} outside the scope ignored" if run.ignored else ""


def public_dns_text(run: Run) -> str:
    """Return how many names were checked in public DNS; empty if it is not queried."""
    counts = run.public_dns
    if counts is None:
        return ""
    reason = f" ({clean(counts.reason, MAX_ERROR)})" if counts.reason else ""
    if counts.unknown and not counts.checked:
        return f"Public DNS could not be queried for any of {counts.unknown:,} names{reason}."
    parts = [
        f"{many(counts.checked, 'name')} checked",
        f"{counts.unknown:,} unknown{reason}" * bool(counts.unknown),
        f"{counts.not_asked:,} not checked in this run" * bool(counts.not_asked),
    ]
    return f"Public DNS: {', '.join(part for part in parts if part)}."


def all_failed(run: Run) -> bool:
    """Return whether every scope failed."""
    return len(run.failed_scopes) == len(run.scopes)


def location_of(run: Run, before: str, between: str = ", ") -> str:
    """Return the account and region, or how many of them there are."""
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    account = before + next(iter(accounts)) if len(accounts) == 1 else f"{len(accounts)} accounts"
    region = next(iter(regions)) if len(regions) == 1 else f"{len(regions)} regions"
    return f"{account}{between}{region}"


def _resolved_count(run: Run) -> int:
    return len(resolved_changes(run)) + len(run.recovered_scopes)


def resolved_changes(run: Run) -> list[FindingChange]:
    """Return the findings that were resolved since the last run."""
    return [change for change in run.changes if change.kind is ChangeKind.RESOLVED]


def _scanned(run: Run) -> str:
    """Return the noun for the scanned certificates: a restricted run says nothing about others."""
    return "certificate" if run.full_scan else "requested certificate"


def _state(run: Run, findings: Sequence[Assessment]) -> list[str]:
    """Return what is open, muted or not, and whether anything is unknown; empty if neither."""
    urgent = sum(entry.decision.severity >= Severity.WARNING for entry in findings)
    minor = len(findings) - urgent
    muted = len(run.muted_findings)
    parts = [
        f"{urgent:,} {'needs' if urgent == 1 else 'need'} attention" * bool(urgent),
        "run incomplete" * run.failed,
        "inventory incomplete" * bool(run.not_listed),
        many(minor, "minor finding") * bool(minor),
        many(muted, "muted finding") * bool(muted),
    ]
    return [part for part in parts if part]


def subject_of(run: Run, findings: Sequence[Assessment]) -> str:
    """Return the severity, the instance, the numbers and the scope, within the limit of SNS."""
    if all_failed(run):
        what = "scan failed"
    else:
        news = _news(run) if not findings and not run.incomplete else []
        what = ", ".join([*news, *_state(run, findings)]) or "no open findings"
    before = f"[{severity_of(run).label}] "
    after = f": {what} - {location_of(run, '', ' ')}"
    instance = run.instance[: max(0, MAX_SUBJECT - len(before) - len(after))]
    return f"{before}{instance}{after}".encode("ascii", "replace").decode()[:MAX_SUBJECT]


def _news(run: Run) -> list[str]:
    """Return what was done, or else what is resolved."""
    if run.done:
        return [f"{_actions(run)} done"]
    resolved = _resolved_count(run)
    return [f"{many(resolved, 'finding')} resolved"] if resolved else []


def failed_first(run: Run) -> list[ScopeResult]:
    """Return the scopes: failed ones, then those with an error, then the others."""
    lost = set(run.failed_scopes)
    return sorted(run.scopes, key=lambda scope: (scope not in lost, scope.error is None))


def shortened_scopes(run: Run) -> list[ScopeResult]:
    """Return the first scopes for a document, failed ones first, with short errors."""
    return [
        scope if scope.error is None else replace(scope, error=clean(scope.error, MAX_ERROR))
        for scope in failed_first(run)[:SHOWN_SCOPES]
    ]


def scope_errors(run: Run) -> list[str]:
    """Return why scopes could not be scanned, failed ones first, and what else failed."""
    several = len(run.scopes) > 1
    errors = [
        f"{scope.label}: {scope.error}" if several else scope.error
        for scope in failed_first(run)
        if scope.error is not None
    ]
    return [*errors, *run.problems]


def full_list(run: Run) -> str:
    """Say where the full list is."""
    return f"Full list: {run.report or 'the log of the run'}"


def first_line_suffix(run: Run, entry: Assessment) -> str:
    """Return the change of an open finding and the mark of its scope, for its first line."""
    mark = " - outside the scope" if entry.outside_scope else ""
    arn = entry.certificate.arn
    change = next((change for change in run.changes if change.certificate_arn == arn), None)
    if change is None:
        return mark
    previous = change.previous_verdict
    was = f", was {clean(previous)}" if change.kind in _DIFFERENT and previous else ""
    return f"{mark} - {change.kind}{was}"


def other_actions(run: Run) -> list[ActionRecord]:
    """Return the actions, without advice, on certificates that are not in the message."""
    in_message = {entry.certificate.arn for entry in run.findings if entry.notifiable}
    return [
        record
        for record in run.actions
        if record.outcome is not Outcome.ADVISED and record.certificate_arn not in in_message
    ]


def split_old_failures(
    findings: Sequence[Assessment],
) -> tuple[list[Assessment], list[Assessment]]:
    """Return the findings without requests that failed long ago, and these requests.

    The first run after a deployment finds the failures of years, which are one paragraph.
    """
    old = [entry for entry in findings if _is_old_failure(entry)]
    if len(old) <= 1:
        return list(findings), []
    return [entry for entry in findings if not _is_old_failure(entry)], old


def _is_old_failure(entry: Assessment) -> bool:
    decision = entry.decision
    return decision.verdict is Verdict.REQUEST_FAILED and decision.action is Action.INVESTIGATE


def old_failures_text(old: Sequence[Assessment]) -> str:
    """Return the number of requests that failed long ago, and the first names."""
    more = len(old) - SHOWN_OLD_FAILURES
    names = [*map(name_of, old[:SHOWN_OLD_FAILURES]), *([f"{more:,} more"] if more > 0 else [])]
    return (
        f"{len(old):,} requests older than {OLD_REQUEST.days} days failed: {'; '.join(names)}. "
        "Delete them if they are not needed. They are reported once."
    )


def name_of(entry: Assessment) -> str:
    """Return the first domain names of a certificate, or its ARN if it has none."""
    names = entry.certificate.names
    if not names:
        return clean(entry.certificate.arn)
    rest = len(names) - SHOWN_NAMES
    more = f" (and {many(rest, 'more name')})" if rest > 0 else ""
    return clean(", ".join(names[:SHOWN_NAMES]), 200) + more


def _actions(run: Run) -> str:
    """Count the actions that were done, with their common noun."""
    nouns = {_NOUNS.get(record.action, "repair") for record in run.done}
    return many(len(run.done), nouns.pop() if len(nouns) == 1 else "action")


def many(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural unless it is 1."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
