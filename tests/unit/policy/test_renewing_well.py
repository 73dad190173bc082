"""The decision on a renewal does not depend on how it was read; healthy ones need few calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    Reason,
    Renewal,
    RenewalStatus,
    Severity,
    Verdict,
)
from certificate_lifecycle.policy.chain import as_renewing, assess, renews_well
from certificate_lifecycle.policy.observation import Observation
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import NOW, SECOND, arn, certificate, days, imported
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import MemoryCertificates, MemoryDns, Outage, no_sources, run_context

USUAL = Thresholds()
#: Public certificates: ACM begins 45 days before the end, and should be done 30 days before it.
BEGINS, OVERDUE = days(45), days(30)
AT_FIRST = days(44)
AUTO, PENDING = RenewalStatus.PENDING_AUTO_RENEWAL, RenewalStatus.PENDING_VALIDATION


def renewing(
    name: str = "shop",
    ends_in: timedelta = AT_FIRST,
    **changes: Any,  # noqa: ANN401 - any field of a certificate
) -> Certificate:
    return certificate(arn=arn(name), ends_in=ends_in, **changes)


@pytest.mark.parametrize(
    ("ends_in", "status", "well"),
    [
        (BEGINS + SECOND, None, False),
        (BEGINS, None, True),
        (OVERDUE + SECOND, None, True),
        (OVERDUE, None, False),
        (BEGINS, RenewalStatus.SUCCESS, True),
        (BEGINS, AUTO, True),
        (BEGINS - timedelta(hours=72) + SECOND, AUTO, True),
        (BEGINS - timedelta(hours=72), AUTO, False),
        (BEGINS, PENDING, False),
        (BEGINS, RenewalStatus.FAILED, False),
        (BEGINS, RenewalStatus.NOT_UNDERSTOOD, False),
    ],
)
def test_a_renewal_is_well_while_acm_has_time_and_no_obstacle(
    ends_in: timedelta,
    status: RenewalStatus | None,
    well: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert renews_well(renewing(ends_in=ends_in), status, USUAL, NOW) is well


@pytest.mark.parametrize(
    "changes",
    [
        {"in_use": False},
        {"renewal_eligible": False},
        {"managed_by": "CLOUDFRONT"},
        {"key_pair_origin": "ACME"},
        {"status": CertificateStatus.INACTIVE},
    ],
    ids=str,
)
def test_what_acm_does_not_renew_is_not_renewed_well(changes: dict[str, Any]) -> None:
    assert not renews_well(renewing(**changes), None, USUAL, NOW)


@pytest.mark.parametrize(
    ("ends_in", "exported", "well"),
    [
        (days(12), False, True),
        (days(12), True, False),
        (days(47) * 0.33 + SECOND, True, True),
        (days(47) * 0.33, True, False),
        (days(47) / 3 * 2 / 3 + SECOND, False, True),
        (days(47) / 3 * 2 / 3, False, False),
    ],
)
def test_a_copy_elsewhere_is_due_before_acm_itself_is_late(
    ends_in: timedelta,
    exported: bool,  # noqa: FBT001 - a column of the table
    well: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """For 47 days a third of the life is longer than the part of it that leaves ACM time."""
    seen = renewing(ends_in=ends_in, lives=days(47), exported=exported)
    assert renews_well(seen, None, USUAL, NOW) is well


@pytest.mark.parametrize(
    ("status", "reason"),
    [(None, Reason.AWAITING_ACM), (AUTO, Reason.AUTO_RENEWAL_IN_PROGRESS)],
)
def test_a_healthy_renewal_is_reported_by_its_status(
    status: RenewalStatus | None, reason: Reason
) -> None:
    seen = as_renewing(renewing(), status)
    assert seen.detail == CertificateDetail(
        renewal=None if status is None else Renewal(status=status)
    )
    assert assess(Observation(certificate=seen), USUAL, NOW).reason is reason


def test_what_was_imported_is_not_renewed_well() -> None:
    assert not renews_well(imported(ends_in=days(44)), None, USUAL, NOW)


@given(
    hours=st.integers(30 * 24, 46 * 24),
    status=st.sampled_from([None, *RenewalStatus]),
    exported=st.booleans(),
    in_use=st.booleans(),
)
def test_what_renews_well_is_no_finding(
    hours: int,
    status: RenewalStatus | None,
    exported: bool,  # noqa: FBT001 - drawn
    in_use: bool,  # noqa: FBT001 - drawn
) -> None:
    """Nothing that a person should hear of may be left out by the shorter way."""
    seen = renewing(ends_in=timedelta(hours=hours), exported=exported, in_use=in_use)
    if renews_well(seen, status, USUAL, NOW):
        judged = assess(Observation(certificate=as_renewing(seen, status)), USUAL, NOW)
        assert (judged.verdict, judged.severity) == (Verdict.RENEWING, Severity.OK)


class Region:
    """A region that can be searched, or not."""

    def __init__(self, *held: Certificate, searches: bool) -> None:
        self.certificates = MemoryCertificates(*held)
        self.certificates.searches = searches

    def scan(self, **options: object) -> ScanResult:
        collector = Collector(
            context=run_context(),
            certificates=self.certificates,
            dns=MemoryDns(),
            catalog=MemoryCatalog(),
            sources=no_sources(),
        )
        return collector.scan([], **options)  # type: ignore[arg-type] # scan's own options


def with_renewal(seen: Certificate, status: RenewalStatus) -> Certificate:
    return replace(seen, detail=CertificateDetail(renewal=Renewal(status=status)))


MANY = (
    renewing("waiting"),
    with_renewal(renewing("young"), AUTO),
    with_renewal(renewing("old", days(40)), AUTO),
    with_renewal(renewing("failed", days(40)), RenewalStatus.FAILED),
    renewing("overdue", days(20)),
    renewing("far", days(100)),
)


def test_one_search_spares_the_description_of_what_renews_well() -> None:
    region = Region(*MANY, searches=True)
    region.scan()
    assert region.certificates.searched == 1
    needed = {arn("old"), arn("failed"), arn("overdue")}
    candidate = arn("far")
    assert set(region.certificates.described) == {*needed, candidate}
    assert len(region.certificates.described) == len({*needed, candidate})


def test_without_a_search_the_same_is_described_and_said() -> None:
    fast, slow = Region(*MANY, searches=True), Region(*MANY, searches=False)
    said = [region.scan().assessments for region in (fast, slow)]
    assert [entry.decision for entry in said[0]] == [entry.decision for entry in said[1]]
    assert {arn("waiting"), arn("young")} <= set(slow.certificates.described)


def test_a_caa_record_is_reported_either_way_after_an_attempt() -> None:
    stuck = Renewal(status=AUTO, reason="CAA_ERROR")
    for ends_in, verdict in ((days(44), Verdict.RENEWING), (days(40), Verdict.RENEWAL_BLOCKED)):
        caa = replace(renewing("caa", ends_in), detail=CertificateDetail(renewal=stuck))
        for searches in (True, False):
            found = Region(caa, renewing("other"), searches=searches).scan().assessments
            assert found[0].decision.verdict is verdict


def test_no_search_is_made_for_one_certificate_or_none() -> None:
    for held in ((), (renewing(),), (renewing(), renewing("far", days(100)))):
        region = Region(*held, searches=True)
        region.scan()
        assert region.certificates.searched == 0


def test_what_is_being_replaced_is_described_all_the_same() -> None:
    region = Region(*MANY, searches=True)
    waiting = ReplacementRecord(
        certificate_arn=arn("waiting"), state=ReplacementState.REQUESTED, started_at=NOW
    )
    region.scan(replacing={waiting.certificate_arn: waiting})
    assert arn("waiting") in region.certificates.described


def test_what_a_search_does_not_show_is_described() -> None:
    region = Region(*MANY, searches=True)
    answers = region.certificates.renewals(NOW, NOW + days(60))
    assert answers is not None
    rest = {key: value for key, value in answers.items() if key != arn("waiting")}
    region.certificates.renewals = lambda *_: rest  # type: ignore[method-assign] # one answer
    region.scan()
    assert arn("waiting") in region.certificates.described


def test_a_search_that_fails_costs_no_finding() -> None:
    """It spares calls; without it there are more of them, and the answer is the same."""
    region = Region(*MANY, searches=True)
    region.certificates.broken["renewals"] = Outage("no answer")
    found = region.scan()
    assert len(found.assessments) == len(MANY)
    assert found.problems == []
