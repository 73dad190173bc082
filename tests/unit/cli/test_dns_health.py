"""Who may issue for a name, as RFC 8659 has it, and whether public DNS leads to a zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from certificate_lifecycle.cli.dns_health import (
    CaaReason,
    CaaRecord,
    CaaVerdict,
    Delegation,
    DelegationState,
    judge_caa,
)

NAME, WILDCARD = "shop.example.com", "*.shop.example.com"


class Zone:
    """Records by name, and which names were looked up."""

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


def test_a_name_without_records_is_free_for_all_and_the_search_ends_below_the_root() -> None:
    zone = Zone({})
    verdict = judge_caa(NAME, zone)
    assert verdict == CaaVerdict(name=NAME, reason=CaaReason.NO_RECORDS)
    assert verdict.allowed
    assert zone.asked == ["shop.example.com", "example.com", "com"]


def test_the_nearest_records_count_and_those_above_are_not_looked_up() -> None:
    zone = Zone({"shop.example.com": [issue("amazon.com")], "example.com": [issue("other.test")]})
    verdict = judge_caa("a.shop.example.com", zone)
    assert (verdict.reason, verdict.at) == (CaaReason.NAMED, "shop.example.com")
    assert zone.asked == ["a.shop.example.com", "shop.example.com"]


def test_the_search_for_a_wildcard_begins_where_the_wildcard_stands() -> None:
    zone = Zone({})
    judge_caa("*.Example.com.", zone)
    assert zone.asked == ["example.com", "com"]


@pytest.mark.parametrize(
    "issuer", ["amazon.com", "amazontrust.com", "awstrust.com", "AmazonAWS.com"]
)
def test_any_of_the_four_names_of_amazon_lets_acm_issue(issuer: str) -> None:
    verdict = judged(issue("other.test"), issue(issuer))
    assert verdict.allowed
    assert verdict.issuers == ("other.test", issuer.lower())


def test_a_verdict_says_which_records_decide() -> None:
    records = issue("other.test"), issue("amazon.com", "IssueWild")
    assert judged(*records).tag == "issue"
    assert judged(*records, name=WILDCARD).tag == "issuewild"


def test_another_authority_may_be_asked_about() -> None:
    records = Zone({NAME: [issue("Other.test")]})
    assert judge_caa(NAME, records, authority=["other.TEST."]).allowed
    assert not judge_caa(NAME, records).allowed


@pytest.mark.parametrize(
    ("records", "plain", "wildcard"),
    [
        pytest.param([issue("amazon.com")], True, True, id="issue speaks about both"),
        pytest.param([issue("other.test")], False, False, id="issue for somebody else"),
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
            id="issuewild takes the wildcard away",
        ),
        pytest.param(
            [issue("other.test", "issuewild")], True, False, id="issuewild alone frees other names"
        ),
        pytest.param(
            [issue("mailto:a@example.com", "iodef")], True, True, id="iodef restricts nobody"
        ),
        pytest.param([issue("other.test", "issuemail")], True, True, id="an unknown tag, unread"),
        pytest.param([issue("amazon.com", "ISSUE")], True, True, id="tags have no case"),
        pytest.param(
            [issue("amazon.com"), issue("x", "future", critical=True)],
            False,
            False,
            id="an unknown tag that nobody may leave unread",
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
def test_issuewild_goes_before_issue_for_wildcards_and_is_nothing_to_other_names(
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
def test_a_value_that_names_nobody_or_is_malformed_forbids(value: str) -> None:
    """Section 4.2: what does not match the grammar counts as an empty name."""
    verdict = judged(issue(value))
    assert verdict.reason is CaaReason.NOT_NAMED
    assert not verdict.allowed
    assert set(verdict.issuers) <= {"notamazon.com", "eu.amazon.com"}


@pytest.mark.parametrize(
    "value", ["amazon.com", " \tamazon.com \t", "amazon.com;", "amazon.com ; "]
)
def test_blanks_around_a_name_and_a_lone_semicolon_mean_nothing(value: str) -> None:
    verdict = judged(issue(value))
    assert (verdict.allowed, verdict.parameters) == (True, ())


def test_conditions_are_shown_and_left_to_the_authority() -> None:
    first = issue("amazon.com; accounturi=https://a.test/1 ;validationmethods = dns-01")
    verdict = judged(first)
    assert verdict.allowed
    assert verdict.parameters == ("accounturi=https://a.test/1; validationmethods = dns-01",)


def test_the_name_of_a_condition_has_no_case() -> None:
    verdict = judged(issue("amazon.com; AccountURI=x"))
    assert (verdict.allowed, verdict.parameters) == (True, ("AccountURI=x",))


def test_a_sign_that_only_looks_like_a_letter_names_nobody() -> None:
    """The Kelvin sign is a `k` to who ignores case, and no letter of a domain name."""
    verdict = judge_caa(NAME, Zone({NAME: [issue("\u212a.test")]}), authority=["k.test"])
    assert (verdict.reason, verdict.issuers) == (CaaReason.NOT_NAMED, ())


def test_one_record_without_conditions_is_enough_to_issue_by() -> None:
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
def test_a_verdict_says_where_the_records_stand(
    records: Sequence[CaaRecord], reason: CaaReason
) -> None:
    verdict = judged(*records, name=WILDCARD, at="com")
    assert verdict == CaaVerdict(name=WILDCARD, reason=reason, at="com")


# --- Delegation -----------------------------------------------------------------------------------

OWN = frozenset({"ns1.test", "ns2.test"})


@pytest.mark.parametrize(
    ("named", "state"),
    [
        pytest.param(OWN, DelegationState.WHOLE, id="all of them and no other"),
        pytest.param({"ns1.test"}, DelegationState.SOME_MISSING, id="not all of them"),
        pytest.param({*OWN, "other.test"}, DelegationState.SOME_FOREIGN, id="others, too"),
        pytest.param(
            {"ns1.test", "other.test"}, DelegationState.SOME_FOREIGN, id="others for some of them"
        ),
        pytest.param({"other.test"}, DelegationState.ELSEWHERE, id="others only"),
        pytest.param((), DelegationState.NOWHERE, id="none at all"),
    ],
)
def test_a_delegation_is_compared_by_its_name_servers(
    named: frozenset[str], state: DelegationState
) -> None:
    assert Delegation(OWN, frozenset(named)).state is state


def test_what_is_missing_and_what_is_foreign_is_named() -> None:
    delegation = Delegation(OWN, frozenset({"ns1.test", "other.test"}))
    assert delegation.missing == {"ns2.test"}
    assert delegation.foreign == {"other.test"}


def test_another_zone_of_the_name_is_recognised_by_its_name_servers() -> None:
    delegation = Delegation(OWN, frozenset({"other.test"}))
    assert delegation.leads_to({"other.test", "more.test"})
    assert not delegation.leads_to(OWN)
