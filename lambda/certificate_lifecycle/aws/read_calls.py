"""Small read calls that show whether a role may read what a scan reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadCall:
    """One call that `doctor` tries, with the resource that a policy has to allow it on.

    `absent` are the error codes of a resource that does not exist: the call was allowed then.
    Without an `optional` call a scan takes longer, and nothing else.
    """

    action: str
    resource: str
    make: Callable[[], object]
    absent: frozenset[str] = frozenset()
    optional: bool = False
