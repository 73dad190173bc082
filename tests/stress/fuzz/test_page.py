"""The page names every target and every finding, and no other."""

from __future__ import annotations

import re

from tests.stress.fuzz.__main__ import PAGE, PART, targets
from tests.stress.fuzz.effort import sentence
from tests.stress.fuzz.findings import FINDINGS

ROW = re.compile(r"^\| (.+\.) \| [0-9,]+ \|$", re.MULTILINE)


def test_the_page_tells_of_every_target_and_of_all_that_was_found() -> None:
    page = PAGE.read_text(encoding="utf-8")
    part = page.partition(f"<!-- BEGIN_{PART.name} -->")[2].partition(f"<!-- END_{PART.name} -->")[
        0
    ]
    assert ROW.findall(part) == [sentence(name) for name in targets()]
    found = [line.removeprefix("- ") for line in part.splitlines() if line.startswith("- ")]
    assert found == list(FINDINGS)
