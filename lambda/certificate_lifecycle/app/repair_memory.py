"""The validation records that earlier runs wrote, in the state store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from certificate_lifecycle.app.ports import StateStore
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.policy.repair_history import REPEATED, RepairHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairMemory:
    """The repairs of one account and region; without a state store nothing is remembered."""

    state_store: StateStore | None = None
    now: datetime
    stored: Mapping[str, RepairHistory] = field(default_factory=dict)

    @classmethod
    def read(cls, state_store: StateStore, now: datetime) -> Self:
        """Read the histories of all certificates."""
        stored = {entry.certificate_arn: entry for entry in state_store.repair_histories()}
        return cls(state_store=state_store, now=now, stored=stored)

    def history(self, certificate: Certificate) -> RepairHistory | None:
        """Return the records written for the next renewal, None without a state store."""
        if self.state_store is None:
            return None
        none = RepairHistory(certificate_arn=certificate.arn)
        return self.stored.get(certificate.arn, none).current(certificate)

    def repaired(self, certificate: Certificate, name: str) -> int:
        """Return how often the record at a name was written for the same renewal."""
        history = self.history(certificate)
        repair = None if history is None else history.of(name)
        return 0 if repair is None else repair.count

    def is_news(self, certificate: Certificate, name: str) -> bool:
        """Whether a repair is reported as an action; the finding names a repeated one."""
        return self.repaired(certificate, name) < REPEATED

    def record(self, certificate: Certificate, names: Iterable[str]) -> None:
        """Store that records were written.

        It is called after the write: a run that is stopped between forgets one repair, and none is
        counted that was not done.
        """
        history = self.history(certificate)
        if self.state_store is not None and history is not None:
            self.state_store.save_repair_history(history.with_repairs(names, self.now))
