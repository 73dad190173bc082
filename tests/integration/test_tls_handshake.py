"""Connections to servers on loopback: the served certificates, and every failure.

No name is resolved, and no other host is connected to.
"""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest

from certificate_lifecycle.net import tls
from certificate_lifecycle.net.tls import SocketTlsProbe
from certificate_lifecycle.parsing.x509 import pem_blocks, read_certificate
from certificate_lifecycle.policy.tls_probe import ProbeResult, ProbeState
from tests.harness import servers
from tests.harness.authority import Issued, issue
from tests.harness.servers import LOOPBACK, Behaviour, Server, closed_port, serving, serving_tls
from tests.integration.invocation import NOW

pytestmark = pytest.mark.integration

SHOP, BLOG = "shop.example.com", "blog.example.com"
RSA, ECDSA = "RSA_2048", "EC_prime256v1"
LATER = NOW + timedelta(days=90)


@pytest.fixture(autouse=True)
def no_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail on every lookup: only the checked address is connected to."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a name was resolved")

    monkeypatch.setattr("socket.getaddrinfo", refuse)


def probe(server: Server | int, *addresses: str, private: bool = True) -> SocketTlsProbe:
    port = server if isinstance(server, int) else server.port
    return SocketTlsProbe(
        private_addresses=private, port=port, resolve=lambda _: addresses or (LOOPBACK,)
    )


def serial(issued: Issued) -> int:
    return read_certificate(pem_blocks(issued.certificate)[0].der).serial


def serials(probe_results: Sequence[ProbeResult]) -> list[int | None]:
    return [
        probe_result.leaf.serial if probe_result.leaf else None for probe_result in probe_results
    ]


@contextmanager
def shop(*issued: Issued, **details: object) -> Iterator[Server]:
    """Serve certificates under one name, and another one under all others."""
    default = issue("default.example.net", not_after=LATER, algorithm=ECDSA)
    with serving_tls({SHOP: issued}, default=(default,), **details) as server:  # type: ignore[arg-type] # whatever it takes
        yield server


def test_the_certificate_of_the_requested_name_is_read() -> None:
    ours, other = issue(SHOP, not_after=LATER), issue(BLOG, not_after=LATER)
    with serving_tls({SHOP: (ours,), BLOG: (other,)}, default=(other,)) as server:
        looking = probe(server)
        assert serials(looking.probe(SHOP, RSA)) == [serial(ours)]
        assert serials(looking.probe(BLOG, RSA)) == [serial(other)]
        assert serials(looking.probe("news.example.com", RSA)) == [serial(other)]
        assert server.asked == [SHOP, BLOG, "news.example.com"]


def test_nothing_is_sent_but_a_handshake() -> None:
    with shop(issue(SHOP, not_after=LATER)) as server:
        probe(server).probe(SHOP, RSA)
        deadline = time.monotonic() + 5
        while not server.received and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.received == [b""]


def test_each_address_is_probed_and_up_to_four_are_named() -> None:
    ours = issue(SHOP, not_after=LATER)
    many = [f"127.0.0.{number}" for number in range(1, 9)]
    with shop(ours) as server:
        seen = probe(server, *many).probe(SHOP, RSA)
    assert [probe_result.address for probe_result in seen] == many[:4]
    assert serials(seen)[0] == serial(ours)


@pytest.mark.parametrize("algorithm", [RSA, ECDSA])
def test_of_two_certificates_the_one_with_the_wanted_key_is_read(algorithm: str) -> None:
    """As a load balancer with an RSA and an ECDSA certificate does it, which prefers the latter."""
    both = {entry: issue(SHOP, not_after=LATER, algorithm=entry) for entry in (RSA, ECDSA)}
    with shop(*both.values()) as server:
        assert serials(probe(server).probe(SHOP, algorithm)) == [serial(both[algorithm])]


def test_a_certificate_with_another_key_is_read_if_it_is_the_only_one() -> None:
    other = issue(SHOP, not_after=LATER, algorithm=ECDSA)
    with shop(other) as server:
        assert serials(probe(server).probe(SHOP, RSA)) == [serial(other)]


def only(version: ssl.TLSVersion) -> object:
    def prepare(context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")

    return prepare


def test_a_server_that_breaks_off_what_is_too_old_for_it_is_asked_again() -> None:
    """Instead of saying why, it may reset the connection; it can be reached all the same."""
    ours = issue(SHOP, not_after=LATER)
    with shop(ours) as modern:

        def behave(connection: socket.socket) -> None:
            if server.connections == 1:
                servers.resetting(connection)
                return
            with socket.socket() as behind:
                behind.connect((LOOPBACK, modern.port))
                behind.sendall(connection.recv(65536))
                behind.shutdown(socket.SHUT_WR)
                while answer := behind.recv(65536):
                    connection.sendall(answer)

        with serving(behave) as server:
            assert serials(probe(server).probe(SHOP, RSA)) == [serial(ours)]


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
)
def test_a_server_of_any_version_is_probed(version: ssl.TLSVersion) -> None:
    ours = issue(SHOP, not_after=LATER)
    with shop(ours, prepare=only(version)) as server:
        assert serials(probe(server).probe(SHOP, RSA)) == [serial(ours)]


