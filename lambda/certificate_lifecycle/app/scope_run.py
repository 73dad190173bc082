"""One account and region of a run: scan the certificates, and act on what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from certificate_lifecycle.app.authorities import AuthorityConstraints
from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.deadline import error_summary, has_time, require_time
from certificate_lifecycle.app.descriptions import Descriptions, read_memory, save_memory
from certificate_lifecycle.app.dns_health import DnsHealth, NameJudge
from certificate_lifecycle.app.export import Export
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.foresight import Foresight
from certificate_lifecycle.app.notification_state import AlertState, PendingWrites
from certificate_lifecycle.app.owners import Owners
from certificate_lifecycle.app.ports import Catalog, Clock, ScopeClients, StateStore
from certificate_lifecycle.app.reimport import Reimport, Sources
from certificate_lifecycle.app.repair import Repair
from certificate_lifecycle.app.replacement.engine import ReplacementEngine
from certificate_lifecycle.app.replacement.pointers import PointerMoves
from certificate_lifecycle.app.run_context import RunContext, RunRequest
from certificate_lifecycle.app.tls_probe import TlsProbing
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, Verdict
from certificate_lifecycle.model.public_dns import DnsCounts
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
from certificate_lifecycle.model.tags import owner
from certificate_lifecycle.policy.mute import with_mute
from certificate_lifecycle.policy.ownership import NEEDED_MODE
from certificate_lifecycle.policy.succession import (
    REPLACING_ACTIONS,
    ReplacementRecord,
    counted_changes,
)

_SHOWN_PROBLEMS = 5
_LONGEST_PROBLEM = 2000
#: A message shows a few consumers; the names of thousands would take the time of their moves.
_NAMED_CONSUMERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRun:
    """What a run found and did in one account and region.

    `problems` are the errors of the scan.
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
        reason: str,
        finished_at: datetime,
        state_store: StateStore | None,
    ) -> ScopeRun:
        """Return the result for an account and region that could not be scanned.

        The state store is in the function's account, so that it is available nevertheless.
        """
        text = f"the certificates could not be scanned: {reason}"
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
    """The scan of one account and region, before any action; `request` is narrowed to it."""

    request: RunRequest
    context: RunContext
    clients: ScopeClients
    state: AlertState
    collector: Collector
    result: ScanResult
    public_dns: DnsCounts | None = None


def run_scope(
    request: RunRequest,
    scope: Scope,
    clients_at: Callable[[Scope], ScopeClients],
    clock: Clock,
    current_time: Callable[[], datetime],
) -> ScopeRun:
    """Scan the certificates of one account and region, and act on the findings."""
    return act(scan(request, scope, clients_at(scope), clock), current_time)


def scan(request: RunRequest, scope: Scope, clients: ScopeClients, clock: Clock) -> ScopeScan:
    """Scan the certificates of one account and region, and read their state."""
    scopes, request = len(request.scopes), request.narrowed(scope)
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
        allowed_domains=request.allowed_domains,
        unmanaged_mode=request.unmanaged_mode,
        coverage=request.coverage,
        requests_per_day=request.requests_per_day,
        changes_per_run=request.changes_per_run,
        configured={
            *request.import_sources,
            *(target.certificate_arn for target in request.export_targets),
        },
    )
    dns_health = _dns_health(request, clients, clock, state, scopes)
    collector = Collector(
        context=context,
        certificates=clients.certificates,
        dns=clients.dns,
        catalog=clients.catalog,
        dns_health=dns_health,
        # In mode notify the role may not read a secret.
        sources=Sources(
            by_arn=request.import_sources,
            secrets=clients.import_secrets if request.repair else None,
            certificates=clients.certificates,
            histories=state.state_store,
            problem=state.problem,
        ),
        exports=ExportTargets.of(request.export_targets, clients.export_secrets),
        stores=(*clients.stores, *(clients.account_stores if request.account_wide else ())),
        failure_reported=state.failure_reported,
        repair_history=state.repairs.history,
        memory=read_memory(state.state_store),
        on_describe=clients.on_describe,
        authorities=AuthorityConstraints(
            authorities=clients.authorities, clock=clock, alert_records=state.alert_records
        ),
        foresight=None
        if state.state_store is None
        else Foresight(clock=clock, now=request.now, alert_records=state.alert_records),
    )
    # The requested certificates, and those that they replace.
    requested = request.certificate_arns
    replaced = [
        arn
        for arn, replacement_record in state.replacement_records.items()
        if replacement_record.successor_arn in requested
    ]
    result = collector.scan(
        list(dict.fromkeys((*requested, *replaced))),
        may_be_deleted=[*replaced, *(requested if request.announced else ())],
        reported=state.alert_records,
        replacing=state.replacement_records,
    )
    result = result.by_urgency()
    result.problems.extend(state.problems)
    state.ignored = result.ignored
    return ScopeScan(
        request=request,
        context=context,
        clients=clients,
        state=state,
        collector=collector,
        result=result,
        public_dns=None if dns_health is None else dns_health.counts(),
    )


