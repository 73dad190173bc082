"""The result of a run that Ctrl-C ended: what was not judged is counted, and is no finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from certificate_lifecycle.app.scope_run import ScopeRun, summary
from certificate_lifecycle.cli.interrupts import INTERRUPTION
from certificate_lifecycle.model.run import Assessment, Run, ScopeResult, ScopeStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptedScope(ScopeResult):
    """An account and region whose scan was interrupted.

    `not_judged` is the number of listed certificates without a verdict, `other` an error that has
    nothing to do with the interruption.
    """

    not_judged: int
    other: str | None


def judged(run: Run, scope_runs: Sequence[ScopeRun]) -> Run:
    """Return an interrupted run without the certificates that the interruption left unjudged."""
    return replace(
        run,
        scopes=[_scope(scope_run) for scope_run in scope_runs],
        assessments=[entry for entry in run.assessments if not _is_unjudged(entry)],
    )


def interruption_text(run: Run) -> str | None:
    """Return a sentence with the number of certificates and of scopes that were left out."""
    scopes = [scope for scope in run.scopes if isinstance(scope, InterruptedScope)]
    if not scopes:
        return None
    left = sum(scope.not_judged for scope in scopes)
    unread = sum(scope.status is ScopeStatus.FAILED for scope in scopes)
    text = f"Interrupted: {left:,} of {run.certificates + left:,} certificates were not judged"
    more = f", {unread:,} of {len(run.scopes):,} accounts and regions were not read"
    return f"{text}{more if unread else ''}."


def _scope(scope_run: ScopeRun) -> ScopeResult:
    (scope,) = scope_run.run.scopes
    others = [problem for problem in scope_run.problems if INTERRUPTION not in problem]
    if len(others) == len(scope_run.problems):
        return scope
    left = sum(map(_is_unjudged, scope_run.run.assessments))
    other = summary(others) or None
    failed = scope.status is ScopeStatus.FAILED
    text = "it was not read" if failed else f"{left:,} certificates were not judged"
    return InterruptedScope(
        account_id=scope.account_id,
        region=scope.region,
        status=scope.status,
        certificates=scope.certificates - left,
        error="; ".join(filter(None, (f"interrupted: {text}", other))),
        ignored=scope.ignored,
        not_listed=scope.not_listed,
        public_dns=scope.public_dns,
        not_judged=left,
        other=other,
    )


def _is_unjudged(entry: Assessment) -> bool:
    """Whether a decision rests on a call that the interruption prevented."""
    return INTERRUPTION in entry.decision.message
