"""The IAM permissions of a call, declared beside the call.

The tables of README and docs/cli.md, the simulations of `doctor` and the tests of policies and
calls come from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial


class Function(StrEnum):
    """A deployed function; rotation also runs the steps over an organization."""

    CREATION = "creation"
    ROTATION = "rotation"


class Command(StrEnum):
    """A command of the command line, or several that make the same calls."""

    SCAN = "list, scan, plan, report, readiness"
    EXPLAIN = "explain"
    APPLY = "apply"
    CREATE = "create"
    DRILL = "drill"
    DRILL_ISSUE = "drill --issue"
    DOCTOR = "doctor"
    POLICY = "policy"


class Setting(StrEnum):
    """A setting that a call depends on, as the documentation writes it."""

    REPAIR = "mode `repair` or `replace`"
    REPLACE = "mode `replace`"
    REBIND_CONSUMERS = "`rebind_consumers`"
    RETIRE_SUPERSEDED = "`retire_superseded_after_days`"
    IMPORT_SOURCES = "`import_sources` beyond mode `notify`"
    EXPORT_TARGETS = "`export_targets` beyond mode `notify`"
    ON_DESTROY = '`on_destroy = "delete"`'
    NO_HOSTED_ZONES = "empty `hosted_zones`"
    ZONE_ROLES = "`hosted_zones` with roles"
    ACCOUNTS = "`accounts`"
    ORGANIZATION = "`organization`"
    REPORTS = "`report`"
    EVENT_BUS = "`notifications.event_bus`"
    SECURITY_HUB = "`notifications.security_hub`"
    US_EAST_1 = "region `us-east-1`"


@dataclass(frozen=True, slots=True)
class Permission:
    """An IAM action that a call in the same file needs.

    `callers` make the call if all of `settings` are set.
    `resources` are templates of the ARNs that a policy has to allow the action on.
    A name in braces stands for each of its values in `cli.required_permissions.Values`.
    `context` are condition keys with a value of such a call, in which a name in braces stands for
    the first of its values.
    """

    action: str
    callers: tuple[Function | Command, ...]
    resources: tuple[str, ...]
    why: str
    settings: tuple[Setting, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict, hash=False)


#: For actions that AWS defines no resource type for.
EVERYTHING = ("*",)
CREATIONS = (Function.CREATION, Command.CREATE)
ROTATIONS = (Function.ROTATION, Command.APPLY)
#: The calls of every scan. `doctor` tries each of them.
SCANS = (*ROTATIONS, Command.SCAN, Command.EXPLAIN, Command.DOCTOR)
#: Both ways to drill read the same.
DRILLS = (Command.DRILL, Command.DRILL_ISSUE)
COMMANDS = tuple(Command)


def declare(
    callers: tuple[Function | Command, ...],
    service: str,
    resources: tuple[str, ...],
    *settings: Setting,
    context: Mapping[str, str] | None = None,
    **reasons: str,
) -> tuple[Permission, ...]:
    """Return a permission for each action of a service, named as the keyword of its reason."""
    return tuple(
        Permission(f"{service}:{action}", callers, resources, why, settings, context or {})
        for action, why in reasons.items()
    )


for_scans = partial(declare, SCANS)
for_rotations = partial(declare, ROTATIONS)
for_rotation_function = partial(declare, (Function.ROTATION,))


def regional(service: str, *resources: str) -> tuple[str, ...]:
    """Return the templates of resources of the account in each scanned region."""
    return tuple(
        f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}" for resource in resources
    )


def at_home(service: str, resource: str) -> tuple[str, ...]:
    """Return the template of a resource of the account in the region of the functions."""
    return (f"arn:{{partition}}:{service}:{{home_region}}:{{account}}:{resource}",)
