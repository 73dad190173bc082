"""One version is named everywhere: package, changelog, documentation and examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# The decisions are of their time.
FILES = [
    file
    for pattern in ("*.md", "docs/*.md", "examples/*/*.md", "examples/*/*.tf", "modules/*/*.md")
    for file in sorted(REPOSITORY.glob(pattern))
]
NAMED = re.compile(r"(?:\?ref=|\.git@)v(\d+\.\d+\.\d+)")


@pytest.fixture(scope="module")
def version() -> str:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    return str(settings["project"]["version"])


def test_the_documentation_uses_the_present_version(version: str) -> None:
    named = {
        file.relative_to(REPOSITORY): set(NAMED.findall(file.read_text(encoding="utf-8")))
        for file in FILES
    }
    others = {file: found - {version} for file, found in named.items() if found - {version}}

    assert others == {}
    assert {file.parts[0] for file, found in named.items() if found} >= {"README.md", "examples"}


def test_the_changelog_has_the_present_or_the_next_version(version: str) -> None:
    sections = re.findall(
        r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    assert sections[0] in ("Unreleased", version)
    assert len(sections) == len(set(sections))
