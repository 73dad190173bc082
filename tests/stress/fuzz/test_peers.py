"""Servers, name servers and secrets of others: their data is read and never interpreted."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from certificate_lifecycle.cli.aws.public_dns import DnsUnknownError, ResolvedDns

from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.net.tls import SocketTlsProbe
from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    PemBlock,
    pem_blocks,
    read_certificate,
    read_private_key,
)
from certificate_lifecycle.policy.caa import CaaReason, judge_caa
from certificate_lifecycle.policy.import_source import UnusableSourceError, open_secret
from certificate_lifecycle.policy.thresholds import Thresholds
from certificate_lifecycle.policy.tls_probe import (
    ProbeState,
    compare,
    sentences,
    stale_certificate_served,
)
from tests.harness.authority import Issued, issue
from tests.harness.servers import LOOPBACK, Server, serving
from tests.stress.fuzz.effort import fuzzed
from tests.stress.fuzz.hostile import is_plain, require_own_words
from tests.stress.fuzz.lots import NOW, seeds
from tests.stress.fuzz.test_leftovers import Mischief
from tests.unit.builders import certificate, detail

SHOP = "shop.example.com"
ISSUED: Issued = issue(SHOP, not_after=NOW + timedelta(days=90), algorithm="EC_prime256v1")
OTHERS = {
    name: issue(SHOP, not_after=NOW + timedelta(days=90), algorithm=name)
    for name in ("RSA_2048", "EC_secp384r1")
}


def bent(data: bytes, random: Random) -> bytes:
    """Return bytes that are nearly the same: changed, truncated, repeated, or others."""
    changed = bytearray(data)
    for _ in range(random.choice((0, 1, 1, 2, 8))):
        if changed:
            changed[random.randrange(len(changed))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, 0x30))
    at = random.randrange(len(changed) + 1)
    return random.choice(
        (
            *(bytes(changed),) * 5,
            bytes(changed[:at]),
            bytes(changed[:at] + changed[at // 2 :]),
            random.randbytes(random.choice((0, 1, 7, 64, 70_000))),
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
        )
    )


# --- Certificates and keys ------------------------------------------------------------------------


@fuzzed(800, seed=seeds)
def test_bytes_are_a_certificate_or_rejected_without_being_quoted(seed: int) -> None:
    random = Random(seed)
    issued = random.choice((ISSUED, *OTHERS.values()))
    (block,) = pem_blocks(issued.certificate)
    with contextlib.suppress(MalformedCertificateError):
        leaf = read_certificate(bent(block.der, random))
        assert leaf.not_before.tzinfo
        assert all(isinstance(name, str) for name in leaf.names)
    (key,) = pem_blocks(issued.private_key)
    with contextlib.suppress(MalformedCertificateError):
        read_private_key(PemBlock(key.label, bent(key.der, random)))


@fuzzed(250, seed=seeds)
def test_a_secret_contains_a_certificate_or_is_rejected_without_being_quoted(seed: int) -> None:
    lot = Mischief(seed)
    random = Random(seed)
    issued = lot.one((ISSUED, *OTHERS.values()))
    fields = {"certificate": issued.certificate, "private_key": issued.private_key, "chain": ""}
    name = lot.one(sorted(fields))
    text = json.dumps(lot.changed({**fields, name: _bent_text(fields[name], random)}))
    secret = lot.one((text, text, text, bent(text.encode(), random).decode("utf-8", "replace")))
    try:
        open_secret(SecretStr(secret))
    except UnusableSourceError as error:
        _require_hidden(error, issued)


def _require_hidden(error: UnusableSourceError, issued: Issued) -> None:
    """Require an error that contains no part of a private key, including its causes."""
    require_own_words(error)
    secret_lines = [line for line in issued.private_key.splitlines() if not line.startswith("---")]
    cause: BaseException | None = error
    while cause is not None:
        assert not any(line in f"{cause}{cause!r}" for line in secret_lines)
        cause = cause.__cause__ or cause.__context__


def _bent_text(text: str, random: Random) -> str:
    """Return PEM with a change in the text or in the encoded data."""
    blocks = pem_blocks(text)
    if not blocks or random.random() < 0.3:
        return bent(text.encode(), random).decode("utf-8", "replace")
    encoded = base64.b64encode(bent(blocks[0].der, random)).decode()
    return f"-----BEGIN {blocks[0].label}-----\n{encoded}\n-----END {blocks[0].label}-----\n"


# --- Servers --------------------------------------------------------------------------------------


@dataclass
class Peer:
    """A TLS server whose first data depends on a seed.

    `intact` is whether each connection was sent correctly.
    """

    server: Server
    seed: int = 0
    intact: list[bool] = field(default_factory=list)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    context = _context(tmp_path_factory.mktemp("peer"))

    def behave(connection: socket.socket) -> None:
        random = Random(found.seed)
        wanted = connection.recv(8192)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = context.wrap_bio(incoming, outgoing, server_side=True)
        incoming.write(wanted)
        with contextlib.suppress(ssl.SSLError):
            session.do_handshake()
        flight = outgoing.read()
        sent = bent(flight, random)
        found.intact.append(sent == flight)
        connection.sendall(sent)

    with serving(behave) as server:
        found = Peer(server)
        yield found


def _context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = folder / "both.pem"
    file.write_text(ISSUED.certificate + ISSUED.private_key, encoding="ascii")
    context.load_cert_chain(file)
    return context


@fuzzed(60, seed=seeds)
def test_server_responses_are_read_or_reported_as_unreadable(peer: Peer, seed: int) -> None:
    peer.seed, peer.intact = seed, []
    probe = SocketTlsProbe(
        private_addresses=True,
        port=peer.server.port,
        resolve=lambda _: (LOOPBACK, "::ffff:0:0", ""),
    )
    probe_results = probe.probe(SHOP, "EC_prime256v1")
    assert len(probe_results) == 3
    if all(peer.intact):
        assert probe_results[0].leaf == read_certificate(pem_blocks(ISSUED.certificate)[0].der)
    ours = certificate(detail=detail(serial="0a"))
    seen = [compare(ours, probe_result) for probe_result in probe_results]
    assert all(entry.state is not ProbeState.NOT_PROBED for entry in seen)
    for text in sentences(ours, seen):
        assert is_plain(text)
    stale_certificate_served(ours, seen, Thresholds(), NOW)


# --- Name servers ---------------------------------------------------------------------------------

HOSTILE_RECORDS = (
    ("CAA", '0 issue "amazon.com"'),
    ("CAA", '0 issue "\\000\\027[2J; a=b"'),
    ("CAA", '255 issue ""'),
    ("CAA", '128 tbs "unknown"'),
    ("CAA", '0 issuewild ";"'),
    ("CNAME", "\\027\\[2J.example.com."),
    ("NS", "ns\\.1.example.com."),
    ("NS", "."),
    ("SOA", ". . 1 1 1 1 1"),
    ("A", "127.0.0.1"),
    ("TXT", '"x"'),
)


@dataclass
class Resolver:
    """A name server whose answers depend on a seed."""

    port: int
    seed: int = 0

    def reply(self, wire: bytes) -> bytes:
        random = Random(self.seed)
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        answer.flags |= random.choice((0, 0x0080, 0x0400, 0x0480))
        answer.set_rcode(dns.rcode.Rcode(random.choice((0, 0, 0, 2, 3, 5, 15))))
        (question,) = query.question
        for section in (answer.answer, answer.authority):
            for _ in range(random.choice((0, 1, 2))):
                kind, value = random.choice(HOSTILE_RECORDS)
                owner = random.choice((question.name.to_text(), "other.example.", "."))
                section.append(dns.rrset.from_text(owner, 60, "IN", kind, value))
        data = answer.to_wire()
        # Another id would cause a timeout, which another test covers.
        return data[:2] + bent(data[2:], random) if random.random() < 0.5 else data


@pytest.fixture(scope="module")
def resolver() -> Iterator[Resolver]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((LOOPBACK, 0))
        listener.settimeout(0.05)
        found = Resolver(listener.getsockname()[1])
        closing = threading.Event()

        def serve() -> None:
            while not closing.is_set():
                with contextlib.suppress(OSError):
                    wire, client = listener.recvfrom(4096)
                    listener.sendto(found.reply(wire)[:65_000], client)

        thread = threading.Thread(target=serve, name="resolver", daemon=True)
        thread.start()
        yield found
        closing.set()
        thread.join()


@fuzzed(20, seed=seeds)
def test_name_server_responses_are_accepted_or_ignored(resolver: Resolver, seed: int) -> None:
    resolver.seed = seed
    public = ResolvedDns([LOOPBACK], seconds=0.05, port=resolver.port)
    asked: tuple[Callable[[], object], ...] = (
        lambda: public.ns("example.com"),
        lambda: public.cname("_a1.example.com"),
        lambda: judge_caa("*.shop.example.com", public.caa),
        lambda: public.serves("ns.example.com", "example.com"),
        lambda: public.bogus("example.com"),
    )
    for ask in asked:
        try:
            verdict = ask()
        except DnsUnknownError as error:
            require_own_words(error)
            continue
        reason = getattr(verdict, "reason", None)
        assert reason is None or reason in set(CaaReason)
