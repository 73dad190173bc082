"""Servers, resolvers and secrets of others: their data is read and never interpreted."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from certificate_lifecycle.model.errors import DnssecBrokenError, PublicDnsUnknownError
from certificate_lifecycle.model.public_dns import AnswerState, RecordType
from certificate_lifecycle.model.secret_value import SecretStr
from certificate_lifecycle.net import public_dns
from certificate_lifecycle.net.tls import SocketTlsProbe
from certificate_lifecycle.parsing.x509 import (
    MalformedCertificateError,
    PemBlock,
    pem_blocks,
    read_certificate,
    read_private_key,
)
from certificate_lifecycle.policy.caa import CaaReason, judge_public_caa
from certificate_lifecycle.policy.import_source import UnusableSourceError, open_secret
from certificate_lifecycle.policy.public_dns import ResolverReplies, combined, parse_reply
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


# --- Resolvers ------------------------------------------------------------------------------------

HOSTILE_RECORDS = (
    (257, '0 issue "amazon.com"'),
    (257, r"\# 17 00 05 69 73 73 75 65 61 6d 61 7a 6f 6e 2e 63 6f 6d"),
    (257, r'0 issue "\000\027[2J; a=b"'),
    (257, '255 issue ""'),
    (257, '128 tbs "unknown"'),
    (257, '0 issuewild ";"'),
    (257, r"\# 5 00 ff 69 73 73"),
    (5, "\x1b[2J.example.com."),
    (5, "a.example.com."),
    (5, f"{SHOP}."),
    (2, r"ns\.1.example.com."),
    (2, "ns1.example.com."),
    (2, "."),
    (6, ". . 1 1 1 1 1"),
    (6, "ns.example.com. admin.example.com. 1 1 1 1 1"),
    (1, "127.0.0.1"),
    (16, '"x"'),
    (46, "caa 8 3 300"),
)
OWNERS = (f"{SHOP}.", f"{SHOP}.", SHOP.upper(), "a.example.com.", "example.com.", ".", "\x1b[2J")


def document(lot: Mischief, number: int) -> bytes:
    """Return the JSON of a resolver, with records and fields that depend on a seed."""
    sections: dict[str, list[dict[str, object]]] = {"Answer": [], "Authority": []}
    for section in sections.values():
        for _ in range(lot.one((0, 1, 1, 2, 3))):
            record_type, data = lot.one(HOSTILE_RECORDS)
            section.append({"name": lot.one(OWNERS), "type": record_type, "TTL": 1, "data": data})
    whole: dict[str, object] = {
        "Status": lot.one((0, 0, 0, 2, 3, 5)),
        "TC": False,
        "RD": True,
        "RA": True,
        "AD": lot.often(),
        "CD": False,
        "Question": [{"name": f"{SHOP}.", "type": number}],
        **sections,
        "Comment": lot.one(("", lot.text(), [lot.text(), 7], None)),
    }
    return json.dumps(lot.changed(whole) if lot.seldom() else whole).encode()


@fuzzed(600, seed=seeds)
def test_documents_of_resolvers_are_answers_or_unknown(seed: int) -> None:
    lot, random = Mischief(seed), Random(seed)
    record_type = lot.one(tuple(RecordType))
    number = {"CAA": 257, "CNAME": 5, "NS": 2, "SOA": 6}[record_type]
    bodies = [document(lot, number)] * 2
    if lot.seldom():
        bodies[1] = lot.one((bent(bodies[1], random), document(lot, number)))
    replies = [parse_reply(SHOP, record_type, body, checked=lot.often()) for body in bodies]
    pairs = [
        ResolverReplies(f"{place}.example", reply, lot.one((None, *replies)))
        for place, reply in enumerate(replies)
    ]
    answer = combined(SHOP, record_type, pairs)
    for text in (answer.reason, answer.zone or "", *answer.values):
        assert is_plain(text)
    assert (answer.state is AnswerState.FOUND) == bool(answer.values)
    try:
        verdict = judge_public_caa(SHOP, lambda name, kind: replace(answer, name=name, type=kind))
    except (DnssecBrokenError, PublicDnsUnknownError) as error:
        require_own_words(error)
        return
    assert verdict.reason in set(CaaReason)


@dataclass
class Octets:
    """A server that sends octets after the handshake; they depend on a seed."""

    server: Server
    seed: int = 0


@pytest.fixture(scope="module")
def octets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Octets]:
    context = _context(tmp_path_factory.mktemp("octets"))

    def behave(connection: socket.socket) -> None:
        random = Random(found.seed)
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(8192)
            head = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 1}\n'
            secure.sendall(bent(head, random))

    with serving(behave) as server:
        found = Octets(server)
        yield found


@fuzzed(40, seed=seeds)
def test_responses_of_resolvers_are_documents_or_failures(octets: Octets, seed: int) -> None:
    octets.seed = seed
    context = public_dns.client_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = public_dns.Connection(f"https://{LOOPBACK}:{octets.server.port}/a", context)
    with contextlib.suppress(public_dns.TransportError):
        assert isinstance(connection.get({"name": SHOP}), bytes)
    connection.close()
