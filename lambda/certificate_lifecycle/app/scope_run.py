"""One account and region of a run: scan the certificates, and act on what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.deadline import require_time
from certificate_lifecycle.app.export import Export
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.notification_state import AlertState, PendingWrites
from certificate_lifecycle.app.ports import Catalog, Clock, ScopeClients, StateStore
from certificate_lifecycle.app.reimport import Reimport, Sources
from certificate_lifecycle.app.repair import Repair
from certificate_lifecycle.app.replacement.engine import ReplacementEngine
from certificate_lifecycle.app.run_context import RunContext, RunRequest
from certificate_lifecycle.app.tls_probe import TlsProbing
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Certificate, Verdict
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    Outcome,
    Run,
    ScopeResult,
    ScopeStatus,
)
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.tags import muted_until, owner
from certificate_lifecycle.policy.settings import RotationMode
from certificate_lifecycle.policy.succession import REPLACING_ACTIONS

_SHOWN_PROBLEMS = 5
_LONGEST_PROBLEM = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRun:
    """What a run found and did in one account and region.

    `problems` say what could not be scanned.
    `should_notify` is true if a message is due, `pending_writes` are due once it is sent.
    """

    run: Run
    problems: Sequence[str]
    should_notify: bool = True
    pending_writes: PendingWrites | None = None

    @classmethod
    def failed(
        cls,
        request: RunRequest,
        scope: Scope,
        why: str,
        finished_at: datetime,
        state_store: StateStore | None,
    ) -> ScopeRun:
        """Return the result for an account and region that could not be scanned.

        The ledger is in the function's own account.
        It still knows whether that was notified, and what was begun there before the failure.
        """
        text = f"the certificates could not be looked at: {why}"
        result = ScopeResult(scope.account_id, scope.region, ScopeStatus.FAILED, 0, text)
        state = AlertState.read(state_store, request)
        run = run_of(request, [result], [], state.unreported(()), finished_at)
        return cls(
            run=run,
            problems=[text],
            should_notify=state.should_notify(run),
            pending_writes=state.pending_writes(run),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeScan:
    """One account and region before anything is done about what was found there.

    `request` is narrowed to it, `state` is what the ledger says.
    """

    request: RunRequest
    context: RunContext
    clients: ScopeClients
    state: AlertState
    found: ScanResult


def run_scope(
    request: RunRequest,
    scope: Scope,
    clients_at: Callable[[Scope], ScopeClients],
    clock: Clock,
    current_time: Callable[[], datetime],
) -> ScopeRun:
    """Scan the certificates of one account and region, and act on what was found."""
    return act(scan(request, scope, clients_at(scope), clock), current_time)


def scan(request: RunRequest, scope: Scope, clients: ScopeClients, clock: Clock) -> ScopeScan:
    """Scan the certificates of one account and region, and read what the ledger says of them."""
    request = request.narrowed(scope)
    state = AlertState.read(clients.state_store, request)
    context = RunContext(
        run_id=request.run_id,
        instance=request.instance,
        scope=scope,
        mode=request.mode,
        dry_run=request.dry_run,
        now=request.now,
        clock=clock,
        thresholds=request.thresholds,
        record_intent=state.record_intent,
    )
    collector = Collector(
        context=context,
        certificates=clients.certificates,
        dns=clients.dns,
        catalog=clients.catalog,
        # In mode notify the role may not read a secret.
        sources=Sources(
            secrets=clients.import_secrets if request.repair else None,
            secret_arns=request.import_sources,
        ),
        exports=ExportTargets.of(request.export_targets, clients.export_secrets),
        stores=(*clients.stores, *(clients.account_stores if request.account_wide else ())),
    )
    # Those that were asked for, and those that they replace.
    asked = request.certificate_arns
    replaced = [
        arn
        for arn, replacement_record in state.replacement_records.items()
        if replacement_record.successor_arn in asked
    ]
    found = collector.scan(
        list(dict.fromkeys((*asked, *replaced))),
        may_be_gone=[*replaced, *(asked if request.announced else ())],
        in_hand=state.replacement_records,
    )
    if state.problem is not None:
        found.problems.append(state.problem)
    return ScopeScan(request=request, context=context, clients=clients, state=state, found=found)


def act(scanned: ScopeScan, current_time: Callable[[], datetime]) -> ScopeRun:
    """Replace, export, repair and import, or plan to in a dry run.

    A certificate that was replaced or exported gets no advice to do so.
    What earlier runs began and could not report comes last.
    """
    request, context, state = scanned.request, scanned.context, scanned.state
    found = scanned.found
    # Before anything is moved: afterwards nothing would use what was found.
    assessments = _assessment(scanned)
    agreed = found.narrowed(request.agreed)
    engine = _engine(scanned)
    if engine is None:
        replaced = _not_replaced(agreed, scanned)
    else:
        everything = not request.certificate_arns
        replaced = engine.act(agreed, state.replacement_records, everything=everything)
    actions = [*replaced, *_repaired_and_exported(agreed, scanned, replaced)]
    actions += state.unreported(actions)
    scope = ScopeResult(
        context.scope.account_id,
        context.scope.region,
        found.status,
        found.certificates,
        summary(found.problems) or None,
    )
    run = state.with_changes(run_of(request, [scope], assessments, actions, current_time()))
    return ScopeRun(
        run=run,
        problems=found.problems,
        should_notify=state.should_notify(run),
        pending_writes=state.pending_writes(run, engine.handled if engine is not None else ()),
    )


def _assessment(scanned: ScopeScan) -> list[Assessment]:
    """Return what was assessed, with what its names serve, its owner, and what uses it."""
    request, context, clients = scanned.request, scanned.context, scanned.clients
    assessments: Sequence[Assessment] = scanned.found.assessments
    if clients.tls_probe is not None:
        stale_certificate_served = Verdict.STALE_CERTIFICATE_SERVED.value
        alert_records = scanned.state.alert_records
        assessments = TlsProbing(
            context=context,
            certificates=clients.certificates,
            tls_probe=clients.tls_probe,
            everything=scanned.found.everything,
            reported=[
                arn
                for arn, each in alert_records.items()
                if each.verdict == stale_certificate_served
            ],
        ).compared(assessments)
    names = _UserNames(clients.catalog, context.clock)
    return [
        names.added(
            replace(
                entry,
                owner=owner(entry.certificate, request.owner_tag),
                muted_until=muted_until(entry.certificate, context.now),
            )
        )
        for entry in assessments
    ]


def _engine(scanned: ScopeScan) -> ReplacementEngine | None:
    """Return what replaces: in mode replace, and with a ledger that could be read."""
    state_store, clients = scanned.state.state_store, scanned.clients
    if scanned.context.mode is not RotationMode.REPLACE or state_store is None:
        return None
    return ReplacementEngine(
        context=scanned.context,
        certificates=clients.certificates,
        dns=clients.dns,
        state_store=state_store,
        catalog=clients.catalog,
        consumers=clients.consumers,
        tls_probe=clients.tls_probe,
        retire_after=scanned.request.retire_after,
    )


def _not_replaced(agreed: ScanResult, scanned: ScopeScan) -> list[ActionRecord]:
    """Return the advice for what would be replaced in mode replace if there were a ledger."""
    if scanned.context.mode is not RotationMode.REPLACE:
        return []
    why = scanned.state.problem or "there is no ledger to record it in, see LEDGER_TABLE"
    return [
        ActionRecord(
            entry.certificate.arn,
            entry.decision.action,
            Outcome.ADVISED,
            f"{entry.decision.action.meaning} Not done here: {why}",
        )
        for entry in agreed.assessments
        if entry.decision.action in REPLACING_ACTIONS
    ]


def _repaired_and_exported(
    agreed: ScanResult, scanned: ScopeScan, replaced: Sequence[ActionRecord]
) -> list[ActionRecord]:
    context, clients = scanned.context, scanned.clients
    certificates, secrets = clients.certificates, clients.export_secrets
    exported: list[ActionRecord] = []
    if secrets is not None:
        exported = Export(context=context, certificates=certificates, secrets=secrets).act(agreed)
    repair = Repair(
        context=context,
        certificates=certificates,
        dns=clients.dns,
        reimport=Reimport(context=context, certificates=certificates),
        settled={(record.certificate_arn, record.action) for record in (*replaced, *exported)},
    )
    return [*repair.act(agreed), *exported]


@dataclass(slots=True)
class _UserNames:
    """Adds what uses a certificate to each finding to report, by names that people know.

    If the names cannot be read, the ARNs are shown instead: nothing is decided by them.
    """

    catalog: Catalog
    clock: Clock
    failed: bool = False

    def added(self, entry: Assessment) -> Assessment:
        """Return a finding with the names of its users; anything else as it is."""
        users = entry.certificate.detail.in_use_by
        if not entry.decision.reportable or not users:
            return entry
        names = self._names(entry.certificate) or map(self.catalog.label, users)
        return replace(entry, used_by=tuple(names))

    def _names(self, certificate: Certificate) -> Sequence[str]:
        if self.failed:
            return ()
        try:
            require_time(self.clock)
            return self.catalog.names(certificate)
        except Exception:  # noqa: BLE001 - a name more or less is no failure of the run
            extra = {"certificate_arn": certificate.arn}
            logger.warning("users not named, nor are those of others", exc_info=True, extra=extra)
            self.failed = True
            return ()


def run_of(
    request: RunRequest,
    scopes: Sequence[ScopeResult],
    assessments: Sequence[Assessment],
    actions: Sequence[ActionRecord],
    finished_at: datetime,
) -> Run:
    """Return what a run found and did, in one account and region or in all of them."""
    return Run(
        run_id=request.run_id,
        started_at=request.now,
        finished_at=finished_at,
        instance=request.instance,
        mode=request.mode.value,
        dry_run=request.dry_run,
        scopes=tuple(scopes),
        assessments=tuple(assessments),
        actions=tuple(actions),
        full_scan=not request.certificate_arns,
    )


def summary(problems: Sequence[str]) -> str:
    """Return the first problems and a count of the rest: an error is not a listing."""
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(clean(problem, _LONGEST_PROBLEM) for problem in problems[:_SHOWN_PROBLEMS])
    return f"{shown}; and {more} more" if more > 0 else shown
