"""Whether public DNS delegates a hosted zone: its delegation compared with its name servers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto


class DelegationState(Enum):
    """The delegation in the parent zone compared with the zone's own name servers."""

    WHOLE = auto()
    """The delegation names exactly the zone's name servers."""
    SOME_MISSING = auto()
    """The delegation names some of the zone's name servers."""
    SOME_FOREIGN = auto()
    """The delegation names the zone's name servers and others."""
    ELSEWHERE = auto()
    """The delegation names other name servers only: the zone is not visible."""
    NOWHERE = auto()
    """The parent zone does not delegate the zone: it is not visible."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """The name servers of a hosted zone, `own`, and those in the parent zone, `named`."""

    own: frozenset[str]
    named: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """The zone's own name servers that the parent zone does not name."""
        return self.own - self.named

    @property
    def foreign(self) -> frozenset[str]:
        """Name servers in the parent zone that are not the zone's own."""
        return self.named - self.own

    @property
    def state(self) -> DelegationState:
        """The state; a foreign name server is worse than a missing one."""
        if not self.named:
            return DelegationState.NOWHERE
        if not self.named & self.own:
            return DelegationState.ELSEWHERE
        if self.foreign:
            return DelegationState.SOME_FOREIGN
        return DelegationState.SOME_MISSING if self.missing else DelegationState.WHOLE

    def leads_to(self, own: Collection[str]) -> bool:
        """Whether the delegation leads to another zone with the name servers `own`."""
        return not self.named.isdisjoint(own)