def test_a_certificate_that_browsers_refuse_is_read() -> None:
    """It is expired, for another name, from an unknown CA and with a short key."""
    bad = issue(BLOG, not_after=NOW - timedelta(days=900), algorithm="RSA_1024")
    with shop(bad, prepare=only(ssl.TLSVersion.TLSv1_2)) as server:
        (probe_result,) = probe(server).probe(SHOP, RSA)
    assert probe_result.leaf is not None
    assert probe_result.leaf.not_after == NOW - timedelta(days=900)


def test_a_server_that_wants_a_certificate_itself_may_show_none() -> None:
    def prepare(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED

    with shop(issue(SHOP, not_after=LATER), prepare=prepare) as server:
        assert states(probe(server)) == [ProbeState.NO_CERTIFICATE]


def states(looking: SocketTlsProbe) -> list[ProbeState]:
    seen = looking.probe(SHOP, RSA)
    assert serials(seen) == [None] * len(seen)
    return [probe_result.state for probe_result in seen]


BEHAVIOURS = {
    "hangs": (servers.hanging, ProbeState.UNREACHABLE),
    "resets": (servers.resetting, ProbeState.UNREACHABLE),
    "drips": (servers.dripping, ProbeState.UNREACHABLE),
    "closes": (servers.closing, ProbeState.NO_CERTIFICATE),
    "speaks http": (servers.speaking_http, ProbeState.NOT_TLS),
    "greets": (servers.greeting, ProbeState.NOT_TLS),
}


# `SSLSocket` is left open by Python itself if the peer resets before its constructor has the peer's
# name; nothing outside has a reference to it then.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize(("behaviour", "state"), BEHAVIOURS.values(), ids=BEHAVIOURS)
def test_a_server_that_shows_nothing_is_an_answer_within_the_time(
    behaviour: Behaviour, state: ProbeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "TIMEOUT_SECONDS", 0.5)
    with serving(behaviour) as server:
        begun = time.monotonic()
        assert states(probe(server)) == [state]
        assert time.monotonic() - begun < 3
        assert server.connections in (1, 2)


def test_a_closed_port_is_an_answer() -> None:
    with closed_port() as port:
        assert states(probe(port)) == [ProbeState.UNREACHABLE]


def test_a_name_without_an_address_is_an_answer() -> None:
    def nowhere(_: str) -> Sequence[str]:
        raise OSError("Name or service not known")

    looking = SocketTlsProbe(private_addresses=True, resolve=nowhere)
    assert looking.probe(SHOP, RSA) == [ProbeResult(SHOP, "", state=ProbeState.UNREACHABLE)]


def test_an_address_that_is_not_public_is_not_connected_to() -> None:
    with shop(issue(SHOP, not_after=LATER)) as server:
        refused = [LOOPBACK, "::ffff:127.0.0.1", "::1", "10.0.0.1"]
        assert states(probe(server, *refused, private=False)) == [ProbeState.REFUSED] * 4
        assert server.connections == 0


def test_the_metadata_service_is_never_connected_to() -> None:
    looking = probe(443, "169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254")
    assert states(looking) == [ProbeState.REFUSED] * 3


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to() -> None:
    """A second answer, which leads elsewhere, is never asked for (DNS rebinding)."""
    answers = iter([[LOOPBACK], ["169.254.169.254"]])
    ours = issue(SHOP, not_after=LATER, algorithm=ECDSA)
    with shop(ours) as server:
        looking = SocketTlsProbe(
            private_addresses=True, port=server.port, resolve=lambda _: next(answers)
        )
        # With the other kind of key, so that it connects twice.
        assert serials(looking.probe(SHOP, RSA)) == [serial(ours)]
        assert server.connections == 2
    assert next(answers) == ["169.254.169.254"]


def test_a_name_is_resolved_as_it_is_with_the_addresses_of_ipv4_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        v6 = (socket.AF_INET6, 1, 6, "", ("2001:db8::1", 0, 0, 0))
        v4 = (socket.AF_INET, 1, 6, "", ("203.0.113.7", 0))
        return [v6, v4, v4]

    monkeypatch.setattr("socket.getaddrinfo", getaddrinfo)
    assert tls.addresses_of(SHOP) == ["203.0.113.7", "2001:db8::1"]
    assert asked == ["shop.example.com."]
