"""A command's view of AWS: the user's credentials, the settings, and the accounts and regions.

If the module is deployed, its settings and its state table are used, so that a command decides as
the function does. Functions here import the SDK only when they are called: `--help` and completion
stay fast.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certificate_lifecycle.app.ports import PublicDns, ScopeClients
from certificate_lifecycle.app.rotation import merged, run_scopes
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.cli.interrupts import TerminalClock
from certificate_lifecycle.cli.options import ALL, NO_INSTANCE, Options
from certificate_lifecycle.handlers.config import (
    default_settings,
    parse_coverage,
    rotation_settings,
)
from certificate_lifecycle.handlers.events import RotationCommand
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.sanitize import quoted
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.coverage import Coverage
from certificate_lifecycle.policy.public_dns import DEFAULT_RESOLVERS
from certificate_lifecycle.policy.settings import Account, RotationMode, RotationSettings

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.cli.aws.deployed_module import DeployedFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Everything that a command works with.

    `function` is the deployed rotation function, and `note` says which settings are used.
    `unknown` says why it could not be found out whether a function is deployed.
    `public_dns` is None if it is switched off.
    """

    home: Scope
    settings: RotationSettings
    scopes: tuple[Scope, ...]
    now: datetime
    clients: Clients
    clock: TerminalClock = field(default_factory=TerminalClock)
    public_dns: PublicDns | None = None
    function: DeployedFunction | None = None
    note: str = ""
    unknown: str | None = None

    def current_time(self) -> datetime:
        """Return the time now; `now` is when the command started."""
        return current_time()

    def scope_clients(self, *, repair: bool) -> Callable[[Scope], ScopeClients]:
        """Return a factory of the clients of a scope; `repair` adds those that repairs need."""
        from certificate_lifecycle.handlers.wiring import scope_clients_of  # noqa: PLC0415

        return scope_clients_of(
            self.settings,
            self.home,
            self.clients,
            repair=repair,
            scopes=self.scopes,
            public_dns=self.public_dns,
        )

    def request(
        self,
        *,
        certificate_arns: Sequence[str] = (),
        dry_run: bool = True,
        agreed: frozenset[tuple[str, Action]] | None = None,
    ) -> RunRequest:
        """Return a run in the mode of the settings, for all or for some certificates."""
        from certificate_lifecycle.handlers.wiring import run_request  # noqa: PLC0415

        scopes = self.scopes
        if certificate_arns:
            scopes = tuple(
                scope for scope in scopes if any(scope.contains(arn) for arn in certificate_arns)
            )
        command = RotationCommand(
            scopes=scopes,
            certificate_arns=tuple(certificate_arns),
            mode=self.settings.mode,
            dry_run=dry_run,
        )
        # The user may have taken minutes to answer a question: writes need the time now.
        now = self.now if dry_run else current_time()
        request = run_request(command, self.settings, f"cli-{uuid.uuid4()}", now)
        return replace(request, agreed=agreed)

    def run(
        self,
        request: RunRequest,
        observed: Callable[[ScopeClients], ScopeClients] = lambda clients: clients,
    ) -> tuple[Run, list[ScopeRun]]:
        """Run as the function does, without notifications; `observed` wraps the clients."""
        clients_of = self.scope_clients(repair=request.repair)
        scope_runs = run_scopes(
            request, lambda scope: observed(clients_of(scope)), self.clock, current_time
        )
        return merged(request, scope_runs, current_time()), scope_runs


def current_time() -> datetime:
    """Return the time now, aware and in UTC; the only place where the CLI reads the clock."""
    return datetime.now(UTC)


def open_session(options: Options) -> Session:
    """Return the session of a command; raises ConfigurationError with all errors in its options."""
    from certificate_lifecycle.aws.clients import Clients  # noqa: PLC0415
    from certificate_lifecycle.cli.aws.call_log import log_calls  # noqa: PLC0415
    from certificate_lifecycle.cli.aws.identity import home_of, session_of  # noqa: PLC0415
    from certificate_lifecycle.handlers.public_dns import public_dns_of  # noqa: PLC0415

    session = session_of(options.profile, options.region)
    watch = log_calls if options.verbose else None
    first = Clients(str(session.region_name), session=session, watch=watch)
    home = home_of(session, first.any("sts", str(session.region_name)))
    function, note, unknown = _deployed(options, home, first)
    settings = _settings(options, home, function)
    scopes = _scopes(options, settings, home, first)
    external_ids = {
        account.role_arn(home.partition): account.external_id for account in settings.accounts
    }
    clock = TerminalClock()
    return Session(
        home=home,
        settings=settings,
        scopes=scopes,
        now=current_time(),
        clients=Clients(home.region, external_ids, session=session, watch=watch),
        clock=clock,
        public_dns=public_dns_of(settings.public_dns_resolvers, clock),
        function=function,
        note=note,
        unknown=unknown,
    )


