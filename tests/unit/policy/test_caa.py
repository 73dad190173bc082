"""CAA verdicts (RFC 8659)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from certificate_lifecycle.model.errors import DnssecBrokenError, PublicDnsUnknownError
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.policy.caa import (
    CaaReason,
    CaaRecord,
    CaaVerdict,
    caa_questions,
    caa_records,
    caa_text,
    explain_caa,
    judge_caa,
    judge_public_caa,
    parse_caa,
)

NAME, WILDCARD = "shop.example.com", "*.shop.example.com"


class Zone:
    """Records by name, and the names that were queried."""

    def __init__(self, records: Mapping[str, Sequence[CaaRecord]]) -> None:
        self.records = records
        self.asked: list[str] = []

    def __call__(self, name: str) -> Sequence[CaaRecord]:
        self.asked.append(name)
        return self.records.get(name, ())


def issue(value: str, tag: str = "issue", *, critical: bool = False) -> CaaRecord:
    return CaaRecord(tag, value, critical)


def judged(*records: CaaRecord, name: str = NAME, at: str = NAME) -> CaaVerdict:
    return judge_caa(name, Zone({at: records}))


def test_without_records_every_ca_may_issue_and_the_search_ends_below_the_root() -> None:
    zone = Zone({})
    verdict = judge_caa(NAME, zone)
    assert verdict == CaaVerdict(name=NAME, reason=CaaReason.NO_RECORDS)
    assert verdict.allowed
    assert zone.asked == ["shop.example.com", "example.com", "com"]


def test_the_nearest_records_count_and_parents_are_not_queried() -> None:
    zone = Zone({"shop.example.com": [issue("amazon.com")], "example.com": [issue("other.test")]})
    verdict = judge_caa("a.shop.example.com", zone)
    assert (verdict.reason, verdict.at) == (CaaReason.NAMED, "shop.example.com")
    assert zone.asked == ["a.shop.example.com", "shop.example.com"]


def test_the_search_for_a_wildcard_starts_at_its_parent() -> None:
    zone = Zone({})
    judge_caa("*.Example.com.", zone)
    assert zone.asked == ["example.com", "com"]


@pytest.mark.parametrize(
    "issuer", ["amazon.com", "amazontrust.com", "awstrust.com", "AmazonAWS.com"]
)
def test_each_of_the_four_names_of_amazon_allows_acm_to_issue(issuer: str) -> None:
    verdict = judged(issue("other.test"), issue(issuer))
    assert verdict.allowed
    assert verdict.issuers == ("other.test", issuer.lower())


def test_a_verdict_contains_the_records_that_decide() -> None:
    records = issue("other.test"), issue("amazon.com", "IssueWild")
    assert judged(*records).tag == "issue"
    assert judged(*records, name=WILDCARD).tag == "issuewild"


def test_another_ca_can_be_judged() -> None:
    records = Zone({NAME: [issue("Other.test")]})
    assert judge_caa(NAME, records, authority=["other.TEST."]).allowed
    assert not judge_caa(NAME, records).allowed


@pytest.mark.parametrize(
    ("records", "plain", "wildcard"),
    [
        pytest.param([issue("amazon.com")], True, True, id="issue speaks about both"),
        pytest.param([issue("other.test")], False, False, id="issue for another CA"),
        pytest.param(
            [issue("other.test"), issue("amazon.com", "issuewild")],
            False,
            True,
            id="issuewild gives the wildcard alone",
        ),
        pytest.param(
            [issue("amazon.com"), issue(";", "issuewild")],
            True,
            False,
            id="issuewild forbids the wildcard",
        ),
        pytest.param(
            [issue("other.test", "issuewild")], True, False, id="issuewild alone frees other names"
        ),
        pytest.param(
            [issue("mailto:a@example.com", "iodef")], True, True, id="iodef does not restrict"
        ),
        pytest.param([issue("other.test", "issuemail")], True, True, id="an unknown tag, unread"),
        pytest.param([issue("amazon.com", "ISSUE")], True, True, id="tags have no case"),
        pytest.param(
            [issue("amazon.com"), issue("x", "future", critical=True)],
            False,
            False,
            id="a critical unknown tag",
        ),
        pytest.param(
            [
                issue("amazon.com", critical=True),
                issue("amazon.com", "IssueWild", critical=True),
                issue("x", "IODEF", critical=True),
            ],
            True,
            True,
            id="critical tags that are understood",
        ),
        pytest.param(
            [CaaRecord("future", "x")], True, True, id="a record is not critical by itself"
        ),
    ],
)
def test_issuewild_overrides_issue_for_wildcards_only(
    records: Sequence[CaaRecord],
    *,
    plain: bool,
    wildcard: bool,
) -> None:
    assert judged(*records).allowed is plain
    assert judged(*records, name=WILDCARD).allowed is wildcard


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        " ; ",
        "%%%%%",
        "amazon.com.",
        "amazon..com",
        "-amazon.com",
        "amazon-.com",
        "amazon.com amazontrust.com",
        "amazon.com; policy",
        "amazon.com; a=b;",
        "amazon.com; a=b; ;c=d",
        "amazon.com; a b=c",
        "amazon.com; a=b c",
        "amazon.com; a=\u00e9",
        "am\u00e4zon.com",
        "amazon.com\n",
        "notamazon.com",
        "eu.amazon.com",
    ],
)
def test_an_empty_or_malformed_value_forbids(value: str) -> None:
    """Section 4.2: what does not match the grammar is treated as an empty name."""
    verdict = judged(issue(value))
    assert verdict.reason is CaaReason.NOT_NAMED
    assert not verdict.allowed
    assert set(verdict.issuers) <= {"notamazon.com", "eu.amazon.com"}


@pytest.mark.parametrize(
    "value", ["amazon.com", " \tamazon.com \t", "amazon.com;", "amazon.com ; "]
)
def test_blanks_and_a_lone_semicolon_are_ignored(value: str) -> None:
    verdict = judged(issue(value))
    assert (verdict.allowed, verdict.parameters) == (True, ())


def test_conditions_are_returned_and_not_judged() -> None:
    first = issue("amazon.com; accounturi=https://a.test/1 ;validationmethods = dns-01")
    verdict = judged(first)
    assert verdict.allowed
    assert verdict.parameters == ("accounturi=https://a.test/1; validationmethods = dns-01",)


def test_the_name_of_a_condition_is_case_insensitive() -> None:
    verdict = judged(issue("amazon.com; AccountURI=x"))
    assert (verdict.allowed, verdict.parameters) == (True, ("AccountURI=x",))


def test_a_character_that_resembles_a_letter_names_no_ca() -> None:
    """The Kelvin sign equals `k` if case is ignored, but is not allowed in domain names."""
    verdict = judge_caa(NAME, Zone({NAME: [issue("\u212a.test")]}), authority=["k.test"])
    assert (verdict.reason, verdict.issuers) == (CaaReason.NOT_NAMED, ())


def test_one_record_without_conditions_is_enough() -> None:
    verdict = judged(issue("amazon.com; accounturi=x"), issue("amazontrust.com"))
    assert (verdict.allowed, verdict.parameters) == (True, ())


def test_records_that_cannot_be_read_allow_nothing() -> None:
    def fail(_: str) -> Sequence[CaaRecord]:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        judge_caa(NAME, fail)


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([issue("x", "iodef")], CaaReason.NOT_RESTRICTED),
        ([issue("x", "future", critical=True)], CaaReason.CRITICAL_UNKNOWN),
    ],
)
def test_a_verdict_contains_the_name_of_the_records(
    records: Sequence[CaaRecord], reason: CaaReason
) -> None:
    verdict = judged(*records, name=WILDCARD, at="com")
    assert verdict == CaaVerdict(name=WILDCARD, reason=reason, at="com")


# --- Public DNS -----------------------------------------------------------------------------------


def answers(**states: AnswerState) -> Callable[[str, RecordType], DnsAnswer]:
    """Return public DNS with answers for the names that start with a label; NONE for others."""

    def ask(name: str, record_type: RecordType) -> DnsAnswer:
        state = states.get(name.partition(".")[0], AnswerState.NONE)
        values = ('0 issue ";"',) if state is AnswerState.FOUND else ()
        return DnsAnswer(name=name, type=record_type, state=state, values=values, reason="why")

    return ask


def test_the_queries_of_a_search_are_known_before_its_first_answer() -> None:
    assert caa_questions("*.shop.Example.com.") == (
        ("shop.example.com", RecordType.CAA),
        ("example.com", RecordType.CAA),
    )
    assert caa_questions("localhost") == ()


def test_the_nearest_records_in_public_dns_decide() -> None:
    verdict = judge_public_caa(NAME, answers(example=AnswerState.FOUND))
    assert (verdict.reason, verdict.at) == (CaaReason.NOT_NAMED, "example.com")
    assert judge_public_caa(NAME, answers()).reason is CaaReason.NO_RECORDS


def test_an_unknown_answer_on_the_way_up_makes_the_verdict_unknown() -> None:
    with pytest.raises(PublicDnsUnknownError, match=r"CAA records of shop\.example\.com .*: why"):
        judge_public_caa(NAME, answers(shop=AnswerState.UNKNOWN, example=AnswerState.FOUND))
    with pytest.raises(DnssecBrokenError, match=r"DNSSEC of example\.com is broken: why"):
        judge_public_caa(NAME, answers(example=AnswerState.DNSSEC_BROKEN))
    # Above the records that decide, nothing matters.
    found = answers(shop=AnswerState.FOUND, example=AnswerState.UNKNOWN)
    assert judge_public_caa(NAME, found).at == NAME


def test_a_record_of_an_unknown_form_makes_the_verdict_unknown() -> None:
    answer = DnsAnswer(name=NAME, type=RecordType.CAA, state=AnswerState.FOUND, values=("0 issue",))
    with pytest.raises(PublicDnsUnknownError, match="unknown form"):
        caa_records(answer)


# --- Texts ----------------------------------------------------------------------------------------


def generic(data: bytes, length: int | None = None) -> str:
    return rf"\# {len(data) if length is None else length} {data.hex(' ')}"


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ('0 issue "amazon.com; a=b"', CaaRecord("issue", "amazon.com; a=b")),
        ('1 issue "amazon.com"', CaaRecord("issue", "amazon.com")),
        ('128 tbs ""', CaaRecord("tbs", "", critical=True)),
        (r'255 tbs "\255"', CaaRecord("tbs", "\xff", critical=True)),
        (r"\# 3 00 01 6A", CaaRecord("j", "")),
        ("0  issue\tamazon.com", CaaRecord("issue", "amazon.com")),
        (r'0 issue "a\"b\\c\065\200"', CaaRecord("issue", 'a"b\\cA\xc8')),
        (generic(b"\x00\x05issueamazon.com"), CaaRecord("issue", "amazon.com")),
        (generic(b"\x80\x03tbs"), CaaRecord("tbs", "", critical=True)),
        (r"\# 5 00 036162 63", CaaRecord("abc", "")),
        (generic(b"\x00\x01a\xc8\x00"), CaaRecord("a", "\xc8\0")),
    ],
)
def test_a_record_is_read_in_presentation_and_in_generic_form(text: str, record: CaaRecord) -> None:
    assert parse_caa(text) == record


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (CaaRecord("Issue", "amazon.com"), '0 issue "amazon.com"'),
        (CaaRecord("a", "\x1f !~\x7f\x80"), r'0 a "\031 !~\127\128"'),
        (CaaRecord("tbs", 'a"\\\xc8\0', critical=True), r'128 tbs "a\034\092\200\000"'),
    ],
)
def test_a_record_is_written_so_that_it_can_be_read(record: CaaRecord, text: str) -> None:
    assert caa_text(record) == text
    assert parse_caa(text) == replace(record, tag=record.tag.lower())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 issue",
        "0 issue a b",
        ' 0 issue "x"',
        '0 issue "x" y',
        '0 is-sue "x"',
        '٣ issue "x"',
        '256 issue "x"',
        r'0 issue "\256"',
        '0 issue "schön"',
        '0 issue "x\n"',
        '0 issue "x',
        'x "y"',
        generic(b"\x00\x05issuex", 3),
        generic(b"\x00"),
        generic(b"\x00\x00x"),
        generic(b"\x00\x09issue"),
        generic(b"\x00\x01-x"),
        generic(b"\x00\x01\xe4x"),
        r"\# 0",
        r"x \# 3 00 01 61",
        r"\# 3 00 01 61 z",
        r"\# 2 0 005",
        r"\# 99999999 00",
    ],
)
def test_another_text_is_no_caa_record(text: str) -> None:
    assert parse_caa(text) is None


@pytest.mark.parametrize(
    ("records", "clause"),
    [
        (
            [issue("a.test"), issue("b.test")],
            "the CAA records at shop.example.com allow only a.test, b.test to issue;",
        ),
        (
            [issue(f"ca{number}.test") for number in range(6)],
            "allow only ca0.test, ca1.test, ca2.test, ca3.test, ca4.test and 1 more to issue",
        ),
        (
            [issue(";")],
            'allow no CA to issue; add 0 issue "amazon.com" there',
        ),
        (
            [issue("x", "tbs", critical=True)],
            "a CAA record at shop.example.com is critical and has an unknown tag",
        ),
    ],
)
def test_a_verdict_that_forbids_is_explained(records: list[CaaRecord], clause: str) -> None:
    assert clause in explain_caa(judged(*records))


def test_a_record_where_a_cname_leads_is_named_there() -> None:
    found = explain_caa(judged(issue(";")), "cdn.example.net")
    assert found == (
        "the CAA records at cdn.example.net (by the CNAME shop.example.com) allow no CA to issue; "
        'add 0 issue "amazon.com" there'
    )
