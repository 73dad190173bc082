"""The request and the dependencies of a rotation run, created from the settings.

The handlers and the CLI share this module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from certificate_lifecycle.app.ports import Clock, PublicDns, RunDependencies, ScopeClients
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.aws.acm import AcmCertificates
from certificate_lifecycle.aws.clients import SDK_VERSION, Clients
from certificate_lifecycle.aws.consumers.regions import RunRegions
from certificate_lifecycle.aws.consumers.registry import AwsConsumers, RunServices
from certificate_lifecycle.aws.inventory.acme import AcmeEndpoints
from certificate_lifecycle.aws.inventory.acmpca import Authorities
from certificate_lifecycle.aws.inventory.declared import DeclaredCertificates
from certificate_lifecycle.aws.inventory.iam import ServerCertificates
from certificate_lifecycle.aws.metrics import EmbeddedMetrics
from certificate_lifecycle.aws.reports import DatedReports
from certificate_lifecycle.aws.route53 import HostedZones, Route53Dns
from certificate_lifecycle.aws.secretsmanager import SecretsManagerExports, SecretsManagerImports
from certificate_lifecycle.aws.sinks.registry import configured_sinks
from certificate_lifecycle.aws.sns import SnsTopic
from certificate_lifecycle.aws.ssm import SsmPointers
from certificate_lifecycle.aws.state_table import StateTable
from certificate_lifecycle.aws.tagging import TagIndex
from certificate_lifecycle.handlers.events import RotationCommand
from certificate_lifecycle.handlers.public_dns import public_dns_of
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.net.tls import SocketTlsProbe
from certificate_lifecycle.policy.settings import Account, RotationSettings


def run_request(
    command: RotationCommand,
    settings: RotationSettings,
    run_id: str,
    now: datetime,
    extra_accounts: Sequence[Account] = (),
    *,
    function_arn: str | None = None,
) -> RunRequest:
    """Return the request of a run; `extra_accounts` are those of an organization."""
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
        allowed_domains=settings.allowed_domains,
        scheduled=command.scheduled,
        sdk=SDK_VERSION,
        accounts={account.account_id: account for account in (*settings.accounts, *extra_accounts)},
        unmanaged_mode=settings.unmanaged_mode,
        coverage=settings.coverage,
        requests_per_day=settings.limits.requests_per_day,
        changes_per_run=settings.limits.changes_per_run,
        function_arn=function_arn,
        runbook_url=settings.runbook_url,
    )


def clients_of(
    settings: RotationSettings,
    home: Scope,
    extra_accounts: Sequence[Account] = (),
    *,
    rate_share: int = 1,
    exclusive_account: str = "",
) -> Clients:
    """Return the clients of one invocation; creates none of them yet."""
    external_ids = {
        account.role_arn(home.partition): account.external_id
        for account in (*settings.accounts, *extra_accounts)
    }
    return Clients(
        home.region, external_ids, rate_share=rate_share, exclusive_account=exclusive_account
    )


def state_store_of(
    settings: RotationSettings, home: Scope, clients: Clients, scope: Scope
) -> StateTable | None:
    """Return the state store of one account and region; all of them share a table."""
    table = settings.ledger_table
    return StateTable(clients.any("dynamodb", home.region), table, scope) if table else None


def run_dependencies(
    settings: RotationSettings,
    home: Scope,
    clock: Clock,
    clients: Clients,
    extra_accounts: Sequence[Account] = (),
    *,
    repair: bool,
) -> RunDependencies:
    """Return the dependencies of a run; clients are created by their first call."""
    at_topic = Scope.from_arn(settings.topic_arn)
    topic = SnsTopic(lambda: clients.any("sns", at_topic.region), settings.topic_arn)
    bucket = settings.report_bucket
    public_dns = public_dns_of(settings.public_dns_resolvers, clock)
    return RunDependencies(
        clients_at=scope_clients_of(
            settings, home, clients, extra_accounts, repair=repair, public_dns=public_dns
        ),
        topic=topic,
        metrics=EmbeddedMetrics(),
        clock=clock,
        # The records of all scopes together belong to the scope of the function.
        notification_log=state_store_of(settings, home, clients, home),
        summary_after=settings.summary_after,
        reports=DatedReports(lambda: clients.any("s3", home.region), bucket) if bucket else None,
        sinks=configured_sinks(settings, home, clients),
        # The topic of another account may allow publishing only.
        subscriptions=topic if at_topic.account_id == home.account_id else None,
    )


def scope_clients_of(
    settings: RotationSettings,
    home: Scope,
    clients: Clients,
    extra_accounts: Sequence[Account] = (),
    *,
    repair: bool,
    scopes: Sequence[Scope] = (),
    public_dns: PublicDns | None = None,
) -> Callable[[Scope], ScopeClients]:
    """Return a function that creates the clients of one account and region.

    `scopes` of a command may be in other regions than those of the settings.
    """
    accounts = (*settings.accounts, *extra_accounts)
    roles = {account.account_id: account.role_arn(home.partition) for account in accounts}
    zones = HostedZones(clients.route53)
    secrets = partial(clients.any, "secretsmanager")
    allowing = {account.account_id for account in accounts if account.rebind_consumers}
    rebinding = {home.account_id, *allowing} if settings.rebind_consumers else set()
    probe = SocketTlsProbe(private_addresses=settings.tls_probe_private_addresses)
    regions = settings.regions or (home.region,)
    pointer_region = home.region if home.region in regions else regions[0]
    run_regions = RunRegions((*regions, *(scope.region for scope in scopes)), (home.region,))
    services = RunServices(clients)

    def acm_in(region: str, role: str | None = None) -> AcmCertificates:
        tag_index = TagIndex(lambda: clients.any("resourcegroupstaggingapi", region, role))
        return AcmCertificates(clients.any("acm", region, role), tag_index)

    def pointers_at(scope: Scope) -> SsmPointers | None:
        """Return the pointers, for certificates of the account of a deployed module only."""
        # Without a topic, the settings are not those of a deployed module.
        if scope.account_id != home.account_id or not settings.topic_arn:
            return None
        return SsmPointers(clients.any("ssm", home.region), settings.name_prefix)

    def clients_at(scope: Scope) -> ScopeClients:
        role = roles.get(scope.account_id)
        pointers = pointers_at(scope)
        # The zones of a certificate may be in its own account or in that of the function.
        dns = Route53Dns(zones, settings.zones, *dict.fromkeys((role, None)))
        consumers = AwsConsumers(clients, scope, role, regions=run_regions, services=services)
        authorities = Authorities(lambda: clients.any("acm-pca", scope.region, role))
        return ScopeClients(
            certificates=acm_in(scope.region, role),
            dns=dns,
            import_secrets=SecretsManagerImports(secrets),
            # In mode notify the role has no access to secrets.
            export_secrets=SecretsManagerExports(secrets) if repair else None,
            state_store=state_store_of(settings, home, clients, scope),
            consumers=consumers if scope.account_id in rebinding else None,
            catalog=consumers,
            tls_probe=probe if settings.tls_probe else None,
            pointers=pointers,
            stores=(
                authorities,
                AcmeEndpoints(lambda: clients.any("acm", scope.region, role)),
                *(
                    [DeclaredCertificates(pointers, home, settings.name_prefix, acm_in)]
                    if pointers is not None and scope.region == pointer_region
                    else []
                ),
            ),
            account_stores=(ServerCertificates(lambda: clients.any("iam", home.region, role)),),
            authorities=authorities,
            public_dns=public_dns,
        )

    return clients_at
