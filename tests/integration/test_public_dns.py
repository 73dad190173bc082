"""Two resolvers on loopback, queried over HTTPS, that agree, disagree, lie and fail."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.net import public_dns
from certificate_lifecycle.net.public_dns import HttpsDns
from tests.embedded_aws.cloud import Cloud
from tests.embedded_aws.doh_gateway import (
    FIRST,
    PATHS,
    SECOND,
    SIGNED,
    Gateway,
    HostedZones,
    Lie,
    answering,
    changing,
    dripping,
    failing,
    sending,
    serving_https,
    silent,
    with_status,
)
from tests.harness.servers import Behaviour, closed_port, hanging, serving
from tests.harness.servers import dripping as dripping_tls
from tests.integration.effects import USED, ending_in
from tests.integration.invocation import Function, scheduled

pytestmark = pytest.mark.integration

ZONE, SHOP = "example.com", "shop.example.com"
AMAZON, OTHER = '0 issue "amazon.com"', '0 issue "ca.example"'
GENERIC = r"\# 17 00 05 69 73 73 75 65 61 6d 61 7a 6f 6e 2e 63 6f 6d"
CAA, CNAME, NS = RecordType.CAA, RecordType.CNAME, RecordType.NS


@pytest.fixture(autouse=True)
def zone(cloud: Cloud) -> None:
    """Create a zone with a CAA record and a CNAME."""
    zone = cloud.zones.add(ZONE)
    cloud.zones.put(zone, ZONE, "CAA", AMAZON)
    cloud.zones.put(zone, "www.example.com", "CNAME", f"{ZONE}.")


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a short time for each exchange."""
    for name in ("_CONNECT_SECONDS", "_EXCHANGE_SECONDS", "_FIRST_SECONDS"):
        monkeypatch.setattr(public_dns, name, 0.4)


def resolvers_of(gateway: Gateway, **options: object) -> HttpsDns:
    return HttpsDns(gateway.urls, lambda: 60.0, **options)  # type: ignore[arg-type]


def ask(gateway: Gateway, name: str = ZONE, record_type: RecordType = CAA) -> DnsAnswer:
    return resolvers_of(gateway).ask(name, record_type)


# --- Answers --------------------------------------------------------------------------------------


def test_records_that_both_resolvers_return_are_the_answer(gateway: Gateway) -> None:
    asked = resolvers_of(gateway)
    found = asked.ask("WWW.example.com.", CAA)
    assert (found.state, found.values) == (AnswerState.FOUND, (AMAZON,))
    assert asked.ask("www.example.com", CNAME).values == (ZONE,)
    assert len(asked.ask(ZONE, NS).values) == 4
    missing = asked.ask(SHOP, CAA)
    assert (missing.state, missing.zone) == (AnswerState.NONE, ZONE)


def test_a_query_is_sent_once_in_a_run(gateway: Gateway) -> None:
    asked = resolvers_of(gateway)
    names = [ZONE, SHOP, f"{ZONE}."]
    asked.prefetch((name, CAA) for name in names)
    for name in names * 2:
        asked.ask(name, CAA)
    assert [gateway.asked(name, "CAA") for name in (ZONE, SHOP)] == [2, 2]
    assert gateway.asked(SIGNED, "SOA") == 2


def test_many_queries_share_a_few_connections(gateway: Gateway) -> None:
    asked = resolvers_of(gateway)
    names = [f"n{number}.example.com" for number in range(60)]
    asked.prefetch((name, CAA) for name in names)
    assert {asked.ask(name, CAA).state for name in names} == {AnswerState.NONE}
    assert gateway.connections <= 18


def test_broken_dnssec_is_known_by_the_answers_without_the_check(gateway: Gateway) -> None:
    assert isinstance(gateway.backend, HostedZones)
    gateway.backend.bogus = {ZONE}
    found = ask(gateway, SHOP)
    assert found.state is AnswerState.DNSSEC_BROKEN
    assert "DNSKEY Missing" in found.reason


@pytest.mark.parametrize("lie", [answering("CAA", OTHER, AMAZON), answering("CAA", GENERIC, OTHER)])
def test_the_order_and_the_form_of_records_are_no_difference(gateway: Gateway, lie: Lie) -> None:
    gateway.lie(answering("CAA", AMAZON, OTHER), FIRST)
    gateway.lie(lie, SECOND)
    assert ask(gateway).values == (AMAZON, OTHER)


def without(key: str) -> Lie:
    return changing(lambda document: {k: v for k, v in document.items() if k != key})


def with_fields(**fields: object) -> Lie:
    return changing(lambda document: {**document, **fields})


