"""Whether public DNS lets a certificate be issued: CAA records and the delegation of zones.

Pure: the caller asks public DNS. `judge_caa` follows RFC 8659. The lookup that it is given follows
CNAMEs, as a resolver does; the search climbs from the name that was asked for, and never from where
a CNAME leads (RFC 8659 section 3, and appendix A of what it replaced).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from certificate_lifecycle.model.dns_names import dns_form, is_wildcard, without_wildcard

#: Any of these lets ACM issue (AWS Certificate Manager user guide, "Configure a CAA record").
AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})

_ISSUE, _ISSUEWILD, _IODEF = "issue", "issuewild", "iodef"
#: What every authority has to understand, or may leave unread (RFC 8659 section 4).
_UNDERSTOOD = frozenset({_ISSUE, _ISSUEWILD, _IODEF})
#: The value of `issue` and `issuewild` (RFC 8659 section 4.2), its parameters as one text.
_ISSUE_VALUE = re.compile(
    r"[ \t]*(?P<issuer>[a-z0-9](?:-*[a-z0-9])*(?:\.[a-z0-9](?:-*[a-z0-9])*)*)?[ \t]*"
    r"(?:;(?P<parameters>.*))?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
#: One parameter; its value is any printable character but a space and `;`.
_PARAMETER = re.compile(r"[a-z0-9](?:-*[a-z0-9])*[ \t]*=[ \t]*[!-:<-~]*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One CAA record as public DNS has it; tag and value are what somebody wrote there.

    `critical` is the issuer critical flag: who does not understand the tag must not issue.
    """

    tag: str
    value: str
    critical: bool = False


class CaaReason(Enum):
    """Why an authority may issue, or may not."""

    NO_RECORDS = auto()
    """No name from the one asked for up to the top has a CAA record."""
    NOT_RESTRICTED = auto()
    """There are records, and none of them speaks about this kind of name."""
    NAMED = auto()
    """A record names the authority."""
    NOT_NAMED = auto()
    """Records restrict who may issue, and none names the authority."""
    CRITICAL_UNKNOWN = auto()
    """A record that nobody may leave unread has a tag that is not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaVerdict:
    """What CAA says about one name.

    `at` is where the records stand that count, None if there are none; those with the tag `tag`
    decide, and name the `issuers`. `parameters` are conditions that an authority which is named
    reads by rules of its own; nothing here judges them.
    """

    name: str
    reason: CaaReason
    at: str | None = None
    tag: str | None = None
    issuers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the authority may issue."""
        return self.reason not in {CaaReason.NOT_NAMED, CaaReason.CRITICAL_UNKNOWN}


#: Returns the CAA records that a query for a name answers with, CNAMEs followed; none is an answer.
Lookup = Callable[[str], Sequence[CaaRecord]]


def judge_caa(name: str, lookup: Lookup, *, authority: Collection[str] = AMAZON) -> CaaVerdict:
    """Return whether an authority, by any of the names that it goes by, may issue for `name`.

    A wildcard is judged by `issuewild` where there is one, and by `issue` otherwise; any other name
    by `issue` alone (RFC 8659 section 4.3). Whatever `lookup` raises is passed on: records that
    cannot be read allow nothing.
    """
    at, records = _relevant(name, lookup)
    if at is None:
        return CaaVerdict(name=name, reason=CaaReason.NO_RECORDS)
    if any(record.critical and record.tag.lower() not in _UNDERSTOOD for record in records):
        return CaaVerdict(name=name, reason=CaaReason.CRITICAL_UNKNOWN, at=at)
    deciding = _deciding(records, wildcard=is_wildcard(name))
    if not deciding:
        return CaaVerdict(name=name, reason=CaaReason.NOT_RESTRICTED, at=at)
    grants = [_granted(record.value) for record in deciding]
    names = {dns_form(entry) for entry in authority}
    ours = [parameters for issuer, parameters in grants if issuer in names]
    return CaaVerdict(
        name=name,
        reason=CaaReason.NAMED if ours else CaaReason.NOT_NAMED,
        at=at,
        tag=deciding[0].tag.lower(),
        issuers=tuple(dict.fromkeys(issuer for issuer, _ in grants if issuer)),
        # One record without conditions is enough to issue by.
        parameters=tuple(dict.fromkeys(ours)) if all(ours) else (),
    )


def _relevant(name: str, lookup: Lookup) -> tuple[str | None, Sequence[CaaRecord]]:
    """Return the nearest records at or above a name, and where they stand (RFC 8659 section 3)."""
    at = without_wildcard(dns_form(name))
    while at:
        if records := lookup(at):
            return at, records
        at = at.partition(".")[2]
    return None, ()


def _deciding(records: Sequence[CaaRecord], *, wildcard: bool) -> list[CaaRecord]:
    """Return the records that say who may issue for such a name; tags have no case."""
    tags = (_ISSUEWILD, _ISSUE) if wildcard else (_ISSUE,)
    found = ([record for record in records if record.tag.lower() == tag] for tag in tags)
    return next(filter(None, found), [])


def _granted(value: str) -> tuple[str, str]:
    """Return whom a value names, and on which conditions.

    Nobody is named by a value that is empty, or not formed as RFC 8659 section 4.2 wants it.
    """
    matched = _ISSUE_VALUE.fullmatch(value)
    if matched is None:
        return "", ""
    parameters = (matched["parameters"] or "").strip(" \t")
    given = [part.strip(" \t") for part in parameters.split(";")] if parameters else []
    if not all(_PARAMETER.fullmatch(part) for part in given):
        return "", ""
    return (matched["issuer"] or "").lower(), "; ".join(given)


# --- Delegation -----------------------------------------------------------------------------------


class DelegationState(Enum):
    """How what the zone above says compares with what Route 53 gave to a zone."""

    WHOLE = auto()
    """Public DNS leads to the zone, and nowhere else."""
    SOME_MISSING = auto()
    """Public DNS leads to the zone, by fewer name servers than it has."""
    SOME_FOREIGN = auto()
    """Public DNS leads to the zone, and to name servers that are not its own."""
    ELSEWHERE = auto()
    """Public DNS leads to other name servers only: nobody sees what the zone says."""
    NOWHERE = auto()
    """The zone above does not delegate it: nobody sees what the zone says."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """The name servers of a hosted zone, `own`, and those that the zone above names, `named`."""

    own: frozenset[str]
    named: frozenset[str]

    @property
    def missing(self) -> frozenset[str]:
        """The zone's own name servers that the zone above does not name."""
        return self.own - self.named

    @property
    def foreign(self) -> frozenset[str]:
        """What the zone above names beside the zone's own name servers."""
        return self.named - self.own

    @property
    def state(self) -> DelegationState:
        """How both compare; a foreign name server is worse than a missing one."""
        if not self.named:
            return DelegationState.NOWHERE
        if not self.named & self.own:
            return DelegationState.ELSEWHERE
        if self.foreign:
            return DelegationState.SOME_FOREIGN
        return DelegationState.SOME_MISSING if self.missing else DelegationState.WHOLE

    def leads_to(self, own: Collection[str]) -> bool:
        """Whether public DNS leads to another zone of the same name, by its name servers."""
        return not self.named.isdisjoint(own)
