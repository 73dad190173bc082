"""What a command reaches: AWS with the user's own credentials.

The settings are those of the deployed function where there is one: then a command decides as the
function would, and keeps to its ledger.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certificate_lifecycle.app.ports import ScopeClients
from certificate_lifecycle.app.rotation import merged, run_scopes
from certificate_lifecycle.app.run_context import RunRequest
from certificate_lifecycle.app.scope_run import ScopeRun
from certificate_lifecycle.cli.interrupts import TerminalClock
from certificate_lifecycle.cli.options import ALL, NO_INSTANCE, TargetOptions
from certificate_lifecycle.handlers.config import default_settings, rotation_settings
from certificate_lifecycle.handlers.events import RotationCommand
from certificate_lifecycle.model.certificate import Action
from certificate_lifecycle.model.errors import ConfigurationError
from certificate_lifecycle.model.run import Run
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import Account, RotationMode, RotationSettings

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.cli.aws.functions import DeployedFunction

#: Accounts and regions that nobody looks after get no more than advice, see `config.Account`.
_STRANGE = RotationMode.NOTIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Everything that a command works with.

    `function` is the deployed rotation function, and `notes` are sentences about how the command
    came to its settings. `unknown` says why it could not be found out whether one is deployed.
    """

    home: Scope
    settings: RotationSettings
    scopes: tuple[Scope, ...]
    now: datetime
    clients: Clients
    clock: TerminalClock = field(default_factory=TerminalClock)
    function: DeployedFunction | None = None
    notes: tuple[str, ...] = ()
    unknown: str | None = None

    def scope_clients(self, *, repair: bool) -> Callable[[Scope], ScopeClients]:
        """Return what makes the clients of a region; `repair` adds those that repairs need."""
        from certificate_lifecycle.handlers.wiring import scope_clients_of  # noqa: PLC0415 - it needs the SDK

        return scope_clients_of(self.settings, self.home, self.clients, repair=repair)

    def request(
        self,
        *,
        certificate_arns: Sequence[str] = (),
        dry_run: bool = True,
        agreed: frozenset[tuple[str, Action]] | None = None,
    ) -> RunRequest:
        """Return what to do, in the mode of the settings, everywhere or for some certificates."""
        from certificate_lifecycle.handlers.wiring import run_request  # noqa: PLC0415 - it needs the SDK

        scopes = self.scopes
        if certificate_arns:
            scopes = tuple(s for s in scopes if any(s.contains(arn) for arn in certificate_arns))
        command = RotationCommand(
            scopes=scopes,
            certificate_arns=tuple(certificate_arns),
            mode=self.settings.mode,
            dry_run=dry_run,
        )
        # Questions may have been asked since: what is written is dated when it is.
        now = self.now if dry_run else current_time()
        request = run_request(command, self.settings, f"cli-{uuid.uuid4()}", now)
        return replace(request, agreed=agreed)

    def run_scope(
        self,
        request: RunRequest,
        watched: Callable[[ScopeClients], ScopeClients] = lambda clients: clients,
    ) -> tuple[Run, list[ScopeRun]]:
        """Carry out an order as the function would, but for its message; `watched` may look on."""
        at = self.scope_clients(repair=request.repair)
        scope_runs = run_scopes(request, lambda scope: watched(at(scope)), self.clock, current_time)
        return merged(request, scope_runs, current_time()), scope_runs


def current_time() -> datetime:
    """Return now, aware and in UTC; of the command line, only this asks the clock."""
    return datetime.now(UTC)


def reach(targets: TargetOptions) -> Session:
    """Return what a command reaches; raises ConfigurationError with every fault of its options."""
    # Here, so that no help waits for the SDK.
    from certificate_lifecycle.aws.clients import Clients  # noqa: PLC0415
    from certificate_lifecycle.cli.aws.identity import home_of, session_of  # noqa: PLC0415

    session = session_of(targets.profile, targets.region)
    first = Clients(str(session.region_name), session=session)
    home = home_of(session, first.any("sts", str(session.region_name)))
    function, notes, unknown = _deployed(targets, home, first)
    settings = _settings(targets, home, function)
    scopes = _scopes(targets, settings, home, first)
    external_ids = {
        account.role_arn(home.partition): account.external_id for account in settings.accounts
    }
    return Session(
        home=home,
        settings=settings,
        scopes=scopes,
        now=current_time(),
        clients=Clients(home.region, external_ids, session=session),
        function=function,
        notes=notes,
        unknown=unknown,
    )


