"""The time limit of a run, and short texts of errors."""

from __future__ import annotations

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.model.errors import CertificateLifecycleError, kind_of
from certificate_lifecycle.model.sanitize import clean

#: Seconds before the function is stopped at which a step of a run starts no further call. The steps
#: are in their order, so that a slow one leaves time for those after it: the message and the state.
RESERVE_SECONDS = 30.0
REPORT_RESERVE_SECONDS = 20.0
#: For threads that are given up.
_GRACE_SECONDS = 15.0
LOST_SCOPES_RESERVE_SECONDS = 12.0
SINKS_RESERVE_SECONDS = 10.0
STATE_RESERVE_SECONDS = 5.0
#: Characters of an error.
_LONGEST = 2000
#: Packages of the SDK, which the functions of this layer do not import.
_SDK = frozenset({"botocore", "boto3"})


class Deadline:
    """The function's clock, with no time left once the run has `passed` its deadline.

    A thread that was given up may wake up in a later invocation of the same process.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.passed = False

    def remaining(self) -> float:
        """Return the seconds until the function is stopped."""
        return 0.0 if self.passed else self._clock.remaining()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._clock.sleep(seconds)

    def patience(self) -> float:
        """Return the seconds to wait for threads, so that the notification can still be sent."""
        return max(1.0, self.remaining() - _GRACE_SECONDS)


def has_time(clock: Clock) -> bool:
    """Whether more than `RESERVE_SECONDS` are left."""
    return clock.remaining() >= RESERVE_SECONDS


def require_time(clock: Clock, reserve: float = RESERVE_SECONDS) -> None:
    """Raise CertificateLifecycleError if less than `reserve` seconds are left."""
    if clock.remaining() < reserve:
        raise CertificateLifecycleError("the function's time ran out")


def error_summary(error: Exception) -> str:
    """Return an error on one line; one that nobody expects begins with its kind."""
    if isinstance(error, CertificateLifecycleError) or is_of_sdk(error):
        return clean(str(error), _LONGEST)
    text = clean(str(error), _LONGEST)
    return f"unexpected {kind_of(error)}" + (f": {text}" if text else "")


def is_of_sdk(error: Exception) -> bool:
    """Whether AWS or its SDK raised an error, whose text is then a sentence."""
    return type(error).__module__.partition(".")[0] in _SDK