def _dns_health(
    request: RunRequest, clients: ScopeClients, clock: Clock, state: AlertState, scopes: int
) -> DnsHealth | None:
    if clients.public_dns is None:
        return None
    return DnsHealth(
        judge=NameJudge(public_dns=clients.public_dns, dns=clients.dns, clock=clock),
        now=request.now,
        alert_records=state.alert_records,
        scopes=scopes,
    )


def act(scanned: ScopeScan, current_time: Callable[[], datetime]) -> ScopeRun:
    """Replace, export, repair and import, or plan that in a dry run."""
    request, state, scan_result = scanned.request, scanned.state, scanned.result
    _read_again(scanned)
    _read_missing_tags(scanned)
    # Before any consumer is moved, while the names of the consumers are still right.
    assessments = _assessments(scanned)
    agreed, forbidden = _readable(scan_result.narrowed(request.agreed), state)
    limited = replace(scanned, context=_within_limits(agreed, scanned))
    # A helper function here would be one more frame before each write, see the tests.
    engine = _engine(limited)
    everything = not request.certificate_arns
    replaced = engine.act(agreed, state.replacement_records, everything=everything)
    done = [*forbidden, *replaced, *_repaired_and_exported(agreed, limited, replaced)]
    for record in done:
        logger.info("action", extra=record.to_dict())
    actions = state.with_attempts(done)
    actions += state.unreported(actions)
    scope = ScopeResult(
        scanned.context.scope.account_id,
        scanned.context.scope.region,
        scan_result.status,
        scan_result.certificates,
        summary(scan_result.problems) or None,
        len(scan_result.ignored),
        tuple(scan_result.not_listed),
        scanned.public_dns,
    )
    _remember(scanned, actions)
    run = state.with_changes(run_of(request, [scope], assessments, actions, current_time()))
    return ScopeRun(
        run=run,
        problems=scan_result.problems,
        should_notify=state.should_notify(run) or _has_news(engine.handled),
        pending_writes=state.pending_writes(run, engine.handled),
    )


def _has_news(handled: Sequence[ReplacementRecord]) -> bool:
    """Whether replacements have steps to report, even if they failed like before."""
    return any(record.unreported for record in handled)


def _readable(agreed: ScanResult, state: AlertState) -> tuple[ScanResult, list[ActionRecord]]:
    """Leave out certificates with an entry that cannot be read.

    An action that is due is a failure. Without one, the problem of the account and region names the
    entry, and is a reminder later; a failure would be in the message of every day.
    """
    forbidden = state.forbidden()
    failures = [
        ActionRecord(
            entry.certificate.arn,
            entry.decision.action,
            Outcome.FAILED,
            f"nothing was done, because {forbidden[entry.certificate.arn].problem}",
        )
        for entry in agreed.assessments
        if entry.certificate.arn in forbidden and entry.decision.action is not Action.NONE
    ]
    return agreed.without(forbidden), failures


def _assessments(scanned: ScopeScan) -> list[Assessment]:
    """Return the assessments with TLS probe results, owners, mutes and names of consumers."""
    request, context, clients = scanned.request, scanned.context, scanned.clients
    assessments: Sequence[Assessment] = scanned.result.assessments
    if clients.tls_probe is not None:
        assessments = TlsProbing(
            context=context,
            certificates=clients.certificates,
            tls_probe=clients.tls_probe,
            everything=scanned.result.everything,
            reported={
                arn: alert
                for arn, alert in scanned.state.alert_records.items()
                if alert.verdict == Verdict.STALE_CERTIFICATE_SERVED.value
            },
            last_probe=scanned.state.last_probe,
        ).compared(assessments)
        scanned.state.record_probe(context.clock)
    known = scanned.result.known
    names = _ConsumerNames(
        clients.catalog, context.clock, None if known is None else known.descriptions
    )
    names.read_ahead(assessments)
    owners = Owners(context=context, catalog=clients.catalog, problems=scanned.result.problems)
    records = scanned.state.replacement_records
    return [
        names.added(
            replace(
                owners.added(with_mute(entry, context.now), records.get(entry.certificate.arn)),
                owner=owner(entry.certificate, request.owner_tag),
            )
        )
        for entry in assessments
    ]


