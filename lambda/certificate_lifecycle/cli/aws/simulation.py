"""IAM's policy simulator: what a principal would be allowed to do, without doing it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Command, Permission
from certificate_lifecycle.cli.required_permissions import Values, resources_of

_ROLES = ("arn:{partition}:iam::{account}:role/*",)
PERMISSIONS = (
    Permission("iam:GetRole", (Command.DOCTOR,), _ROLES, "the path of the role that was assumed"),
    Permission(
        "iam:SimulatePrincipalPolicy", (Command.DOCTOR,), _ROLES, "what IAM would allow and deny"
    ),
)
#: What is answered where a path cannot be looked up: the role is then taken to have none.
_NO_ROLE = frozenset({"AccessDenied", "NoSuchEntity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What IAM says about one action on one resource.

    `denied_by` is `explicitDeny` or `implicitDeny` in IAM's words, and None if it is allowed.
    `missing` are the condition keys that the policies ask for and the simulation has no value for:
    with them the real call may be allowed all the same.
    """

    action: str
    resource: str
    denied_by: str | None = None
    missing: tuple[str, ...] = ()


class Simulator:
    """The policies of whoever `arn` is, as STS tells it."""

    def __init__(self, client: Callable[[], Any], arn: str) -> None:
        self._client = client
        self._arn = arn

    def simulate(self, permissions: Iterable[Permission], values: Values) -> Sequence[Simulated]:
        """Return what IAM says about permissions, on each of their resources.

        Policies of the organization and session policies are not all part of it (IAM user guide,
        "How the IAM policy simulator works"): what it allows may still be refused.
        """
        source = self._source()
        # One service at a time: the simulator refuses actions that need different information.
        actions: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        context: dict[str, str] = {}
        for permission in permissions:
            context |= permission.context
            for resource in resources_of(permission, values):
                service = permission.action.partition(":")[0]
                actions[service, resource][permission.action] = None
        entries = [
            {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "stringList"}
            for key, value in context.items()
        ]
        pages = self._client().get_paginator("simulate_principal_policy")
        return [
            Simulated(
                action=found["EvalActionName"],
                resource=resource,
                denied_by=None if found["EvalDecision"] == "allowed" else found["EvalDecision"],
                missing=tuple(sorted(found.get("MissingContextValues", ()))),
            )
            for (_, resource), names in actions.items()
            for page in pages.paginate(
                PolicySourceArn=source,
                ActionNames=list(names),
                ResourceArns=[resource],
                ContextEntries=entries,
            )
            for found in page["EvaluationResults"]
        ]

    def _source(self) -> str:
        """Return the principal as IAM knows it: a session is of a role, whose path it leaves out.

        `arn:aws:sts::1:assumed-role/name/session` is of `arn:aws:iam::1:role/any/path/name`.
        """
        partition, account = self._arn.split(":")[1], self._arn.split(":")[4]
        kind, _, rest = self._arn.split(":")[5].partition("/")
        if kind != "assumed-role":
            return self._arn
        name = rest.partition("/")[0]
        try:
            found: str = self._client().get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NO_ROLE:
                raise
            return f"arn:{partition}:iam::{account}:role/{name}"
        return found
