"""What a run remembers of a certificate, so that the next run need not describe it again.

A remembered description never leads to a write: before an action, the certificate and its tags are
read again. An entry that cannot be read, or is missing, costs calls and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Self, TypeVar, cast

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Reason,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.model.timestamps import parse_instant, parse_timestamp
from certificate_lifecycle.policy.thresholds import (
    Thresholds,
    is_within,
    renewal_window,
)

T = TypeVar("T")
Codec = tuple[Callable[[Any], object], Callable[[object], object]]

#: A description is read again after this time, even if the listing shows no change: some changes of
#: consumers and tags are in no listing.
_KEPT_FOR = timedelta(days=7)
#: The same for a certificate within its critical threshold: every daily run reads it.
_KEPT_IF_CRITICAL = timedelta(hours=20)
#: Stands for the time of a first run on an earlier day that is not known any more.
UNKNOWN_SINCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalChange:
    """A renewal that changed more than the dates, found at `at`.

    `issuer` and `usages` are those of the certificate before the renewal. If they were lost, only
    the reason that was `reported` is known.
    """

    at: datetime
    issuer: str | None = None
    usages: frozenset[str] = frozenset()
    reported: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A description of a certificate, and what earlier runs found out about it.

    `fingerprint` is a digest of everything that the listing and a search showed when it was
    described at `described_at`; it is empty if the description may not be used again.
    `certificate` has the detail, and no tags: those are read by every run.
    `consumers` are the display names of its consumers, None if they were not read.
    `checked_at` is when the obstacles to its next renewal were last searched, None if never, and
    an earlier time if an answer was unknown; `tried_at` is when a run last chose it for that.
    """

    fingerprint: str
    described_at: datetime
    certificate: Certificate
    consumers: tuple[str, ...] | None = None
    checked_at: datetime | None = None
    change: RenewalChange | None = None
    tried_at: datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without fields that have their default value."""
        return _encode(self)

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        found = _decode(cls, entry)
        parse_arn(found.certificate.arn)
        for at in (found.checked_at, found.tried_at):
            if at is not None:
                parse_timestamp(at.isoformat())
        detail = found.certificate.detail
        if not detail.described or detail.tags_read:
            raise ValueError("it is no description without tags")
        return found

    def is_current(
        self, fingerprint: str, listed: Certificate, thresholds: Thresholds, now: datetime
    ) -> bool:
        """Whether the description is still the one of a listed certificate."""
        if self.fingerprint != fingerprint or not _agree(listed, self.certificate):
            return False
        critical = is_within(listed, thresholds.effective_critical(listed), now)
        kept_for = _KEPT_IF_CRITICAL if critical else _KEPT_FOR
        return timedelta() <= now - self.described_at < kept_for


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedCertificates:
    """The remembered certificates of an account and region by ARN.

    `since` is the time of the first run, None before it, `UNKNOWN_SINCE` if it was lost.
    """

    entries: Mapping[str, Remembered] = field(default_factory=dict)
    since: datetime | None = None


def fingerprint(listed: Certificate, renewal: RenewalStatus | None) -> str:
    """Return a digest of everything that a listing and a search show of a certificate."""
    shown = _encode(replace(listed, detail=NOT_DESCRIBED))
    text = json.dumps([shown, renewal.value if renewal else None], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_settled(described: Certificate) -> bool:
    """Whether ACM has nothing under way with a certificate that no listing would show.

    ACM names the records of a request after some seconds, and completes a migration to DNS.
    """
    detail = described.detail
    return not detail.migrating_to_dns and all(
        validation.record is not None or validation.method is not ValidationMethod.DNS
        for validation in detail.pending_validations
    )


def shows_renewal(
    listed: Certificate, thresholds: Thresholds, now: datetime, *, searched: bool
) -> bool:
    """Whether the listing shows the progress of a renewal, with the search if it was `searched`.

    Without a search, a certificate that ACM may be renewing has to be described.
    """
    if searched or not listed.managed or listed.status is not CertificateStatus.ISSUED:
        return True
    threshold = max(renewal_window(listed), thresholds.effective(listed))
    return not is_within(listed, threshold, now)


def _agree(listed: Certificate, described: Certificate) -> bool:
    """Whether a description is of the certificate that is listed; the entry may be damaged."""
    same = ("arn", "status", "type", "key_algorithm", "not_before", "not_after")
    return set(listed.names) <= set(described.names) and all(
        getattr(listed, name) == getattr(described, name) for name in same
    )


def _encode(record: object) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults, as plain data."""
    return {
        name: write(value)
        for name, default, (write, _) in _layout(cast("Any", type(record)))
        if (value := getattr(record, name)) != default
    }