def _within_limits(agreed: ScanResult, scanned: ScopeScan) -> RunContext:
    """Return the context, in which nothing may be changed if the run would change too much.

    A wrong setting, or an error of this module, then changes a few certificates and not all.
    """
    context, records = scanned.context, scanned.state.replacement_records
    # An upper bound first: a plan repeats calls of the run.
    due = sum(entry.decision.action in NEEDED_MODE for entry in agreed.assessments)
    due += sum(observation.export is not None for observation in agreed.observations)
    due += sum(not record.state.finished for record in records.values())
    if due <= context.changes_per_run:
        return context
    planning = replace(scanned, context=replace(context, dry_run=True))
    everything = not scanned.request.certificate_arns
    replaced = _engine(planning).act(agreed, records, everything=everything)
    planned = [*replaced, *_repaired_and_exported(agreed, planning, replaced)]
    changed = {record.certificate_arn for record in planned if record.outcome is Outcome.PLANNED}
    count = counted_changes(changed, [entry.certificate for entry in agreed.assessments])
    if count <= context.changes_per_run:
        return context
    reason = (
        f"nothing was changed: {count} certificates of this account and region would be, "
        f"and limits.changes_per_run is {context.changes_per_run}"
    )
    scanned.result.problems.append(reason)
    return replace(context, held_back=f"{reason}.")


def _read_again(scanned: ScopeScan) -> None:
    """Read certificates with a due action again, if earlier runs described them.

    What was remembered, and tags that were read in bulk, never lead to a write.
    """
    result, context = scanned.result, scanned.context
    due = [
        entry.certificate.arn
        for observation, entry in zip(result.observations, result.assessments, strict=True)
        if (entry.decision.action in NEEDED_MODE or observation.export is not None)
        and _may_be_permitted(entry, context)
    ]
    scanned.collector.observe_again(result, due)
    scanned.state.ignored = result.ignored


def _may_be_permitted(entry: Assessment, context: RunContext) -> bool:
    """Whether the mode permits an action, or tags that are still to be read may permit it."""
    certificate = entry.certificate
    imports = entry.decision.action is Action.REIMPORT
    if imports and certificate.arn not in context.configured:
        return False  # without a source, a person imports
    blocked = context.blocked_reason(certificate, entry.decision.action)
    return blocked is None or not certificate.detail.tags_read


def _remember(scanned: ScopeScan, actions: Sequence[ActionRecord]) -> None:
    """Store the descriptions for the next run, which describes what this run changed again.

    A run for some certificates stores only that it changed them.
    """
    result, request, before = scanned.result, scanned.request, scanned.collector.memory
    changed = {r.certificate_arn for r in actions if r.outcome is not Outcome.ADVISED}
    whole = not request.certificate_arns
    if result.known is None or request.dry_run or not (whole or changed & before.entries.keys()):
        return
    listed = {certificate.arn for certificate in result.everything}
    gone = before.entries.keys() - listed if whole else ()
    memory = result.known.descriptions.to_store(gone, changed)
    save_memory(scanned.state.state_store, memory, scanned.context.clock)


def _read_missing_tags(scanned: ScopeScan) -> None:
    """Read missing tags of certificates with a due action: the tags may forbid the action."""
    result, records = scanned.result, scanned.state.replacement_records
    for index, observation in enumerate(result.observations):
        entry, certificate = result.assessments[index], observation.certificate
        due = entry.decision.action in NEEDED_MODE or certificate.arn in records
        if certificate.detail.tags_read or not (due or observation.export is not None):
            continue
        try:
            require_time(scanned.context.clock)
            certificate = certificate.with_tags(scanned.clients.certificates.tags(certificate.arn))
        except Exception as error:  # noqa: BLE001 - one must not stop the others; raised at the end
            logger.exception("tags unreadable", extra={"certificate_arn": certificate.arn})
            problem = f"{certificate.arn}: {error_summary(error)}"
            if problem not in result.problems:
                result.problems.append(problem)
            continue
        result.observations[index] = replace(observation, certificate=certificate)
        result.assessments[index] = replace(entry, certificate=certificate)


def _engine(scanned: ScopeScan) -> ReplacementEngine | _WithoutState:
    """Return the engine, or its stand-in if the state could not be read."""
    state_store, clients = scanned.state.state_store, scanned.clients
    if state_store is None:
        reason = scanned.state.problem or "there is no state table, see LEDGER_TABLE"
        return _WithoutState(scanned.context, reason)
    return ReplacementEngine(
        context=scanned.context,
        certificates=clients.certificates,
        dns=clients.dns,
        public_dns=clients.public_dns,
        state_store=state_store,
        catalog=clients.catalog,
        pointers=PointerMoves(
            context=scanned.context, certificates=clients.certificates, pointers=clients.pointers
        ),
        consumers=clients.consumers,
        tls_probe=clients.tls_probe,
        retire_after=scanned.request.retire_after,
    )


