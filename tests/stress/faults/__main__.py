"""Run thousands of disturbed runs and write the result into docs/reliability.md.

    make faults                     2,000 runs with seed 1
    make faults SEED=7 RUNS=10000   other and more runs
    make faults LIFE=100042         one life, run by run

If an invariant is violated, the command fails, prints the seed and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from docs.generate import Part, replace
from tests.stress.faults import page
from tests.stress.faults.campaign import Figures, campaign, live, shortest, stage
from tests.stress.faults.life import Step, plan
from tests.stress.faults.stage import Invocation

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reliability.md"
PART = Part("docs/reliability.md", "FAULTS", lambda _: "")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000, help="how many runs are disturbed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes side by side")
    parser.add_argument("--life", type=int, help="show one life instead, by its own seed")
    wanted = parser.parse_args()
    if wanted.life is not None:
        return show(wanted.life)
    figures = campaign(wanted.seed, wanted.runs, wanted.workers)
    if figures.broken:
        return blame(figures)
    text = page.section(figures, wanted.seed, wanted.workers)
    written = replace(PAGE.read_text(encoding="utf-8"), PART, text)
    PAGE.write_text(written, encoding="utf-8", newline="\n")
    say(
        f"{figures.disturbed:,} runs were disturbed in {figures.seconds:.0f} s, everything held, "
        f"and {PAGE.relative_to(ROOT)} was written"
    )
    return 0


def blame(figures: Figures) -> int:
    """Print the violations, and the shortest way to reproduce the first one."""
    for seed, violation in figures.broken[:20]:
        say(f"BROKEN in the life {seed}: {violation.invariant}\n  {violation.text}")
    seed, first = figures.broken[0]
    with stage() as where:
        steps = shortest(where, seed, first.invariant, plan(seed))
    say(f"\nThe shortest way to the first of them, a life of {len(steps)} disturbed runs:")
    for step in steps:
        say(f"  {_said(step)}")
    say(f"\nmake faults LIFE={seed} shows the whole life.")
    return 1


def show(seed: int) -> int:
    """Print one life run by run."""
    with stage() as where:
        life, found = live(where, seed)
    planted = [f"{entry.kind} {'/'.join(entry.place)}" for entry in life.world.planted]
    say(f"mode {life.world.mode}, {', '.join(planted)}")
    for run in life.runs:
        say(_told(run))
    for violation in found:
        say(f"BROKEN: {violation.invariant}\n  {violation.text}")
    return 1 if found else 0


def _told(run: Invocation) -> str:
    struck = ", ".join(
        f"{kind.name} x{count}" for kind, count in run.traffic.struck.items() if count
    )
    end = "killed" if run.killed else f"raised {run.error}" if run.error else "ended"
    inside = "  " if run.inside else ""
    return (
        f"{inside}{run.started:%m-%d %H:%M:%S} {run.wish.request_id}: {len(run.calls)} calls, "
        f"{struck or 'undisturbed'}, {len(run.messages)} messages, {end}"
    )


def _said(step: Step) -> str:
    faults = ", ".join(
        f"{fault.kind.name} at {fault.aim.name} {fault.at}, {fault.reach.name}"
        f"{', after its effect' if fault.late else ''}"
        for fault in step.weather.faults
    )
    return f"after {step.gap}, by {step.actor}: {faults or 'undisturbed'}, skew {step.weather.skew}"


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
