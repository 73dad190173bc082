"""Public DNS, asked for real: name servers on loopback, from the root down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from certificate_lifecycle.cli.aws.public_dns import DnsUnknownError, ResolvedDns
from certificate_lifecycle.policy.caa import CaaReason, CaaRecord, judge_caa
from tests.embedded_aws.name_servers import RESOLVER, World, serving

pytestmark = pytest.mark.integration

ROOT, TEST, OURS, OTHER = "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"
ZONE = "example.test"


@pytest.fixture
def world() -> Iterator[World]:
    """Serve a root, a top-level domain, and a zone that it delegates to two servers."""
    made = World()
    made.zone(".", ". NS a.root.\na.root A 127.0.0.2\ntest NS ns.test.", ROOT)
    made.zone(
        "test",
        f"""
        test NS ns.test.
        ns.test A {TEST}
        {ZONE} NS ns1.dns.test.
        {ZONE} NS NS2.dns.test.
        lame.test NS ns1.dns.test.
        lame.test NS gone.dns.test.
        ns1.dns.test A {OURS}
        ns-of-itself.dns.test A {OURS}
        ns2.dns.test A {OTHER}
        """,
        TEST,
    )
    made.zone(
        ZONE,
        f"""
        {ZONE} NS ns-of-itself.dns.test.
        {ZONE} CAA 0 issue "amazon.com"
        {ZONE} CAA 128 IssueWild ";"
        www.{ZONE} CNAME Shop.{ZONE}.
        shop.{ZONE} CAA 0 issue "other.test; account=\\"1"
        shop.{ZONE} A 192.0.2.1
        dangling.{ZONE} CNAME gone.{ZONE}.
        """,
        OURS,
        OTHER,
    )
    with serving(made, ROOT, TEST, OURS, OTHER):
        yield made


@pytest.fixture
def asked(world: World) -> ResolvedDns:
    return ResolvedDns([RESOLVER], seconds=1.5, port=world.port)


def test_a_delegation_is_read_from_the_parent_zone(
    asked: ResolvedDns,
) -> None:
    assert asked.ns(ZONE) == {"ns1.dns.test", "ns2.dns.test"}


@pytest.mark.parametrize("zone", ["nobody.test", f"not.delegated.{ZONE}", "sub.lame.other.test"])
def test_a_zone_without_a_delegation_has_no_name_servers(asked: ResolvedDns, zone: str) -> None:
    assert asked.ns(zone) == frozenset()


def test_a_delegation_inside_a_zone_is_read_from_that_zone(
    world: World, asked: ResolvedDns
) -> None:
    world.extend(ZONE, f"deep.a.{ZONE} NS ns9.test.")
    assert asked.ns(f"deep.a.{ZONE}") == {"ns9.test"}


def test_if_only_the_resolver_is_reachable_its_response_counts(
    world: World, asked: ResolvedDns
) -> None:
    world.unreachable = {ROOT, TEST, OURS, OTHER}
    assert asked.ns(ZONE) == {"ns-of-itself.dns.test"}
    assert asked.ns(ZONE) == {"ns-of-itself.dns.test"}
    assert [address for address, _, _ in world.asked if address != RESOLVER] == [TEST]


def test_caa_records_are_returned_as_they_were_written(asked: ResolvedDns) -> None:
    assert sorted(asked.caa(ZONE), key=lambda record: record.tag) == [
        CaaRecord("IssueWild", ";", critical=True),
        CaaRecord("issue", "amazon.com"),
    ]


def test_a_cname_is_followed_for_caa_and_returned_as_it_is_in_its_own_query(
    asked: ResolvedDns,
) -> None:
    (record,) = asked.caa(f"www.{ZONE}")
    assert record.value == 'other.test; account="1'
    assert asked.cname(f"www.{ZONE}") == f"shop.{ZONE}"


@pytest.mark.parametrize("name", [f"gone.{ZONE}", f"dangling.{ZONE}", "nobody.test"])
def test_a_missing_name_is_an_empty_answer(asked: ResolvedDns, name: str) -> None:
    assert asked.caa(name) == []
    assert asked.cname(f"gone.{ZONE}") is None


def test_the_search_climbs_from_the_name_and_not_from_where_its_cname_leads(
    world: World, asked: ResolvedDns
) -> None:
    """RFC 8659 section 3: `free.test` would forbid, and is only above the target."""
    world.extend(ZONE, f"alias.{ZONE} CNAME a.free.test.")
    world.extend("test", 'free.test CAA 0 issue ";"\na.free.test A 192.0.2.1')
    verdict = judge_caa(f"alias.{ZONE}", asked.caa)
    assert (verdict.reason, verdict.at) == (CaaReason.NAMED, ZONE)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".test", "." * 3, "\u2488.test"])
def test_an_invalid_name_is_not_queried(asked: ResolvedDns, world: World, name: str) -> None:
    with pytest.raises(DnsUnknownError, match="not a valid DNS name"):
        asked.caa(name)
    assert world.asked == []


def test_a_failure_is_no_answer(world: World, asked: ResolvedDns) -> None:
    world.fails = {f"{ZONE}."}
    with pytest.raises(
        DnsUnknownError,
        match=r"^public DNS does not answer CAA queries for example\.test: every server refused",
    ):
        asked.caa(ZONE)


def test_silence_is_no_answer_and_is_not_waited_for_without_end(world: World) -> None:
    world.silent = {RESOLVER}
    hasty = ResolvedDns([RESOLVER], seconds=0.1, port=world.port)
    for ask in (hasty.caa, hasty.cname, hasty.ns, hasty.bogus):
        with pytest.raises(DnsUnknownError, match=r"timeout|no resolver answers"):
            ask(ZONE)


def test_a_resolver_that_is_no_address_is_said_so() -> None:
    with pytest.raises(DnsUnknownError, match="no DNS resolver is configured"):
        ResolvedDns(["not an address"])


def test_a_delegated_server_without_the_zone_is_lame(
    asked: ResolvedDns,
) -> None:
    assert asked.serves("ns1.dns.test", ZONE)
    assert not asked.serves("ns1.dns.test", "lame.test")
    assert not asked.serves("gone.dns.test", ZONE)


def test_a_server_that_says_nothing_may_be_anything(world: World, asked: ResolvedDns) -> None:
    world.silent = {OURS}
    with pytest.raises(DnsUnknownError, match=r"ns1\.dns\.test does not answer"):
        asked.serves("ns1.dns.test", ZONE)


def test_a_zone_is_bogus_if_only_checking_makes_it_fail(world: World, asked: ResolvedDns) -> None:
    assert not asked.bogus(ZONE)
    world.bogus = {f"{ZONE}."}
    assert asked.bogus(ZONE)
    world.fails = {f"{ZONE}."}
    assert not asked.bogus(ZONE)


def test_a_zone_that_fails_and_is_not_answered_without_validation_is_unknown(world: World) -> None:
    world.bogus, world.drops_unchecked = {f"{ZONE}."}, True
    hasty = ResolvedDns([RESOLVER], seconds=0.5, port=world.port)
    with pytest.raises(DnsUnknownError, match="without validation"):
        hasty.bogus(ZONE)
