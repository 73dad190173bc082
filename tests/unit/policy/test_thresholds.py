"""Thresholds are instants, tried one second either side, and follow the lifetime."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    Decision,
    Reason,
    Severity,
    Verdict,
)
from certificate_lifecycle.policy.chain import assess
from certificate_lifecycle.policy.checks import NOTIFY_FAILURE_FOR, STUCK_AFTER
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    NOW,
    SECOND,
    TIMED_OUT,
    certificate,
    days,
    detail,
    finding,
    imported,
    observation,
    private,
    request,
    validation,
)

USUAL = Thresholds()
OK, INFO, WARNING, CRITICAL = Severity


def assessments(seen: Observation, now: datetime = NOW) -> Decision:
    return assess(seen, USUAL, now)


@dataclass(frozen=True)
class Boundary:
    """What is judged differently from `left` before the end on, that very instant included."""

    situation: str
    seen: Certificate
    left: timedelta
    before: tuple[Verdict, Severity]
    after: tuple[Verdict, Severity]


SHORT = certificate(lives=days(47), detail=detail())
LONG = certificate(lives=days(395), detail=detail())
EXPORTED = private(in_use=False, exported=True, detail=CertificateDetail())
BOUNDARIES = [
    Boundary(
        "ACM's window for public certificates opens 45 days before the end",
        certificate(),
        days(45),
        (Verdict.HEALTHY, OK),
        (Verdict.RENEWING, OK),
    ),
    Boundary(
        "ACM's window for those of the former 395 days opens 60 days before the end",
        LONG,
        days(60),
        (Verdict.HEALTHY, OK),
        (Verdict.RENEWING, OK),
    ),
    Boundary(
        "ACM's window for private certificates opens 60 days before the end",
        private(),
        days(60),
        (Verdict.HEALTHY, OK),
        (Verdict.RENEWING, OK),
    ),
    Boundary(
        "the window of a 47-day certificate is a third of its life",
        SHORT,
        days(47) / 3,
        (Verdict.HEALTHY, OK),
        (Verdict.RENEWING, OK),
    ),
    Boundary(
        "a renewal is overdue when a third of the window is left unused",
        certificate(),
        days(30),
        (Verdict.RENEWING, OK),
        (Verdict.RENEWAL_OVERDUE, WARNING),
    ),
    Boundary(
        "a 47-day certificate's renewal is overdue at two thirds of its window",
        SHORT,
        days(47) / 3 * 2 / 3,
        (Verdict.RENEWING, OK),
        (Verdict.RENEWAL_OVERDUE, WARNING),
    ),
    Boundary(
        "an overdue renewal is critical within a week",
        certificate(),
        days(7),
        (Verdict.RENEWAL_OVERDUE, WARNING),
        (Verdict.RENEWAL_OVERDUE, CRITICAL),
    ),
    Boundary(
        "a used certificate is expired at its end",
        certificate(),
        days(0),
        (Verdict.RENEWAL_OVERDUE, CRITICAL),
        (Verdict.EXPIRED, CRITICAL),
    ),
    Boundary(
        "an imported certificate is due a month before its end",
        imported(),
        days(30),
        (Verdict.HEALTHY, OK),
        (Verdict.IMPORT_DUE, WARNING),
    ),
    Boundary(
        "an imported 47-day certificate is due at a third of its life",
        imported(lives=days(47)),
        days(47) * 0.33,
        (Verdict.HEALTHY, OK),
        (Verdict.IMPORT_DUE, WARNING),
    ),
    Boundary(
        "an imported certificate of ten days is critical at half of that third",
        imported(lives=days(10)),
        days(10) * 0.33 / 2,
        (Verdict.IMPORT_DUE, WARNING),
        (Verdict.IMPORT_DUE, CRITICAL),
    ),
    Boundary(
        "an imported certificate is critical a week before its end",
        imported(),
        days(7),
        (Verdict.IMPORT_DUE, WARNING),
        (Verdict.IMPORT_DUE, CRITICAL),
    ),
    Boundary(
        "an imported certificate is expired at its end",
        imported(),
        days(0),
        (Verdict.IMPORT_DUE, CRITICAL),
        (Verdict.EXPIRED, CRITICAL),
    ),
    Boundary(
        "an exported copy is due a month before its end",
        EXPORTED,
        days(30),
        (Verdict.RENEWING, OK),
        (Verdict.EXPORT_DUE, WARNING),
    ),
    Boundary(
        "a CloudFront certificate is reported a month before expiry",
        certificate(managed_by="CLOUDFRONT"),
        days(30),
        (Verdict.EXTERNALLY_MANAGED, OK),
        (Verdict.EXTERNALLY_MANAGED, WARNING),
    ),
    Boundary(
        "an unused certificate is no more than expired at its end",
        certificate(in_use=False),
        days(0),
        (Verdict.UNUSED, INFO),
        (Verdict.EXPIRED, INFO),
    ),
]


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda boundary: boundary.situation)
def test_a_threshold_is_an_instant_and_belongs_to_what_follows(boundary: Boundary) -> None:
    assert boundary.seen.not_after is not None
    threshold = boundary.seen.not_after - boundary.left
    judged = []
    for moment in (threshold - SECOND, threshold, threshold + SECOND):
        decision = assessments(observation(boundary.seen), moment)
        judged.append((decision.verdict, decision.severity))
    assert judged == [boundary.before, boundary.after, boundary.after]


def test_a_request_is_stuck_after_a_day_to_the_second() -> None:
    seen = observation(
        request(created_at=NOW, detail=CertificateDetail(validations=(validation(),))),
        finding(RecordState.MISSING),
    )
    reasons = [
        assessments(seen, NOW + STUCK_AFTER + offset).reason
        for offset in (-SECOND, timedelta(), SECOND)
    ]
    missing = Reason.VALIDATION_RECORD_MISSING
    assert reasons == [Reason.AWAITING_VALIDATION, missing, missing]


def test_a_failed_request_is_reported_for_a_week_after_its_first_report() -> None:
    failed = request(status=TIMED_OUT, created_at=NOW - days(20))
    seen = observation(failed, failure_reported=NOW)
    reported = [
        assessments(seen, NOW + NOTIFY_FAILURE_FOR + offset).reportable
        for offset in (-SECOND, timedelta(), SECOND)
    ]
    assert reported == [True, False, False]


def test_a_failed_request_that_was_never_reported_is_reported_whatever_its_age() -> None:
    for age in (1, 8, 30, 3000):
        never = observation(request(status=TIMED_OUT, created_at=NOW - days(age)))
        assert assessments(never, NOW).reportable


def test_a_failed_request_of_more_than_a_month_is_reported_once() -> None:
    old = request(status=TIMED_OUT, created_at=NOW - days(30))
    assert not assessments(observation(old, failure_reported=NOW), NOW + SECOND).reportable


def test_a_healthy_47_day_certificate_never_alarms_while_acm_can_still_renew_it() -> None:
    hours = [timedelta(hours=hour) for hour in range(11 * 24, 47 * 24)]
    seen = observation(SHORT)
    assert SHORT.not_after is not None
    decisions = {assessments(seen, SHORT.not_after - left).reportable for left in hours}
    assert decisions == {False}


def test_the_effective_threshold_is_the_users_but_never_more_than_the_share_of_a_lifetime() -> None:
    generous = Thresholds(expiration=days(90), critical=days(14), fraction=0.5)
    assert generous.effective(imported()) == days(90)
    assert generous.effective(imported(lives=days(47))) == days(23.5)
    assert generous.effective(imported(ends_in=None)) == days(90)
    assert generous.effective_critical(imported(lives=days(47))) == days(11.75)


def test_what_ends_before_it_begins_has_no_lifetime_that_thresholds_could_be_shares_of() -> None:
    """Else every threshold would be negative, and it would look well until its last moment."""
    reversed_ = certificate(ends_in=days(5), lives=-days(30))
    assert reversed_.lifetime is None
    assert assessments(observation(reversed_)).reportable
