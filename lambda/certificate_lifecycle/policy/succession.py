"""Replacement of a certificate by a successor with another ARN: its record and decisions.

A successor is requested only if the ARN cannot be kept by a renewal or an import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Documented,
)
from certificate_lifecycle.model.dns_names import is_allowed
from certificate_lifecycle.model.pointers import PARAMETER_TAG
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.model.tags import INSTANCE_TAG
from certificate_lifecycle.policy.bindings import BindingChange, BindingChangeStatus, ConsumerKind
from certificate_lifecycle.policy.issuance import (
    REQUESTABLE_KEY_ALGORITHMS,
    CertificateRequest,
    unknown_hierarchy,
)
from certificate_lifecycle.policy.ownership import CONTROLLER_TAGS, DECLARING_TOOLS
from certificate_lifecycle.policy.thresholds import limited_wait

#: Tags of a successor and of the certificate that it replaces.
REPLACES_TAG = "certificate-lifecycle:replaces"
REPLACED_BY_TAG = "certificate-lifecycle:replaced-by"

#: ACM's default quota of requests in 365 days (ACM user guide, "Quotas").
YEARLY_REQUESTS = 5000
#: Sentences about moves that a record keeps for the next message.
REPORTED_MOVES = 50
_FURTHER = "and further settings; of all settings: "
_YEAR = timedelta(days=365)
_QUOTA_WARNING = 0.8
#: A failed request is repeated once, after its cause could have been fixed.
MAX_ATTEMPTS = 2
#: Successors that may be deleted by others, or become unable to take over, before a person must
#: act. They have a budget of their own, so that a request that failed is still repeated.
MAX_LOST = 3
RETRY_AFTER = timedelta(days=7)
#: Longer than the timeout of a function: the run of an expired claim has ended.
CLAIM = timedelta(minutes=20)
#: How long the state table keeps finished replacements.
HISTORY = timedelta(days=400)
#: ACM allows 50 tags, of which one is REPLACES_TAG.
_MAX_COPIED_TAGS = 49
_FIRST_TAGS = frozenset({INSTANCE_TAG, PARAMETER_TAG})
_OUR_TAGS = "certificate-lifecycle:"

#: Actions that start or continue a replacement.
REPLACING_ACTIONS = frozenset({Action.REPLACE, Action.REQUEST_AGAIN, Action.REBIND})


#: Repeated requests in one account, region and day.
REPEATED_REQUESTS_PER_DAY = 5


class RequestBudget(Enum):
    """A daily budget of requests in one account and region, which protects ACM's quota.

    Repeating a failed request, which nothing uses, has a small budget of its own: anyone who may
    request certificates can make many failed requests, and they never take the place of a
    certificate in use.
    """

    SUCCESSORS = "replacements (limits.requests_per_day)"
    REPEATED_REQUESTS = "repeated requests"

    @classmethod
    def of(cls, certificate: Certificate) -> RequestBudget:
        """Return the budget from which the successor of a certificate is requested."""
        return cls.REPEATED_REQUESTS if is_failed_request(certificate) else cls.SUCCESSORS

    def limit(self, requests_per_day: int) -> int:
        """Return how many requests a day may have, given the limit of the instance."""
        if self is RequestBudget.SUCCESSORS:
            return requests_per_day
        return min(REPEATED_REQUESTS_PER_DAY, requests_per_day)


class ReplacementState(Documented):
    """The state of a replacement, recorded before the next step begins."""

    REQUESTED = "requested", "A successor has been, or is being, requested."
    VALIDATED = "validated", "Its validation records exist; ACM has to issue it."
    ISSUED = "issued", "It is issued; the consumers can be moved."
    BOUND = "bound", "The consumers use it and are being verified."
    VERIFIED = (
        "verified",
        "Every consumer that could be moved serves it; the old certificate is retained.",
    )
    RETIRED = "retired", "The old certificate is deleted."
    ABANDONED = "abandoned", "It is no longer needed, or not possible; the note says why."

    @property
    def finished(self) -> bool:
        """Whether no step is left."""
        return self in (ReplacementState.RETIRED, ReplacementState.ABANDONED)


#: The states with a successor that consumers may have.
_WITH_SUCCESSOR = frozenset(
    {ReplacementState.ISSUED, ReplacementState.BOUND, ReplacementState.VERIFIED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementRecord:
    """The stored record of one replacement.

    `version` counts the writes and is 0 before the first; `claimed_by` is the run that may act.
    `attempt` counts the requests for a successor, and is 0 once none is needed. `lost` counts the
    successors that were deleted or could not take over any more.
    `moves` are stored as entries of their own, with `successor_arn`: their number has no limit.
    `unreported` are sentences about actions that no notification has contained yet.
    `requested_at` is None for a successor that existed already and was not requested for this one.
    `refused` are the certificates that a service has refused for a consumer.
    `pointers` are the names of the pointers that were given the ARN of a successor.
    """

    certificate_arn: str
    state: ReplacementState
    started_at: datetime
    attempt: int = 1
    successor_arn: str | None = None
    requested_at: datetime | None = None
    moves: tuple[BindingChange, ...] = ()
    verified_at: datetime | None = None
    note: str = ""
    unreported: tuple[str, ...] = ()
    version: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    expires_at: datetime | None = None
    refused: tuple[str, ...] = ()
    lost: int = 0
    pointers: tuple[str, ...] = ()

    @property
    def may_request_again(self) -> bool:
        """Whether another successor may be requested after the last one."""
        return self.attempt - self.lost < MAX_ATTEMPTS and self.lost < MAX_LOST

    @property
    def requested_successor(self) -> str | None:
        """The successor, if it was requested for this certificate."""
        return self.successor_arn if self.requested_at is not None else None

    def has_refused_successor(self) -> bool:
        """Whether a service has refused the successor."""
        return self.successor_arn in self.refused

    @property
    def is_rolled_back(self) -> bool:
        """Whether no consumer has the successor, because a verification failed."""
        kept = (BindingChangeStatus.PLANNED, BindingChangeStatus.BOUND, BindingChangeStatus.MOVED)
        return self.has(BindingChangeStatus.ROLLED_BACK) and not self.has(*kept)

    def has(self, *statuses: BindingChangeStatus) -> bool:
        """Whether a consumer has one of `statuses`."""
        return any(move.status in statuses for move in self.moves)

    def with_moves(self, changed: Iterable[BindingChange]) -> Self:
        """Return the record with new and changed moves."""
        moves = {move.binding.key: move for move in self.moves}
        moves |= {move.binding.key: move for move in changed}
        return replace(self, moves=tuple(moves.values()))

    def with_reported_moves(self, texts: Sequence[str]) -> Self:
        """Return the record with sentences about its moves, at most `REPORTED_MOVES` of them.

        Further moves are counted in one sentence: an item of the state table has at most 400 KB.
        """
        if not texts:
            return self
        kept = [text for text in self.unreported if not text.startswith(_FURTHER)]
        shown = texts[: max(0, REPORTED_MOVES - len(kept))]
        if len(shown) == len(texts) and len(kept) == len(self.unreported):
            return replace(self, unreported=(*kept, *shown))
        counts = Counter(move.status.value for move in self.moves)
        counted = ", ".join(f"{count} {status}" for status, count in counts.items())
        return replace(self, unreported=(*kept, *shown, f"{_FURTHER}{counted}"))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without the moves; `expires_at` is in seconds since 1970."""
        return {
            "certificate_arn": self.certificate_arn,
            "state": self.state.value,
            "started_at": records.stamp(self.started_at),
            "attempt": self.attempt,
            "successor_arn": self.successor_arn,
            "requested_at": records.optional_stamp(self.requested_at),
            "verified_at": records.optional_stamp(self.verified_at),
            "note": self.note,
            "untold": list(self.unreported),
            "version": self.version,
            "claimed_by": self.claimed_by,
            "claimed_until": records.optional_stamp(self.claimed_until),
            "expires_at": int(self.expires_at.timestamp()) if self.expires_at else None,
            "refused": list(self.refused),
            "lost": self.lost,
            "pointers": list(self.pointers),
            # Required by earlier versions, which find the settings of the certificate again.
            "moves": [],
        }

    @classmethod
    def from_dict(cls, entry: records.Entry, kinds: Mapping[str, ConsumerKind]) -> Self:
        """Read the result of `to_dict`; `kinds` has every kind of consumer by its name.

        An earlier version stored `moves` in the record.
        Raises KeyError, OverflowError, TypeError or ValueError for anything else.
        """
        certificate_arn = parse_arn(records.text(entry, "certificate_arn"))
        successor_arn = records.optional_text(entry, "successor_arn")
        moves = records.items(entry, "moves") if "moves" in entry else ()
        return cls(
            certificate_arn=certificate_arn,
            state=ReplacementState.of(records.text(entry, "state")),
            started_at=records.timestamp(entry, "started_at"),
            attempt=records.number(entry, "attempt"),
            successor_arn=successor_arn,
            requested_at=records.optional_timestamp(entry, "requested_at"),
            moves=tuple(
                BindingChange.from_earlier_dict(move, kinds, successor_arn) for move in moves
            ),
            verified_at=records.optional_timestamp(entry, "verified_at"),
            note=records.text(entry, "note"),
            unreported=records.texts(entry, "untold"),
            version=records.number(entry, "version"),
            claimed_by=records.optional_text(entry, "claimed_by"),
            claimed_until=records.optional_timestamp(entry, "claimed_until"),
            expires_at=records.optional_epoch(entry, "expires_at"),
            # Earlier versions did not store these.
            lost=records.number(entry, "lost") if "lost" in entry else 0,
            refused=records.texts(entry, "refused") if "refused" in entry else (),
            pointers=records.texts(entry, "pointers") if "pointers" in entry else (),
        )


