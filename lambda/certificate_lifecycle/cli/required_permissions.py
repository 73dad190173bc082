"""The IAM permissions of functions and commands, collected from the adapters."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from string import Formatter

from certificate_lifecycle import aws
from certificate_lifecycle.aws.permissions import Command, Function, Permission, Setting
from certificate_lifecycle.cli import aws as cli_aws
from certificate_lifecycle.model.dns_names import without_wildcard
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.policy.settings import RotationMode, RotationSettings
from certificate_lifecycle.policy.validation import Zone

_EDGE_REGION = "us-east-1"

#: The values of each placeholder in a resource template, see `Permission.resources`.
Values = Mapping[str, Sequence[str]]


def declared() -> tuple[Permission, ...]:
    """Return every permission that an adapter declares, without duplicates."""
    modules = (
        importlib.import_module(module.name)
        for package in (aws, cli_aws)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    return tuple(
        dict.fromkeys(
            permission for module in modules for permission in getattr(module, "PERMISSIONS", ())
        )
    )


def needed(
    callers: Collection[Function | Command], settings: Collection[Setting]
) -> tuple[Permission, ...]:
    """Return the permissions that any of the callers needs with these settings."""
    return tuple(
        permission
        for permission in declared()
        if not set(callers).isdisjoint(permission.callers)
        and set(settings).issuperset(permission.settings)
    )


def settings_on(settings: RotationSettings, home: Scope) -> frozenset[Setting]:
    """Return the enabled settings that permissions depend on.

    The environment of the rotation function does not have `on_destroy`.
    """
    unmanaged = settings.unmanaged_mode.limited(settings.mode)
    # Without allowed domains, the instance has issued no certificate.
    mode = settings.mode if settings.allowed_domains else unmanaged
    repairs = settings.mode is not RotationMode.NOTIFY
    replaces = mode is RotationMode.REPLACE
    values: dict[Setting, object] = {
        Setting.REPAIR: mode is not RotationMode.NOTIFY,
        Setting.REPLACE: replaces,
        Setting.REBIND_CONSUMERS: settings.rebind_consumers and replaces,
        Setting.RETIRE_SUPERSEDED: settings.retire_after,
        Setting.IMPORT_SOURCES: settings.import_sources and repairs,
        Setting.EXPORT_TARGETS: settings.export_targets and repairs,
        Setting.NO_HOSTED_ZONES: not settings.zones,
        Setting.ZONE_ROLES: any(zone.role_arn for zone in settings.zones),
        Setting.ACCOUNTS: settings.accounts,
        Setting.ORGANIZATION: settings.organization,
        Setting.REPORTS: settings.report_bucket,
        Setting.EVENT_BUS: settings.event_bus_name,
        Setting.SECURITY_HUB: settings.security_hub,
        Setting.US_EAST_1: _EDGE_REGION in (settings.regions or (home.region,)),
    }
    return frozenset(setting for setting, value in values.items() if value)


def values_of(settings: RotationSettings, home: Scope, zones: Sequence[Zone]) -> Values:
    """Return the values of placeholders; `zones` are the hosted zones that were found.

    A placeholder without values leaves a permission without resources.
    """
    targets, organization = settings.export_targets, settings.organization
    one: dict[str, str | None] = {
        "partition": home.partition,
        "account": home.account_id,
        "home_region": home.region,
        "instance": settings.name_prefix,
        "topic": settings.topic_arn,
        "table": settings.ledger_table,
        "report_bucket": settings.report_bucket,
        "event_bus": settings.event_bus_name,
        "organization_bucket": organization.bucket if organization else None,
        "organization_role": organization.role_name if organization else None,
    }
    return {
        **{name: (value,) if value else () for name, value in one.items()},
        "region": settings.regions or (home.region,),
        "hosted_zone": [zone.zone_id for zone in zones if zone.role_arn is None],
        "zone_role": [zone.role_arn for zone in settings.zones if zone.role_arn],
        "account_role": [account.role_arn(home.partition) for account in settings.accounts],
        "imported": tuple(settings.import_sources),
        "import_secret": [source.secret_arn for source in settings.import_sources.values()],
        "exported": [target.certificate_arn for target in targets],
        "export_secret": [target.secret_arn for target in targets],
        "passphrase_secret": [target.passphrase_secret_arn for target in targets],
        # A name below also fits a wildcard.
        "domain": [
            f"www.{without_wildcard(domain)}"
            for domain in (*settings.allowed_domains, *settings.coverage.include_domains)
        ],
    }


def resources_of(permission: Permission, values: Values) -> Iterator[str]:
    """Yield the resource ARNs of a permission; placeholders are replaced by their values."""
    for template in permission.resources:
        names = _names_in(template)
        for combination in product(*(dict.fromkeys(values[name]) for name in names)):
            yield template.format(**dict(zip(names, combination, strict=True)))


def context_of(permissions: Iterable[Permission], values: Values) -> dict[str, str]:
    """Return the condition keys of calls with their values, without keys that have none."""
    return {
        key: template.format(**{name: values[name][0] for name in _names_in(template)})
        for permission in permissions
        for key, template in permission.context.items()
        if all(values[name] for name in _names_in(template))
    }


def _names_in(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]
