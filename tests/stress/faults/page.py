"""docs/reliability.md: what was injected, how often it struck, and what held all the same."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from tests.stress.faults.campaign import Figures
from tests.stress.faults.invariants import Invariant
from tests.stress.faults.life import DISTURBED_RUNS, GAPS, HEALING_RUNS
from tests.stress.faults.network import STALE_FOR
from tests.stress.faults.weather import Kind


def section(figures: Figures, seed: int, workers: int) -> str:
    """Return what stands between the markers of the page."""
    least, most = DISTURBED_RUNS
    faults = "\n".join(
        f"| {kind} | {figures.runs[kind]:,} | {figures.attempts[kind]:,} |" for kind in Kind
    )
    invariants = "\n".join(f"- {invariant}" for invariant in Invariant)
    return f"""`make faults` wrote this part on {datetime.now(UTC):%Y-%m-%d}, from seed {seed}, \
with Python {platform.python_version()} in {workers} processes on {os.cpu_count()} processors of a \
{platform.machine()} machine.
It writes nothing, and ends with an error, if one of the invariants below does not hold once.

{figures.disturbed:,} runs were disturbed, {figures.struck:,} of them by at least one fault that \
struck, and {figures.failed:,} were killed or failed.
{figures.overlapped:,} more took place in the middle of another run, and {figures.undisturbed:,} \
undisturbed ones followed.
They made {figures.calls:,} calls in {figures.seconds:.0f} seconds.

### Lives

The runs belong to {figures.lives:,} lives.
Each has an estate of its own, in one or two regions of one or two accounts: four to ten \
certificates that are healthy, renewing, blocked, given up, expired, revoked, imported, exported, \
requested, or looked after by somebody else, and that load balancers, distributions, domain names \
and user pools serve.
In it, {least} to {most} runs are disturbed, of the rotation function in the modes repair and \
replace, with a ledger and with rebinding, of the creation function, and of `certificates apply`.
The schedule starts them, events of ACM's own, people, and Lambda itself, which makes a failed \
invocation again.
Between them lie {_span(GAPS[0].total_seconds())} to {_span(GAPS[-1].total_seconds())}.
After each run the invariants are checked, and again after {HEALING_RUNS} undisturbed daily runs \
and one right after them.

Functions and SDK are the real ones, and so are retries and signatures; AWS is the embedded AWS of \
the tests, reached without a socket.
Threads take turns on a clock that is put back in between, so that a seed always tells the same \
story.

### What goes wrong

Up to four faults strike a run, each at some call of it; some end with that attempt, some with \
that call, and some only with the run.
A fault may come before AWS has done what was asked for, or after it, when only the answer is \
lost.
A stale answer is what the same question was answered up to \
{STALE_FOR.total_seconds():.0f} seconds before.

| Fault | Runs | Attempts of a call |
|---|---|---|
{faults}

{figures.skewed:,} runs had a clock that was five minutes off.
{figures.retried:,} came under the id of an earlier run, as Lambda's second attempts do, \
{figures.twice:,} for an event that had come before, and {figures.late:,} for one about a \
certificate that was gone by then.

### What held

{invariants}

Each of them is shown to fail with a program that was broken on purpose, in `tests/stress/faults`.

### Doing it again

- `make faults` takes other seeds and more runs: `make faults SEED=7 RUNS=10000`.
- What it finds broken comes with the seed of a life and the shortest way to it.
- `make faults LIFE=100042` shows one life, run by run.
- `make nightly` runs a fixed share of these lives, `make check` those that ever broke something."""


def _span(seconds: float) -> str:
    """Return a span in the largest unit that it fills."""
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds / size
            return f"{count:.0f} {name}{'s' if count > 1 else ''}"
    return f"{seconds:.0f} seconds"
