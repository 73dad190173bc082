"""The pictures of the README show the present message and page."""

from __future__ import annotations

import json

from tests.harness.pictures import FOLDER, SOURCES, hashes


def test_each_picture_was_drawn_from_the_present_message_or_page() -> None:
    """`make pictures` draws them again."""
    assert json.loads(SOURCES.read_text(encoding="utf-8")) == hashes()
    assert {file.stem for file in FOLDER.glob("*.png")} == set(hashes())
