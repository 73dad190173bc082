"""The IAM policy of a command, from the permissions that the adapters declare."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from certificate_lifecycle.aws.permissions import Command, Permission
from certificate_lifecycle.cli.required_permissions import Values, resources_of

#: Characters of a managed policy without white space (IAM user guide, "IAM and AWS STS quotas").
MOST_CHARACTERS = 6_144
#: Condition keys that have the same value in every call of a permission.
_BINDING = (
    "route53:ChangeResourceRecordSetsActions",
    "route53:ChangeResourceRecordSetsRecordTypes",
)
_ISSUE = " --issue"
#: The resources and the condition keys of a statement.
_Allowed = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
#: The callers by the name of a command; `drill` has two.
CALLERS: Mapping[str, Command] = {
    name: command for command in Command for name in command.split(", ") if _ISSUE not in name
}


def policy_document(permissions: Iterable[Permission], values: Values) -> dict[str, Any]:
    """Return a policy that allows the permissions on their resources.

    A permission without a resource, such as one for zone roles without zone roles, is left out.
    """
    actions: defaultdict[_Allowed, set[str]] = defaultdict(set)
    for permission in permissions:
        resources = tuple(resources_of(permission, values))
        bound = tuple(
            (key, permission.context[key]) for key in _BINDING if key in permission.context
        )
        if resources:
            actions[resources, bound].add(permission.action)
    statements = [
        {
            "Effect": "Allow",
            "Action": sorted(names),
            "Resource": list(resources),
            **({"Condition": _condition(dict(bound))} if bound else {}),
        }
        for (resources, bound), names in sorted(actions.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def size_of(document: Mapping[str, Any]) -> int:
    """Return the characters of a policy as IAM counts them, without white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _condition(bound: Mapping[str, str]) -> dict[str, Any]:
    """Return a condition; without `Null`, a request that lacks a key would be allowed."""
    return {
        "ForAllValues:StringEquals": {key: [value] for key, value in bound.items()},
        "Null": dict.fromkeys(bound, "false"),
    }
