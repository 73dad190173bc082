"""The examinations of an instance and of the accounts and regions that a command uses."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from certificate_lifecycle.aws.clients import SDK_VERSION
from certificate_lifecycle.aws.permissions import Function, Permission
from certificate_lifecycle.cli.aws import deployed_module
from certificate_lifecycle.cli.aws.attempts import Attempts
from certificate_lifecycle.cli.aws.delegation_sets import assigned_name_servers
from certificate_lifecycle.cli.aws.identity import caller_of
from certificate_lifecycle.cli.aws.sdk_features import lacking
from certificate_lifecycle.cli.aws.service_quotas import acm_quota
from certificate_lifecycle.cli.aws.simulation import PrincipalNotFoundError, Simulated, simulate
from certificate_lifecycle.cli.doctor import (
    access_checks,
    deployment_checks,
    dns_checks,
    sdk_checks,
)
from certificate_lifecycle.cli.doctor.diagnosis import (
    Diagnosis,
    DoctorCheck,
    Examination,
    State,
    scope_label,
    unknown,
)
from certificate_lifecycle.cli.doctor.quota_checks import certificate_quotas
from certificate_lifecycle.cli.off_public_dns import OffPublicDns
from certificate_lifecycle.cli.options import NO_INSTANCE
from certificate_lifecycle.cli.required_permissions import needed, settings_on, values_of
from certificate_lifecycle.cli.session import Session
from certificate_lifecycle.handlers.config import rotation_settings
from certificate_lifecycle.model.certificate import Certificate
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import RotationSettings
from certificate_lifecycle.policy.validation import Zone


class Examinations:
    """Builds the examinations of one instance, named `instance`."""

    def __init__(self, session: Session, instance: str) -> None:
        self._session, self._instance = session, instance
        self._public = session.public_dns or OffPublicDns()
        self._clients = session.clients
        self._home = session.home
        self._settings = session.settings
        self._scope_clients = session.scope_clients(repair=False)
        self._locks = {scope: threading.Lock() for scope in session.scopes}
        self._listed: dict[Scope, Sequence[Certificate]] = {}

    def all(self) -> list[Examination]:
        """Return every examination that applies."""
        return [
            Examination(DoctorCheck.CREDENTIALS, self._home.account_id, self._credentials),
            Examination(DoctorCheck.SDK, SDK_VERSION, self._sdk),
            *self._permissions(),
            *(
                Examination(
                    DoctorCheck.CERTIFICATE_QUOTA,
                    scope_label(scope),
                    partial(self._certificate_quotas, scope),
                )
                for scope in self._session.scopes
            ),
            Examination(DoctorCheck.DELEGATION, "", self._delegations),
            Examination(
                DoctorCheck.DNSSEC, "", lambda: dns_checks.dnssec(self._zones(), self._public)
            ),
            Examination(DoctorCheck.CAA, "", self._caa),
            *self._deployment(),
        ]

    def _credentials(self) -> Iterator[Diagnosis]:
        caller = caller_of(self._clients.session, self._home_client("sts"))
        return access_checks.credentials(caller, self._session.now)

    def _sdk(self) -> Iterator[Diagnosis]:
        found = lacking(lambda service: self._home_client(service).meta.service_model)
        return sdk_checks.sdk(SDK_VERSION, found)

    def _permissions(self) -> Iterator[Examination]:
        table = self._settings.ledger_table
        state_store = (self._home, table) if table else None
        deployed = self._session.function is not None
        for scope in self._session.scopes:
            own = deployed and scope.account_id == self._home.account_id
            pointers = (self._home, self._settings.name_prefix) if own else None
            attempts = Attempts(self._clients, scope, self._role(scope), state_store, pointers)
            yield Examination(
                DoctorCheck.READ_PERMISSIONS,
                scope_label(scope),
                partial(access_checks.read_permissions, attempts.try_all(), scope),
            )
        # Only principals of another account can simulate the roles there.
        write = DoctorCheck.WRITE_PERMISSIONS
        yield Examination(write, scope_label(self._home), self._commands)
        if self._session.function is not None:
            for function in Function:
                name = f"{self._instance}-{function}"
                yield Examination(write, name, partial(self._function_role, function, name))

    def _commands(self) -> Iterator[Diagnosis]:
        about = scope_label(self._home)
        caller = caller_of(self._clients.session, self._home_client("sts"))
        if caller.is_root:
            sentence = "Policies of the account do not restrict its root user."
            return iter([Diagnosis(DoctorCheck.WRITE_PERMISSIONS, State.OK, about, sentence)])
        permissions = access_checks.of_commands(settings_on(self._settings, self._home))
        try:
            simulated = self._simulate(caller.arn, permissions, self._settings)
        except PrincipalNotFoundError as error:
            advice = (
                "Sign in with an IAM user or role that exists; for a role with a path, allow "
                "iam:GetRole, which returns the path."
            )
            return iter([unknown(DoctorCheck.WRITE_PERMISSIONS, about, error, advice)])
        return access_checks.write_permissions(
            simulated,
            about,
            "the commands beyond a scan",
            "Allow these actions in a policy, or leave them to the deployed function.",
        )

    def _function_role(self, function: Function, name: str) -> Iterator[Diagnosis]:
        """Simulate the role of a function with the settings of the instance."""
        deployed = deployed_module.find_function(self._home_client("lambda"), name)
        if self._session.function is None or deployed is None:
            return iter(())
        settings = rotation_settings(self._session.function.settings, [])
        # An instance that only watches issues nothing.
        if function is Function.CREATION and not settings.allowed_domains:
            return iter(())
        permissions = needed((function,), settings_on(settings, self._home))
        try:
            simulated = self._simulate(deployed.role_arn, permissions, settings)
        except PrincipalNotFoundError as error:
            advice = "Apply the module again: the function cannot run without its role."
            return iter([unknown(DoctorCheck.WRITE_PERMISSIONS, name, error, advice)])
        return access_checks.write_permissions(
            simulated,
            name,
            "the function",
            "Apply the module again, and check whether a permissions boundary denies it.",
        )

    def _simulate(
        self, arn: str, permissions: Iterable[Permission], settings: RotationSettings
    ) -> Sequence[Simulated]:
        values = values_of(settings, self._home, self._zones())
        return simulate(self._home_client("iam"), arn, permissions, values)

    def _certificate_quotas(self, scope: Scope) -> Iterator[Diagnosis]:
        client = self._clients.any("service-quotas", scope.region, self._role(scope))
        quota_value = partial(acm_quota, client)
        return certificate_quotas(self._certificates(scope), quota_value, scope, self._session.now)

    def _delegations(self) -> Iterator[Diagnosis]:
        def assigned(zone: Zone) -> frozenset[str]:
            return assigned_name_servers(self._clients.route53(zone.role_arn), zone)

        return dns_checks.delegations(self._zones(), assigned, self._public)

    def _caa(self) -> Iterator[Diagnosis]:
        """Check the names of every account and region that can be listed."""
        found: list[Certificate] = []
        for scope in self._session.scopes:
            try:
                found.extend(self._certificates(scope))
            except Exception as error:  # noqa: BLE001 - one failure must not stop the others
                yield unknown(DoctorCheck.CAA, scope_label(scope), error)
        yield from dns_checks.caa(dns_checks.names_to_judge(found, self._zones()), self._public)

    def _zones(self) -> tuple[Zone, ...]:
        """Return the hosted zones of all accounts by name; each account is listed once."""
        zones = {
            zone
            for scope in self._session.scopes
            for zone in self._scope_clients(scope).dns.public_zones()
        }
        return tuple(sorted(zones, key=lambda zone: (zone.name, zone.zone_id)))

    def _deployment(self) -> Iterator[Examination]:
        if self._instance == NO_INSTANCE:
            return
        rotation, creation = (f"{self._instance}-{name}" for name in ("rotation", "creation"))
        yield Examination(DoctorCheck.FUNCTIONS, rotation, partial(self._function, rotation))
        deployed = self._session.function
        if deployed is None:
            return
        yield Examination(DoctorCheck.FUNCTIONS, creation, partial(self._function, creation))
        coverage = partial(self._coverage, rotation_settings(deployed.settings, []))
        yield Examination(DoctorCheck.SCOPE, self._instance, coverage)
        yield Examination(DoctorCheck.ALARMS, self._instance, self._alarms)
        organization = self._settings.organization is not None
        for name in deployment_checks.rules_of(self._instance, organization=organization):
            yield Examination(DoctorCheck.RULES, name, partial(self._rule, name))
        topic_arn = self._settings.topic_arn
        yield Examination(DoctorCheck.SUBSCRIPTIONS, topic_arn, self._subscriptions)

    def _function(self, name: str) -> Iterator[Diagnosis]:
        found = deployed_module.find_function(self._home_client("lambda"), name)
        return deployment_checks.function(name, found, self._session.now)

    def _coverage(self, settings: RotationSettings) -> Iterator[Diagnosis]:
        return deployment_checks.scope(self._home.account_id, settings)

    def _alarms(self) -> Iterator[Diagnosis]:
        found = deployed_module.list_alarms(self._home_client("cloudwatch"), f"{self._instance}-")
        return deployment_checks.alarms(found, self._instance)

    def _rule(self, name: str) -> Iterator[Diagnosis]:
        found = deployed_module.find_rule(self._home_client("events"), name)
        return deployment_checks.rule(name, found)

    def _subscriptions(self) -> Iterator[Diagnosis]:
        topic_arn = self._settings.topic_arn
        scope = Scope.from_arn(topic_arn)
        if scope.account_id != self._home.account_id:
            return deployment_checks.subscriptions(None, topic_arn)
        sns = self._clients.any("sns", scope.region)
        counts = deployed_module.count_subscriptions(sns, topic_arn)
        return deployment_checks.subscriptions(counts, topic_arn)

    def _home_client(self, service: str) -> Any:  # noqa: ANN401 - the stubs know no common type
        return self._clients.any(service, self._home.region)

    def _role(self, scope: Scope) -> str | None:
        for account in self._settings.accounts:
            if account.account_id == scope.account_id:
                return account.role_arn(self._home.partition)
        return None

    def _certificates(self, scope: Scope) -> Sequence[Certificate]:
        """Return the certificates of an account and region, listed once for all examinations."""
        with self._locks[scope]:
            if scope not in self._listed:
                self._listed[scope] = tuple(self._scope_clients(scope).certificates.list_all())
            return self._listed[scope]