def retry_after(certificate: Certificate) -> timedelta:
    """Return how long after a request for a successor a failed one is repeated."""
    return limited_wait(certificate, RETRY_AFTER)


def is_failed_request(certificate: Certificate) -> bool:
    """Whether ACM never issued it."""
    return certificate.status in (
        CertificateStatus.FAILED,
        CertificateStatus.VALIDATION_TIMED_OUT,
    )


def counted_changes(changed: Collection[str], certificates: Iterable[Certificate]) -> int:
    """Return how many of the `changed` ARNs count towards the limit of changes in a run.

    Anyone who may request certificates can make many requests with the tag of an instance. Those
    that ACM has not issued count as `REPEATED_REQUESTS_PER_DAY` together, so that they never stop
    the replacement of a certificate in use.
    """
    requests = sum(
        certificate.arn in changed
        and (
            certificate.status is CertificateStatus.PENDING_VALIDATION
            or is_failed_request(certificate)
        )
        for certificate in certificates
    )
    return len(changed) - max(0, requests - REPEATED_REQUESTS_PER_DAY)


def blocked_reason(
    certificate: Certificate, instance: str, allowed_domains: Sequence[str]
) -> str | None:
    """Return why a described `certificate` gets no successor, or None if it may get one.

    A failed request is repeated only if this instance made it, and not for a successor. Anyone who
    may request certificates may set the tag, so that its names count, too: each is equal to or
    below one of `allowed_domains`.
    """
    tags = dict(certificate.detail.tags)
    if REPLACES_TAG in tags and not certificate.used:
        return "it was requested as a successor of another certificate"
    if is_failed_request(certificate):
        if tags.get(INSTANCE_TAG) != instance:
            return f"it was not requested by {instance}"
        others = [name for name in certificate.names if not is_allowed(name, allowed_domains)]
        if others:
            return f"{others[0]} is not equal to or below an allowed domain of {instance}"
    elif not certificate.in_use:
        return "its copies outside AWS cannot be moved; export a new certificate to them"
    if not certificate.managed:
        return "only certificates issued by ACM can be requested again"
    if certificate.key_algorithm not in REQUESTABLE_KEY_ALGORITHMS:
        return f"ACM does not issue with {certificate.key_algorithm} keys"
    if not certificate.listed:
        return "ACM does not list it, so that its class may be one that this SDK does not know"
    return unknown_hierarchy(certificate)


