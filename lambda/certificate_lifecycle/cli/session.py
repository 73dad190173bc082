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

from certificate_lifecycle.app.ports import Surroundings
from certificate_lifecycle.app.rotation import merged, visit_all
from certificate_lifecycle.app.scope import Order, Visit
from certificate_lifecycle.cli.interrupts import TerminalClock
from certificate_lifecycle.cli.options import ALL, NO_INSTANCE, Selection
from certificate_lifecycle.config import (
    Account,
    RotationMode,
    RotationSettings,
    default_settings,
    rotation_settings,
)
from certificate_lifecycle.core.model import Action
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.run import Run
from certificate_lifecycle.errors import ConfigurationError
from certificate_lifecycle.events import RotationCommand

if TYPE_CHECKING:
    from certificate_lifecycle.aws.clients import Clients
    from certificate_lifecycle.cli.outside.functions import DeployedFunction

#: Accounts and regions that nobody looks after get no more than advice, see `config.Account`.
_STRANGE = RotationMode.NOTIFY


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Everything that a command works with.

    `function` is the deployed rotation function, and `notes` are sentences about how the command
    came to its settings. `unknown` says why it could not be found out whether one is deployed.
    """

    home: Place
    settings: RotationSettings
    scopes: tuple[Place, ...]
    now: datetime
    clients: Clients
    clock: TerminalClock = field(default_factory=TerminalClock)
    function: DeployedFunction | None = None
    notes: tuple[str, ...] = ()
    unknown: str | None = None

    def surroundings(self, *, repair: bool) -> Callable[[Place], Surroundings]:
        """Return what makes the clients of a region; `repair` adds those that repairs need."""
        from certificate_lifecycle.wiring import surroundings_of  # noqa: PLC0415 - it needs the SDK

        return surroundings_of(self.settings, self.home, self.clients, repair=repair)

    def order(
        self,
        *,
        certificate_arns: Sequence[str] = (),
        dry_run: bool = True,
        agreed: frozenset[tuple[str, Action]] | None = None,
    ) -> Order:
        """Return what to do, in the mode of the settings, everywhere or for some certificates."""
        from certificate_lifecycle.wiring import order_of  # noqa: PLC0415 - it needs the SDK

        scopes = self.scopes
        if certificate_arns:
            scopes = tuple(s for s in scopes if any(s.holds(arn) for arn in certificate_arns))
        command = RotationCommand(
            scopes=scopes,
            certificate_arns=tuple(certificate_arns),
            mode=self.settings.mode,
            dry_run=dry_run,
        )
        # Questions may have been asked since: what is written is dated when it is.
        now = self.now if dry_run else current_time()
        order = order_of(command, self.settings, f"cli-{uuid.uuid4()}", now)
        return replace(order, agreed=agreed)

    def visit(
        self,
        order: Order,
        watched: Callable[[Surroundings], Surroundings] = lambda around: around,
    ) -> tuple[Run, list[Visit]]:
        """Carry out an order as the function would, but for its message; `watched` may look on."""
        at = self.surroundings(repair=order.repair)
        visits = visit_all(order, lambda place: watched(at(place)), self.clock, current_time)
        return merged(order, visits, current_time()), visits


def current_time() -> datetime:
    """Return now, aware and in UTC; of the command line, only this asks the clock."""
    return datetime.now(UTC)


def reach(selection: Selection) -> Reach:
    """Return what a command reaches; raises ConfigurationError with every fault of its options."""
    # Here, so that no help waits for the SDK.
    from certificate_lifecycle.aws.clients import Clients  # noqa: PLC0415
    from certificate_lifecycle.cli.outside.identity import home_of, session_of  # noqa: PLC0415

    session = session_of(selection.profile, selection.region)
    first = Clients(str(session.region_name), session=session)
    home = home_of(session, first.any("sts", str(session.region_name)))
    function, notes, unknown = _deployed(selection, home, first)
    settings = _settings(selection, home, function)
    scopes = _scopes(selection, settings, home, first)
    external_ids = {each.role_arn(home.partition): each.external_id for each in settings.accounts}
    return Reach(
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
    selection: Selection, home: Place, clients: Clients
) -> tuple[DeployedFunction | None, tuple[str, ...], str | None]:
    """Return the deployed function, how that was found out, and why it could not be, if so."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - as above

    from certificate_lifecycle.cli.outside.functions import Functions  # noqa: PLC0415

    if selection.instance == NO_INSTANCE:
        return None, ("No instance counts: the module's defaults do.",), None
    name = f"{selection.instance}-rotation"
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
    selection: Selection, home: Place, function: DeployedFunction | None
) -> RotationSettings:
    faults: list[str] = []
    if function is None:
        # Without a ledger nothing can be replaced: what would be is advice.
        settings = replace(default_settings(), mode=RotationMode.REPAIR)
    else:
        settings = rotation_settings(function.settings, faults)
        faults = [f"the function {function.name} has wrong settings: {each}" for each in faults]
    settings = _measured(selection, settings, faults)
    accounts = _accounts(selection, settings, home, faults)
    if faults:
        raise ConfigurationError(faults)
    return replace(settings, accounts=accounts)


def _measured(
    selection: Selection, settings: RotationSettings, faults: list[str]
) -> RotationSettings:
    """Return the settings with the threshold that the user wants to go by, if any is named."""
    if selection.threshold_days is None:
        return settings
    thresholds = replace(settings.thresholds, expiration=timedelta(days=selection.threshold_days))
    if thresholds.expiration <= thresholds.critical:
        faults.append(
            f"--threshold-days must be more than the critical threshold, "
            f"{thresholds.critical.days} days; got {selection.threshold_days}"
        )
    return replace(settings, thresholds=thresholds)


def _accounts(
    selection: Selection, settings: RotationSettings, home: Place, faults: list[str]
) -> tuple[Account, ...]:
    """Return the other accounts that are looked at, with the roles that lead there."""
    known = {each.account_id: each for each in settings.accounts}
    if selection.role_name is None and selection.external_id is not None:
        faults.append("--external-id belongs to a role: give --role-name, too")
    if selection.accounts == (ALL,):
        return tuple(_led_to(selection, each) for each in settings.accounts)
    found = []
    for account_id in selection.accounts:
        if account_id == home.account_id:
            continue
        if account_id not in known and selection.role_name is None:
            faults.append(
                f"--accounts: no role is known that leads to {account_id}; give --role-name, or "
                f"the --profile of that account"
            )
            continue
        account = known.get(account_id, Account(account_id, "", "", _STRANGE))
        found.append(_led_to(selection, account))
    return tuple(found)


def _led_to(selection: Selection, account: Account) -> Account:
    """Return an account with the role that the user wants to go through, if any is named."""
    if selection.role_name is None:
        return account
    return replace(account, role_name=selection.role_name, external_id=selection.external_id or "")


def _scopes(
    selection: Selection, settings: RotationSettings, home: Place, clients: Clients
) -> tuple[Place, ...]:
    own = not selection.accounts or ALL in selection.accounts
    accounts = [
        *([home.account_id] if own or home.account_id in selection.accounts else []),
        *(each.account_id for each in settings.accounts),
    ]
    if selection.regions == (ALL,):
        from certificate_lifecycle.cli.outside.regions import enabled_regions  # noqa: PLC0415

        regions = enabled_regions(lambda: clients.any("ec2", home.region))
    else:
        # Who names a region means that one, whatever the instance looks at.
        named = (home.region,) if selection.region else settings.regions
        regions = selection.regions or named or (home.region,)
    return tuple(
        Place(account_id, region, home.partition) for account_id in accounts for region in regions
    )
