"""Requests that reach the embedded AWS twice because their answer was lost on the way.

An SDK, or the HTTP client below it, sends such a request again under the same invocation id
(docs.aws.amazon.com/sdkref, "Retry behavior"). On a busy machine that happens now and then between
two processes, and is nothing that a test is after: what was done once gets its first answer again.
Errors are not kept, so that a repeated request after an error is processed again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

#: Far more than are under way at any time.
KEPT = 500
REFUSED = 300


class _Invocation:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answer: Response | None = None


class Repeats:
    """The latest answers, by invocation id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._invocations: OrderedDict[str, _Invocation] = OrderedDict()

    def once(self, invocation_id: str | None, answer: Callable[[], Response]) -> Response:
        """Return what `answer` gives, or what it gave to the same invocation before."""
        if invocation_id is None:
            return answer()
        invocation = self._find(invocation_id)
        with invocation.lock:
            if invocation.answer is not None:
                return invocation.answer
            response = answer()
            if response.status_code < REFUSED:
                invocation.answer = response
            return response

    def _find(self, invocation_id: str) -> _Invocation:
        with self._lock:
            invocation = self._invocations.setdefault(invocation_id, _Invocation())
            while len(self._invocations) > KEPT:
                self._invocations.popitem(last=False)
            return invocation
