"""Lambda entry point: look at every certificate, mend, tell."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.rotation import rotate
from certificate_lifecycle.app.scope import Order
from certificate_lifecycle.config import RotationMode, rotation_settings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import rotation_command
from certificate_lifecycle.handlers.context import LambdaContext, current_time
from certificate_lifecycle.handlers.outside import outside_of


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return what was found and done; raise RotationError if anything could not be done."""
    place = Place.from_arn(context.invoked_function_arn)
    faults: list[str] = []
    settings = rotation_settings(os.environ, faults)
    command = rotation_command(event, settings, place, faults)
    if faults:
        raise ConfigurationError(faults)
    order = Order(
        run_id=context.aws_request_id,
        instance=settings.name_prefix,
        scopes=command.scopes,
        certificate_arns=command.certificate_arns,
        import_sources=settings.import_sources,
        thresholds=settings.thresholds,
        mode=command.mode.value,
        repair=command.mode is not RotationMode.NOTIFY,
        dry_run=command.dry_run,
        # Never the event's own time: a replayed event would find everything healthy.
        now=current_time(),
        export_targets=settings.export_targets,
        announced=command.announced,
        replace=command.mode is RotationMode.REPLACE,
        retire_after=settings.retire_after,
        limits={account.account_id: account.mode for account in settings.accounts},
    )
    outside = outside_of(settings, place, context, repair=order.repair)
    return rotate(order, outside, current_time=current_time)
