"""A small project is changed and tried, in processes of its own, as the core is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutation.forks import BrokenChildError, allow, in_child
from tests.mutation.project import OURS, Project

RULES = """
LIMIT = 10


def allowed(count: int) -> bool:
    return count <= LIMIT


def down(count: int) -> int:
    while count > 0:
        count -= 1
    return count
"""
TESTS = """
import pytest

from certificate_lifecycle.core.rules import LIMIT, allowed, down


@pytest.mark.parametrize("count", [0, LIMIT], ids=lambda count: f"count{count}")
def test_few_are_allowed(count):
    assert allowed(count)


def test_many_are_not():
    assert not allowed(11)


def test_down_ends():
    assert down(3) == 0
    assert down(-1) == -1
"""
PAGE = "Before.\n<!-- BEGIN_SCORES -->\nold\n<!-- END_SCORES -->\nAfter.\n"
RUN = "import sys; from pathlib import Path; from tests.mutation import __main__ as m; \
from tests.mutation.project import Project; sys.exit(m.main(sys.argv[1:], Project(Path.cwd())))"


@dataclass(frozen=True)
class Toy:
    project: Project

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the tool of this working tree on the project."""
        places = [str(OURS.root), str(self.project.root / "lambda")]
        return subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            cwd=self.project.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places), "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )

    def write_tests(self, text: str) -> None:
        """Replace the tests."""
        (self.project.unit_tests / "test_rules.py").write_text(text)

    def tried(self) -> int:
        """Return how many mutations were tried up to now."""
        return len(self.results())

    def results(self) -> list[dict[str, str]]:
        """Return what was kept, oldest first."""
        text = (self.project.results / "results.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    project = Project(tmp_path)
    for folder in (project.core, project.unit_tests, project.survivors.parent, project.page.parent):
        folder.mkdir(parents=True)
    (project.core / "__init__.py").touch()
    (project.core.parent / "__init__.py").touch()
    (project.core / "rules.py").write_text(dedent(RULES))
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["lambda"]\n')
    project.survivors.touch()
    project.page.write_text(PAGE)
    toy = Toy(project)
    toy.write_tests(TESTS)
    return toy


def test_what_is_not_noticed_is_told_and_what_is_noticed_is_not_tried_again(toy: Toy) -> None:
    first = toy.run()
    assert first.returncode == 1, first.stderr
    # The test asks for whatever the limit is, so that only a larger one goes unnoticed by it.
    assert "SURVIVED rules.py:2 module: LIMIT = 10 => LIMIT = 9" in first.stdout
    assert "while count > 0: => while count >= 0:" not in first.stdout
    text = toy.project.page.read_text()
    assert text.startswith("Before.\n<!-- BEGIN_SCORES -->\nMeasured on")
    assert text.endswith("<!-- END_SCORES -->\nAfter.\n")
    assert "| `rules` |" in text
    tried = toy.tried()
    assert toy.run().stdout == first.stdout
    assert toy.tried() == tried

    toy.write_tests(TESTS.replace("[0, LIMIT]", "[0, 10]"))
    second = toy.run()
    assert second.returncode == 0, second.stdout
    assert toy.tried() > tried


def test_what_does_not_end_is_noticed(toy: Toy) -> None:
    toy.run("--shard", "1/1")
    assert "endless" in {entry["fate"] for entry in toy.results()}


def test_a_listed_survivor_that_is_noticed_is_stale(toy: Toy) -> None:
    toy.project.survivors.write_text(
        '[[survivor]]\nmodule = "rules"\nwhere = "allowed"\nbefore = "return count <= LIMIT"\n'
        'after = "return count < LIMIT"\nkind = "equivalent"\nreason = "It is not."\n'
    )
    ran = toy.run("rules")
    assert ran.returncode == 1
    noticed = "is noticed by tests/unit/test_rules.py::test_few_are_allowed[count10]"
    assert (
        f"STALE    rules.py:6 allowed: return count <= LIMIT => return count < LIMIT {noticed}"
        in (ran.stdout)
    )
    assert toy.project.page.read_text() == PAGE


def test_any_number_of_processes_share_the_work(toy: Toy) -> None:
    alone = toy.run()
    tried = toy.tried()
    (toy.project.results / "results.jsonl").unlink()
    together = toy.run("--workers", "2")
    assert together.stdout == alone.stdout
    assert toy.tried() == tried
    (toy.project.results / "results.jsonl").unlink()
    toy.run("--shard", "1/2")
    half = toy.tried()
    toy.run("--shard", "2/2")
    assert 0 < half < toy.tried() == tried


def test_a_sample_is_the_same_for_the_same_sources(toy: Toy) -> None:
    toy.write_tests("from certificate_lifecycle.core import rules\ndef test_nothing(): pass\n")
    first, again = toy.run("--sample", "3"), toy.run("--sample", "3")
    assert first.stdout == again.stdout
    assert first.stdout.count("SURVIVED") == 3
    assert first.stdout.endswith("0 of 3 were noticed\n")


def test_nothing_is_tried_with_tests_that_fail(toy: Toy) -> None:
    toy.write_tests("def test_wrong():\n    assert False\n")
    ran = toy.run()
    assert ran.returncode == 1
    assert "tests/unit/test_rules.py::test_wrong fails although nothing is changed" in ran.stderr


def test_a_child_answers_or_says_what_broke() -> None:
    assert in_child(lambda: {"a": [1]}).answer == {"a": [1]}
    with pytest.raises(BrokenChildError, match="ZeroDivisionError"):
        in_child(lambda: 1 // 0)


def test_a_child_that_takes_too_long_is_ended() -> None:
    def endless() -> None:
        allow(0.1)
        while True:
            pass

    assert in_child(endless).signal is not None
