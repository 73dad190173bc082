"""Small read calls that check the read permissions of a scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadCall:
    """One call that `doctor` tries, and the resource that a policy has to allow it on.

    `absent` are the error codes of a missing resource, which mean that the call was allowed.
    Without permission for an `optional` call, a scan only takes longer.
    """

    action: str
    resource: str
    make: Callable[[], object]
    absent: frozenset[str] = frozenset()
    optional: bool = False
