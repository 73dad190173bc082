"""Lambda entry point: issue a certificate and validate it by DNS, or delete it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from certificate_lifecycle.app.creation import (
    CreationClients,
    Declaration,
    create,
    creation_result,
)
from certificate_lifecycle.app.deletion import Deleter, Deletion, deletion_result
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import SDK_VERSION, Clients
from certificate_lifecycle.aws.responses import DENIED, error_code
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.ssm import SsmPointers
from certificate_lifecycle.handlers.config import creation_settings
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time
from certificate_lifecycle.handlers.events import (
    CreationCommand,
    DeletionCommand,
    TerraformAction,
    creation_command,
    deletion_command,
    is_deletion,
)
from certificate_lifecycle.handlers.public_dns import public_dns_of
from certificate_lifecycle.log import logger
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.deletion import DeletionOutcome
from certificate_lifecycle.policy.issuance import pause_after_denial
from certificate_lifecycle.policy.settings import CreationSettings

T = TypeVar("T")


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Issue or delete a certificate; raises CertificateLifecycleError if that fails."""
    logger.info("invoked", extra={"sdk": SDK_VERSION})
    scope = Scope.from_arn(context.invoked_function_arn)
    clock = LambdaClock(context)
    errors: list[str] = []
    settings = creation_settings(os.environ, errors)
    if is_deletion(event):
        deletion = deletion_command(event, settings, errors)
        _raise_if_any(errors)
        return _delete(deletion, settings, scope, clock)
    command = creation_command(event, settings, scope, errors)
    _raise_if_any(errors)
    if not command.require_issued:
        return _create(command, settings, scope, clock)
    return _through_denials(lambda: _create(command, settings, scope, clock), clock)


def _raise_if_any(errors: list[str]) -> None:
    if errors:
        raise ConfigurationError(errors)


def _create(
    command: CreationCommand, settings: CreationSettings, scope: Scope, clock: LambdaClock
) -> dict[str, Any]:
    clients = Clients(scope.region)
    declaration = (
        Declaration(_pointers(clients, settings, scope), command.parameter)
        if command.parameter
        else None
    )
    issuance = create(
        command.request,
        CreationClients(
            certificates=AcmCertificates(clients.any("acm", command.request.region)),
            dns=Route53Dns(HostedZones(clients.route53), settings.zones),
            clock=clock,
            declaration=declaration,
            public_dns=public_dns_of(settings.public_dns_resolvers, clock),
        ),
        now=current_time(),
        auto_validate=command.auto_validate,
        wait_seconds=command.wait_seconds,
        dry_run=command.dry_run,
        require_issued=command.require_issued,
    )
    return creation_result(issuance, scope.account_id, dry_run=command.dry_run, sdk=SDK_VERSION)


def _delete(
    command: DeletionCommand, settings: CreationSettings, scope: Scope, clock: LambdaClock
) -> dict[str, Any]:
    if command.action is TerraformAction.DELETE:
        clients = Clients(scope.region)
        deletion = Deleter(
            instance=settings.name_prefix,
            allowed_domains=settings.allowed_domains or (),
            home=scope,
            pointers=_pointers(clients, settings, scope),
            certificates_in=lambda region: AcmCertificates(clients.any("acm", region)),
            clock=clock,
        ).delete(command.parameter)
    else:
        deletion = Deletion(parameter=command.parameter, outcome=DeletionOutcome.NOT_DESTROYED)
    return deletion_result(deletion, scope.account_id, sdk=SDK_VERSION)


def _pointers(clients: Clients, settings: CreationSettings, scope: Scope) -> SsmPointers:
    return SsmPointers(clients.any("ssm", scope.region), settings.name_prefix)


def _through_denials(call: Callable[[], T], clock: LambdaClock) -> T:
    """Repeat a call that IAM denies in its first minute: Terraform has just made the role."""
    start = clock.remaining()
    while True:
        try:
            return call()
        except ClientError as error:
            pause = pause_after_denial(start - clock.remaining())
            if error_code(error) not in DENIED or pause is None:
                raise
            logger.info("denied, and repeated", extra={"error": str(error)})
            clock.sleep(pause)
