"""docs/cli.md tells a story that is true: its examples are carried out, and print what it says."""

from __future__ import annotations

import pytest

from tests.support.cloud import Cloud
from tests.support.story import PAGE, alike, examples, told
from tests.support.terminal import COLUMNS

pytestmark = pytest.mark.integration


def test_each_example_prints_what_the_page_says(cloud: Cloud) -> None:
    """`python -m tests.support.story` writes the page anew."""
    cloud.now = None
    page = PAGE.read_text(encoding="utf-8")
    shown = told(cloud, page)
    said = list(examples(page))
    assert len(said) > 5
    for expected, found in zip(said, shown, strict=True):
        assert alike(found.shown).rstrip() == alike(expected.shown).rstrip(), expected.command


def test_the_examples_fit_a_terminal_of_80_columns() -> None:
    wide = [
        line
        for example in examples(PAGE.read_text(encoding="utf-8"))
        for line in example.shown.splitlines()
        if len(line) > COLUMNS
    ]
    assert wide == []
