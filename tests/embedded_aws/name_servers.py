"""A little world of DNS on this machine's loopback: name servers, and a resolver that asks them.

Each server has an address of its own, all of them one port. The resolver knows every server, so
that it answers as a recursive one does, from the deepest zone that the zones above delegate.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

RESOLVER = "127.0.0.1"

Answer = Callable[[dns.message.Message], dns.message.Message | None]


@dataclass
class World:
    """All zones by the addresses of the servers that hold them, and the port of all servers.

    `silent` addresses never answer, `unreachable` ones answer the resolver alone, and `refusing`
    ones refuse everything. `bogus` names are refused by the resolver unless checking is disabled;
    with `drops_unchecked`, it does not answer queries with checking disabled. What it `fails` on,
    it cannot answer at all. `asked` has the address, type and name of each question.
    """

    port: int = 0
    zones: dict[str, dict[str, list[dns.rrset.RRset]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    unreachable: set[str] = field(default_factory=set)
    refusing: set[str] = field(default_factory=set)
    bogus: set[str] = field(default_factory=set)
    drops_unchecked: bool = False
    fails: set[str] = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def zone(self, name: str, records: str, *addresses: str) -> None:
        """Let some servers hold a zone; a line is `name type value`, and values may repeat."""
        made = _rrsets(f"{name} SOA ns.test. admin.test. 1 7200 900 1209600 86400\n{records}")
        for address in addresses:
            self.zones.setdefault(address, {})[_absolute(name)] = list(made)

    def extend(self, name: str, records: str) -> None:
        """Add records to a zone, on all servers that hold it."""
        for held in self.zones.values():
            known = held.get(_absolute(name), [])
            for added in _rrsets(records) if known else ():
                same = [entry for entry in known if entry.match(added.name, 1, added.rdtype, 0)]
                if same:
                    for record in added:
                        same[0].add(record, added.ttl)
                else:
                    known.append(added)

    # --- What a server says -----------------------------------------------------------------------

    def answer(self, address: str, query: dns.message.Message) -> dns.message.Message | None:
        """Return what the server at an address says; None if it says nothing."""
        (question,) = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((address, kind, question.name.to_text()))
        if address in self.silent | self.unreachable:
            return None
        if address == RESOLVER:
            dropped = self.drops_unchecked and query.flags & dns.flags.CD
            return None if dropped else self._resolved(query)
        return self._authoritative(address, query)

    def _authoritative(self, address: str, query: dns.message.Message) -> dns.message.Message:
        reply = dns.message.make_response(query)
        (question,) = query.question
        held = self.zones.get(address, {})
        origin = _deepest(held, question.name)
        if origin is None or address in self.refusing:
            reply.set_rcode(dns.rcode.REFUSED)
            return reply
        records = held[origin.to_text()]
        if cut := _cut(records, question.name, origin):
            reply.authority.append(cut)
            return reply
        reply.flags |= dns.flags.AA
        here = [record for record in records if record.name == question.name]
        for rrset in here:
            if rrset.rdtype in {question.rdtype, dns.rdatatype.CNAME}:
                reply.answer.append(rrset)
        if not reply.answer:
            below = any(item.name.is_subdomain(question.name) for item in records)
            reply.set_rcode(dns.rcode.NOERROR if below else dns.rcode.NXDOMAIN)
            reply.authority += [entry for entry in records if entry.rdtype == dns.rdatatype.SOA]
        return reply

    def _resolved(self, query: dns.message.Message) -> dns.message.Message:
        (question,) = query.question
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        name = question.name.to_text()
        checked = not query.flags & dns.flags.CD
        if name in self.fails or (checked and name in self.bogus):
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply
        wanted = question.name
        for _ in range(9):
            found = self._looked_up(wanted, question.rdtype)
            if found is None:
                reply.set_rcode(dns.rcode.SERVFAIL)
                return reply
            reply.answer += found.answer
            reply.set_rcode(found.rcode())
            last = found.answer[-1] if found.answer else None
            if last is None or last.rdtype == question.rdtype:
                reply.authority = found.authority
                return reply
            wanted = last[0].target
        return reply

    def _looked_up(
        self, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> dns.message.Message | None:
        """Follow the delegations from the root down; None if they lead nowhere."""
        servers = self._holders(dns.name.root.to_text())
        for _ in range(9):
            answers = [
                self._authoritative(entry, dns.message.make_query(name, kind))
                for entry in servers
                if entry not in self.silent
            ]
            found = next(
                (answer for answer in answers if answer.rcode() != dns.rcode.REFUSED), None
            )
            if found is None or found.flags & dns.flags.AA:
                return found
            targets = {server.target.to_text() for server in found.authority[0]}
            servers = sorted(address for target in targets for address in self._addresses(target))
        return None

    def _holders(self, zone: str) -> list[str]:
        return sorted(address for address, held in self.zones.items() if zone in held)

    def _addresses(self, server: str) -> set[str]:
        return {
            record.address
            for held in self.zones.values()
            for records in held.values()
            for rrset in records
            if rrset.name.to_text() == server and rrset.rdtype == dns.rdatatype.A
            for record in rrset
        }


@contextlib.contextmanager
def serving(world: World, *addresses: str) -> Iterator[World]:
    """Let the resolver and the servers at some addresses answer until the end of the block."""
    closing = threading.Event()
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        for address in (RESOLVER, *addresses):
            listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            listener.bind((address, world.port))
            world.port = listener.getsockname()[1]
            selector.register(listener, selectors.EVENT_READ, address)

        def serve() -> None:
            while not closing.is_set():
                for key, _ in selector.select(timeout=0.05):
                    listener = key.fileobj
                    assert isinstance(listener, socket.socket)
                    wire, client = listener.recvfrom(4096)
                    reply = world.answer(key.data, dns.message.from_wire(wire))
                    if reply is not None:
                        listener.sendto(reply.to_wire(), client)

        thread = threading.Thread(target=serve, name="name-servers", daemon=True)
        thread.start()
        try:
            yield world
        finally:
            closing.set()
            thread.join()


def _rrsets(records: str) -> list[dns.rrset.RRset]:
    sets: dict[tuple[str, str], list[str]] = {}
    for line in filter(None, map(str.strip, records.splitlines())):
        owner, kind, value = line.split(" ", 2)
        sets.setdefault((_absolute(owner), kind), []).append(value)
    return [
        dns.rrset.from_text(owner, 60, "IN", kind, *values)
        for (owner, kind), values in sets.items()
    ]


def _absolute(name: str) -> str:
    return name if name.endswith(".") else f"{name}."


def _deepest(held: Mapping[str, object], name: dns.name.Name) -> dns.name.Name | None:
    """Return the deepest zone of those held that a name is in."""
    while True:
        if name.to_text() in held:
            return name
        if name == dns.name.root:
            return None
        name = name.parent()


def _cut(
    records: list[dns.rrset.RRset], name: dns.name.Name, origin: dns.name.Name
) -> dns.rrset.RRset | None:
    """Return the delegation below the zone's own name that a name is at or below."""
    for rrset in records:
        delegates = rrset.rdtype == dns.rdatatype.NS and rrset.name != origin
        if delegates and name.is_subdomain(rrset.name):
            return rrset
    return None
