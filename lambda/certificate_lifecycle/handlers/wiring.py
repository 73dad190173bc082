"""What a run of rotation shall do, and what it reaches, put together from the settings.

Handlers and the command line start here, and nowhere else: both reach the same things alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from certificate_lifecycle.app.ports import (
    Clock,
    Reports,
    RunDependencies,
    ScopeClients,
    TlsProbe,
)
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import Clients
from certificate_lifecycle.aws.consumers.registry import AwsConsumers
from certificate_lifecycle.aws.inventory.acmpca import Authorities
from certificate_lifecycle.aws.inventory.iam import ServerCertificates
from certificate_lifecycle.aws.metrics import EmbeddedMetrics
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sinks.registry import configured_sinks
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.handlers.events import RotationCommand
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import Account, RotationSettings


def run_request(
    command: RotationCommand,
    settings: RotationSettings,
    run_id: str,
    now: datetime,
    extra_accounts: Sequence[Account] = (),
) -> RunRequest:
    """Return what a run shall do; accounts of an organization join those of the settings."""
    return RunRequest(
        run_id=run_id,
        instance=settings.name_prefix,
        scopes=command.scopes,
        certificate_arns=command.certificate_arns,
        import_sources=settings.import_sources,
        thresholds=settings.thresholds,
        mode=command.mode,
        dry_run=command.dry_run,
        now=now,
        export_targets=settings.export_targets,
        announced=command.announced,
        retire_after=settings.retire_after,
        owner_tag=settings.owner_tag,
        scheduled=command.scheduled,
        limits={
            account.account_id: account.mode for account in (*settings.accounts, *extra_accounts)
        },
    )


def clients_of(
    settings: RotationSettings,
    home: Scope,
    extra_accounts: Sequence[Account] = (),
    *,
    rate_share: int = 1,
    scope_alone: str = "",
) -> Clients:
    """Return the clients of one invocation, none of them made yet."""
    external_ids = {
        account.role_arn(home.partition): account.external_id
        for account in (*settings.accounts, *extra_accounts)
    }
    return Clients(home.region, external_ids, rate_share=rate_share, scope_alone=scope_alone)


def state_store_of(
    settings: RotationSettings, home: Scope, clients: Clients, scope: Scope
) -> StateTable | None:
    """Return the ledger of one account and region; there is one table for all of them."""
    table = settings.ledger_table
    return StateTable(clients.dynamodb(home.region), table, scope) if table else None


def topic_of(settings: RotationSettings, clients: Clients) -> SnsTopic:
    """Return the topic; its client is made when the first call is."""
    region = Scope.from_arn(settings.topic_arn).region
    return SnsTopic(lambda: clients.sns(region), settings.topic_arn)


def run_dependencies(
    settings: RotationSettings,
    home: Scope,
    clock: Clock,
    clients: Clients,
    extra_accounts: Sequence[Account] = (),
    *,
    repair: bool,
) -> RunDependencies:
    """Return everything that is reached; a client is made when its first call is."""
    topic = topic_of(settings, clients)
    own_topic = Scope.from_arn(settings.topic_arn).account_id == home.account_id
    return RunDependencies(
        clients_at=scope_clients_of(settings, home, clients, extra_accounts, repair=repair),
        topic=topic,
        metrics=EmbeddedMetrics(),
        clock=clock,
        # What all accounts and regions have in common is kept where the function is.
        notification_log=state_store_of(settings, home, clients, home),
        summary_after=settings.summary_after,
        reports=_reports_of(settings, home, clients),
        sinks=configured_sinks(settings, home, clients),
        # The topic of another account may allow publishing only.
        subscriptions=topic if own_topic else None,
    )


def scope_clients_of(
    settings: RotationSettings,
    home: Scope,
    clients: Clients,
    extra_accounts: Sequence[Account] = (),
    *,
    repair: bool,
) -> Callable[[Scope], ScopeClients]:
    """Return what joins all that is reached in and for one account and region."""
    accounts = (*settings.accounts, *extra_accounts)
    roles = {account.account_id: account.role_arn(home.partition) for account in accounts}
    zones = HostedZones(clients.route53)
    allowing = [entry.account_id for entry in accounts if entry.rebind_consumers]
    probe = _probe_of(settings)
    rebinding = {home.account_id, *allowing} if settings.rebind_consumers else set()

    def at(scope: Scope) -> ScopeClients:
        role = roles.get(scope.account_id)
        # The names of a certificate may live beside it, or in the account of the function.
        dns = Route53Dns(zones, settings.zones, *dict.fromkeys((role, None)))
        consumers = AwsConsumers(clients, scope, role)
        return ScopeClients(
            certificates=AcmCertificates(clients.acm(scope.region, role)),
            dns=dns,
            import_secrets=SecretsManagerImports(clients.secretsmanager),
            # In mode notify the role may not even look at a secret.
            export_secrets=SecretsManagerExports(clients.secretsmanager) if repair else None,
            state_store=state_store_of(settings, home, clients, scope),
            consumers=consumers if scope.account_id in rebinding else None,
            catalog=consumers,
            tls_probe=probe,
            stores=(Authorities(lambda: clients.acm_pca(scope.region, role)),),
            account_stores=(ServerCertificates(lambda: clients.iam(role)),),
        )

    return at


def _reports_of(settings: RotationSettings, home: Scope, clients: Clients) -> Reports | None:
    """Return where reports are kept, if anywhere; the bucket is in the function's own region."""
    bucket = settings.report_bucket
    if bucket is None:
        return None
    # Here, so that a cold start without reports does not wait for it.
    from certificate_lifecycle.aws.reports import DatedReports  # noqa: PLC0415

    return DatedReports(lambda: clients.s3(home.region), bucket)


def _probe_of(settings: RotationSettings) -> TlsProbe | None:
    """Return what looks at what is served, if that is asked for."""
    if not settings.tls_probe:
        return None
    from certificate_lifecycle.net.tls import SocketTlsProbe  # noqa: PLC0415 - as above

    return SocketTlsProbe(private_addresses=settings.tls_probe_private_addresses)
