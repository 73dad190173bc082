"""Lambda entry point: issue a certificate and validate it by DNS."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.creation import create, creation_result
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import SDK_VERSION, Clients
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.handlers.config import creation_settings
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.handlers.events import creation_command
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return the certificate; raises CertificateLifecycleError if it cannot be issued."""
    logger.info("invoked", extra={"sdk": SDK_VERSION})
    scope = Scope.from_arn(context.invoked_function_arn)
    errors: list[str] = []
    settings = creation_settings(os.environ, errors)
    command = creation_command(event, settings, scope, errors)
    if errors:
        raise ConfigurationError(errors)
    clients = Clients(scope.region)
    issuance = create(
        command.request,
        certificates=AcmCertificates(clients.any("acm", command.request.region)),
        dns=Route53Dns(HostedZones(clients.route53), settings.zones),
        clock=LambdaClock(context),
        now=current_time(),
        auto_validate=command.auto_validate,
        wait_seconds=command.wait_seconds,
        dry_run=command.dry_run,
    )
    return creation_result(issuance, scope.account_id, dry_run=command.dry_run, sdk=SDK_VERSION)
