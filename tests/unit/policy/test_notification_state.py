"""When a finding is notified again: worse, closer to expiry, or a week later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import Reason, Verdict
from certificate_lifecycle.model.run import Assessment, ChangeKind, ScopeResult, ScopeStatus
from certificate_lifecycle.policy.notification_state import (
    REMINDER,
    WHOLE_SCOPE,
    AlertRecord,
    AlertSubject,
    alert_record,
    band,
    change_of,
    reported_dns_reason,
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


def notified(entry: Assessment = DUE, ago: timedelta = SECOND) -> AlertRecord:
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


def test_a_finding_without_a_notification_is_new() -> None:
    assert change_of(DUE, None, USUAL, NOW) is ChangeKind.NEW


def test_a_notified_finding_is_no_change() -> None:
    assert change_of(DUE, notified(), USUAL, NOW) is None


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        (replace(notified(), verdict="Expired"), ChangeKind.CHANGED),
        (replace(notified(), reason="SourceInvalid"), ChangeKind.CHANGED),
        (replace(notified(), severity="info"), ChangeKind.WORSE),
        (replace(notified(), severity="critical"), ChangeKind.BETTER),
        (replace(notified(), severity="of a later version"), ChangeKind.WORSE),
        (replace(notified(), band="far"), ChangeKind.REMINDER),
        (replace(notified(), band="critical"), ChangeKind.BETTER),
        (replace(notified(), band="of a later version"), ChangeKind.CHANGED),
        (replace(notified(), band="near, failing"), ChangeKind.CHANGED),
    ],
)
def test_a_difference_from_the_notification_is_a_change(
    before: AlertRecord, kind: ChangeKind
) -> None:
    assert change_of(DUE, before, USUAL, NOW) is kind


@pytest.mark.parametrize(
    ("left", "before"), [(days(2), "critical"), (days(1), "3 days"), (days(1), "near")]
)
def test_each_mark_on_the_way_to_the_end_is_a_reminder(left: timedelta, before: str) -> None:
    ending = judged(imported(ends_in=left, detail=detail()))
    assert (
        change_of(ending, replace(notified(ending), band=before), USUAL, NOW) is ChangeKind.REMINDER
    )


def test_a_later_expiry_than_before_is_better() -> None:
    ending = judged(imported(ends_in=days(2), detail=detail()))
    assert (
        change_of(ending, replace(notified(ending), band="1 day"), USUAL, NOW) is ChangeKind.BETTER
    )


def test_a_failing_repair_is_notified_once_and_again_when_it_works() -> None:
    failing = replace(notified(), band="near, failing")
    assert change_of(DUE, notified(), USUAL, NOW, failing=True) is ChangeKind.CHANGED
    assert change_of(DUE, failing, USUAL, NOW, failing=True) is None
    assert change_of(DUE, failing, USUAL, NOW) is ChangeKind.CHANGED


def test_the_start_and_the_end_of_a_mute_are_notified_once() -> None:
    muted = replace(DUE, muted_until=date(2026, 7, 1))
    assert change_of(muted, notified(), USUAL, NOW) is ChangeKind.CHANGED
    silent = alert_record(muted, notified(), USUAL, NOW)
    assert silent.band == "muted until 2026-07-01"
    assert change_of(muted, silent, USUAL, NOW + days(20)) is None
    assert change_of(DUE, silent, USUAL, NOW + days(20)) is ChangeKind.CHANGED


def test_a_change_by_a_renewal_has_no_reminder() -> None:
    lost = replace(DUE.decision, verdict=Verdict.RENEWAL_CHANGED)
    entry = replace(DUE, decision=lost)
    assert change_of(entry, notified(entry, ago=REMINDER), USUAL, NOW) is None


def test_a_finding_is_as_old_as_its_first_notification() -> None:
    first = alert_record(DUE, None, USUAL, NOW)
    assert first.since == NOW
    assert alert_record(DUE, first, USUAL, NOW + days(9)).since == NOW
    earlier = replace(first, since=None)
    assert alert_record(DUE, earlier, USUAL, NOW + days(9)).since == NOW
    again = alert_record(DUE, first, USUAL, NOW + days(9))
    assert alert_record(DUE, again, USUAL, NOW + days(18)).since == NOW


FAILED_SCOPE = ScopeResult("123456789012", "eu-west-1", ScopeStatus.FAILED, 0, "no answer")


def test_a_failed_scope_is_notified_once_then_weekly_and_when_it_recovers() -> None:
    before = scope_alert_record(FAILED_SCOPE, None, NOW)
    assert scope_has_changed(FAILED_SCOPE, None, NOW)
    assert not scope_has_changed(FAILED_SCOPE, before, NOW + REMINDER - SECOND)
    assert scope_has_changed(FAILED_SCOPE, before, NOW + REMINDER)
    partly = replace(FAILED_SCOPE, status=ScopeStatus.PARTIAL)
    assert scope_has_changed(partly, before, NOW + SECOND)
    well = replace(FAILED_SCOPE, status=ScopeStatus.OK, error=None)
    assert scope_has_changed(well, before, NOW + SECOND)
    assert not scope_has_changed(well, None, NOW)


def test_the_alert_record_of_a_scope_counts_writes() -> None:
    before = replace(scope_alert_record(FAILED_SCOPE, None, NOW), version=1)
    later = scope_alert_record(FAILED_SCOPE, before, NOW + days(7))
    assert (later.since, later.notified_at, later.version) == (NOW, NOW + days(7), 1)
    assert scope_alert_record(FAILED_SCOPE, replace(before, since=None), NOW + days(7)).since == NOW
    assert scope_alert_record(FAILED_SCOPE, later, NOW + days(14)).since == NOW


def test_the_alert_record_of_a_scope_has_its_status() -> None:
    assert scope_alert_record(FAILED_SCOPE, None, NOW) == AlertRecord(
        subject=WHOLE_SCOPE,
        verdict="failed",
        reason="",
        severity="warning",
        band="",
        notified_at=NOW,
        since=NOW,
    )


def test_an_urgent_finding_is_notified_again_after_a_week() -> None:
    assert change_of(DUE, notified(ago=REMINDER - SECOND), USUAL, NOW) is None
    assert change_of(DUE, notified(ago=REMINDER), USUAL, NOW) is ChangeKind.REMINDER


def test_an_unknown_severity_ranks_below_all_others() -> None:
    before = replace(notified(STUCK), severity="of a later version")
    assert change_of(STUCK, before, USUAL, NOW) is ChangeKind.WORSE


def test_a_finding_that_is_not_urgent_is_notified_once() -> None:
    assert not change_of(STUCK, notified(STUCK, ago=days(300)), USUAL, NOW)


def test_an_alert_record_keeps_its_start_and_counts_writes() -> None:
    assert alert_record(DUE, notified(), USUAL, NOW) == AlertRecord(
        subject=AlertSubject(arn()),
        verdict="ImportDue",
        reason="ImportedExpiring",
        severity="warning",
        band="near",
        notified_at=NOW,
        since=NOW - SECOND,
        version=1,
    )


def test_a_critical_finding_is_critical_since_its_first_notification() -> None:
    first = alert_record(GONE, None, USUAL, NOW - days(9))
    again = alert_record(GONE, first, USUAL, NOW - days(2))
    assert first.critical_since == NOW - days(9)
    assert alert_record(GONE, again, USUAL, NOW).critical_since == NOW - days(9)
    assert alert_record(DUE, again, USUAL, NOW).critical_since is None


def test_what_has_become_critical_is_so_since_now() -> None:
    assert alert_record(GONE, notified(DUE, ago=days(9)), USUAL, NOW).critical_since == NOW


def test_a_record_of_an_earlier_version_is_critical_since_its_last_notification() -> None:
    before = replace(notified(GONE, ago=days(3)), critical_since=None)
    assert alert_record(GONE, before, USUAL, NOW).critical_since == NOW - days(3)


@given(hours=st.lists(st.integers(1, 200), min_size=1, max_size=30))
def test_the_last_mark_is_notified_whichever_runs_are_missed(hours: list[int]) -> None:
    """Bugs 46 and 60: an alert that hangs on a day is lost with that day's run."""
    moment, before = NOW, notified()
    for pause in hours:
        moment += timedelta(hours=pause)
        if change_of(DUE, before, USUAL, moment):
            before = alert_record(DUE, before, USUAL, moment)
    assert before.band == band(DUE.certificate, USUAL, moment)


