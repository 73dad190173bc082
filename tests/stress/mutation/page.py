"""What docs/mutation.md shows: the scores of the last run, and why each survivor may survive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from tests.stress.mutation.mutations import Mutation
from tests.stress.mutation.outcomes import Outcome
from tests.stress.mutation.project import Project
from tests.stress.mutation.survivors import Reviewed, reviewed

_BEGIN, _END = "<!-- BEGIN_SCORES -->", "<!-- END_SCORES -->"


def write_scores(
    path: Path,
    mutations: Sequence[Mutation],
    outcomes: Mapping[str, Outcome],
    now: datetime,
) -> None:
    """Write the scores between their markers."""
    before, _, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    text = scores(mutations, outcomes, now)
    path.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{after}", encoding="utf-8")


def scores(mutations: Iterable[Mutation], outcomes: Mapping[str, Outcome], now: datetime) -> str:
    """Return how many mutations of each module were noticed."""
    total: Counter[str] = Counter()
    noticed: Counter[str] = Counter()
    for mutation in mutations:
        total[mutation.module] += 1
        noticed[mutation.module] += outcomes[mutation.key].noticed
    rows = [_score(f"`{module}`", noticed[module], count) for module, count in total.items()]
    return "\n".join(
        [
            f"Measured on {now:%Y-%m-%d}.",
            "",
            "| Module | Mutations | Noticed | Survived | Score |",
            "|--------|-----------|---------|----------|-------|",
            *rows,
            _score("All", noticed.total(), total.total()),
        ]
    )


def _score(name: str, noticed: int, count: int) -> str:
    return f"| {name} | {count} | {noticed} | {count - noticed} | {noticed / count:.1%} |"


def survivors(project: Project) -> str:
    """Return the reviewed survivors of a project as it is.

    Raises ReviewError if the list does not fit them.
    """
    listed = reviewed(project.mutations(), project.survivors.read_text(encoding="utf-8"))
    modules: dict[str, list[Reviewed]] = {}
    for entry in sorted(listed.values(), key=lambda each: each.mutation.order):
        modules.setdefault(entry.mutation.module, []).append(entry)
    return "\n\n".join(f"### {module}\n\n{_table(found)}" for module, found in modules.items())


def _table(entries: Iterable[Reviewed]) -> str:
    rows = [
        f"| {entry.mutation.line} | {_code(entry.mutation.before)} | {_code(entry.mutation.after)} "
        f"| {entry.kind}: {_cell(entry.reason)} |"
        for entry in entries
    ]
    head = ["| Line | Is | Could be | Why it may survive |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _code(text: str) -> str:
    """Return source as it can stand in a cell of a table, backticks and bars included."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{_cell(text)}{fence}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
