"""The reviewed mutations that no test detects, with their reasons."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.stress.mutation.mutations import Mutation


class Kind(StrEnum):
    """Why a mutation may survive."""

    EQUIVALENT = "equivalent"
    UNREACHABLE = "unreachable"
    APPEARANCE = "appearance"


class ReviewError(Exception):
    """The list has an unknown or duplicate mutation, or one without a reason."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A reviewed mutation, with the reason why it may survive."""

    mutation: Mutation
    kind: Kind
    reason: str


def reviewed(mutations: Iterable[Mutation], text: str) -> dict[str, Reviewed]:
    """Return the list in `text` by the keys of the mutations.

    Raises ReviewError, which names every fault.
    """
    known = {_identity(mutation): mutation for mutation in mutations}
    found: dict[str, Reviewed] = {}
    faults = []
    for entry in tomllib.loads(text).get("survivor", []):
        named = f"{entry['module']}, {entry['where']}: {entry['before']} => {entry['after']}"
        identity = tuple(entry[part] for part in ("module", "where", "before", "after"))
        mutation = known.get((*identity, entry.get("nth", 0)))
        if mutation is None:
            faults.append(f"{named} is no mutation any more")
        elif mutation.key in found:
            faults.append(f"{named} stands there twice")
        elif not entry["reason"].strip():
            faults.append(f"{named} has no reason")
        else:
            found[mutation.key] = Reviewed(mutation, Kind(entry["kind"]), entry["reason"].strip())
    if faults:
        raise ReviewError("\n".join(faults))
    return found


def _identity(mutation: Mutation) -> tuple[str, str, str, str, int]:
    return mutation.module, mutation.where, mutation.before, mutation.after, mutation.nth


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is wrong with a list of survivors: those without a reason, those that are noticed."""

    unlisted: Sequence[Mutation]
    stale: Sequence[Mutation]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.unlisted and not self.stale


def judge(
    survived: Sequence[Mutation], tried: Iterable[Mutation], listed: Mapping[str, Reviewed]
) -> Judgement:
    """Compare what survived of what was tried with the list."""
    keys = {mutation.key for mutation in survived}
    return Judgement(
        unlisted=[mutation for mutation in survived if mutation.key not in listed],
        stale=[entry for entry in tried if entry.key in listed and entry.key not in keys],
    )
