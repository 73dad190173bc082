"""What a run remembers of a certificate, so that the next run need not describe it again.

A remembered description never leads to a write: before an action, the certificate and its tags are
read again. An entry that cannot be read, or is missing, costs calls and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar, cast

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    NOT_DESCRIBED,
    Certificate,
    CertificateDetail,
    CertificateStatus,
    CertificateType,
    DomainValidation,
    Renewal,
    RenewalStatus,
    ValidationMethod,
    ValidationRecord,
)
from certificate_lifecycle.model.scope import parse_arn
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalChange:
    """A renewal that changed more than the dates, found at `at`.

    `issuer` and `usages` are those of the certificate before the renewal.
    """

    at: datetime
    issuer: str | None
    usages: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A description of a certificate, and what earlier runs found out about it.

    `fingerprint` is a digest of everything that the listing and a search showed when it was
    described at `described_at`. `certificate` has the detail; its tags are those of that time.
    `consumers` are the display names of its consumers, None if they were not read.
    `checked_at` is when the obstacles to its next renewal were last searched, None if never.
    """

    fingerprint: str
    described_at: datetime
    certificate: Certificate
    consumers: tuple[str, ...] | None = None
    checked_at: datetime | None = None
    change: RenewalChange | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without fields that have their default value."""
        return _encode(self)

    @classmethod
    def from_dict(cls, entry: records.Entry) -> Self:
        """Read the result of `to_dict`; raises KeyError, TypeError or ValueError otherwise."""
        found = _decode(cls, entry)
        parse_arn(found.certificate.arn)
        return found

    def is_current(
        self, fingerprint: str, listed: Certificate, thresholds: Thresholds, now: datetime
    ) -> bool:
        """Whether the description is still the one of a listed certificate."""
        critical = is_within(listed, thresholds.effective_critical(listed), now)
        kept_for = _KEPT_IF_CRITICAL if critical else _KEPT_FOR
        same = self.fingerprint == fingerprint
        return same and timedelta() <= now - self.described_at < kept_for


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedCertificates:
    """The remembered certificates of an account and region by ARN.

    `since` is the time of the first run, None before it.
    """

    entries: Mapping[str, Remembered] = field(default_factory=dict)
    since: datetime | None = None


def fingerprint(listed: Certificate, renewal: RenewalStatus | None) -> str:
    """Return a digest of everything that a listing and a search show of a certificate."""
    shown = _encode(replace(listed, detail=NOT_DESCRIBED))
    text = json.dumps([shown, renewal.value if renewal else None], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_memorable(
    listed: Certificate, thresholds: Thresholds, now: datetime, *, searched: bool
) -> bool:
    """Whether a description of a certificate may be remembered.

    `searched`: a search showed the renewal status. Without a search, nothing shows the progress of
    a renewal.
    """
    if searched or not listed.managed or listed.status is not CertificateStatus.ISSUED:
        return True
    threshold = max(renewal_window(listed), thresholds.effective(listed))
    return not is_within(listed, threshold, now)


def _text_codec(kind: Callable[[str], object]) -> Codec:
    return str, lambda value: kind(_typed(value, str))


def _encode(record: object) -> dict[str, Any]:
    """Return the fields of a record that differ from their defaults, as plain data."""
    return {
        each.name: _CODECS[str(each.type)][0](value)
        for each in fields(cast("Any", record))
        if str(each.type) in _CODECS and (value := getattr(record, each.name)) != each.default
    }


def _decode(kind: type[T], entry: object) -> T:
    """Return a record; a missing field has its default, an unknown one is ignored."""
    found = _typed(entry, dict)
    known = {
        each.name: _CODECS[str(each.type)][1](found[each.name])
        for each in fields(cast("Any", kind))
        if str(each.type) in _CODECS and each.name in found
    }
    return kind(**known)


def _typed(value: object, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"not of type {kind.__name__}")
    return value


def _record(kind: type[Any]) -> Codec:
    return _encode, lambda value: _decode(kind, value)


def _many(codec: Codec, collection: Callable[[list[object]], object]) -> Codec:
    write, read = codec
    return (
        lambda values: [write(value) for value in values],
        lambda values: collection([read(value) for value in _typed(values, list)]),
    )


def _flag(value: object) -> bool:
    return _typed(value, bool)


def _pair(value: object) -> tuple[str, str]:
    key, text = (_typed(part, str) for part in _typed(value, list))
    return key, text


_TEXT = _text_codec(str)
_TIME: Codec = (records.stamp, lambda value: records.instant({"": value}, ""))
_SET: Codec = (
    sorted,
    lambda values: frozenset(_typed(value, str) for value in _typed(values, list)),
)
#: How a field is stored, by its type; a field of another type is not remembered.
_CODECS: Mapping[str, Codec] = {
    "str": _TEXT,
    "str | None": _TEXT,
    "bool": (bool, _flag),
    "bool | None": (bool, _flag),
    "datetime": _TIME,
    "datetime | None": _TIME,
    "frozenset[str]": _SET,
    "tuple[str, ...]": _many(_TEXT, tuple),
    "tuple[str, ...] | None": _many(_TEXT, tuple),
    "tuple[tuple[str, str], ...]": _many((list, _pair), tuple),
    "tuple[DomainValidation, ...]": _many(_record(DomainValidation), tuple),
    "ValidationRecord | None": _record(ValidationRecord),
    "Renewal | None": _record(Renewal),
    "Certificate": _record(Certificate),
    "CertificateDetail": _record(CertificateDetail),
    "RenewalChange | None": _record(RenewalChange),
    "CertificateStatus": _text_codec(CertificateStatus),
    "CertificateType": _text_codec(CertificateType),
    "RenewalStatus": _text_codec(RenewalStatus),
    "ValidationMethod": _text_codec(ValidationMethod),
}
