"""A run over an organization in three steps: list the accounts, look at each, tell of all of them.

Step Functions runs the second step once for each account, side by side and each in an invocation of
its own. What a step finds lies in documents, because the state of a state machine holds 256 KiB.
Every step may be repeated: it writes the same documents again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.notification_state import PendingWrites
from certificate_lifecycle.app.ports import Documents, Organization, RunDependencies, StateStore
from certificate_lifecycle.app.rotation import (
    merged,
    notify,
    raise_if_incomplete,
    run_scopes,
)
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.run_metrics import emit_run_metrics
from certificate_lifecycle.app.scope_run import ScopeRun, run_of
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import DocumentError, RotationError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.parsing.fields import account_id as checked_id
from certificate_lifecycle.render.account_result import AccountResult, healthy_counts

#: The file that the state machine reads its items from.
ACCOUNTS = "accounts.json"
#: Where each account's own look is kept.
_FOLDER = "accounts/"
#: Documents that are fetched side by side: as many connections as the SDK keeps open.
_READERS = 10


def list_accounts(
    organization: Organization,
    documents: Documents,
    *,
    always: Collection[str],
    given: Collection[str],
    excluded: Collection[str],
    only: Collection[str],
) -> dict[str, Any]:
    """Write which accounts are to be looked at: those given, or all that the organization has.

    Those that are looked after `always`, such as the function's own, come with them; `only` narrows
    all of it down. Raises RotationError if none is left: nothing to look at is never taken for
    nothing that is wrong.
    """
    found = {*always, *(given or organization.accounts())}
    accounts = sorted(found - set(excluded))
    if only:
        accounts = [account for account in accounts if account in only]
        unknown = sorted(set(only) - set(accounts))
        if unknown:
            raise RotationError(f"no account of this organization: {', '.join(unknown)}")
    if not accounts:
        raise RotationError("the organization has no account to look at")
    # Objects, since the items of a distributed map are JSON objects in every version of its reader.
    documents.put(ACCOUNTS, [{"account_id": entry} for entry in accounts])
    logger.info("accounts listed", extra={"accounts": len(accounts)})
    return {"accounts": len(accounts)}


def _account_ids(documents: Documents) -> list[str]:
    """Return what the first step listed; raises DocumentError if it does not say that."""
    address = documents.address(ACCOUNTS)
    try:
        found = [checked_id(item["account_id"]) for item in documents.get(ACCOUNTS)]
    except (KeyError, TypeError) as error:
        raise DocumentError(f"{address} is no list of accounts") from error
    except ValueError as error:
        raise DocumentError(f"{address} lists what is no account") from error
    if not found:
        raise DocumentError(f"{address} lists no account")
    return found


def _account_results(
    documents: Documents, account_id: str, regions: Collection[str]
) -> list[AccountResult]:
    """Return what the look at an account has left, one for each region.

    Raises DocumentError for what it would not leave like that: a region that is missing would pass
    for one in which all is well.
    """
    found = documents.get(_name(account_id))
    try:
        left = [AccountResult.from_dict(entry) for entry in found]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DocumentError("it is not what a step leaves") from error
    told = sorted((item.scope.account_id, item.scope.region) for item in left)
    if told != sorted((account_id, region) for region in regions):
        raise DocumentError("it is not about each region of the account")
    return left


def scan_account(
    request: RunRequest,
    dependencies: RunDependencies,
    documents: Documents,
    *,
    current_time: Callable[[], datetime],
) -> dict[str, Any]:
    """Look at one account, mend what can be mended there, and leave what is to be told.

    Raises RotationError if anything could not be done, after the document is written: the step that
    tells says so, and the state machine counts the account as failed.
    """
    scope_runs = run_scopes(request, dependencies.clients_at, dependencies.clock, current_time)
    account_id = request.scopes[0].account_id
    documents.put(
        _name(account_id), [_left(scope_run).to_dict(request.now) for scope_run in scope_runs]
    )
    run = merged(request, scope_runs, current_time())
    raise_if_incomplete(run, scope_runs, ())
    return {"account_id": account_id, "certificates": run.certificates}


def _name(account_id: str) -> str:
    return f"{_FOLDER}{account_id}.json"


def _left(scope_run: ScopeRun) -> AccountResult:
    (scope,) = scope_run.run.scopes
    pending_writes = scope_run.pending_writes
    return AccountResult(
        scope=scope,
        run_id=scope_run.run.run_id,
        should_notify=scope_run.should_notify,
        problems=scope_run.problems,
        findings=scope_run.run.findings,
        healthy=healthy_counts(scope_run.run),
        changes=scope_run.run.changes,
        recovered_scopes=scope_run.run.recovered_scopes,
        since=scope_run.run.since,
        actions=scope_run.run.actions,
        alert_records=pending_writes.alert_records if pending_writes else (),
        resolved=pending_writes.resolved if pending_writes else (),
        intents=pending_writes.intents if pending_writes else (),
        replacement_records={
            replacement_record.certificate_arn: replacement_record.version
            for replacement_record in pending_writes.replacement_records
        }
        if pending_writes
        else {},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """The last step: what all accounts left, in one message, one report and one set of figures.

    `state_store` opens the ledger of one account and region; `regions` are those that every account
    was to be looked at in.
    """

    request: RunRequest
    regions: Sequence[str]
    partition: str
    dependencies: RunDependencies
    documents: Documents
    state_store: Callable[[Scope], StateStore | None]

    def run(self, *, current_time: Callable[[], datetime]) -> dict[str, Any]:
        """Return the result in figures; raise RotationError if anything could not be done."""
        scope_runs = list(self._scope_runs(current_time()))
        run = merged(self.request, scope_runs, current_time())
        # A dry run, too, has a report: the result is in figures only.
        outcome, failures = notify(run, self.dependencies, scope_runs, reports_dry_runs=True)
        emit_run_metrics(self.request, run, scope_runs, self.dependencies)
        raise_if_incomplete(run, scope_runs, failures)
        statuses = Counter(scope.status.value for scope in run.scopes)
        return {
            "run_id": run.run_id,
            "counts": run.counts,
            "scopes": dict(sorted(statuses.items())),
            "findings": len(outcome["findings"]),
            "expiring_certificates": outcome["expiring_certificates"],
            "renewed_certificates": outcome["renewed_certificates"],
            "notification": outcome["notification"],
            "report": outcome.get("report"),
        }

    def _scope_runs(self, now: datetime) -> Iterator[ScopeRun]:
        """Yield what each account left; one that left nothing was not looked at."""
        accounts = _account_ids(self.documents)
        left = self.documents.names(_FOLDER)

        def read(account_id: str) -> list[ScopeRun]:
            if _name(account_id) not in left:
                return self._lost(account_id, "its function left no result", now)
            try:
                found = _account_results(self.documents, account_id, self.regions)
                return [self._scope_run(entry) for entry in found]
            except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
                logger.exception("document unreadable", extra={"account_id": account_id})
                why = f"what its function left could not be read ({error_summary(error)})"
                return self._lost(account_id, why, now)

        with ThreadPoolExecutor(_READERS, thread_name_prefix="documents") as pool:
            for scope_runs in pool.map(read, accounts):
                yield from scope_runs

    def _lost(self, account_id: str, why: str, now: datetime) -> list[ScopeRun]:
        return [
            ScopeRun.failed(self.request, scope, why, now, self.state_store(scope))
            for scope in (Scope(account_id, region, self.partition) for region in self.regions)
        ]

    def _scope_run(self, left: AccountResult) -> ScopeRun:
        run = run_of(self.request, [left.scope], left.findings, left.actions, self.request.now)
        run = replace(
            run,
            changes=tuple(left.changes),
            recovered_scopes=tuple(left.recovered_scopes),
            since=left.since,
            healthy=left.healthy,
        )
        return ScopeRun(
            run=run,
            problems=left.problems,
            should_notify=left.should_notify,
            pending_writes=self._pending_writes(left),
        )

    def _pending_writes(self, left: AccountResult) -> PendingWrites | None:
        if not (left.alert_records or left.resolved or left.intents or left.replacement_records):
            return None
        scope = Scope(left.scope.account_id, left.scope.region, self.partition)
        state_store = self.state_store(scope)
        if state_store is None:
            return None
        return PendingWrites(
            state_store=state_store,
            run_id=left.run_id,
            now=self.request.now,
            alert_records=left.alert_records,
            resolved=left.resolved,
            intents=left.intents,
            # One that has moved on since has a longer story, which the run that moved it tells.
            replacement_records=[
                replacement_record
                for replacement_record in (
                    state_store.replacement_records() if left.replacement_records else ()
                )
                if left.replacement_records.get(replacement_record.certificate_arn)
                == replacement_record.version
            ],
        )
