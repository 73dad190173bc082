"""Every check of the doctor, put together for what a command reaches."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from certificate_lifecycle.aws.permissions import Function, Permission
from certificate_lifecycle.cli.aws.alarms import Alarms
from certificate_lifecycle.cli.aws.attempts import Attempts
from certificate_lifecycle.cli.aws.delegation_sets import DelegationSets
from certificate_lifecycle.cli.aws.functions import Functions
from certificate_lifecycle.cli.aws.identity import caller_of
from certificate_lifecycle.cli.aws.public_dns import Delegations
from certificate_lifecycle.cli.aws.rules import Rules
from certificate_lifecycle.cli.aws.service_quotas import AcmQuotas
from certificate_lifecycle.cli.aws.simulation import Simulated, Simulator
from certificate_lifecycle.cli.aws.subscriptions import Topics
from certificate_lifecycle.cli.doctor.access_checks import (
    credentials,
    is_root,
    of_commands,
    read_permissions,
    write_permissions,
)
from certificate_lifecycle.cli.doctor.deployment_checks import (
    alarms,
    alarms_of,
    function,
    rule,
    rules_of,
    subscriptions,
)
from certificate_lifecycle.cli.doctor.diagnosis import (
    Check,
    Diagnosis,
    Examination,
    State,
    unknown,
)
from certificate_lifecycle.cli.doctor.dns_checks import (
    caa,
    delegations,
    dnssec,
    names_to_judge,
)
from certificate_lifecycle.cli.doctor.quota_checks import room
from certificate_lifecycle.cli.options import NO_INSTANCE
from certificate_lifecycle.cli.required_permissions import needed, settings_on, values_of
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import RotationSettings
from certificate_lifecycle.policy.validation import Zone


class Doctor:
    """The checks of one instance, called `instance`, and of the accounts and regions it is for."""

    def __init__(self, reached: Session, public: Delegations, instance: str) -> None:
        self._reached = reached
        self._clients = reached.clients
        self._public = public
        self._instance = instance
        self._home = reached.home
        self._settings = reached.settings
        self._surroundings = reached.scope_clients(repair=False)
        self._locks = {scope: threading.Lock() for scope in reached.scopes}
        self._listed: dict[Scope, Sequence[Certificate]] = {}

    def examinations(self) -> list[Examination]:
        """Return every check that there is something to look at for."""
        return [
            Examination(Check.CREDENTIALS, self._home.account_id, self._credentials),
            *self._permissions(),
            *(
                Examination(Check.CERTIFICATE_QUOTA, _label(scope), partial(self._room, scope))
                for scope in self._reached.scopes
            ),
            Examination(Check.DELEGATION, "", self._delegations),
            Examination(Check.DNSSEC, "", lambda: dnssec(self._zones(), self._public)),
            Examination(Check.CAA, "", self._caa),
            *self._deployment(),
        ]

    # --- Access and room --------------------------------------------------------------------------

    def _credentials(self) -> Iterator[Diagnosis]:
        sts = self._clients.any("sts", self._home.region)
        return credentials(caller_of(self._clients.session, sts), self._reached.now)

    def _permissions(self) -> Iterator[Examination]:
        table = self._settings.ledger_table
        for scope in self._reached.scopes:
            state_store = (self._home, table) if table else None
            attempts = Attempts(self._clients, scope, self._role(scope), state_store)
            yield Examination(
                Check.READ_PERMISSIONS,
                _label(scope),
                partial(read_permissions, attempts.made(), scope),
            )
        # What may be written elsewhere is up to the roles there, which only they can simulate.
        yield Examination(Check.WRITE_PERMISSIONS, _label(self._home), self._commands)
        if self._reached.function is not None:
            for function in Function:
                name = f"{self._instance}-{function}"
                simulate = partial(self._simulate_function, function, name)
                yield Examination(Check.WRITE_PERMISSIONS, name, simulate)

    def _commands(self) -> Iterator[Diagnosis]:
        about = _label(self._home)
        arn = caller_of(self._clients.session, self._clients.any("sts", self._home.region)).arn
        if is_root(arn):
            sentence = "No policy of the account binds its root user."
            return iter([Diagnosis(Check.WRITE_PERMISSIONS, State.OK, about, sentence)])
        permissions = of_commands(settings_on(self._settings, self._home))
        simulated = self._simulate(arn, permissions, self._settings)
        return write_permissions(
            simulated,
            about,
            "the commands beyond a scan",
            "Let a policy allow that, or leave these calls to the deployed function.",
        )

    def _simulate_function(self, function: Function, name: str) -> Iterator[Diagnosis]:
        """Simulate the role of a function with the settings of the instance."""
        deployed = self._functions().find(name)
        if self._reached.function is None or deployed is None:
            return iter(())
        settings = rotation_settings(self._reached.function.settings, [])
        permissions = needed((function,), settings_on(settings, self._home))
        simulated = self._simulate(deployed.role_arn, permissions, settings)
        return write_permissions(
            simulated,
            name,
            "the function",
            "Apply the module again, and see whether a permissions boundary denies it.",
        )

    def _simulate(
        self, arn: str, permissions: Iterable[Permission], settings: RotationSettings
    ) -> Sequence[Simulated]:
        iam = self._clients.any("iam", self._home.region)
        values = values_of(settings, self._home, self._zones())
        return Simulator(lambda: iam, arn).simulate(permissions, values)

    def _functions(self) -> Functions:
        return Functions(lambda: self._clients.any("lambda", self._home.region))

    def _room(self, scope: Scope) -> Iterator[Diagnosis]:
        role = self._role(scope)
        quotas = AcmQuotas(lambda: self._clients.any("service-quotas", scope.region, role))
        return room(self._certificates(scope), quotas, scope, self._reached.now)

    # --- Public DNS -------------------------------------------------------------------------------

    def _delegations(self) -> Iterator[Diagnosis]:
        return delegations(self._zones(), DelegationSets(self._clients.route53), self._public)

    def _caa(self) -> Iterator[Diagnosis]:
        """Judge all names that are known: one account and region that fails hides no other."""
        found: list[Certificate] = []
        for scope in self._reached.scopes:
            try:
                found.extend(self._certificates(scope))
            except Exception as error:  # noqa: BLE001 - it is told, and the other names are judged
                yield unknown(Check.CAA, _label(scope), error)
        yield from caa(names_to_judge(found, self._zones()), self._public)

    def _zones(self) -> tuple[Zone, ...]:
        """Return the hosted zones of all accounts by name; each account is listed once."""
        zones = {
            zone
            for scope in self._reached.scopes
            for zone in self._surroundings(scope).dns.public_zones()
        }
        return tuple(sorted(zones, key=lambda zone: (zone.name, zone.zone_id)))

    # --- The deployed module ----------------------------------------------------------------------

    def _deployment(self) -> Iterator[Examination]:
        if self._instance == NO_INSTANCE:
            return
        rotation, creation = (f"{self._instance}-{name}" for name in ("rotation", "creation"))
        yield Examination(Check.FUNCTIONS, rotation, partial(self._function, rotation))
        if self._reached.function is None:
            return
        yield Examination(Check.FUNCTIONS, creation, partial(self._function, creation))
        yield Examination(Check.ALARMS, self._instance, self._alarms)
        organization = self._settings.organization is not None
        for name in rules_of(self._instance, organization=organization):
            yield Examination(Check.RULES, name, partial(self._rule, name))
        yield Examination(Check.SUBSCRIPTIONS, self._settings.topic_arn, self._subscriptions)

    def _function(self, name: str) -> Iterator[Diagnosis]:
        return function(name, self._functions().find(name), self._reached.now)

    def _alarms(self) -> Iterator[Diagnosis]:
        seen = Alarms(lambda: self._clients.any("cloudwatch", self._home.region))
        found = alarms_of(self._instance, seen.named(f"{self._instance}-"))
        return alarms(found, self._instance)

    def _rule(self, name: str) -> Iterator[Diagnosis]:
        rules = Rules(lambda: self._clients.any("events", self._home.region))
        return rule(name, rules.find(name))

    def _subscriptions(self) -> Iterator[Diagnosis]:
        arn = self._settings.topic_arn
        where = Scope.from_arn(arn)
        if where.account_id != self._home.account_id:
            return subscriptions(None, arn)
        topics = Topics(lambda: self._clients.any("sns", where.region))
        return subscriptions(topics.subscription_counts(arn), arn)

    # --- What several checks need -----------------------------------------------------------------

    def _role(self, scope: Scope) -> str | None:
        roles = {entry.account_id: entry for entry in self._settings.accounts}
        account = roles.get(scope.account_id)
        return account.role_arn(self._home.partition) if account else None

    def _certificates(self, scope: Scope) -> Sequence[Certificate]:
        """Return the certificates of an account and region, listed once for all checks."""
        with self._locks[scope]:
            if scope not in self._listed:
                self._listed[scope] = tuple(self._surroundings(scope).certificates.list_all())
            return self._listed[scope]


def _label(scope: Scope) -> str:
    return f"{scope.account_id}/{scope.region}"
