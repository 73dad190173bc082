"""The log of every call to AWS: service, operation, region, duration, retries, request id.

Parameters and results are never logged: they may contain secrets.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, MutableMapping
from typing import Any, Protocol

from certificate_lifecycle.log import logger

#: Where the start of a call is kept; botocore passes the same context to all events of a call.
_STARTED = "certificate-lifecycle:started"


class Events(Protocol):
    """The events of a session, which its clients inherit (botocore, `hooks`)."""

    def register_first(self, event_name: str, handler: Any, unique_id: str) -> None:  # noqa: ANN401 - any handler
        """Call `handler` before all others; one of the same id is registered once."""

    def register_last(self, event_name: str, handler: Any, unique_id: str) -> None:  # noqa: ANN401 - as above
        """Call `handler` after all others; one of the same id is registered once."""


def log_calls(events: Events) -> None:
    """Log each call of the clients that a session creates from now on."""
    for name, register, handler in (
        ("before-call", events.register_first, _start),
        ("after-call", events.register_last, _log_answer),
        ("after-call-error", events.register_last, _log_error),
    ):
        register(name, handler, unique_id=f"certificate-lifecycle-{name}")


def _start(model: Any, context: MutableMapping[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore has no types
    context[_STARTED] = (time.monotonic(), model.service_model.service_name, model.name)


def _log_answer(parsed: Mapping[str, Any], context: MutableMapping[str, Any], **_: object) -> None:
    metadata = parsed.get("ResponseMetadata", {})
    extra = {
        "retries": metadata.get("RetryAttempts", 0),
        "error": parsed.get("Error", {}).get("Code"),
        "request_id": metadata.get("RequestId"),
    }
    _log(context, {name: value for name, value in extra.items() if value is not None})


def _log_error(context: MutableMapping[str, Any], **_: object) -> None:
    _log(context, {"error": "no answer"})


def _log(context: MutableMapping[str, Any], outcome: Mapping[str, Any]) -> None:
    started, service, operation = context.pop(_STARTED)
    call = {
        "service": service,
        "operation": operation,
        "region": context.get("client_region"),
        "milliseconds": round((time.monotonic() - started) * 1000),
    }
    logger.debug("call to AWS", extra={**call, **outcome})
