"""What a run knows of earlier ones: what was told, what was begun, and what was left untold.

What is told is remembered only after the message is out, and what is about to be done is noted
before: a run that is killed in between makes the next one tell it again, never not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Self

from certificate_lifecycle.app.deadline import error_summary
from certificate_lifecycle.app.ports import StateStore
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import StateConflictError
from certificate_lifecycle.model.run import (
    ActionRecord,
    Assessment,
    ChangeKind,
    FindingChange,
    Outcome,
    Run,
    ScopeResult,
    ScopeStatus,
)
from certificate_lifecycle.policy.notification_state import (
    WHOLE_SCOPE,
    AlertRecord,
    Intent,
    alert_record,
    change_of,
    scope_alert_record,
    scope_has_changed,
)
from certificate_lifecycle.policy.succession import ReplacementRecord

#: Between the things that one note speaks of.
AND = "; and to "
#: What leaves nothing to wait for, other than a repair, after which ACM has to look again.
_SETTLING = frozenset({Action.EXPORT, Action.REIMPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingWrites:
    """What the ledger of one account and region is owed once the message is out.

    What another run has stored since stays as it is, and is told by that run. Of the `notes`, `own`
    are those that no earlier run has a part in.
    """

    state_store: StateStore
    run_id: str
    now: datetime
    alert_records: Sequence[AlertRecord]
    notes: Sequence[Intent]
    replacement_records: Sequence[ReplacementRecord]
    over: Sequence[AlertRecord] = ()
    own: Sequence[Intent] = ()

    def clear_own_intents(self) -> None:
        """Strike what this run noted: whoever started it by hand has seen what became of it.

        What else is open stays for the next message, which tells everybody.
        """
        for note in self.own:
            self.state_store.clear_intent(note)

    def commit(self) -> None:
        """Remember what was told, forget what is over, and strike what the message made up for.

        One entry that cannot be written stops none of the others, two of them do: then it is the
        ledger that does not answer. What was not written is told again by the next run.
        """
        steps: list[Callable[[], None]] = [
            *(partial(self.state_store.remember, memory) for memory in self.alert_records),
            *(partial(self.state_store.forget, memory) for memory in self.over),
            *(partial(self.state_store.clear_intent, note) for note in self.notes),
            *(
                partial(self._mark_notified, replacement_record)
                for replacement_record in self.replacement_records
            ),
        ]
        failure: Exception | None = None
        for step in steps:
            try:
                step()
            except Exception as error:
                if failure is not None:
                    raise
                logger.warning("entry of the ledger could not be written", exc_info=True)
                failure = error
        if failure is not None:
            raise failure

    def _mark_notified(self, replacement_record: ReplacementRecord) -> None:
        told = replace(replacement_record, unreported=())
        with suppress(StateConflictError):
            self.state_store.claim(told, self.run_id, self.now, self.now)


@dataclass(slots=True, kw_only=True)
class AlertState:
    """The ledger as one run reads it at its start; without a ledger nothing is known.

    `scope` is what was told of the account and region as a whole, `notes` are those of earlier
    runs, `pending` what the ledger holds of them and of this run, and
    `problem` says why a ledger that is there could not be read.
    """

    state_store: StateStore | None
    request: RunRequest
    replacement_records: Mapping[str, ReplacementRecord] = field(default_factory=dict)
    alert_records: Mapping[str, AlertRecord] = field(default_factory=dict)
    scope: AlertRecord | None = None
    notes: Sequence[Intent] = ()
    pending: dict[tuple[str, str], Intent] = field(default_factory=dict)
    announced: set[tuple[str, str, str]] = field(default_factory=set)
    problem: str | None = None

    @classmethod
    def of(cls, state_store: StateStore | None, request: RunRequest) -> Self:
        """Read the ledger; a failure is kept in `problem`, and the run goes on without memory."""
        found = cls(state_store=state_store, request=request)
        if state_store is None:
            return found
        try:
            found.replacement_records = {
                replacement_record.certificate_arn: replacement_record
                for replacement_record in state_store.replacement_records()
            }
            alert_records = state_store.alert_records()
            found.alert_records = {
                record.subject.certificate_arn: record
                for record in alert_records
                if record.subject.certificate_arn is not None
            }
            about_scope = (record for record in alert_records if record.subject == WHOLE_SCOPE)
            found.scope = next(about_scope, None)
            found.notes = state_store.notes()
            found.pending = {(note.certificate_arn, note.action): note for note in found.notes}
        except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
            logger.exception("ledger unreadable")
            found.state_store = None
            found.problem = f"the ledger could not be read: {error_summary(error)}"
        return found

    def record_intent(self, certificate_arn: str, action: Action, text: str) -> None:
        """Note what is about to be done, in words that follow "about to".

        What is noted already for the same certificate and action is kept beside it: it may have
        been done, and is untold as well.
        """
        if self.state_store is None or self.request.dry_run:
            return
        self.announced.add((certificate_arn, action.value, text))
        key = (certificate_arn, action.value)
        before, written_at = self.pending.get(key), self.request.now
        if before is not None:
            known = before.text.split(AND)
            text = before.text if text in known else AND.join([*known, text])
            # The clock of whoever wrote it may be ahead of ours, and the ledger keeps the later.
            written_at = max(written_at, before.written_at)
        note = Intent(
            certificate_arn=certificate_arn,
            action=action.value,
            text=text,
            run_id=self.request.run_id,
            written_at=written_at,
        )
        self.state_store.note(note)
        self.pending[key] = note

    def unreported(self, actions: Sequence[ActionRecord]) -> list[ActionRecord]:
        """Return what earlier runs began and could not tell, unless `actions` did it again.

        An action that failed did not: it may have failed because the earlier one had worked.
        """
        failed = {
            (r.certificate_arn, r.action.value) for r in actions if r.outcome is Outcome.FAILED
        }
        again = {entry for entry in self.announced if entry[:2] not in failed}
        return [
            ActionRecord(
                note.certificate_arn,
                Action.of(note.action),
                Outcome.STARTED,
                f"an earlier run was stopped when it was about to {text}",
            )
            for note in self.notes
            for text in note.text.split(AND)
            if (note.certificate_arn, note.action, text) not in again
        ]

    def informed(self, run: Run) -> Run:
        """Return `run` with what is new in it."""
        if self.state_store is None:
            return run
        changes = [*self._changes(run), *self._over_changes(run)]
        known = {
            arn: memory.since or memory.notified_at for arn, memory in self.alert_records.items()
        }
        recovered = [scope.label for scope in run.scopes if self._recovered(scope)]
        return replace(
            run,
            changes=tuple(changes),
            recovered_scopes=tuple(recovered),
            since={arn: known[arn] for arn in map(_arn, _told(run)) if arn in known},
        )

    def has_news(self, run: Run) -> bool:
        """Whether somebody should hear of an informed run.

        That something could not be looked at, or done, is told once like everything else.
        """
        if self.state_store is None or run.done or run.changes:
            return True
        told = set(map(_arn, _told(run)))
        if any(record.certificate_arn not in told for record in run.failed_actions):
            return True
        return any(scope_has_changed(scope, self.scope, self.request.now) for scope in run.scopes)

    def pending_writes(
        self, run: Run, replacement_records: Sequence[ReplacementRecord] = ()
    ) -> PendingWrites | None:
        """Return what the ledger is owed once a message has told of an informed run.

        A message has everything that is open, so that all reminders follow together;
        `replacement_records` are those of the replacements that it tells of.
        """
        if self.state_store is None:
            return None
        failing, settled = _failing(run), _settled(run)
        alert_records = [
            alert_record(
                entry,
                self.alert_records.get(_arn(entry)),
                self.request.thresholds,
                self.request.now,
                failing=_arn(entry) in failing,
            )
            for entry in _told(run)
            if _arn(entry) not in settled
        ]
        unseen = [scope for scope in run.scopes if scope.status is not ScopeStatus.OK]
        alert_records += [
            scope_alert_record(scope, self.scope, self.request.now) for scope in unseen
        ]
        over = list(self._over(run).values())
        over += [self.alert_records[arn] for arn in settled if arn in self.alert_records]
        if self.scope is not None and not unseen:
            over.append(self.scope)
        earlier = {(note.certificate_arn, note.action) for note in self.notes}
        return PendingWrites(
            state_store=self.state_store,
            run_id=self.request.run_id,
            now=self.request.now,
            alert_records=alert_records,
            notes=list(self.pending.values()),
            replacement_records=[
                replacement_record
                for replacement_record in replacement_records
                if replacement_record.unreported
            ],
            over=over,
            own=[note for key, note in self.pending.items() if key not in earlier],
        )

    def _changes(self, run: Run) -> list[FindingChange]:
        failing = _failing(run)
        found = []
        for entry in _told(run):
            before = self.alert_records.get(_arn(entry))
            kind = change_of(
                entry,
                before,
                self.request.thresholds,
                self.request.now,
                failing=_arn(entry) in failing,
            )
            if kind is not None:
                previous, since = (before.verdict, before.since) if before else (None, None)
                found.append(
                    FindingChange(_arn(entry), kind, previous_verdict=previous, since=since)
                )
        return found

    def _over_changes(self, run: Run) -> list[FindingChange]:
        seen = {_arn(entry): entry for entry in run.assessments}
        return [
            FindingChange(
                arn,
                ChangeKind.RESOLVED,
                previous_verdict=memory.verdict,
                since=memory.since or memory.notified_at,
                name=", ".join(entry.certificate.names) if entry else "",
                current_state=entry.decision.message if entry else "It does not exist any more.",
            )
            for arn, memory in self._over(run).items()
            for entry in [seen.get(arn)]
        ]

    def _over(self, run: Run) -> dict[str, AlertRecord]:
        """Return what was told and is no finding any more.

        What was looked at and is well is over; what is not there is, after a complete look at
        everything.
        """
        complete = run.full_scan and all(scope.status is ScopeStatus.OK for scope in run.scopes)
        seen = set(map(_arn, run.assessments))
        still_open = set(map(_arn, _told(run)))
        return {
            arn: memory
            for arn, memory in self.alert_records.items()
            if arn not in still_open and (complete or arn in seen)
        }

    def _recovered(self, scope: ScopeResult) -> bool:
        return self.scope is not None and scope.status is ScopeStatus.OK


def _arn(entry: Assessment) -> str:
    return entry.certificate.arn


def _failing(run: Run) -> set[str]:
    return {record.certificate_arn for record in run.failed_actions}


def _settled(run: Run) -> set[str]:
    """Return what the run itself has brought to its end: that it did so is all there is to tell."""
    return {
        record.certificate_arn
        for record in run.actions
        if record.outcome is Outcome.DONE and record.action in _SETTLING
    }


def _told(run: Run) -> list[Assessment]:
    """Return what people hear of, or would if they had not muted it: that is told, too."""
    return [entry for entry in run.findings if entry.decision.reportable]
