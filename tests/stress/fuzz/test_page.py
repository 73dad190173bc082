"""The page contains exactly the targets and the findings."""

from __future__ import annotations

import re

from tests.stress.fuzz.__main__ import PAGE, PART, targets
from tests.stress.fuzz.effort import sentence
from tests.stress.fuzz.findings import FINDINGS

ROW = re.compile(r"^\| (.+\.) \| [0-9,]+ \|$", re.MULTILINE)


def test_the_page_lists_every_target_and_every_finding() -> None:
    page = PAGE.read_text(encoding="utf-8")
    part = page.partition(f"<!-- BEGIN_{PART.name} -->")[2].partition(f"<!-- END_{PART.name} -->")[
        0
    ]
    assert ROW.findall(part) == [sentence(name) for name in targets()]
    found = [line.removeprefix("- ") for line in part.splitlines() if line.startswith("- ")]
    assert found == list(FINDINGS)
