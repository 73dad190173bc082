"""Markdown that GitHub shows as a table is written as one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md", "modules/*/*.md")
    for path in sorted(ROOT.glob(pattern))
]
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)
SEPARATOR = re.compile(r"\|[\s:|-]+\|")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_table_has_a_separator_below_its_header(page: Path) -> None:
    tables = TABLE.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    broken = [table for table in tables if not SEPARATOR.fullmatch(table.split("\n")[1])]
    assert broken == []
