"""Lambda entry point: scan certificates, repair, notify."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.aws.clients import SDK_VERSION
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.handlers.events import is_of_an_organization, rotation_command
from certificate_lifecycle.handlers.organization import organization_step
from certificate_lifecycle.handlers.wiring import clients_of, run_dependencies, run_request
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return findings and actions; raises RotationError if a part of the run failed."""
    logger.info("invoked", extra={"sdk": SDK_VERSION})
    if is_of_an_organization(event):
        return organization_step(event, context)
    scope = Scope.from_arn(context.invoked_function_arn)
    errors: list[str] = []
    settings = rotation_settings(os.environ, errors)
    command = rotation_command(event, settings, scope, errors)
    if errors:
        raise ConfigurationError(errors)
    # Not the time of the event: a replayed event would find everything healthy.
    request = run_request(
        command,
        settings,
        context.aws_request_id,
        current_time(),
        function_arn=context.invoked_function_arn,
    )
    clients = clients_of(settings, scope)
    dependencies = run_dependencies(
        settings, scope, LambdaClock(context), clients, repair=request.repair
    )
    return rotate(request, dependencies, current_time=current_time)
