"""The invariants hold with faults; seeds that once broke one stay as tests."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.stress.faults.campaign import LIVES, live, search
from tests.stress.faults.invariants import AT_THE_END, EACH_RUN, Invariant
from tests.stress.faults.life import Life
from tests.stress.faults.stage import Stage
from tests.stress.faults.weather import Kind

pytestmark = pytest.mark.integration

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reliability.md"
#: The share of `make faults` in `make nightly`.
SHARE = 100
#: Lives with a violation before a fix: successors of another CA, of CloudFront and of ACME origin,
#: a serial number that returned, a deleted import, and a lost setting.
BROKE = (100003, 100165, 600003, 600009, 600016, 700004, 700050)


def recorded(life: Life) -> list[object]:
    return [
        (run.started, run.wish.request_id, [call.operation for call in run.calls], run.killed)
        for run in life.runs
    ]


@pytest.mark.nightly
def test_a_share_of_all_lives_keeps_every_invariant(where: Stage) -> None:
    figures = search(where, itertools.count(LIVES), SHARE)
    assert figures.broken == []
    assert figures.struck > SHARE / 2


@pytest.mark.parametrize("seed", BROKE)
def test_a_life_that_broke_an_invariant_once_keeps_all_of_them(where: Stage, seed: int) -> None:
    assert live(where, seed)[1] == []


@pytest.mark.nightly
def test_a_seed_tells_the_same_story_each_time(where: Stage) -> None:
    first, _ = live(where, LIVES + 3)
    again, _ = live(where, LIVES + 3)
    other, _ = live(where, LIVES + 4)
    assert recorded(first) == recorded(again)
    assert recorded(first) != recorded(other)


def test_every_invariant_is_checked_once() -> None:
    assert sorted((*EACH_RUN, *AT_THE_END)) == sorted(Invariant)


def test_the_page_is_about_all_that_is_injected_and_checked_now() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in Kind if f"\n| {kind} | " not in text] == []
    assert [invariant for invariant in Invariant if f"\n- {invariant}\n" not in text] == []
