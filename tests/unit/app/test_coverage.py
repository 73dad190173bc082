"""Selecting covered certificates: little is read, and doubt reports without acting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.app.ports import CertificateStore
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    Verdict,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import ScopeStatus
from certificate_lifecycle.policy.coverage import Coverage, Others
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from tests.unit.builders import (
    NOW,
    arn,
    certificate,
    days,
    detail,
    export_target,
    imported,
    secret_arn,
    zone,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    Outage,
    no_sources,
    run_context,
)

SHOP = Coverage(include_domains=("shop.example.com",))
SHOP_TEAM = Coverage(include_tags=(("Team", ("shop",)),))
OURS = imported(arn=arn("ours"), names=("www.shop.example.com",), ends_in=days(20))
OTHER = imported(arn=arn("other"), names=("pay.example.com",), ends_in=days(20))
FAR = certificate(arn=arn("far"), names=("pay.example.com",))


def scan(
    certificates: MemoryCertificates,
    coverage: Coverage,
    *,
    wanted: Sequence[str] = (),
    reported: Sequence[str] = (),
    replacing: Sequence[ReplacementRecord] = (),
    parts: dict[str, Any] | None = None,
    **changes: Any,  # noqa: ANN401 - any field of a context
) -> ScanResult:
    collector = Collector(
        context=run_context(coverage=coverage, **changes),
        certificates=certificates,
        dns=MemoryDns(zone()),
        catalog=MemoryCatalog(),
        **{"sources": no_sources(), **(parts or {})},
    )
    return collector.scan(
        wanted,
        reported=reported,
        replacing={record.certificate_arn: record for record in replacing},
    )


def found(result: ScanResult) -> dict[str, bool]:
    """Return the names of the assessed certificates, with the mark of those outside the scope."""
    return {
        entry.certificate.arn.rpartition("/")[2]: entry.outside_scope
        for entry in result.assessments
    }


def test_a_certificate_outside_the_scope_is_never_described_and_only_counted() -> None:
    certificates = MemoryCertificates(OURS, OTHER)
    certificates.broken[f"describe {OTHER.arn}"] = Outage("denied")
    certificates.broken[f"tags {OTHER.arn}"] = Outage("denied")
    result = scan(certificates, SHOP)
    assert found(result) == {"ours": False}
    assert (result.certificates, set(result.ignored)) == (1, {OTHER.arn})
    assert (certificates.described, result.problems) == ([OURS.arn], [])


def test_tags_are_read_once_and_only_where_they_decide() -> None:
    certificates = MemoryCertificates(OURS, OTHER, FAR)
    certificates.tagged = {OTHER.arn: (("Team", "shop"),)}
    asked = count_tag_reads(certificates)
    assert found(scan(certificates, SHOP_TEAM)) == {"other": False}
    assert sorted(asked) == [FAR.arn, OTHER.arn, OURS.arn]
    both = replace(SHOP_TEAM, include_domains=SHOP.include_domains)
    asked.clear()
    assert found(scan(certificates, both)) == {}
    assert asked == [OURS.arn]


def test_an_open_alert_ends_only_by_tags_that_acm_itself_returns() -> None:
    """The index of tags has a change some time after ACM."""
    certificates = MemoryCertificates(OURS, OTHER, FAR)
    certificates.tags_of = lambda arns: dict.fromkeys(arns, ())  # type: ignore[method-assign]
    certificates.tagged = {OTHER.arn: (("Team", "shop"),)}
    result = scan(certificates, SHOP_TEAM, reported=[OTHER.arn, OURS.arn])
    assert found(result) == {"other": False}
    assert set(result.ignored) == {OURS.arn, FAR.arn}
    certificates.broken[f"tags {OTHER.arn}"] = Outage("denied")
    result = scan(certificates, SHOP_TEAM, reported=[OTHER.arn])
    assert found(result) == {"other": False}
    assert result.status is ScopeStatus.PARTIAL


def count_tag_reads(certificates: MemoryCertificates) -> list[str]:
    """Return a list that gets the ARN of each certificate whose tags are read."""
    asked: list[str] = []
    read, read_in_bulk = certificates.tags, certificates.tags_of

    def tags(arn: str) -> tuple[tuple[str, str], ...]:
        asked.append(arn)
        return read(arn)

    def tags_of(arns: Sequence[str]) -> Mapping[str, tuple[tuple[str, str], ...]]:
        asked.extend(arns)
        return read_in_bulk(arns)

    certificates.tags = tags  # type: ignore[method-assign]
    certificates.tags_of = tags_of  # type: ignore[method-assign]
    return asked


def test_a_certificate_with_unreadable_tags_is_reported_and_the_scan_incomplete() -> None:
    certificates = MemoryCertificates(FAR, OTHER)
    certificates.broken[f"tags {FAR.arn}"] = Outage("denied")
    result = scan(certificates, SHOP_TEAM)
    assert found(result) == {"far": False}
    assert result.status is ScopeStatus.PARTIAL
    assert result.problems == [
        f"{FAR.arn} may be outside the scope of this instance: unexpected outage: denied"
    ]


def test_a_certificate_that_this_instance_issued_is_covered() -> None:
    certificates = MemoryCertificates(FAR, OTHER)
    certificates.tagged = {FAR.arn: (("ManagedBy", "certificate-lifecycle"),)}
    assert found(scan(certificates, SHOP)) == {}
    assert found(scan(certificates, SHOP, allowed_domains=("example.com",))) == {"far": False}


def test_a_certificate_that_the_configuration_names_is_covered() -> None:
    sources = replace(no_sources(), by_arn={OTHER.arn: ImportSource(secret_arn=secret_arn())})
    exports = ExportTargets.of([export_target(certificate_arn=FAR.arn)], None)
    certificates = MemoryCertificates(OTHER, FAR)
    parts = {"sources": sources, "exports": exports}
    assert found(scan(certificates, SHOP, parts=parts)) == {"other": False, "far": False}


def test_a_requested_certificate_outside_the_scope_is_ignored() -> None:
    result = scan(MemoryCertificates(OURS, OTHER), SHOP, wanted=[OTHER.arn])
    assert (found(result), set(result.ignored), result.problems) == ({}, {OTHER.arn}, [])


def test_others_are_reported_with_a_mark_on_demand() -> None:
    result = scan(MemoryCertificates(OURS, OTHER), replace(SHOP, others=Others.REPORT))
    assert found(result) == {"ours": False, "other": True}
    assert (result.certificates, result.ignored) == (2, frozenset())


@pytest.mark.parametrize(
    ("state", "reported"),
    [(ReplacementState.ISSUED, {"far": True}), (ReplacementState.RETIRED, {})],
)
def test_a_replacement_under_way_outside_the_scope_is_reported_until_it_ends(
    state: ReplacementState, reported: dict[str, bool]
) -> None:
    record = ReplacementRecord(certificate_arn=FAR.arn, state=state, started_at=NOW)
    assert found(scan(MemoryCertificates(FAR), SHOP, replacing=[record])) == reported


def test_all_names_of_a_certificate_with_a_truncated_list_are_read() -> None:
    listed = replace(OURS, names_complete=False)
    described = replace(OURS, names=(*OURS.names, "pay.example.com"))
    result = scan(Truncated(listed, described), SHOP)
    assert result.ignored == {OURS.arn}
    assert found(scan(Truncated(listed, OURS), SHOP)) == {"ours": False}


class Truncated(MemoryCertificates):
    """A certificate whose listing has a part of the names."""

    def __init__(self, listed: Certificate, described: Certificate) -> None:
        super().__init__(described)
        self.listed = listed

    def list_all(self) -> Iterator[Certificate]:
        yield self.listed


def test_a_certificate_that_is_deleted_meanwhile_is_no_problem() -> None:
    certificates = MemoryCertificates(FAR)
    certificates.broken[f"tags {FAR.arn}"] = CertificateNotFoundError("gone")
    result = scan(certificates, SHOP_TEAM)
    assert (found(result), result.ignored, result.problems) == ({}, frozenset(), [])


def test_a_certificate_is_reported_if_the_time_does_not_suffice_to_read_its_names() -> None:
    listed = replace(OURS, names_complete=False)
    result = scan(Truncated(listed, OURS), SHOP, clock=MemoryClock(1))
    assert found(result) == {"ours": False}
    assert "may be outside the scope" in result.problems[-1]


# --- Successors -------------------------------------------------------------------------------

OLD = certificate(arn=arn("old"), names=("shop.example.com",), ends_in=days(5))
NEW = certificate(arn=arn("new"), names=("shop.example.com", "pay.example.com"), ends_in=days(190))


def verdict_of_old(coverage: Coverage, **changes: Any) -> Verdict:  # noqa: ANN401 - any argument
    result = scan(MemoryCertificates(OLD, NEW), coverage, wanted=[OLD.arn], **changes)
    return result.assessments[0].decision.verdict


def test_a_certificate_outside_the_scope_is_no_successor() -> None:
    assert verdict_of_old(Coverage()) is Verdict.SUPERSEDED
    assert verdict_of_old(SHOP) is Verdict.RENEWAL_OVERDUE
    assert verdict_of_old(replace(SHOP, others=Others.REPORT)) is Verdict.RENEWAL_OVERDUE


def test_a_candidate_with_unreadable_tags_is_no_successor() -> None:
    certificates = MemoryCertificates(OLD, NEW)
    certificates.tagged = {OLD.arn: (("Team", "shop"),)}
    certificates.broken[f"tags {NEW.arn}"] = Outage("denied")
    (old, _) = scan(certificates, SHOP_TEAM).assessments
    assert old.decision.verdict is Verdict.RENEWAL_OVERDUE


def test_a_candidate_that_is_deleted_meanwhile_is_no_successor() -> None:
    certificates = MemoryCertificates(OLD, NEW)
    certificates.tagged = {OLD.arn: (("Team", "shop"),)}
    certificates.broken[f"tags {NEW.arn}"] = CertificateNotFoundError("gone")
    (old,) = scan(certificates, SHOP_TEAM, wanted=[OLD.arn]).assessments
    assert old.decision.verdict is Verdict.RENEWAL_OVERDUE


def test_the_successor_that_this_instance_requested_needs_no_scope() -> None:
    record = ReplacementRecord(
        certificate_arn=OLD.arn,
        state=ReplacementState.ISSUED,
        started_at=NOW,
        successor_arn=NEW.arn,
        requested_at=NOW,
    )
    assert verdict_of_old(SHOP, replacing=[record]) is Verdict.SUPERSEDED
    found_only = replace(record, requested_at=None)
    assert verdict_of_old(SHOP, replacing=[found_only]) is Verdict.RENEWAL_OVERDUE


# --- Certificates outside ACM -------------------------------------------------------------------

SERVER_ARN = "arn:aws:iam::123456789012:server-certificate/till"


def server(*names: str, complete: bool) -> Certificate:
    return certificate(
        arn=SERVER_ARN,
        names=names,
        names_complete=complete,
        type=CertificateType.SERVER_CERTIFICATE,
        ends_in=days(5),
        detail=CertificateDetail(),
    )


def authority(common_name: str) -> Certificate:
    return certificate(
        arn="arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/1",
        names=(common_name,),
        names_complete=False,
        type=CertificateType.PRIVATE_AUTHORITY,
        status=CertificateStatus.INACTIVE,
        detail=detail(),
    )


class Store(CertificateStore):
    """One certificate outside ACM, listed by `title`."""

    name = "store"

    def __init__(self, certificate: Certificate, title: str = "") -> None:
        self.certificate = certificate
        self.title = title

    def concerns(self, certificates: Sequence[Certificate]) -> bool:  # noqa: ARG002 - the port's
        return True

    def list_all(self) -> Iterator[Certificate]:
        names = (self.title,) if self.title else self.certificate.names
        yield replace(self.certificate, names=names, names_complete=False)

    def describe(self, listed: Certificate) -> Certificate:  # noqa: ARG002 - the port's
        return self.certificate


def stored(coverage: Coverage, store: Store) -> int:
    """Return how many certificates of a store are assessed."""
    return len(scan(MemoryCertificates(), coverage, parts={"stores": [store]}).assessments)


@pytest.mark.parametrize(
    ("coverage", "covered"),
    [
        (Coverage(), True),
        (SHOP, True),
        (Coverage(include_domains=("pay.example.com",)), False),
        (Coverage(exclude_domains=("shop.example.com",)), False),
        (SHOP_TEAM, False),
        (Coverage(exclude_tags=SHOP_TEAM.include_tags), True),
    ],
)
def test_a_server_certificate_is_covered_by_its_domain_names_and_counts_as_untagged(
    coverage: Coverage,
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert stored(coverage, Store(server("shop.example.com", complete=True), "till")) == covered


def test_a_server_certificate_without_readable_names_is_reported() -> None:
    assert stored(SHOP, Store(server("till", complete=False), "till")) == 1


@pytest.mark.parametrize(
    ("common_name", "coverage", "covered"),
    [
        ("Example Root CA", Coverage(), True),
        ("Example Root CA", SHOP, False),
        ("CA of www.shop.example.com", SHOP, False),
        ("ca.shop.example.com", SHOP, True),
        ("ca.shop.example.com.", SHOP, True),
        ("CA。shop.example.com", SHOP, True),
        ("ca.shop.example.com", Coverage(exclude_domains=SHOP.include_domains), False),
        ("Example Root CA", Coverage(exclude_domains=SHOP.include_domains), True),
        ("ca.shop.example.com", SHOP_TEAM, False),
    ],
)
def test_a_private_authority_is_covered_by_a_domain_name_in_its_subject(
    common_name: str,
    coverage: Coverage,
    covered: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert stored(coverage, Store(authority(common_name))) == covered
