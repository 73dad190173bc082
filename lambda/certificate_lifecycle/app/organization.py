"""A run over an organization in three steps: list the accounts, scan each, aggregate the results.

Step Functions invokes the second step in parallel, once for each account. Results are passed on as
documents, because the state of a state machine is limited to 256 KiB. Every step is idempotent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from certificate_lifecycle.app.deadline import (
    LOST_SCOPES_RESERVE_SECONDS,
    error_summary,
    require_time,
)
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
#: The folder of the results of the accounts.
_FOLDER = "accounts/"
#: The accounts that are not scanned because it is unknown whether they are active.
_UNKNOWN = f"{_FOLDER}unknown.json"
#: Documents that are read in parallel: the size of the SDK's connection pool.
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
    """Write the list of accounts to scan: `given` ones, or all active ones of the organization.

    `always` adds accounts, such as the function's own; `only` is a filter.
    An account that may or may not be active is not scanned; the last step reports it as failed.
    Raises RotationError for an account that is not listed, or if there is no account to scan.
    """
    members = [] if given else list(organization.accounts())
    active = {account.account_id for account in members if account.active}
    doubtful = {account.account_id for account in members if account.active is None}
    found = {*always, *given, *active} - set(excluded)
    doubtful -= {*found, *excluded}
    if only:
        absent = sorted(set(only) - found - doubtful)
        if absent:
            raise RotationError(f"no account of this organization: {', '.join(absent)}")
        found, doubtful = found & set(only), doubtful & set(only)
    if doubtful:
        logger.warning("accounts with an unknown state", extra={"accounts": len(doubtful)})
        documents.put(_UNKNOWN, _items(doubtful))
    if not found:
        doubt = f": the state of {len(doubtful)} accounts is unknown" if doubtful else ""
        raise RotationError(f"the organization has no account to scan{doubt}")
    documents.put(ACCOUNTS, _items(found))
    logger.info("accounts listed", extra={"accounts": len(found)})
    return {"accounts": len(found)}


def _items(accounts: Collection[str]) -> list[dict[str, str]]:
    """Return objects, because every version of a distributed map's reader supports them."""
    return [{"account_id": account_id} for account_id in sorted(accounts)]


def _account_ids(documents: Documents, name: str = ACCOUNTS) -> list[str]:
    """Return the accounts of a document; raises DocumentError if the document is invalid."""
    address = documents.address(name)
    try:
        found = [checked_id(item["account_id"]) for item in documents.get(name)]
    except (KeyError, TypeError) as error:
        raise DocumentError(f"{address} is no list of accounts") from error
    except ValueError as error:
        raise DocumentError(f"{address} lists an invalid account id") from error
    if not found:
        raise DocumentError(f"{address} lists no account")
    return found


def _account_results(
    documents: Documents, account_id: str, regions: Collection[str]
) -> list[AccountResult]:
    """Return the results of an account, one for each region.

    Raises DocumentError if the document is invalid, or has not exactly these regions.
    """
    found = documents.get(_name(account_id))
    try:
        results = [AccountResult.from_dict(entry) for entry in found]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DocumentError("it is no result of a scan") from error
    scopes = sorted((result.scope.account_id, result.scope.region) for result in results)
    if scopes != sorted((account_id, region) for region in regions):
        raise DocumentError("it does not have each region of the account once")
    return results


def scan_account(
    request: RunRequest,
    dependencies: RunDependencies,
    documents: Documents,
    *,
    current_time: Callable[[], datetime],
) -> dict[str, Any]:
    """Scan one account, act on the findings, and write the results.

    Raises RotationError after that if a scan or an action failed, so that the state machine counts
    the account as failed.
    """
    scope_runs = run_scopes(request, dependencies.clients_at, dependencies.clock, current_time)
    account_id = request.scopes[0].account_id
    results = [_account_result(scope_run) for scope_run in scope_runs]
    documents.put(_name(account_id), [result.to_dict(request.now) for result in results])
    run = merged(request, scope_runs, current_time())
    raise_if_incomplete(run, scope_runs, ())
    return {"account_id": account_id, "certificates": run.certificates}


def _name(account_id: str) -> str:
    return f"{_FOLDER}{account_id}.json"


