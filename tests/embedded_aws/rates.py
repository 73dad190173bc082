"""Enforces the request rates that AWS documents: faster calls are throttled.

ACM documents "the number of requests per second" of an operation and no burst, nor how it counts.
So in no second are there more requests than the rate, which allows less than a token bucket of one
second's worth: that would allow twice the rate in its first second.

https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from tests.embedded_aws.protocol import AwsError, Request

#: Requests a second in each account and region.
ACM = {
    "AddTagsToCertificate": 5,
    "DeleteCertificate": 10,
    "DescribeAcmeDomainValidation": 30,
    "DescribeCertificate": 10,
    "ExportCertificate": 10,
    "GetAccountConfiguration": 1,
    "GetCertificate": 10,
    "ImportCertificate": 1,
    "ListAcmeDomainValidations": 30,
    "ListAcmeEndpoints": 30,
    "ListAcmeExternalAccountBindings": 30,
    "ListCertificates": 8,
    "ListTagsForCertificate": 10,
    "PutAccountConfiguration": 1,
    "RemoveTagsFromCertificate": 5,
    "RenewCertificate": 5,
    "RequestCertificate": 5,
    "ResendValidationEmail": 1,
    "SearchCertificates": 5,
    "UpdateCertificateOptions": 5,
}
#: "Maximum of 15 calls per second".
TAGGING = {"GetResources": 15}
#: All requests of an account together: a bucket of 50 that fills by 10 a second.
ROUTE53, ROUTE53_BURST = 10, 50
#: All reads of one version of the API in an account and region: 40, filled by 10 a second.
BALANCERS, BALANCERS_BURST = 10, 40


#: By service: the rates of its operations, and the error code of a throttled call.
_OF_OPERATIONS: Mapping[str, tuple[Mapping[str, float], str]] = {
    "acm": (ACM, "ThrottlingException"),
    "resourcegroupstaggingapi": (TAGGING, "ThrottledException"),
}


class Window:
    """At most so many requests in any one second."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._admitted: deque[float] = deque(maxlen=int(rate))

    def take(self) -> bool:
        """Whether one more request is admitted."""
        now = self._clock()
        full = len(self._admitted) == self._admitted.maxlen
        if full and now - self._admitted[0] < 1:
            return False
        self._admitted.append(now)
        return True


class Bucket:
    """A token bucket, which Route 53 and Elastic Load Balancing document."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._seen = burst, clock()

    def take(self) -> bool:
        """Whether there was a token to take."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._seen) * self._rate)
        self._seen = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rates:
    """The buckets of every account and region; off until a test enforces them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.enforced = False
        self._limits: dict[tuple[str, ...], Bucket | Window] = {}

    def raise_for(self, request: Request) -> None:
        if not self.enforced:
            return
        rates, code = _OF_OPERATIONS.get(request.service, ({}, ""))
        if request.operation in rates:
            window = Window(rates[request.operation], self._clock)
            key = (request.service, request.account, request.region, request.operation)
            self._take(key, window, code)
        elif request.service == "route53":
            bucket = Bucket(ROUTE53, ROUTE53_BURST, self._clock)
            self._take(("route53", request.account), bucket, "Throttling")
        elif request.service in {"elb", "elbv2"} and request.operation.startswith("Describe"):
            bucket = Bucket(BALANCERS, BALANCERS_BURST, self._clock)
            scope = (request.service, request.account, request.region)
            self._take(scope, bucket, "ThrottlingException")

    def _take(self, key: tuple[str, ...], unused: Bucket | Window, code: str) -> None:
        """Count a request; `unused` is the limit of the first one."""
        with self._lock:
            if not self._limits.setdefault(key, unused).take():
                raise AwsError(code, "Rate exceeded")
