"""Lambda entry point: look at every certificate, mend, tell."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.handlers.events import is_of_an_organization, rotation_command
from certificate_lifecycle.handlers.wiring import clients_of, run_dependencies, run_request
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return what was found and done; raise RotationError if anything could not be done."""
    if is_of_an_organization(event):
        # Here, so that a cold start without an organization does not wait for it.
        from certificate_lifecycle.handlers.organization import organization_step  # noqa: PLC0415

        return organization_step(event, context)
    scope = Scope.from_arn(context.invoked_function_arn)
    errors: list[str] = []
    settings = rotation_settings(os.environ, errors)
    command = rotation_command(event, settings, scope, errors)
    if errors:
        raise ConfigurationError(errors)
    # Never the event's own time: a replayed event would find everything healthy.
    request = run_request(command, settings, context.aws_request_id, current_time())
    clients = clients_of(settings, scope)
    dependencies = run_dependencies(
        settings, scope, LambdaClock(context), clients, repair=request.repair
    )
    return rotate(request, dependencies, current_time=current_time)
