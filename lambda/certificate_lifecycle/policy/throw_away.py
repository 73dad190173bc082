"""The throw-away certificates of drills; their names and tags are the journal of a drill.

A drill stores nothing elsewhere: a killed one is found by listing names, and confirmed by tags.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from certificate_lifecycle.model.certificate import Certificate, Documented
from certificate_lifecycle.model.dns_names import MAX_COMMON_NAME, dns_form
from certificate_lifecycle.model.tags import INSTANCE_TAG
from certificate_lifecycle.policy.issuance import CertificateRequest
from certificate_lifecycle.policy.thresholds import is_recent

#: The value of the tag `ManagedBy`. No instance has a space in its name.
DRILL_MANAGER = "certificates drill"
#: The tag with the id of the drill, which the name contains too.
DRILL_TAG = "certificate-lifecycle:drill"
#: A drill ends before; a certificate of this age belongs to none that is under way.
LONGEST_DRILL = timedelta(hours=1)
#: A run reports what a drill has left only after this time.
REPORTED_AFTER = timedelta(days=1)
#: Short, because the common name has at most 64 octets.
_LABEL = "acm-drill-"
_NAME = re.compile(rf"{_LABEL}([0-9a-f]{{16}})\.[^*]+", re.ASCII)


class LeftoverState(Documented):
    """Whether a certificate with the name of a drill may be deleted."""

    REMOVABLE = "removable", "A drill that has ended left it."
    RECENT = "recent", "Its drill may be under way; it is younger than an hour."
    IN_USE = "in use", "It is in use, and stays."
    FOREIGN = "foreign", "It has no tag of a drill, and stays."


def throw_away_request(drill_id: str, zone: str, region: str) -> CertificateRequest:
    """Return the request for a certificate below a hosted zone; `drill_id` has 16 hex digits.

    Raises ValueError if the name would be longer than a common name may be.
    """
    name = f"{_LABEL}{drill_id}.{dns_form(zone)}"
    if len(name) > MAX_COMMON_NAME:
        raise ValueError(
            f"a name below {dns_form(zone)} would have more than {MAX_COMMON_NAME} octets, which "
            "ACM does not accept as the first name"
        )
    tags = ((INSTANCE_TAG, DRILL_MANAGER), (DRILL_TAG, drill_id))
    return CertificateRequest(names=(name,), region=region, tags=tags)


def is_throw_away(certificate: Certificate) -> bool:
    """Whether a certificate has the only name of a drill's, and no tags that contradict."""
    drill_id = _drill_id(certificate)
    if drill_id is None or not certificate.managed:
        return False
    return not certificate.detail.tags_read or _is_tagged(certificate, drill_id)


def leftover_state(certificate: Certificate, now: datetime) -> LeftoverState:
    """Return whether a certificate with its details and tags may be deleted.

    The creation time is ACM's; without it the certificate stays.
    """
    drill_id = _drill_id(certificate)
    known = certificate.described and certificate.detail.tags_read
    if drill_id is None or not known or not _is_tagged(certificate, drill_id):
        return LeftoverState.FOREIGN
    if certificate.used:
        return LeftoverState.IN_USE
    if certificate.created_at is None or is_recent(certificate, LONGEST_DRILL, now):
        return LeftoverState.RECENT
    return LeftoverState.REMOVABLE


def _drill_id(certificate: Certificate) -> str | None:
    found = _NAME.fullmatch(certificate.domain_name)
    return found[1] if found and len(certificate.names) == 1 else None


def _is_tagged(certificate: Certificate, drill_id: str) -> bool:
    tags = dict(certificate.detail.tags)
    return tags.get(INSTANCE_TAG) == DRILL_MANAGER and tags.get(DRILL_TAG) == drill_id
