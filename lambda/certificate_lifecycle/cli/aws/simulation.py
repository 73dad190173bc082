"""IAM's policy simulator: which calls IAM would allow a principal, without making them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import Command, Permission, declare
from certificate_lifecycle.aws.responses import error_code, unless
from certificate_lifecycle.cli.required_permissions import Values, context_of, resources_of
from certificate_lifecycle.model.errors import CertificateLifecycleError

PERMISSIONS = declare(
    (Command.DOCTOR,),
    "iam",
    ("arn:{partition}:iam::{account}:role/*",),
    GetRole="the path of the role that was assumed",
    SimulatePrincipalPolicy="what IAM would allow and deny",
)
_MISSING = "NoSuchEntity"


class PrincipalNotFoundError(CertificateLifecycleError):
    """IAM does not find a principal, so that its policies cannot be simulated."""

    def __init__(self, arn: str) -> None:
        """Name the principal by the ARN that IAM does not find."""
        super().__init__(f"IAM finds no {arn}, so that its permissions cannot be simulated.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """IAM's decision about one action on one resource.

    `denied_by` is IAM's `explicitDeny` or `implicitDeny`; None if the action is allowed.
    `missing` are condition keys of the policies that the simulation has no value for: the real call
    may be allowed.
    """

    action: str
    resource: str
    denied_by: str | None = None
    missing: tuple[str, ...] = ()


def simulate(
    iam: Any,  # noqa: ANN401 - the stubs know no common type
    caller_arn: str,
    permissions: Iterable[Permission],
    values: Values,
) -> Sequence[Simulated]:
    """Return IAM's decision about permissions on each of their resources.

    `caller_arn` is the ARN that STS returns. The simulator does not apply all policies of the
    organization and of the session (IAM user guide, "How the IAM policy simulator works").
    Raises PrincipalNotFoundError for a principal that was deleted or that IAM does not find.
    """
    source = _principal(iam, caller_arn)
    # The simulator rejects actions of different services in one request.
    actions: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    wanted = tuple(permissions)
    for permission in wanted:
        for resource in resources_of(permission, values):
            service = permission.action.partition(":")[0]
            actions[service, resource][permission.action] = None
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "stringList"}
        for key, value in context_of(wanted, values).items()
    ]
    pages = iam.get_paginator("simulate_principal_policy")
    with _existing(source):
        return [
            Simulated(
                action=result["EvalActionName"],
                resource=resource,
                denied_by=None if result["EvalDecision"] == "allowed" else result["EvalDecision"],
                missing=tuple(sorted(result.get("MissingContextValues", ()))),
            )
            for (_, resource), names in actions.items()
            for page in pages.paginate(
                PolicySourceArn=source,
                ActionNames=list(names),
                ResourceArns=[resource],
                ContextEntries=entries,
            )
            for result in page["EvaluationResults"]
        ]


@contextmanager
def _existing(arn: str) -> Iterator[None]:
    """Raise PrincipalNotFoundError in place of IAM's error about a missing principal."""
    try:
        yield
    except ClientError as error:
        if error_code(error) != _MISSING:
            raise
        raise PrincipalNotFoundError(arn) from error


def _principal(iam: Any, arn: str) -> str:  # noqa: ANN401 - as above
    """Return the principal as IAM knows it; STS leaves out the path of a role.

    `arn:aws:sts::1:assumed-role/name/session` is of `arn:aws:iam::1:role/any/path/name`.
    A role that the caller may not read is taken to have no path.
    """
    _, partition, _, _, account, resource = arn.split(":", 5)
    kind, _, rest = resource.partition("/")
    if kind == "federated-user":
        raise PrincipalNotFoundError(arn)  # a session of a user, whom STS does not name
    if kind != "assumed-role":
        return arn
    name = rest.partition("/")[0]
    without_path = f"arn:{partition}:iam::{account}:role/{name}"
    with _existing(without_path):
        found = unless("AccessDenied", lambda: iam.get_role(RoleName=name))
    return str(found["Role"]["Arn"]) if found else without_path
