"""Whether the name servers that public DNS leads to are those of a hosted zone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto


class DelegationState(Enum):
    """How what the zone above says compares with what Route 53 gave to a zone."""

    WHOLE = auto()
    """Public DNS leads to the zone, and nowhere else."""
    SOME_MISSING = auto()
    """Public DNS leads to the zone, by fewer name servers than it has."""
    SOME_FOREIGN = auto()
    """Public DNS leads to the zone, and to name servers that are not its own."""
    ELSEWHERE = auto()
    """Public DNS leads to other name servers only: nobody sees what the zone says."""
    NOWHERE = auto()
    """The zone above does not delegate it: nobody sees what the zone says."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """The name servers of a hosted zone, `own`, and those that the zone above names, `named`."""

    own: frozenset[str]
    named: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """The zone's own name servers that the zone above does not name."""
        return self.own - self.named

    @property
    def foreign(self) -> frozenset[str]:
        """What the zone above names beside the zone's own name servers."""
        return self.named - self.own

    @property
    def state(self) -> DelegationState:
        """How both compare; a foreign name server is worse than a missing one."""
        if not self.named:
            return DelegationState.NOWHERE
        if not self.named & self.own:
            return DelegationState.ELSEWHERE
        if self.foreign:
            return DelegationState.SOME_FOREIGN
        return DelegationState.SOME_MISSING if self.missing else DelegationState.WHOLE

    def leads_to(self, own: Collection[str]) -> bool:
        """Whether public DNS leads to another zone of the same name, by its name servers."""
        return not self.named.isdisjoint(own)
