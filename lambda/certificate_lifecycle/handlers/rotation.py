"""Lambda entry point: look at every certificate, mend, tell."""

from __future__ import annotations

import os
from typing import Any

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.app.rotation import Order, rotate
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers import AwsConsumers
from certificate_lifecycle.aws.dynamodb import DynamoLedger
from certificate_lifecycle.aws.route53 import Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.config import RotationMode, RotationSettings, rotation_settings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import rotation_command
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext, current_time


def lambda_handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Return what was found and done; raise RotationError if anything could not be done."""
    place = Place.from_arn(context.invoked_function_arn)
    faults: list[str] = []
    settings = rotation_settings(os.environ, faults)
    command = rotation_command(event, settings, place, faults)
    if faults:
        raise ConfigurationError(faults)
    clients = Clients()
    order = Order(
        run_id=context.aws_request_id,
        instance=settings.name_prefix,
        place=place,
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
    )
    return rotate(order, _around(settings, order, clients, context), current_time=current_time)


def _around(
    settings: RotationSettings, order: Order, clients: Clients, context: LambdaContext
) -> Surroundings:
    place, table = order.place, settings.ledger_table
    topic_region = Place.from_arn(settings.topic_arn).region
    return Surroundings(
        certificates=AcmCertificates(clients.acm(place.region)),
        dns=Route53Dns(lambda role: clients.route53(place.region, role), settings.zones),
        import_secrets=SecretsManagerImports(clients.secretsmanager),
        topic=SnsTopic(clients.sns(topic_region), settings.topic_arn),
        clock=LambdaClock(context),
        # In mode notify the role may not even look at a secret.
        export_secrets=SecretsManagerExports(clients.secretsmanager) if order.repair else None,
        ledger=DynamoLedger(clients.dynamodb(place.region), table, place) if table else None,
        consumers=AwsConsumers(clients, place) if settings.rebind_consumers else None,
    )
