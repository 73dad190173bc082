"""The answers of public resolvers in JSON, and the one answer that several of them agree on.

The form is that of Google Public DNS ("JSON API for DNS over HTTPS") and Cloudflare ("Using JSON"),
whose schema is not standardised. So everything that is not exactly as expected counts as unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from certificate_lifecycle.model.dns_names import dns_form, is_same_or_below
from certificate_lifecycle.model.public_dns import AnswerState, DnsAnswer, RecordType
from certificate_lifecycle.model.sanitize import clean, listed, quoted
from certificate_lifecycle.policy.caa import caa_text, parse_caa

#: Two resolvers of independent operators that validate DNSSEC and answer in JSON.
DEFAULT_RESOLVERS = ("https://dns.google/resolve", "https://cloudflare-dns.com/dns-query")
#: A name that is signed and public: a resolver that does not authenticate its SOA record does not
#: validate DNSSEC.
SIGNED_NAME = "com"

#: Numbers of the record types (RFC 1035 section 3.2.2, RFC 8659 section 4).
_NUMBERS = {RecordType.NS: 2, RecordType.CNAME: 5, RecordType.SOA: 6, RecordType.CAA: 257}
_CNAME, _SOA = _NUMBERS[RecordType.CNAME], _NUMBERS[RecordType.SOA]
#: RFC 1035 section 3.3.13.
_SOA_FIELDS = 7
#: Response codes (RFC 1035 section 4.1.1).
_NOERROR, _SERVFAIL, _NXDOMAIN = 0, 2, 3
#: CNAMEs that are followed. Resolvers follow 8 to 16; ACM's validation names need one.
_LONGEST_CHAIN = 8
#: Far more than any record set that is needed here.
_MOST_RECORDS = 200
#: A name as resolvers present it; escaped characters are not needed and not understood.
_NAME = re.compile(r"(?!.{254})(?:[!-\-/-\[\]-~]{1,63}\.)*[!-\-/-\[\]-~]{1,63}")
_QUERY_NAME = re.compile(r"(?!.{254})(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}")
#: Names that public DNS does not have: special use (RFC 6761, 6762, 7686, 8375, 9476, IANA) and
#: names of private networks (RFC 6762 appendix G, ICANN's `internal`).
_PRIVATE = (
    *("alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"),
    *("corp", "home", "intranet", "lan", "localdomain", "mail", "private"),
    "arpa",
)
#: Characters of a comment, and values that a reason names.
_LONGEST_COMMENT, _SHOWN = 200, 4
_LONGEST_REASON = 400


class ReplyState(Enum):
    """The answer of one resolver."""

    FOUND = auto()
    NONE = auto()
    FAILED = auto()
    """SERVFAIL: also the answer of a resolver that rejects signatures."""
    UNUSABLE = auto()
    """No answer, or one that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer of one resolver; `values`, `zone` and `reason` are those of `DnsAnswer`.

    `authenticated`: the resolver has verified the signatures of every record.
    """

    state: ReplyState
    values: tuple[str, ...] = ()
    zone: str | None = None
    authenticated: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResolverReplies:
    """The replies of one resolver to a query, `unchecked` with checking of DNSSEC disabled."""

    resolver: str
    checked: Reply
    unchecked: Reply | None = None


class _UnusableReplyError(ValueError):
    """The message is the error of a reply."""


def is_public_name(name: str) -> bool:
    """Whether a name may be sent to public resolvers: neither single-label nor private."""
    return bool(_QUERY_NAME.fullmatch(name)) and not any(
        is_same_or_below(name, suffix) for suffix in _PRIVATE
    )


def unknown(name: str, record_type: RecordType, reason: str) -> DnsAnswer:
    """Return an answer that is not known."""
    return DnsAnswer(
        name=name,
        type=record_type,
        state=AnswerState.UNKNOWN,
        reason=clean(reason, _LONGEST_REASON),
    )


# --- One reply ------------------------------------------------------------------------------------


def unusable(reason: str) -> Reply:
    """Return a reply that cannot be used."""
    return Reply(state=ReplyState.UNUSABLE, reason=reason)


def parse_reply(name: str, record_type: RecordType, body: bytes, *, checked: bool) -> Reply:
    """Return the reply to a query for `name`, in the form of `dns_form`, from a JSON document.

    `checked` is False for a query that has disabled the checking of DNSSEC.
    """
    try:
        return _reply(name, _NUMBERS[record_type], _document(body), checked=checked)
    except _UnusableReplyError as error:
        return unusable(f"its answer cannot be read: {error}")


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _UnusableReplyError("no JSON") from error
    if not isinstance(document, dict):
        raise _UnusableReplyError("no JSON object")
    return document


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _reply(name: str, number: int, document: Mapping[str, Any], *, checked: bool) -> Reply:
    questions = _records(document, "Question")
    if [(_owner(question), question["type"]) for question in questions] != [(name, number)]:
        raise _UnusableReplyError("it answers another question")
    status = document.get("Status")
    if type(status) is not int:
        raise _UnusableReplyError(f"Status is {quoted(status)}")
    if _flag(document, "TC"):
        raise _UnusableReplyError("it is truncated")
    authenticated = _flag(document, "AD")
    if checked and _flag(document, "CD"):
        raise _UnusableReplyError("the resolver has not checked DNSSEC")
    if status == _SERVFAIL:
        return Reply(state=ReplyState.FAILED, reason=_comment(document))
    if status not in (_NOERROR, _NXDOMAIN):
        raise _UnusableReplyError(f"response code {quoted(status)}")
    owner, values = _followed(name, number, _records(document, "Answer"))
    if not values:
        zone = _zone(owner, _records(document, "Authority"))
        return Reply(state=ReplyState.NONE, zone=zone, authenticated=authenticated)
    if status == _NXDOMAIN:
        raise _UnusableReplyError("NXDOMAIN with records")
    found = tuple(sorted(values))
    return Reply(state=ReplyState.FOUND, values=found, authenticated=authenticated)


def _flag(document: Mapping[str, Any], key: str) -> bool:
    flag = document.get(key)
    if not isinstance(flag, bool):
        raise _UnusableReplyError(f"{key} is {quoted(flag)}")
    return flag


def _comment(document: Mapping[str, Any]) -> str:
    """Return the resolver's comment on a failure: a text, or a list of texts."""
    comment = document.get("Comment", [])
    texts = comment if isinstance(comment, list) else [comment]
    return clean("; ".join(text for text in texts if isinstance(text, str)), _LONGEST_COMMENT)


