"""Messages and pages read as recorded in tests/data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.render.goldens import goldens
from tests.unit.tables import DATA

GOLDENS = goldens()


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.name)
def test_a_message_or_page_reads_as_recorded(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GOLDENS[path]


def test_no_recorded_message_or_page_is_without_its_run() -> None:
    recorded = {path for name in ("messages", "pages") for path in (DATA / name).iterdir()}
    assert recorded == set(GOLDENS)