#: The behaviour of one resolver, and the reason of the unknown answer. Unit tests have more
#: documents that cannot be used.
LIES: dict[str, tuple[Lie, str]] = {
    "other records": (answering("CAA", OTHER), "the resolvers disagree: "),
    "a failure": (failing, "gets no answer"),
    "another question": (without("Question"), "answers another question"),
    "no JSON": (sending(b"<html>"), "no JSON"),
    "a long answer": (sending(b" " * 70_000), "is longer than 65536 bytes"),
    "a redirect": (with_status(301, Location="https://127.0.0.1/"), "HTTP status 301"),
    "a wrong request": (with_status(400), "HTTP status 400"),
    "too many requests": (with_status(429), "HTTP status 429"),
    "a short answer": (with_status(200, Content_Length="9999"), "no answer in time"),
    "silence": (silent, "no answer in time"),
    "an answer byte by byte": (dripping(0.01), "no answer in time"),
}


@pytest.mark.parametrize(("lie", "reason"), LIES.values(), ids=LIES)
@pytest.mark.usefixtures("hasty")
def test_an_answer_of_one_resolver_alone_is_unknown(
    gateway: Gateway, lie: Lie, reason: str
) -> None:
    gateway.lie(lie, SECOND)
    started = time.monotonic()
    found = ask(gateway)
    assert (found.state, found.values) == (AnswerState.UNKNOWN, ())
    assert reason in found.reason
    assert SECOND in found.reason
    assert time.monotonic() - started < 2


def test_the_first_resolver_alone_decides_as_little(gateway: Gateway) -> None:
    gateway.lie(with_status(500), FIRST)
    assert ask(gateway).reason == f"{FIRST}:{gateway.port}: HTTP status 500"
    assert gateway.asked(ZONE, "CAA") == 1


def test_a_failure_of_both_is_unknown_if_neither_answers_without_the_check(
    gateway: Gateway,
) -> None:
    gateway.lie(failing)
    found = ask(gateway)
    assert found.state is AnswerState.UNKNOWN
    assert "gets no answer" in found.reason


def test_a_connection_that_the_resolver_closes_is_opened_again(gateway: Gateway) -> None:
    gateway.lie(with_status(200, Connection="close"))
    asked = resolvers_of(gateway)
    names = [f"n{number}.example.com" for number in range(5)]
    assert {asked.ask(name, CAA).state for name in names} == {AnswerState.NONE}


# --- Both functions -------------------------------------------------------------------------------


@pytest.mark.usefixtures("ledger_table")
def test_all_regions_of_a_run_share_the_answers(
    rotation: Function, cloud: Cloud, gateway: Gateway, environment: pytest.MonkeyPatch
) -> None:
    regions = ["eu-west-1", "us-east-1"]
    environment.setenv("REGIONS", json.dumps(regions))
    for region in regions:
        cloud.certificates.add(domain_name=SHOP, region=region, **USED, **ending_in(cloud, 150))
    result = rotation(scheduled(cloud.now))
    assert result["findings"] == []
    assert [gateway.asked(name, "CAA") for name in (SHOP, ZONE)] == [2, 2]


def test_a_request_is_preceded_by_queries_for_its_names(
    creation: Function, gateway: Gateway
) -> None:
    creation({"domain_name": ZONE})
    assert gateway.asked(ZONE, "CAA") == 2


# --- Resolvers that cannot be used ----------------------------------------------------------------


def test_a_resolver_that_does_not_validate_dnssec_is_not_used(gateway: Gateway) -> None:
    """A resolver that authenticates nothing would call a broken zone correct."""
    gateway.lies[SECOND] = with_fields(AD=False)
    found = ask(gateway)
    assert found.reason == f"{SECOND}:{gateway.port} does not validate DNSSEC"
    assert gateway.asked(ZONE, "CAA") == 0


def test_a_certificate_of_another_host_is_rejected(
    cloud: Cloud, environment: pytest.MonkeyPatch
) -> None:
    with serving_https(HostedZones(cloud.zones), FIRST, "resolver.example") as gateway:
        environment.setenv("SSL_CERT_FILE", gateway.certificates)
        found = ask(gateway)
        assert "its TLS certificate is not valid: " in found.reason
        assert SECOND in found.reason


