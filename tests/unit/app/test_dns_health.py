"""The names that are compared with public DNS, and the effect of an unknown answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from certificate_lifecycle.app.collect import Collector, ScanResult
from certificate_lifecycle.app.dns_health import DnsHealth, NameJudge, require_issuable
from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateType,
    Reason,
    ValidationMethod,
    Verdict,
)
from certificate_lifecycle.model.errors import IssuanceForbiddenError
from certificate_lifecycle.model.public_dns import DnsCounts, RecordType
from certificate_lifecycle.policy.notification_state import AlertRecord, alert_record
from certificate_lifecycle.policy.thresholds import Thresholds
from tests.unit.builders import (
    EXPIRED,
    LABEL,
    NOW,
    arn,
    blocked,
    certificate,
    days,
    dns_problem,
    imported,
    judged,
    observation,
    request,
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

CAA, CNAME, NS = RecordType.CAA, RecordType.CNAME, RecordType.NS
HOME = zone()
SERVER = "ns-1.awsdns-01.org"
SHOP = certificate(
    names=("shop.example.com",), detail=CertificateDetail(validations=(validation(),))
)
RECORD = f"{LABEL}.shop.example.com"


def hosted() -> MemoryDns:
    dns = MemoryDns(HOME)
    dns.put(HOME, "example.com.", "NS", f"{SERVER}.")
    return dns


def delegated(*servers: str) -> MemoryPublicDns:
    public_dns = MemoryPublicDns()
    public_dns.put("example.com", NS, *(servers or (SERVER,)))
    return public_dns


def collected(
    public_dns: MemoryPublicDns,
    *stored: Certificate,
    dns: MemoryDns | None = None,
    reported: Collection[AlertRecord] = (),
    seconds: float = 900.0,
) -> tuple[ScanResult, DnsHealth]:
    clock, dns = MemoryClock(seconds), dns or hosted()
    judge = NameJudge(public_dns=public_dns, dns=dns, clock=clock)
    alerts = {alert.subject.text: alert for alert in reported}
    health = DnsHealth(judge=judge, now=NOW, alert_records=alerts)
    result = Collector(
        context=run_context(clock=clock),
        certificates=MemoryCertificates(*stored),
        dns=dns,
        catalog=MemoryCatalog(),
        sources=no_sources(),
        dns_health=health,
    ).scan(())
    return result, health


def alert_of(certificate: Certificate, reason: Reason) -> AlertRecord:
    """Return the record of a finding that was reported yesterday."""
    found = judged(observation(certificate, dns=dns_problem(reason)))
    return alert_record(found, None, Thresholds(), NOW - days(1))


def verdict(result: ScanResult) -> tuple[Verdict, Reason]:
    (entry,) = result.assessments
    return entry.decision.verdict, entry.decision.reason


def counted(health: DnsHealth) -> tuple[int, int, int]:
    counts = health.counts()
    return counts.checked, counts.unknown, counts.not_asked


def test_a_healthy_name_costs_queries_and_no_description() -> None:
    public_dns = delegated()
    result, health = collected(public_dns, SHOP)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)
    assert list(public_dns.asked) == [
        ("example.com", NS),
        ("shop.example.com", CAA),
        ("example.com", CAA),
    ]
    assert (counted(health), result.problems) == ((1, 0, 0), [])
    assert not result.assessments[0].certificate.described


def test_a_certificate_at_risk_is_described_so_that_its_tags_and_consumers_are_known() -> None:
    result, _ = collected(delegated("ada.ns.cloudflare.com"), SHOP)
    assert verdict(result) == (Verdict.RENEWAL_AT_RISK, Reason.ZONE_NOT_DELEGATED)
    assert result.assessments[0].certificate.detail.tags_read


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("servers", "expected"),
    [(SERVER, Reason.FAR_FROM_EXPIRY), ("ada.ns.cloudflare.com", Reason.ZONE_NOT_DELEGATED)],
)
def test_one_of_two_zones_of_the_same_name_has_to_be_delegated(
    servers: str, expected: Reason, *, first: bool
) -> None:
    twin = zone(zone_id="ZTWIN")
    dns = MemoryDns(*((HOME, twin) if first else (twin, HOME)))
    dns.put(HOME, "example.com.", "NS", f"{SERVER}.")
    dns.put(twin, "example.com.", "NS", "ns-9.awsdns-09.net.")
    result, _ = collected(delegated(servers), SHOP, dns=dns)
    assert verdict(result)[1] is expected


def test_a_right_record_elsewhere_makes_the_hosted_zone_irrelevant() -> None:
    public_dns = delegated("ada.ns.cloudflare.com")
    public_dns.put(RECORD, CNAME, "b2.c3.acm-validations.aws")
    result, _ = collected(public_dns, SHOP)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)


def test_the_delegation_of_a_name_that_is_validated_by_mail_is_irrelevant() -> None:
    by_mail = CertificateDetail(validations=(validation(method=ValidationMethod.EMAIL),))
    result, _ = collected(delegated("ada.ns.cloudflare.com"), replace(SHOP, detail=by_mail))
    assert verdict(result) == (Verdict.RENEWAL_AT_RISK, Reason.EMAIL_VALIDATION_ENDS)


def test_the_record_that_acm_waits_for_is_compared_with_public_dns() -> None:
    public_dns = MemoryPublicDns("example.net")
    waiting = blocked()
    result, _ = collected(public_dns, waiting, dns=MemoryDns())
    assert verdict(result) == (Verdict.RENEWAL_BLOCKED, Reason.VALIDATION_RECORD_MISSING)
    public_dns.put(RECORD, CNAME, "_b2.c3.acm-validations.aws")
    result, _ = collected(public_dns, waiting, dns=MemoryDns())
    assert verdict(result) == (Verdict.RENEWING, Reason.RECORDS_IN_PLACE)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(imported(), id="imported"),
        pytest.param(certificate(type=CertificateType.PRIVATE), id="private"),
        pytest.param(certificate(in_use=False), id="unused"),
        pytest.param(certificate(status=EXPIRED, ends_in=-days(1)), id="expired"),
        pytest.param(certificate(ends_in=-days(1)), id="at its end"),
        pytest.param(certificate(key_pair_origin="ACME"), id="of an ACME client"),
        pytest.param(certificate(managed_by="CLOUDFRONT"), id="of CloudFront"),
        pytest.param(request(created_at=NOW), id="requested today"),
    ],
)
def test_names_that_acm_does_not_validate_again_are_not_queried(other: Certificate) -> None:
    public_dns = delegated()
    _, health = collected(public_dns, other)
    assert (public_dns.asked, counted(health)) == ({}, (0, 0, 0))


def test_names_beyond_the_limit_are_counted_and_the_most_urgent_are_checked() -> None:
    many = [
        certificate(
            arn=arn(f"n{number}"), names=(f"n{number}.example.com",), ends_in=days(61 + number)
        )
        for number in range(250)
    ]
    public_dns = delegated()
    _, health = collected(public_dns, *reversed(many))
    checked, unknown, not_asked = counted(health)
    assert (checked + not_asked, unknown) == (250, 0)
    assert len(public_dns.asked) <= 200
    assert ("n0.example.com", CAA) in public_dns.asked
    assert ("n249.example.com", CAA) not in public_dns.asked


def queries(scopes: int, *, due: int = 0, waiting: int = 0, others: int = 0) -> int:
    """Return the queries that one of `scopes` sends for certificates of one name each."""
    public_dns = delegated()
    judge = NameJudge(public_dns=public_dns, dns=hosted(), clock=MemoryClock(900.0))
    health = DnsHealth(judge=judge, now=NOW, scopes=scopes)
    made = iter(range(due + waiting + others))

    def many(count: int, like: Certificate) -> list[Certificate]:
        numbers = [next(made) for _ in range(count)]
        return [
            replace(like, arn=arn(f"c{n}"), names=(f"n{n}.example.com",), detail=NOT_DESCRIBED)
            for n in numbers
        ]

    health.prepare([*many(others, SHOP), *many(waiting, request())], many(due, SHOP))
    return len(public_dns.asked)


@pytest.mark.parametrize(
    ("scopes", "due"), [(1, 5_600), (2, 2_700), (13, 246), (15, 200), (100, 30)]
)
def test_checks_of_next_renewals_have_an_equal_share_and_leave_queries_to_all_that_wait(
    scopes: int, due: int
) -> None:
    sent = queries(scopes, due=6_000)
    assert due - 5 < sent <= due
    assert scopes * (due + min(200, 3_000 // scopes)) <= 6_000
    # Requests that wait have their own queries in addition.
    assert 195 <= queries(scopes, due=6_000, waiting=300) - sent <= 200


def test_certificates_that_nothing_is_known_of_share_the_queries_of_many_accounts() -> None:
    assert 195 <= queries(15, others=300) <= 200
    assert 25 <= queries(100, others=300) <= 30
    assert 195 <= queries(100, others=300, waiting=300) <= 200


def test_an_open_finding_stays_open_while_the_answer_is_unknown() -> None:
    reported = [alert_of(SHOP, Reason.DNSSEC_BROKEN)]
    result, health = collected(MemoryPublicDns(silent=True), SHOP, reported=reported)
    assert verdict(result) == (Verdict.RENEWAL_AT_RISK, Reason.DNSSEC_BROKEN)
    assert counted(health) == (0, 1, 0)
    result, _ = collected(delegated(), SHOP, reported=reported)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)


def test_an_open_finding_is_checked_before_others_and_stays_open_without_a_check() -> None:
    names = tuple(f"n{number}.example.com" for number in range(199))
    large = replace(SHOP, arn=arn("large"), names=names)
    late = replace(SHOP, not_after=NOW + days(180))
    _, health = collected(delegated(), large, late, reported=[alert_of(late, Reason.CAA_FORBIDS)])
    assert counted(health) == (1, 0, 199)
    result, _ = collected(
        delegated(),
        large,
        late,
        reported=[alert_of(entry, Reason.CAA_FORBIDS) for entry in (large, late)],
    )
    assert [entry.decision.verdict for entry in result.assessments].count(
        Verdict.RENEWAL_AT_RISK
    ) == 1


@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        pytest.param(MemoryDns(), Reason.VALIDATION_RECORD_MISSING, id="zone elsewhere"),
        pytest.param(hosted(), Reason.RECORDS_IN_PLACE, id="written in the hosted zone"),
    ],
)
def test_a_missing_record_stays_missing_only_where_public_dns_has_to_answer(
    dns: MemoryDns, expected: Reason
) -> None:
    waiting = blocked()
    dns.put(HOME, RECORD, "CNAME", "_b2.c3.acm-validations.aws.")
    (assessed,) = collected(MemoryPublicDns(), waiting, dns=MemoryDns())[0].assessments
    open_alert = alert_record(assessed, None, Thresholds(), NOW - days(1))
    assert open_alert.reason == Reason.VALIDATION_RECORD_MISSING
    silent = MemoryPublicDns(silent=True)
    result, _ = collected(silent, waiting, dns=dns, reported=[open_alert])
    assert verdict(result)[1] is expected


def test_unknown_answers_are_counted_with_a_reason_and_are_no_finding() -> None:
    result, health = collected(MemoryPublicDns(silent=True), SHOP)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)
    assert health.counts() == DnsCounts(
        unknown=1, reason="the delegation of example.com is unknown: timeout"
    )


@pytest.mark.parametrize("broken", ["zones", "servers example.com"])
def test_hosted_zones_that_cannot_be_read_leave_a_name_unknown(broken: str) -> None:
    dns = hosted()
    dns.broken[broken] = Outage("no")
    result, health = collected(delegated(), SHOP, dns=dns)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)
    assert counted(health) == (0, 1, 0)


def test_a_run_without_time_checks_nothing() -> None:
    result, health = collected(delegated(), SHOP, seconds=10)
    assert verdict(result) == (Verdict.HEALTHY, Reason.FAR_FROM_EXPIRY)
    assert counted(health) == (0, 1, 0)


NAMES = ("shop.example.com", "*.shop.example.com")


def test_a_request_that_dns_allows_may_be_made() -> None:
    assert require_issuable(delegated(), hosted(), NAMES) == DnsCounts(checked=2)
    assert require_issuable(None, hosted(), NAMES) is None
    assert require_issuable(None, None, NAMES) is None


def test_one_error_names_every_problem_of_a_request() -> None:
    public_dns = delegated()
    public_dns.put("shop.example.com", CAA, '0 issue "amazon.com"', '0 issuewild "pki.goog"')
    public_dns.break_dnssec("example.net", CAA)
    with pytest.raises(IssuanceForbiddenError) as raised:
        require_issuable(public_dns, hosted(), (*NAMES, "example.net"))
    assert str(raised.value) == (
        "nothing was requested, because no CA could issue: resolvers that validate DNSSEC reject "
        "example.net (no valid signature), and a CA must refuse; make the DS records of its zone "
        "in the parent zone match the zone's keys, or remove them if the zone is not signed; the "
        "CAA records at shop.example.com allow only pki.goog to issue wildcards; add 0 issuewild "
        '"amazon.com" there'
    )


def test_an_unknown_answer_does_not_prevent_a_request() -> None:
    counts = require_issuable(MemoryPublicDns(silent=True), hosted(), NAMES)
    assert counts == DnsCounts(
        unknown=2, reason="the CAA records of shop.example.com in public DNS are unknown: timeout"
    )


@pytest.mark.parametrize("public_dns", [None, MemoryPublicDns(silent=True)])
def test_route_53_decides_on_caa_records_that_public_dns_does_not_answer(
    public_dns: MemoryPublicDns | None,
) -> None:
    dns = hosted()
    dns.put(HOME, "example.com", "CAA", '0 issue "letsencrypt.org"')
    with pytest.raises(IssuanceForbiddenError, match=r"only letsencrypt\.org"):
        require_issuable(public_dns, dns, NAMES)


def test_public_dns_decides_against_caa_records_in_route_53() -> None:
    dns = hosted()
    dns.put(HOME, "example.com", "CAA", '0 issue "letsencrypt.org"')
    assert require_issuable(delegated(), dns, NAMES) == DnsCounts(checked=2)
