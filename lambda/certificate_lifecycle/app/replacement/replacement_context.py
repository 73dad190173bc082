"""One replacement in a run: its record, what the scan found, and what is reported about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from certificate_lifecycle.app.ports import StateStore
from certificate_lifecycle.app.replacement.rebinding import joined
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import ReplacementError
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState


@dataclass(slots=True)
class ReplacementContext:
    """The replacement of one certificate in this run.

    `observation` is None if the certificate was not scanned, `action` if it needs none.
    `found` are the keys of the settings that a search of this run has found; None without one.
    `advice` is the next step, `plan` the next step in a dry run, `failure` an error.
    """

    state_store: StateStore
    record: ReplacementRecord
    observation: Observation | None
    action: Action | None
    found: Collection[tuple[str, ...]] | None = None
    advice: str = ""
    plan: str = ""
    failure: str | None = None
    renewed: bool = False

    @property
    def arn(self) -> str:
        """The ARN of the certificate to replace."""
        return self.record.certificate_arn

    @property
    def successor_arn(self) -> str:
        """The ARN of the successor; raises ReplacementError if the record has none."""
        if self.record.successor_arn is None:
            raise ReplacementError(f"the replacement record of {self.arn} names no successor")
        return self.record.successor_arn

    @property
    def is_used(self) -> bool:
        """Whether the scan found the certificate in use or exported."""
        return self.observation is not None and self.observation.certificate.used

    @property
    def has_found_successor(self) -> bool:
        """Whether the scan found that the successor on record may take over."""
        found = self.observation.successor if self.observation is not None else None
        return found is not None and found.arn == self.record.successor_arn

    def next_step(self, *, moves: bool) -> str:
        """Return the next step, for a dry run; `moves` is whether consumers are moved."""
        record = self.record
        if record.version > 0:
            return f"continue its replacement in state {record.state}"
        if record.successor_arn is None:
            return "request a successor"
        step = "move its consumers to" if moves else "let its parameter name"
        return f"{step} its successor {record.successor_arn}"

    def report(self, text: str) -> None:
        """Record what was done, until a message has reported it."""
        self.record = replace(self.record, unreported=(*self.record.unreported, text))

    def save(self, **changes: Any) -> None:  # noqa: ANN401 - any field of a record
        """Store the record with `changes`; raises StateConflictError if another run changed it."""
        self.record = self.state_store.save_replacement(replace(self.record, **changes))

    def action_record(self) -> ActionRecord | None:
        """Return what this and earlier runs did and did not report yet, or what is next.

        None if there is nothing to report.
        """
        record, action = self.record, self.action or Action.REPLACE
        if self.plan:
            return ActionRecord(self.arn, action, Outcome.PLANNED, self.plan)
        failed = [] if self.failure is None else [self.failure]
        texts = [*record.unreported, *failed, *([self.advice] if self.advice else [])]
        if not texts:
            return None
        outcome = Outcome.ADVISED
        if failed:
            outcome = Outcome.FAILED
        elif record.unreported:
            # Advice names consumers that remain.
            verified = record.state is ReplacementState.VERIFIED and not self.advice
            done = record.state.finished or verified
            outcome = Outcome.DONE if done else Outcome.STARTED
        return ActionRecord(self.arn, action, outcome, joined(texts), self.renewed)