def _account_result(scope_run: ScopeRun) -> AccountResult:
    (scope,) = scope_run.run.scopes
    run, writes = scope_run.run, scope_run.pending_writes
    return AccountResult(
        scope=scope,
        run_id=run.run_id,
        should_notify=scope_run.should_notify,
        problems=scope_run.problems,
        findings=run.findings,
        healthy=healthy_counts(run),
        changes=run.changes,
        recovered_scopes=run.recovered_scopes,
        since=run.since,
        actions=run.actions,
        alert_records=writes.alert_records if writes else (),
        resolved=writes.resolved if writes else (),
        intents=writes.intents if writes else (),
        replacement_records={
            record.certificate_arn: record.version
            for record in (writes.replacement_records if writes else ())
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """The last step: the results of all accounts in one message, report and set of metrics.

    Every account was scanned in all `regions`.
    """

    request: RunRequest
    regions: Sequence[str]
    partition: str
    dependencies: RunDependencies
    documents: Documents
    state_store: Callable[[Scope], StateStore | None]

    def run(self, *, current_time: Callable[[], datetime]) -> dict[str, Any]:
        """Return the result as counts; raise RotationError if a scan or an action failed."""
        scope_runs = list(self._scope_runs(current_time()))
        run = merged(self.request, scope_runs, current_time())
        # A dry run has a report, too, because the result has only counts.
        outcome, failures = notify(run, self.dependencies, scope_runs, reports_dry_runs=True)
        emit_run_metrics(self.request, run, scope_runs, self.dependencies)
        raise_if_incomplete(run, scope_runs, failures)
        statuses = Counter(scope.status.value for scope in run.scopes)
        return {
            "run_id": run.run_id,
            "counts": run.counts,
            "scopes": dict(sorted(statuses.items())),
            "findings": len(outcome["findings"]),
            "open_findings": outcome["open_findings"],
            "muted_findings": outcome["muted_findings"],
            "ignored": outcome["ignored"],
            "expiring_certificates": outcome["expiring_certificates"],
            "renewed_certificates": outcome["renewed_certificates"],
            "notification": outcome["notification"],
            "report": outcome.get("report"),
        }

    def _scope_runs(self, now: datetime) -> Iterator[ScopeRun]:
        """Yield the results of each account; one without results failed."""
        accounts = _account_ids(self.documents)
        names = self.documents.names(_FOLDER)

        def read(account_id: str) -> list[ScopeRun]:
            if _name(account_id) not in names:
                return self._failed(account_id, "its function wrote no result", now)
            try:
                require_time(self.dependencies.clock)
                found = _account_results(self.documents, account_id, self.regions)
                return [self._scope_run(entry) for entry in found]
            except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
                logger.exception("document unreadable", extra={"account_id": account_id})
                reason = f"its result could not be read ({error_summary(error)})"
                return self._failed(account_id, reason, now)

        with ThreadPoolExecutor(_READERS, thread_name_prefix="documents") as pool:
            for scope_runs in pool.map(read, accounts):
                yield from scope_runs
        if _UNKNOWN in names:
            reason = (
                "AWS Organizations returns no state of the account that this version and its SDK "
                f"({self.request.sdk}) know. Add a newer boto3 with function.layers, or name the "
                "accounts in organization.account_ids"
            )
            for account_id in sorted({*_account_ids(self.documents, _UNKNOWN)} - {*accounts}):
                yield from self._failed(account_id, reason, now)

    def _failed(self, account_id: str, reason: str, now: datetime) -> list[ScopeRun]:
        scopes = [Scope(account_id, region, self.partition) for region in self.regions]
        return [
            ScopeRun.failed(self.request, scope, reason, now, self._store_in_time(scope))
            for scope in scopes
        ]

    def _store_in_time(self, scope: Scope) -> StateStore | None:
        """Return the state store; None if no time is left to read it."""
        if self.dependencies.clock.remaining() < LOST_SCOPES_RESERVE_SECONDS:
            return None
        return self.state_store(scope)

    def _scope_run(self, result: AccountResult) -> ScopeRun:
        now = self.request.now
        run = replace(
            run_of(self.request, [result.scope], result.findings, result.actions, now),
            changes=tuple(result.changes),
            recovered_scopes=tuple(result.recovered_scopes),
            since=result.since,
            healthy=result.healthy,
        )
        return ScopeRun(
            run=run,
            problems=result.problems,
            should_notify=result.should_notify,
            pending_writes=self._pending_writes(result),
        )

    def _pending_writes(self, result: AccountResult) -> PendingWrites | None:
        versions = result.replacement_records
        if not (result.alert_records or result.resolved or result.intents or versions):
            return None
        scope = Scope(result.scope.account_id, result.scope.region, self.partition)
        state_store = self.state_store(scope)
        if state_store is None:
            return None
        records = state_store.replacement_records() if versions else ()
        return PendingWrites(
            state_store=state_store,
            run_id=result.run_id,
            now=self.request.now,
            alert_records=result.alert_records,
            resolved=result.resolved,
            intents=result.intents,
            # A record with another version is reported by the run that changed it.
            replacement_records=[
                record
                for record in records
                if versions.get(record.certificate_arn) == record.version
            ],
        )
