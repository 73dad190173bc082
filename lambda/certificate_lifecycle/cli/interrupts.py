"""Ctrl-C: the first stops after the current call and prints the results, the second ends at once.

Runs can be killed after any call, so the next run can continue in both cases.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType

from certificate_lifecycle.cli.exit_codes import Exit
from certificate_lifecycle.model.errors import CertificateLifecycleError

#: A command has no timeout of its own.
_NO_LIMIT = timedelta(days=30).total_seconds()
#: The text of the error, by which the parts that it prevented are recognised.
INTERRUPTION = "the command was interrupted"


class InterruptedByUserError(CertificateLifecycleError):
    """Ctrl-C was pressed, and the current calls were completed.

    A text other than `INTERRUPTION` says how to continue.
    """


class TerminalClock:
    """The clock of a command, which runs until the user interrupts it."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + _NO_LIMIT
        self._interrupted = threading.Event()

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._interrupted.is_set()

    def limit(self, span: timedelta) -> None:
        """End the time `span` from now: claims in the state table expire."""
        self._ends = time.monotonic() + span.total_seconds()

    def interrupt(self) -> None:
        """Make every later request for time raise InterruptedByUserError."""
        self._interrupted.set()

    def remaining(self) -> float:
        """Return the seconds left; raises InterruptedByUserError after Ctrl-C."""
        self._raise_if_interrupted()
        return self._ends - time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises InterruptedByUserError on Ctrl-C."""
        self._interrupted.wait(seconds)
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        if self.interrupted:
            raise InterruptedByUserError(INTERRUPTION)


@contextmanager
def interruptible(clock: TerminalClock) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt `clock` while the block runs."""

    def handle(_: int, __: FrameType | None) -> None:
        if clock.interrupted:
            # Threads may hang in a call, so do not wait for them.
            os._exit(Exit.INTERRUPTED)
        clock.interrupt()
        sys.stderr.write("\nStopping after the current call. Press Ctrl-C again to quit now.\n")

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
