"""Progress counts the certificates that are still to be described."""

from __future__ import annotations

from dataclasses import replace

from certificate_lifecycle.cli.progress import ScanCount


def test_the_bar_has_no_end_until_every_scope_knows_what_it_describes() -> None:
    count = ScanCount(scopes=2, prepared=1, listed=40, described=10, to_describe=10)
    assert count.total is None
    assert count.text == "1 of 2 accounts and regions: 40 listed, 10 of 10 described"
    known = replace(count, prepared=2, to_describe=74)
    assert known.total == 74
    assert known.text == "2 of 2 accounts and regions: 40 listed, 10 of 74 described"


def test_the_bar_has_no_end_once_everything_is_described_because_judging_follows() -> None:
    count = ScanCount(scopes=1, prepared=1, listed=9, described=5, to_describe=4)
    assert count.total is None
    assert count.text == "9 listed, 5 of 5 described"
