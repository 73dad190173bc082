"""Lambda entry point: look at every certificate, mend, tell."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.config import rotation_settings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import is_of_an_organization, rotation_command
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.wiring import clients_of, order_of, outside_of


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return what was found and done; raise RotationError if anything could not be done."""
    if is_of_an_organization(event):
        # Here, so that a cold start without an organization does not wait for it.
        from certificate_lifecycle.handlers.organization import organization_step  # noqa: PLC0415

        return organization_step(event, context)
    place = Place.from_arn(context.invoked_function_arn)
    faults: list[str] = []
    settings = rotation_settings(os.environ, faults)
    command = rotation_command(event, settings, place, faults)
    if faults:
        raise ConfigurationError(faults)
    # Never the event's own time: a replayed event would find everything healthy.
    order = order_of(command, settings, context.aws_request_id, current_time())
    clients = clients_of(settings, place)
    outside = outside_of(settings, place, LambdaClock(context), clients, repair=order.repair)
    return rotate(order, outside, current_time=current_time)
