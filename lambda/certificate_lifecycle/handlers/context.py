"""What we use of Lambda's context."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class LambdaContext(Protocol):
    """The attributes that we read."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the function."""
        ...


class LambdaClock:
    """Time as Lambda gives it."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def remaining(self) -> float:
        """Seconds until the function would be stopped."""
        return self._context.get_remaining_time_in_millis() / 1000

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def current_time() -> datetime:
    """Return now, aware and in UTC; only handlers and the CLI ask the clock."""
    return datetime.now(UTC)
