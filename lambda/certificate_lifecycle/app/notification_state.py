"""What a run knows from earlier runs: reported findings, started and unreported actions.

Alerts are saved after the message is sent, intents before the action. A run that is stopped
between the two is reported twice rather than never.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Self

from certificate_lifecycle.app.deadline import (
    STATE_RESERVE_SECONDS,
    error_summary,
    require_time,
)
from certificate_lifecycle.app.ports import Clock, StateStore
from certificate_lifecycle.app.repair_memory import RepairMemory
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action, Certificate, Reason, Verdict
from certificate_lifecycle.model.errors import StateConflictError
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeStatus,
)
from certificate_lifecycle.policy.notification_state import (
    WHOLE_INVENTORY,
    WHOLE_SCOPE,
    AlertRecord,
    Intent,
    UnreadableEntry,
    alert_record,
    change_of,
    inventory_alert_record,
    scope_alert_record,
    scope_has_changed,
)
from certificate_lifecycle.policy.succession import ReplacementRecord

#: Joins several texts of one intent.
AND = "; and to "
#: Actions that resolve a finding at once. After a repair, ACM still has to validate.
_RESOLVING = frozenset({Action.EXPORT, Action.REIMPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWrites:
    """Writes to the state of one account and region, due once the message is sent.

    Every write is conditional: an entry that another run has changed since stays as it is.
    `own_intents` are the `intents` of this run that extend no intent of an earlier run.
    """

    state_store: StateStore
    run_id: str
    now: datetime
    alert_records: Sequence[AlertRecord]
    intents: Sequence[Intent]
    replacement_records: Sequence[ReplacementRecord]
    resolved: Sequence[AlertRecord] = ()
    own_intents: Sequence[Intent] = ()

    def clear_own_intents(self) -> None:
        """Delete the intents of a run by hand: its operator has seen the result."""
        for intent in self.own_intents:
            self.state_store.delete_intent(intent)

    def commit(self, clock: Clock) -> None:
        """Write everything; what was not written is reported again by the next run.

        One failed write is raised at the end, a second one at once: the store is not available.
        Raises CertificateLifecycleError if the time runs out.
        """
        store = self.state_store
        steps: list[Callable[[], None]] = [
            *(partial(store.delete_alert, alert) for alert in self.resolved),
            *(partial(store.delete_intent, intent) for intent in self.intents),
            *(partial(self._mark_reported, record) for record in self.replacement_records),
            # Last: every message writes all of them, so that they may take all of the time.
            *(partial(store.save_alert, alert) for alert in self.alert_records),
        ]
        failure: Exception | None = None
        for step in steps:
            require_time(clock, STATE_RESERVE_SECONDS)
            try:
                step()
            except Exception as error:
                if failure is not None:
                    raise
                logger.warning("state entry not written", exc_info=True)
                failure = error
        if failure is not None:
            raise failure

    def _mark_reported(self, replacement_record: ReplacementRecord) -> None:
        reported = replace(replacement_record, unreported=())
        with suppress(StateConflictError):
            self.state_store.claim(reported, self.run_id, self.now, self.now)


@dataclass(slots=True, kw_only=True)
class AlertState:
    """The stored state of one account and region; empty without a state store.

    `scope` is the alert about the account and region as a whole, `inventory` that about classes of
    certificates that could not be listed.
    `earlier_intents` are those that earlier runs left, `intents` these and those of this run.
    `repairs` are the validation records that earlier runs wrote.
    `last_probe` is the time of the last run with TLS probes.
    `problem` is set if the state could not be read.
    `unreadable` are entries that could not be read, while the others could.
    `ignored` are the certificates outside the coverage: their alerts end without a notification.
    """

    state_store: StateStore | None
    request: RunRequest
    replacement_records: Mapping[str, ReplacementRecord] = field(default_factory=dict)
    alert_records: Mapping[str, AlertRecord] = field(default_factory=dict)
    scope: AlertRecord | None = None
    inventory: AlertRecord | None = None
    earlier_intents: Sequence[Intent] = ()
    intents: dict[tuple[str, str], Intent] = field(default_factory=dict)
    recorded: set[tuple[str, str, str]] = field(default_factory=set)
    repairs: RepairMemory
    last_probe: datetime | None = None
    problem: str | None = None
    unreadable: Sequence[UnreadableEntry] = ()
    ignored: Collection[str] = ()

    @property
    def problems(self) -> list[str]:
        """Return what could not be read, a clause each."""
        whole = [self.problem] if self.problem is not None else []
        return [*whole, *(f"{entry.problem}; it stays as it is" for entry in self.unreadable)]

    def forbidden(self) -> Mapping[str, UnreadableEntry]:
        """Return the certificates for which nothing may be done, by ARN, with the entry."""
        return {
            entry.certificate_arn: entry
            for entry in self.unreadable
            if entry.certificate_arn is not None and entry.forbids_actions
        }

    @classmethod
    def read(cls, state_store: StateStore | None, request: RunRequest) -> Self:
        """Read the state; if that fails, set `problem` and continue without state."""
        memory = RepairMemory(now=request.now)
        found = cls(state_store=state_store, request=request, repairs=memory)
        if state_store is None:
            return found
        try:
            found.replacement_records = {
                record.certificate_arn: record for record in state_store.replacement_records()
            }
            alerts = state_store.alert_records()
            by_subject = {alert.subject: alert for alert in alerts}
            found.scope = by_subject.get(WHOLE_SCOPE)
            found.inventory = by_subject.get(WHOLE_INVENTORY)
            found.alert_records = {
                alert.subject.certificate_arn: alert
                for alert in alerts
                if alert.subject.certificate_arn is not None
            }
            found.repairs = RepairMemory.read(state_store, request.now)
            found.last_probe = state_store.last_probe()
            found.earlier_intents = state_store.intents()
            found.intents = {
                (intent.certificate_arn, intent.action): intent for intent in found.earlier_intents
            }
            found.unreadable = state_store.unreadable()
        except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
            logger.exception("state unreadable")
            found.state_store, found.repairs = None, memory
            found.problem = f"the state table could not be read: {error_summary(error)}"
        return found

    def record_intent(self, certificate_arn: str, action: Action, text: str) -> None:
        """Save an intent before the action; `text` follows "about to".

        The text of an earlier intent for the same certificate and action is kept in front: that
        action may have been done, and is not reported yet.
        """
        if self.state_store is None or self.request.dry_run:
            return
        key = (certificate_arn, action.value)
        self.recorded.add((*key, text))
        before, written_at = self.intents.get(key), self.request.now
        if before is not None:
            known = before.text.split(AND)
            text = before.text if text in known else AND.join([*known, text])
            # The clock of the earlier run may be ahead, and the store keeps the later entry.
            written_at = max(written_at, before.written_at)
        intent = Intent(
            certificate_arn=certificate_arn,
            action=action.value,
            text=text,
            run_id=self.request.run_id,
            written_at=written_at,
        )
        self.state_store.save_intent(intent)
        self.intents[key] = intent

    def record_probe(self, clock: Clock) -> None:
        """Store that this run probed, so that no renewal is missed after an outage of the runs."""
        request = self.request
        if self.state_store is None or request.dry_run or request.certificate_arns:
            return
        try:
            require_time(clock)
            self.state_store.record_probe(request.now)
        except Exception:  # noqa: BLE001 - the next run probes more
            logger.warning("probe not recorded", exc_info=True)

    def failure_reported(self, certificate: Certificate) -> datetime | None:
        """Return when a failed request was first reported, None if it was not.

        Without a state store, the time of the request stands for it: else each run would report
        every failed request again.
        """
        if self.state_store is None:
            return certificate.created_at
        alert = self.alert_records.get(certificate.arn)
        if alert is None or alert.verdict != Verdict.REQUEST_FAILED.value:
            return None
        return alert.since or alert.notified_at

    def with_attempts(self, actions: Sequence[ActionRecord]) -> list[ActionRecord]:
        """Return the actions, each failed one with what this run had begun.

        A step can be done although it failed: the response may have been lost.
        """
        begun: dict[tuple[str, str], list[str]] = {}
        for arn, action, text in sorted(self.recorded):
            begun.setdefault((arn, action), []).append(text)
        return [
            replace(
                record,
                detail=f"{record.detail}; this run began to {AND.join(texts)}, which may be done",
            )
            if record.outcome is Outcome.FAILED
            and (texts := begun.get((record.certificate_arn, record.action.value)))
            else record
            for record in actions
        ]

    def unreported(self, actions: Sequence[ActionRecord]) -> list[ActionRecord]:
        """Return the actions that earlier runs started and never reported.

        An action that this run repeated is left out, unless it failed: it may have failed because
        the earlier one had worked.
        """
        failed = {
            (r.certificate_arn, r.action.value) for r in actions if r.outcome is Outcome.FAILED
        }
        repeated = {entry for entry in self.recorded if entry[:2] not in failed}
        return [
            ActionRecord(
                intent.certificate_arn,
                intent.intended,
                Outcome.STARTED,
                f"an earlier run was stopped when it was about to {text}",
            )
            for intent in self.earlier_intents
            for text in intent.text.split(AND)
            if (intent.certificate_arn, intent.intended.value, text) not in repeated
        ]

    def with_changes(self, run: Run) -> Run:
        """Return `run` with what changed since the last message."""
        if self.state_store is None:
            return run
        since = {arn: alert.since or alert.notified_at for arn, alert in self.alert_records.items()}
        recovered = [
            scope.label
            for scope in run.scopes
            if self.scope is not None and run.full_scan and scope.status is ScopeStatus.OK
        ]
        return replace(
            run,
            changes=(*self._changes(run), *self._resolved_changes(run)),
            recovered_scopes=tuple(recovered),
            since={arn: since[arn] for arn in map(_arn, _reportable(run)) if arn in since},
        )

    def should_notify(self, run: Run) -> bool:
        """Whether a run with its changes is worth a message.

        A failed scan or action is reported once and as a reminder, like a finding.
        """
        if self.state_store is None or _new_actions(run) or run.changes:
            return True
        if self._inventory_alerts(run):
            return True
        reportable = set(map(_arn, _reportable(run)))
        if any(record.certificate_arn not in reportable for record in run.failed_actions):
            return True
        return any(
            scope_has_changed(scope, self.scope, self.request.now)
            for scope in run.scopes
            # A restricted run does not show that everything can be scanned again.
            if run.full_scan or scope.status is not ScopeStatus.OK
        )

    def pending_writes(
        self, run: Run, replacement_records: Sequence[ReplacementRecord] = ()
    ) -> PendingWrites | None:
        """Return the writes due after the message about a run with its changes.

        A message has all open findings, so all reminders are due together again.
        `replacement_records` are those of the replacements in the message.
        """
        if self.state_store is None:
            return None
        failing, done = _failing(run), _resolved_by(run)
        now = self.request.now
        alerts = [
            alert_record(
                entry,
                self.alert_records.get(_arn(entry)),
                self.request.thresholds,
                now,
                failing=_arn(entry) in failing,
            )
            for entry in _reportable(run)
            if _arn(entry) not in done
        ]
        incomplete = [scope for scope in run.scopes if scope.status is not ScopeStatus.OK]
        alerts += [scope_alert_record(scope, self.scope, now) for scope in incomplete]
        alerts += self._inventory_alerts(run)
        resolved = list(self._resolved(run).values())
        resolved += [self.alert_records[arn] for arn in done if arn in self.alert_records]
        if self.scope is not None and run.full_scan and not incomplete:
            resolved.append(self.scope)
        if self.inventory is not None and run.full_scan and not (incomplete or run.not_listed):
            resolved.append(self.inventory)
        earlier = {(intent.certificate_arn, intent.action) for intent in self.earlier_intents}
        return PendingWrites(
            state_store=self.state_store,
            run_id=self.request.run_id,
            now=now,
            alert_records=self._oldest_first(alerts),
            intents=list(self.intents.values()),
            replacement_records=[record for record in replacement_records if record.unreported],
            resolved=resolved,
            own_intents=[intent for key, intent in self.intents.items() if key not in earlier],
        )

    def _inventory_alerts(self, run: Run) -> list[AlertRecord]:
        """Return the due alert record about classes that could not be listed, in a list."""
        due = [
            inventory_alert_record(scope, self.inventory, self.request.now)
            for scope in run.scopes
            if run.full_scan
        ]
        return [alert for alert in due if alert is not None]

    def _oldest_first(self, alerts: Sequence[AlertRecord]) -> list[AlertRecord]:
        """Return the records in the order of their writing: new ones, then the oldest.

        If the time runs out, the next run writes the rest instead of the same records again.
        """
        known = (*self.alert_records.values(), *([self.scope] if self.scope else []))
        notified = {alert.subject: alert.notified_at.timestamp() for alert in known}
        return sorted(alerts, key=lambda alert: notified.get(alert.subject, 0.0))

    def _changes(self, run: Run) -> list[FindingChange]:
        failing = _failing(run)
        found = []
        for entry in _reportable(run):
            arn = _arn(entry)
            before = self.alert_records.get(arn)
            kind = change_of(
                entry, before, self.request.thresholds, self.request.now, failing=arn in failing
            )
            if kind is not None:
                previous, since = (before.verdict, before.since) if before else (None, None)
                found.append(FindingChange(arn, kind, previous_verdict=previous, since=since))
        return found

    def _resolved_changes(self, run: Run) -> list[FindingChange]:
        scanned = {_arn(entry): entry for entry in run.assessments}
        return [
            FindingChange(
                arn,
                ChangeKind.RESOLVED,
                previous_verdict=alert.verdict,
                since=alert.since or alert.notified_at,
                name=", ".join(entry.certificate.names) if entry else "",
                current_state=entry.decision.message if entry else _gone(alert),
            )
            for arn, alert in self._resolved(run).items()
            if arn not in self.ignored
            for entry in [scanned.get(arn)]
        ]

    def _resolved(self, run: Run) -> dict[str, AlertRecord]:
        """Return the alerts that are no finding any more, those of ignored certificates included.

        A certificate that was not scanned is resolved only after a complete scan, and a resource
        of a class that could not be listed is not. A failed request is not resolved while ACM lists
        it: its record shows that it was reported.
        """
        complete = run.full_scan and all(scope.status is ScopeStatus.OK for scope in run.scopes)
        scanned = set(map(_arn, run.assessments))
        still_open = set(map(_arn, _reportable(run)))
        still_open |= {
            _arn(entry)
            for entry in run.assessments
            if entry.decision.verdict is Verdict.REQUEST_FAILED
        }
        hidden = {arn for gap in run.not_listed for arn in self.alert_records if gap.hides(arn)}
        return {
            arn: alert
            for arn, alert in self.alert_records.items()
            if arn not in still_open
            and ((complete and arn not in hidden) or arn in scanned or arn in self.ignored)
        }


def _new_actions(run: Run) -> list[ActionRecord]:
    """Return the actions that are news: not the repair of a record that is removed each time."""
    repeated = {
        _arn(entry)
        for entry in run.assessments
        if entry.decision.reason is Reason.RECORD_REMOVED_AGAIN
    }
    return [
        record
        for record in run.done
        if record.action is not Action.RESTORE_RECORDS or record.certificate_arn not in repeated
    ]


def _arn(entry: Assessment) -> str:
    return entry.certificate.arn


def _gone(alert: AlertRecord) -> str:
    """Return the state of a certificate that a complete scan did not find."""
    if alert.verdict == Verdict.DECLARED_MISSING.value:
        return "Its parameter names a certificate of this instance, or does not exist any more."
    return "It does not exist any more."


def _failing(run: Run) -> set[str]:
    return {record.certificate_arn for record in run.failed_actions}


def _resolved_by(run: Run) -> set[str]:
    """Return the certificates whose finding an action of this run resolved."""
    return {
        record.certificate_arn
        for record in run.actions
        if record.outcome is Outcome.DONE and record.action in _RESOLVING
    }


def _reportable(run: Run) -> list[Assessment]:
    """Return the findings whose state is stored, muted ones included.

    A failing action makes a finding reportable: else the failure would be in every message.
    """
    failing = _failing(run)
    return [entry for entry in run.findings if entry.decision.reportable or _arn(entry) in failing]
