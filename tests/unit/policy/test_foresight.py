"""Every certificate has its next renewal checked within a week, a share of them each day."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from certificate_lifecycle.model.certificate import Certificate, CertificateType, Reason
from certificate_lifecycle.policy import foresight
from certificate_lifecycle.policy.dns_health import DnsFinding
from certificate_lifecycle.policy.name_constraints import AuthorityFinding
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import NOW, SECOND, arn, certificate, days, finding, imported, observation

LONG_AGO = NOW - days(30)
UNKNOWN = DnsFinding(unknown=("no answer",), undecided=frozenset({Reason.CAA_FORBIDS}))


def many(count: int) -> list[Certificate]:
    """Return healthy certificates in use, the later ones with a later end."""
    ends = NOW + days(100)
    return [
        certificate(arn=arn(f"c{number:05}"), not_after=ends + timedelta(minutes=number))
        for number in range(count)
    ]


def memory(
    checked: Mapping[str, datetime | None], since: datetime | None = LONG_AGO
) -> RememberedCertificates:
    """Return what earlier runs remember about the checks of certificates."""
    entries = {
        each: Remembered(
            fingerprint="", described_at=NOW, certificate=certificate(arn=each), checked_at=at
        )
        for each, at in checked.items()
    }
    return RememberedCertificates(entries=entries, since=since)


def due(
    certificates: Collection[Certificate],
    checked: Mapping[str, datetime | None] | None = None,
    *,
    at_risk: Collection[str] = (),
    now: datetime = NOW,
) -> list[str]:
    return foresight.due(certificates, memory(checked or {}), at_risk, now)


def weeks(count: int, runs_a_day: int = 1) -> tuple[list[int], list[timedelta]]:
    """Run daily for three weeks; return the checks of each day, and the time between two checks."""
    estate, checked = many(count), dict[str, datetime | None]()
    per_day, spans = [], []
    for day in range(21):
        per_day.append(0)
        for run in range(runs_a_day):
            now = NOW + days(day) + timedelta(hours=run, minutes=day % 3)
            for each in due(estate, checked, now=now):
                spans.append(now - (checked.get(each) or NOW))
                checked[each] = now
                per_day[-1] += 1
    return per_day, spans


@pytest.mark.parametrize("count", [1, 50, 51, 600])
def test_all_are_checked_within_five_days_and_again_within_six_and_a_half(count: int) -> None:
    per_day, spans = weeks(count)
    assert sum(per_day[:5]) == count
    assert max(spans) < days(6.5)


def test_a_day_has_room_for_all_that_cannot_wait_and_for_a_fifth_of_the_others() -> None:
    long = many(400)
    ends = NOW + days(4)
    short = [
        replace(each, arn=arn(f"short{number}"), not_before=ends - days(6), not_after=ends)
        for number, each in enumerate(many(200))
    ]
    assert len(due([*long, *short])) == 200 + 400 / 5


def test_a_run_checks_at_most_as_many_as_its_time_suffices_for() -> None:
    assert len(due(many(8_000))) == 1_500


def test_further_runs_of_a_day_check_nothing_again() -> None:
    assert weeks(300, runs_a_day=3)[0] == weeks(300)[0]


@pytest.mark.parametrize("hours", [-1, 1], ids=["the same day", "the day before"])
def test_a_certificate_without_an_answer_counts_for_the_share_of_its_day(hours: int) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    now = midnight + timedelta(hours=2)
    estate = many(120)
    silent = foresight.checked_at(now - timedelta(hours=1), observation(dns=UNKNOWN))
    known = memory(dict.fromkeys((each.arn for each in estate[:50]), silent))
    tried = {
        arn: replace(entry, tried_at=midnight - timedelta(hours=hours))
        for arn, entry in known.entries.items()
    }
    found = foresight.due(estate, replace(known, entries=tried), (), now)
    assert len(found) == (0 if hours < 0 else 50)


def test_on_the_day_of_the_first_run_only_open_findings_are_checked() -> None:
    one, other = many(2)
    for since in (None, NOW, NOW - timedelta(hours=12), NOW + days(1)):
        found = foresight.due([one, other], memory({}, since), {other.arn}, NOW)
        assert found == [other.arn]


def test_an_open_finding_is_checked_by_every_run_beyond_the_share() -> None:
    estate = many(60)
    checked = dict.fromkeys((each.arn for each in estate), NOW - timedelta(hours=1))
    assert due(estate, checked, at_risk={estate[7].arn}) == [estate[7].arn]


def test_those_never_checked_go_before_those_checked_longest_ago() -> None:
    estate = many(4)
    checked = {estate[0].arn: NOW - days(6), estate[2].arn: NOW - days(9)}
    expected = [estate[1], estate[3], estate[2], estate[0]]
    assert due(estate, checked) == [each.arn for each in expected]


def test_only_what_acm_renews_is_checked() -> None:
    (healthy,) = many(1)
    without_end = replace(healthy, arn=arn("endless"), not_after=None)
    others = [
        imported(arn=arn("imported")),
        certificate(arn=arn("unused"), in_use=False),
        certificate(arn=arn("expired"), not_after=NOW - days(1)),
    ]
    found = due([*others, without_end, healthy], at_risk={each.arn for each in others})
    assert found == [healthy.arn, without_end.arn]


def test_certificates_of_private_cas_are_checked_like_public_ones() -> None:
    private, public = (
        replace(each, type=kind)
        for each, kind in zip(
            many(2), (CertificateType.PRIVATE, CertificateType.AMAZON_ISSUED), strict=True
        )
    )
    unused = replace(private, arn=arn("unused"), in_use=False)
    managed = replace(private, arn=arn("managed"), managed_by="CLOUDFRONT")
    assert due([private, public, unused, managed]) == [private.arn, public.arn]


@pytest.mark.parametrize(
    "found",
    [
        observation(dns=UNKNOWN),
        observation(None, finding(state=RecordState.UNCHECKED)),
        observation(authority=AuthorityFinding(unread="AccessDenied")),
    ],
    ids=["public DNS", "hosted zone", "private CA"],
)
def test_without_an_answer_the_next_daily_run_tries_again_after_those_that_wait_longer(
    found: Observation,
) -> None:
    silent, waiting = many(2)
    at = foresight.checked_at(NOW, replace(found, certificate=silent))
    checked = {silent.arn: at, waiting.arn: NOW - days(5)}
    assert due([silent, waiting], checked, now=NOW + timedelta(hours=1)) == []
    tomorrow = NOW + timedelta(hours=23, minutes=50)
    assert due([silent, waiting], checked, now=tomorrow) == [waiting.arn, silent.arn]


def test_an_answered_check_is_remembered_with_its_time() -> None:
    found = observation(None, finding(state=RecordState.IN_PLACE), dns=DnsFinding())
    assert foresight.checked_at(NOW, found) == NOW


@pytest.mark.parametrize(("life", "again"), [(6, 0.75), (47, 5.5), (98, 5.5), (395, 5.5)])
def test_a_certificate_is_checked_again_after_an_eighth_of_its_life(
    life: int, again: float
) -> None:
    ends = NOW + days(life) * 0.9
    seen = certificate(not_after=ends, not_before=ends - days(life))
    # Another day, whose share is not used.
    checked = {seen.arn: NOW - days(1)}
    assert due([seen], checked, now=NOW - days(1) + days(again) - SECOND) == []
    assert due([seen], checked, now=NOW - days(1) + days(again)) == [seen.arn]


def test_each_daily_run_checks_a_certificate_of_six_days_before_those_that_can_wait() -> None:
    """Else four days, in which an obstacle to its renewal is found in time, would be over."""
    (slow,) = many(1)
    ends = NOW + days(4)
    short = replace(slow, arn=arn("short"), not_before=ends - days(6), not_after=ends)
    tomorrow = NOW + timedelta(hours=23, minutes=50)
    unread = observation(short, finding(state=RecordState.UNCHECKED))
    assert foresight.checked_at(NOW, unread) == NOW
    checked = {short.arn: NOW, slow.arn: tomorrow - days(5.5)}
    assert due([slow, short], checked, now=tomorrow) == [short.arn, slow.arn]
