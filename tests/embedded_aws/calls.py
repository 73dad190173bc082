"""What reached the embedded AWS: one `Call` for each request, in the order of their answers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Permission:
    """One grant that a request needs: IAM judges each of them on its own.

    `context` holds the request's condition keys; every value is a tuple, because some keys
    (`acm:DomainNames`) have many values.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request and its answer.

    `action` and `context` belong to the first of `permissions`.
    `principal` is the ARN of the assumed role, or `None` for the harness and for Terraform, which
    are never judged.
    `allowed` is false only for a role that IAM refused; `error` is the code of any refusal.
    """

    service: str
    operation: str
    action: str
    resources: tuple[str, ...]
    parameters: Mapping[str, Any]
    region: str
    account: str
    principal: str | None
    allowed: bool
    context: Mapping[str, tuple[str, ...]]
    status: int
    error: str | None = None
    permissions: Sequence[Permission] = ()
    reason: str | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action that the request needs, the request's own first."""
        return tuple(dict.fromkeys(permission.action for permission in self.permissions))


class Recorder:
    """The calls so far; safe to read while other threads call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def snapshot(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
