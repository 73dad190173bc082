"""The sinks of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from certificate_lifecycle.aws.sinks.base import Sink
from certificate_lifecycle.aws.sinks.eventbridge import EventBus
from certificate_lifecycle.aws.sinks.securityhub import SecurityHub

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.model.scope import Scope
    from certificate_lifecycle.policy.settings import RotationSettings

#: In the order in which they receive a run.
SINKS: tuple[type[Sink], ...] = (EventBus, SecurityHub)
PERMISSIONS = tuple(permission for sink in SINKS for permission in sink.permissions)


def configured_sinks(
    settings: RotationSettings,
    home: Scope,
    clients: Clients,
    sinks: Sequence[type[Sink]] = SINKS,
) -> list[Sink]:
    """Return the configured sinks."""
    made = (sink.from_settings(settings, home, clients) for sink in sinks)
    return [sink for sink in made if sink is not None]
