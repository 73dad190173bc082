"""What is known of each mutation from earlier runs, and whether it still holds.

Results are lines of JSON in one file, the latest of a mutation counts, so that any number of
processes may add to it and a run that is interrupted loses nothing.
A mutation that a test noticed is still noticed as long as neither the package nor that test's file
has changed; one that none noticed is still unnoticed as long as nothing has changed at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.stress.mutation.mutations import Mutation
from tests.stress.mutation.outcomes import Fate, Outcome
from tests.stress.mutation.project import Project
from tests.stress.mutation.reach import FileReach, file_of


@dataclass(frozen=True, slots=True)
class Sources:
    """The files that a result depends on, as hashes of their contents.

    `common` is of the package and of what all tests share, `tests` has those of each test file.
    """

    common: str
    tests: Mapping[str, str]

    @classmethod
    def read(cls, project: Project) -> Sources:
        """Read the package, the unit tests and their data."""
        root, unit = project.root, project.unit_tests
        tests = {file: root / file for file in project.test_files()}
        data = unit.with_name("data")
        shared = [
            *sorted(project.package.rglob("*.py")),
            *sorted(project.package.rglob("page.*")),
            *sorted(path for path in unit.rglob("*.py") if path not in tests.values()),
            *sorted(path for path in data.rglob("*") if path.is_file()),
            *(Path(__file__).with_name(name) for name in ("forks.py", "trial.py")),
        ]
        return cls(
            common=_hash(*(_hash(path.name, path.read_bytes()) for path in shared)),
            tests={file: _hash(path.read_bytes()) for file, path in tests.items()},
        )

    def everything(self) -> str:
        """Return the state that a mutation went unnoticed in."""
        return _hash(self.common, *self.tests, *self.tests.values())

    def of_file(self, file: str) -> str:
        """Return the state that a test of a file was run in."""
        return _hash(self.common, self.tests.get(file, ""))

    def of(self, outcome: Outcome) -> str:
        """Return what an outcome depends on."""
        return self.everything() if outcome.by is None else self.of_file(file_of(outcome.by))


@dataclass(slots=True)
class Results:
    """The results in a folder."""

    folder: Path
    sources: Sources
    _found: dict[str, tuple[Outcome, str]] = field(default_factory=dict)

    @property
    def _file(self) -> Path:
        return self.folder / "results.jsonl"

    @property
    def _reach(self) -> Path:
        return self.folder / "reach.json"

    def read(self) -> None:
        """Read what every process has added."""
        self.folder.mkdir(exist_ok=True)
        if self._file.exists():
            for line in self._file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                outcome = Outcome(Fate(entry["fate"]), entry["by"])
                self._found[entry["key"]] = (outcome, entry["state"])

    def current(self, mutation: Mutation) -> Outcome | None:
        """Return what became of a mutation, if that still holds."""
        outcome, state = self._found.get(mutation.key, (None, ""))
        return outcome if outcome and state == self.sources.of(outcome) else None

    def suspect(self, mutation: Mutation) -> str | None:
        """Return the test that noticed a mutation the last time."""
        outcome, _ = self._found.get(mutation.key, (None, ""))
        return outcome.by if outcome else None

    def add(self, mutation: Mutation, outcome: Outcome) -> None:
        """Add a result, in one write."""
        state = self.sources.of(outcome)
        entry = {"key": mutation.key, "fate": outcome.fate, "by": outcome.by, "state": state}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def reach(self) -> tuple[dict[str, FileReach], list[str]]:
        """Return what still holds of what was measured, and every module that was imported."""
        if not self._reach.exists():
            return {}, []
        kept = json.loads(self._reach.read_text(encoding="utf-8"))
        files = {
            file: FileReach(**entry["reach"])
            for file, entry in kept["files"].items()
            if entry["state"] == self.sources.of_file(file)
        }
        return files, kept["foreign"]

    def keep_reach(self, files: Mapping[str, FileReach], foreign: Sequence[str]) -> None:
        """Keep what was measured."""
        kept = {
            "foreign": list(foreign),
            "files": {
                file: {"state": self.sources.of_file(file), "reach": asdict(found)}
                for file, found in files.items()
            },
        }
        self._reach.write_text(json.dumps(kept), encoding="utf-8")


def _hash(*parts: object) -> str:
    digest = sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()
