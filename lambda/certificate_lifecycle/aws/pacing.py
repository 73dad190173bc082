"""Pacing of calls below the documented rates of AWS, to avoid throttling.

The first calls go at once, as many as one second allows; the others follow at nine tenths of the
rate. In no second are there more calls than the rate, however AWS counts: ACM documents requests
per second and no burst.

Rates are per account and region: ACM user guide, "Quotas"; Security Hub API reference, "Throttling
limits"; Tag Editor user guide, "Service quotas"; Route 53 developer guide, "Quotas" (one rate for
all requests of an account).
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

#: Requests per second; calls of other operations stay below their rates anyway.
RATES: Mapping[str, Mapping[str, float]] = {
    "acm": {
        "ListCertificates": 8,
        "SearchCertificates": 5,
        "DescribeCertificate": 10,
        "ListTagsForCertificate": 10,
        "RequestCertificate": 5,
        "AddTagsToCertificate": 5,
        "UpdateCertificateOptions": 5,
        "RenewCertificate": 5,
        "ExportCertificate": 10,
        "DeleteCertificate": 10,
        "ImportCertificate": 1,
        "ResendValidationEmail": 1,
    },
    "resourcegroupstaggingapi": {"GetResources": 15},
    "securityhub": {"BatchImportFindings": 10, "GetFindings": 3},
}
#: Requests per second of all operations of a service together.
SHARED_RATES: Mapping[str, float] = {"route53": 10}
#: Used share of a rate: the network bunches requests, and other clients use the same account.
_SHARE = 0.9


class PaceClock(Protocol):
    """The time of a pace, in seconds; the module `time` is one."""

    def monotonic(self) -> float:
        """Return a time that only increases."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class Pace:
    """One rate, for the requests of all threads.

    Each request has a slot, and the slots are evenly spaced at the used share of the rate. After an
    idle time, requests are sent before their slots, until the last second has its share of them.
    """

    def __init__(self, rate: float, clock: PaceClock = time) -> None:
        self._interval = 1 / (rate * _SHARE)
        self._clock = clock
        self._lock = threading.Lock()
        self._free_slot = -math.inf
        self._burst = 0
        self._sent: deque[float] = deque(maxlen=max(1, math.floor(rate * _SHARE)))

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._clock.monotonic()
            at = self._next(now)
            self._sent.append(at)
        if at > now:
            self._clock.sleep(at - now)

    def _next(self, now: float) -> float:
        """Take the next slot, and return when its request is to be sent."""
        most = self._sent.maxlen or 1
        if now >= self._free_slot:
            self._free_slot = now
            period = most * self._interval
            self._burst = most - sum(at > now - period for at in self._sent)
        slot = self._free_slot
        self._free_slot += self._interval
        if self._burst > 0:
            self._burst -= 1
            return now
        return max(now, slot)


class Pacer:
    """The rates of one account and region, by operation.

    botocore calls it before each attempt, so that retries are paced, too.
    `rate_share` concurrent invocations divide the shared rate of an account.
    """

    def __init__(self, service: str, *, rate_share: int = 1, clock: PaceClock = time) -> None:
        rates = RATES.get(service, {})
        self._paces = {name: Pace(rate, clock) for name, rate in rates.items()}
        shared = SHARED_RATES.get(service)
        self._shared = Pace(shared / rate_share, clock) if shared else None

    def __call__(self, event_name: str, **_: Any) -> None:  # noqa: ANN401 - botocore's arguments
        """Handle botocore's `before-send.SERVICE.OPERATION`."""
        pace = self._paces.get(event_name.rpartition(".")[2], self._shared)
        if pace is not None:
            pace.wait()
