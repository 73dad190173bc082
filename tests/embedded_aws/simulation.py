"""IAM's policy simulator, which moto lacks: the judge of every call here, asked without a call.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.embedded_aws import policy
from tests.embedded_aws.calls import Permission
from tests.embedded_aws.principals import Caller, existing_role
from tests.embedded_aws.protocol import AwsError, Request

#: Small, so that a program that forgets paging fails.
PAGE_SIZE = 2
PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(user|group|role)/.+")

Document = Mapping[str, Any]


def simulate(request: Request) -> dict[str, Any]:
    """Judge each action on each resource by the role's policies and boundary.

    The principal is an IAM user, group or role under its whole ARN; the session of a role, or a
    role without its path, is none (API reference, SimulatePrincipalPolicy).
    """
    wanted = request.parameters
    source = wanted["PolicySourceArn"]
    if not PRINCIPAL.fullmatch(source):
        text = f"Invalid Entity Arn: {source} does not clearly define entity type and name."
        raise AwsError("InvalidInput", text)
    role = existing_role(source)
    if role is None:
        raise AwsError("NoSuchEntity", f"{source} cannot be found.", status=404)
    who = Caller(request.account, role)
    context = {
        entry["ContextKeyName"]: tuple(entry["ContextKeyValues"])
        for entry in wanted.get("ContextEntries", ())
    }
    results = [
        _result(who, Permission(action, resource, context))
        for action in wanted["ActionNames"]
        for resource in wanted.get("ResourceArns") or ["*"]
    ]
    start = int(wanted.get("Marker", "0"))
    more = start + PAGE_SIZE < len(results)
    return {
        "EvaluationResults": results[start : start + PAGE_SIZE],
        "IsTruncated": more,
        **({"Marker": str(start + PAGE_SIZE)} if more else {}),
    }


def _result(who: Caller, permission: Permission) -> dict[str, Any]:
    documents = [*who.documents, *([who.boundary] if who.boundary else [])]
    return {
        "EvalActionName": permission.action,
        "EvalResourceName": permission.resource,
        "EvalDecision": _decision(who, permission),
        "MatchedStatements": [],
        "MissingContextValues": sorted(_missing(documents, permission)),
    }


def _decision(who: Caller, permission: Permission) -> str:
    verdict = policy.judge(who.documents, permission)
    if verdict.allowed and who.boundary is not None:
        verdict = policy.judge([who.boundary], permission)
    if verdict.allowed:
        return "allowed"
    return "explicitDeny" if verdict.explicit else "implicitDeny"


def _missing(documents: Iterable[Document], permission: Permission) -> set[str]:
    """Return the keys in statements about the action that have no value."""
    return {
        key
        for statement in policy.statements(documents)
        if any(policy.like(permission.action, action) for action in _actions(statement))
        for conditions in statement.get("Condition", {}).values()
        for key in conditions
        if key not in permission.context
    }


def _actions(statement: Mapping[str, Any]) -> list[str]:
    actions = statement.get("Action", [])
    return [actions] if isinstance(actions, str) else list(actions)


HANDLERS: Mapping[tuple[str, str], Callable[[Request], dict[str, Any]]] = {
    ("iam", "SimulatePrincipalPolicy"): simulate
}
