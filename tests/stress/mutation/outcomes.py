"""What can become of a mutation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of a mutation."""

    KILLED = "killed"
    ENDLESS = "endless"
    CRASHED = "crashed"
    SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation, and by which test, if one failed."""

    fate: Fate
    by: str | None = None

    @property
    def noticed(self) -> bool:
        """Whether a test detects the mutation."""
        return self.fate is not Fate.SURVIVED
