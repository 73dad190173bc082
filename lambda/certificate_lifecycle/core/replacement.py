"""Replacing a certificate by a successor under another ARN: the journal and its decisions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from certificate_lifecycle.core.consumers import Move
from certificate_lifecycle.core.model import Documented

#: Tags by which a successor names what it replaces, and what is replaced its successor.
REPLACES_TAG = "certificate-lifecycle:replaces"
REPLACED_BY_TAG = "certificate-lifecycle:replaced-by"


class ReplacementState(Documented):
    """How far a replacement has come; each state is recorded before the next step begins."""

    REQUESTED = "requested", "A successor is, or is about to be, requested."
    VALIDATED = "validated", "Its validation records stand; ACM has to issue it."
    ISSUED = "issued", "It is issued; what uses the old certificate can be moved."
    BOUND = "bound", "The consumers hold it and are being verified."
    VERIFIED = "verified", "Every consumer that could be moved serves it; the old one soaks."
    RETIRED = "retired", "The old certificate is deleted."
    ABANDONED = "abandoned", "It is not needed any more, or cannot be had; the note says why."


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """The record of one replacement, kept in the ledger.

    `version` counts its writes and is 0 before the first; `claimed_by` is the run that may act.
    `attempt` counts the requests for a successor: one that ACM ended is repeated once.
    `untold` are sentences about what was done that no message has carried yet.
    """

    certificate_arn: str
    state: ReplacementState
    started_at: datetime
    attempt: int = 1
    successor_arn: str | None = None
    requested_at: datetime | None = None
    moves: tuple[Move, ...] = ()
    verified_at: datetime | None = None
    note: str = ""
    untold: tuple[str, ...] = ()
    version: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = None
    expires_at: datetime | None = None
