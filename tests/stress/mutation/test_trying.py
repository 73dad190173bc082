"""A small project is changed and tried, in processes of its own, as the package is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.stress.mutation.forks import BrokenChildError, allow, in_child
from tests.stress.mutation.project import OF_FILES, OURS, Project

pytestmark = pytest.mark.nightly

RULES = """
LIMIT = 10


def allowed(count: int) -> bool:
    return count <= LIMIT


def larger(count: int) -> int:
    return max(count, 1)
"""
ENDLESS = """
def down(count: int) -> int:
    while count > 0:
        count -= 1
    return count
"""
TESTS = """
import pytest

from certificate_lifecycle.policy.rules import LIMIT, allowed, larger


@pytest.mark.parametrize("count", [0, LIMIT], ids=lambda count: f"count{count}")
def test_few_are_allowed(count):
    assert allowed(count)


def test_many_are_not():
    assert not allowed(11)


def test_the_larger_one_is_taken():
    assert [larger(count) for count in range(3)] == [1, 1, 2]
"""
PAGE = "Before.\n<!-- BEGIN_SCORES -->\nold\n<!-- END_SCORES -->\nAfter.\n"
RUN = "import sys; from pathlib import Path; from tests.stress.mutation import __main__ as m; \
from tests.stress.mutation.project import Project; \
sys.exit(m.main(sys.argv[1:], Project(Path.cwd())))"


@dataclass(frozen=True)
class Toy:
    project: Project

    @property
    def rules(self) -> Path:
        return self.project.package / "policy" / "rules.py"

    @property
    def tests(self) -> Path:
        return self.project.unit_tests / "policy" / "test_rules.py"

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
        self.tests.write_text(text)

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
    toy = Toy(project)
    for file in (toy.rules, toy.tests, project.survivors, project.page):
        file.parent.mkdir(parents=True)
    (toy.rules.parent / "__init__.py").touch()
    (project.package / "__init__.py").touch()
    toy.rules.write_text(dedent(RULES))
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["lambda"]\n')
    project.survivors.touch()
    project.page.write_text(PAGE)
    toy.write_tests(TESTS)
    return toy


def test_undetected_mutations_are_reported_and_detected_ones_not_repeated(toy: Toy) -> None:
    first = toy.run()
    assert first.returncode == 1, first.stderr
    # The test asks for whatever the limit is, so that only a larger one goes unnoticed by it.
    assert "SURVIVED policy/rules.py:2 module: LIMIT = 10 => LIMIT = 9" in first.stdout
    assert "return max(count, 1) => return min(count, 1)" not in first.stdout
    text = toy.project.page.read_text()
    assert text.startswith("Before.\n<!-- BEGIN_SCORES -->\nMeasured on")
    assert text.endswith("<!-- END_SCORES -->\nAfter.\n")
    assert "| `policy/rules` |" in text
    tried = toy.tried()
    assert toy.run().stdout == first.stdout
    assert toy.tried() == tried

    toy.write_tests(TESTS.replace("[0, LIMIT]", "[0, 10]"))
    second = toy.run()
    assert second.returncode == 0, second.stdout
    assert toy.tried() > tried


def test_what_does_not_end_is_noticed(toy: Toy) -> None:
    toy.rules.write_text(dedent(ENDLESS))
    toy.write_tests(
        "from certificate_lifecycle.policy.rules import down\n"
        "def test_down_ends():\n    assert down(3) == 0\n"
    )
    toy.run()
    assert "endless" in {entry["fate"] for entry in toy.results()}


def test_a_test_of_a_constant_alone_is_asked(toy: Toy) -> None:
    toy.write_tests(
        "from certificate_lifecycle.policy.rules import LIMIT, allowed\n"
        "def test_few_are_allowed():\n    assert allowed(0)\n"
        "def test_the_limit_is_ten():\n    assert LIMIT == 10\n"
    )
    toy.run("policy/rules")
    assert "tests/unit/policy/test_rules.py::test_the_limit_is_ten" in {
        entry["by"] for entry in toy.results()
    }


def test_a_listed_survivor_that_is_noticed_is_stale(toy: Toy) -> None:
    toy.project.survivors.write_text(
        '[[survivor]]\nmodule = "policy/rules"\nwhere = "allowed"\n'
        'before = "return count <= LIMIT"\n'
        'after = "return count < LIMIT"\nkind = "equivalent"\nreason = "It is not."\n'
    )
    ran = toy.run("policy/rules")
    assert ran.returncode == 1
    noticed = "is noticed by tests/unit/policy/test_rules.py::test_few_are_allowed[count10]"
    stale = "STALE    policy/rules.py:6 allowed: return count <= LIMIT => return count < LIMIT"
    assert f"{stale} {noticed}" in ran.stdout
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
    toy.write_tests("from certificate_lifecycle.policy import rules\ndef test_nothing(): pass\n")
    first, again = toy.run("--sample", "3"), toy.run("--sample", "3")
    assert first.stdout == again.stdout
    assert first.stdout.count("SURVIVED") == 3
    assert first.stdout.endswith("0 of 3 were noticed\n")


def test_nothing_is_tried_with_tests_that_fail(toy: Toy) -> None:
    toy.write_tests("def test_wrong():\n    assert False\n")
    for ran in (toy.run(), toy.run("--sample", "3")):
        assert ran.returncode == 1
        assert "test_rules.py::test_wrong fails although nothing is changed" in ran.stderr
        assert "noticed" not in ran.stdout


def test_what_has_failed_since_it_was_measured_notices_nothing(toy: Toy) -> None:
    limit = toy.project.root / "limit"
    limit.write_text("10")
    toy.write_tests(
        "from pathlib import Path\n"
        "from certificate_lifecycle.policy.rules import LIMIT, allowed\n"
        "def test_the_limit_is_known():\n"
        f"    assert allowed(LIMIT) and Path({str(limit)!r}).read_text() == str(LIMIT)\n"
    )
    toy.run()
    assert "killed" in {entry["fate"] for entry in toy.results()}
    limit.write_text("11")
    (toy.project.results / "results.jsonl").write_text("")
    again = toy.run()
    assert "::test_the_limit_is_known fails although nothing is changed" in again.stderr
    assert toy.tried() == 0


@pytest.mark.parametrize("name", sorted(OF_FILES))
def test_tests_of_files_are_not_asked(tmp_path: Path, name: str) -> None:
    assert (OURS.unit_tests / name).exists()
    project = Project(tmp_path)
    project.unit_tests.mkdir(parents=True)
    for file in (name, "test_rules.py"):
        (project.unit_tests / file).touch()
    assert project.test_files() == ["tests/unit/test_rules.py"]


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
