"""The resolvers of the gateway answer as public ones do, from either back end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import FIRST, Document, Forwarding, HostedZones, Query

LOOPBACK = "127.0.0.1"


def data(found: Document) -> list[str]:
    return [record["data"] for record in found["Answer"]]


@pytest.fixture
def public(cloud: Cloud) -> HostedZones:
    zone = cloud.zones.add("example.com")
    cloud.zones.put(zone, "www.example.com", "CNAME", "shop.example.com.")
    cloud.zones.put(zone, "shop.example.com", "CAA", '0 issue "amazon.com"')
    return HostedZones(cloud.zones)


def test_cnames_are_followed_except_for_a_query_for_one(public: HostedZones) -> None:
    found = public(Query(FIRST, "www.example.com", "CAA"))
    assert data(found) == ["shop.example.com.", '0 issue "amazon.com"']
    assert data(public(Query(FIRST, "www.example.com", "CNAME"))) == ["shop.example.com."]


@pytest.mark.parametrize(
    ("name", "status", "apex"),
    [
        ("shop.example.com", 0, "example.com."),
        ("gone.example.com", 3, "example.com."),
        ("gone.example.net", 3, "net."),
    ],
)
def test_a_name_without_the_record_differs_from_a_name_that_does_not_exist(
    public: HostedZones, name: str, status: int, apex: str
) -> None:
    found = public(Query(FIRST, name, "NS"))
    assert (found["Status"], found["Answer"]) == (status, [])
    assert [record["name"] for record in found["Authority"]] == [apex]


def test_a_bogus_name_is_answered_only_without_the_check(public: HostedZones) -> None:
    public.bogus = {"example.com"}
    assert public(Query(FIRST, "shop.example.com", "CAA"))["Status"] == 2
    unchecked = public(Query(FIRST, "shop.example.com", "CAA", unchecked=True))
    assert (unchecked["Status"], unchecked["CD"]) == (0, True)
    assert public(Query(FIRST, "com", "SOA"))["AD"] is True


@pytest.fixture
def resolver() -> Iterator[int]:
    """Serve one answer on UDP; its flags repeat whether the check was disabled."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((LOOPBACK, 0))

        def serve() -> None:
            wire, client = listener.recvfrom(4096)
            query = dns.message.from_wire(wire)
            answer = dns.message.make_response(query)
            answer.flags |= dns.flags.AD | query.flags & dns.flags.CD
            name = query.question[0].name.to_text()
            answer.answer.append(dns.rrset.from_text(name, 7, "IN", "CAA", '0 issue "amazon.com"'))
            answer.set_rcode(dns.rcode.NOERROR)
            listener.sendto(answer.to_wire(), client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(2)


def test_queries_are_forwarded_to_a_resolver_on_udp(resolver: int) -> None:
    found = Forwarding(LOOPBACK, resolver)(Query(FIRST, "example.com", "CAA", unchecked=True))
    assert found == {
        "Status": 0,
        "TC": False,
        "RD": True,
        "RA": True,
        "AD": True,
        "CD": True,
        "Question": [{"name": "example.com.", "type": 257}],
        "Answer": [{"name": "example.com.", "type": 257, "TTL": 7, "data": '0 issue "amazon.com"'}],
        "Authority": [],
    }


def test_a_resolver_without_an_answer_is_a_failure() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((LOOPBACK, 0))
        silent = Forwarding(LOOPBACK, bound.getsockname()[1], seconds=0.05)
        assert silent(Query(FIRST, "example.com", "CAA"))["Status"] == 2
