"""Keeping one certificate's failure from the others."""

from __future__ import annotations

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.model.errors import CertificateLifecycleError
from certificate_lifecycle.model.sanitize import clean

#: Kept back for the message: better an honest "partial" than to be stopped.
RESERVE_SECONDS = 30.0
#: How much of that is left to whoever has begun something and waits for AWS to answer.
_GRACE_SECONDS = 15.0
#: Characters of an error: AWS may explain itself at length.
_LONGEST = 2000


class Deadline:
    """The function's clock, which stands at the end once the run is over.

    A thread that was given up may live on in a frozen process, and wake up in another run.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.over = False

    def remaining(self) -> float:
        """Seconds until the function would be stopped; none once the run is over."""
        return 0.0 if self.over else self._clock.remaining()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep(seconds)

    def patience(self) -> float:
        """Seconds for which others may be waited for, so that the message still goes out."""
        return max(1.0, self.remaining() - _GRACE_SECONDS)


def require_time(clock: Clock) -> None:
    """Raise CertificateLifecycleError when only the reserve is left."""
    if clock.remaining() < RESERVE_SECONDS:
        raise CertificateLifecycleError("the function's time ran out")


def error_summary(error: Exception) -> str:
    """Return one clause about an error, on one line; ours already are sentences for people."""
    ours = isinstance(error, CertificateLifecycleError)
    text = str(error) if ours else f"{type(error).__name__}: {error}"
    return clean(text, _LONGEST)
