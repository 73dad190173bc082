"""The generated part of docs/reliability.md: injected faults and invariants."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from tests.estates.decoys import Decoy
from tests.stress.faults.campaign import Figures
from tests.stress.faults.invariants import Invariant
from tests.stress.faults.life import DISTURBED_RUNS, GAPS, HEALING_RUNS
from tests.stress.faults.network import STALE_FOR
from tests.stress.faults.weather import Kind


def section(figures: Figures, seed: int, workers: int) -> str:
    """Return the generated part of the page."""
    least, most = DISTURBED_RUNS
    faults = "\n".join(
        f"| {kind} | {figures.runs[kind]:,} | {figures.attempts[kind]:,} |" for kind in Kind
    )
    decoys = ", ".join(Decoy)
    invariants = "\n".join(f"- {invariant}" for invariant in Invariant)
    return f"""`make faults` wrote this part on {datetime.now(UTC):%Y-%m-%d}, from seed {seed}, \
with Python {platform.python_version()} in {workers} processes on {os.cpu_count()} processors of a \
{platform.machine()} machine.
It fails and writes nothing if an invariant is violated.

{figures.disturbed:,} runs were disturbed: in {figures.struck:,} of them at least one fault \
struck, and {figures.failed:,} were killed or failed.
{figures.overlapped:,} more ran during another run, and {figures.undisturbed:,} undisturbed runs \
followed.
They made {figures.calls:,} calls in {figures.seconds:.0f} seconds.

### Test setup

The runs belong to {figures.lives:,} simulated lives.
Each life has its own estate, in one or two regions of one or two accounts, with four to ten \
certificates: healthy, renewing, blocked, no longer renewed, expired, revoked, imported, exported, \
requested, private, or managed by another tool.
Each estate has decoys with the same names and a later expiry than the certificate that they \
resemble: {decoys}, or an unrelated import with the same meaningless name.
Load balancers, distributions, domain names and user pools use them.
A life has {least} to {most} disturbed runs: of the rotation function in the modes repair and \
replace, with a state table and rebinding, of the creation function, and of `certificates apply`.
They are started by the schedule, ACM events, users, and Lambda's retries.
During the runs, other actors put further decoys into the estate, tag them as successors, write \
older or different versions into import sources, import certificates, and change consumers.
Between two runs, {_span(GAPS[0].total_seconds())} to {_span(GAPS[-1].total_seconds())} pass.
The invariants are checked after each run, and again after {HEALING_RUNS} undisturbed daily runs \
and one immediately after them.

Functions, SDK, retries and signatures are real; AWS is the embedded AWS of the tests, without a \
socket.
Threads run in sequence on a simulated clock, so that a seed is reproducible.

### Injected faults

Up to four faults strike a run, each from one of its calls on; a fault lasts for that attempt, \
that call, or the rest of the run.
A fault occurs before AWS executes the request, or afterwards, so that only the response is lost.
A stale response is an earlier response to the same request, up to \
{STALE_FOR.total_seconds():.0f} seconds old.

| Fault | Runs | Attempts of a call |
|---|---|---|
{faults}

{figures.skewed:,} runs had a clock with an error of five minutes.
{figures.retried:,} had the id of an earlier run, as in Lambda's retries, {figures.twice:,} were \
for a repeated event, and {figures.late:,} for an event about a deleted certificate.

### Invariants

{invariants}

The tests in `tests/stress/faults` check that a broken program violates each invariant.

### Repeat a test

- `make faults SEED=7 RUNS=10000` uses another seed and more runs.
- A violation is printed with its life, and the shortest way to reproduce it.
- `make faults LIFE=100042` shows one life, run by run.
- `make nightly` runs a fixed share of these lives, and `make check` those that once violated an \
invariant."""


def _span(seconds: float) -> str:
    """Return a duration in its largest unit."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds / size
            return f"{count:.0f} {name}{'s' if count > 1 else ''}"
    return f"{seconds:.0f} seconds"
