"""Queries to public DNS and their answers, as a certificate authority would see them.

Answers are untrusted: names and texts must be cleaned before they are printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.errors import DnssecBrokenError, PublicDnsUnknownError
from certificate_lifecycle.model.sanitize import clean_lines


class RecordType(StrEnum):
    """The types of records that are queried."""

    CAA = "CAA"
    CNAME = "CNAME"
    NS = "NS"
    SOA = "SOA"


class AnswerState(Enum):
    """The common answer of the resolvers; without one `UNKNOWN`, which is never success."""

    FOUND = auto()
    """Every resolver returns the same records, and none reports broken DNSSEC."""
    NONE = auto()
    """Every resolver answers that there is no such record, or no such name."""
    DNSSEC_BROKEN = auto()
    """Every resolver rejects the signatures: it fails, and answers with checking disabled."""
    UNKNOWN = auto()
    """No answer, different answers, or an answer that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsCounts:
    """How many names of an account and region were checked in public DNS.

    `unknown` are names with at least one answer that is unknown, `reason` is that of one of them.
    `not_asked` are names beyond the limit of a run.
    """

    checked: int = 0
    unknown: int = 0
    not_asked: int = 0
    reason: str = ""

    def __add__(self, other: DnsCounts) -> DnsCounts:
        """Return the counts of both; a name of both counts twice."""
        return DnsCounts(
            checked=self.checked + other.checked,
            unknown=self.unknown + other.unknown,
            not_asked=self.not_asked + other.not_asked,
            reason=self.reason or other.reason,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "checked": self.checked,
            "unknown": self.unknown,
            "not_asked": self.not_asked,
            "reason": clean_lines(self.reason),
        }

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        return cls(
            checked=records.number(entry, "checked"),
            unknown=records.number(entry, "unknown"),
            not_asked=records.number(entry, "not_asked"),
            reason=records.text(entry, "reason"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """The answer of public DNS to one query.

    `values` are sorted and in presentation form, names without the final dot; those of an SOA
    record are its server and its mailbox. CNAMEs are followed, except for a query for a CNAME.
    `zone` is the apex of the zone that answered NONE, if reported.
    `reason` says why the answer is not known, or how DNSSEC is broken.
    """

    name: str
    type: RecordType
    state: AnswerState
    values: tuple[str, ...] = ()
    zone: str | None = None
    reason: str = ""

    def known_values(self) -> tuple[str, ...]:
        """Return the values, none if there is no record.

        Raises PublicDnsUnknownError, or DnssecBrokenError.
        """
        if self.state is AnswerState.UNKNOWN:
            raise PublicDnsUnknownError(
                f"the {self.type} records of {self.name} in public DNS are unknown: {self.reason}"
            )
        if self.state is AnswerState.DNSSEC_BROKEN:
            raise DnssecBrokenError(f"the DNSSEC of {self.name} is broken: {self.reason}")
        return self.values
