"""Ctrl-C: the first lets everything come to rest, the second ends at once.

Everything that is written is safe to be killed after any call, so that both leave a state that the
next run understands; the first one also tells what was done.
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

#: A command is not stopped by anybody but its user.
_AT_MOST = timedelta(days=30).total_seconds()


class InterruptedByUserError(CertificateLifecycleError):
    """Ctrl-C was pressed; what had been begun was brought to rest."""


class TerminalClock:
    """Time as a command has it: without end, until it is interrupted."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + _AT_MOST
        self._interrupted = threading.Event()

    @property
    def interrupted(self) -> bool:
        """Whether the user wants it to end."""
        return self._interrupted.is_set()

    def limit(self, span: timedelta) -> None:
        """Let it end after `span` from now: what is claimed in a ledger is not claimed for ever."""
        self._ends = time.monotonic() + span.total_seconds()

    def interrupt(self) -> None:
        """Let whatever asks for time next come to rest."""
        self._interrupted.set()

    def remaining(self) -> float:
        """Seconds that are left; raises InterruptedByUserError once there are none."""
        self._raise_if_interrupted()
        return self._ends - time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait; raises InterruptedByUserError as soon as the user does not want to."""
        self._interrupted.wait(seconds)
        self._raise_if_interrupted()

    def _raise_if_interrupted(self) -> None:
        if self.interrupted:
            raise InterruptedByUserError("interrupted")


@contextmanager
def interruptible(clock: TerminalClock) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM interrupt `clock` while the block runs."""

    def handle(_: int, __: FrameType | None) -> None:
        if clock.interrupted:
            # Threads may hang in a call; ending without them is what was asked for twice.
            os._exit(Exit.INTERRUPTED)
        clock.interrupt()
        sys.stderr.write("\nComing to rest; once more to end at once.\n")

    before = {entry: signal.signal(entry, handle) for entry in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
