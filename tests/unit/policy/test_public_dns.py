"""The JSON answers of resolvers, and their common answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.policy.public_dns import (
    DEFAULT_RESOLVERS,
    Reply,
    ReplyState,
    ResolverReplies,
    combined,
    is_public_name,
    parse_reply,
    unusable,
)

NAME = "shop.example.com"
CNAME, NS, SOA, CAA = RecordType.CNAME, RecordType.NS, RecordType.SOA, RecordType.CAA
NUMBERS = {NS: 2, CNAME: 5, SOA: 6, CAA: 257}
AMAZON = '0 issue "amazon.com"'
NONE = Reply(state=ReplyState.NONE)
FAILED = Reply(state=ReplyState.FAILED, reason="EDE(9)")
FLAGS = {"TC": False, "RD": True, "RA": True, "AD": False, "CD": False}


def record(name: object, record_type: RecordType, data: object, **more: object) -> dict[str, Any]:
    return {"name": name, "type": NUMBERS[record_type], "TTL": 300, "data": data, **more}


def document(record_type: RecordType, *answer: object, **more: object) -> dict[str, Any]:
    question = [{"name": f"{NAME}.", "type": NUMBERS[record_type]}]
    return {"Status": 0, **FLAGS, "Question": question, "Answer": list(answer), **more}


def parsed(record_type: RecordType, body: Mapping[str, object], *, checked: bool = True) -> Reply:
    return parse_reply(NAME, record_type, json.dumps(body).encode(), checked=checked)


def reply_to(record_type: RecordType, *answer: object, **more: object) -> Reply:
    return parsed(record_type, document(record_type, *answer, **more))


def found(*values: str, authenticated: bool = False) -> Reply:
    return Reply(state=ReplyState.FOUND, values=values, authenticated=authenticated)


def test_the_command_line_and_terraform_have_the_same_default_resolvers() -> None:
    text = (Path(__file__).resolve().parents[3] / "variables.tf").read_text(encoding="utf-8")
    assert f"resolvers = optional(list(string), {json.dumps(DEFAULT_RESOLVERS)})" in text


# --- One reply ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record_type", "data", "value"),
    [
        (CNAME, "_X.acm-validations.aws.", "_x.acm-validations.aws"),
        (NS, "NS-1.awsdns-01.org.", "ns-1.awsdns-01.org"),
        (NS, "ns1.example.net", "ns1.example.net"),
        (CAA, AMAZON, AMAZON),
        (CAA, "0 Issue amazon.com", AMAZON),
        (CAA, r"\# 17 00 05 69 73 73 75 65 61 6d 61 7a 6f 6e 2e 63 6f 6d", AMAZON),
        (SOA, "ns.example.com. admin.example.com. 7 1 2 3 4", "ns.example.com admin.example.com"),
    ],
)
def test_a_record_of_every_resolver_has_one_form(
    record_type: RecordType, data: str, value: str
) -> None:
    assert reply_to(record_type, record(f"{NAME}.", record_type, data)) == found(value)


def test_names_are_compared_without_case_and_without_the_last_dot() -> None:
    body = document(CNAME, record("SHOP.Example.COM", CNAME, "a.test"))
    body["Question"] = {"name": "Shop.example.com.", "type": 5}
    assert parsed(CNAME, body) == found("a.test")


def test_records_are_sorted_and_equal_ones_count_once() -> None:
    servers = [record(NAME, NS, f"{server}.test.") for server in "bab"]
    assert reply_to(NS, *servers) == found("a.test", "b.test")


@pytest.mark.parametrize("ttl", [-1, 1e300, "soon", None, [], 2**80])
def test_the_time_to_live_is_not_read(ttl: object) -> None:
    assert reply_to(CNAME, record(NAME, CNAME, "a.test", TTL=ttl)) == found("a.test")


def test_authenticated_records_are_marked() -> None:
    answer = record(NAME, CNAME, "a.test")
    assert reply_to(CNAME, answer, AD=True) == found("a.test", authenticated=True)


def test_signatures_beside_records_are_not_read() -> None:
    signature = {"name": NAME, "type": 46, "data": "cname 8 3 300 ..."}
    assert reply_to(CNAME, signature, record(NAME, CNAME, "a.test")) == found("a.test")


def test_cnames_are_followed_in_any_order() -> None:
    chain = [
        record(NAME, CNAME, "a.test."),
        record("a.test.", CNAME, "b.test."),
        record("b.test.", CAA, AMAZON),
    ]
    for answer in (chain, chain[::-1]):
        assert reply_to(CAA, *answer) == found(AMAZON)


def test_a_chain_of_cnames_may_end_without_a_record() -> None:
    apex = record("b.test.", SOA, "")
    chain = [record(NAME, CNAME, "a.b.test.")]
    for status in (0, 3):
        reply = reply_to(CAA, *chain, Status=status, Authority=[apex])
        assert reply == Reply(state=ReplyState.NONE, zone="b.test")


@pytest.mark.parametrize(
    ("authority", "zone"),
    [
        ([], None),
        ([record("example.com.", SOA, "")], "example.com"),
        ([record("example.com.", NS, "a.test")], None),
        ([record("other.test.", SOA, "")], None),
    ],
)
def test_the_zone_without_the_record_is_named_by_its_soa_record(
    authority: list[object], zone: str | None
) -> None:
    assert reply_to(CAA, Authority=authority) == Reply(state=ReplyState.NONE, zone=zone)


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ({}, ""),
        ({"Comment": "DNSSEC validation failure.\x1b[2J"}, "DNSSEC validation failure. [2J"),
        ({"Comment": ["EDE(9): DNSKEY Missing", 7, "EDE(22)"]}, "EDE(9): DNSKEY Missing; EDE(22)"),
        ({"Comment": {"x": 1}}, ""),
    ],
)
def test_a_failure_has_the_comment_of_the_resolver(comment: dict[str, object], reason: str) -> None:
    assert reply_to(CAA, Status=2, **comment) == Reply(state=ReplyState.FAILED, reason=reason)


def test_an_answer_without_validation_is_used_only_if_that_was_wanted() -> None:
    body = document(CNAME, record(NAME, CNAME, "a.test"), CD=True)
    assert parsed(CNAME, body, checked=False) == found("a.test")
    assert "has not checked DNSSEC" in parsed(CNAME, body).reason


def loop(*targets: str) -> list[dict[str, Any]]:
    names = [NAME, *targets]
    return [record(a, CNAME, b) for a, b in pairwise(names)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (loop("a.test", NAME), "a loop or a chain that is too long"),
        (loop(NAME), "a loop or a chain that is too long"),
        (loop(*(f"a{number}.test" for number in range(9))), "a chain that is too long"),
        ([record("other.test", CAA, AMAZON)], "records of another name"),
        ([*loop("a.test"), record("b.test", CNAME, "c.test")], "records of another name"),
        ([*loop("a.test"), record(NAME, CAA, AMAZON)], "records of another name"),
        ([*loop("a.test"), *loop("b.test")], "has two CNAMEs"),
        ([record(NAME, CAA, "0 issue")], "is no CAA record"),
        ([record(NAME, CAA, 7)], "is no CAA record"),
        ([record(NAME, CNAME, None)], "None is no name"),
        ([record(NAME, CNAME, "a b.test")], "is no name"),
        ([record(NAME, CNAME, "..")], "is no name"),
        ([record(NAME, CNAME, f"{'a' * 64}.test")], "is no name"),
        ([record(NAME, CNAME, "a." * 127 + "test")], "is no name"),
        ([record(7, CAA, AMAZON)], "7 is no name"),
        (["record"], "something else than records"),
        ([{"name": NAME, "type": True, "data": ""}], "something else than records"),
        ([record(NAME, CAA, AMAZON)] * 201, "Answer is no short list"),
    ],
)
def test_an_answer_with_impossible_records_is_unusable(answer: list[object], reason: str) -> None:
    reply = reply_to(CAA, *answer)
    assert reply.state is ReplyState.UNUSABLE
    assert reason in reply.reason


def test_a_long_chain_within_the_limit_is_followed() -> None:
    chain = loop(*(f"a{number}.test" for number in range(8)))
    assert reply_to(CAA, *chain, record("a7.test", CAA, AMAZON)) == found(AMAZON)


@pytest.mark.parametrize(
    ("record_type", "data"),
    [(SOA, "ns.test."), (SOA, 7), (SOA, ".. x 1 2 3 4 5"), (NS, "."), (CNAME, "")],
)
def test_data_of_another_form_is_unusable(record_type: RecordType, data: object) -> None:
    assert re.search(
        "is no (name|SOA)", reply_to(record_type, record(NAME, record_type, data)).reason
    )


def test_two_cnames_of_one_name_are_unusable() -> None:
    answer = [record(NAME, CNAME, "a.test"), record(NAME, CNAME, "b.test")]
    assert "has two CNAMEs" in reply_to(CNAME, *answer).reason


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"TC": True}, "it is truncated"),
        ({"TC": None}, "TC is None"),
        ({"CD": "false"}, "CD is 'false'"),
        ({"AD": 1}, "AD is 1"),
        ({"Status": 5}, "response code 5"),
        ({"Status": "0"}, "Status is '0'"),
        ({"Status": True}, "Status is True"),
        ({"Answer": {}}, "Answer is no short list"),
        ({"Authority": [7]}, "Authority has something else"),
        ({"Question": []}, "another question"),
        ({"Question": [{"name": "other.test.", "type": 257}]}, "another question"),
        ({"Question": [{"name": NAME, "type": 5}]}, "another question"),
        ({"Question": [{"name": NAME, "type": 257}] * 2}, "another question"),
    ],
)
def test_a_document_with_unexpected_fields_is_unusable(
    more: dict[str, object], reason: str
) -> None:
    assert reason in reply_to(CAA, **more).reason


def test_a_name_that_does_not_exist_has_no_records() -> None:
    reply = reply_to(CAA, record(NAME, CAA, AMAZON), Status=3)
    assert "NXDOMAIN with records" in reply.reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b'{"Status": ' + b"1" * 5000 + b"}",
        b'{"Status": 0, "Status": 0}',
        b"[]",
        b"7",
        b"null",
    ],
)
def test_a_body_that_is_no_json_object_is_unusable(body: bytes) -> None:
    reply = parse_reply(NAME, CAA, body, checked=True)
    assert reply.state is ReplyState.UNUSABLE
    assert "no JSON" in reply.reason


# --- The answer of all resolvers ------------------------------------------------------------------


def of_two(
    first: Reply, second: Reply, unchecked: Reply | None = None, other: Reply | None = None
) -> DnsAnswer:
    replies = [
        ResolverReplies("one.test", first, unchecked),
        ResolverReplies("two.test", second, other or unchecked),
    ]
    return combined(NAME, CAA, replies)


def test_equal_answers_are_the_answer() -> None:
    answer = of_two(found(AMAZON, authenticated=True), found(AMAZON))
    assert answer == DnsAnswer(name=NAME, type=CAA, state=AnswerState.FOUND, values=(AMAZON,))


@pytest.mark.parametrize(
    ("zone", "other", "agreed"),
    [("example.com", "example.com", "example.com"), ("example.com", None, None)],
)
def test_no_records_at_both_are_the_answer(
    zone: str, other: str | None, agreed: str | None
) -> None:
    first, second = (Reply(state=ReplyState.NONE, zone=name) for name in (zone, other))
    answer = of_two(first, second)
    assert (answer.state, answer.zone) == (AnswerState.NONE, agreed)


def test_failures_that_end_without_the_check_are_broken_dnssec() -> None:
    for unchecked in (found(AMAZON), NONE):
        answer = of_two(FAILED, FAILED, unchecked)
        assert answer.state is AnswerState.DNSSEC_BROKEN
        assert answer.reason == "the resolvers answer only without checking DNSSEC (EDE(9))"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            lambda: of_two(found(AMAZON), found('0 issue "a.test"')),
            f'the resolvers disagree: one.test: {AMAZON}; two.test: 0 issue "a.test"',
        ),
        (
            lambda: of_two(found(AMAZON), NONE),
            f"the resolvers disagree: one.test: {AMAZON}; two.test: no record",
        ),
        (lambda: of_two(found(AMAZON), unusable("HTTP status 500")), "two.test: HTTP status 500"),
        (lambda: of_two(FAILED, unusable("no JSON"), NONE), "two.test: no JSON"),
        (lambda: of_two(FAILED, FAILED, FAILED), "one.test, two.test gets no answer (EDE(9))"),
        (
            lambda: of_two(FAILED, FAILED, NONE, FAILED),
            "one.test, two.test gets no answer (EDE(9))",
        ),
        (
            lambda: of_two(FAILED, FAILED, unusable("x")),
            "one.test, two.test gets no answer (EDE(9))",
        ),
        (
            lambda: of_two(FAILED, found(AMAZON), NONE),
            "one.test rejects the signatures, and another one does not (EDE(9))",
        ),
        (lambda: of_two(found(AMAZON), Reply(state=ReplyState.FAILED)), "two.test gets no answer"),
    ],
)
def test_everything_else_is_unknown(answer: Callable[[], DnsAnswer], reason: str) -> None:
    result = answer()
    assert (result.state, result.values) == (AnswerState.UNKNOWN, ())
    assert result.reason == reason


# --- Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "_0a1b.shop.example.com",
        "a-b.xn--p1ai",
        "1.example.co.uk",
        "test.example.com",
    ],
)
def test_public_names_may_be_sent(name: str) -> None:
    assert is_public_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "localhost", "com", "shop", "printer.local", "db.corp", "a.b.internal"),
        *("shop.test", "x.example", "1.0.0.10.in-addr.arpa", "home.arpa", "*.example.com"),
        *("a..example.com", "Shop.example.com", "shop example.com", "schön.example", "a/b.com"),
        *(f"{'a' * 64}.com", f"{'a.' * 126}com", "example.com.", "example.com\n", "-"),
    ],
)
def test_private_and_impossible_names_are_never_sent(name: str) -> None:
    assert not is_public_name(name)
