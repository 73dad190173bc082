"""What a run knows of earlier ones: what was told, what was begun, and what was left untold.

What is told is remembered only after the message is out, and what is about to be done is noted
before: a run that is killed in between makes the next one tell it again, never not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from certificate_lifecycle.app.isolation import clause
from certificate_lifecycle.app.ports import Ledger
from certificate_lifecycle.core.memory import Memory, Note, is_news, memory_of
from certificate_lifecycle.core.model import Action
from certificate_lifecycle.core.replacement import Journal
from certificate_lifecycle.core.run import ActionRecord, Assessed, Outcome, Run
from certificate_lifecycle.core.timing import Thresholds
from certificate_lifecycle.errors import LedgerConflictError
from certificate_lifecycle.log import logger

#: Between the things that one note speaks of.
_AND = "; and to "


@dataclass(frozen=True, slots=True, kw_only=True)
class Dues:
    """What the ledger of one account and region is owed once the message is out.

    What another run has stored since stays as it is, and is told by that run.
    """

    ledger: Ledger
    run_id: str
    now: datetime
    memories: Sequence[Memory]
    notes: Sequence[Note]
    journals: Sequence[Journal]

    def settle(self) -> None:
        """Remember what was told, and strike what the message has made up for."""
        for memory in self.memories:
            self.ledger.remember(memory)
        for note in self.notes:
            self.ledger.strike(note)
        for journal in self.journals:
            told = replace(journal, untold=())
            with suppress(LedgerConflictError):
                self.ledger.claim(told, self.run_id, self.now, self.now)


@dataclass(slots=True, kw_only=True)
class Recollection:
    """The ledger as one run reads it at its start; without a ledger nothing is known.

    `notes` are those of earlier runs, `pending` what the ledger holds of them and of this run, and
    `problem` says why a ledger that is there could not be read.
    """

    ledger: Ledger | None
    run_id: str
    now: datetime
    thresholds: Thresholds
    dry_run: bool
    journals: Mapping[str, Journal] = field(default_factory=dict)
    memories: Mapping[str, Memory] = field(default_factory=dict)
    notes: Sequence[Note] = ()
    pending: dict[tuple[str, str], Note] = field(default_factory=dict)
    announced: set[tuple[str, str, str]] = field(default_factory=set)
    problem: str | None = None

    @classmethod
    def of(
        cls,
        ledger: Ledger | None,
        *,
        run_id: str,
        now: datetime,
        thresholds: Thresholds,
        dry_run: bool,
    ) -> Self:
        """Read the ledger; a failure is kept in `problem`, and the run goes on without memory."""
        found = cls(ledger=ledger, run_id=run_id, now=now, thresholds=thresholds, dry_run=dry_run)
        if ledger is None:
            return found
        try:
            found.journals = {each.certificate_arn: each for each in ledger.journals()}
            found.memories = {each.certificate_arn: each for each in ledger.memories()}
            found.notes = ledger.notes()
            found.pending = {(note.certificate_arn, note.action): note for note in found.notes}
        except Exception as error:  # noqa: BLE001 - recorded here, raised at the end of the run
            logger.exception("ledger unreadable")
            found.ledger = None
            found.problem = f"the ledger could not be read: {clause(error)}"
        return found

    def announce(self, certificate_arn: str, action: Action, text: str) -> None:
        """Note what is about to be done, in words that follow "about to".

        What is noted already for the same certificate and action is kept beside it: it may have
        been done, and is untold as well.
        """
        if self.ledger is None or self.dry_run:
            return
        self.announced.add((certificate_arn, action.value, text))
        key = (certificate_arn, action.value)
        before = self.pending.get(key)
        if before is not None:
            known = before.text.split(_AND)
            text = before.text if text in known else _AND.join([*known, text])
        note = Note(
            certificate_arn=certificate_arn,
            action=action.value,
            text=text,
            run_id=self.run_id,
            written_at=self.now,
        )
        self.ledger.note(note)
        self.pending[key] = note

    def untold(self) -> list[ActionRecord]:
        """Return what earlier runs began and could not tell, unless this run did it again."""
        return [
            ActionRecord(
                note.certificate_arn,
                Action.of(note.action),
                Outcome.STARTED,
                f"an earlier run was stopped when it was about to {text}",
            )
            for note in self.notes
            for text in note.text.split(_AND)
            if (note.certificate_arn, note.action, text) not in self.announced
        ]

    def has_news(self, run: Run) -> bool:
        """Whether something happened, or a finding is not what was told of it."""
        if self.ledger is None or run.incomplete or run.done:
            return True
        return any(
            is_news(entry, self.memories.get(entry.certificate.arn), self.thresholds, self.now)
            for entry in _told(run)
        )

    def dues(self, run: Run, journals: Sequence[Journal] = ()) -> Dues | None:
        """Return what the ledger is owed once a message has told of `run`.

        A message has everything that is open, so that all reminders follow together; `journals` are
        those of the replacements that it tells of.
        """
        if self.ledger is None:
            return None
        return Dues(
            ledger=self.ledger,
            run_id=self.run_id,
            now=self.now,
            memories=[
                memory_of(
                    entry, self.memories.get(entry.certificate.arn), self.thresholds, self.now
                )
                for entry in _told(run)
            ],
            notes=list(self.pending.values()),
            journals=[journal for journal in journals if journal.untold],
        )

    def forget(self, run: Run) -> None:
        """Drop what was told and is no finding any more, after a complete look at everything."""
        if self.ledger is None or run.incomplete:
            return
        still_open = {entry.certificate.arn for entry in _told(run)}
        for arn, memory in self.memories.items():
            if arn not in still_open:
                self.ledger.forget(memory)


def _told(run: Run) -> list[Assessed]:
    return [entry for entry in run.findings if entry.decision.worth_telling]