def test_a_certificate_of_an_unknown_ca_is_rejected(
    gateway: Gateway, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("SSL_CERT_FILE")
    assert "its TLS certificate is not valid: " in ask(gateway).reason


def test_a_resolver_without_a_listener_costs_one_connection() -> None:
    with closed_port() as port:
        urls = [f"https://{host}:{port}{PATHS[host]}" for host in (FIRST, SECOND)]
        asked = HttpsDns(urls, lambda: 60.0)
        for number in range(100):
            assert "no connection: " in asked.ask(f"n{number}.example.com", CAA).reason


@pytest.mark.parametrize("behave", [hanging, dripping_tls])
@pytest.mark.usefixtures("hasty")
def test_a_network_without_a_route_costs_one_timeout_for_all_queries(behave: Behaviour) -> None:
    """Lambda in a VPC without internet: a connection neither succeeds nor fails."""
    with serving(behave) as server:
        urls = [f"https://{host}:{server.port}{PATHS[host]}" for host in (FIRST, SECOND)]
        asked = HttpsDns(urls, lambda: 60.0)
        names = [f"n{number}.example.com" for number in range(200)]
        started = time.monotonic()
        asked.prefetch((name, CAA) for name in names)
        answers = [asked.ask(name, CAA) for name in names]
        assert time.monotonic() - started < 2
    assert {answer.state for answer in answers} == {AnswerState.UNKNOWN}
    assert all("in time" in answer.reason for answer in answers)


@pytest.mark.usefixtures("hasty")
def test_an_address_lookup_that_hangs_is_given_up(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver has no time limit of this module."""
    released = Event()

    def look_up(*_: object, **__: object) -> None:
        released.wait(20)
        raise OSError("released")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    started = time.monotonic()
    found = ask(gateway)
    released.set()
    assert found.reason.endswith("no answer to the first query in time")
    assert time.monotonic() - started < 2


def test_a_resolver_that_fails_three_times_in_a_row_is_not_queried_again(gateway: Gateway) -> None:
    gateway.lie(with_status(500), SECOND)
    asked = resolvers_of(gateway)
    answers = [asked.ask(f"n{number}.example.com", CAA) for number in range(9)]
    assert len([query for query in gateway.queries if query.resolver == SECOND]) == 4
    assert answers[-1].reason == (
        f"{SECOND}:{gateway.port} failed 3 times in a row: HTTP status 500"
    )


# --- Limits ---------------------------------------------------------------------------------------


def test_private_names_are_never_sent(gateway: Gateway) -> None:
    asked = resolvers_of(gateway)
    for name in ("localhost", "printer.local", "db.corp.internal", "*.example.com", "a b.com", ""):
        assert asked.ask(name, CAA).reason == "not a public name"
    assert gateway.queries == []
    assert gateway.connections == 0


def test_a_run_has_a_limit_of_queries(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_dns, "MAX_QUERIES", 3)
    asked = resolvers_of(gateway)
    answers = [asked.ask(f"n{number}.example.com", CAA) for number in range(5)]
    assert [answer.state for answer in answers[:3]] == [AnswerState.NONE] * 3
    assert answers[3].reason == "the limit of 3 queries in a run is reached"
    assert len([query for query in gateway.queries if query.name != SIGNED]) == 6


def test_no_answer_is_awaited_once_a_resolver_has_failed_repeatedly(gateway: Gateway) -> None:
    gateway.lie(with_status(503), SECOND)
    gateway.lies[FIRST] = lambda query, response: (
        None if query.name == "slow.example.com" else response
    )
    asked = resolvers_of(gateway)
    names = ["slow.example.com", *(f"n{number}.example.com" for number in range(4))]
    started = time.monotonic()
    asked.prefetch((name, CAA) for name in names)
    assert "failed 3 times in a row" in asked.ask("slow.example.com", CAA).reason
    assert time.monotonic() - started < 2


def test_a_run_has_a_limit_of_time(gateway: Gateway) -> None:
    gateway.lie(silent)
    asked = resolvers_of(gateway, max_seconds=0.5)
    started = time.monotonic()
    for number in range(50):
        found = asked.ask(f"n{number}.example.com", CAA)
        assert found.reason == "the time for public DNS is used up"
    assert time.monotonic() - started < 1.5


def test_time_between_queries_is_not_counted(gateway: Gateway) -> None:
    asked = resolvers_of(gateway, max_seconds=1.0)
    assert asked.ask(ZONE, CAA).state is AnswerState.FOUND
    Event().wait(1.1)
    assert asked.ask(SHOP, CAA).state is AnswerState.NONE


def test_no_query_is_sent_near_the_deadline_of_the_run(gateway: Gateway) -> None:
    asked = HttpsDns(gateway.urls, lambda: 0.0)
    assert asked.ask(ZONE, CAA).reason == "the time for public DNS is used up"
    assert gateway.queries == []


def test_threads_share_the_answers(gateway: Gateway) -> None:
    asked = resolvers_of(gateway)
    names = [f"n{number}.example.com" for number in range(10)]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda name: asked.ask(name, CAA).state, names * 8)
        assert set(found) == {AnswerState.NONE}
    assert {gateway.asked(name, "CAA") for name in names} == {2}
