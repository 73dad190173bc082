"""What was told about a certificate, so that it is told once and again only when it matters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The last thing that a message said about a certificate; `version` counts its writes."""

    certificate_arn: str
    verdict: str
    reason: str
    severity: str
    band: str
    told_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a run was about to do, written first, so that a message still tells of it."""

    certificate_arn: str
    action: str
    text: str
    run_id: str
    written_at: datetime
