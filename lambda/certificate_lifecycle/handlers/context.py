"""Lambda's context and clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class LambdaContext(Protocol):
    """The attributes of the context that the handlers read."""

    aws_request_id: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the function."""
        ...


class LambdaClock:
    """The remaining time of an invocation."""

    def __init__(self, context: LambdaContext) -> None:
        self._context = context

    def remaining(self) -> float:
        """Seconds until Lambda stops the function."""
        return self._context.get_remaining_time_in_millis() / 1000

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def current_time() -> datetime:
    """Return now in UTC; only handlers and the CLI read the clock."""
    return datetime.now(UTC)
