"""Pacing of calls below the documented rates of AWS, to avoid throttling.

The first calls go at once, as many as one second allows; the others follow at nine tenths of the
rate. In no second are there more calls than the rate, however AWS counts: ACM documents requests
per second and no burst. Other services document a token bucket.

Rates are per account and region: ACM user guide, "Quotas"; Security Hub API reference, "Throttling
limits"; Tag Editor user guide, "Service quotas"; Route 53 developer guide, "Quotas" (one rate for
all requests of an account); ELB user guide, "Request throttling" (one rate for all reads).
"""

from __future__ import annotations

import math
import threading
import time
from abc import ABC, abstractmethod
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
#: The token bucket of all operations of a service together: tokens per second, and its size.
SHARED_RATES: Mapping[str, tuple[float, float]] = {
    "elb": (10, 40),
    "elbv2": (10, 40),
    "route53": (10, 50),
}
#: Used share of a rate: the network bunches requests, and other clients use the same account.
_SHARE = 0.9


class PaceClock(Protocol):
    """The time of a pace, in seconds; the module `time` is one."""

    def monotonic(self) -> float:
        """Return a time that only increases."""

    def sleep(self, seconds: float, /) -> None:
        """Wait."""


class Pace(ABC):
    """One rate, for the requests of all threads.

    Each request has a slot, and the slots are evenly spaced at the used share of the rate.
    """

    def __init__(self, rate: float, clock: PaceClock) -> None:
        self._interval = 1 / (rate * _SHARE)
        self._clock = clock
        self._lock = threading.Lock()
        self._free_slot = -math.inf

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = self._clock.monotonic()
            at = self._next(now)
        if at > now:
            self._clock.sleep(at - now)

    @abstractmethod
    def _next(self, now: float) -> float:
        """Take the next slot, and return when its request is to be sent."""


class WindowPace(Pace):
    """A number of requests in each second.

    After an idle time, requests are sent before their slots, until the last second has its share,
    less one: requests that are sent at once may arrive late together, when others are due.
    """

    def __init__(self, rate: float, clock: PaceClock) -> None:
        super().__init__(rate, clock)
        self._most = max(1, math.floor(rate * _SHARE) - 1)
        self._ahead = 0
        self._sent: deque[float] = deque(maxlen=self._most)

    def _next(self, now: float) -> float:
        if now >= self._free_slot:
            self._free_slot = now
            self._ahead = self._most - sum(at > now - 1 for at in self._sent)
        slot = self._free_slot
        self._free_slot += self._interval
        if self._ahead > 0:
            self._ahead -= 1
            slot = now
        self._sent.append(slot)
        return slot


class BucketPace(Pace):
    """A token bucket: as many requests as it has tokens are sent at once."""

    def __init__(self, rate: float, size: float, clock: PaceClock) -> None:
        super().__init__(rate, clock)
        self._saved = (max(1, math.floor(size * _SHARE)) - 1) * self._interval

    def _next(self, now: float) -> float:
        slot = max(self._free_slot, now - self._saved)
        self._free_slot = slot + self._interval
        return max(now, slot)


class Pacer:
    """The rates of one account and region, by operation.

    botocore calls it before each attempt, so that retries are paced, too.
    `rate_share` concurrent invocations divide the shared rate of an account.
    """

    def __init__(
        self, service: str, *, rate_share: int = 1, clock: PaceClock | None = None
    ) -> None:
        clock = clock or time
        rates = RATES.get(service, {})
        self._paces = {name: WindowPace(rate, clock) for name, rate in rates.items()}
        self._shared: Pace | None = None
        if service in SHARED_RATES:
            rate, size = SHARED_RATES[service]
            self._shared = BucketPace(rate / rate_share, size / rate_share, clock)

    def __call__(self, event_name: str, **_: Any) -> None:  # noqa: ANN401 - botocore's arguments
        """Handle botocore's `before-send.SERVICE.OPERATION`."""
        pace: Pace | None = self._paces.get(event_name.rpartition(".")[2], self._shared)
        if pace is not None:
            pace.wait()
