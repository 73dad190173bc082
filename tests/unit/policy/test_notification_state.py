"""What was told is told again when it matters: worse, nearer to the end, or a week later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.run import Assessment, ChangeKind, ScopeResult, ScopeStatus
from certificate_lifecycle.policy.notification_state import (
    REMINDER,
    WHOLE_SCOPE,
    AlertRecord,
    AlertSubject,
    alert_record,
    band,
    change_of,
    scope_alert_record,
    scope_has_changed,
)
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    EXPIRED,
    NOW,
    SECOND,
    arn,
    certificate,
    days,
    detail,
    imported,
    judged,
    request,
)

USUAL = Thresholds()
DUE = judged(imported(ends_in=days(20), detail=detail()))
STUCK = judged(request())
GONE = judged(certificate(status=EXPIRED, ends_in=-days(1), detail=detail()))


def told(entry: Assessment = DUE, ago: timedelta = SECOND) -> AlertRecord:
    return replace(alert_record(entry, None, USUAL, NOW - ago), band=band_of(entry), version=1)


def band_of(entry: Assessment) -> str:
    return band(entry.certificate, USUAL, NOW)


@pytest.mark.parametrize(
    ("left", "mark"),
    [
        (days(31), "far"),
        (days(30) + SECOND, "far"),
        (days(30), "near"),
        (days(7) + SECOND, "near"),
        (days(7), "critical"),
        (days(3), "3 days"),
        (days(1), "1 day"),
        (SECOND, "1 day"),
        (timedelta(), "over"),
        (-days(100), "over"),
    ],
)
def test_marks_are_spans_before_the_end(left: timedelta, mark: str) -> None:
    assert band(certificate(ends_in=left), USUAL, NOW) == mark


def test_the_marks_of_a_short_life_are_nearer_to_its_end() -> None:
    assert band(certificate(ends_in=days(7), lives=days(20)), USUAL, NOW) == "far"
    assert band(certificate(ends_in=days(3.2), lives=days(20)), USUAL, NOW) == "critical"
    assert band(certificate(ends_in=days(3.2)), USUAL, NOW) == "critical"


def test_what_has_no_end_has_no_mark() -> None:
    assert band(request(), USUAL, NOW) == "far"


def test_what_was_never_told_is_new() -> None:
    assert change_of(DUE, None, USUAL, NOW) is ChangeKind.NEW


def test_what_was_told_is_no_news() -> None:
    assert change_of(DUE, told(), USUAL, NOW) is None


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        (replace(told(), verdict="Expired"), ChangeKind.CHANGED),
        (replace(told(), reason="SourceInvalid"), ChangeKind.CHANGED),
        (replace(told(), severity="info"), ChangeKind.WORSE),
        (replace(told(), severity="critical"), ChangeKind.BETTER),
        (replace(told(), severity="of a later version"), ChangeKind.WORSE),
        (replace(told(), band="far"), ChangeKind.REMINDER),
        (replace(told(), band="critical"), ChangeKind.BETTER),
        (replace(told(), band="of a later version"), ChangeKind.CHANGED),
        (replace(told(), band="near, failing"), ChangeKind.CHANGED),
    ],
)
def test_what_differs_from_what_was_told_is_news(before: AlertRecord, kind: ChangeKind) -> None:
    assert change_of(DUE, before, USUAL, NOW) is kind


@pytest.mark.parametrize(
    ("left", "before"), [(days(2), "critical"), (days(1), "3 days"), (days(1), "near")]
)
def test_each_mark_on_the_way_to_the_end_is_a_reminder(left: timedelta, before: str) -> None:
    ending = judged(imported(ends_in=left, detail=detail()))
    assert change_of(ending, replace(told(ending), band=before), USUAL, NOW) is ChangeKind.REMINDER


def test_what_is_further_from_its_end_than_before_is_better() -> None:
    ending = judged(imported(ends_in=days(2), detail=detail()))
    assert change_of(ending, replace(told(ending), band="1 day"), USUAL, NOW) is ChangeKind.BETTER


def test_a_repair_that_fails_is_told_once_and_again_when_it_works() -> None:
    failing = replace(told(), band="near, failing")
    assert change_of(DUE, told(), USUAL, NOW, failing=True) is ChangeKind.CHANGED
    assert change_of(DUE, failing, USUAL, NOW, failing=True) is None
    assert change_of(DUE, failing, USUAL, NOW) is ChangeKind.CHANGED


def test_a_mute_is_told_once_and_so_is_its_end() -> None:
    muted = replace(DUE, muted_until=date(2026, 7, 1))
    assert change_of(muted, told(), USUAL, NOW) is ChangeKind.CHANGED
    silent = alert_record(muted, told(), USUAL, NOW)
    assert silent.band == "muted until 2026-07-01"
    assert change_of(muted, silent, USUAL, NOW + days(20)) is None
    assert change_of(DUE, silent, USUAL, NOW + days(20)) is ChangeKind.CHANGED


def test_trouble_is_as_old_as_its_first_message() -> None:
    first = alert_record(DUE, None, USUAL, NOW)
    assert first.since == NOW
    assert alert_record(DUE, first, USUAL, NOW + days(9)).since == NOW
    earlier = replace(first, since=None)
    assert alert_record(DUE, earlier, USUAL, NOW + days(9)).since == NOW
    again = alert_record(DUE, first, USUAL, NOW + days(9))
    assert alert_record(DUE, again, USUAL, NOW + days(18)).since == NOW


FAILED_SCOPE = ScopeResult("123456789012", "eu-west-1", ScopeStatus.FAILED, 0, "no answer")


def test_an_account_and_region_that_fails_is_told_once_weekly_and_when_it_is_over() -> None:
    before = scope_alert_record(FAILED_SCOPE, None, NOW)
    assert scope_has_changed(FAILED_SCOPE, None, NOW)
    assert not scope_has_changed(FAILED_SCOPE, before, NOW + REMINDER - SECOND)
    assert scope_has_changed(FAILED_SCOPE, before, NOW + REMINDER)
    partly = replace(FAILED_SCOPE, status=ScopeStatus.PARTIAL)
    assert scope_has_changed(partly, before, NOW + SECOND)
    well = replace(FAILED_SCOPE, status=ScopeStatus.OK, error=None)
    assert scope_has_changed(well, before, NOW + SECOND)
    assert not scope_has_changed(well, None, NOW)


def test_what_is_remembered_of_an_account_and_region_counts_on() -> None:
    before = replace(scope_alert_record(FAILED_SCOPE, None, NOW), version=1)
    later = scope_alert_record(FAILED_SCOPE, before, NOW + days(7))
    assert (later.since, later.notified_at, later.version) == (NOW, NOW + days(7), 1)
    assert scope_alert_record(FAILED_SCOPE, replace(before, since=None), NOW + days(7)).since == NOW
    assert scope_alert_record(FAILED_SCOPE, later, NOW + days(14)).since == NOW


def test_an_account_and_region_is_remembered_by_how_much_of_it_was_seen() -> None:
    assert scope_alert_record(FAILED_SCOPE, None, NOW) == AlertRecord(
        subject=WHOLE_SCOPE,
        verdict="failed",
        reason="",
        severity="warning",
        band="",
        notified_at=NOW,
        since=NOW,
    )


def test_what_is_urgent_is_told_again_after_a_week() -> None:
    assert change_of(DUE, told(ago=REMINDER - SECOND), USUAL, NOW) is None
    assert change_of(DUE, told(ago=REMINDER), USUAL, NOW) is ChangeKind.REMINDER


def test_a_severity_that_came_later_ranks_below_all_that_is_told() -> None:
    before = replace(told(STUCK), severity="of a later version")
    assert change_of(STUCK, before, USUAL, NOW) is ChangeKind.WORSE


def test_what_only_could_be_helped_is_told_once() -> None:
    assert not change_of(STUCK, told(STUCK, ago=days(300)), USUAL, NOW)


def test_a_memory_keeps_what_was_told_and_counts_on() -> None:
    assert alert_record(DUE, told(), USUAL, NOW) == AlertRecord(
        subject=AlertSubject(arn()),
        verdict="ImportDue",
        reason="ImportedExpiring",
        severity="warning",
        band="near",
        notified_at=NOW,
        since=NOW - SECOND,
        version=1,
    )


def test_what_is_critical_is_so_since_it_was_first_told() -> None:
    first = alert_record(GONE, None, USUAL, NOW - days(9))
    again = alert_record(GONE, first, USUAL, NOW - days(2))
    assert first.critical_since == NOW - days(9)
    assert alert_record(GONE, again, USUAL, NOW).critical_since == NOW - days(9)
    assert alert_record(DUE, again, USUAL, NOW).critical_since is None


def test_what_has_become_critical_is_so_since_now() -> None:
    assert alert_record(GONE, told(DUE, ago=days(9)), USUAL, NOW).critical_since == NOW


def test_of_what_an_earlier_version_remembered_the_last_telling_counts() -> None:
    before = replace(told(GONE, ago=days(3)), critical_since=None)
    assert alert_record(GONE, before, USUAL, NOW).critical_since == NOW - days(3)


@given(hours=st.lists(st.integers(1, 200), min_size=1, max_size=30))
def test_the_last_mark_is_told_whichever_runs_are_missed(hours: list[int]) -> None:
    """Bugs 46 and 60: an alert that hangs on a day is lost with that day's run."""
    moment, before = NOW, told()
    for pause in hours:
        moment += timedelta(hours=pause)
        if change_of(DUE, before, USUAL, moment):
            before = alert_record(DUE, before, USUAL, moment)
    assert before.band == band(DUE.certificate, USUAL, moment)
