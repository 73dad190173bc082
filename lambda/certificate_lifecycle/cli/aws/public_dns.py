"""Public DNS, as a certificate authority sees it.

Answers are untrusted: their names and texts must be cleaned before they are printed. A resolver
inside a network may answer from private zones; `nameservers` selects another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.policy.caa import CaaRecord

#: The issuer critical flag is the highest bit (RFC 8659 section 4.1).
_CRITICAL = 128
_PORT = 53
#: How many servers of a zone are queried, and how many addresses of each.
_SERVERS, _ADDRESSES = 3, 2
#: Response codes that count as an answer; refusals and failures do not.
_ANSWERED = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class DnsUnknownError(CertificateLifecycleError):
    """Public DNS gave no answer: a timeout, a refusal, a failure, or an invalid message."""


class DnsQueries(Protocol):
    """Queries to public DNS; a name that does not exist has an empty answer.

    Each method raises DnsUnknownError.
    """

    def ns(self, zone: str) -> frozenset[str]:
        """Return the name servers that the parent zone delegates `zone` to."""
        ...

    def caa(self, name: str) -> Sequence[CaaRecord]:
        """Return the CAA records at `name`; CNAMEs are followed."""
        ...

    def cname(self, name: str) -> str | None:
        """Return the target of the CNAME at `name`, not followed further; None if none exists."""
        ...


class Delegations(DnsQueries, Protocol):
    """Queries to public DNS and to the name servers of a delegated zone."""

    def serves(self, server: str, zone: str) -> bool:
        """Whether a name server answers for `zone` with authority."""
        ...

    def bogus(self, zone: str) -> bool:
        """Whether a resolver that validates DNSSEC rejects `zone`; False for other resolvers."""
        ...


class ResolvedDns:
    """Public DNS through a recursive resolver, and delegations from the servers themselves.

    `nameservers` are the addresses of the resolver; empty: those of the system. `seconds` is the
    timeout per server; a query takes at most three times as long. `port` is changed by tests only.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, seconds: float = 2.0, port: int = _PORT
    ) -> None:
        try:
            resolver = dns.resolver.Resolver(configure=not nameservers)
            if nameservers:
                resolver.nameservers = list(nameservers)
        except (dns.exception.DNSException, ValueError) as error:
            raise DnsUnknownError(f"no DNS resolver is configured: {error}") from error
        resolver.port = port
        resolver.timeout = seconds
        resolver.lifetime = 3 * seconds
        resolver.cache = dns.resolver.LRUCache()
        self._resolver = resolver
        self._seconds = seconds
        self._port = port
        #: Name servers that did not answer; they are not queried again.
        self._silent: set[str] = set()

    def ns(self, zone: str) -> frozenset[str]:
        """Return the name servers that the parent zone delegates `zone` to.

        A resolver returns the NS records of the zone itself, which may differ. It is used only if
        no server of the parent zone can be reached, as in a network that blocks direct DNS.
        """
        name = self._name(zone)
        answer = self._from_parent(name)
        if answer is None:
            return self._targets(name, dns.rdatatype.NS)
        found = [*answer.answer, *answer.authority]
        return frozenset(
            _text(server.target)
            for rrset in found
            if rrset.name == name and rrset.rdtype == dns.rdatatype.NS
            for server in rrset
        )

    def caa(self, name: str) -> Sequence[CaaRecord]:
        """Return the CAA records at `name`; CNAMEs are followed."""
        return [
            CaaRecord(
                tag=_readable(record.tag),
                value=_readable(record.value),
                critical=bool(record.flags & _CRITICAL),
            )
            for record in self._ask(self._name(name), dns.rdatatype.CAA)
        ]

    def cname(self, name: str) -> str | None:
        """Return the target of the CNAME at `name`, not followed further; None if none exists."""
        return min(self._targets(self._name(name), dns.rdatatype.CNAME), default=None)

    def serves(self, server: str, zone: str) -> bool:
        """Whether a name server answers for `zone` with authority; False if its name is unknown."""
        addresses = self._addresses(self._name(server))
        answers = list(self._direct(addresses, self._name(zone), dns.rdatatype.SOA))
        if addresses and not answers:
            raise DnsUnknownError(f"{server} does not answer queries for {zone}")
        return any(answer.flags & dns.flags.AA and answer.answer for answer in answers)

    def bogus(self, zone: str) -> bool:
        """Whether a resolver that validates DNSSEC rejects `zone`; False for other resolvers.

        Such a resolver fails, but answers with checking disabled (RFC 4035 section 3.2.2).
        """
        target = [str(nameserver) for nameserver in self._resolver.nameservers], self._name(zone)
        checked = next(self._direct(*target, dns.rdatatype.SOA, flags=dns.flags.RD), None)
        if checked is None:
            raise DnsUnknownError(f"no resolver answers queries for {zone}")
        if checked.rcode() != dns.rcode.SERVFAIL:
            return False
        flags = dns.flags.RD | dns.flags.CD
        unchecked = next(self._direct(*target, dns.rdatatype.SOA, flags=flags), None)
        if unchecked is None:
            raise DnsUnknownError(f"no resolver answers queries for {zone} without validation")
        return unchecked.rcode() == dns.rcode.NOERROR

    def _name(self, text: str) -> dns.name.Name:
        try:
            return dns.name.from_text(text)
        except dns.exception.DNSException as error:
            raise DnsUnknownError(f"{text!r} is not a valid DNS name") from error

    def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        try:
            return list(self._resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            kind_name = dns.rdatatype.to_text(kind)
            raise DnsUnknownError(
                f"public DNS does not answer {kind_name} queries for {_text(name)}: {_cause(error)}"
            ) from error

    def _targets(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> frozenset[str]:
        return frozenset(_text(record.target) for record in self._ask(name, kind))

    def _addresses(self, server: dns.name.Name) -> list[str]:
        """Return some addresses of a server, IPv4 first."""
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            if found := [str(record.address) for record in self._ask(server, kind)]:
                return sorted(found)[:_ADDRESSES]
        return []

    def _from_parent(self, name: dns.name.Name) -> dns.message.Message | None:
        """Return the parent zone's answer about a delegation; None if no server of it answers."""
        parent = name
        while parent != dns.name.root:
            parent = parent.parent()
            if servers := self._ask(parent, dns.rdatatype.NS):
                targets = sorted(record.target for record in servers)[:_SERVERS]
                addresses = [address for target in targets for address in self._addresses(target)]
                answers = self._direct(addresses, name, dns.rdatatype.NS)
                return next((answer for answer in answers if answer.rcode() in _ANSWERED), None)
        return None

    def _direct(
        self,
        addresses: Sequence[str],
        name: dns.name.Name,
        kind: dns.rdatatype.RdataType,
        *,
        flags: int = 0,
    ) -> Iterator[dns.message.Message]:
        """Yield the answers of some addresses; each silent server costs one timeout only."""
        query = dns.message.make_query(name, kind, use_edns=0)
        query.flags = flags
        for address in addresses:
            if address in self._silent:
                continue
            try:
                answer, _ = dns.query.udp_with_fallback(
                    query, address, timeout=self._seconds, port=self._port
                )
            except (dns.exception.DNSException, OSError):
                if not flags & dns.flags.RD:
                    self._silent.add(address)
                continue
            yield answer


def _text(name: dns.name.Name) -> str:
    return dns_form(name.to_text())


def _readable(raw: bytes) -> str:
    return raw.decode("ascii", errors="backslashreplace")


def _cause(error: dns.exception.DNSException) -> str:
    """Return a short cause; dnspython's own text may be a page long."""
    if isinstance(error, dns.exception.Timeout):
        return "timeout"
    if isinstance(error, dns.resolver.NoNameservers):
        return "every server refused or failed"
    return type(error).__name__
