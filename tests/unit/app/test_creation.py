"""Issuing a certificate: safe to repeat, whole or not at all, and honest about what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from certificate_lifecycle.app.creation import (
    CreationClients,
    Declaration,
    Issuance,
    create,
    creation_result,
)
from certificate_lifecycle.model.certificate import (
    Certificate,
    CertificateDetail,
    CertificateStatus,
    ValidationRecord,
)
from certificate_lifecycle.model.errors import (
    CertificateNotFoundError,
    CertificateNotIssuedError,
    CertificateRequestError,
    IssuanceForbiddenError,
    PointerNotFoundError,
    RecordConflictError,
    RecordNotSupportedError,
    ValidationRecordsNotReadyError,
    ZoneAmbiguousError,
    ZoneNotFoundError,
)
from certificate_lifecycle.model.public_dns import RecordType
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.validation import RecordFinding, RecordState, Zone
from tests.unit.builders import (
    AUTHORITY,
    FAILED,
    LABEL,
    NOW,
    REVOKED,
    TIMED_OUT,
    arn,
    certificate,
    private,
    record,
    request,
    validation,
    zone,
)
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryPointers,
    MemoryPublicDns,
    Outage,
)

NAMES = ("example.com", "www.example.com")
OURS = (("ManagedBy", "certificate-lifecycle"),)
WANTED = CertificateRequest(names=NAMES, region="eu-west-1", tags=OURS)
PRIVATE = replace(WANTED, certificate_authority_arn=AUTHORITY)
POINTER = "/certificate-lifecycle/certificates/main/arn"
HOME = zone("example.com.", "Z1")
ISSUED = certificate(arn=arn("issued"), names=NAMES, detail=CertificateDetail())
WAITING = request(
    arn=arn("waiting"),
    names=NAMES,
    detail=CertificateDetail(validations=tuple(validation(name) for name in NAMES)),
)


def ours(*stored: Certificate) -> MemoryCertificates:
    """Return certificates that the instance of the requests has issued."""
    certificates = MemoryCertificates(*stored)
    certificates.tagged = {entry.arn: OURS for entry in stored}
    return certificates


def issue(
    certificates: MemoryCertificates,
    dns: MemoryDns,
    wanted: CertificateRequest = WANTED,
    clock: MemoryClock | None = None,
    pointers: MemoryPointers | None = None,
    public_dns: MemoryPublicDns | None = None,
    **inputs: Any,  # noqa: ANN401 - any argument of `create`
) -> Issuance:
    usual = {"auto_validate": True, "wait_seconds": 0, "dry_run": False}
    clients = CreationClients(
        certificates=certificates,
        dns=dns,
        clock=clock or MemoryClock(),
        declaration=Declaration(pointers, POINTER) if pointers else None,
        public_dns=public_dns,
    )
    return create(wanted, clients, now=NOW, **{**usual, **inputs})


def names_of(*names: str) -> list[str]:
    return [record(name).name for name in names]


# --- A new certificate ------------------------------------------------------------------------


def test_a_new_certificate_is_requested_and_its_records_are_written_in_one_batch() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    issuance = issue(certificates, dns)
    assert certificates.asked == [WANTED]
    assert issuance.created
    assert dns.written == {"Z1": names_of(*NAMES)}
    assert len(dns.batches) == 1


@pytest.mark.parametrize("inputs", [{}, {"auto_validate": False}, {"dry_run": True}])
def test_nothing_is_requested_for_names_that_no_ca_may_issue_for(inputs: dict[str, Any]) -> None:
    certificates, public_dns = MemoryCertificates(), MemoryPublicDns()
    public_dns.break_dnssec("example.com", RecordType.CAA)
    for _ in range(30):
        with pytest.raises(IssuanceForbiddenError, match=r"DNSSEC reject example\.com"):
            issue(certificates, MemoryDns(HOME), public_dns=public_dns, **inputs)
    assert certificates.asked == []


def test_an_unknown_answer_of_public_dns_is_in_the_result_of_the_request() -> None:
    certificates = MemoryCertificates()
    issuance = issue(certificates, MemoryDns(HOME), public_dns=MemoryPublicDns(silent=True))
    assert certificates.asked == [WANTED]
    result = creation_result(issuance, "123456789012", dry_run=False, sdk="")
    assert result["public_dns"] == {
        "checked": 0,
        "unknown": 2,
        "not_asked": 0,
        "reason": "the CAA records of example.com in public DNS are unknown: timeout",
    }


def test_no_ca_is_asked_about_a_certificate_that_exists_or_of_a_private_ca() -> None:
    public_dns = MemoryPublicDns()
    issue(ours(ISSUED), MemoryDns(HOME), public_dns=public_dns)
    issue(MemoryCertificates(), MemoryDns(HOME), PRIVATE, public_dns=public_dns)
    assert public_dns.asked == {}


def test_an_apex_and_its_wildcard_share_one_record() -> None:
    dns = MemoryDns(HOME)
    issue(MemoryCertificates(), dns, replace(WANTED, names=("example.com", "*.example.com")))
    assert dns.written == {"Z1": names_of("example.com")}


def delegate_shop(dns: MemoryDns) -> None:
    """Delegate the zone of shop.example.com, Z2."""
    for each in (HOME, zone("shop.example.com.", "Z2")):
        dns.put(each, "shop.example.com.", "NS", "ns-1.example.")


def test_each_record_goes_to_the_zone_that_has_its_name() -> None:
    dns = MemoryDns(HOME, zone("shop.example.com.", "Z2"), zone("example.net.", "Z3"))
    delegate_shop(dns)
    names = ("example.com", "www.shop.example.com", "*.example.net", "b.example.com")
    issue(MemoryCertificates(), dns, replace(WANTED, names=names))
    assert dns.written == {
        "Z1": names_of("example.com", "b.example.com"),
        "Z2": names_of("www.shop.example.com"),
        "Z3": names_of("example.net"),
    }
    assert len(dns.batches) == 3


def test_a_record_of_a_kind_that_nobody_knows_yet_is_written_as_no_other() -> None:
    """ACM asks for CNAMEs only; a later version of it may not."""
    wanted = [validation(name, record=replace(record(name), type="TXT")) for name in NAMES]
    waiting = replace(WAITING, detail=CertificateDetail(validations=tuple(wanted)))
    dns = MemoryDns(HOME)
    with pytest.raises(RecordNotSupportedError, match="ACM requires type TXT"):
        issue(ours(waiting), dns)
    assert dns.batches == []


def test_the_records_of_every_name_are_awaited() -> None:
    certificates, dns, clock = MemoryCertificates(), MemoryDns(HOME), MemoryClock()
    certificates.names_records_late = True
    issue(certificates, dns, clock=clock)
    assert dns.written == {"Z1": names_of(*NAMES)}
    assert clock.slept == [1.0, 2.0]


def test_a_certificate_that_acm_does_not_know_yet_is_awaited() -> None:
    certificates = MemoryCertificates()
    certificates.unknown_for = 3
    assert issue(certificates, MemoryDns(HOME)).created


def test_a_certificate_that_acm_never_knows_is_an_error() -> None:
    certificates, clock = MemoryCertificates(), MemoryClock()
    certificates.unknown_for = 1000
    with pytest.raises(CertificateNotFoundError):
        issue(certificates, MemoryDns(HOME), clock=clock)
    assert sum(clock.slept) == 30


def test_records_that_acm_never_names_are_an_error_that_says_how_to_go_on() -> None:
    unnamed = CertificateDetail(validations=(validation("example.com"),))
    certificates = ours(replace(WAITING, detail=unnamed))
    dns, clock = MemoryDns(HOME), MemoryClock()
    with pytest.raises(ValidationRecordsNotReadyError, match="invoke the function again"):
        issue(certificates, dns, clock=clock)
    assert 100 < sum(clock.slept) <= 120
    assert dns.batches == []


def test_records_are_not_awaited_beyond_the_functions_time() -> None:
    certificates = ours(replace(WAITING, detail=CertificateDetail()))
    clock = MemoryClock(40)
    with pytest.raises(ValidationRecordsNotReadyError):
        issue(certificates, MemoryDns(HOME), clock=clock)
    assert clock.remaining() >= 15


def test_a_function_that_has_no_time_left_does_not_wait_at_all() -> None:
    certificates, clock = ours(WAITING), MemoryClock(10)
    issue(certificates, MemoryDns(HOME), clock=clock, wait_seconds=900)
    assert clock.slept == []


# --- Repeating --------------------------------------------------------------------------------


def test_a_second_invocation_after_a_dns_failure_continues_with_the_same_certificate() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    dns.broken["upsert Z1"] = Outage("Throttling")
    with pytest.raises(Outage):
        issue(certificates, dns)
    dns.broken.clear()
    again = issue(certificates, dns)
    assert len(certificates.asked) == 1
    assert not again.created
    assert dns.written == {"Z1": names_of(*NAMES)}


class Lagging(MemoryCertificates):
    """ACM whose listing does not show yet what another invocation has just requested."""

    def list_all(self) -> Iterator[Certificate]:
        return iter(())


def test_two_invocations_at_once_get_one_certificate() -> None:
    certificates, dns = Lagging(), MemoryDns(HOME)
    first, second = (issue(certificates, dns).certificate for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.arn == second.arn
    assert len(dns.batches) == 1


def test_another_invocation_writes_nothing_where_every_record_stands() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    issue(certificates, dns)
    again = issue(certificates, dns)
    assert [finding.change for finding in again.records] == ["unchanged", "unchanged"]
    assert len(dns.batches) == 1


def test_an_issued_certificate_is_found_again_and_needs_no_zone() -> None:
    certificates, dns = ours(ISSUED), MemoryDns()
    issuance = issue(certificates, dns)
    assert issuance.certificate is not None
    assert issuance.certificate.arn == ISSUED.arn
    assert not issuance.created
    assert issuance.records == ()
    assert certificates.asked == []


def test_only_certificates_that_could_be_equal_are_described() -> None:
    others = [certificate(arn=arn(f"n{n}"), names=(f"n{n}.example.com",)) for n in range(200)]
    certificates = ours(*others, ISSUED)
    issue(certificates, MemoryDns())
    assert certificates.described == [ISSUED.arn]


def test_of_several_equal_certificates_the_issued_one_is_taken() -> None:
    certificates = ours(WAITING, ISSUED, replace(WAITING, arn=arn("other")))
    found = issue(certificates, MemoryDns(HOME)).certificate
    assert found is not None
    assert found.arn == ISSUED.arn


def test_an_equal_certificate_that_is_deleted_meanwhile_is_requested_anew() -> None:
    certificates = ours(ISSUED)
    certificates.broken[f"describe {ISSUED.arn}"] = CertificateNotFoundError("gone")
    assert issue(certificates, MemoryDns(HOME)).created


def test_a_certificate_that_differs_is_not_taken() -> None:
    certificates = ours(replace(ISSUED, key_algorithm="EC_prime256v1"))
    assert issue(certificates, MemoryDns(HOME)).created


def test_another_authoritys_certificate_is_not_taken() -> None:
    theirs = private(
        arn=arn("p"), names=NAMES, detail=CertificateDetail(certificate_authority_arn="other")
    )
    assert issue(ours(theirs), MemoryDns(), PRIVATE).created


def test_a_certificate_past_its_end_is_not_taken_though_acm_still_calls_it_issued() -> None:
    certificates = ours(replace(ISSUED, not_after=NOW))
    issuance = issue(certificates, MemoryDns(HOME))
    assert issuance.created
    assert certificates.asked == [WANTED]


# --- Whose certificate it is ------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    [(), (("ManagedBy", "another-team"),), (("managedby", "certificate-lifecycle"),)],
    ids=["no tag", "another team's", "another key"],
)
def test_a_certificate_that_this_instance_did_not_issue_is_not_taken(
    tags: tuple[tuple[str, str], ...],
) -> None:
    certificates = MemoryCertificates(ISSUED)
    certificates.tagged[ISSUED.arn] = tags
    assert issue(certificates, MemoryDns(HOME)).created
    assert certificates.tagged[ISSUED.arn] == tags


def test_a_request_of_no_instance_takes_no_certificate() -> None:
    certificates = ours(ISSUED)
    assert issue(certificates, MemoryDns(HOME), replace(WANTED, tags=())).created


def test_a_certificate_that_is_found_gets_the_tags_that_it_lacks_and_keeps_its_others() -> None:
    certificates = ours(ISSUED)
    certificates.tagged[ISSUED.arn] += (("Team", "shop"), ("Stage", "test"))
    wanted = replace(WANTED, tags=(*OURS, ("Cost", "5"), ("Stage", "live")))
    issue(certificates, MemoryDns(), wanted, dry_run=True)
    assert ("Cost", "5") not in certificates.tagged[ISSUED.arn]
    issue(certificates, MemoryDns(), wanted)
    assert dict(certificates.tagged[ISSUED.arn]) == {
        **dict(OURS),
        "Cost": "5",
        "Stage": "live",
        "Team": "shop",
    }
    certificates.broken[f"add_tags {ISSUED.arn}"] = Outage("nothing is missing")
    issue(certificates, MemoryDns(), wanted)


# --- The pointer ------------------------------------------------------------------------------


def test_a_pointer_is_written_when_the_certificate_is_issued_and_not_before() -> None:
    certificates, pointers = ours(WAITING), MemoryPointers({POINTER: "pending"})
    issued = replace(ISSUED, arn=WAITING.arn)
    certificates.later[WAITING.arn] = [WAITING, WAITING, issued]
    issue(certificates, MemoryDns(HOME), pointers=pointers)
    assert pointers.values == {POINTER: "pending"}
    issuance = issue(certificates, MemoryDns(HOME), pointers=pointers, wait_seconds=60)
    assert pointers.values == {POINTER: WAITING.arn}
    assert issuance.parameter == POINTER
    issue(certificates, MemoryDns(HOME), pointers=pointers)
    assert [name for name, _ in pointers.written] == [POINTER]


def test_a_dry_run_writes_no_pointer_and_requires_nothing_issued() -> None:
    pointers = MemoryPointers({POINTER: "pending"})
    for certificates in (ours(ISSUED), ours(WAITING), ours()):
        issuance = issue(
            certificates, MemoryDns(HOME), pointers=pointers, dry_run=True, require_issued=True
        )
        assert issuance.parameter == POINTER
    assert pointers.written == []


def test_without_its_pointer_nothing_is_requested() -> None:
    certificates = ours()
    with pytest.raises(PointerNotFoundError):
        issue(certificates, MemoryDns(HOME), pointers=MemoryPointers({"/other": "pending"}))
    assert certificates.asked == []


def test_the_successor_that_a_pointer_names_is_kept_while_the_old_certificate_serves() -> None:
    old, successor = replace(ISSUED, in_use=True), replace(ISSUED, arn=arn("successor"))
    pointers = MemoryPointers({POINTER: successor.arn})
    found = issue(ours(old, successor), MemoryDns(), pointers=pointers).certificate
    assert found is not None
    assert found.arn == successor.arn
    assert pointers.written == []


# --- What prevents issuance -------------------------------------------------------------------


def reason_of(dns: MemoryDns, waiting: Certificate = WAITING, **inputs: Any) -> str:  # noqa: ANN401 - any argument of `create`
    pointers = MemoryPointers({POINTER: "pending"})
    with pytest.raises(CertificateNotIssuedError) as raised:
        issue(ours(waiting), dns, pointers=pointers, require_issued=True, **inputs)
    assert pointers.written == []
    return str(raised.value)


def test_a_certificate_that_is_not_issued_in_time_is_an_error_where_issuance_is_required() -> None:
    reason = reason_of(MemoryDns(HOME), wait_seconds=60)
    assert f"{WAITING.arn} for example.com is not issued, but PENDING_VALIDATION: " in reason
    assert "Route 53 has every record that ACM requires" in reason
    assert "repeat the call to wait on" in reason


class Losing(MemoryDns):
    """A zone in which another program changes each record as soon as it was written."""

    def upsert(self, zone: Zone, records: Sequence[ValidationRecord]) -> None:
        first, second = records
        self.put(zone, first.name, "CNAME", "another.example.")
        del second


def test_the_error_names_missing_and_wrong_records_read_again() -> None:
    reason = reason_of(Losing(HOME))
    assert f"{LABEL}.example.com in zone example.com (Z1) is CNAME another.example." in reason
    assert f"{LABEL}.www.example.com does not exist in zone example.com (Z1)" in reason


def test_the_error_names_a_name_whose_zone_is_unknown() -> None:
    reason = reason_of(MemoryDns(zone("example.org.")), auto_validate=False)
    assert f"no writable public hosted zone contains {LABEL}.www.example.com" in reason


def test_the_error_names_the_zone_that_answers_instead_of_the_hosted_zone() -> None:
    dns, public_dns = MemoryDns(HOME), MemoryPublicDns()
    dns.put(HOME, "example.com.", "NS", "ns-1.awsdns-01.org.")
    public_dns.put("example.com", RecordType.NS, "ada.ns.cloudflare.com")
    reason = reason_of(dns, public_dns=public_dns)
    assert "public DNS delegates example.com to ada.ns.cloudflare.com, and not to the" in reason


def test_the_error_names_a_zone_that_its_parent_does_not_delegate() -> None:
    shop = zone("shop.example.com.", "Z2")
    waiting = replace(
        WAITING,
        names=("shop.example.com",),
        detail=CertificateDetail(validations=(validation("shop.example.com"),)),
    )
    wanted = replace(WANTED, names=("shop.example.com",))
    reason = reason_of(MemoryDns(HOME, shop), waiting, wanted=wanted)
    assert "zone shop.example.com (Z2) is not delegated in zone example.com (Z1)" in reason


def test_only_names_that_are_not_validated_are_obstacles() -> None:
    validated = replace(validation("example.com"), validated=True)
    detail = CertificateDetail(validations=(validated, validation("www.example.com")))
    reason = reason_of(MemoryDns(), replace(WAITING, detail=detail), auto_validate=False)
    assert f"{LABEL}.www.example.com" in reason
    assert f"contains {LABEL}.example.com" not in reason


def test_the_error_names_the_caa_record_that_forbids_amazon() -> None:
    dns = MemoryDns(HOME)
    dns.put(HOME, "example.com.", "CAA", '0 issue "ca.example.org"', '0 iodef "mailto:a@b.example"')
    dns.put(HOME, "www.example.com.", "CAA", '0 issue "amazon.com"')
    reason = reason_of(dns)
    assert (
        "the CAA records at example.com allow only ca.example.org to issue; "
        'add 0 issue "amazon.com" there' in reason
    )
    assert "www.example.com" not in reason.partition("PENDING_VALIDATION")[2]


def test_a_request_that_a_caa_record_ended_names_the_record() -> None:
    dns, certificates = MemoryDns(HOME), ours(WAITING)
    dns.put(HOME, "example.com.", "CAA", '0 issue ";"')
    ended = replace(WAITING, status=FAILED, detail=CertificateDetail(failure_reason="CAA_ERROR"))
    certificates.later[WAITING.arn] = [ended]
    with pytest.raises(CertificateRequestError, match=r"at example\.com allow no CA to issue"):
        issue(certificates, dns, wait_seconds=60)


def test_an_error_about_many_names_shows_some_and_the_number_of_the_others() -> None:
    names = tuple(f"n{number}.example.com" for number in range(13))
    detail = CertificateDetail(validations=tuple(validation(name) for name in names))
    waiting = replace(WAITING, names=names, detail=detail)
    reason = reason_of(
        MemoryDns(), waiting, wanted=replace(WANTED, names=names), auto_validate=False
    )
    assert reason.count("no writable public hosted zone") == 10
    assert "; and 3 more; repeat" in reason


def test_a_private_certificate_that_its_ca_has_not_issued_is_an_error_without_records() -> None:
    theirs = CertificateDetail(certificate_authority_arn=AUTHORITY)
    pending = private(
        arn=arn("p"), names=NAMES, status=CertificateStatus.PENDING_VALIDATION, detail=theirs
    )
    reason = reason_of(MemoryDns(), pending, wanted=PRIVATE)
    assert "is not issued, but PENDING_VALIDATION: its private CA has not issued it" in reason


# --- Refusing ---------------------------------------------------------------------------------


def test_a_name_without_a_zone_is_refused_before_anything_is_requested() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    names = ("example.com", "b.example.net", "*.example.org")
    with pytest.raises(ZoneNotFoundError, match=r"b\.example\.net; .*contains example\.org"):
        issue(certificates, dns, replace(WANTED, names=names))
    assert (certificates.asked, dns.batches) == ([], [])


def test_a_name_with_two_zones_is_refused_before_anything_is_requested() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME, zone("example.com.", "Z2"))
    with pytest.raises(ZoneAmbiguousError, match="Z1, Z2"):
        issue(certificates, dns)
    assert (certificates.asked, dns.batches) == ([], [])


@pytest.mark.parametrize(
    ("type_", "value", "plain"),
    [("TXT", '"hello"', True), ("CNAME", "shop.cdn.example.", True), ("CNAME", "x.", False)],
    ids=["another type", "another target", "a weighted record"],
)
def test_a_conflict_is_refused_and_nothing_is_written(
    type_: str, value: str, *, plain: bool
) -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    dns.put(HOME, record("www.example.com").name, type_, value, plain=plain)
    with pytest.raises(RecordConflictError, match=rf"{LABEL}\.www\.example\.com in zone"):
        issue(certificates, dns)
    assert dns.batches == []


def test_an_older_value_of_acm_is_replaced() -> None:
    dns = MemoryDns(HOME)
    dns.put(HOME, record("example.com").name, "CNAME", "_old.acm-validations.aws.")
    issuance = issue(MemoryCertificates(), dns)
    assert [finding.change for finding in issuance.records] == ["updated", "created"]


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT, REVOKED, CertificateStatus.EXPIRED])
def test_a_request_that_acm_ends_is_an_error_with_its_reason(status: CertificateStatus) -> None:
    certificates = ours(WAITING)
    ended = replace(WAITING, status=status, detail=CertificateDetail(failure_reason="CAA_ERROR"))
    certificates.later[WAITING.arn] = [ended]
    with pytest.raises(CertificateRequestError, match=rf"with {status} \(CAA_ERROR\)"):
        issue(certificates, MemoryDns(HOME), wait_seconds=60)


def test_a_request_that_acm_ends_while_naming_records_writes_nothing() -> None:
    certificates, dns = (
        ours(replace(WAITING, detail=CertificateDetail())),
        MemoryDns(HOME),
    )
    certificates.later[WAITING.arn] = [replace(WAITING, status=FAILED, detail=CertificateDetail())]
    with pytest.raises(CertificateRequestError, match="no reason given"):
        issue(certificates, dns)
    assert dns.batches == []


# --- Wishes -----------------------------------------------------------------------------------


def test_a_dry_run_requests_and_writes_nothing() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns(HOME)
    issuance = issue(certificates, dns, dry_run=True)
    assert issuance.certificate is None
    assert not issuance.created
    assert (certificates.asked, dns.batches) == ([], [])


def test_a_dry_run_reports_that_a_zone_is_missing() -> None:
    with pytest.raises(ZoneNotFoundError):
        issue(MemoryCertificates(), MemoryDns(), dry_run=True)


def test_a_dry_run_reports_which_records_a_waiting_certificate_lacks() -> None:
    dns, clock = MemoryDns(HOME), MemoryClock()
    issuance = issue(ours(WAITING), dns, clock=clock, dry_run=True, wait_seconds=600)
    assert [finding.change for finding in issuance.records] == ["created", "created"]
    assert dns.batches == []
    assert clock.slept == []


def test_without_validation_the_records_are_named_for_manual_writing() -> None:
    certificates, dns, clock = MemoryCertificates(), MemoryDns(), MemoryClock()
    certificates.names_records_late = True
    for operation in ("zones", "upsert Z1"):
        dns.broken[operation] = Outage("not expected")
    wanted = replace(WANTED, names=("example.com", "*.example.com", "www.example.com"))
    issuance = issue(certificates, dns, wanted, clock, auto_validate=False)
    records = creation_result(issuance, "123456789012", dry_run=False, sdk="boto3 1")[
        "validation_records"
    ]
    assert [entry["name"] for entry in records] == names_of("example.com", "www.example.com")
    assert {(entry["zone_id"], entry["zone_name"], entry["change"]) for entry in records} == {
        (None, None, None)
    }
    assert (issuance.created, dns.batches) == (True, [])
    assert clock.slept == [1.0, 2.0, 4.0]


def test_a_private_certificate_needs_no_validation() -> None:
    certificates, dns = MemoryCertificates(), MemoryDns()
    issuance = issue(certificates, dns, PRIVATE)
    assert certificates.asked == [PRIVATE]
    assert issuance.records == ()
    assert issue(certificates, dns, PRIVATE).created is False


def test_a_private_certificate_is_found_again_though_acm_reports_it_as_exportable() -> None:
    theirs = CertificateDetail(certificate_authority_arn=AUTHORITY)
    existing = private(arn=arn("p"), names=NAMES, exportable=True, detail=theirs)
    certificates = ours(existing)
    assert not issue(certificates, MemoryDns(), PRIVATE).created
    assert certificates.asked == []


def test_issuance_is_awaited_as_long_as_asked() -> None:
    certificates = ours(WAITING)
    certificates.later[WAITING.arn] = [WAITING, WAITING, replace(ISSUED, arn=WAITING.arn)]
    issuance = issue(certificates, MemoryDns(HOME), wait_seconds=60)
    assert issuance.certificate is not None
    assert issuance.certificate.status is CertificateStatus.ISSUED


def test_a_wait_of_one_second_polls_once_more() -> None:
    clock = MemoryClock()
    issue(ours(WAITING), MemoryDns(HOME), clock=clock, wait_seconds=1)
    assert clock.slept == [1.0]


def test_issuance_that_takes_longer_is_no_failure() -> None:
    clock = MemoryClock()
    issuance = issue(ours(WAITING), MemoryDns(HOME), clock=clock, wait_seconds=60)
    assert issuance.certificate is not None
    assert issuance.certificate.status is CertificateStatus.PENDING_VALIDATION
    assert 50 < sum(clock.slept) <= 60


def test_a_zone_that_its_parent_does_not_delegate_to_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dns = MemoryDns(HOME, zone("shop.example.com.", "Z2"))
    wanted = replace(WANTED, names=("shop.example.com",))
    issue(MemoryCertificates(), dns, wanted)
    (warning,) = [entry for entry in caplog.records if entry.levelname == "WARNING"]
    assert warning.getMessage() == "hosted zone is not delegated"
    caplog.clear()
    delegate_shop(dns)
    issue(MemoryCertificates(), dns, wanted)
    assert [entry for entry in caplog.records if entry.levelname == "WARNING"] == []


# --- The result -------------------------------------------------------------------------------


def test_the_result_has_exactly_the_keys_of_the_contract() -> None:
    dns = MemoryDns(zone("example.com.", "Z1"))
    wanted = replace(WANTED, names=("example.com", "*.example.com"))
    issuance = issue(MemoryCertificates(), dns, wanted)
    found = creation_result(issuance, "123456789012", dry_run=False, sdk="boto3 1")
    assert issuance.certificate is not None
    assert found == {
        "certificate_arn": issuance.certificate.arn,
        "domain_name": "example.com",
        "alternative_names": ["*.example.com"],
        "region": "eu-west-1",
        "account_id": "123456789012",
        "status": "PENDING_VALIDATION",
        "created": True,
        "validation_records": [
            {
                "name": f"{LABEL}.example.com.",
                "type": "CNAME",
                "value": "_b2.c3.acm-validations.aws.",
                "zone_id": "Z1",
                "zone_name": "example.com.",
                "change": "created",
            }
        ],
        "public_dns": None,
        "parameter": None,
        "dry_run": False,
        "sdk": "boto3 1",
    }
    assert json.loads(json.dumps(found)) == found


def test_the_result_of_a_dry_run_that_found_nothing_names_no_certificate() -> None:
    issuance = issue(MemoryCertificates(), MemoryDns(HOME), dry_run=True)
    found = creation_result(issuance, "123456789012", dry_run=True, sdk="boto3 1")
    assert (found["certificate_arn"], found["status"], found["created"]) == (None, None, False)
    assert found["dry_run"] is True


def test_what_acm_and_route_53_say_of_records_is_cleaned_in_the_result() -> None:
    record = ValidationRecord("_a1\x1b[2J.", "CNAME\n", "\u202ex.")
    finding = RecordFinding(record, RecordState.IN_PLACE, Zone("Z\x071", "a\u2028b."))
    issuance = Issuance(request=WANTED, certificate=WAITING, records=(finding,), created=False)
    (entry,) = creation_result(issuance, "123456789012", dry_run=False, sdk="boto3 1")[
        "validation_records"
    ]
    assert list(entry.values()) == ["_a1 [2J.", "CNAME", "x.", "Z 1", "a b.", "unchanged"]