def _decode(kind: type[T], entry: object) -> T:
    """Return a record; a missing field has its default, an unknown one is ignored."""
    found = _typed(entry, dict)
    known = {
        name: read(found[name])
        for name, _, (_, read) in _layout(cast("Any", kind))
        if name in found
    }
    return kind(**known)


@cache
def _layout(kind: type[Any]) -> tuple[tuple[str, object, Codec], ...]:
    """Return name, default and codec of each field of a record that is remembered."""
    return tuple(
        (each.name, each.default, _CODECS[str(each.type)])
        for each in fields(kind)
        if str(each.type) in _CODECS
    )


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"not of type {kind.__name__}")
    return value


def _text(value: object) -> str:
    """Return a string; raises UnicodeEncodeError, a ValueError, for half of a character."""
    text = _typed(value, str)
    text.encode()
    return text


def _flag(value: object) -> bool:
    return _typed(value, bool)


def _instant(value: object) -> datetime:
    """Return a date of a certificate, which may be in any year, in the form of `stamp` only."""
    text = _typed(value, str)
    found = parse_instant(text)
    if records.stamp(found) != text:
        raise ValueError("it is not in the form of a stamp")
    return found


def _timestamp(value: object) -> datetime:
    return parse_timestamp(_typed(value, str))


def _texts(value: object) -> frozenset[str]:
    return frozenset(_text(part) for part in _typed(value, list))


def _member(kind: type[StrEnum]) -> Codec:
    return str, lambda value: kind(_typed(value, str))


def _record(kind: type[Any]) -> Codec:
    return _encode, lambda value: _decode(kind, value)


def _optional(codec: Codec) -> Codec:
    write, read = codec
    return (
        lambda value: None if value is None else write(value),
        lambda value: None if value is None else read(value),
    )


def _many(codec: Codec) -> Codec:
    write, read = codec
    return (
        lambda values: [write(value) for value in values],
        lambda values: tuple(read(value) for value in _typed(values, list)),
    )


_WORDS: Codec = (str, _text)
#: How a field is stored, by its type. Tags, and the fields of certificates outside ACM, are not.
_CODECS: Mapping[str, Codec] = {
    "str": _WORDS,
    "str | None": _optional(_WORDS),
    "bool": (bool, _flag),
    "bool | None": _optional((bool, _flag)),
    "datetime": (records.stamp, _timestamp),
    "datetime | None": _optional((records.stamp, _instant)),
    "frozenset[str]": (sorted, _texts),
    "tuple[str, ...]": _many(_WORDS),
    "tuple[str, ...] | None": _optional(_many(_WORDS)),
    "tuple[DomainValidation, ...]": _many(_record(DomainValidation)),
    "ValidationRecord | None": _optional(_record(ValidationRecord)),
    "Renewal | None": _optional(_record(Renewal)),
    "Certificate": _record(Certificate),
    "CertificateDetail": _record(CertificateDetail),
    "Reason | None": _optional(_member(Reason)),
    "RenewalChange | None": _optional(_record(RenewalChange)),
    "CertificateStatus": _member(CertificateStatus),
    "CertificateType": _member(CertificateType),
    "RenewalStatus": _member(RenewalStatus),
    "ValidationMethod": _member(ValidationMethod),
}
