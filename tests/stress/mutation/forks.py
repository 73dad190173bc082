"""Tests in forked processes: each starts with all foreign modules imported.

`inside_pytest` runs pytest up to its collection, and then calls a function instead.
That function forks: each child imports our modules again, one of them possibly changed, collects
and runs its tests, and ends.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from itertools import zip_longest
from types import CodeType, ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

#: What stands in for the settings of pyproject.toml: no plugin that orders, spreads or reports.
ARGUMENTS = (
    *("-o", "addopts=", "--import-mode=importlib", "--assert=plain", "--capture=no"),
    *("-p", "no:randomly", "-p", "no:xdist", "-p", "no:pytest_cov", "-p", "no:terminal"),
    *("-p", "no:cacheprovider"),
)
#: What is changed is a part of it.
PACKAGE = "certificate_lifecycle"
#: Modules that a child imports for itself.
_OURS = frozenset({PACKAGE, "docs", "tests"})
#: A test may take as many seconds of the processor more, and as many times its own.
SPARE_SECONDS, SPARE_TIMES = 1.0, 10.0
#: How many times as long it may take when the processor is busy with something else.
PATIENCE = 20
#: The import of our modules and tests may take as many seconds.
IMPORT_SECONDS = 10.0
#: The limit for a test without a measured duration.
UNKNOWN_SECONDS = 60.0

#: Files, and the tests of each in the order to run them in; all that it has if none is named.
Plan = Sequence[tuple[str, Sequence[str]]]

_FINISHED, _BROKEN = 0, 70


class BrokenChildError(Exception):
    """A child neither finished nor was ended by what it ran: this tool has a fault."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: with an answer, or without one by a signal."""

    answer: Any = None
    signal: int | None = None


def inside_pytest(work: Callable[[pytest.Session], None]) -> None:
    """Do `work` with the session of a pytest that has not collected yet."""
    _try_each_example_once()
    faults: list[BaseException] = []

    class Instead:
        @staticmethod
        @pytest.hookimpl(tryfirst=True)
        def pytest_collection(session: pytest.Session) -> bool:
            try:
                work(session)
            except BaseException as fault:  # noqa: BLE001 - pytest would only print it
                faults.append(fault)
            return True

    pytest.main([*ARGUMENTS], plugins=[Instead()])
    if faults:
        raise faults[0]


def _try_each_example_once() -> None:
    """Search for one failing example without shrinking it."""
    settings.register_profile(
        "mutation",
        max_examples=80,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    # Each child imports tests/conftest.py again, which loads this profile.
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"


def in_child(work: Callable[[], Any]) -> Ending:
    """Return what `work` returns in a forked process, as JSON can carry it.

    Raises BrokenChildError if it raised something.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live_on(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return Ending(signal=os.WTERMSIG(status))
    if os.WEXITSTATUS(status) != _FINISHED:
        raise BrokenChildError(said.decode())
    return Ending(json.loads(said))


def _live_on(work: Callable[[], Any], writing: int) -> None:
    """Do `work` and end the process: nothing of the parent's is to run in it."""
    status = _BROKEN
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        said = json.dumps(work())
        status = _FINISHED
    except BaseException:  # noqa: BLE001 - whatever it is, the parent raises it
        said = traceback.format_exc()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(said.encode())
    os._exit(status)


def allow(seconds: float) -> None:
    """Let the process live for as long: an endless loop, or an endless wait, ends it by a signal.

    What counts is the time of the processor, so that a busy machine ends nothing early.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * PATIENCE)


def foreign_modules() -> list[str]:
    """Return what is imported and is not ours."""
    return sorted(name for name in sys.modules if name.partition(".")[0] not in _OURS)


def warm(modules: Iterable[str]) -> None:
    """Import what every child would import."""
    for name in modules:
        if name not in sys.modules:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # created at run time, and again by the code that needs it


# --- In a child -----------------------------------------------------------------------------------


class Replaced:
    """An import hook that gives one module another code."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        """Compile `source` as if it were what stands in `path`."""
        self.name, self.path = name, path
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mutation may well look odd
            self.code: CodeType = compile(source, path, "exec", dont_inherit=True)

    def install(self) -> None:
        """Go before every other import hook; raises BrokenChildError if that is too late."""
        if self.name in sys.modules:
            raise BrokenChildError(f"{self.name} is imported already")
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, _: object, __: object = None) -> ModuleSpec | None:
        """Find the one module."""
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)  # type: ignore[arg-type]

    def create_module(self, _: ModuleSpec) -> ModuleType | None:
        """Leave it to the import system to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill the module."""
        exec(self.code, module.__dict__)


@dataclass(slots=True, eq=False)  # pytest keeps its plugins in sets
class Recorder:
    """A plugin that notes what failed, and spares pytest the trouble to say why."""

    failed: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be imported."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Report the outcome alone."""
        when: Any = call.when
        outcome: Any = "passed"
        if call.excinfo is not None:
            skipped = call.excinfo.errisinstance(pytest.skip.Exception)
            outcome = "skipped" if skipped else "failed"
        return pytest.TestReport(
            item.nodeid, item.location, {}, outcome, None, when, duration=call.duration
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that failed."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def collect(session: pytest.Session, files: Sequence[str]) -> list[pytest.Item]:
    """Return the tests of some files."""
    return list(session.perform_collect(files))


def first_failure(
    session: pytest.Session,
    plan: Plan,
    limits: Mapping[str, float],
) -> str | None:
    """Run tests until one fails, and return its name; None if none does.

    A test whose parameters are named otherwise now is run with all that it has.
    """
    recorder = Recorder()
    session.config.pluginmanager.register(recorder)
    for file, names in plan:
        allow(IMPORT_SECONDS)
        items = _in_order(collect(session, [file]), names)
        for item, following in zip_longest(items, items[1:]):
            if recorder.failed is None:
                allow(limits.get(item.nodeid, UNKNOWN_SECONDS))
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if recorder.failed is not None:
            break
    return recorder.failed


def _in_order(items: Sequence[pytest.Item], names: Sequence[str]) -> list[pytest.Item]:
    if not names:
        return list(items)
    by_name = {item.nodeid: item for item in items}
    if all(name in by_name for name in names):
        return [by_name[name] for name in names]
    wanted = {function_of(name) for name in names}
    return [item for item in items if function_of(item.nodeid) in wanted]


def function_of(name: str) -> str:
    """Return the name of a test without its parameters."""
    return name.partition("[")[0]
