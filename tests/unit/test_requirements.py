"""The pinned list of development tools matches pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINS = [
    line
    for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
    if not line.startswith("#")
]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_line_pins_one_version_from_the_package_index() -> None:
    assert [line for line in PINS if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


def test_every_tool_that_is_asked_for_is_pinned() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    names = {canonical(re.split(r"[\[=<>~!]", wanted)[0]) for wanted in asked}
    assert names - {canonical(line.partition("==")[0]) for line in PINS} == set()
