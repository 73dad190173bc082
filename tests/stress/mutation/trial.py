"""Try mutations: each in a process of its own, against the tests that could notice it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.stress.mutation.forks import PACKAGE, Plan, Replaced, first_failure, in_child
from tests.stress.mutation.mutations import Mutation
from tests.stress.mutation.outcomes import Fate, Outcome

if TYPE_CHECKING:
    import pytest

#: Signals by which a mutation that does not end is ended.
_ENDLESS = (signal.SIGPROF, signal.SIGALRM)


def attempt(
    session: pytest.Session,
    mutation: Mutation,
    package: Path,
    plan: Plan,
    limits: Mapping[str, float],
) -> Outcome:
    """Run tests on a mutated package until one fails."""
    path = package / f"{mutation.module}.py"
    name = f"{PACKAGE}.{mutation.module.replace('/', '.')}"

    def run() -> str | None:
        replaced = Replaced(name, str(path), mutation.applied(path.read_bytes()))
        replaced.install()
        return first_failure(session, plan, limits)

    ending = in_child(run)
    if ending.signal in _ENDLESS:
        return Outcome(Fate.ENDLESS)
    if ending.signal is not None:
        return Outcome(Fate.CRASHED)
    return Outcome(Fate.KILLED, ending.answer) if ending.answer else Outcome(Fate.SURVIVED)
