"""Failures on order: what AWS answers now and then, and tests cannot wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.embedded_aws.protocol import AwsError, Request

Condition = Callable[[Mapping[str, Any]], bool]


@dataclass
class Fault:
    """One ordered failure; `count` says how often it has struck.

    `*` stands for all services or operations; None is any account, or any region.
    """

    service: str
    operation: str
    error: AwsError
    times: int | None
    when: Condition
    account: str | None = None
    region: str | None = None
    count: int = 0

    def strikes(self, request: Request) -> bool:
        return (
            (self.times is None or self.count < self.times)
            and self.service in {"*", request.service}
            and self.operation in {"*", request.operation}
            and self.account in {None, request.account}
            and self.region in {None, request.region}
            and self.when(request.parameters)
        )


class Faults:
    """The failures that are still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def raise_for(self, request: Request) -> None:
        with self._lock:
            for fault in self._faults:
                if fault.strikes(request):
                    fault.count += 1
                    raise fault.error
