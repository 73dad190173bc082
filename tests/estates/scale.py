"""Estates of any size in which it is known what is wrong."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.embedded_aws.cloud import Cloud
from tests.estates.estate import DEFAULT_REGION

USER = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
LIFETIME = timedelta(days=198)
#: Of each hundred: one is due, one overdue, two renew well, one request is stuck, the rest is far
#: from its end.
DUE, OVERDUE, RENEWING, STUCK = 7, 23, (41, 42), 71
#: The kinds that are findings, each of which has to be described.
WRONG = ("due", "overdue", "stuck")


def fill_anew(
    cloud: Cloud, size: int, regions: Sequence[str] = (DEFAULT_REGION,), *, more_overdue: int = 0
) -> None:
    """Replace everything in an embedded AWS by an estate, before a measurement.

    The garbage collector leaves the estate out: its pauses of a tenth of a second would be part of
    the measurement of whichever program they interrupt.
    """
    gc.unfreeze()
    cloud.reset()
    fill(cloud, size, regions, more_overdue=more_overdue)
    gc.collect()
    gc.freeze()


def fill(
    cloud: Cloud, size: int, regions: Sequence[str] = (DEFAULT_REGION,), *, more_overdue: int = 0
) -> Counter[str]:
    """Spread an estate over regions, in turn, and return how many there are of each kind.

    `more_overdue` of each hundred are overdue besides the one.
    """
    cloud.certificates.page_size = 1000
    cloud.certificates.managed_renewal = False
    made: Counter[str] = Counter()
    # The dates of a certificate are whole seconds (RFC 5280, 4.1.2.5).
    now = cloud.now.replace(microsecond=0)
    for number in range(size):
        turn, region = divmod(number, len(regions))
        place = turn % 100
        kind, details = _kind(now, OVERDUE if place > 99 - more_overdue else place)
        made[kind] += 1
        cloud.certificates.add(
            domain_name=f"n{number}.example.com", region=regions[region], **details
        )
    return made


def _kind(now: datetime, place: int) -> tuple[str, dict[str, Any]]:
    if place == DUE:
        return "due", {"type": "IMPORTED", **_used(now, 20)}
    if place == OVERDUE:
        return "overdue", _used(now, 20)
    if place in RENEWING:
        status = "PENDING_AUTO_RENEWAL" if place == RENEWING[0] else None
        return "renewing", {"renewal_status": status, **_used(now, 44)}
    if place == STUCK:
        waiting = {"status": "PENDING_VALIDATION", "created_at": now - timedelta(days=2)}
        return "stuck", {"validation_method": "EMAIL", **waiting}
    return "far", _used(now, 150)


def _used(now: datetime, days: float) -> dict[str, Any]:
    not_after = now + timedelta(days=days)
    return {
        "in_use_by": [USER],
        "not_before": not_after - LIFETIME,
        "not_after": not_after,
    }