def _records(document: Mapping[str, Any], section: str) -> Sequence[Mapping[str, Any]]:
    """Return the records of a section; their TTLs are not needed and not read."""
    records = document.get(section, [])
    if isinstance(records, dict) and section == "Question":
        records = [records]
    if not isinstance(records, list) or len(records) > _MOST_RECORDS:
        raise _UnusableReplyError(f"{section} is no short list")
    for record in records:
        if not isinstance(record, dict) or type(record.get("type")) is not int:
            raise _UnusableReplyError(f"{section} has something else than records")
    return records


def _owner(record: Mapping[str, Any]) -> str:
    return _name(record.get("name"))


def _name(text: object) -> str:
    """Return a name in the form of `dns_form`."""
    name = dns_form(text) if isinstance(text, str) else ""
    if not _NAME.fullmatch(name):
        raise _UnusableReplyError(f"{quoted(text)} is no name")
    return name


def _followed(
    name: str, number: int, records: Sequence[Mapping[str, Any]]
) -> tuple[str, Collection[str]]:
    """Return the end of the chain of CNAMEs from `name`, and the values there.

    The chain may be in any order (RFC 1034 section 3.6.2 has no order). Records of other types,
    such as signatures and DNAMEs, are not needed.
    """
    wanted = [record for record in records if record["type"] in {number, _CNAME}]
    targets: dict[str, str] = {}
    values: dict[str, set[str]] = {}
    for record in wanted:
        owner = _owner(record)
        if record["type"] == number:
            values.setdefault(owner, set()).add(_value(number, record.get("data")))
        elif targets.setdefault(owner, target := _name(record.get("data"))) != target:
            raise _UnusableReplyError(f"{owner} has two CNAMEs")
    end, visited = name, {name}
    while end in targets:
        end = targets[end]
        if end in visited or len(visited) > _LONGEST_CHAIN:
            raise _UnusableReplyError("its CNAMEs form a loop or a chain that is too long")
        visited.add(end)
    if not targets.keys() | values.keys() <= visited or values.keys() - {end}:
        raise _UnusableReplyError("it has records of another name")
    found = values.get(end, set())
    if number == _CNAME and len(found) > 1:
        raise _UnusableReplyError(f"{end} has two CNAMEs")
    return end, found


