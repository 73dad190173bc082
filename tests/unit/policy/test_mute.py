"""A mute has an end at most 90 days ahead, and never hides a critical finding."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.model.certificate import Certificate, Severity
from certificate_lifecycle.model.run import Assessment
from certificate_lifecycle.model.tags import MUTE_TAG
from certificate_lifecycle.policy.mute import LONGEST_MUTE, with_mute
from tests.unit.builders import (
    EXPIRED,
    NOW,
    REVOKED,
    SECOND,
    certificate,
    days,
    detail,
    imported,
    judged,
)

LATEST = date(2026, 8, 30)


def muted(found: Certificate, value: str) -> Assessment:
    return with_mute(judged(replace(found, detail=detail(tags=((MUTE_TAG, value),)))), NOW)


def due() -> Certificate:
    return imported(ends_in=days(20))


def test_the_longest_mute_is_90_days() -> None:
    assert timedelta(days=90) == LONGEST_MUTE
    assert NOW.date() + LONGEST_MUTE == LATEST


@pytest.mark.parametrize(
    ("value", "until"),
    [
        ("2026-06-01", date(2026, 6, 1)),
        ("2026-08-30", LATEST),
        (" 2026-08-30 ", LATEST),
    ],
)
def test_a_mute_of_at_most_90_days_lasts_until_the_end_of_its_day(value: str, until: date) -> None:
    found = muted(due(), value)
    assert (found.muted, found.muted_until) == (True, until)
    assert "mute" not in found.decision.message


@pytest.mark.parametrize("value", ["2026-08-31", "2026-12-31", "9999-12-31"])
def test_a_date_more_than_90_days_ahead_mutes_nothing_and_the_finding_says_the_latest(
    value: str,
) -> None:
    found = muted(due(), value)
    assert found.notifiable
    assert found.decision.message.endswith(
        " Its mute is ignored: the tag certificate-lifecycle:mute-until is more than 90 days "
        "ahead; the latest accepted date is 2026-08-30."
    )


def test_a_mute_spans_at_most_half_of_a_short_life_and_the_finding_says_the_latest() -> None:
    short = imported(ends_in=days(10), lives=days(47))
    assert muted(short, "2026-06-24").muted_until == date(2026, 6, 24)
    found = muted(short, "2026-06-25")
    assert found.notifiable
    assert found.decision.message.endswith(
        "is more than 23 days ahead; the latest accepted date is 2026-06-24."
    )


@pytest.mark.parametrize(
    "value",
    ["", "until further notice", "20260701", "2026-02-30", "2026-07-1\N{ARABIC-INDIC DIGIT ONE}"],
)
def test_a_mute_without_an_end_mutes_nothing_and_the_finding_says_what_the_tag_needs(
    value: str,
) -> None:
    found = muted(due(), value)
    assert found.notifiable
    assert found.decision.message.endswith(
        " Its mute is ignored: the tag certificate-lifecycle:mute-until needs a date, 2026-08-30 "
        "at the latest."
    )


def test_a_mute_that_has_ended_is_not_mentioned() -> None:
    assert "mute" not in muted(due(), "2026-05-31").decision.message


@pytest.mark.parametrize(
    "found",
    [
        certificate(status=EXPIRED, ends_in=-days(1)),
        certificate(status=REVOKED),
        imported(ends_in=SECOND),
        imported(ends_in=days(7)),
    ],
    ids=["expired", "revoked", "about to expire", "critical threshold"],
)
@pytest.mark.parametrize("value", ["2026-06-01", "2026-08-30", "9999-12-31"])
def test_expiry_revocation_and_the_critical_threshold_of_a_used_certificate_break_its_mute(
    found: Certificate, value: str
) -> None:
    broken = muted(found, value)
    assert broken.decision.severity is Severity.CRITICAL
    assert broken.notifiable
    assert broken.decision.message.endswith(
        " Its mute is ignored: a critical finding cannot be muted."
    )


def test_a_healthy_certificate_says_nothing_about_its_mute_tag() -> None:
    assert "mute" not in muted(certificate(), "9999-12-31").decision.message


def test_an_expired_certificate_that_nothing_uses_may_be_muted() -> None:
    found = muted(certificate(status=EXPIRED, ends_in=-days(1), in_use=False), "2026-07-01")
    assert found.muted_until == date(2026, 7, 1)


@given(value=st.one_of(st.dates().map(str), st.text()), left=st.integers(-400, 400))
def test_whatever_the_tag_says_no_finding_is_muted_for_more_than_90_days_or_while_critical(
    value: str, left: int
) -> None:
    found = muted(imported(ends_in=days(left)), value)
    if found.muted:
        assert found.muted_until is not None
        assert NOW.date() <= found.muted_until <= LATEST
        assert found.decision.severity is not Severity.CRITICAL