def _deployed(
    options: Options, home: Scope, clients: Clients
) -> tuple[DeployedFunction | None, str, str | None]:
    """Return the deployed function, the note, and why the function is unknown, if it is."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from certificate_lifecycle.cli.aws.deployed_module import find_function  # noqa: PLC0415

    if options.instance == NO_INSTANCE:
        return None, "Using default settings (--instance none).", None
    name = f"{options.instance}-rotation"
    try:
        function = find_function(clients.any("lambda", home.region), name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        unknown = f"cannot check whether the function {name} is deployed: {error}"
        return None, f"{unknown}; using default settings.", unknown
    if function is None:
        return None, f"No function {name} in {home.region}; using default settings.", None
    return function, f"Using settings and state of the function {name} in {home.region}.", None


def _settings(options: Options, home: Scope, function: DeployedFunction | None) -> RotationSettings:
    errors: list[str] = []
    if function is None:
        # Without a state table nothing can be replaced. Nothing is issued by an instance.
        mode = RotationMode.REPAIR
        settings = replace(default_settings(), mode=mode, unmanaged_mode=mode)
    else:
        settings = rotation_settings(function.settings, errors)
        errors = [f"the function {function.name} has an invalid setting: {e}" for e in errors]
    # An older version of the module has no such setting.
    if function is None or "PUBLIC_DNS_RESOLVERS" not in function.settings:
        settings = replace(settings, public_dns_resolvers=DEFAULT_RESOLVERS)
    settings = _overridden(options, settings, errors)
    if options.threshold_days is not None:
        expiration = timedelta(days=options.threshold_days)
        settings = replace(settings, thresholds=replace(settings.thresholds, expiration=expiration))
        critical = settings.thresholds.critical
        if expiration <= critical:
            errors.append(
                f"--threshold-days must be more than the critical threshold, {critical.days} days; "
                f"got {options.threshold_days}"
            )
    accounts = _accounts(options, settings, home, errors)
    if errors:
        raise ConfigurationError(errors)
    return replace(settings, accounts=accounts)


def _overridden(
    options: Options, settings: RotationSettings, errors: list[str]
) -> RotationSettings:
    """Return the settings with the scope, the modes and the resolvers of the options."""
    mode, unmanaged = settings.mode, settings.unmanaged_mode
    if options.rotation_mode is not None:
        mode = RotationMode(options.rotation_mode)
    if options.unmanaged_mode is not None:
        unmanaged = RotationMode(options.unmanaged_mode)
    settings = replace(settings, mode=mode, unmanaged_mode=unmanaged.limited(mode))
    if options.resolvers is not None:
        settings = replace(settings, public_dns_resolvers=options.resolvers)
    try:
        coverage = _coverage(options)
    except ValueError as error:
        errors.append(str(error))
        return settings
    if coverage is None:
        return settings
    accounts = tuple(replace(account, coverage=coverage) for account in settings.accounts)
    return replace(settings, coverage=coverage, accounts=accounts)


def _coverage(options: Options) -> Coverage | None:
    """Return the coverage of the options, or None without such an option; raises ValueError."""
    tags: dict[str, list[str]] = {}
    for tag in options.include_tags:
        key, separator, value = tag.partition("=")
        if not separator:
            raise ValueError(f"--include-tag must be KEY=VALUE, got {quoted(tag)}")
        tags.setdefault(key, []).append(value)
    include = {"domains": list(options.include_domains), "tags": tags}
    exclude = {"domains": list(options.exclude_domains)}
    narrowed = any((tags, options.include_domains, options.exclude_domains))
    if options.no_scope and narrowed:
        raise ValueError("--no-scope does not go with an option that narrows the scope")
    if not options.no_scope and not narrowed:
        return None
    return parse_coverage({"include": include, "exclude": exclude})


def _accounts(
    options: Options, settings: RotationSettings, home: Scope, errors: list[str]
) -> tuple[Account, ...]:
    """Return the other accounts to scan, each with the role to assume there."""
    known = {account.account_id: account for account in settings.accounts}
    if options.role_name is None and options.external_id is not None:
        errors.append("--external-id needs --role-name")
    account_ids = [*known] if options.accounts == (ALL,) else options.accounts
    accounts = []
    for account_id in account_ids:
        if account_id == home.account_id and options.accounts != (ALL,):
            continue
        # An account that the instance does not know gets advice only, see `config.Account`.
        account = known.get(account_id, Account(account_id, "", "", RotationMode.NOTIFY))
        if options.role_name is not None:
            external_id = options.external_id or ""
            account = replace(account, role_name=options.role_name, external_id=external_id)
        elif account_id not in known:
            errors.append(
                f"--accounts: no role is known for {account_id}; give --role-name, or the "
                f"--profile of that account"
            )
        accounts.append(account)
    return tuple(accounts)


def _scopes(
    options: Options, settings: RotationSettings, home: Scope, clients: Clients
) -> tuple[Scope, ...]:
    own = not options.accounts or ALL in options.accounts or home.account_id in options.accounts
    accounts = [
        *([home.account_id] if own else []),
        *(account.account_id for account in settings.accounts),
    ]
    if options.regions == (ALL,):
        from certificate_lifecycle.cli.aws.regions import enabled_regions  # noqa: PLC0415

        regions = enabled_regions(clients.any("ec2", home.region))
    else:
        # --region overrides the regions of the instance.
        default = (home.region,) if options.region else settings.regions
        regions = options.regions or default or (home.region,)
    return tuple(
        Scope(account_id, region, home.partition) for account_id in accounts for region in regions
    )