def _value(number: int, data: object) -> str:
    """Return the data of a record in one presentation, which depends on no resolver."""
    if number == _NUMBERS[RecordType.CAA]:
        record = parse_caa(data) if isinstance(data, str) else None
        if record is None:
            raise _UnusableReplyError(f"{quoted(data)} is no CAA record")
        return caa_text(record)
    if number == _SOA:
        # Without the serial number and the times, which differ as long as a change spreads.
        fields = data.split() if isinstance(data, str) else []
        if len(fields) != _SOA_FIELDS:
            raise _UnusableReplyError(f"{quoted(data)} is no SOA record")
        return " ".join(map(_name, fields[:2]))
    return _name(data)


def _zone(owner: str, records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the apex of the zone that has no record of `owner`: the owner of its SOA record."""
    apexes = [_owner(record) for record in records if record["type"] == _SOA]
    return next((apex for apex in apexes if is_same_or_below(owner, apex)), None)


# --- The answer of all resolvers ------------------------------------------------------------------


def combined(name: str, record_type: RecordType, replies: Sequence[ResolverReplies]) -> DnsAnswer:
    """Return the common answer of all resolvers; different answers, and failures, are unknown."""
    for entry in replies:
        if entry.checked.state is ReplyState.UNUSABLE:
            return unknown(name, record_type, f"{entry.resolver}: {entry.checked.reason}")
    failed = [entry for entry in replies if entry.checked.state is ReplyState.FAILED]
    if failed:
        return _failed(name, record_type, failed, all_failed=len(failed) == len(replies))
    first = replies[0].checked
    if any(
        (entry.checked.state, entry.checked.values) != (first.state, first.values)
        for entry in replies
    ):
        shown = "; ".join(f"{entry.resolver}: {_shown(entry.checked)}" for entry in replies)
        return unknown(name, record_type, f"the resolvers disagree: {shown}")
    zones = {entry.checked.zone for entry in replies}
    return DnsAnswer(
        name=name,
        type=record_type,
        state=AnswerState.FOUND if first.state is ReplyState.FOUND else AnswerState.NONE,
        values=first.values,
        zone=first.zone if len(zones) == 1 else None,
    )


def _failed(
    name: str, record_type: RecordType, failed: Sequence[ResolverReplies], *, all_failed: bool
) -> DnsAnswer:
    """Return the answer after SERVFAIL: DNSSEC is broken if the records are there without it.

    A validating resolver fails, but answers with checking disabled (RFC 4035 section 3.2.2).
    """
    answered = {ReplyState.FOUND, ReplyState.NONE}
    rejected = all(entry.unchecked and entry.unchecked.state in answered for entry in failed)
    comments = dict.fromkeys(entry.checked.reason for entry in failed if entry.checked.reason)
    comment = f" ({'; '.join(comments)})" if comments else ""
    if all_failed and rejected:
        return DnsAnswer(
            name=name,
            type=record_type,
            state=AnswerState.DNSSEC_BROKEN,
            reason=f"the resolvers answer only without checking DNSSEC{comment}",
        )
    resolvers = ", ".join(entry.resolver for entry in failed)
    what = "rejects the signatures, and another one does not" if rejected else "gets no answer"
    return unknown(name, record_type, f"{resolvers} {what}{comment}")


def _shown(reply: Reply) -> str:
    return listed(reply.values, _SHOWN) if reply.values else "no record"
