"""Servers on loopback that serve certificates or misbehave."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.authority import Issued

LOOPBACK = "127.0.0.1"
#: Longer than any client timeout.
PATIENCE_SECONDS = 20.0

Behaviour = Callable[[socket.socket], None]


@dataclass
class Server:
    """A server on its own port.

    `asked` are the server names in handshakes, `received` the data after a handshake.
    """

    port: int
    asked: list[str | None] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextlib.contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    """Pass each connection to `behave`, one at a time, until the end of the block."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = Server(listener.getsockname()[1])
        closing = threading.Event()

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if closing.is_set():
                        return
                    server.connections += 1
                    connection.settimeout(PATIENCE_SECONDS)
                    # Errors of a client are part of the tests.
                    with contextlib.suppress(OSError):
                        behave(connection)

        thread = threading.Thread(target=accept, name="server", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            closing.set()
            with socket.socket() as last:
                last.connect((LOOPBACK, server.port))
            thread.join(PATIENCE_SECONDS)


@contextlib.contextmanager
def serving_tls(
    issued: Mapping[str, tuple[Issued, ...]],
    *,
    default: tuple[Issued, ...],
    prepare: Callable[[ssl.SSLContext], None] = lambda _: None,
) -> Iterator[Server]:
    """Serve the certificates of each name, one per key type, and a default for other names.

    `prepare` may change the TLS settings.
    """
    with tempfile.TemporaryDirectory() as folder:
        contexts = {name: _context(found, Path(folder), prepare) for name, found in issued.items()}
        fallback = _context(default, Path(folder), prepare)
        seen: list[Server] = []

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            seen[0].asked.append(name)
            connection.context = contexts.get(name or "", fallback)

        fallback.sni_callback = choose

        def behave(connection: socket.socket) -> None:
            with fallback.wrap_socket(connection, server_side=True) as secure:
                seen[0].received.append(secure.recv(1024))

        with serving(behave) as server:
            seen.append(server)
            yield server


def _context(
    issued: tuple[Issued, ...], folder: Path, prepare: Callable[[ssl.SSLContext], None]
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    prepare(context)
    for number, each in enumerate(issued):
        chain, key = folder / f"{number}.crt", folder / f"{number}.key"
        chain.write_text(each.certificate + each.chain, encoding="ascii")
        key.write_text(each.private_key, encoding="ascii")
        context.load_cert_chain(chain, key)
    return context


def hanging(connection: socket.socket) -> None:
    """Read everything and never answer."""
    while connection.recv(4096):
        pass


def dripping(connection: socket.socket) -> None:
    """Answer with the start of a long TLS record, byte by byte."""
    connection.sendall(b"\x16\x03\x03\x3f\xff")
    while True:
        connection.sendall(b"\x02")
        threading.Event().wait(0.1)


def resetting(connection: socket.socket) -> None:
    """Reset the connection."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closing(connection: socket.socket) -> None:
    """Read the client's data and close the connection."""
    connection.recv(4096)


def speaking_http(connection: socket.socket) -> None:
    """Answer like a web server to an invalid request."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def greeting(connection: socket.socket) -> None:
    """Send first, like a mail server."""
    connection.sendall(b"220 mail.example.com ESMTP\r\n")
    connection.recv(4096)


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """Reserve a port without a listener."""
    with socket.socket() as held:
        held.bind((LOOPBACK, 0))
        yield held.getsockname()[1]
