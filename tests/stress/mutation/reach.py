"""Which tests run which lines of the pure modules, and how long each takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage import Coverage

from tests.stress.mutation.forks import (
    SPARE_SECONDS,
    SPARE_TIMES,
    BrokenChildError,
    Plan,
    Recorder,
    collect,
    first_failure,
    foreign_modules,
    in_child,
)
from tests.stress.mutation.mutations import Mutation
from tests.stress.mutation.project import PURE, modules_in, own_tests
from tests.stress.mutation.users import Users

if TYPE_CHECKING:
    import pytest

#: The context of the lines that are run before any test is.
_IMPORT = "import"
#: So many seconds are long for a test; with more it is left out, which errs on the safe side.
_LONG, _TOO_LONG = 0.2, 1.0


class FailingTestsError(Exception):
    """A test fails although nothing is changed: nothing can be found out by it."""


@dataclass(frozen=True, slots=True)
class FileReach:
    """What is known of the tests of one file.

    `seconds` has what each test takes of the processor; `lines`, by module and line, the positions
    of the tests in it that run the line; `imported` the lines that are run without any test.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    imported: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def running(self, wanted: Mapping[str, Iterable[int]]) -> set[str]:
        """Return the tests that run one of some lines."""
        names = list(self.seconds)
        return {
            names[position]
            for module, lines in wanted.items()
            for line in lines
            for position in self.lines[module].get(str(line), ())
        }

    def imports(self, module: str, lines: Iterable[int]) -> bool:
        """Whether the import of the file runs one of some lines."""
        return not set(lines).isdisjoint(self.imported[module])


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of all tests, by file; `mentions` has the names that stand in a file."""

    files: Mapping[str, FileReach]
    mentions: Mapping[str, Collection[str]]

    def seconds(self) -> dict[str, float]:
        """Return what each test takes of the processor."""
        return {name: each for found in self.files.values() for name, each in found.seconds.items()}

    def limits(self) -> dict[str, float]:
        """Return how many seconds of the processor each test may take."""
        return {name: SPARE_SECONDS + SPARE_TIMES * each for name, each in self.seconds().items()}

    def plan(self, mutation: Mutation, users: Users, first: str | None) -> Plan:
        """Return the tests that could notice a mutation, the likeliest first.

        Those are the tests that run its line. Where only an import runs that, they are those that
        run what uses it and those of files that name it, or all if there are none. What takes very
        long is left out. Ahead of all goes `first`.
        """
        seconds = {name: each for name, each in self.seconds().items() if each <= _TOO_LONG}
        span = range(mutation.span[0], mutation.span[1] + 1)
        likely = self._running({mutation.module: span})
        if not likely and any(file.imports(mutation.module, span) for file in self.files.values()):
            names = users.names(mutation.module, mutation.span)
            likely = self._running(users.lines(names)) | self._naming(names) or set(seconds)
        ahead = [(file_of(first), [first])] if first in seconds else []
        own = own_tests(mutation.module)
        return [*ahead, *_by_file(likely & set(seconds) - {first}, own, seconds)]

    def _running(self, wanted: Mapping[str, Iterable[int]]) -> set[str]:
        return {name for found in self.files.values() for name in found.running(wanted)}

    def _naming(self, names: set[str]) -> set[str]:
        return {
            name
            for file, found in self.files.items()
            if not names.isdisjoint(self.mentions[file])
            for name in found.seconds
        }


def _by_file(tests: Iterable[str], own: str, seconds: Mapping[str, float]) -> Plan:
    """Return tests by file: those of the module's own first, then the quick; slow tests last."""
    groups: defaultdict[tuple[bool, bool, str], list[str]] = defaultdict(list)
    for name in tests:
        file = file_of(name)
        groups[seconds[name] > _LONG, own not in file, file].append(name)

    def rank(group: tuple[bool, bool, str]) -> tuple[bool, bool, float, str]:
        slow, foreign, file = group
        return slow, foreign, sum(seconds[name] for name in groups[group]), file

    return [
        (group[2], sorted(groups[group], key=lambda name: (seconds[name], name)))
        for group in sorted(groups, key=rank)
    ]


def file_of(name: str) -> str:
    """Return the file of a test."""
    return name.partition("::")[0]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run of some files found out; `foreign` are the modules that it imported, not ours."""

    files: Mapping[str, FileReach]
    foreign: Sequence[str]


def measure(session: pytest.Session, files: Sequence[str], package: Path) -> Measured:
    """Run every test of some files once, and see which lines it runs.

    Raises FailingTestsError if one fails.
    """
    ending = in_child(lambda: _measured(session, files, package))
    if ending.answer is None:
        raise BrokenChildError(f"the tests were ended by signal {ending.signal}")
    if ending.answer["failed"]:
        raise FailingTestsError(f"{ending.answer['failed']} fails although nothing is changed")
    found = {file: FileReach(**entry) for file, entry in ending.answer["files"].items()}
    return Measured(found, ending.answer["foreign"])


def prove(session: pytest.Session, names: Iterable[str]) -> None:
    """Run tests on the package as it is: only what passes there can notice a mutation.

    Raises FailingTestsError if one fails.
    """
    files: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        files[file_of(name)].append(name)
    ending = in_child(lambda: first_failure(session, list(files.items()), {}))
    if ending.signal is not None:
        raise BrokenChildError(f"the tests were ended by signal {ending.signal}")
    if ending.answer is not None:
        raise FailingTestsError(f"{ending.answer} fails although nothing is changed")


def _measured(session: pytest.Session, files: Sequence[str], package: Path) -> dict[str, Any]:
    recorder = Recorder()
    session.config.pluginmanager.register(recorder)
    coverage = Coverage(
        data_file=None, config_file=False, include=[f"{package / folder}/*" for folder in PURE]
    )
    coverage.start()
    coverage.switch_context(_IMPORT)
    items = collect(session, files)
    seconds: dict[str, dict[str, float]] = {file: {} for file in files}
    for item, following in zip_longest(items, items[1:]):
        coverage.switch_context(item.nodeid)
        started = time.process_time()
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        seconds[file_of(item.nodeid)][item.nodeid] = time.process_time() - started
    coverage.stop()
    data = coverage.get_data()
    contexts = {
        name: data.contexts_by_lineno(str(path)) for name, path in modules_in(package).items()
    }
    return {
        "failed": recorder.failed,
        "files": {file: _of_file(found, contexts) for file, found in seconds.items()},
        "foreign": foreign_modules(),
    }


def _of_file(
    seconds: Mapping[str, float], contexts: Mapping[str, Mapping[int, Sequence[str]]]
) -> dict[str, Any]:
    positions = {name: position for position, name in enumerate(seconds)}
    lines: dict[str, dict[int, list[int]]] = {}
    for module, found in contexts.items():
        runs = {
            line: sorted(positions[name] for name in names if name in positions)
            for line, names in found.items()
        }
        lines[module] = {line: tests for line, tests in runs.items() if tests}
    return {
        "seconds": seconds,
        "lines": lines,
        "imported": {
            module: sorted(line for line, names in found.items() if _IMPORT in names)
            for module, found in contexts.items()
        },
    }
