"""Keeping one certificate's failure from the others."""

from __future__ import annotations

from collections.abc import Callable

from certificate_lifecycle.app.ports import Clock
from certificate_lifecycle.core.model import Action
from certificate_lifecycle.errors import CertificateLifecycleError

#: Kept back for the message: better an honest "partial" than to be stopped.
RESERVE_SECONDS = 30.0


#: Called with a certificate, an action and words that follow "about to", before something is done.
Announce = Callable[[str, Action, str], None]


def silent(_: str, __: Action, ___: str) -> None:
    """Announce nothing: there is no ledger to do it in."""


def require_time(clock: Clock) -> None:
    """Raise CertificateLifecycleError when only the reserve is left."""
    if clock.remaining() < RESERVE_SECONDS:
        raise CertificateLifecycleError("the function's time ran out")


def clause(error: Exception) -> str:
    """Return one clause about an error, on one line; ours already are sentences for people."""
    ours = isinstance(error, CertificateLifecycleError)
    text = str(error) if ours else f"{type(error).__name__}: {error}"
    return " ".join(text.split())
