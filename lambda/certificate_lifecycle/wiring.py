"""What a run of rotation shall do, and what it reaches, put together from the settings.

Handlers and the command line start here, and nowhere else: both reach the same things alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from certificate_lifecycle.app.ports import (
    Clock,
    Outside,
    Reports,
    Served,
    Surroundings,
)
from certificate_lifecycle.app.scope import Order
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.acmpca import Authorities
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers.registry import AwsConsumers
from certificate_lifecycle.aws.dynamodb import DynamoLedger
from certificate_lifecycle.aws.iam import ServerCertificates
from certificate_lifecycle.aws.metrics import EmbeddedMetrics
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sinks.registry import configured_sinks
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.config import Account, RotationMode, RotationSettings
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.events import RotationCommand


def order_of(
    command: RotationCommand,
    settings: RotationSettings,
    run_id: str,
    now: datetime,
    joining: Sequence[Account] = (),
) -> Order:
    """Return what a run shall do; accounts of an organization join those of the settings."""
    return Order(
        run_id=run_id,
        instance=settings.name_prefix,
        scopes=command.scopes,
        certificate_arns=command.certificate_arns,
        import_sources=settings.import_sources,
        thresholds=settings.thresholds,
        mode=command.mode.value,
        repair=command.mode is not RotationMode.NOTIFY,
        dry_run=command.dry_run,
        now=now,
        export_targets=settings.export_targets,
        announced=command.announced,
        replace=command.mode is RotationMode.REPLACE,
        retire_after=settings.retire_after,
        owner_tag=settings.owner_tag,
        scheduled=command.scheduled,
        limits={each.account_id: each.mode for each in (*settings.accounts, *joining)},
    )


def clients_of(
    settings: RotationSettings,
    home: Place,
    joining: Sequence[Account] = (),
    *,
    shared_by: int = 1,
    alone_in: str = "",
) -> Clients:
    """Return the clients of one invocation, none of them made yet."""
    external_ids = {
        each.role_arn(home.partition): each.external_id for each in (*settings.accounts, *joining)
    }
    return Clients(home.region, external_ids, shared_by=shared_by, alone_in=alone_in)


def ledger_of(
    settings: RotationSettings, home: Place, clients: Clients, place: Place
) -> DynamoLedger | None:
    """Return the ledger of one account and region; there is one table for all of them."""
    table = settings.ledger_table
    return DynamoLedger(clients.dynamodb(home.region), table, place) if table else None


def topic_of(settings: RotationSettings, clients: Clients) -> SnsTopic:
    """Return the topic; its client is made when the first call is."""
    region = Place.from_arn(settings.topic_arn).region
    return SnsTopic(lambda: clients.sns(region), settings.topic_arn)


def outside_of(
    settings: RotationSettings,
    home: Place,
    clock: Clock,
    clients: Clients,
    joining: Sequence[Account] = (),
    *,
    repair: bool,
) -> Outside:
    """Return everything that is reached; a client is made when its first call is."""
    topic = topic_of(settings, clients)
    own_topic = Place.from_arn(settings.topic_arn).account_id == home.account_id
    return Outside(
        at=surroundings_of(settings, home, clients, joining, repair=repair),
        topic=topic,
        metrics=EmbeddedMetrics(),
        clock=clock,
        # What all accounts and regions have in common is kept where the function is.
        diary=ledger_of(settings, home, clients, home),
        summary_after=settings.summary_after,
        reports=_reports_of(settings, home, clients),
        sinks=configured_sinks(settings, home, clients),
        # The topic of another account may allow publishing only.
        subscriptions=topic if own_topic else None,
    )


def surroundings_of(
    settings: RotationSettings,
    home: Place,
    clients: Clients,
    joining: Sequence[Account] = (),
    *,
    repair: bool,
) -> Callable[[Place], Surroundings]:
    """Return what joins all that is reached in and for one account and region."""
    accounts = (*settings.accounts, *joining)
    roles = {each.account_id: each.role_arn(home.partition) for each in accounts}
    zones = HostedZones(clients.route53)
    allowing = [each.account_id for each in accounts if each.rebind_consumers]
    probe = _probe_of(settings)
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
            ledger=ledger_of(settings, home, clients, place),
            consumers=consumers if place.account_id in rebinding else None,
            catalog=consumers,
            served=probe,
            stores=(Authorities(lambda: clients.acm_pca(place.region, role)),),
            account_stores=(ServerCertificates(lambda: clients.iam(role)),),
        )

    return at


def _reports_of(settings: RotationSettings, home: Place, clients: Clients) -> Reports | None:
    """Return where reports are kept, if anywhere; the bucket is in the function's own region."""
    bucket = settings.report_bucket
    if bucket is None:
        return None
    # Here, so that a cold start without reports does not wait for it.
    from certificate_lifecycle.aws.reports import DatedReports  # noqa: PLC0415

    return DatedReports(lambda: clients.s3(home.region), bucket)


def _probe_of(settings: RotationSettings) -> Served | None:
    """Return what looks at what is served, if that is asked for."""
    if not settings.tls_probe:
        return None
    from certificate_lifecycle.net.tls import TlsProbe  # noqa: PLC0415 - as above

    return TlsProbe(private_addresses=settings.tls_probe_private_addresses)
