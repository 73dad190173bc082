"""Two public resolvers on loopback that answer in JSON over HTTPS, as those of the module do.

`https://localhost` and `https://127.0.0.1` are the two resolvers. They answer from a back
end: the zones of the embedded Route 53, or a resolver on UDP. Each may lie, in its own way.
"""

from __future__ import annotations

import contextlib
import functools
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from certificate_lifecycle.net import public_dns
from tests.embedded_aws.zones import Zones, holds, normalised
from tests.harness.authority import issue, named, private_key

FIRST, SECOND = "localhost", "127.0.0.1"
RESOLVERS = (FIRST, SECOND)
PATHS = {FIRST: "/resolve", SECOND: "/dns-query"}
NUMBERS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28, "CAA": 257}
SERVFAIL, NXDOMAIN = 2, 3
#: A name that both resolvers always authenticate, as public ones do.
SIGNED = "com"
_LONGEST_CHAIN = 16
_WAIT_SECONDS = 30.0


@dataclass(frozen=True)
class Query:
    """A query to one resolver; `unchecked`: it has disabled the checking of DNSSEC."""

    resolver: str
    name: str
    type: str
    unchecked: bool = False


@dataclass(frozen=True)
class Response:
    """An HTTP response; `pause` are the seconds before each byte of its body."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0


Document = dict[str, Any]
#: Returns the document that answers a query.
Backend = Callable[[Query], Document]
#: Changes the response to a query; None: there is no response.
Lie = Callable[[Query, Response], Response | None]


@dataclass
class Gateway:
    """Both resolvers; `queries` has all queries in order, and `lies` one per resolver.

    `certificates` is a file with the CA of both: a client needs it as `SSL_CERT_FILE`.
    """

    backend: Backend
    port: int = 0
    certificates: str = ""
    lies: dict[str, Lie] = field(default_factory=dict)
    queries: list[Query] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of both resolvers."""
        return tuple(f"https://{host}:{self.port}{PATHS[host]}" for host in RESOLVERS)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a function, or of a command, that queries these resolvers."""
        return {
            "PUBLIC_DNS_RESOLVERS": json.dumps(self.urls),
            "SSL_CERT_FILE": self.certificates,
        }

    def asked(self, name: str, record_type: str) -> int:
        """Return how often both resolvers were asked for records, without the checks of DNSSEC."""
        return sum(
            (query.name, query.type, query.unchecked) == (name, record_type, False)
            for query in self.queries
        )

    def lie(self, lie: Lie, *resolvers: str) -> None:
        """Let one or both resolvers lie, in answers to all queries but those for `SIGNED`."""
        for resolver in resolvers or RESOLVERS:
            self.lies[resolver] = sparing_signed(lie)

    def respond(self, query: Query) -> Response | None:
        """Return the response to a query."""
        self.queries.append(query)
        body = json.dumps(self.backend(query)).encode()
        response = Response(body, headers={"Content-Type": "application/dns-json"})
        lie = self.lies.get(query.resolver)
        return lie(query, response) if lie else response


# --- Lies -----------------------------------------------------------------------------------------


def sparing_signed(lie: Lie) -> Lie:
    """Answer the first query of a client, which only proves that a resolver validates."""
    return lambda query, response: response if query.name == SIGNED else lie(query, response)


def changing(change: Callable[[Document], object]) -> Lie:
    """Change the document in place, or replace it by the result of `change`."""

    def lie(_: Query, response: Response) -> Response:
        document = json.loads(response.body)
        returned = change(document)
        body = document if returned is None else returned
        return replace(response, body=json.dumps(body).encode())

    return lie


def answering(record_type: str, *values: str) -> Lie:
    """Answer with these records of the name, true or false."""

    def lie(query: Query, response: Response) -> Response:
        document = json.loads(response.body)
        document["Status"] = 0
        document["Answer"] = [record(query.name, record_type, value) for value in values]
        return replace(response, body=json.dumps(document).encode())

    return lie


def failing(_: Query, response: Response) -> Response:
    """Answer SERVFAIL, also without the check of DNSSEC."""
    document = json.loads(response.body)
    document |= {"Status": SERVFAIL, "Answer": []}
    return replace(response, body=json.dumps(document).encode())


def silent(_: Query, __: Response) -> None:
    """Never answer."""


def sending(body: bytes) -> Lie:
    """Send this body."""
    return lambda _, response: replace(response, body=body)


def with_status(status: int, **headers: str) -> Lie:
    """Answer with another status of HTTP, and headers: `a_b` is the header `a-b`."""
    named_headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return lambda _, response: replace(response, status=status, headers=named_headers)


def dripping(pause: float) -> Lie:
    """Send the answer byte by byte."""
    return lambda _, response: replace(response, pause=pause)


# --- Back ends ------------------------------------------------------------------------------------


def record(name: str, record_type: str, value: str) -> Document:
    return {"name": f"{name}.", "type": NUMBERS[record_type], "TTL": 300, "data": value}


def document(query: Query, **fields: object) -> Document:
    """Return a document without records."""
    number = NUMBERS[query.type]
    return {
        "Status": 0,
        "TC": False,
        "RD": True,
        "RA": True,
        "AD": False,
        "CD": query.unchecked,
        "Question": [{"name": f"{query.name}.", "type": number}],
        **fields,
    }


@dataclass
class HostedZones:
    """Answers with the delegated zones of the embedded Route 53, and `records` of other servers.

    `bogus` names and those below them have broken DNSSEC. `records` go before those of Route 53.
    """

    zones: Zones
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    bogus: set[str] = field(default_factory=set)

    def __call__(self, query: Query) -> Document:
        """Return the document that answers a query."""
        if query.name == SIGNED:
            soa = record(SIGNED, "SOA", "a.gtld-servers.net. nstld.example.net. 1 1800 900 7 60")
            return document(query, AD=True, Answer=[soa])
        if any(holds(name, query.name) for name in self.bogus) and not query.unchecked:
            return document(query, Status=SERVFAIL, Comment=["EDE(9): DNSKEY Missing"])
        return self._found(query)

    def _found(self, query: Query) -> Document:
        answer: list[Document] = []
        name = query.name
        for _ in range(_LONGEST_CHAIN):
            targets = () if query.type == "CNAME" else self._values(name, "CNAME")
            if not targets:
                break
            answer.append(record(name, "CNAME", targets[0]))
            name = normalised(targets[0])
        values = self._values(name, query.type)
        answer += [record(name, query.type, value) for value in values]
        if values:
            return document(query, Answer=answer)
        zone = self.zones.answers_for(name)
        apex = normalised(zone.name) if zone else name.rpartition(".")[2]
        soa = record(apex, "SOA", f"ns.{apex}. hostmaster.{apex}. 1 7200 900 1209600 60")
        status = 0 if self._exists(name) else NXDOMAIN
        return document(query, Status=status, Answer=answer, Authority=[soa])

    def _values(self, name: str, record_type: str) -> tuple[str, ...]:
        if (name, record_type) in self.records:
            return self.records[name, record_type]
        # moto keeps the SOA record that it has made as an object.
        found: tuple[Any, ...] = self.zones.resolve(name, record_type)
        return tuple(each["Value"] if isinstance(each, dict) else each for each in found)

    def _exists(self, name: str) -> bool:
        zone = self.zones.answers_for(name)
        below = [rrset.name for rrset in zone.rrsets] if zone else []
        return any(holds(name, each) for each in (*below, *(given for given, _ in self.records)))


@dataclass(frozen=True)
class Forwarding:
    """Asks a resolver on UDP, as a gateway of DNS over HTTPS does."""

    address: str
    port: int
    seconds: float = 3.0

    def __call__(self, query: Query) -> Document:
        """Return the document that answers a query; SERVFAIL if the resolver is silent."""
        asked = dns.message.make_query(query.name, query.type, use_edns=0)
        asked.flags |= dns.flags.AD | (dns.flags.CD if query.unchecked else 0)
        try:
            found, _ = dns.query.udp_with_fallback(
                asked, self.address, timeout=self.seconds, port=self.port
            )
        except (OSError, dns.exception.DNSException) as error:
            return document(query, Status=SERVFAIL, Comment=type(error).__name__)
        return document(
            query,
            Status=int(found.rcode()),
            TC=bool(found.flags & dns.flags.TC),
            AD=bool(found.flags & dns.flags.AD),
            Answer=_records(found.answer),
            Authority=_records(found.authority),
        )


def _records(section: list[Any]) -> list[Document]:
    return [
        {
            "name": rrset.name.to_text(),
            "type": int(rrset.rdtype),
            "TTL": rrset.ttl,
            "data": each.to_text(),
        }
        for rrset in section
        for each in rrset
    ]


# --- HTTPS ----------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving_https(backend: Backend, *names: str) -> Iterator[Gateway]:
    """Serve both resolvers until the end of the block; their certificate is for `names`."""
    gateway = Gateway(backend)
    with tempfile.TemporaryDirectory() as folder:
        context = _context(Path(folder), names or RESOLVERS)
        server = _Server((SECOND, 0), gateway, context)
        gateway.port = server.server_address[1]
        gateway.certificates = str(Path(folder) / "ca.pem")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            gateway.closing.set()
            server.shutdown()
            server.server_close()
            thread.join()


@contextlib.contextmanager
def without_https(backend: Backend) -> Iterator[Gateway]:
    """Let the client of this process get the answers of both resolvers without a connection."""
    gateway = Gateway(backend, port=443)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(public_dns, "Connection", functools.partial(_Direct, gateway))
        patch.setattr(public_dns, "client_context", lambda: None)
        patch.setattr(public_dns, "_IDLE_SECONDS", 0.05)
        yield gateway


class _Direct:
    """What the client of public DNS needs of a connection to a resolver."""

    def __init__(self, gateway: Gateway, url: str, _: object) -> None:
        self._gateway = gateway
        self._host = urlsplit(url).netloc.partition(":")[0]

    def get(self, parameters: Mapping[str, str]) -> bytes:
        unchecked = parameters.get("cd") == "1"
        query = Query(self._host, parameters["name"], parameters["type"], unchecked)
        response = self._gateway.respond(query)
        assert response is not None
        return response.body

    def close(self) -> None:
        """Nothing is open."""


def _context(folder: Path, names: tuple[str, ...]) -> ssl.SSLContext:
    """Return the context of a server whose certificate is its own CA."""
    issued = issue(
        *names,
        not_after=datetime.now(UTC) + timedelta(days=30),
        algorithm="EC_prime256v1",
        issuer=named(names[0]),
        signing_key=private_key("EC_prime256v1", 1),
        key_ids=True,
    )
    (folder / "ca.pem").write_text(issued.certificate, encoding="ascii")
    server = folder / "server.pem"
    server.write_text(issued.certificate + issued.private_key, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    return context


class _Server(ThreadingHTTPServer):
    """Accepts connections; each has a thread, which also does its handshake."""

    request_queue_size = 64
    block_on_close = True
    daemon_threads = False

    def __init__(self, address: tuple[str, int], gateway: Gateway, context: ssl.SSLContext) -> None:
        super().__init__(address, _Handler)
        self.gateway, self.context = gateway, context

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as in the base class
        self.gateway.connections += 1
        # A client that closes or rejects the connection is part of the tests.
        with contextlib.suppress(OSError):
            request.settimeout(_WAIT_SECONDS)
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        gateway, address = self.server.gateway, urlsplit(self.path)
        given = {key: values[0] for key, values in parse_qs(address.query).items()}
        host = self.headers["Host"].partition(":")[0]
        if address.path != PATHS[host] or self.headers["Accept"] != "application/dns-json":
            self.send_error(400)
            return
        unchecked = given.pop("cd", "0") == "1"
        query = Query(host, given.pop("name"), given.pop("type"), unchecked)
        response = None if given else gateway.respond(query)
        if response is None:
            gateway.closing.wait(_WAIT_SECONDS)
            self.close_connection = True
            return
        self.send_response(response.status)
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self._send(response)

    def _send(self, response: Response) -> None:
        if not response.pause:
            self.wfile.write(response.body)
            return
        for octet in response.body:
            if self.server.gateway.closing.wait(response.pause):
                return
            self.wfile.write(bytes([octet]))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
        """Print nothing."""
