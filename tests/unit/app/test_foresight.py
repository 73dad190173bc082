"""The checks of the next renewals within a run: what was not answered stays due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pytest

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.dns_health import DnsHealth, NameJudge
from certificate_lifecycle.app.foresight import Foresight
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateDetail,
    Reason,
    Verdict,
)
from certificate_lifecycle.model.public_dns import RecordType
from certificate_lifecycle.policy.notification_state import AlertRecord, alert_record
from certificate_lifecycle.policy.remembered import Remembered, RememberedCertificates
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.validation import ExistingRecord, RecordState
from tests.unit.builders import (
    LABEL,
    NOW,
    arn,
    certificate,
    days,
    finding,
    judged,
    observation,
    validation,
    zone,
)
from tests.unit.consumers import MemoryCatalog
from tests.unit.fakes import (
    MemoryCertificates,
    MemoryClock,
    MemoryDns,
    MemoryPublicDns,
    Outage,
    no_sources,
    run_context,
)

HOME, SERVER = zone(), "ns-1.awsdns-01.org"
NAME, VALUE = f"{LABEL}.shop.example.com", "b2.c3.acm-validations.aws"
SHOP = certificate(
    names=("shop.example.com",), detail=CertificateDetail(validations=(validation(),))
)


def hosted(*, record: bool = True) -> MemoryDns:
    dns = MemoryDns(HOME)
    dns.put(HOME, "example.com.", "NS", f"{SERVER}.")
    if record:
        dns.records[HOME.zone_id, NAME] = (ExistingRecord(NAME, "CNAME", (VALUE,)),)
    return dns


def answering(*, record: bool = True) -> MemoryPublicDns:
    public_dns = MemoryPublicDns()
    public_dns.put("example.com", RecordType.NS, SERVER)
    if record:
        public_dns.put(NAME, RecordType.CNAME, VALUE)
    return public_dns


def checked(
    dns: MemoryDns,
    public_dns: MemoryPublicDns | None,
    *stored: Certificate,
    reported: Collection[AlertRecord] = (),
    seconds: float = 900.0,
) -> ScanResult:
    """Scan certificates that earlier runs never checked."""
    clock = MemoryClock(seconds)
    alerts = {alert.subject.text: alert for alert in reported}
    health = None
    if public_dns is not None:
        judge = NameJudge(public_dns=public_dns, dns=dns, clock=clock)
        health = DnsHealth(judge=judge, now=NOW, alert_records=alerts)
    return Collector(
        context=run_context(clock=clock),
        certificates=MemoryCertificates(*(stored or (SHOP,))),
        dns=dns,
        catalog=MemoryCatalog(),
        sources=no_sources(),
        dns_health=health,
        memory=RememberedCertificates(since=NOW - days(30)),
        foresight=Foresight(clock=clock, now=NOW, alert_records=alerts),
    ).scan(())


def times(result: ScanResult) -> list[datetime]:
    """Return the times of the checks that the next run knows of."""
    assert result.known is not None
    kept = result.known.descriptions.to_store((), ()).entries
    return [entry.checked_at for entry in kept.values() if entry.checked_at is not None]


def decided(result: ScanResult) -> tuple[Verdict, Reason, Action]:
    (entry,) = result.assessments
    return entry.decision.verdict, entry.decision.reason, entry.decision.action


HEALTHY = (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY, Action.NONE)


@pytest.mark.parametrize("public_dns", [answering(), None], ids=["asked", "without public DNS"])
def test_a_healthy_certificate_is_remembered_as_checked_and_returned_as_listed(
    public_dns: MemoryPublicDns | None,
) -> None:
    result = checked(hosted(), public_dns)
    assert (decided(result), times(result)) == (HEALTHY, [NOW])
    assert not result.assessments[0].certificate.described


def test_a_lost_record_of_our_zone_is_to_be_restored() -> None:
    result = checked(hosted(record=False), answering(record=False))
    reason, action = Reason.VALIDATION_RECORD_MISSING, Action.RESTORE_RECORDS
    assert decided(result) == (Verdict.RENEWAL_AT_RISK, reason, action)
    assert f"{NAME}" in result.assessments[0].decision.message


def test_a_record_that_public_dns_does_not_know_yet_is_no_trouble() -> None:
    assert decided(checked(hosted(), answering(record=False))) == HEALTHY


def test_without_an_answer_a_certificate_is_healthy_and_due_again_on_the_next_day() -> None:
    result = checked(hosted(), MemoryPublicDns(silent=True))
    (at,) = times(result)
    assert (decided(result), result.problems) == (HEALTHY, [])
    assert at < NOW - days(4)


def test_what_the_budget_does_not_suffice_for_stays_due(monkeypatch: pytest.MonkeyPatch) -> None:
    # Four queries for the first one, with its record, and one more for the second.
    monkeypatch.setattr("certificate_lifecycle.app.dns_health._MAX_DUE_QUERIES", 8)
    second = replace(SHOP, arn=arn("www"), names=("www.example.com",), detail=CertificateDetail())
    third = replace(second, arn=arn("far"), names=("far.example.net",))
    result = checked(hosted(), answering(), SHOP, second, third)
    assert [entry.decision.healthy for entry in result.assessments] == [True] * 3
    assert times(result) == [NOW, NOW]


def alert(reason: RecordState) -> AlertRecord:
    """Return the record of yesterday's finding about a validation record."""
    found = judged(observation(SHOP, finding(reason)))
    return alert_record(found, None, Thresholds(), NOW - days(1))


