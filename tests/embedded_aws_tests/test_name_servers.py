"""The little world of DNS, asked as a program would."""

from __future__ import annotations

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.embedded_aws.name_servers import RESOLVER, World, serving

ROOT, CHILD = "127.0.0.2", "127.0.0.3"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.zone(
        ".", f". NS a.root.\na.root A {ROOT}\nchild.test NS ns.test.\nns.test A {CHILD}", ROOT
    )
    made.zone("child.test", "www.child.test CNAME child.test.\nchild.test A 192.0.2.1", CHILD)
    with serving(made, ROOT, CHILD):
        yield made


def ask(world: World, address: str, name: str, kind: str, flags: int = 0) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    query.flags = dns.flags.Flag(flags)
    return dns.query.udp(query, address, timeout=2, port=world.port)


def test_the_zone_above_refers_and_the_zone_itself_answers_with_authority(world: World) -> None:
    referral = ask(world, ROOT, "www.child.test", "A")
    assert not referral.answer
    assert [str(entry) for entry in referral.authority] == ["child.test. 60 IN NS ns.test."]
    answer = ask(world, CHILD, "child.test", "A")
    assert answer.flags & dns.flags.AA
    assert [str(item) for item in answer.answer] == ["child.test. 60 IN A 192.0.2.1"]


def test_the_resolver_follows_delegations_and_cnames(world: World) -> None:
    answer = ask(world, RESOLVER, "www.child.test", "A", dns.flags.RD)
    assert [str(entry) for entry in answer.answer] == [
        "www.child.test. 60 IN CNAME child.test.",
        "child.test. 60 IN A 192.0.2.1",
    ]


@pytest.mark.parametrize(
    ("address", "name", "code"),
    [
        (CHILD, "gone.child.test", dns.rcode.NXDOMAIN),
        (CHILD, "other.test", dns.rcode.REFUSED),
        (RESOLVER, "gone.child.test", dns.rcode.NXDOMAIN),
    ],
)
def test_missing_names_and_foreign_zones_have_different_answers(
    world: World, address: str, name: str, code: dns.rcode.Rcode
) -> None:
    assert ask(world, address, name, "A").rcode() == code


def test_a_bogus_name_is_answered_if_checking_is_disabled(world: World) -> None:
    world.bogus = {"child.test."}
    assert ask(world, RESOLVER, "child.test", "A").rcode() == dns.rcode.SERVFAIL
    assert ask(world, RESOLVER, "child.test", "A", dns.flags.CD).rcode() == dns.rcode.NOERROR
