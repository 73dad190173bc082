"""Mending in place: only what was judged mendable, only in that mode, and safe to repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certificate_lifecycle.app.collect import Collector
from certificate_lifecycle.app.reimport import Reimport
from certificate_lifecycle.app.repair import Repair
from certificate_lifecycle.app.repair_memory import RepairMemory
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateDetail,
    RenewalStatus,
)
from certificate_lifecycle.model.errors import MigrationNotPossibleError
from certificate_lifecycle.model.run import ActionRecord, Outcome
from certificate_lifecycle.policy.settings import RotationMode
from tests.unit.builders import (
    APPROVAL,
    BY_EMAIL,
    LABEL,
    arn,
    blocked,
    certificate,
    days,
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
BLOCKED = replace(blocked(), arn=arn("blocked"))
APPROVED_BY_MAIL = replace(renewing(APPROVAL), arn=arn("mail"))


def run_repair(
    certificates: MemoryCertificates,
    dns: MemoryDns | None = None,
    clock: MemoryClock | None = None,
    *,
    mode: RotationMode = RotationMode.REPAIR,
    dry_run: bool = False,
) -> list[ActionRecord]:
    """Look, and act on what was found."""
    dns, context = dns or MemoryDns(HOME), run_context(mode=mode, dry_run=dry_run)
    found = Collector(
        context=context,
        certificates=certificates,
        dns=dns,
        catalog=MemoryCatalog(),
        sources=no_sources(),
    ).scan([])
    context = replace(context, clock=clock or MemoryClock())
    repair = Repair(
        context=context,
        certificates=certificates,
        dns=dns,
        reimport=Reimport(context=context, certificates=certificates, histories=None),
        memory=RepairMemory(now=context.now),
    )
    return repair.act(found)


# --- Which certificates -----------------------------------------------------------------------


def test_records_that_the_module_must_not_write_are_named_for_a_pipeline() -> None:
    (done,) = run_repair(MemoryCertificates(BLOCKED), mode=RotationMode.NOTIFY)
    (wanted,) = done.dns_records
    assert (wanted.zone, wanted.replaces) == ("example.com", False)
    (done,) = run_repair(MemoryCertificates(BLOCKED), MemoryDns(), mode=RotationMode.REPAIR)
    assert (done.action, done.outcome) == (Action.FIX_VALIDATION, Outcome.ADVISED)
    assert done.dns_records == (replace(wanted, zone=None),)
    (done,) = run_repair(MemoryCertificates(BLOCKED))
    assert (done.outcome, done.dns_records) == (Outcome.DONE, ())


def test_healthy_unused_and_renewing_certificates_need_no_action() -> None:
    certificates = MemoryCertificates(
        certificate(),
        certificate(arn=arn("unused"), in_use=False),
        certificate(arn=arn("renewing"), ends_in=days(40)),
    )
    assert run_repair(certificates) == []


def test_what_cannot_be_repaired_here_is_advised() -> None:
    due = imported(ends_in=days(20))
    advice = ActionRecord(due.arn, Action.REIMPORT, Outcome.ADVISED, Action.REIMPORT.meaning)
    assert run_repair(MemoryCertificates(due)) == [advice]


@pytest.mark.parametrize("broken", [BLOCKED, APPROVED_BY_MAIL], ids=["records", "e-mail"])
def test_without_repair_everything_is_advice_and_nothing_is_changed(broken: Certificate) -> None:
    certificates, dns = MemoryCertificates(broken, migrates=True), MemoryDns(HOME)
    (done,) = run_repair(certificates, dns, mode=RotationMode.NOTIFY)
    assert done.outcome is Outcome.ADVISED
    assert (dns.batches, certificates.resent, certificates.migrated) == ([], [], [])


@pytest.mark.parametrize("broken", [BLOCKED, APPROVED_BY_MAIL], ids=["records", "e-mail"])
def test_a_dry_run_plans_and_changes_nothing(broken: Certificate) -> None:
    certificates, dns = MemoryCertificates(broken, migrates=True), MemoryDns(HOME)
    (done,) = run_repair(certificates, dns, dry_run=True)
    assert done.outcome is Outcome.PLANNED
    assert (dns.batches, certificates.resent, certificates.migrated) == ([], [], [])


# --- Records ----------------------------------------------------------------------------------


def test_a_missing_record_of_a_blocked_renewal_is_written() -> None:
    dns = MemoryDns(HOME)
    assert run_repair(MemoryCertificates(BLOCKED), dns) == [
        ActionRecord(
            BLOCKED.arn,
            Action.RESTORE_RECORDS,
            Outcome.DONE,
            f"created {LABEL}.shop.example.com.",
        )
    ]
    assert dns.batches == [(HOME, (record(),))]


def test_a_missing_record_of_a_stuck_request_is_written() -> None:
    dns = MemoryDns(HOME)
    run_repair(
        MemoryCertificates(request(detail=CertificateDetail(validations=(validation(),)))), dns
    )
    assert dns.batches == [(HOME, (record(),))]


def test_a_second_run_finds_nothing_to_write() -> None:
    certificates, dns = MemoryCertificates(BLOCKED), MemoryDns(HOME)
    run_repair(certificates, dns)
    assert run_repair(certificates, dns) == []
    assert len(dns.batches) == 1


def test_an_outdated_record_is_replaced_and_a_foreign_one_is_not_changed() -> None:
    waits = renewal(
        RenewalStatus.PENDING_VALIDATION,
        None,
        validation("a.example.com"),
        validation("b.example.com"),
        validation("c.example.com"),
    )
    dns = MemoryDns(HOME)
    dns.put(HOME, record("a.example.com").name, "CNAME", "_old.acm-validations.aws.")
    dns.put(HOME, record("b.example.com").name, "TXT", '"mine"')
    dns.put(HOME, record("c.example.com").name, "CNAME", record("c.example.com").value)
    (done,) = run_repair(MemoryCertificates(renewing(waits)), dns)
    assert done.detail == (
        f"updated {LABEL}.a.example.com.; not written: {LABEL}.b.example.com in zone "
        'example.com (Z1) is TXT "mine"; ACM requires CNAME _b2.c3.acm-validations.aws'
    )
    assert dns.written == {"Z1": [record("a.example.com").name]}


def test_one_failure_stops_no_other_repair() -> None:
    other = zone("example.net.", "Z2")
    dns = MemoryDns(HOME, other)
    dns.broken["upsert Z1"] = Outage("AccessDenied")
    waits = renewal(RenewalStatus.PENDING_VALIDATION, None, validation("example.net"))
    elsewhere = replace(renewing(waits), arn=arn("elsewhere"))
    failed, done = run_repair(MemoryCertificates(BLOCKED, elsewhere), dns)
    assert failed == ActionRecord(
        BLOCKED.arn, Action.RESTORE_RECORDS, Outcome.FAILED, "unexpected outage: AccessDenied"
    )
    assert done.outcome is Outcome.DONE
    assert dns.written == {"Z2": [record("example.net").name]}


def test_without_time_nothing_is_started() -> None:
    dns = MemoryDns(HOME)
    (failed,) = run_repair(MemoryCertificates(BLOCKED), dns, MemoryClock(29))
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "the function's time ran out")
    assert dns.batches == []


# --- Approval by e-mail -----------------------------------------------------------------------


def test_where_acm_cannot_migrate_the_mail_is_sent_again() -> None:
    certificates = MemoryCertificates(APPROVED_BY_MAIL)
    assert run_repair(certificates) == [
        ActionRecord(
            APPROVED_BY_MAIL.arn,
            Action.RENEW_BY_EMAIL,
            Outcome.DONE,
            "approval e-mail sent again for shop.example.com",
        )
    ]


def test_the_mail_is_sent_again_only_for_names_that_still_wait() -> None:
    waits = renewal(
        RenewalStatus.PENDING_VALIDATION,
        None,
        BY_EMAIL,
        replace(BY_EMAIL, domain_name="done.example.com", validated=True),
        validation("dns.example.com"),
    )
    certificates = MemoryCertificates(renewing(waits))
    run_repair(certificates)
    assert certificates.resent == ["shop.example.com"]


def test_a_certificate_is_migrated_to_dns_under_its_arn() -> None:
    certificates, dns = MemoryCertificates(APPROVED_BY_MAIL, migrates=True), MemoryDns(HOME)
    certificates.migration = [(record(),)]
    (done,) = run_repair(certificates, dns)
    assert (done.outcome, done.detail) == (
        Outcome.STARTED,
        f"migration from e-mail to DNS validation started; created {LABEL}.shop.example.com.",
    )
    assert certificates.migrated == [APPROVED_BY_MAIL.arn]
    assert certificates.resent == []
    assert dns.batches == [(HOME, (record(),))]


def test_a_migration_whose_records_stand_already_writes_nothing() -> None:
    certificates, dns = MemoryCertificates(APPROVED_BY_MAIL, migrates=True), MemoryDns(HOME)
    certificates.migration = [(record(),)]
    dns.put(HOME, record().name, "CNAME", record().value)
    (done,) = run_repair(certificates, dns)
    assert done.detail.endswith("started; all records are in place")
    assert dns.batches == []


def test_the_records_of_every_name_of_a_migration_are_awaited() -> None:
    certificates, dns = MemoryCertificates(APPROVED_BY_MAIL, migrates=True), MemoryDns(HOME)
    both = (record(), record("b.example.com"))
    certificates.migration = [(), (record(), None), both]
    clock = MemoryClock()
    run_repair(certificates, dns, clock)
    assert dns.batches == [(HOME, both)]
    assert clock.slept == [3.0, 3.0]


def test_a_migration_that_takes_long_is_started_and_left_to_the_next_run() -> None:
    certificates, dns = MemoryCertificates(APPROVED_BY_MAIL, migrates=True), MemoryDns(HOME)
    certificates.migration = [(record(), None)]
    clock = MemoryClock()
    (begun,) = run_repair(certificates, dns, clock)
    assert begun.outcome is Outcome.STARTED
    assert sum(clock.slept) <= 30
    assert dns.batches == []


def test_a_migration_does_not_use_up_the_time_for_the_message() -> None:
    certificates = MemoryCertificates(APPROVED_BY_MAIL, migrates=True)
    certificates.migration = [(None,)]
    clock = MemoryClock(40)
    run_repair(certificates, MemoryDns(HOME), clock)
    assert clock.remaining() >= 30


def test_a_migration_that_has_started_is_continued() -> None:
    under_way = replace(
        APPROVED_BY_MAIL,
        detail=replace(APPROVED_BY_MAIL.detail, migrating_to_dns=True),
    )
    certificates, dns = MemoryCertificates(under_way, migrates=True), MemoryDns(HOME)
    certificates.migration = [(record(),)]
    (begun,) = run_repair(certificates, dns)
    assert (begun.outcome, begun.detail) == (
        Outcome.STARTED,
        f"migration from e-mail to DNS validation in progress; created {LABEL}.shop.example.com.",
    )
    assert certificates.migrated == []
    assert dns.batches == [(HOME, (record(),))]


def test_a_certificate_that_acm_will_not_migrate_gets_the_mail_again_and_says_why() -> None:
    certificates = MemoryCertificates(APPROVED_BY_MAIL, migrates=True)
    refusal = MigrationNotPossibleError("it cannot migrate to DNS")
    certificates.broken[f"migrate {APPROVED_BY_MAIL.arn}"] = refusal
    (done,) = run_repair(certificates)
    assert done.detail.endswith("for shop.example.com (it cannot migrate to DNS)")
    assert certificates.resent == ["shop.example.com"]


@pytest.mark.parametrize(
    ("dns", "why"),
    [
        (MemoryDns(), "no writable public hosted zone"),
        (MemoryDns(HOME, zone(zone_id="Z2")), "several public hosted zones"),
    ],
    ids=["none", "two"],
)
def test_a_certificate_whose_zone_is_not_known_is_not_migrated(dns: MemoryDns, why: str) -> None:
    certificates = MemoryCertificates(APPROVED_BY_MAIL, migrates=True)
    (done,) = run_repair(certificates, dns)
    assert why in done.detail
    assert certificates.migrated == []
    assert certificates.resent == ["shop.example.com"]


def test_before_a_renewal_a_certificate_migrates_or_is_left_to_a_person() -> None:
    healthy = certificate(detail=CertificateDetail(validations=(BY_EMAIL,)))
    certificates, dns = MemoryCertificates(healthy, migrates=True), MemoryDns(HOME)
    certificates.by_email = {healthy.arn}
    certificates.migration = [(record(),)]
    (planned,) = run_repair(certificates, dns, dry_run=True)
    assert planned.detail == "start its migration to DNS validation"
    (done,) = run_repair(certificates, dns)
    assert (done.outcome, certificates.migrated) == (Outcome.STARTED, [healthy.arn])
    certificates.broken[f"migrate {healthy.arn}"] = MigrationNotPossibleError("refused")
    for there in (dns, MemoryDns()):
        (left,) = run_repair(certificates, there)
        assert left.outcome is Outcome.ADVISED
    assert certificates.resent == []


def test_zones_and_searches_that_cannot_be_read_start_no_migration() -> None:
    healthy = certificate(detail=CertificateDetail(validations=(BY_EMAIL,)))
    certificates, dns = MemoryCertificates(healthy, migrates=True), MemoryDns(HOME)
    certificates.by_email = {healthy.arn}
    dns.broken["zones"] = Outage("Throttling")
    (left,) = run_repair(certificates, dns)
    assert left.outcome is Outcome.ADVISED
    assert "the hosted zones could not be read: unexpected outage: Throttling" in left.detail
    certificates.broken["validated_by_email"] = Outage("Throttling")
    assert run_repair(certificates, dns) == []
    assert certificates.migrated == []


def test_a_request_that_was_never_issued_is_not_migrated() -> None:
    stuck = request(detail=CertificateDetail(validations=(BY_EMAIL,)))
    certificates = MemoryCertificates(stuck, migrates=True)
    run_repair(certificates)
    assert certificates.migrated == []
    assert certificates.resent == ["shop.example.com"]


def test_a_mail_that_cannot_be_sent_has_failed() -> None:
    certificates = MemoryCertificates(APPROVED_BY_MAIL)
    certificates.broken[f"resend {APPROVED_BY_MAIL.arn}"] = Outage("Throttling")
    (failed,) = run_repair(certificates)
    assert (failed.outcome, failed.detail) == (Outcome.FAILED, "unexpected outage: Throttling")
