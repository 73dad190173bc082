"""One version and one source address are named everywhere: package, changelog, documentation."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from certificate_lifecycle.cli import __version__

REPOSITORY = Path(__file__).parents[2]
# The decisions are of their time.
TEXTS = {
    file.relative_to(REPOSITORY): file.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/*.md", "examples/*/*.md", "examples/*/*.tf", "modules/*/*.md")
    for file in sorted(REPOSITORY.glob(pattern))
}
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAMED = re.compile(r"(?:\?ref=|\.git@)v(\d+\.\d+\.\d+)")
ADDRESS = re.compile(r"(?:https?|ssh)://\S+?\.git\b|\bgit@\S+?\.git\b")
INSTALLATION = re.compile(r"^(?: *- run: )?pip install (.*)$", re.MULTILINE)


def found(pattern: re.Pattern[str]) -> dict[Path, set[str]]:
    """Return the matches by file, for files with any."""
    matches = {file: set(pattern.findall(text)) for file, text in TEXTS.items()}
    return {file: texts for file, texts in matches.items() if texts}


def test_the_documentation_uses_the_present_version() -> None:
    named = found(NAMED)
    assert {file: texts for file, texts in named.items() if texts != {__version__}} == {}
    assert {file.parts[0] for file in named} >= {"README.md", "docs", "examples", "modules"}


def test_the_documentation_uses_the_source_address_of_the_package() -> None:
    named = found(ADDRESS)
    assert {
        file: texts for file, texts in named.items() if texts != {PROJECT["urls"]["Source"]}
    } == {}
    assert {file.parts[0] for file in named} >= {"README.md", "docs", "examples", "modules"}


def test_the_page_of_the_command_line_installs_it_from_a_clone_first() -> None:
    first, *others = INSTALLATION.findall(TEXTS[Path("docs/cli.md")])
    assert first == '".[cli]"'
    address = f'"{PROJECT["name"]}[cli] @ git+{PROJECT["urls"]["Source"]}@v{__version__}"'
    assert {*others} == {address}


def test_the_changelog_has_the_present_version_with_its_date() -> None:
    headings = re.findall(r"^## (.+)$", TEXTS[Path("CHANGELOG.md")], re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert headings[0] == "[Unreleased]"
    released = [
        re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", each) for each in headings[1:]
    ]
    versions = [match[1] for match in released if match]
    assert len(versions) == len(released)
    assert versions[0] == __version__