def _deployed(
    targets: TargetOptions, home: Scope, clients: Clients
) -> tuple[DeployedFunction | None, tuple[str, ...], str | None]:
    """Return the deployed function, how that was found out, and why it could not be, if so."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    from certificate_lifecycle.cli.aws.functions import Functions  # noqa: PLC0415

    if targets.instance == NO_INSTANCE:
        return None, ("No instance counts: the module's defaults do.",), None
    name = f"{targets.instance}-rotation"
    functions = Functions(lambda: clients.any("lambda", home.region))
    try:
        function = functions.find(name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        why = f"whether the function {name} is deployed could not be found out: {error}"
        return None, (f"{why}; the module's defaults count.",), why
    if function is None:
        note = f"No function {name} in {home.region}: the module's defaults count."
        return None, (note,), None
    return function, (f"Settings and ledger of the function {name} in {home.region}.",), None


def _settings(
    targets: TargetOptions, home: Scope, function: DeployedFunction | None
) -> RotationSettings:
    errors: list[str] = []
    if function is None:
        # Without a ledger nothing can be replaced: what would be is advice.
        settings = replace(default_settings(), mode=RotationMode.REPAIR)
    else:
        settings = rotation_settings(function.settings, errors)
        errors = [f"the function {function.name} has wrong settings: {error}" for error in errors]
    settings = _measured(targets, settings, errors)
    accounts = _accounts(targets, settings, home, errors)
    if errors:
        raise ConfigurationError(errors)
    return replace(settings, accounts=accounts)


def _measured(
    targets: TargetOptions, settings: RotationSettings, errors: list[str]
) -> RotationSettings:
    """Return the settings with the threshold that the user wants to go by, if any is named."""
    if targets.threshold_days is None:
        return settings
    thresholds = replace(settings.thresholds, expiration=timedelta(days=targets.threshold_days))
    if thresholds.expiration <= thresholds.critical:
        errors.append(
            f"--threshold-days must be more than the critical threshold, "
            f"{thresholds.critical.days} days; got {targets.threshold_days}"
        )
    return replace(settings, thresholds=thresholds)


def _accounts(
    targets: TargetOptions, settings: RotationSettings, home: Scope, errors: list[str]
) -> tuple[Account, ...]:
    """Return the other accounts that are looked at, with the roles that lead there."""
    known = {entry.account_id: entry for entry in settings.accounts}
    if targets.role_name is None and targets.external_id is not None:
        errors.append("--external-id belongs to a role: give --role-name, too")
    if targets.accounts == (ALL,):
        return tuple(_led_to(targets, item) for item in settings.accounts)
    found = []
    for account_id in targets.accounts:
        if account_id == home.account_id:
            continue
        if account_id not in known and targets.role_name is None:
            errors.append(
                f"--accounts: no role is known that leads to {account_id}; give --role-name, or "
                f"the --profile of that account"
            )
            continue
        account = known.get(account_id, Account(account_id, "", "", _STRANGE))
        found.append(_led_to(targets, account))
    return tuple(found)


def _led_to(targets: TargetOptions, account: Account) -> Account:
    """Return an account with the role that the user wants to go through, if any is named."""
    if targets.role_name is None:
        return account
    return replace(account, role_name=targets.role_name, external_id=targets.external_id or "")


def _scopes(
    targets: TargetOptions, settings: RotationSettings, home: Scope, clients: Clients
) -> tuple[Scope, ...]:
    own = not targets.accounts or ALL in targets.accounts
    accounts = [
        *([home.account_id] if own or home.account_id in targets.accounts else []),
        *(account.account_id for account in settings.accounts),
    ]
    if targets.regions == (ALL,):
        from certificate_lifecycle.cli.aws.regions import enabled_regions  # noqa: PLC0415

        regions = enabled_regions(lambda: clients.any("ec2", home.region))
    else:
        # Who names a region means that one, whatever the instance looks at.
        named = (home.region,) if targets.region else settings.regions
        regions = targets.regions or named or (home.region,)
    return tuple(
        Scope(account_id, region, home.partition) for account_id in accounts for region in regions
    )
