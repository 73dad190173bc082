"""Real name servers and resolvers on loopback: a private DNS from its root, as tests describe it.

Two processes of NSD serve the zones, and two processes of Unbound resolve them and validate DNSSEC
from a trust anchor of their own. None needs privileges: a resolver has a stub for each zone,
because a delegation has no room for a port.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dns.dnssec
import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdataset
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm, DSDigest

if TYPE_CHECKING:
    from dns.rdtypes.ANY.DNSKEY import DNSKEY

LOOPBACK = "127.0.0.1"
_START_SECONDS = 10.0
_ATTEMPTS = 3
#: Stands for the port in a configuration.
_PORT = "{port}"
_STOP_SECONDS = 5.0
_ALGORITHM = Algorithm.ECDSAP256SHA256
_KSK = 257
#: The server of every zone; a resolver needs no address of it.
SERVER = "ns.name-servers.net."
_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_MISSING = [name for name in ("nsd", "unbound") if shutil.which(name, path=_PATH) is None]
#: Why the daemons cannot run on this machine; empty if they can.
MISSING = f"there is no {' and no '.join(_MISSING)} on the PATH" if _MISSING else ""


class Signatures(Enum):
    """How a zone is signed."""

    NONE = auto()
    VALID = auto()
    EXPIRED = auto()


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A zone, delegated by the next zone above.

    `records` are lines of a zone file with names below `name`, `others` those that the second
    resolver finds. `anchored`: the zone above has a DS record, by default if the zone is signed.
    `lies` are the records of the zone that the second resolver invents.
    Without `served`, the delegation is lame: its server refuses queries for the zone.
    """

    name: str
    records: tuple[str, ...] = ()
    others: tuple[str, ...] | None = None
    lies: tuple[str, ...] = ()
    signatures: Signatures = Signatures.NONE
    anchored: bool | None = None
    served: bool = True

    @property
    def origin(self) -> dns.name.Name:
        return dns.name.from_text(self.name)

    def found_by(self, resolver: int) -> tuple[str, ...]:
        """Return the records that the first (0) or the second (1) resolver finds."""
        return self.records if resolver == 0 or self.others is None else self.others

    @property
    def has_ds(self) -> bool:
        signed = self.signatures is not Signatures.NONE
        return signed if self.anchored is None else self.anchored


@dataclass(frozen=True)
class Resolver:
    """A process of Unbound."""

    port: int
    process: subprocess.Popen[bytes]

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Keep the process from answering until the end of the block."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


# --- Zones ----------------------------------------------------------------------------------------


@cache
def _key(name: dns.name.Name) -> tuple[ec.EllipticCurvePrivateKey, DNSKEY]:
    """Return the key of a zone, which signs keys and records."""
    del name
    private = ec.generate_private_key(ec.SECP256R1())
    return private, dns.dnssec.make_dnskey(private.public_key(), _ALGORITHM, flags=_KSK)


def _ds(name: dns.name.Name) -> str:
    return dns.dnssec.make_ds(name, _key(name)[1], DSDigest.SHA256).to_text()


def _zone_file(zone: Zone, zones: Sequence[Zone], records: Sequence[str]) -> str:
    """Return a zone with its delegations, signed if it has to be."""
    lines = [
        f"{zone.origin} 60 SOA {SERVER} hostmaster.{SERVER} 1 7200 900 1209600 60",
        f"{zone.origin} 60 NS {SERVER}",
        *records,
    ]
    for child in zones:
        if child is not zone and _above(child, zones) is zone:
            lines.append(f"{child.origin} 60 NS {SERVER}")
            lines += [f"{child.origin} 60 DS {_ds(child.origin)}"] if child.has_ds else []
    made = dns.zone.from_text("\n".join(lines), zone.origin, relativize=False)
    if zone.signatures is not Signatures.NONE:
        now = datetime.now(UTC)
        # unbound accepts a signature until a day after its end (`val-sig-skew-max`).
        ends = now + timedelta(days=30 if zone.signatures is Signatures.VALID else -30)
        with made.writer() as transaction:
            dns.dnssec.sign_zone(
                made,
                transaction,
                keys=[_key(zone.origin)],
                inception=now - timedelta(days=60),
                expiration=ends,
            )
    return made.to_text(relativize=False)


def _above(zone: Zone, zones: Sequence[Zone]) -> Zone | None:
    """Return the zone that delegates another one."""
    above = [
        other for other in zones if other is not zone and zone.origin.is_subdomain(other.origin)
    ]
    return max(above, key=lambda other: len(other.origin), default=None)


