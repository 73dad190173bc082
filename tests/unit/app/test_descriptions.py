"""Descriptions are remembered for judging, and read again before an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.descriptions import Descriptions, read_memory, save_memory
from certificate_lifecycle.model.certificate import Action, Certificate, Verdict
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.policy.coverage import EVERYTHING, Coverage, Others
from certificate_lifecycle.policy.remembered import UNKNOWN_SINCE, RememberedCertificates
from tests.unit.builders import (
    IN_WINDOW,
    NOW,
    SECOND,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    zone,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryStateStore,
    Outage,
    no_sources,
    run_context,
)

NAMES = [f"n{number}" for number in range(12)]
DUE = [imported(arn=arn(name), ends_in=days(20), detail=detail(serial=name)) for name in NAMES]
BLOCKED = blocked()
WITHOUT_OTHERS = Coverage(exclude_tags=(("Team", ("other",)),))
OTHERS = (("Team", "other"),)


def descriptions(certificates: MemoryCertificates, **fields: Any) -> Descriptions:  # noqa: ANN401 - any field
    return Descriptions(certificates=certificates, context=run_context(), **fields)


def listed(certificates: MemoryCertificates) -> list[Certificate]:
    return list(certificates.list_all())


def remembered(*seen: Certificate, **context: Any) -> RememberedCertificates:  # noqa: ANN401 - any field
    """Return what a run stores that described these certificates."""
    certificates = MemoryCertificates(*seen)
    run = Descriptions(certificates=certificates, context=run_context(**context))
    run.renewals = dict.fromkeys(entry.arn for entry in seen)
    for entry in listed(certificates):
        run.describe(entry)
    return run.to_store((), ())


def test_one_certificate_that_cannot_be_described_does_not_stop_the_others() -> None:
    certificates = MemoryCertificates(*DUE)
    certificates.broken[f"describe {arn('n3')}"] = Outage("denied")
    run = descriptions(certificates)
    run.prefetch(listed(certificates))
    assert sorted(certificates.described) == sorted(map(arn, NAMES))
    for entry in listed(certificates):
        if entry.arn == arn("n3"):
            with pytest.raises(Outage):
                run.describe(entry)
        else:
            assert run.describe(entry).detail.serial == entry.arn.rpartition("/")[2]
    assert len(certificates.described) == len(NAMES)


def test_without_time_nothing_is_described() -> None:
    certificates = MemoryCertificates(*DUE)
    context = run_context(clock=MemoryClock(seconds=20))
    run = Descriptions(certificates=certificates, context=context)
    run.prefetch(listed(certificates))
    with pytest.raises(CertificateLifecycleError, match="time ran out"):
        run.describe(listed(certificates)[0])
    assert certificates.described == []


def with_tags_of(
    certificates: MemoryCertificates, found: Mapping[str, tuple[tuple[str, str], ...]]
) -> list[str]:
    """Answer requests in bulk, and return a list that gets the ARNs of each."""
    asked: list[str] = []

    def tags_of(arns: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        asked.extend(arns)
        return found

    certificates.tags_of = tags_of  # type: ignore[method-assign]
    return asked


def test_tags_that_a_response_in_bulk_lacks_are_read_one_by_one() -> None:
    certificates = MemoryCertificates(*DUE[:3])
    certificates.tagged = {arn("n1"): (("Team", "shop"),)}
    asked = with_tags_of(certificates, {arn("n0"): OTHERS})
    run = descriptions(certificates, fresh=[arn("n2")])
    run.prefetch_tags(map(arn, NAMES[:3]))
    # Those that are always read by calls of their own are in no request.
    assert asked == [arn("n0"), arn("n1")]
    tags = [dict(run.with_tags(entry).detail.tags) for entry in listed(certificates)]
    assert tags == [{"Team": "other"}, {"Team": "shop"}, {}]
    assert [run.is_confirmed(arn(name)) for name in NAMES[:3]] == [False, True, True]
    assert not run.is_confirmed()


def test_a_failure_in_bulk_costs_only_calls() -> None:
    certificates = MemoryCertificates(*DUE[:2])
    certificates.broken["tags_of"] = Outage("denied")
    run = descriptions(certificates)
    run.prefetch_tags(map(arn, NAMES[:2]))
    assert run.with_tags(listed(certificates)[0]).detail.tags_read
    assert run.is_confirmed()


def test_a_renewal_without_a_search_is_described_each_time_and_its_last_check_kept() -> None:
    renewing = certificate(ends_in=IN_WINDOW, detail=detail())
    certificates = MemoryCertificates(renewing)
    (entry,) = listed(certificates)
    first = descriptions(certificates)
    first.describe(entry)
    first.note(entry.arn, partial(replace, checked_at=NOW))
    first.note(arn("other"), partial(replace, checked_at=NOW))
    second = descriptions(certificates, memory=first.to_store((), ()))
    assert second.current(entry) is None
    second.describe(entry)
    found = second.to_store((), ()).entries[entry.arn]
    assert (found.checked_at, found.fingerprint) == (NOW, "")


def test_a_second_reading_describes_again_and_still_knows_the_version_before() -> None:
    """Otherwise a change by the last renewal would end in a run that acts on the certificate."""
    memory = remembered(DUE[0])
    certificates = MemoryCertificates(DUE[0])
    again = descriptions(certificates, memory=memory).confirmed()
    assert again.before(DUE[0].arn) == memory.entries[DUE[0].arn]
    again.describe(*listed(certificates))
    assert certificates.described == [DUE[0].arn]


def test_what_is_gone_is_forgotten_and_what_was_changed_described_again() -> None:
    certificates = MemoryCertificates(*DUE[:3])
    memory = remembered(*DUE[:3])
    stored = descriptions(certificates, memory=memory).to_store([arn("n0")], [arn("n1")])
    run = descriptions(certificates, memory=stored)
    assert set(stored.entries) == {arn("n1"), arn("n2")}
    assert [run.current(entry) is not None for entry in listed(certificates)] == [
        *(False, False, True)
    ]
    found = run.before(arn("n1"))
    assert found is not None
    assert found.certificate.detail.serial == "n1"


def test_the_time_of_the_first_run_is_never_in_the_future() -> None:
    ahead = RememberedCertificates(since=NOW + days(9))
    assert descriptions(MemoryCertificates(), memory=ahead).to_store((), ()).since == NOW


def test_names_of_other_consumers_are_not_used() -> None:
    used = imported(ends_in=days(20), detail=detail(in_use_by=("lb",)))
    run = descriptions(MemoryCertificates(used))
    described = run.describe(*listed(MemoryCertificates(used)))
    assert run.consumers(described) is None
    run.note(used.arn, partial(replace, consumers=("load balancer shop",)))
    assert run.consumers(described) == ("load balancer shop",)
    assert run.consumers(replace(described, detail=detail(in_use_by=("other",)))) is None


def test_a_state_store_that_fails_costs_only_calls() -> None:
    store = MemoryStateStore()
    store.broken = dict.fromkeys(("memory", "save_memory"), Outage("denied"))
    assert read_memory(store) == RememberedCertificates(since=UNKNOWN_SINCE)
    assert read_memory(None) == RememberedCertificates()
    save_memory(store, remembered(*DUE), MemoryClock())
    store.broken.clear()
    save_memory(store, remembered(*DUE), MemoryClock(seconds=4))
    assert store.memory() == RememberedCertificates()


# --- Read again before an action ------------------------------------------------------------------


class Again:
    """A scan by what is remembered, whose certificates are read again."""

    def __init__(self, *seen: Certificate, coverage: Coverage = EVERYTHING) -> None:
        self.certificates = MemoryCertificates(*seen)
        self.certificates.searches = True
        stale = listed(self.certificates)
        self.certificates.list_all = lambda: iter(stale)  # type: ignore[method-assign] # an older listing
        self.collector = Collector(
            context=run_context(coverage=coverage, now=NOW + SECOND),
            certificates=self.certificates,
            dns=MemoryDns(zone()),
            catalog=MemoryCatalog(),
            sources=no_sources(),
            memory=self._memory(),
        )
        self.result = self.collector.scan([])

    def _memory(self) -> RememberedCertificates:
        run = descriptions(self.certificates)
        run.renewals = self.certificates.renewals(NOW, NOW + days(999)) or {}
        for entry in listed(self.certificates):
            run.describe(entry)
        self.certificates.described.clear()
        return run.to_store((), ())

    def read(self) -> ScanResult:
        assert self.certificates.described == []
        self.collector.observe_again(
            self.result, [entry.certificate.arn for entry in self.result.assessments]
        )
        return self.result


TWO = (BLOCKED, replace(BLOCKED, arn=arn("second")))


def test_a_certificate_that_was_renewed_since_needs_no_action() -> None:
    scanned = Again(*TWO)
    renewed = certificate(arn=BLOCKED.arn, ends_in=days(190), detail=detail())
    scanned.certificates.stored[BLOCKED.arn] = renewed
    first, second = scanned.read().assessments
    assert (first.decision.verdict, first.decision.action) == (Verdict.HEALTHY, Action.NONE)
    assert second.decision.action is Action.RESTORE_RECORDS


def test_consumers_that_moved_since_are_those_of_the_description() -> None:
    used = [replace(entry, detail=replace(entry.detail, in_use_by=("old",))) for entry in TWO]
    scanned = Again(*used)
    moved = replace(used[0], detail=replace(used[0].detail, in_use_by=("new",)))
    scanned.certificates.stored[moved.arn] = moved
    (found, _) = scanned.read().observations
    assert found.certificate.detail.in_use_by == ("new",)


def test_a_certificate_that_was_deleted_since_is_left_out() -> None:
    scanned = Again(*TWO)
    del scanned.certificates.stored[BLOCKED.arn]
    assert [entry.certificate.arn for entry in scanned.read().assessments] == [arn("second")]
    assert scanned.result.problems == []


@pytest.mark.parametrize("broken", ["describe", "tags"])
def test_a_certificate_that_cannot_be_read_again_needs_no_action(broken: str) -> None:
    scanned = Again(*TWO)
    scanned.certificates.broken[f"{broken} {BLOCKED.arn}"] = Outage("denied")
    first, second = scanned.read().assessments
    assert first.decision.action is not Action.RESTORE_RECORDS
    assert second.decision.action is Action.RESTORE_RECORDS
    assert scanned.result.problems == [f"{BLOCKED.arn}: unexpected outage: denied"]


@pytest.mark.parametrize("others", list(Others))
def test_coverage_is_decided_again_by_the_tags_of_acm(others: Others) -> None:
    scanned = Again(*TWO, coverage=replace(WITHOUT_OTHERS, others=others))
    scanned.certificates.tagged = {BLOCKED.arn: OTHERS}
    found = scanned.read()
    outside = {entry.certificate.arn: entry.outside_scope for entry in found.assessments}
    if others is Others.REPORT:
        assert outside == {BLOCKED.arn: True, arn("second"): False}
    else:
        assert outside == {arn("second"): False}
        assert (set(found.ignored), found.certificates) == ({BLOCKED.arn}, 1)


def test_coverage_that_cannot_be_decided_again_is_a_problem() -> None:
    scanned = Again(*TWO, coverage=WITHOUT_OTHERS)
    scanned.certificates.broken[f"tags {BLOCKED.arn}"] = Outage("denied")
    found = scanned.read()
    assert BLOCKED.arn in found.undecided
    assert found.assessments[0].decision.action is not Action.RESTORE_RECORDS
    assert any("may be outside the scope" in problem for problem in found.problems)


def test_what_was_read_by_calls_of_its_own_is_not_read_again() -> None:
    scanned = Again(*TWO)
    scanned.read()
    scanned.certificates.described.clear()
    scanned.read()
    assert scanned.certificates.described == []