@dataclass(frozen=True, slots=True)
class _WithoutState:
    """Advises on certificates that cannot be replaced without state, in place of the engine."""

    context: RunContext
    reason: str
    handled: Sequence[ReplacementRecord] = ()

    def act(
        self, scan: ScanResult, _: Mapping[str, ReplacementRecord], *, everything: bool
    ) -> list[ActionRecord]:
        """Return the advice for each certificate that would be replaced."""
        del everything
        records = []
        for entry in scan.assessments:
            certificate, action = entry.certificate, entry.decision.action
            if action in REPLACING_ACTIONS:
                reason = self.context.blocked_reason(certificate, action) or self.reason
                text = f"{action.meaning} Not done here: {reason}"
                records.append(ActionRecord(certificate.arn, action, Outcome.ADVISED, text))
        return records


def _repaired_and_exported(
    agreed: ScanResult, scanned: ScopeScan, replaced: Sequence[ActionRecord]
) -> list[ActionRecord]:
    context, clients = scanned.context, scanned.clients
    certificates, secrets = clients.certificates, clients.export_secrets
    exported: list[ActionRecord] = []
    if secrets is not None:
        exported = Export(context=context, certificates=certificates, secrets=secrets).act(agreed)
    reimport = Reimport(
        context=context,
        certificates=certificates,
        histories=scanned.state.state_store,
    )
    reimport.remember(scanned.result.observations, scanned.result.problems)
    repair = Repair(
        context=context,
        certificates=certificates,
        dns=clients.dns,
        reimport=reimport,
        memory=scanned.state.repairs,
        settled={(record.certificate_arn, record.action) for record in (*replaced, *exported)},
    )
    return [*repair.act(agreed), *exported]


@dataclass(slots=True)
class _ConsumerNames:
    """Adds the names of its consumers to each reportable finding, or their ARNs after a failure.

    Names are remembered with the description, which has to be read again for other consumers.
    """

    catalog: Catalog
    clock: Clock
    descriptions: Descriptions | None
    failed: bool = False

    def read_ahead(self, entries: Iterable[Assessment]) -> None:
        """Read the consumers of all findings with few calls."""
        shown = [entry.certificate for entry in entries if _shows_consumers(entry)]
        wanted = [certificate for certificate in shown if self._remembered(certificate) is None]
        self.catalog.read_ahead(wanted, lambda: has_time(self.clock))

    def added(self, entry: Assessment) -> Assessment:
        users = entry.certificate.detail.in_use_by
        if not entry.decision.reportable or not users:
            return entry
        named = self._names(entry.certificate) if _shows_consumers(entry) else ()
        names = named or map(self.catalog.label, users)
        return replace(entry, used_by=tuple(names))

    def _names(self, certificate: Certificate) -> Sequence[str]:
        remembered = self._remembered(certificate)
        if remembered is not None or self.failed:
            return remembered or ()
        try:
            require_time(self.clock)
            names = tuple(self.catalog.names(certificate))
        except Exception:  # noqa: BLE001 - names are optional
            extra = {"certificate_arn": certificate.arn}
            logger.warning("consumer names unavailable", exc_info=True, extra=extra)
            self.failed = True
            return ()
        if self.descriptions is not None:
            self.descriptions.note(certificate.arn, partial(replace, consumers=names))
        return names

    def _remembered(self, certificate: Certificate) -> Sequence[str] | None:
        return None if self.descriptions is None else self.descriptions.consumers(certificate)


def _shows_consumers(entry: Assessment) -> bool:
    """Whether a finding shows the settings of its consumers, and not only their ARNs."""
    users = entry.certificate.detail.in_use_by
    return entry.decision.reportable and 0 < len(users) <= _NAMED_CONSUMERS


def run_of(
    request: RunRequest,
    scopes: Sequence[ScopeResult],
    assessments: Sequence[Assessment],
    actions: Sequence[ActionRecord],
    finished_at: datetime,
) -> Run:
    """Return the results of one or of several accounts and regions as a run."""
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
        sdk=request.sdk,
        import_sources=frozenset(request.import_sources),
        export_targets=frozenset(target.certificate_arn for target in request.export_targets),
        function_arn=request.function_arn,
        runbook_url=request.runbook_url,
    )


def summary(problems: Sequence[str]) -> str:
    """Return the first problems and a count of the rest."""
    more = len(problems) - _SHOWN_PROBLEMS
    shown = "; ".join(clean(problem, _LONGEST_PROBLEM) for problem in problems[:_SHOWN_PROBLEMS])
    return f"{shown}; and {more} more" if more > 0 else shown