# --- Processes ------------------------------------------------------------------------------------


@contextlib.contextmanager
def resolving(zones: Sequence[Zone]) -> Iterator[tuple[Resolver, Resolver]]:
    """Serve zones, among them the signed root, until the end of the block."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lame = stack.enter_context(_nsd(folder / "lame", []))
        resolvers = []
        for number in range(2):
            served = [
                (zone, _zone_file(zone, zones, zone.found_by(number)))
                for zone in zones
                if zone.served
            ]
            port = stack.enter_context(_nsd(folder / f"nsd-{number}", served))
            ports = {zone.name: port if zone.served else lame for zone in zones}
            lies = [line for zone in zones for line in zone.lies if number == 1]
            path = folder / f"unbound-{number}"
            resolvers.append(stack.enter_context(_unbound(path, ports, lies)))
        yield resolvers[0], resolvers[1]


@contextlib.contextmanager
def _nsd(folder: Path, zones: Sequence[tuple[Zone, str]]) -> Iterator[int]:
    """Serve zones with their files; yield the port."""
    folder.mkdir()
    lines = [
        "server:",
        f"  ip-address: {LOOPBACK}@{_PORT}",
        "  server-count: 1",
        '  username: ""',
        '  chroot: ""',
        '  pidfile: ""',
        '  database: ""',
        f'  zonesdir: "{folder}"',
        f'  xfrdfile: "{folder}/xfrd"',
        f'  xfrdir: "{folder}"',
        f'  zonelistfile: "{folder}/zones"',
        "remote-control:",
        "  control-enable: no",
    ]
    for index, (zone, text) in enumerate(zones):
        (folder / f"{index}.zone").write_text(text, "ascii")
        lines += ["zone:", f'  name: "{zone.origin}"', f'  zonefile: "{index}.zone"']
    with _running("nsd", folder, lines) as (port, _):
        yield port


@contextlib.contextmanager
def _unbound(folder: Path, ports: Mapping[str, int], lies: Sequence[str]) -> Iterator[Resolver]:
    """Resolve names from zones, each of which has a server on a port, except for `lies`."""
    folder.mkdir()
    (folder / "anchor").write_text(f". 60 DS {_ds(dns.name.root)}\n", "ascii")
    lines = [
        "server:",
        f"  interface: {LOOPBACK}",
        f"  port: {_PORT}",
        "  num-threads: 1",
        '  username: ""',
        '  chroot: ""',
        '  pidfile: ""',
        f'  directory: "{folder}"',
        "  use-syslog: no",
        "  do-daemonize: no",
        "  do-ip6: no",
        "  do-not-query-localhost: no",
        f'  trust-anchor-file: "{folder}/anchor"',
        # Records of other types are those of the zone.
        *(f"  local-zone: {line.split()[0]} typetransparent" for line in lies),
        *(f"  local-data: '{line}'" for line in lies),
        "remote-control:",
        "  control-enable: no",
    ]
    for name, authority in ports.items():
        lines += ["stub-zone:", f'  name: "{name}"', f"  stub-addr: {LOOPBACK}@{authority}"]
    with _running("unbound", folder, lines) as (port, process):
        yield Resolver(port, process)


@contextlib.contextmanager
def _running(
    name: str, folder: Path, configuration: Sequence[str]
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run a daemon in the foreground on a port of its own, and stop it at the end of the block.

    Another process may take the port before the daemon has it; the daemon then ends.
    """
    program = shutil.which(name, path=_PATH)
    assert program, MISSING
    path, log = folder / f"{name}.conf", folder / "log"
    for _ in range(_ATTEMPTS):
        port = _free_port()
        path.write_text("\n".join(configuration).replace(_PORT, str(port)) + "\n", "ascii")
        with log.open("wb") as output, contextlib.ExitStack() as stack:
            process = subprocess.Popen(
                [program, "-d", "-c", str(path)],
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            stack.callback(_stop, process)
            if _answers(port, process):
                yield port, process
                return
    raise AssertionError(log.read_text("utf-8", errors="replace"))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a daemon with all of its processes."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a daemon answers a query for the root; false if it ends or takes too long."""
    query = dns.message.make_query(".", "SOA")
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, dns.exception.DNSException):
            # A query to a port without a socket is lost.
            dns.query.udp(query, LOOPBACK, port=port, timeout=0.05)
            return True
    return False


def _free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((LOOPBACK, 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError):
                udp.bind((LOOPBACK, port))
                return port
