"""Public DNS, as whoever issues certificates sees it.

Every answer is untrusted: names and texts in it are somebody else's, and have to be cleaned before
they are shown. A resolver inside a network may answer from private zones; `nameservers` picks
another one.
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

from certificate_lifecycle.cli.dns_health import CaaRecord
from certificate_lifecycle.model.dns_names import dns_form
from certificate_lifecycle.model.errors import CertificateLifecycleError

#: The issuer critical flag is the highest bit (RFC 8659 section 4.1).
_CRITICAL = 128
_PORT = 53
#: How many servers of a zone are asked before it counts as silent, and how many addresses of each.
_SERVERS, _ADDRESSES = 3, 2
#: What a server says when it says something; refusals and failures are no answer.
_SAID = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class DnsUnknownError(CertificateLifecycleError):
    """Public DNS gave no answer: none in time, a refusal, a failure, or nothing understood."""


class PublicDns(Protocol):
    """What public DNS says. What does not exist is an empty answer; no answer is an error.

    Each method raises DnsUnknownError.
    """

    def ns(self, zone: str) -> frozenset[str]:
        """Return the name servers that the zone above delegates `zone` to."""
        ...

    def caa(self, name: str) -> Sequence[CaaRecord]:
        """Return the CAA records that a query for `name` answers with, CNAMEs followed."""
        ...

    def cname(self, name: str) -> str | None:
        """Return where the CNAME at `name` leads, itself not followed; None if there is none."""
        ...


class Delegations(PublicDns, Protocol):
    """What public DNS says, and whether what a zone is delegated to works."""

    def serves(self, server: str, zone: str) -> bool:
        """Whether a name server answers for `zone` with authority."""
        ...

    def bogus(self, zone: str) -> bool:
        """Whether a resolver that validates DNSSEC refuses `zone`; others refuse nothing."""
        ...


class ResolvedDns:
    """Public DNS through a recursive resolver, and delegations from the servers themselves.

    `nameservers` are the addresses of the resolver, those of the system if there are none.
    `seconds` is how long one server is waited for; a question takes three times as long at the
    most. Every server is asked at `port`, which is 53 but in tests.
    """

    def __init__(
        self, nameservers: Sequence[str] = (), *, seconds: float = 2.0, port: int = _PORT
    ) -> None:
        try:
            resolver = dns.resolver.Resolver(configure=not nameservers)
            if nameservers:
                resolver.nameservers = list(nameservers)
        except (dns.exception.DNSException, ValueError) as error:
            raise DnsUnknownError(f"there is no resolver to ask: {error}") from error
        resolver.port = port
        resolver.timeout = seconds
        resolver.lifetime = 3 * seconds
        resolver.cache = dns.resolver.LRUCache()
        self._resolver = resolver
        self._seconds = seconds
        self._port = port
        #: Name servers that gave no answer: they are not waited for again.
        self._silent: set[str] = set()

    def ns(self, zone: str) -> frozenset[str]:
        """Return the name servers that the zone above delegates `zone` to.

        A resolver would show what the zone says of itself, which nobody comes to see unless the
        zone above leads there. Where the servers of that zone cannot be reached, as from a network
        that lets only its own resolver out, what the resolver shows has to do.
        """
        name = self._name(zone)
        answer = self._from_above(name)
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
        """Return the CAA records that a query for `name` answers with, CNAMEs followed."""
        return [
            CaaRecord(
                tag=_readable(record.tag),
                value=_readable(record.value),
                critical=bool(record.flags & _CRITICAL),
            )
            for record in self._ask(self._name(name), dns.rdatatype.CAA)
        ]

    def cname(self, name: str) -> str | None:
        """Return where the CNAME at `name` leads, itself not followed; None if there is none."""
        return min(self._targets(self._name(name), dns.rdatatype.CNAME), default=None)

    def serves(self, server: str, zone: str) -> bool:
        """Whether a name server answers for `zone` with authority.

        One whose name does not exist serves nothing.
        """
        addresses = self._addresses(self._name(server))
        answers = list(self._direct(addresses, self._name(zone), dns.rdatatype.SOA))
        if addresses and not answers:
            raise DnsUnknownError(f"{server} gives no answer about {zone}")
        return any(answer.flags & dns.flags.AA and answer.answer for answer in answers)

    def bogus(self, zone: str) -> bool:
        """Whether a resolver that validates DNSSEC refuses `zone`; others refuse nothing.

        Such a resolver fails, and answers if it is asked not to check (RFC 4035 section 3.2.2).
        """
        asked = [str(nameserver) for nameserver in self._resolver.nameservers], self._name(zone)
        checked = next(self._direct(*asked, dns.rdatatype.SOA, flags=dns.flags.RD), None)
        if checked is None:
            raise DnsUnknownError(f"no resolver gives an answer about {zone}")
        if checked.rcode() != dns.rcode.SERVFAIL:
            return False
        flags = dns.flags.RD | dns.flags.CD
        unchecked = next(self._direct(*asked, dns.rdatatype.SOA, flags=flags), None)
        return unchecked is not None and unchecked.rcode() == dns.rcode.NOERROR

    # --- Through the resolver ---------------------------------------------------------------------

    def _name(self, text: str) -> dns.name.Name:
        try:
            return dns.name.from_text(text)
        except dns.exception.DNSException as error:
            raise DnsUnknownError(f"{text!r} is no name that DNS could be asked about") from error

    def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        """Return what the resolver answers; nothing, if the name or the type does not exist."""
        try:
            return list(self._resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            kind_name = dns.rdatatype.to_text(kind)
            raise DnsUnknownError(
                f"public DNS gives no answer about {kind_name} of {_text(name)}: {_cause(error)}"
            ) from error

    def _targets(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> frozenset[str]:
        return frozenset(_text(record.target) for record in self._ask(name, kind))

    def _addresses(self, server: dns.name.Name) -> list[str]:
        """Return some addresses of a server, of IPv4 where it has any."""
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            if found := [str(record.address) for record in self._ask(server, kind)]:
                return sorted(found)[:_ADDRESSES]
        return []

    # --- From the servers themselves --------------------------------------------------------------

    def _from_above(self, name: dns.name.Name) -> dns.message.Message | None:
        """Return what the zone above says about a delegation; None if no server of it answers."""
        above = name
        while above != dns.name.root:
            above = above.parent()
            if servers := self._ask(above, dns.rdatatype.NS):
                targets = sorted(record.target for record in servers)[:_SERVERS]
                addresses = [address for target in targets for address in self._addresses(target)]
                answers = self._direct(addresses, name, dns.rdatatype.NS)
                return next((answer for answer in answers if answer.rcode() in _SAID), None)
        return None

    def _direct(
        self,
        addresses: Sequence[str],
        name: dns.name.Name,
        kind: dns.rdatatype.RdataType,
        *,
        flags: int = 0,
    ) -> Iterator[dns.message.Message]:
        """Yield what each of some addresses answers; one that does not is left out.

        In a network that lets only its own resolver out, each server is waited for once.
        """
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
    """Return what went wrong in words; the SDK's own sentence may run over a page."""
    if isinstance(error, dns.exception.Timeout):
        return "none came in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "every server refused or failed"
    return type(error).__name__
