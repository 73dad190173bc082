"""Replacing a certificate by a successor under another ARN: the journal and its decisions.

A successor is asked for only where nothing keeps the ARN: ACM renews what it can, and a newer
version of an imported certificate is imported under the ARN that is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import (
    Action,
    Certificate,
    CertificateStatus,
    CertificateType,
    Documented,
)
from certificate_lifecycle.model.scope import parse_arn
from certificate_lifecycle.policy.bindings import BindingChange, BindingChangeStatus, ConsumerKind
from certificate_lifecycle.policy.issuance import REQUESTABLE_KEY_ALGORITHMS, CertificateRequest
from certificate_lifecycle.policy.thresholds import Thresholds, is_within

#: Tags by which a successor names what it replaces, and what is replaced its successor.
REPLACES_TAG = "certificate-lifecycle:replaces"
REPLACED_BY_TAG = "certificate-lifecycle:replaced-by"

#: Successors that are requested in one account, region and day: a wrong rule must not eat a quota.
DAILY_REQUESTS = 20
#: Requests in 365 days that ACM grants by default (ACM user guide, "Quotas").
YEARLY_REQUESTS = 5000
_YEAR = timedelta(days=365)
_QUOTA_WARNING = 0.8
#: A request that ACM ended is repeated once, when its cause had time to be mended.
MAX_ATTEMPTS = 2
RETRY_AFTER = timedelta(days=7)
#: Longer than a function may run: a claim that has ended belongs to a run that is dead.
CLAIM = timedelta(minutes=20)
#: How long the ledger keeps what is over.
HISTORY = timedelta(days=400)
#: ACM takes 50 tags; one names what the successor replaces.
_MAX_COPIED_TAGS = 49
_OUR_TAGS = "certificate-lifecycle:"

#: What makes a replacement begin, or go on.
REPLACING_ACTIONS = frozenset({Action.REPLACE, Action.REQUEST_AGAIN, Action.REBIND})


class ReplacementState(Documented):
    """How far a replacement has come; each state is recorded before the next step begins."""

    REQUESTED = "requested", "A successor is, or is about to be, requested."
    VALIDATED = "validated", "Its validation records stand; ACM has to issue it."
    ISSUED = "issued", "It is issued; what uses the old certificate can be moved."
    BOUND = "bound", "The consumers hold it and are being verified."
    VERIFIED = "verified", "Every consumer that could be moved serves it; the old one soaks."
    RETIRED = "retired", "The old certificate is deleted."
    ABANDONED = "abandoned", "It is not needed any more, or cannot be had; the note says why."

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be done."""
        return self in (ReplacementState.RETIRED, ReplacementState.ABANDONED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementRecord:
    """The record of one replacement, kept in the ledger.

    `version` counts its writes and is 0 before the first; `claimed_by` is the run that may act.
    `attempt` counts the requests for a successor, and is 0 once none is needed any more.
    `unreported` are sentences about what was done that no message has carried yet.
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

    def has(self, *statuses: BindingChangeStatus) -> bool:
        """Whether a consumer stands at one of `statuses`."""
        return any(move.status in statuses for move in self.moves)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, ready for JSON; `expires_at` is in seconds since 1970."""
        return {
            "certificate_arn": self.certificate_arn,
            "state": self.state.value,
            "started_at": records.stamp(self.started_at),
            "attempt": self.attempt,
            "successor_arn": self.successor_arn,
            "requested_at": records.optional_stamp(self.requested_at),
            "moves": [move.to_dict() for move in self.moves],
            "verified_at": records.optional_stamp(self.verified_at),
            "note": self.note,
            "untold": list(self.unreported),
            "version": self.version,
            "claimed_by": self.claimed_by,
            "claimed_until": records.optional_stamp(self.claimed_until),
            "expires_at": int(self.expires_at.timestamp()) if self.expires_at else None,
        }

    @classmethod
    def from_dict(cls, entry: records.Entry, kinds: Mapping[str, ConsumerKind]) -> Self:
        """Read what `to_dict` returns; `kinds` has every kind of consumer by its name.

        Raises KeyError, OverflowError, TypeError or ValueError for anything else.
        """
        return cls(
            certificate_arn=parse_arn(records.text(entry, "certificate_arn")),
            state=ReplacementState.of(records.text(entry, "state")),
            started_at=records.timestamp(entry, "started_at"),
            attempt=records.number(entry, "attempt"),
            successor_arn=records.optional_text(entry, "successor_arn"),
            requested_at=records.optional_timestamp(entry, "requested_at"),
            moves=tuple(
                BindingChange.from_dict(move, kinds) for move in records.items(entry, "moves")
            ),
            verified_at=records.optional_timestamp(entry, "verified_at"),
            note=records.text(entry, "note"),
            unreported=records.texts(entry, "untold"),
            version=records.number(entry, "version"),
            claimed_by=records.optional_text(entry, "claimed_by"),
            claimed_until=records.optional_timestamp(entry, "claimed_until"),
            expires_at=records.optional_epoch(entry, "expires_at"),
        )


def blocked_reason(certificate: Certificate, instance: str) -> str | None:
    """Return why no successor of a described `certificate` is requested, or None if one may be.

    A request that failed is repeated only if it was ours, and not if it was a successor itself.
    """
    tags = dict(certificate.detail.tags)
    if REPLACES_TAG in tags and not certificate.used:
        return "it was requested as a successor, and what it should replace decides"
    if certificate.status in (CertificateStatus.FAILED, CertificateStatus.VALIDATION_TIMED_OUT):
        if tags.get("ManagedBy") != instance:
            return f"it was not requested by {instance}"
    elif not certificate.in_use:
        return "its copies outside AWS cannot be moved; export a new certificate to them"
    if not certificate.managed:
        return "only what ACM issued can be requested again"
    if certificate.key_algorithm not in REQUESTABLE_KEY_ALGORITHMS:
        return f"ACM does not issue with {certificate.key_algorithm} keys"
    if len(_copied_tags(certificate)) > _MAX_COPIED_TAGS:
        return "it has 50 tags, and its successor needs one more"
    return None


def successor_request(certificate: Certificate, attempt: int) -> CertificateRequest:
    """Return the request for a successor: same names, key algorithm, CA, export option and tags.

    Its token belongs to the old certificate and the attempt, so that repeating it within ACM's
    hour leads back to the same successor.
    """
    authority = certificate.detail.certificate_authority_arn
    public = certificate.type is not CertificateType.PRIVATE
    return CertificateRequest(
        names=certificate.names,
        region=certificate.region,
        key_algorithm=certificate.key_algorithm,
        certificate_authority_arn=authority,
        # ACM reports private certificates as exportable, and refuses the option for them.
        exportable=public and certificate.exportable,
        tags=((REPLACES_TAG, certificate.arn), *_copied_tags(certificate)),
        purpose=f"successor {attempt} of {certificate.arn}",
    )


def _copied_tags(certificate: Certificate) -> tuple[tuple[str, str], ...]:
    """Return the tags that a successor takes over: not AWS's own, and not ours about a place."""
    tags = certificate.detail.tags
    return tuple(
        (key, value) for key, value in tags if not key.lower().startswith(("aws:", _OUR_TAGS))
    )


def succeeds(
    successor: Certificate, certificate: Certificate, thresholds: Thresholds, now: datetime
) -> bool:
    """Whether `successor` is issued, covers every name, and is not near its own end."""
    return (
        successor.status is CertificateStatus.ISSUED
        and set(certificate.names) <= set(successor.names)
        and not is_within(successor, thresholds.effective(successor), now)
    )


def has_ended(request: Certificate) -> bool:
    """Whether a request can never become a certificate any more."""
    return request.status not in (CertificateStatus.PENDING_VALIDATION, CertificateStatus.ISSUED)


def quota_warning(listed: Iterable[Certificate], now: datetime) -> str | None:
    """Return a warning when the requests of the last 365 days come near ACM's default quota.

    Only what still exists can be counted; what was deleted counts for ACM all the same.
    """
    made = sum(
        certificate.type is CertificateType.AMAZON_ISSUED
        and certificate.created_at is not None
        and now - certificate.created_at < _YEAR
        for certificate in listed
    )
    if made < YEARLY_REQUESTS * _QUOTA_WARNING:
        return None
    return f"{made} of the {YEARLY_REQUESTS} requests that ACM grants in a year by default are used"


def may_retire(
    replacement_record: ReplacementRecord, retire_after: timedelta | None, now: datetime
) -> bool:
    """Whether the soak of a verified replacement is over."""
    if retire_after is None or replacement_record.verified_at is None:
        return False
    return now >= replacement_record.verified_at + retire_after
