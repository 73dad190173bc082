"""Public DNS for one run of a function or of a command."""

from __future__ import annotations

from collections.abc import Sequence

from certificate_lifecycle.app.deadline import RESERVE_SECONDS
from certificate_lifecycle.app.ports import Clock, PublicDns
from certificate_lifecycle.net.public_dns import HttpsDns


def public_dns_of(resolvers: Sequence[str], clock: Clock) -> PublicDns | None:
    """Return public DNS for one run, whose scopes share it; None without resolvers."""
    if not resolvers:
        return None
    return HttpsDns(resolvers, lambda: clock.remaining() - RESERVE_SECONDS)
