"""Pacing of calls below the documented rates of AWS, to avoid throttling.

Rates are per account and region: ACM user guide, "Quotas"; Security Hub API reference, "Throttling
limits"; Tag Editor user guide, "Service quotas"; Route 53 developer guide, "Quotas" (one rate for
all requests of an account).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

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


class Pace:
    """One rate; requests of all threads are evenly spaced."""

    def __init__(self, rate: float, rate_share: int = 1) -> None:
        self._interval = rate_share / (rate * _SHARE)
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._free_at)
            self._free_at = at + self._interval
        if at > now:
            time.sleep(at - now)


class Pacer:
    """The rates of one account and region, by operation.

    botocore calls it before each attempt, so that retries are paced, too.
    `rate_share` concurrent invocations divide the shared rate of an account.
    """

    def __init__(self, service: str, *, rate_share: int = 1) -> None:
        self._paces = {name: Pace(rate) for name, rate in RATES.get(service, {}).items()}
        shared = SHARED_RATES.get(service)
        self._shared = Pace(shared, rate_share) if shared else None

    def __call__(self, event_name: str, **_: Any) -> None:  # noqa: ANN401 - botocore's arguments
        """Handle botocore's `before-send.SERVICE.OPERATION`."""
        pace = self._paces.get(event_name.rpartition(".")[2], self._shared)
        if pace is not None:
            pace.wait()