def successor_request(certificate: Certificate, attempt: int) -> CertificateRequest:
    """Return the request for a successor: same names, key, CA, root, usage, export option and tags.

    Its token depends on the old certificate and the attempt, so that ACM returns the same successor
    if the request is repeated within an hour.
    """
    authority = certificate.detail.certificate_authority_arn
    public = certificate.type is not CertificateType.PRIVATE
    return CertificateRequest(
        names=certificate.names,
        region=certificate.region,
        key_algorithm=certificate.key_algorithm,
        certificate_authority_arn=authority,
        root_hierarchy=certificate.root_hierarchy,
        certificate_usage=certificate.certificate_usage,
        # ACM reports private certificates as exportable, but rejects the option for them.
        exportable=public and certificate.exportable,
        tags=((REPLACES_TAG, certificate.arn), *_copyable_tags(certificate)[:_MAX_COPIED_TAGS]),
        purpose=f"successor {attempt} of {certificate.arn}",
    )


def tags_not_copied(certificate: Certificate) -> tuple[str, ...]:
    """Return the keys of tags for which a successor has no room."""
    return tuple(key for key, _ in _copyable_tags(certificate)[_MAX_COPIED_TAGS:])


def _copyable_tags(certificate: Certificate) -> list[tuple[str, str]]:
    """Return the tags that a successor inherits: the first ones in their order, the others by key.

    Tags of AWS and of this module are not inherited, except for the name of the pointer, nor those
    of a controller, which would delete the successor, nor one that names a tool that declares the
    old certificate and knows nothing of the successor.
    The order does not depend on ACM's, so that every request leaves out the same tags.
    """
    tags = [(key, value) for key, value in certificate.detail.tags if _is_copyable(key, value)]
    return sorted(tags, key=lambda tag: (tag[0] not in _FIRST_TAGS, tag))


