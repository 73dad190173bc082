"""Many lives, each from its own seed: faults, violations and reproductions."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

import pytest

from tests.embedded_aws.cloud import Cloud
from tests.stress.faults.invariants import Invariant, Violation, check_end, check_run
from tests.stress.faults.life import Life, LifeRunner, Step, plan
from tests.stress.faults.stage import Invocation, Stage
from tests.stress.faults.weather import CALM, Kind

#: The maximum number of lives per seed.
LIVES = 100_000


@dataclass(slots=True)
class Figures:
    """The counts of a campaign; `broken` has the seed of each life with a violation.

    `attempts` counts disturbed attempts by kind, `runs` the disturbed runs with that kind.
    `retried` runs had the id of an earlier run, `twice` were for a repeated event, and `late` for
    an event about a deleted certificate.
    """

    lives: int = 0
    disturbed: int = 0
    overlapped: int = 0
    undisturbed: int = 0
    failed: int = 0
    calls: int = 0
    seconds: float = 0.0
    attempts: Counter[Kind] = field(default_factory=Counter)
    runs: Counter[Kind] = field(default_factory=Counter)
    struck: int = 0
    skewed: int = 0
    retried: int = 0
    twice: int = 0
    late: int = 0
    broken: list[tuple[int, Violation]] = field(default_factory=list)

    def add(self, life: Life) -> None:
        """Count a life."""
        self.lives += 1
        inside = sum(run.inside for run in life.disturbed)
        self.overlapped += inside
        self.disturbed += len(life.disturbed) - inside
        self.undisturbed += len(life.undisturbed)
        self.failed += sum(run.killed or run.error is not None for run in life.disturbed)
        self.calls += sum(len(run.calls) for run in life.runs)
        ids: set[str] = set()
        events: set[int] = set()
        for run in life.disturbed:
            kinds = {kind for kind, count in run.traffic.struck.items() if count}
            self.attempts.update(run.traffic.struck)
            self.runs.update(kinds)
            self.struck += bool(kinds)
            self.skewed += bool(run.weather.skew)
            again = run.wish.request_id in ids
            self.retried += again
            self.twice += id(run.wish.event) in events and not again
            self.late += _is_late(run)
            ids.add(run.wish.request_id)
            events.add(id(run.wish.event))

    def merge(self, other: Figures) -> None:
        """Add the counts of another process."""
        for entry in fields(self):
            setattr(self, entry.name, getattr(self, entry.name) + getattr(other, entry.name))


def _is_late(run: Invocation) -> bool:
    event = run.wish.event
    if not isinstance(event, Mapping) or event.get("source") != "aws.acm":
        return False
    return any(arn not in run.before for arn in event["resources"])


@contextmanager
def stage() -> Iterator[Stage]:
    """Set up a stage in this process."""
    with Cloud.start() as cloud, pytest.MonkeyPatch.context() as patch:
        yield Stage(cloud, patch)


def live(
    where: Stage, seed: int, steps: Sequence[Step] | None = None
) -> tuple[Life, list[Violation]]:
    """Run a life and return its violations.

    `steps` replace the disturbed runs of its seed.
    """
    runner = LifeRunner(where, seed)
    found: list[Violation] = []
    for step in plan(seed) if steps is None else steps:
        for run in runner.disturb(step):
            found += check_run(runner.life, run)
    for run in runner.heal():
        found += check_run(runner.life, run)
    return runner.life, found + check_end(runner.life)


def search(where: Stage, seeds: Iterator[int], runs: int) -> Figures:
    """Run lives until this number of runs were disturbed."""
    figures = Figures()
    started = time.monotonic()
    while figures.disturbed < runs:
        seed = next(seeds)
        life, found = live(where, seed)
        figures.add(life)
        figures.broken += [(seed, violation) for violation in found]
    figures.seconds = time.monotonic() - started
    return figures


def campaign(seed: int, runs: int, workers: int) -> Figures:
    """Distribute the lives of a seed over processes, each with its own AWS."""
    # The order of sets must be the same in each process, so that a seed is reproducible.
    os.environ["PYTHONHASHSEED"] = "0"
    started = time.monotonic()
    figures = Figures()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        shares = [
            pool.submit(share, seed * LIVES + number, workers, -(-runs // workers))
            for number in range(workers)
        ]
        for done in shares:
            figures.merge(done.result())
    figures.seconds = time.monotonic() - started
    return figures


def share(first: int, step: int, runs: int) -> Figures:
    """Run the lives of one process."""
    with stage() as where:
        return search(where, itertools.count(first, step), runs)


def shortest(where: Stage, seed: int, broken: Invariant, steps: Sequence[Step]) -> list[Step]:
    """Remove the `steps` that are not needed for a violation.

    First whole runs, from the last to the first, then single faults and the difference of the
    clocks.
    """
    steps = list(steps)

    def shows(candidate: Sequence[Step]) -> bool:
        return any(entry.invariant is broken for entry in live(where, seed, candidate)[1])

    for index in reversed(range(len(steps))):
        without = [*steps[:index], *steps[index + 1 :]]
        if shows(without):
            steps = without
    for index, step in enumerate(steps):
        for sky in _calmer(step):
            calmer = [*steps[:index], sky, *steps[index + 1 :]]
            if shows(calmer):
                steps = calmer
                break
    return steps


def _calmer(step: Step) -> Iterator[Step]:
    """Yield variants of a step with fewer faults."""
    faults = step.weather.faults
    if step.weather != CALM:
        yield replace(step, weather=CALM)
    for fault in faults if len(faults) > 1 else ():
        yield replace(step, weather=replace(CALM, faults=(fault,)))