BROKEN = Reason.DNSSEC_BROKEN


@pytest.mark.parametrize(
    ("verdict", "reason", "waiting", "expected"),
    [
        (Verdict.RENEWAL_AT_RISK, BROKEN, False, BROKEN),
        (Verdict.RENEWAL_AT_RISK, BROKEN, True, BROKEN),
        (Verdict.RENEWAL_BLOCKED, BROKEN, True, BROKEN),
        (Verdict.PENDING_VALIDATION, Reason.CAA_FORBIDS, True, Reason.CAA_FORBIDS),
        (Verdict.RENEWAL_BLOCKED, BROKEN, False, None),
        (Verdict.RENEWAL_OVERDUE, Reason.CAA_FORBIDS, False, Reason.CAA_FORBIDS),
        (Verdict.RENEWAL_BLOCKED, Reason.ZONE_NOT_FOUND, True, None),
    ],
)
def test_a_finding_about_public_dns_stays_open_as_long_as_nothing_shows_that_it_is_over(
    verdict: Verdict, reason: Reason, *, waiting: bool, expected: Reason | None
) -> None:
    alert = replace(notified(), verdict=verdict.value, reason=reason.value)
    assert reported_dns_reason(alert, waiting=waiting) is expected
    assert reported_dns_reason(None, waiting=waiting) is None
