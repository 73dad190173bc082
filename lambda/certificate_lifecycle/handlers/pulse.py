"""The rotation function as its pulse calls it, each hour."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.pulse import beat
from certificate_lifecycle.aws.metrics import EmbeddedMetrics
from certificate_lifecycle.config import rotation_settings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.pulse import Pulse
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import check_pulse
from certificate_lifecycle.handlers.context import LambdaContext, current_time
from certificate_lifecycle.wiring import clients_of, ledger_of, topic_of


def pulse_beat(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return the figures of a pulse; raise PulseError if nobody listens, or one is unknown."""
    place = Place.from_arn(context.invoked_function_arn)
    faults: list[str] = []
    settings = rotation_settings(os.environ, faults)
    check_pulse(event, faults)
    if faults:
        raise ConfigurationError(faults)
    clients = clients_of(settings, place)
    # Another account's topic may let us publish and no more.
    ours = Place.from_arn(settings.topic_arn).account_id == place.account_id
    return beat(
        Pulse(instance=settings.name_prefix, at=current_time()),
        schedule=settings.schedule,
        runs=ledger_of(settings, place, clients, place),
        audience=topic_of(settings, clients) if ours else None,
        metrics=EmbeddedMetrics(),
    )
