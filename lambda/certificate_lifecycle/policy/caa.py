"""Whether CAA records allow Amazon to issue a certificate (RFC 8659).

The caller looks records up. Its lookup follows CNAMEs, as a resolver does; the search climbs from
the requested name, never from the target of a CNAME (RFC 8659 section 3, and appendix A of RFC
6844).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from certificate_lifecycle.model.dns_names import dns_form, is_wildcard, without_wildcard
from certificate_lifecycle.model.errors import PublicDnsUnknownError
from certificate_lifecycle.model.public_dns import DnsAnswer, RecordType
from certificate_lifecycle.model.sanitize import listed

#: Any of these allows ACM to issue (AWS Certificate Manager user guide, "Configure a CAA record").
AMAZON = frozenset({"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"})

_ISSUE, _ISSUEWILD, _IODEF = "issue", "issuewild", "iodef"
#: The tags that every CA knows (RFC 8659 section 4).
_KNOWN_TAGS = frozenset({_ISSUE, _ISSUEWILD, _IODEF})
#: The value of `issue` and `issuewild` (RFC 8659 section 4.2), its parameters as one text.
_ISSUE_VALUE = re.compile(
    r"[ \t]*(?P<issuer>[a-z0-9](?:-*[a-z0-9])*(?:\.[a-z0-9](?:-*[a-z0-9])*)*)?[ \t]*"
    r"(?:;(?P<parameters>.*))?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
#: One parameter; its value is printable characters except for space and `;`.
_PARAMETER = re.compile(r"[a-z0-9](?:-*[a-z0-9])*[ \t]*=[ \t]*[!-:<-~]*", re.IGNORECASE | re.ASCII)

#: A CAA record in presentation form (RFC 8659 section 4.1.1); Route 53 always quotes the value.
_PRESENTATION = re.compile(
    r"(?P<flags>\d{1,3})[ \t]+(?P<tag>[a-z0-9]{1,255})[ \t]+"
    r'(?:"(?P<quoted>(?:[ !#-\[\]-~]|\\\d{3}|\\[ -/:-~])*)"|(?P<plain>[!#-\[\]-~]+))',
    re.IGNORECASE | re.ASCII,
)
_ESCAPED = re.compile(r"\\(\d{3}|.)", re.ASCII)
#: Data of any type: its length and its octets in hexadecimal (RFC 3597 section 5).
_GENERIC = re.compile(
    r"\\#[ \t]+(?P<length>\d{1,5})(?P<octets>(?:[ \t]+[0-9a-f]+)+)", re.IGNORECASE | re.ASCII
)
#: The issuer critical flag is the highest bit (RFC 8659 section 4.1).
_CRITICAL = 128
_LARGEST_OCTET = 255
#: Octets of a record: flags, the length of the tag, and a tag of one character.
_SHORTEST = 3
#: Characters of a value that need no escape.
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) - {'"', "\\"}
#: The number of CAs that a clause names.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class CaaRecord:
    """One CAA record with untrusted tag and value.

    `critical` is the issuer critical flag: a CA that does not know the tag must not issue.
    """

    tag: str
    value: str
    critical: bool = False


class CaaReason(Enum):
    """Why a CA may issue, or may not."""

    NO_RECORDS = auto()
    """Neither the name nor a parent has a CAA record."""
    NOT_RESTRICTED = auto()
    """No record applies to this kind of name."""
    NAMED = auto()
    """A record names the CA."""
    NOT_NAMED = auto()
    """Records restrict issuance, and none names the CA."""
    CRITICAL_UNKNOWN = auto()
    """A critical record has an unknown tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaaVerdict:
    """The CAA verdict about one name.

    `at` is the name with the relevant records, None if there are none; those with `tag` decide and
    name the `issuers`. `parameters` are conditions that each CA interprets; they are not judged.
    """

    name: str
    reason: CaaReason
    at: str | None = None
    tag: str | None = None
    issuers: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the CA may issue."""
        return self.reason not in {CaaReason.NOT_NAMED, CaaReason.CRITICAL_UNKNOWN}


#: Returns the CAA records at a name, CNAMEs followed; empty if there are none.
Lookup = Callable[[str], Sequence[CaaRecord]]


def judge_caa(name: str, lookup: Lookup, *, authority: Collection[str] = AMAZON) -> CaaVerdict:
    """Return whether a CA, known by any of the names in `authority`, may issue for `name`.

    A wildcard is judged by `issuewild` if there is one, otherwise by `issue`; other names by
    `issue` (RFC 8659 section 4.3). Raises the errors of `lookup`.
    """
    at, records = _relevant(name, lookup)
    if at is None:
        return CaaVerdict(name=name, reason=CaaReason.NO_RECORDS)
    if any(record.critical and record.tag.lower() not in _KNOWN_TAGS for record in records):
        return CaaVerdict(name=name, reason=CaaReason.CRITICAL_UNKNOWN, at=at)
    deciding = _deciding(records, wildcard=is_wildcard(name))
    if not deciding:
        return CaaVerdict(name=name, reason=CaaReason.NOT_RESTRICTED, at=at)
    grants = [grant for record in deciding if (grant := _granted(record.value)) is not None]
    names = {dns_form(entry) for entry in authority}
    ours = [parameters for issuer, parameters in grants if issuer in names]
    return CaaVerdict(
        name=name,
        reason=CaaReason.NAMED if ours else CaaReason.NOT_NAMED,
        at=at,
        tag=deciding[0].tag.lower(),
        issuers=tuple(dict.fromkeys(issuer for issuer, _ in grants if issuer)),
        # One record without conditions is enough.
        parameters=tuple(dict.fromkeys(ours)) if all(ours) else (),
    )


def _relevant(name: str, lookup: Lookup) -> tuple[str | None, Sequence[CaaRecord]]:
    """Return the nearest name at or above `name` with records, and these (RFC 8659 section 3)."""
    at = without_wildcard(dns_form(name))
    while at:
        if records := lookup(at):
            return at, records
        at = at.partition(".")[2]
    return None, ()


def caa_questions(name: str) -> tuple[tuple[str, RecordType], ...]:
    """Return the queries of the search for the CAA records of a name, the nearest name first.

    Without the top-level domain: public DNS is not queried for names of one label.
    """
    labels = without_wildcard(dns_form(name)).split(".")
    return tuple((".".join(labels[at:]), RecordType.CAA) for at in range(len(labels) - 1))


def judge_public_caa(name: str, ask: Callable[[str, RecordType], DnsAnswer]) -> CaaVerdict:
    """Return whether Amazon may issue for `name`, as public DNS answers.

    Raises PublicDnsUnknownError if an answer on the way up is unknown, and DnssecBrokenError.
    """
    questions = dict(caa_questions(name))
    return judge_caa(
        name, lambda at: caa_records(ask(at, RecordType.CAA)) if at in questions else ()
    )


def caa_records(answer: DnsAnswer) -> Sequence[CaaRecord]:
    """Return the CAA records of an answer; raises the errors of `DnsAnswer.known_values`."""
    records = [parse_caa(value) for value in answer.known_values()]
    known = [record for record in records if record is not None]
    if len(known) < len(records):
        raise PublicDnsUnknownError(f"a CAA record at {answer.name} has an unknown form")
    return known


def _deciding(records: Sequence[CaaRecord], *, wildcard: bool) -> list[CaaRecord]:
    """Return the records that apply to such a name; tags are case-insensitive."""
    tags = (_ISSUEWILD, _ISSUE) if wildcard else (_ISSUE,)
    found = ([record for record in records if record.tag.lower() == tag] for tag in tags)
    return next(filter(None, found), [])


def _granted(value: str) -> tuple[str, str] | None:
    """Return the issuer of a value, empty for no CA, and its parameters; None if it is invalid.

    RFC 8659 section 4.2 has the syntax.
    """
    matched = _ISSUE_VALUE.fullmatch(value)
    if matched is None:
        return None
    parameters = (matched["parameters"] or "").strip(" \t")
    given = [part.strip(" \t") for part in parameters.split(";")] if parameters else []
    if not all(_PARAMETER.fullmatch(part) for part in given):
        return None
    return (matched["issuer"] or "").lower(), "; ".join(given)


def parse_caa(text: str) -> CaaRecord | None:
    """Return a CAA record from its presentation or generic form; None for any other text.

    Octets of the value that are not ASCII become characters of Latin-1.
    """
    if generic := _GENERIC.fullmatch(text):
        return _from_octets(generic)
    match = _PRESENTATION.fullmatch(text)
    if match is None or int(match["flags"]) > _LARGEST_OCTET:
        return None
    value = match["plain"]
    if value is None:
        codes = [int(code) for code in _ESCAPED.findall(match["quoted"]) if code.isdigit()]
        if any(code > _LARGEST_OCTET for code in codes):
            return None
        value = _ESCAPED.sub(_unescaped, match["quoted"])
    return CaaRecord(match["tag"], value, bool(int(match["flags"]) & _CRITICAL))


def _unescaped(match: re.Match[str]) -> str:
    escaped = match[1]
    return chr(int(escaped)) if escaped.isdigit() else escaped


def _from_octets(generic: re.Match[str]) -> CaaRecord | None:
    """Return a record from its octets: flags, length of the tag, tag, value."""
    digits = "".join(generic["octets"].split())
    if len(digits) != 2 * int(generic["length"]):
        return None
    data = bytes.fromhex(digits)
    if len(data) < _SHORTEST:
        return None
    tag = data[2 : 2 + data[1]]
    if not tag.isalnum() or len(tag) != data[1]:
        return None
    value = data[2 + len(tag) :].decode("latin-1")
    return CaaRecord(tag.decode("ascii"), value, bool(data[0] & _CRITICAL))


def caa_text(record: CaaRecord) -> str:
    """Return the presentation form of a record: equal for equal records."""
    value = "".join(
        character if character in _PLAIN else f"\\{ord(character):03}" for character in record.value
    )
    return f'{_CRITICAL if record.critical else 0} {record.tag.lower()} "{value}"'


def explain_caa(verdict: CaaVerdict, at: str | None = None) -> str:
    """Return a clause about the CAA records that forbid a CA to issue, with the one step to do.

    `at` is where these records are, if the name of the verdict is a CNAME that leads there.
    """
    place = f"{at} (by the CNAME {verdict.at})" if at not in (None, verdict.at) else verdict.at
    if verdict.reason is CaaReason.CRITICAL_UNKNOWN:
        return (
            f"a CAA record at {place} is critical and has an unknown tag, so that no CA may issue; "
            "remove the record or its critical flag"
        )
    issuers = f"only {listed(verdict.issuers, _SHOWN)}" if verdict.issuers else "no CA"
    kind = " wildcards" if verdict.tag == _ISSUEWILD else ""
    return (
        f"the CAA records at {place} allow {issuers} to issue{kind}; "
        f'add 0 {verdict.tag} "amazon.com" there'
    )
