"""Thresholds, marks, mutes and waits fit certificates of 6, 47, 98, 198 and 395 days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from certificate_lifecycle.model.certificate import Certificate, Decision, Severity
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.mute import longest_mute
from certificate_lifecycle.policy.notification_state import band, marks
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.succession import RETRY_AFTER, retry_after
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    can_be_missed,
    overdue_threshold,
    renewal_window,
)
from tests.unit.builders import NOW, SECOND, certificate, days, detail, imported, private, request

LIVES = (6, 47, 98, 198, 395)
HOUR, DAY, WEEK = timedelta(hours=1), days(1), days(7)
USUAL = Thresholds()


def by_acme(lives: timedelta) -> Certificate:
    """Return a certificate that an ACME client has ordered from ACM."""
    return certificate(lives=lives, key_pair_origin="ACME", in_use=False, detail=detail())


KINDS: dict[str, Callable[[timedelta], Certificate]] = {
    "imported": lambda lives: imported(lives=lives, detail=detail()),
    "public": lambda lives: certificate(lives=lives, detail=detail()),
    "private": lambda lives: private(lives=lives, detail=detail()),
    "by ACME": by_acme,
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_life = pytest.mark.parametrize("life", LIVES)


def judged_with(seen: Certificate, left: timedelta, thresholds: Thresholds = USUAL) -> Decision:
    """Return the decision on a certificate with some time left."""
    assert seen.not_after is not None
    return assess(Observation(certificate=seen), thresholds, seen.not_after - left)


@every_kind
@every_life
@pytest.mark.parametrize("between", [HOUR, 12 * HOUR, DAY, WEEK], ids=str)
def test_a_certificate_that_nobody_renews_is_critical_in_a_run_before_it_expires(
    kind: str, life: int, between: timedelta
) -> None:
    """The exception is a life too short for the schedule, which readiness names."""
    seen, thresholds = KINDS[kind](days(life)), Thresholds(between_runs=between)
    # The last run before the expiry can be any time up to that between two runs before it.
    last_runs = [between * part / 24 for part in range(1, 25)]
    severities = {judged_with(seen, left, thresholds).severity for left in last_runs}
    too_rare = life < days(32) / DAY and between == WEEK
    assert can_be_missed(seen, thresholds) is too_rare
    assert too_rare or severities == {Severity.CRITICAL}


@every_kind
@every_life
@pytest.mark.parametrize("between", [DAY, WEEK], ids=str)
def test_a_certificate_that_is_renewed_when_a_third_of_its_life_is_left_is_never_reported(
    kind: str, life: int, between: timedelta
) -> None:
    seen, thresholds = KINDS[kind](days(life)), Thresholds(between_runs=between)
    renewed = days(life) / 3
    if kind in ("public", "private"):
        # ACM has a third of the window.
        renewed = renewal_window(seen) * 2 / 3 + SECOND
    steps = [renewed + (days(life) - renewed) * part / 100 for part in range(101)]
    assert not any(judged_with(seen, left, thresholds).reportable for left in steps)


@pytest.mark.parametrize(
    ("life", "between", "warning", "critical"),
    [
        (6, 1 / 24, 1.98, 0.99),
        (6, 1, 1.98, 26 / 24),
        (6, 7, 1.98, 1.98),
        (47, 1, 15.51, 7),
        (47, 7, 15.51, 7 + 2 / 24),
        (98, 7, 30, 7 + 2 / 24),
        (198, 1, 30, 7),
        (395, 1, 30, 7),
        (395, 7, 30, 7 + 2 / 24),
    ],
)
def test_no_threshold_is_shorter_than_the_time_between_two_runs_if_the_life_allows(
    life: int, between: float, warning: float, critical: float
) -> None:
    seen, thresholds = imported(lives=days(life)), Thresholds(between_runs=days(between))
    assert abs(thresholds.effective(seen) - days(warning)) < SECOND
    assert abs(thresholds.effective_critical(seen) - days(critical)) < SECOND


def test_the_warning_threshold_is_not_below_the_critical_one_of_a_rare_schedule() -> None:
    rare = Thresholds(expiration=days(3), critical=days(1), between_runs=WEEK)
    for seen in (imported(), imported(not_before=None)):
        assert rare.effective(seen) == rare.effective_critical(seen) == rare.least


@pytest.mark.parametrize(
    ("seen", "between", "missed"),
    [
        (imported(lives=days(3)), DAY, True),
        (imported(lives=days(6)), DAY, False),
        (imported(lives=days(6)), 2 * DAY, True),
        (imported(lives=days(22)), WEEK, False),
        (imported(lives=days(21)), WEEK, True),
        (certificate(lives=days(6)), DAY, False),
        (certificate(lives=days(31)), WEEK, True),
        (certificate(lives=days(47)), WEEK, False),
        (certificate(not_before=None), WEEK, False),
    ],
)
def test_a_schedule_is_too_rare_for_a_life_that_has_no_room_for_its_threshold(
    seen: Certificate, between: timedelta, *, missed: bool
) -> None:
    thresholds = Thresholds(between_runs=between)
    assert can_be_missed(seen, thresholds) is missed
    first = overdue_threshold(seen, thresholds) if seen.managed else thresholds.effective(seen)
    assert missed is (first < thresholds.least)


@every_kind
@every_life
def test_a_certificate_renewed_at_half_of_its_life_passes_no_mark(kind: str, life: int) -> None:
    seen = KINDS[kind](days(life))
    assert seen.not_after is not None
    assert band(seen, USUAL, seen.not_after - days(life) / 2) == "far"


@pytest.mark.parametrize(("life", "names"), [(6, ["1 day", "over"]), (47, None), (395, None)])
def test_the_marks_are_below_the_warning_threshold(life: int, names: list[str] | None) -> None:
    found = [name for name, _ in marks(imported(lives=days(life)), USUAL)]
    assert found == (names or ["3 days", "1 day", "over"])


@every_life
def test_a_mute_of_an_open_finding_is_over_before_the_next_life_has_one(life: int) -> None:
    seen = imported(lives=days(life))
    assert longest_mute(seen) == min(days(90), days(life) / 2)
    # Muted within the warning threshold, and renewed at once.
    assert longest_mute(seen) < days(life) - USUAL.effective(seen)


@pytest.mark.parametrize(("life", "wait"), [(6, 0.75), (47, 5.875), (98, 7), (198, 7), (395, 7)])
def test_a_failed_request_for_a_successor_is_repeated_while_the_certificate_lives(
    life: int, wait: float
) -> None:
    for kind in KINDS.values():
        seen = kind(days(life))
        assert retry_after(seen) == days(wait)
        assert retry_after(seen) < overdue_threshold(seen, USUAL)


def test_without_a_life_the_waits_are_the_longest() -> None:
    endless = request()
    assert (retry_after(endless), longest_mute(endless)) == (RETRY_AFTER, days(90))
    assert band(replace(endless, not_after=NOW), USUAL, NOW) == "over"
