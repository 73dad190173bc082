"""Sentences about a run that the texts of a message and the report share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import accumulate

from certificate_lifecycle.model.certificate import Severity, expiry_clause
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeResult,
)
from certificate_lifecycle.model.sanitize import break_links, clean, listed
from certificate_lifecycle.render.notification.grouping import Group, zone_of
from certificate_lifecycle.render.notification.limits import (
    MAX_ERROR,
    NAMES_COLUMNS,
    SHOWN_CONSUMERS,
    SHOWN_REGIONS,
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
#: Joins the parts of a line.
DOT = " · "
#: Changes that name the previous verdict.
_DIFFERENT = frozenset({ChangeKind.WORSE, ChangeKind.BETTER, ChangeKind.CHANGED})
#: Names that only the report has in full: ids of certificates, and the hashes of records.
_ID = re.compile(r"\barn:[a-z-]+:acm:[a-z0-9-]*:[0-9]*:certificate/([A-Za-z0-9]{1,8})[A-Za-z0-9-]*")
_ARN = re.compile(r"\barn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:(?=\S)")
_HASH = re.compile(r"\b_[0-9a-f]{32}\b")
_LONGEST_NAME = 60


# --- Numbers ----------------------------------------------------------------------------------


def severity_of(run: Run) -> Severity:
    """Return the worst severity; a failure is at least a warning."""
    least = Severity.INFO if run.not_listed else Severity.OK
    worst = max((entry.decision.severity for entry in run.findings), default=least)
    return max(worst, Severity.WARNING if run.failed else least)


def counts_text(run: Run) -> str:
    """Return the numbers of the run in one line; everything open is counted, muted or not."""
    count, muted = run.open_findings, len(run.muted_findings)
    resolved = len(resolved_changes(run)) + len(run.recovered_scopes)
    healthy = sum(run.healthy.values()) + sum(entry.decision.healthy for entry in run.assessments)
    notes = sum(not entry.decision.reportable for entry in run.findings)
    need = "needs" if count == 1 else "need"
    parts = [
        f"{count:,} {need} you" * bool(count),
        f"{muted:,} muted" * bool(muted),
        "no open findings" * (not count and not run.incomplete),
        "run incomplete" * run.failed,
        "inventory incomplete" * bool(run.not_listed),
        f"{len(run.done):,} repaired" * bool(run.done),
        f"{resolved:,} resolved" * bool(resolved),
        f"{healthy:,} healthy" * bool(healthy),
        f"{notes:,} without a next step" * bool(notes),
        f"{run.ignored:,} outside the scope ignored" * bool(run.ignored),
    ]
    return DOT.join(part for part in parts if part)


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


def unknown_dns_text(run: Run) -> str:
    """Return the numbers of public DNS if names are unknown; otherwise the report has them."""
    return public_dns_text(run) if run.public_dns and run.public_dns.unknown else ""


def many(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural unless it is 1."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


# --- Accounts and regions ---------------------------------------------------------------------


def account_text(run: Run) -> str:
    """Return the accounts and regions in one line."""
    accounts = sorted({scope.account_id for scope in run.scopes})
    regions = sorted({scope.region for scope in run.scopes})
    account = f"Account {accounts[0]}" if len(accounts) == 1 else f"{len(accounts)} accounts"
    return f"{account}, {listed(regions, SHOWN_REGIONS)}"


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
    errors = [
        f"{scope.label}: {scope.error}" for scope in failed_first(run) if scope.error is not None
    ]
    return [shortened(text) for text in (*errors, *run.problems)]


# --- Findings ---------------------------------------------------------------------------------


def title_parts(group: Group, run: Run) -> list[str]:
    """Return the name, expiry, owner, scope and change of a group, for its first line."""
    entries, first = group.entries, group.first
    changes = {change.certificate_arn: change for change in run.changes}
    owners = [clean(owner, 60) for entry in entries if (owner := entry.owner)]
    places = {f"{entry.certificate.account_id} {entry.certificate.region}" for entry in entries}
    arns = [entry.certificate.arn for entry in entries]
    kinds = Counter(_change_text(changes[arn]) for arn in arns if arn in changes)
    numbered = [f"{count:,} {kind}" for kind, count in kinds.items()]
    since = [run.since[arn] for arn in arns if arn in run.since]
    parts = [
        name_of(first) if len(entries) == 1 else _count_text(group),
        _expiry(group, run),
        listed(list(dict.fromkeys(owners)), 3),
        listed(sorted(places), 2) if len(run.scopes) > 1 else "",
        "outside the scope" if any(entry.outside_scope for entry in entries) else "",
        listed(list(kinds) if len(entries) == 1 else numbered, 3),
        f"open since {min(since):%Y-%m-%d}" if since else "",
    ]
    return [break_links(part) for part in parts if part]


def _count_text(group: Group) -> str:
    zones = {zone_of(entry.certificate.domain_name) for entry in group.entries}
    several = f" of {len(zones):,} domains" if len(zones) > 1 else ""
    where = f" of {clean(group.zone, _LONGEST_NAME)}" if group.zone else several
    noun = "request" if not group.first.certificate.not_after else "certificate"
    return f"{many(len(group.entries), noun)}{where}"


def _expiry(group: Group, run: Run) -> str:
    ends = [entry for entry in group.entries if entry.certificate.not_after is not None]
    if not ends:
        return ""
    soonest = min(ends, key=lambda entry: entry.certificate.not_after or run.started_at)
    clause = expiry_clause(soonest.certificate, run.started_at)
    return clause if len(group.entries) == 1 else f"first {clause}"


def _change_text(change: FindingChange) -> str:
    previous = change.previous_verdict
    was = f", was {clean(previous, 40)}" if change.kind in _DIFFERENT and previous else ""
    return f"{change.kind}{was}"


def cause_of(group: Group) -> str:
    """Return why the findings of a group need a person, without hashes and records."""
    return f"{group.verdict}: {group.reason.meaning}"


def names_text(group: Group) -> str:
    """Return the names of a group below its zone, or the consumers of a single finding."""
    if len(group.entries) > 1:
        names = [break_links(_below(entry, group.zone)) for entry in group.entries]
        fitting = sum(total <= NAMES_COLUMNS for total in accumulate(len(n) + 2 for n in names))
        return listed(names, max(1, fitting))
    users = [clean(user, 120) for user in group.first.used_by]
    return f"Used by {break_links(listed(users, SHOWN_CONSUMERS))}." if users else ""


def _below(entry: Assessment, zone: str) -> str:
    name = entry.certificate.domain_name or entry.certificate.arn
    return clean(name.removesuffix(f".{zone}") if zone else name, _LONGEST_NAME)


def outcome_texts(group: Group, run: Run) -> list[str]:
    """Return which actions for a group failed or are planned, and why one was not done here."""
    arns = {entry.certificate.arn for entry in group.entries}
    records = [record for record in run.actions if record.certificate_arn in arns]
    return [text for text in dict.fromkeys(map(_outcome_text, records)) if text]


def _outcome_text(record: ActionRecord) -> str:
    """Return an action that was not done; empty for advice that only names the action."""
    if record.outcome in (Outcome.DONE, Outcome.STARTED):
        return ""
    if record.outcome is Outcome.ADVISED:
        return shortened(first_line(record).removeprefix(record.action.meaning).strip())
    return f"{OUTCOMES[record.outcome]}: {short(record)}"


def name_of(entry: Assessment) -> str:
    """Return the domain name with the number of others, or the ARN of a nameless certificate."""
    names = entry.certificate.names
    if not names:
        return clean(entry.certificate.arn)
    more = f" (+{len(names) - 1:,})" if len(names) > 1 else ""
    return f"{clean(names[0], _LONGEST_NAME)}{more}"


# --- Actions ----------------------------------------------------------------------------------


def short(record: ActionRecord) -> str:
    """Return what was done in one sentence, without the commands after it."""
    return shortened(first_line(record))


def first_line(record: ActionRecord) -> str:
    """Return the sentence of an action; the lines after it are commands."""
    return record.detail.partition("\n")[0]


def shortened(text: str) -> str:
    """Return a text without long ids and hashes of records, which the report has."""
    text = _ARN.sub("", _ID.sub(r"certificate \1", clean(text)))
    return break_links(_HASH.sub("_...", text))


def action_texts(run: Run, records: Iterable[ActionRecord]) -> list[str]:
    """Return an action a line, with the name of its certificate."""
    names = {entry.certificate.arn: name_of(entry) for entry in run.assessments}
    return [
        f"{shortened(names.get(record.certificate_arn, record.certificate_arn))}: {short(record)}"
        for record in records
    ]


def other_failures(run: Run) -> list[ActionRecord]:
    """Return the failed and planned actions on certificates without a finding in the message."""
    in_message = {entry.certificate.arn for entry in run.findings if entry.notifiable}
    return [
        record
        for record in run.actions
        if record.outcome in (Outcome.FAILED, Outcome.PLANNED)
        and record.certificate_arn not in in_message
    ]


def resolved_changes(run: Run) -> list[FindingChange]:
    """Return the findings that were resolved since the last run."""
    return [change for change in run.changes if change.kind is ChangeKind.RESOLVED]


def resolved_texts(run: Run) -> list[str]:
    """Return a resolved finding a line, and the scopes that can be scanned again."""
    texts = [
        DOT.join(
            part
            for part in (
                clean(change.name, _LONGEST_NAME) or shortened(change.certificate_arn),
                f"was {clean(change.previous_verdict or 'open', 40)}",
                clean(change.current_state or "", 60),
            )
            if part
        )
        for change in resolved_changes(run)
    ]
    return [break_links(text) for text in texts] + [
        f"{clean(label)}: scanned in full again" for label in run.recovered_scopes
    ]


def muted_texts(run: Run) -> list[str]:
    """Return a muted finding a line, so that no mute is forgotten."""
    return [
        break_links(f"{name_of(entry)} until {entry.muted_until}: {entry.decision.verdict}")
        for entry in run.muted_findings
    ]
