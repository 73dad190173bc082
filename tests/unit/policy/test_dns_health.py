"""The answers of public DNS about a name: delegation, DNSSEC, CAA and the validation record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

from certificate_lifecycle.model.certificate import Reason
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.model.run import RecordToWrite
from certificate_lifecycle.policy.dns_health import (
    NOT_CHECKED,
    DnsFinding,
    DnsName,
    DnsProblem,
    PublicRecordState,
    effective_state,
    is_lost,
    judge_names,
    public_record,
    questions,
    records_to_write,
    without_answers,
)
from certificate_lifecycle.policy.validation import RecordFinding, RecordState
from tests.unit.builders import LABEL, answered, finding, record, zone
from tests.unit.fakes import MemoryPublicDns

CAA, CNAME, NS = RecordType.CAA, RecordType.CNAME, RecordType.NS
NAME = "www.shop.example.com"
HOME = zone("shop.example.com.", "Z1")
OWN = frozenset({"ns-1.awsdns-01.org", "ns-2.awsdns-02.com"})
CNAME_OF = f"{LABEL}.{NAME}"
VALUE = "_b2.c3.acm-validations.aws"


def public(*servers: str) -> MemoryPublicDns:
    """Return public DNS that delegates the zone to `servers`, by default to its own ones."""
    found = MemoryPublicDns("shop.example.com")
    found.put("shop.example.com", NS, *(servers or sorted(OWN)))
    return found


def given(dns: MemoryPublicDns, name: str = NAME, *, known: bool = False) -> DnsName:
    return DnsName(
        name=name, ask=dns.ask, zone=HOME, servers=OWN, record=record(name) if known else None
    )


def reasons(found: DnsFinding) -> list[Reason]:
    return [problem.reason for problem in found.problems]


def test_a_delegated_name_that_anyone_may_issue_for_has_no_problem() -> None:
    found = judge_names([given(public())])
    assert found == DnsFinding()
    assert (found.reason, found.text) == (None, "")


def test_the_servers_of_the_zone_need_not_all_be_in_the_delegation() -> None:
    assert judge_names([given(public("NS-1.awsdns-01.org."))]).problems == ()


def test_a_zone_that_is_delegated_nowhere_is_named_with_its_servers() -> None:
    dns = MemoryPublicDns("example.com")
    found = judge_names([given(dns)])
    assert reasons(found) == [Reason.ZONE_NOT_DELEGATED]
    assert found.text == (
        "public DNS does not delegate the hosted zone shop.example.com (Z1); add NS records for "
        "shop.example.com with ns-1.awsdns-01.org, ns-2.awsdns-02.com in the parent zone or at "
        "the registrar"
    )


def test_a_zone_that_is_delegated_elsewhere_is_named_with_both_servers() -> None:
    found = judge_names([given(public("ada.ns.cloudflare.com", "bob.ns.cloudflare.com"))])
    assert reasons(found) == [Reason.ZONE_NOT_DELEGATED]
    assert found.text == (
        "public DNS delegates shop.example.com to ada.ns.cloudflare.com, bob.ns.cloudflare.com, "
        "and not to the hosted zone shop.example.com (Z1); change its NS records to "
        "ns-1.awsdns-01.org, ns-2.awsdns-02.com in the parent zone or at the registrar, or write "
        "the validation records in the other zone"
    )


def test_a_server_that_the_zone_does_not_name_is_a_problem_of_the_delegation() -> None:
    found = judge_names([given(public(*OWN, "old.example.net"))])
    assert reasons(found) == [Reason.ZONE_NOT_DELEGATED]
    assert "also to old.example.net, which the hosted zone" in found.text
    assert "remove these NS records" in found.text


def test_a_right_record_makes_the_delegation_of_a_hosted_zone_irrelevant() -> None:
    dns = public("ada.ns.cloudflare.com")
    dns.put(CNAME_OF, CNAME, VALUE)
    assert judge_names([given(dns, known=True)]).problems == ()


def test_a_zone_that_answers_in_place_of_the_hosted_one_is_named() -> None:
    dns = public()
    dns.zone = "www.shop.example.com"
    found = judge_names([given(dns, known=True)])
    assert reasons(found) == [Reason.ZONE_NOT_DELEGATED]
    assert found.text == (
        f"public DNS asks zone www.shop.example.com for {CNAME_OF}, and not the hosted zone "
        "shop.example.com (Z1); write the record there, or remove that delegation"
    )


@pytest.mark.parametrize("apex", ["shop.example.com", "elsewhere.example.net", ""])
def test_a_missing_record_in_the_hosted_zone_is_no_wrong_delegation(apex: str) -> None:
    """Another zone than one above the name cannot have answered."""
    dns = public()
    dns.zone = apex
    assert judge_names([given(dns, known=True)]).problems == ()


def test_a_name_without_hosted_zone_or_dns_validation_has_no_delegation() -> None:
    dns = MemoryPublicDns()
    for name in (
        replace(given(dns, known=True), zone=None),
        replace(given(dns, known=True), by_dns=False),
    ):
        assert judge_names([name]).problems == ()
        assert not any(kind is NS for _, kind in questions(name))


def test_an_unknown_delegation_is_neither_a_problem_nor_right() -> None:
    dns = public()
    dns.lose("shop.example.com", NS)
    found = judge_names([given(dns)])
    assert found.problems == ()
    assert found.unknown == ("the delegation of shop.example.com is unknown: timeout",)
    assert found.unknown_names == {NAME}


def test_unreadable_servers_of_a_zone_leave_the_delegation_unknown() -> None:
    found = judge_names([replace(given(public()), servers=None)])
    assert found.unknown == ("the name servers of zone shop.example.com (Z1) could not be read",)


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("example.com", CAA, "example.com"),
        (NAME, CAA, NAME),
        (CNAME_OF, CNAME, CNAME_OF),
    ],
)
def test_broken_dnssec_of_any_query_of_a_ca_is_a_problem(
    name: str, kind: RecordType, shown: str
) -> None:
    dns = public()
    dns.break_dnssec(name, kind)
    found = judge_names([given(dns, known=True)])
    assert reasons(found) == [Reason.DNSSEC_BROKEN]
    assert found.text == (
        f"resolvers that validate DNSSEC reject {shown} (no valid signature), and a CA must "
        "refuse; make the DS records of its zone in the parent zone match the zone's keys, or "
        "remove them if the zone is not signed"
    )
    assert found.unknown == ()


def test_broken_dnssec_of_a_whole_zone_is_one_problem_that_names_its_top() -> None:
    dns = public()
    for name, kind in questions(given(dns, known=True)):
        if name != "example.com":
            dns.break_dnssec(name, kind)
    found = judge_names([given(dns, known=True), given(dns, "api.shop.example.com")])
    (problem,) = found.problems
    assert problem.names == (NAME, "api.shop.example.com")
    assert "reject shop.example.com (" in found.text
    assert found.text.endswith("(for www.shop.example.com, api.shop.example.com)")


@pytest.mark.parametrize(
    ("name", "at", "values", "text"),
    [
        pytest.param(
            NAME,
            "example.com",
            ['0 issue "letsencrypt.org"'],
            "the CAA records at example.com allow only letsencrypt.org to issue; "
            'add 0 issue "amazon.com" there',
            id="at a name above",
        ),
        pytest.param(
            NAME,
            NAME,
            ['0 issue ";"'],
            f'the CAA records at {NAME} allow no CA to issue; add 0 issue "amazon.com" there',
            id="at the name, for every CA",
        ),
        pytest.param(
            "*.shop.example.com",
            "shop.example.com",
            ['0 issue "amazon.com"', '0 issuewild "pki.goog"'],
            "the CAA records at shop.example.com allow only pki.goog to issue wildcards; "
            'add 0 issuewild "amazon.com" there',
            id="for wildcards",
        ),
        pytest.param(
            NAME,
            NAME,
            ['128 future "x"'],
            f"a CAA record at {NAME} is critical and has an unknown tag, so that no CA may issue; "
            "remove the record or its critical flag",
            id="critical and unknown",
        ),
    ],
)
def test_caa_records_that_forbid_amazon_are_named_with_the_record_to_add(
    name: str, at: str, values: list[str], text: str
) -> None:
    dns = public()
    dns.put(at, CAA, *values)
    found = judge_names([given(dns, name)])
    assert (reasons(found), found.text) == ([Reason.CAA_FORBIDS], text)


def test_a_record_nearer_to_the_name_decides() -> None:
    dns = public()
    dns.put("example.com", CAA, '0 issue "letsencrypt.org"')
    dns.put("shop.example.com", CAA, '0 issue "amazontrust.com"')
    assert judge_names([given(dns)]) == DnsFinding()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            ['0 issue "amazon.com; validationmethods=dns-01"'],
            "the CAA records at example.com have conditions for Amazon: validationmethods=dns-01",
        ),
        (["\\# 4 00010203"], "a CAA record at example.com has an unknown form"),
    ],
)
def test_caa_records_with_conditions_or_of_unknown_form_are_unknown(
    values: list[str], reason: str
) -> None:
    dns = public()
    dns.put("example.com", CAA, *values)
    found = judge_names([given(dns)])
    assert (found.problems, found.unknown) == ((), (reason,))


def test_unknown_caa_records_are_unknown_for_caa_and_for_dnssec() -> None:
    dns = public()
    dns.lose("example.com", CAA)
    assert judge_names([given(dns)]).unknown == (
        "the CAA records of example.com in public DNS are unknown: timeout",
    )


def test_an_answer_without_reason_says_that_there_is_none() -> None:
    dns = public()
    dns.answers["shop.example.com", NS] = DnsAnswer(
        name="shop.example.com", type=NS, state=AnswerState.UNKNOWN
    )
    assert judge_names([given(dns)]).unknown == (
        "the delegation of shop.example.com is unknown: no answer",
    )


def test_the_delegation_of_a_zone_with_broken_dnssec_is_one_problem_only() -> None:
    dns = public()
    dns.break_dnssec("shop.example.com", NS)
    dns.break_dnssec("shop.example.com", CAA)
    assert reasons(judge_names([given(dns)])) == [Reason.DNSSEC_BROKEN]


def test_the_queries_of_a_name_climb_to_the_label_below_the_top_level_domain() -> None:
    assert questions(given(public(), "*.shop.example.com", known=True)) == (
        ("shop.example.com", NS),
        (f"{LABEL}.shop.example.com", CNAME),
        ("shop.example.com", CAA),
        ("example.com", CAA),
    )


@pytest.mark.parametrize("value", [VALUE, VALUE.upper(), f"{VALUE}.", VALUE.removeprefix("_")])
def test_a_record_is_in_place_with_and_without_its_first_underscore(value: str) -> None:
    dns = public()
    dns.put(CNAME_OF, CNAME, value)
    assert public_record(record(NAME), dns.ask).state is PublicRecordState.IN_PLACE


def test_another_value_is_wrong_and_shown_cleaned() -> None:
    dns = public()
    dns.put(CNAME_OF, CNAME, "old\u202e.example.net")
    found = public_record(record(NAME), dns.ask)
    assert (found.state, found.found) == (PublicRecordState.WRONG, "old .example.net")


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (2, PublicRecordState.IN_PLACE),
        (4, PublicRecordState.IN_PLACE),
        (5, PublicRecordState.WRONG),
    ],
)
def test_a_record_behind_other_cnames_is_in_place_as_far_as_acm_follows(
    links: int, expected: PublicRecordState
) -> None:
    dns = public()
    chain = [CNAME_OF, *(f"{number}.acme.example.net" for number in range(links)), VALUE]
    for name, target in pairwise(chain):
        dns.put(name, CNAME, target)
    found = public_record(record(NAME), dns.ask)
    assert found.state is expected
    dns.lose(chain[-2], CNAME)
    later = public_record(record(NAME), dns.ask)
    unknown = expected is PublicRecordState.IN_PLACE
    assert later.state is (PublicRecordState.UNKNOWN if unknown else expected)


def test_a_missing_record_names_the_zone_that_answers() -> None:
    found = public_record(record(NAME), public().ask)
    assert (found.state, found.zone) == (PublicRecordState.MISSING, "shop.example.com")


def test_a_top_level_domain_is_no_zone_to_write_into() -> None:
    found = public_record(record(NAME), MemoryPublicDns("com").ask)
    assert (found.state, found.zone) == (PublicRecordState.MISSING, None)


@pytest.mark.parametrize("fail", [MemoryPublicDns.lose, MemoryPublicDns.break_dnssec])
def test_a_record_without_an_answer_is_unknown(
    fail: Callable[[MemoryPublicDns, str, RecordType], None],
) -> None:
    dns = public()
    fail(dns, CNAME_OF, CNAME)
    assert public_record(record(NAME), dns.ask).state is PublicRecordState.UNKNOWN


LOST = (RecordState.MISSING, RecordState.OUTDATED, RecordState.FOREIGN)
ZONE_NOT_FOUND, AMBIGUOUS = RecordState.ZONE_NOT_FOUND, RecordState.ZONE_AMBIGUOUS


@pytest.mark.parametrize(
    ("hosted", "state", "effective"),
    [
        (ZONE_NOT_FOUND, PublicRecordState.IN_PLACE, RecordState.IN_PLACE),
        (ZONE_NOT_FOUND, PublicRecordState.MISSING, RecordState.MISSING),
        (ZONE_NOT_FOUND, PublicRecordState.WRONG, RecordState.FOREIGN),
        (ZONE_NOT_FOUND, PublicRecordState.UNKNOWN, ZONE_NOT_FOUND),
        (AMBIGUOUS, PublicRecordState.IN_PLACE, RecordState.IN_PLACE),
        (AMBIGUOUS, PublicRecordState.MISSING, AMBIGUOUS),
        (RecordState.DELEGATED, PublicRecordState.IN_PLACE, RecordState.IN_PLACE),
        (RecordState.DELEGATED, PublicRecordState.WRONG, RecordState.DELEGATED),
        (RecordState.MISSING, PublicRecordState.IN_PLACE, RecordState.MISSING),
    ],
)
def test_public_dns_decides_on_records_without_a_hosted_zone_only(
    hosted: RecordState, state: PublicRecordState, effective: RecordState
) -> None:
    assert effective_state(finding(hosted), answered(state)) is effective
    assert effective_state(finding(hosted), NOT_CHECKED) is hosted


@pytest.mark.parametrize(
    ("hosted", "lost_if"),
    [
        (RecordState.IN_PLACE, ()),
        (RecordState.UNCHECKED, ()),
        *((state, ("NOT_CHECKED", "MISSING", "WRONG", "UNKNOWN")) for state in LOST),
        *((state, ("MISSING", "WRONG")) for state in (ZONE_NOT_FOUND, AMBIGUOUS)),
        (RecordState.DELEGATED, ("MISSING", "WRONG")),
    ],
)
def test_a_hosted_zone_is_right_about_its_records_and_public_dns_about_all_others(
    hosted: RecordState, lost_if: tuple[str, ...]
) -> None:
    answers = {state.name: answered(state) for state in PublicRecordState}
    given = {"NOT_CHECKED": NOT_CHECKED, **answers}
    found = {name for name, dns in given.items() if is_lost(finding(hosted), dns)}
    assert found == set(lost_if)


WRITTEN = RecordToWrite(
    name=f"{LABEL}.shop.example.com", type="CNAME", value=VALUE, zone="example.com"
)


@pytest.mark.parametrize(
    ("entry", "dns", "permitted", "expected"),
    [
        (finding(ZONE_NOT_FOUND), answered(PublicRecordState.MISSING), True, (WRITTEN,)),
        (
            finding(ZONE_NOT_FOUND),
            answered(PublicRecordState.WRONG),
            True,
            (replace(WRITTEN, replaces=True),),
        ),
        (finding(ZONE_NOT_FOUND), answered(PublicRecordState.IN_PLACE), True, ()),
        (finding(ZONE_NOT_FOUND), NOT_CHECKED, True, (replace(WRITTEN, zone=None),)),
        (finding(RecordState.MISSING), NOT_CHECKED, True, ()),
        (finding(RecordState.MISSING), NOT_CHECKED, False, (WRITTEN,)),
        (finding(RecordState.OUTDATED), NOT_CHECKED, False, (replace(WRITTEN, replaces=True),)),
        (finding(RecordState.FOREIGN), NOT_CHECKED, False, ()),
        (finding(AMBIGUOUS), NOT_CHECKED, False, ()),
    ],
)
def test_records_that_the_module_does_not_write_are_for_a_pipeline(
    entry: RecordFinding, dns: DnsFinding, *, permitted: bool, expected: tuple[RecordToWrite, ...]
) -> None:
    assert records_to_write([entry], dns, permitted=permitted) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, [("shop.example.com", False)]),
        ("old.acm-validations.aws", [(None, True)]),
        ("lost", []),
    ],
)
def test_the_records_that_a_zone_without_its_delegation_lacks_are_for_the_other_zone(
    found: str | None, expected: list[tuple[str | None, bool]]
) -> None:
    dns = public("ada.ns.cloudflare.com")
    if found == "lost":
        dns.lose(CNAME_OF, CNAME)
    elif found is not None:
        dns.put(CNAME_OF, CNAME, found)
    judged = judge_names([given(dns, known=True), given(dns, "api.shop.example.com")])
    in_route53 = finding(RecordState.IN_PLACE, NAME)
    written = records_to_write([in_route53], judged, permitted=True)
    assert [(entry.zone, entry.replaces) for entry in written] == expected
    assert {entry.name for entry in written} <= {CNAME_OF}
    again = records_to_write([finding(RecordState.DELEGATED, NAME)], judged, permitted=True)
    assert len(again) == 1


def test_a_finding_that_cannot_be_checked_again_keeps_its_reason() -> None:
    found = DnsFinding(unknown=("timeout",), reported=Reason.DNSSEC_BROKEN)
    assert found.reason is Reason.DNSSEC_BROKEN
    assert found.text == (
        "resolvers that validate DNSSEC reject the answers, so that every CA must refuse (not "
        "checked again in this run: timeout)"
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RecordState.ZONE_NOT_FOUND, Reason.VALIDATION_RECORD_WRONG),
        (RecordState.MISSING, None),
    ],
)
def test_without_answers_only_records_outside_of_the_hosted_zones_are_undecided(
    state: RecordState, expected: Reason | None
) -> None:
    found = without_answers(NOT_CHECKED, [finding(state)])
    assert found.reopened(Reason.VALIDATION_RECORD_WRONG).reason is expected
    assert found.reopened(Reason.CAA_FORBIDS).reason is Reason.CAA_FORBIDS


def test_a_known_problem_does_not_replace_a_reason_that_could_not_be_checked_again() -> None:
    dns = public()
    dns.lose("shop.example.com", NS)
    dns.put("example.com", CAA, '0 issue "letsencrypt.org"')
    found = judge_names([given(dns)])
    assert found.reason is Reason.CAA_FORBIDS
    assert found.undecided == {Reason.ZONE_NOT_DELEGATED}
    kept = found.reopened(Reason.ZONE_NOT_DELEGATED)
    assert kept.reason is Reason.ZONE_NOT_DELEGATED
    assert kept.text.startswith("the CAA records at example.com allow only letsencrypt.org")
    for over in (None, Reason.DNSSEC_BROKEN, Reason.CAA_FORBIDS):
        assert found.reopened(over) == found


def test_caa_records_of_an_alias_are_named_where_its_cname_leads() -> None:
    dns = public()
    dns.put(NAME, CAA, '0 issue ";"')
    dns.put(NAME, CNAME, "cdn.example.net")
    assert judge_names([given(dns)]).text.startswith(
        f"the CAA records at cdn.example.net (by the CNAME {NAME}) allow no CA to issue"
    )


def test_a_problem_of_many_names_shows_the_first_ones() -> None:
    names = tuple(f"n{number}.example.com" for number in range(8))
    problem = DnsProblem(reason=Reason.CAA_FORBIDS, text="no", names=names)
    assert problem.with_names() == (
        "no (for n0.example.com, n1.example.com, n2.example.com, n3.example.com, n4.example.com "
        "and 3 more)"
    )
