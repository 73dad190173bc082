"""Change each decision of the pure packages once, and check whether a test detects the change.

    make mutation

The command writes the scores into docs/mutation.md. It fails if a mutation survives without an
entry in `survivors.toml`, or if a listed mutation does not survive.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.stress.mutation import page
from tests.stress.mutation.forks import Plan, foreign_modules, in_child, inside_pytest, warm
from tests.stress.mutation.mutations import Mutation
from tests.stress.mutation.outcomes import Outcome
from tests.stress.mutation.project import OURS, Project, own_tests
from tests.stress.mutation.reach import Session, measure, prove
from tests.stress.mutation.results import Results, Sources
from tests.stress.mutation.survivors import judge, reviewed
from tests.stress.mutation.trial import attempt
from tests.stress.mutation.users import Users, mentioned

if TYPE_CHECKING:
    import pytest

#: The number of mutations per line of progress.
_STEP = 50


def main(arguments: Sequence[str] | None = None, project: Project = OURS) -> int:
    """Test the requested mutations and print the undetected ones."""
    options = _options(arguments)
    mutations = project.mutations()
    listed = reviewed(mutations, project.survivors.read_text(encoding="utf-8"))
    if options.modules:
        mutations = [item for item in mutations if item.module in options.modules]
    if options.sample:
        left = [each for each in mutations if each.key not in listed]
        chance = random.Random(Sources.read(project).common)
        mutations = chance.sample(left, min(options.sample, len(left)))
        outcomes = _sampled(project, mutations)
    else:
        share, parts = options.shard
        mutations = mutations[share - 1 :: parts]
        outcomes = _all(project, mutations, options.workers)
    survived = [entry for entry in mutations if not outcomes[entry.key].noticed]
    judgement = judge(survived, mutations, listed)
    for mutation in judgement.unlisted:
        _tell(f"SURVIVED {mutation}")
    for mutation in judgement.stale:
        _tell(f"STALE    {mutation} is noticed by {outcomes[mutation.key].by or 'its time'}")
    _tell(f"{len(mutations) - len(survived)} of {len(mutations)} were noticed")
    if not options.modules and not options.sample and options.shard == (1, 1):
        page.write_scores(project.page, mutations, outcomes, datetime.now(UTC))
    return 0 if judgement.sound else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.stress.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as policy/checks; all if none is named")
    parser.add_argument("--workers", type=int, default=1, help="how many to try at a time")
    parser.add_argument("--shard", type=_shard, default=(1, 1), help="2/3: the second of three")
    parser.add_argument("--sample", type=int, help="try so many, others for each state of the code")
    return parser.parse_args(arguments)


def _shard(text: str) -> tuple[int, int]:
    share, _, parts = text.partition("/")
    if not 1 <= int(share) <= int(parts):
        raise ValueError(text)
    return int(share), int(parts)


# --- All ------------------------------------------------------------------------------------------


def _all(project: Project, mutations: Sequence[Mutation], workers: int) -> dict[str, Outcome]:
    """Test all mutations without a valid result; return the results of all."""
    results = Results(project.results, Sources.read(project))
    results.read()
    left = [mutation for mutation in mutations if results.current(mutation) is None]
    if left:
        inside_pytest(lambda session: _try(session, project, left, results, workers))
        results.read()
    found = {mutation.key: results.current(mutation) for mutation in mutations}
    return {key: outcome for key, outcome in found.items() if outcome is not None}


def _try(
    session: pytest.Session,
    project: Project,
    mutations: Sequence[Mutation],
    results: Results,
    workers: int,
) -> None:
    reach = _measured(session, project, results)
    limits = reach.limits()
    users = Users.of(project.sources())
    plans = [reach.plan(entry, users, results.suspect(entry)) for entry in mutations]
    # Old measurements may be outdated: `Sources` does not know everything that tests read.
    prove(session, {name for plan in plans for _, names in plan for name in names})

    def work(share: int) -> None:
        mine = list(zip(mutations, plans, strict=True))[share::workers]
        for count, (mutation, plan) in enumerate(mine, start=1):
            outcome = attempt(session, mutation, project.package, plan, limits)
            results.add(mutation, outcome)
            if not outcome.noticed:
                _say(f"not noticed: {mutation}")
            if count % _STEP == 0:
                _say(f"{mutation.module}: {count} of {len(mine)}")

    if workers == 1:
        work(0)
        return
    children = [_forked(work, share) for share in range(workers)]
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("a worker failed; what the others found is kept")


def _measured(session: pytest.Session, project: Project, results: Results) -> Session:
    """Measure changed files, and import what every child process needs."""
    files, foreign = results.reach()
    left = [file for file in results.sources.tests if file not in files]
    if left:
        _say(f"seeing which lines the tests of {len(left)} files run")
        measured = measure(session, left, project.package)
        files |= measured.files
        foreign = sorted({*foreign, *measured.foreign})
        results.keep_reach(files, foreign)
    warm(foreign)
    mentions = {file: mentioned((project.root / file).read_bytes()) for file in files}
    return Session(files, mentions)


def _forked(work: Callable[[int], None], share: int) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work(share)
        except BaseException as fault:  # noqa: BLE001 - the process ends here
            _say(repr(fault))
            os._exit(1)
        os._exit(0)
    return pid


# --- A sample -------------------------------------------------------------------------------------


def _sampled(project: Project, mutations: Sequence[Mutation]) -> dict[str, Outcome]:
    """Test a few mutations without measurements: likely test files first, then all."""
    outcomes: dict[str, Outcome] = {}

    def work(session: pytest.Session) -> None:
        warm(in_child(lambda: _imported(session, project)).answer)
        for mutation in mutations:
            plan = _likely(project, mutation)
            outcomes[mutation.key] = attempt(session, mutation, project.package, plan, {})
        # All tests are too many to start with; a test that has detected something comes later.
        prove(session, {outcome.by for outcome in outcomes.values() if outcome.by})

    inside_pytest(work)
    return outcomes


def _imported(session: pytest.Session, project: Project) -> list[str]:
    session.perform_collect(project.test_files())
    return foreign_modules()


def _likely(project: Project, mutation: Mutation) -> Plan:
    """Return every test file: the module's own first, then those that mention it."""
    module, own = mutation.module.replace("/", "."), own_tests(mutation.module)

    def rank(file: str) -> tuple[bool, bool, int]:
        path = project.root / file
        named = f"{module} " in path.read_text(encoding="utf-8")
        return own not in file, not named, path.stat().st_size

    return [(file, ()) for file in sorted(project.test_files(), key=rank)]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
