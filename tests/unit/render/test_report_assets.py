"""The files of the report's page are checked as what they are; browser tests run the script."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import pytest

from tests.unit.assets import ASSETS, FILES


@pytest.mark.parametrize("file", FILES.values(), ids=lambda file: file.name)
def test_a_file_has_plain_lines(file: Path) -> None:
    text = file.read_bytes().decode("ascii")
    assert not set("\t\r") & set(text)
    assert not re.search(r" $", text, re.MULTILINE)
    assert re.search(r"\S\n\Z", text)


@pytest.mark.parametrize("text", [ASSETS.style, ASSETS.script], ids=["css", "js"])
def test_every_bracket_of_a_file_is_closed(text: str) -> None:
    closing = {"(": ")", "[": "]", "{": "}"}
    expected: list[str] = []
    for char in re.sub(r'"[^"\n]*"', "", text):
        if char in closing:
            expected.append(closing[char])
        elif char in closing.values():
            assert expected.pop() == char
    assert expected == []


@pytest.mark.parametrize("text", [ASSETS.style, ASSETS.script], ids=["css", "js"])
def test_no_file_ends_the_element_that_it_stands_in(text: str) -> None:
    assert "</" not in text
    assert "<!--" not in text


def test_each_placeholder_of_the_page_is_used_once() -> None:
    found = re.findall(r"\$(\w+)", ASSETS.html)
    assert len(found) == len(set(found))
    assert Template(ASSETS.html).is_valid()
