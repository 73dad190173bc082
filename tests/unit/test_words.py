"""Words that the project has retired, in documentation, Terraform files and the package."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RETIRED = re.compile(
    r"\b(told|mend(s|ed|ing)?|whoever|somebody|looked at|shall|for ever)\b", re.IGNORECASE
)
#: A quoted key of an earlier version is no use of the word.
QUOTED = re.compile(r"`[^`]*`")
WORDS_FOR_EACH = 2000
SUBJECTS = {
    "README.md": ["README.md"],
    "docs": ["docs/**/*.md"],
    "Terraform": ["*.tf", "modules/**/*.tf", "examples/**/*.tf"],
    "lambda": ["lambda/certificate_lifecycle/**/*.py"],
}


def texts(patterns: list[str]) -> Iterator[str]:
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if ".terraform" not in path.parts:
                yield QUOTED.sub("", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_retired_words_are_rare(subject: str) -> None:
    found = list(texts(SUBJECTS[subject]))
    retired = sum(len(RETIRED.findall(text)) for text in found)
    words = sum(len(text.split()) for text in found)
    assert retired * WORDS_FOR_EACH < words