def test_with_little_time_only_open_findings_are_checked() -> None:
    other = replace(SHOP, arn=arn("other"))
    result = checked(
        hosted(), answering(), SHOP, other, reported=[alert(RecordState.MISSING)], seconds=200
    )
    assert result.known is not None
    assert list(result.known.descriptions.entries) == [SHOP.arn]


def test_an_open_finding_stays_open_while_neither_route_53_nor_public_dns_answers() -> None:
    dns = hosted(record=False)
    dns.broken[f"records {NAME}"] = Outage()
    public_dns = answering(record=False)
    public_dns.lose(NAME, RecordType.CNAME)
    result = checked(dns, public_dns, reported=[alert(RecordState.MISSING)])
    verdict, reason, _ = decided(result)
    assert (verdict, reason) == (Verdict.RENEWAL_AT_RISK, Reason.VALIDATION_RECORD_MISSING)


def test_an_open_finding_stays_open_while_route_53_does_not_answer_without_public_dns() -> None:
    dns = hosted(record=False)
    dns.broken[f"records {NAME}"] = Outage()
    result = checked(dns, None, reported=[alert(RecordState.MISSING)])
    verdict, reason, _ = decided(result)
    assert (verdict, reason) == (Verdict.RENEWAL_AT_RISK, Reason.VALIDATION_RECORD_MISSING)
    assert decided(checked(dns, None)) == HEALTHY


def test_an_open_finding_ends_once_its_record_is_in_place() -> None:
    assert decided(checked(hosted(), answering(), reported=[alert(RecordState.MISSING)])) == HEALTHY


# --- The share of a day ---------------------------------------------------------------------------


def entries(result: ScanResult) -> dict[str, Remembered]:
    assert result.known is not None
    return dict(result.known.descriptions.to_store((), ()).entries)


def test_a_certificate_counts_with_or_without_an_answer_or_a_finding() -> None:
    silent, lost = MemoryPublicDns(), answering(record=False)
    for public_dns in (answering(), silent, lost):
        (entry,) = entries(checked(hosted(record=public_dns is not lost), public_dns)).values()
        assert entry.tried_at == NOW


def test_an_open_finding_does_not_count() -> None:
    dns, public_dns = hosted(record=False), answering(record=False)
    open_alert = alert(RecordState.MISSING)
    (entry,) = entries(checked(dns, public_dns, reported=[open_alert])).values()
    assert (entry.tried_at, entry.checked_at) == (None, None)


def test_a_finding_that_no_alert_keeps_open_is_not_checked_again_by_each_run() -> None:
    """Else it would take the share of the others every day."""
    copied = replace(
        SHOP, exported=True, exportable=True, not_before=NOW - days(120), not_after=NOW + days(80)
    )
    result = checked(hosted(), answering(), copied)
    assert decided(result)[1] is Reason.EXPORT_TARGET_MISSING
    assert times(result) == [NOW]