def _is_copyable(key: str, value: str) -> bool:
    if key == INSTANCE_TAG:
        return value.lower() not in DECLARING_TOOLS
    others = key in CONTROLLER_TAGS or key.lower().startswith(("aws:", _OUR_TAGS))
    return key in _FIRST_TAGS or not others


def pointers_behind(
    record: ReplacementRecord, values: Mapping[str, str], *, in_use: bool
) -> Mapping[str, str]:
    """Return the pointers that should name the issued successor, each with its present value.

    `values` has the value of every pointer by its name, `in_use` is whether consumers have the old
    certificate. A pointer that names it follows, and one of this replacement that names a candidate
    that was struck off.
    """
    issued = record.state in _WITH_SUCCESSOR and record.successor_arn is not None
    if not issued or (in_use and record.is_rolled_back):
        return {}
    behind = {record.certificate_arn, *record.refused} - {record.successor_arn}
    return {
        name: value
        for name, value in values.items()
        if value in behind and (value == record.certificate_arn or name in record.pointers)
    }


def has_ended(request: Certificate) -> bool:
    """Whether a request ended without a certificate, or its certificate is no longer valid."""
    return request.status not in (CertificateStatus.PENDING_VALIDATION, CertificateStatus.ISSUED)


def quota_warning(listed: Iterable[Certificate], now: datetime) -> str | None:
    """Return a warning if the requests of the last 365 days approach ACM's default quota.

    ACM also counts deleted certificates, which cannot be listed.
    """
    made = sum(
        certificate.type is CertificateType.AMAZON_ISSUED
        and certificate.created_at is not None
        and now - certificate.created_at < _YEAR
        for certificate in listed
    )
    if made < YEARLY_REQUESTS * _QUOTA_WARNING:
        return None
    return f"{made} of ACM's default quota of {YEARLY_REQUESTS} requests in a year are used"


def may_retire(
    replacement_record: ReplacementRecord, retire_after: timedelta | None, now: datetime
) -> bool:
    """Whether the retention of the old certificate has ended."""
    if retire_after is None or replacement_record.verified_at is None:
        return False
    return now >= replacement_record.verified_at + retire_after
