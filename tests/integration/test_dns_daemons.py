"""Public DNS of real name servers and resolvers, as the functions and the command line read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.net.public_dns import HttpsDns
from tests.embedded_aws.doh_gateway import RESOLVERS, Document, Forwarding, Gateway, Query
from tests.embedded_aws.doh_gateway import serving_https as serving
from tests.harness.dns_daemons import (
    LOOPBACK,
    MISSING,
    Resolver,
    Signatures,
    Zone,
    resolving,
)

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
]

AMAZON, OTHER, NOBODY = '0 issue "amazon.com"', '0 issue "ca.example"', '0 issuewild ";"'


def caa(name: str, *values: str) -> tuple[str, ...]:
    return tuple(f"{name}. 60 CAA {value}" for value in values)


ZONES = (
    *(Zone(name=name, signatures=Signatures.VALID) for name in (".", "com", "org")),
    Zone(name="example.com", signatures=Signatures.VALID, records=caa("example.com", AMAZON)),
    # The owner moved the zone to servers that do not sign, and left the DS record behind.
    Zone(name="moved.example.com", anchored=True),
    Zone(name="expired.example.com", signatures=Signatures.EXPIRED),
    Zone(name="lame.example.com", served=False),
    Zone(
        name="split.example.com",
        records=caa("split.example.com", AMAZON),
        others=caa("split.example.com", OTHER),
    ),
    Zone(
        name="lied.example.com",
        signatures=Signatures.VALID,
        records=caa("lied.example.com", OTHER),
        lies=caa("lied.example.com", AMAZON),
    ),
    Zone(
        name="example.org",
        records=(
            *caa("example.org", OTHER),
            *caa("shop.example.org", AMAZON, NOBODY),
            "www.example.org. 60 CNAME shop.example.org.",
            "dangling.example.org. 60 CNAME nothing.example.org.",
        ),
    ),
)


@pytest.fixture(scope="module")
def resolvers() -> Iterator[tuple[Resolver, Resolver]]:
    with resolving(ZONES) as found:
        yield found


@pytest.fixture
def public(
    resolvers: tuple[Resolver, Resolver], environment: pytest.MonkeyPatch
) -> Iterator[Gateway]:
    """Let functions and commands query both resolvers."""
    behind = {
        name: Forwarding(LOOPBACK, resolver.port, seconds=0.5)
        for name, resolver in zip(RESOLVERS, resolvers, strict=True)
    }

    def forwarded(query: Query) -> Document:
        return behind[query.resolver](query)

    with serving(forwarded) as gateway:
        for name, value in gateway.environment.items():
            environment.setenv(name, value)
        environment.setattr("certificate_lifecycle.net.public_dns._IDLE_SECONDS", 0.05)
        yield gateway


def ask(gateway: Gateway, name: str, record_type: RecordType = RecordType.CAA) -> DnsAnswer:
    return HttpsDns(gateway.urls, lambda: 60.0).ask(name, record_type)


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("example.com", AnswerState.FOUND),
        ("www.example.com", AnswerState.NONE),
        ("moved.example.com", AnswerState.DNSSEC_BROKEN),
        ("expired.example.com", AnswerState.DNSSEC_BROKEN),
        ("lame.example.com", AnswerState.UNKNOWN),
        ("split.example.com", AnswerState.UNKNOWN),
        ("lied.example.com", AnswerState.UNKNOWN),
        ("example.org", AnswerState.FOUND),
        ("www.example.org", AnswerState.FOUND),
        ("dangling.example.org", AnswerState.NONE),
    ],
)
def test_state(public: Gateway, name: str, state: AnswerState) -> None:
    found = ask(public, name)
    assert found.state is state, found


def test_hang(public: Gateway, resolvers: tuple[Resolver, Resolver]) -> None:
    with resolvers[1].hanging():
        found = ask(public, "example.com")
    assert found.state is AnswerState.UNKNOWN
    print(found)
