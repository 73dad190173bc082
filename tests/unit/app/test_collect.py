"""Looking at every certificate: nothing is missed, and one failure stops no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.export_targets import ExportTargets
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    Reason,
    RenewalStatus,
    Verdict,
)
from certificate_lifecycle.model.errors import CertificateNotFoundError
from certificate_lifecycle.model.run import ScopeStatus
from certificate_lifecycle.policy.export import ExportTarget
from certificate_lifecycle.policy.import_source import ImportSource
from certificate_lifecycle.policy.succession import ReplacementRecord, ReplacementState
from certificate_lifecycle.policy.validation import RecordState
from tests.unit.builders import (
    LOAD_BALANCER,
    NOW,
    arn,
    blocked,
    certificate,
    days,
    detail,
    imported,
    record,
    renewal,
    renewing,
    request,
    validation,
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

HOME = zone()
HEALTHY = certificate(arn=arn("healthy"))
BLOCKED = replace(blocked(), arn=arn("blocked"))
DUE = imported(arn=arn("due"), names=("api.example.com",), ends_in=days(20))


def look(
    certificates: MemoryCertificates,
    dns: MemoryDns | None = None,
    wanted: Sequence[str] = (),
    clock: MemoryClock | None = None,
) -> ScanResult:
    return Collector(
        context=run_context(clock=clock or MemoryClock()),
        certificates=certificates,
        dns=dns or MemoryDns(HOME),
        catalog=MemoryCatalog(),
        sources=no_sources(),
    ).scan(wanted)


def verdicts(found: ScanResult) -> dict[str, Verdict]:
    return {
        entry.certificate.arn.rpartition("/")[2]: entry.decision.verdict
        for entry in found.assessments
    }


def test_every_certificate_is_judged_healthy_ones_too() -> None:
    found = look(MemoryCertificates(HEALTHY, BLOCKED, DUE))
    assert verdicts(found) == {
        "healthy": Verdict.HEALTHY,
        "blocked": Verdict.RENEWAL_BLOCKED,
        "due": Verdict.IMPORT_DUE,
    }
    assert found.certificates == 3
    assert found.status is ScopeStatus.OK


def test_only_candidates_are_described() -> None:
    far = [certificate(arn=arn(f"n{number}")) for number in range(200)]
    certificates = MemoryCertificates(*far, BLOCKED)
    look(certificates)
    assert certificates.described == [BLOCKED.arn]


def test_only_the_wanted_certificates_are_judged_in_their_order() -> None:
    certificates = MemoryCertificates(HEALTHY, BLOCKED, DUE)
    found = look(certificates, wanted=[DUE.arn, HEALTHY.arn])
    assert list(verdicts(found)) == ["due", "healthy"]
    assert found.certificates == 2


def test_a_wanted_certificate_that_does_not_exist_is_a_problem() -> None:
    found = look(MemoryCertificates(HEALTHY), wanted=[arn("lost"), HEALTHY.arn])
    assert found.problems == [f"{arn('lost')} does not exist"]
    assert found.status is ScopeStatus.PARTIAL
    assert list(verdicts(found)) == ["healthy"]


# --- Certificates outside the listing ---------------------------------------------------------


def test_the_number_of_descriptions_is_counted_before_the_first_of_them() -> None:
    certificates = MemoryCertificates(HEALTHY, BLOCKED, DUE)
    reported: list[tuple[int, int]] = []

    def report(number: int) -> None:
        reported.append((number, len(certificates.described)))

    Collector(
        context=run_context(),
        certificates=certificates,
        dns=MemoryDns(HOME),
        catalog=MemoryCatalog(),
        sources=no_sources(),
        on_describe=report,
    ).scan(())
    assert reported == [(len(certificates.described), 0)]


def looked_for(certificates: MemoryCertificates, **named: Any) -> ScanResult:  # noqa: ANN401 - of `scan`
    """Return a scan of everything, with settings and records that name certificates."""
    sources = {arn: ImportSource(secret_arn="secret") for arn in named.pop("sources", ())}
    targets = [
        ExportTarget(certificate_arn=arn, secret_arn="secret", passphrase_secret_arn="passphrase")
        for arn in named.pop("targets", ())
    ]
    return Collector(
        context=run_context(),
        certificates=certificates,
        dns=MemoryDns(HOME),
        catalog=MemoryCatalog(),
        sources=replace(no_sources(), by_arn=sources),
        exports=ExportTargets.of(targets, None),
    ).scan((), **named)


def replacement_of(old: Certificate, state: ReplacementState) -> ReplacementRecord:
    return ReplacementRecord(certificate_arn=old.arn, state=state, started_at=NOW)


def hiding(*hidden: Certificate) -> MemoryCertificates:
    """Return ACM that describes certificates without listing them."""
    certificates = MemoryCertificates(HEALTHY, *hidden)
    certificates.hidden = {certificate.arn for certificate in hidden}
    return certificates


def test_a_wanted_certificate_that_is_not_listed_is_judged_as_any_other() -> None:
    certificates = hiding(BLOCKED)
    found = look(certificates, wanted=[BLOCKED.arn])
    assert verdicts(found) == {"blocked": Verdict.RENEWAL_BLOCKED}
    assert found.problems == []
    assert certificates.described == [BLOCKED.arn]
    assert not found.assessments[0].certificate.listed


def test_a_certificate_that_is_not_listed_counts_as_exported_if_it_can_be() -> None:
    hidden = [replace(HEALTHY, arn=arn("a"), exportable=True), replace(HEALTHY, arn=arn("b"))]
    found = look(hiding(*hidden), wanted=[arn("a"), arn("b")])
    assert [entry.certificate.exported for entry in found.assessments] == [True, False]


def test_a_certificate_that_cannot_be_described_is_not_called_gone() -> None:
    certificates = hiding(BLOCKED)
    certificates.broken[f"describe {BLOCKED.arn}"] = Outage("Throttling")
    found = look(certificates, wanted=[BLOCKED.arn])
    assert found.problems == [f"{BLOCKED.arn}: unexpected outage: Throttling"]
    assert found.assessments == []


@pytest.mark.parametrize(
    "named",
    [
        {"reported": [BLOCKED.arn]},
        {"replacing": {BLOCKED.arn: replacement_of(BLOCKED, ReplacementState.REQUESTED)}},
        {"sources": [BLOCKED.arn]},
        {"targets": [BLOCKED.arn]},
    ],
    ids=["alert", "replacement", "import source", "export target"],
)
def test_a_certificate_named_by_settings_or_records_is_judged_although_it_is_not_listed(
    named: dict[str, Any],
) -> None:
    found = looked_for(hiding(BLOCKED), **named)
    assert verdicts(found) == {"healthy": Verdict.HEALTHY, "blocked": Verdict.RENEWAL_BLOCKED}
    assert not any("does not exist" in problem for problem in found.problems)


def test_a_finished_replacement_costs_no_description() -> None:
    certificates = hiding(BLOCKED)
    record = replacement_of(BLOCKED, ReplacementState.RETIRED)
    looked_for(certificates, replacing={BLOCKED.arn: record})
    assert certificates.described == []


@pytest.mark.parametrize("kind", ["sources", "targets"])
def test_a_setting_about_a_certificate_that_cannot_be_described_is_not_called_wrong(
    kind: str,
) -> None:
    certificates = hiding(DUE)
    certificates.broken[f"describe {DUE.arn}"] = Outage("Throttling")
    found = looked_for(certificates, **{kind: [DUE.arn]})
    assert found.problems == [f"{DUE.arn}: unexpected outage: Throttling"]


def test_a_successor_is_found_among_all_certificates_not_only_the_wanted() -> None:
    old = certificate(arn=arn("due"), ends_in=days(5))
    successor = certificate(arn=arn("new"), ends_in=days(190))
    found = look(MemoryCertificates(old, successor), wanted=[old.arn])
    assert verdicts(found) == {"due": Verdict.SUPERSEDED}


TWIN = imported(
    arn=arn("twin"),
    names=DUE.names,
    ends_in=days(300),
    detail=CertificateDetail(issuer="Example Trust", subject="CN=example.com"),
)


def test_an_import_of_the_same_issuer_is_named_and_changes_no_verdict() -> None:
    known = replace(DUE.detail, issuer="Example Trust", subject="CN=example.com")
    found = look(MemoryCertificates(replace(DUE, detail=known), TWIN), wanted=[DUE.arn])
    (entry,) = found.assessments
    assert entry.decision.verdict is Verdict.IMPORT_DUE
    assert entry.decision.message.endswith("a person has to check it before it takes over.")
    assert TWIN.arn in entry.decision.message


def test_an_import_that_nothing_uses_costs_no_description_of_others() -> None:
    certificates = MemoryCertificates(replace(DUE, in_use=False, detail=CertificateDetail()), TWIN)
    look(certificates)
    assert TWIN.arn not in certificates.described


def test_a_candidate_is_described_once_and_only_if_the_listing_allows_it() -> None:
    old = [certificate(arn=arn(name), ends_in=days(5)) for name in "abc"]
    candidate = certificate(arn=arn("new"), ends_in=days(190))
    others = [
        certificate(arn=arn("ec"), ends_in=days(190), key_algorithm="EC_prime256v1"),
        certificate(arn=arn("acme"), ends_in=days(190), key_pair_origin="ACME"),
        certificate(arn=arn("other"), ends_in=days(190), names=("other.example.com",)),
    ]
    certificates = MemoryCertificates(*old, candidate, *others)
    look(certificates)
    assert certificates.described.count(candidate.arn) == 1
    assert set(certificates.described) == {*(entry.arn for entry in old), candidate.arn}


def test_a_candidate_that_cannot_be_described_is_none_and_a_problem() -> None:
    old = certificate(arn=arn("old"), ends_in=days(5))
    certificates = MemoryCertificates(old, certificate(arn=arn("new"), ends_in=days(190)))
    certificates.broken[f"describe {arn('new')}"] = Outage("Throttled")
    found = look(certificates)
    assert verdicts(found)["old"] is Verdict.RENEWAL_OVERDUE
    assert found.problems == [f"{arn('new')}: unexpected outage: Throttled"]


def test_a_candidate_that_is_deleted_meanwhile_is_none_without_a_problem() -> None:
    old = certificate(arn=arn("old"), ends_in=days(5))
    gone = certificate(arn=arn("new"), ends_in=days(190))
    certificates = MemoryCertificates(old, gone)
    certificates.broken[f"describe {gone.arn}"] = CertificateNotFoundError("gone")
    found = look(certificates, wanted=[old.arn])
    assert verdicts(found) == {"old": Verdict.RENEWAL_OVERDUE}
    assert found.problems == []


def test_a_certificate_that_ends_soon_is_superseded_by_a_later_order_of_its_acme_client() -> None:
    old, other, new = (
        certificate(
            arn=arn(name),
            ends_in=days(ends),
            lives=days(45),
            key_pair_origin="ACME",
            detail=detail(acme_account=client),
        )
        for name, ends, client in (("old", 5, "1"), ("other", 44, "2"), ("new", 40, "1"))
    )
    found = look(MemoryCertificates(old, other, new))
    assert verdicts(found) == {
        "old": Verdict.SUPERSEDED,
        "other": Verdict.EXTERNALLY_MANAGED,
        "new": Verdict.EXTERNALLY_MANAGED,
    }
    messages = {entry.certificate.arn: entry.decision.message for entry in found.assessments}
    assert new.arn in messages[old.arn]
    certificates = MemoryCertificates(old, new)
    certificates.broken[f"describe {new.arn}"] = Outage("Throttled")
    assert verdicts(look(certificates, wanted=[old.arn]))["old"] is Verdict.EXTERNALLY_MANAGED


def test_what_the_listing_alone_knows_is_kept() -> None:
    exported = replace(BLOCKED, exported=True, in_use=False, detail=CertificateDetail())
    found = look(MemoryCertificates(replace(exported, not_after=NOW + days(20))))
    (entry,) = found.assessments
    assert entry.decision.verdict is Verdict.EXPORT_DUE


class Lagging(MemoryCertificates):
    """ACM whose description does not show yet what its listing shows."""

    def describe(self, arn: str) -> Certificate:
        return replace(super().describe(arn), in_use=False)


def test_what_either_answer_knows_to_be_used_is_used() -> None:
    (entry,) = look(Lagging(certificate(ends_in=days(20), detail=CertificateDetail()))).assessments
    assert entry.decision.verdict is Verdict.RENEWAL_OVERDUE


def test_a_tag_of_another_tool_is_respected() -> None:
    certificates = MemoryCertificates(DUE)
    certificates.tagged[DUE.arn] = (("ManagedBy", "certbot"),)
    assert verdicts(look(certificates)) == {"due": Verdict.EXTERNALLY_MANAGED}


class Terse(MemoryCertificates):
    """ACM whose description adds nothing to its listing."""

    def describe(self, arn: str) -> Certificate:
        return replace(super().describe(arn), detail=CertificateDetail())


def test_a_description_that_adds_nothing_is_judged_by_the_listing() -> None:
    assert verdicts(look(Terse(DUE))) == {"due": Verdict.IMPORT_DUE}


def test_the_consumers_of_a_candidate_are_known() -> None:
    (entry,) = look(MemoryCertificates(replace(DUE, detail=detail()))).assessments
    assert entry.certificate.detail.in_use_by == (LOAD_BALANCER,)


# --- Records ----------------------------------------------------------------------------------


def test_each_pending_record_is_scanned_once() -> None:
    waits = renewal(
        RenewalStatus.PENDING_VALIDATION,
        None,
        validation("example.com"),
        validation("*.example.com"),
        validation("done.example.com", validated=True),
        validation("later.example.com", record=None),
    )
    found = look(MemoryCertificates(renewing(waits)))
    (seen,) = found.observations
    assert [(found.record.name, found.state) for found in seen.records] == [
        (record("example.com").name, RecordState.MISSING)
    ]


def test_records_that_stand_are_recognised() -> None:
    dns = MemoryDns(HOME)
    dns.put(HOME, record().name, "CNAME", record().value)
    found = look(MemoryCertificates(BLOCKED), dns)
    assert found.assessments[0].decision.reason is Reason.RECORDS_IN_PLACE


def test_a_name_without_a_zone_is_recognised() -> None:
    found = look(MemoryCertificates(BLOCKED), MemoryDns())
    assert found.assessments[0].decision.reason is Reason.ZONE_NOT_FOUND


def test_a_name_with_two_zones_names_both() -> None:
    found = look(MemoryCertificates(BLOCKED), MemoryDns(HOME, zone(zone_id="Z2")))
    decision = found.assessments[0].decision
    assert decision.reason is Reason.ZONE_AMBIGUOUS
    assert "Z1, Z2" in decision.message


def test_records_that_cannot_be_read_are_unchecked_and_a_problem() -> None:
    dns = MemoryDns(HOME)
    dns.broken["zones"] = Outage("AccessDenied")
    found = look(MemoryCertificates(BLOCKED), dns)
    assert found.assessments[0].decision.reason is Reason.VALIDATION_UNCHECKED
    assert found.problems == [f"{BLOCKED.arn}: unexpected outage: AccessDenied"]


def test_a_stuck_request_is_scanned_like_a_renewal() -> None:
    stuck = request(detail=CertificateDetail(validations=(validation(),)))
    found = look(MemoryCertificates(stuck))
    assert found.assessments[0].decision.reason is Reason.VALIDATION_RECORD_MISSING


# --- Failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["describe", "tags"])
def test_one_unreadable_certificate_stops_no_other_and_is_no_healthy_one(call: str) -> None:
    certificates = MemoryCertificates(BLOCKED, DUE, HEALTHY)
    certificates.broken[f"{call} {BLOCKED.arn}"] = Outage("Throttling")
    found = look(certificates)
    assert verdicts(found) == {
        "blocked": Verdict.UNKNOWN,
        "due": Verdict.IMPORT_DUE,
        "healthy": Verdict.HEALTHY,
    }
    assert found.problems == [f"{BLOCKED.arn}: unexpected outage: Throttling"]
    assert found.status is ScopeStatus.PARTIAL


@pytest.mark.parametrize("call", ["describe", "tags"])
def test_a_certificate_that_is_deleted_meanwhile_is_left_out_without_a_problem(call: str) -> None:
    certificates = MemoryCertificates(BLOCKED, DUE)
    certificates.broken[f"{call} {BLOCKED.arn}"] = CertificateNotFoundError("gone")
    found = look(certificates)
    assert verdicts(found) == {"due": Verdict.IMPORT_DUE}
    assert found.problems == []
    assert found.status is ScopeStatus.OK


def test_an_unlisted_scope_has_failed_and_claims_nothing() -> None:
    certificates = MemoryCertificates(HEALTHY)
    certificates.broken["list_all"] = Outage("AccessDenied")
    found = look(certificates)
    assert found.status is ScopeStatus.FAILED
    assert found.assessments == []
    assert found.problems == [
        "the certificates could not be listed: unexpected outage: AccessDenied"
    ]


def test_a_failure_is_logged_with_its_trace(caplog: pytest.LogCaptureFixture) -> None:
    certificates = MemoryCertificates(BLOCKED)
    certificates.broken[f"describe {BLOCKED.arn}"] = Outage("Throttling")
    look(certificates)
    assert any(entry.exc_info for entry in caplog.records)


def test_without_time_the_rest_is_unread_and_the_scope_is_partial() -> None:
    found = look(MemoryCertificates(BLOCKED, DUE, HEALTHY), clock=MemoryClock(29))
    assert verdicts(found) == {
        "blocked": Verdict.UNKNOWN,
        "due": Verdict.UNKNOWN,
        "healthy": Verdict.HEALTHY,
    }
    assert f"{BLOCKED.arn}: the function's time ran out" in found.problems
    assert found.status is ScopeStatus.PARTIAL


class Slow(MemoryCertificates):
    """ACM that uses up the function's time."""

    clock: MemoryClock

    def tags(self, arn: str) -> tuple[tuple[str, str], ...]:
        self.clock.sleep(80)
        return super().tags(arn)


def test_time_that_runs_out_between_description_and_records_is_reported() -> None:
    certificates = Slow(BLOCKED)
    certificates.clock = MemoryClock(100)
    found = look(certificates, clock=certificates.clock)
    assert found.assessments[0].decision.reason is Reason.VALIDATION_UNCHECKED
    assert found.status is ScopeStatus.PARTIAL
