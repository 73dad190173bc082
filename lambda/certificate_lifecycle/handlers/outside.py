"""What a run of rotation reaches, put together from the settings."""

from __future__ import annotations

from certificate_lifecycle.app.ports import Outside, Surroundings
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.acmpca import Authorities
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers import AwsConsumers
from certificate_lifecycle.aws.dynamodb import DynamoLedger
from certificate_lifecycle.aws.iam import ServerCertificates
from certificate_lifecycle.aws.metrics import EmbeddedMetrics
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.config import RotationSettings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.handlers.context import LambdaClock, LambdaContext


def outside_of(
    settings: RotationSettings, home: Place, context: LambdaContext, *, repair: bool
) -> Outside:
    """Return everything that is reached; a client is made when its first call is."""
    roles = {each.account_id: each.role_arn(home.partition) for each in settings.accounts}
    external_ids = {roles[each.account_id]: each.external_id for each in settings.accounts}
    clients = Clients(home.region, external_ids)
    zones = HostedZones(clients.route53)
    table = settings.ledger_table
    allowing = [each.account_id for each in settings.accounts if each.rebind_consumers]
    rebinding = {home.account_id, *allowing} if settings.rebind_consumers else set()

    def at(place: Place) -> Surroundings:
        role = roles.get(place.account_id)
        # The names of a certificate may live beside it, or in the account of the function.
        dns = Route53Dns(zones, settings.zones, *dict.fromkeys((role, None)))
        consumers = AwsConsumers(clients, place, role)
        return Surroundings(
            certificates=AcmCertificates(clients.acm(place.region, role)),
            dns=dns,
            import_secrets=SecretsManagerImports(clients.secretsmanager),
            # In mode notify the role may not even look at a secret.
            export_secrets=SecretsManagerExports(clients.secretsmanager) if repair else None,
            ledger=DynamoLedger(clients.dynamodb(home.region), table, place) if table else None,
            consumers=consumers if place.account_id in rebinding else None,
            users=consumers,
            stores=(Authorities(lambda: clients.acm_pca(place.region, role)),),
            account_stores=(ServerCertificates(lambda: clients.iam(role)),),
        )

    return Outside(
        at=at,
        topic=SnsTopic(
            lambda: clients.sns(Place.from_arn(settings.topic_arn).region), settings.topic_arn
        ),
        metrics=EmbeddedMetrics(),
        clock=LambdaClock(context),
    )
