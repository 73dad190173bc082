"""The subject of a message: the worst certificate, how many others, and where."""

from __future__ import annotations

from certificate_lifecycle.model.certificate import Verdict, expiry_clause
from certificate_lifecycle.model.run import Assessment, Run
from certificate_lifecycle.model.sanitize import break_links, clean
from certificate_lifecycle.render.notification.limits import MAX_SUBJECT
from certificate_lifecycle.render.notification.wording import (
    many,
    resolved_changes,
    severity_of,
)

#: What is wrong, of verdicts that are not about the expiry.
_PREDICATES = {
    Verdict.DECLARED_MISSING: "is declared and not issued",
    Verdict.ISSUANCE_BLOCKED: "blocks ACME clients",
    Verdict.PENDING_VALIDATION: "waits for validation",
    Verdict.RENEWAL_AT_RISK: "cannot be renewed next time",
    Verdict.RENEWAL_CHANGED: "changed with its renewal",
    Verdict.REQUEST_FAILED: "was not issued",
    Verdict.REVOKED: "is revoked",
    Verdict.STALE_CERTIFICATE_SERVED: "serves an old certificate",
    Verdict.SUPERSEDED: "has a successor",
    Verdict.UNKNOWN: "could not be judged",
}


def worst_of(run: Run) -> Assessment | None:
    """Return the most urgent open finding; a muted one only if every open finding is muted."""
    found = [entry for entry in run.findings if entry.decision.reportable]
    return next((entry for entry in found if entry.notifiable), next(iter(found), None))


def subject_of(run: Run) -> str:
    """Return a subject within the limit of SNS, which ends no word early.

    Every open finding is counted, muted or not. Without room, the place and the number give way
    before the name.
    """
    head = f"[{severity_of(run).label}] "
    worst = worst_of(run)
    if worst is None:
        return _fitting([head + _without_finding(run), f" {_place(run)}"])
    others = run.open_findings - 1
    rest = [
        f" {_predicate(worst, run)}",
        f" (+{others:,})" * bool(others),
        ", run incomplete" * run.failed,
        f" {_place(run)}",
    ]
    name = _shortened(worst.certificate.domain_name, MAX_SUBJECT - len(head + "".join(rest[:3])))
    return _fitting([head + name, *rest])


def _fitting(parts: list[str]) -> str:
    """Return the first parts that fit together, in ASCII."""
    text = ""
    for part in parts:
        plain = part.encode("ascii", "replace").decode()
        if len(text) + len(plain) > MAX_SUBJECT:
            break
        text += plain
    return text


def _predicate(worst: Assessment, run: Run) -> str:
    muted = "(muted) " * (worst.muted_until is not None)
    predicate = _PREDICATES.get(worst.decision.verdict)
    if predicate is None:
        known = worst.certificate.not_after is not None
        predicate = expiry_clause(worst.certificate, run.started_at) if known else "needs you"
    return f"{muted}{predicate}"


def _without_finding(run: Run) -> str:
    """Return what a run without an open finding reports."""
    if run.failed_scopes:
        failed = len(run.failed_scopes)
        every = failed == len(run.scopes)
        return "scan failed" if every else f"{many(failed, 'scan')} failed, run incomplete"
    if run.failed:
        return "run incomplete"
    if run.not_listed:
        return "inventory incomplete"
    done, resolved = len(run.done), len(resolved_changes(run)) + len(run.recovered_scopes)
    news = [f"{done:,} repaired" * bool(done), f"{resolved:,} resolved" * bool(resolved)]
    return ", ".join([*(text for text in news if text), "no open findings"])


def _place(run: Run) -> str:
    """Return the region or the number of regions, and the number of several accounts."""
    accounts = {scope.account_id for scope in run.scopes}
    regions = {scope.region for scope in run.scopes}
    place = next(iter(regions)) if len(regions) == 1 else many(len(regions), "region")
    return place if len(accounts) == 1 else f"{many(len(accounts), 'account')}, {place}"


def _shortened(name: str, most: int) -> str:
    """Return a name within `most` characters: without its first labels, or no name at all."""
    text = break_links(clean(name, len(name) + 1)) or "a certificate without a name"
    while len(text) > most and "." in text.removeprefix("..."):
        text = f"...{text.removeprefix('...').partition('.')[2]}"
    return text if len(text) <= most else "a certificate"
