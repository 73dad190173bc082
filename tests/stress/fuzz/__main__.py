"""Test every target with many more inputs, and write the result into docs/reliability.md."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from docs.generate import Part, replace, table
from tests.stress.fuzz.findings import FINDINGS

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[2] / "docs" / "reliability.md"
PART = Part("docs/reliability.md", "FUZZING", lambda _: "")
FACTOR = 20


def targets() -> list[str]:
    """Return the names of all targets, in the order of their files."""
    from tests.stress.fuzz.effort import TARGETS

    for file in sorted(FOLDER.glob("test_*.py")):
        importlib.import_module(f"tests.stress.fuzz.{file.stem}")
    return sorted(TARGETS, key=TARGETS.__getitem__)


def section(tried: Mapping[str, int], when: datetime, factor: int) -> str:
    """Return the generated part of the page."""
    from tests.stress.fuzz.effort import sentence

    rows = [(sentence(name), f"{tried.get(name, 0):,}") for name in targets()]
    found = "\n".join(f"- {finding}" for finding in FINDINGS)
    return f"""`make fuzz` wrote this part on {when:%Y-%m-%d}, with Python \
{platform.python_version()}: {sum(tried.values()):,} inputs, {factor} times as many as in \
`make nightly`, and no failure.

{table(("Property", "Inputs"), rows)}

It found these {len(FINDINGS)} faults, which are fixed and have tests.

{found}"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--factor", type=int, default=FACTOR, help="times as many as in make nightly"
    )
    factor = parser.parse_args(arguments).factor
    os.environ["FUZZ_FACTOR"] = str(factor)
    # This run writes the page, which is outdated until then.
    unwritten = f"--ignore={FOLDER / 'test_page.py'}"
    failed = pytest.main([str(FOLDER), "-q", "-p", "no:randomly", unwritten])
    if failed:
        return int(failed)
    from tests.stress.fuzz.effort import TRIED

    page = PAGE.read_text(encoding="utf-8")
    written = replace(page, PART, section(TRIED, datetime.now(UTC), factor))
    PAGE.write_text(written, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
