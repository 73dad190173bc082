"""Judge a permission by IAM policy documents, as AWS documents the evaluation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What is not understood raises `UnjudgeablePolicyError`: a guess would make every proof that rests
on this module worthless.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from tests.embedded_aws.calls import Permission

Document = Mapping[str, Any]
Matcher = Callable[[str, str], bool]

ARN_SEGMENTS = 6
CURRENT = "2012-10-17"
ELEMENTS = frozenset(
    {
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    }
)
ACTION = re.compile(r"[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")
# `${*}`, `${?}` and `${$}` stand for the characters themselves; private ones keep them apart.
SPECIAL = {"*": "\ue000", "?": "\ue001", "$": "\ue002"}
LITERALS = {private: character for character, private in SPECIAL.items()}


class UnjudgeablePolicyError(Exception):
    """The policy uses something that this evaluator does not know."""


@dataclass(frozen=True)
class Verdict:
    """Whether the policies allow a permission, and why; `explicit` is what a Deny says."""

    allowed: bool
    reason: str
    explicit: bool = False


def allowed(reason: str) -> Verdict:
    return Verdict(allowed=True, reason=reason)


def denied(reason: str, *, explicit: bool = False) -> Verdict:
    return Verdict(allowed=False, reason=reason, explicit=explicit)


class Answer(IntEnum):
    """What a policy says to a request; of several statements the greatest answer holds.

    `DELEGATED` is the answer of a resource's policy that names an account: a principal of that
    account also needs its own policy.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """

    SILENT = 0
    DELEGATED = 1
    GRANTED = 2
    DENIED = 3


@dataclass(frozen=True)
class Principal:
    """Who asks: a role by its ARN, or a service of AWS by its host name."""

    name: str

    @property
    def account(self) -> str | None:
        """The account of a role; a service has none."""
        return self.name.split(":")[4] if self.name.startswith("arn:") else None


def judge(documents: Iterable[Document], permission: Permission) -> Verdict:
    """Explicit deny wins, then any allow, and what nothing allows is denied."""
    granted = False
    for statement in statements(documents):
        answer = says(statement, permission)
        if answer is Answer.DENIED:
            return denied(f"explicitly denied by {_named(statement)}", explicit=True)
        granted = granted or answer is Answer.GRANTED
    if granted:
        return allowed("allowed")
    return denied(f"no statement allows {permission.action} on {permission.resource}")


def statements(documents: Iterable[Document]) -> Iterable[Mapping[str, Any]]:
    """Give the statements of policies, each of them well-formed.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    for document in documents:
        for statement in _listed(document["Statement"]):
            _check(statement)
            if document.get("Version") != CURRENT and "${" in json.dumps(statement):
                raise UnjudgeablePolicyError("before its current version a policy has no variables")
            yield statement


def _check(statement: Mapping[str, Any]) -> None:
    unknown = statement.keys() - ELEMENTS
    if unknown:
        raise UnjudgeablePolicyError(f"elements {', '.join(sorted(unknown))}")
    effect = statement.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise UnjudgeablePolicyError(f"Effect {effect!r}")
    if ("Action" in statement) is ("NotAction" in statement):
        raise UnjudgeablePolicyError("one of Action and NotAction is needed")
    if "Resource" in statement and "NotResource" in statement:
        raise UnjudgeablePolicyError("Resource and NotResource exclude one another")
    for action in _listed(statement.get("Action", statement.get("NotAction"))):
        if action != "*" and not ACTION.fullmatch(action):
            raise UnjudgeablePolicyError(f"action {action!r}")


def says(statement: Mapping[str, Any], permission: Permission) -> Answer:
    """Return what one statement of a role's own policy says."""
    if "Principal" in statement or "NotPrincipal" in statement:
        raise UnjudgeablePolicyError("a policy of a role names no principal")
    if "Resource" not in statement and "NotResource" not in statement:
        raise UnjudgeablePolicyError("a policy of a role names its resources")
    if not _applies(statement, permission):
        return Answer.SILENT
    return Answer.DENIED if statement["Effect"] == "Deny" else Answer.GRANTED


def answers(document: Document, principal: Principal, permission: Permission) -> Answer:
    """Return the answer of a resource's policy, such as a role's trust policy."""
    return max(
        (says_to(statement, principal, permission) for statement in statements([document])),
        default=Answer.SILENT,
    )


def says_to(statement: Mapping[str, Any], principal: Principal, permission: Permission) -> Answer:
    """Return the answer of one statement of a resource's policy to a principal."""
    named = _names(statement, principal)
    if named is Answer.SILENT or not _applies(statement, permission):
        return Answer.SILENT
    return Answer.DENIED if statement["Effect"] == "Deny" else named


def decide(
    principal: Principal,
    permission: Permission,
    *,
    identity: Iterable[Document],
    boundary: Document | None = None,
    resource: Document | None = None,
    owner: str | None = None,
) -> Verdict:
    """Join what a role's policies and boundary say with what the resource's own policy says.

    `owner` is the account of the resource, the role's own unless given.
    In one account either side may grant; across two, both have to.
    A key is its policy's alone: what that neither grants nor delegates, no other policy can.
    A role that is named by its ARN still cannot exceed its boundary.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    own = judge(identity, permission)
    limit = judge([boundary], permission) if boundary is not None else allowed("no boundary")
    there = answers(resource, principal, permission) if resource is not None else Answer.SILENT
    if there is Answer.DENIED:
        said = f"explicitly denied by the policy of {permission.resource}"
        return denied(said, explicit=True)
    if own.explicit or limit.explicit:
        return own if own.explicit else limit
    foreign = owner not in (None, principal.account)
    decisive = resource is not None and permission.action.lower().startswith("kms:")
    if (foreign or decisive) and there is Answer.SILENT:
        return denied(f"the policy of {permission.resource} lets {principal.name} do nothing of it")
    if not own.allowed and (foreign or there is not Answer.GRANTED):
        return own
    return limit if limit.allowed else denied(f"boundary: {limit.reason}")


def trusts(document: Document, principal: str, permission: Permission) -> Verdict:
    """Whether a trust policy lets a role make the request."""
    answer = answers(document, Principal(principal), permission)
    if answer is Answer.DENIED:
        return denied("explicitly denied by the trust policy")
    if answer is Answer.SILENT:
        return denied(f"the trust policy does not let {principal} {permission.action}")
    return allowed("trusted")


def _names(statement: Mapping[str, Any], principal: Principal) -> Answer:
    """Whether the principal element matches a principal, and in which form.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if "Principal" not in statement:
        raise UnjudgeablePolicyError("a policy of a resource names its principals")
    element = statement["Principal"]
    if element == "*":
        return Answer.GRANTED
    if not isinstance(element, Mapping) or element.keys() - {"AWS", "Service"}:
        raise UnjudgeablePolicyError(f"principal {element!r}")
    found = Answer.SILENT
    for name in _listed(element.get("AWS", [])):
        if name != "*" and ("*" in name or "?" in name):
            raise UnjudgeablePolicyError(f"principal {name!r}")
        found = max(found, _means(name, principal))
    if principal.name in _listed(element.get("Service", [])):
        return Answer.GRANTED
    return found


def _means(name: str, principal: Principal) -> Answer:
    if name in ("*", principal.name):
        return Answer.GRANTED
    if principal.account is None:
        return Answer.SILENT
    partition = principal.name.split(":")[1]
    account = (principal.account, f"arn:{partition}:iam::{principal.account}:root")
    return Answer.DELEGATED if name in account else Answer.SILENT


def _applies(statement: Mapping[str, Any], permission: Permission) -> bool:
    return (
        _matches_action(statement, permission.action)
        and _matches_resource(statement, permission)
        and conditions_hold(statement.get("Condition", {}), permission.context)
    )


def _matches_action(statement: Mapping[str, Any], action: str) -> bool:
    """Actions are case-insensitive."""
    if "NotAction" in statement:
        return not any(like(action.lower(), a.lower()) for a in _listed(statement["NotAction"]))
    return any(like(action.lower(), a.lower()) for a in _listed(statement["Action"]))


def _matches_resource(statement: Mapping[str, Any], permission: Permission) -> bool:
    """Resources are case-sensitive; a trust policy has none, as it is about its own role."""
    context = permission.context
    if "NotResource" in statement:
        patterns = [_substituted(text, context) for text in _listed(statement["NotResource"])]
        return not any(resource_like(permission.resource, text) for text in patterns if text)
    if "Resource" not in statement:
        return True
    patterns = [_substituted(text, context) for text in _listed(statement["Resource"])]
    return any(resource_like(permission.resource, text) for text in patterns if text)


def resource_like(value: str, pattern: str) -> bool:
    """Match a resource; the guide advises to keep wildcards within the components of an ARN.

    AWS lets a `*` at the end of a component run on over the colons behind it.
    No policy here needs that, so such a match is an error.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if arn_like(value, pattern):
        return True
    if value != "*" and like(value, pattern):
        raise UnjudgeablePolicyError(f"a wildcard of {pattern!r} crosses a colon in {value!r}")
    return False


def like(value: str, pattern: str) -> bool:
    """Match with `*` for any run of characters and `?` for one, case-sensitively."""
    return bool(_glob(pattern).fullmatch(value))


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    parts = (wildcards.get(c) or re.escape(LITERALS.get(c, c)) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)


def equal(value: str, wanted: str) -> bool:
    """Compare without wildcards."""
    return value == "".join(LITERALS.get(c, c) for c in wanted)


def arn_like(value: str, pattern: str) -> bool:
    """Match two ARNs component by component; a wildcard never crosses a colon before the sixth.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    if pattern == "*":
        return True
    if value == "*":
        # An action without resource types is granted by "*" only.
        return False
    wanted = pattern.split(":", ARN_SEGMENTS - 1)
    given = value.split(":", ARN_SEGMENTS - 1)
    if len(wanted) != ARN_SEGMENTS or wanted[0] != "arn":
        raise UnjudgeablePolicyError(f"{pattern!r} is not an ARN of six components")
    return len(given) == ARN_SEGMENTS and all(map(like, given, wanted))


# --- conditions -------------------------------------------------------------------------------


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UnjudgeablePolicyError(f"{value!r} is not a number") from None


def _truth(value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise UnjudgeablePolicyError(f"{value!r} is neither true nor false")
    return value.lower() == "true"


# operator -> (does one value match one policy value, is the operator negated)
OPERATORS: Mapping[str, tuple[Matcher, bool]] = {
    "StringEquals": (equal, False),
    "StringNotEquals": (equal, True),
    "StringEqualsIgnoreCase": (lambda value, wanted: equal(value.lower(), wanted.lower()), False),
    "StringNotEqualsIgnoreCase": (lambda value, wanted: equal(value.lower(), wanted.lower()), True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (arn_like, False),
    "ArnLike": (arn_like, False),
    "ArnNotEquals": (arn_like, True),
    "ArnNotLike": (arn_like, True),
    "Bool": (lambda value, wanted: _truth(value) is _truth(wanted), False),
    "NumericEquals": (lambda value, wanted: _number(value) == _number(wanted), False),
    "NumericNotEquals": (lambda value, wanted: _number(value) == _number(wanted), True),
    "NumericLessThan": (lambda value, wanted: _number(value) < _number(wanted), False),
    "NumericLessThanEquals": (lambda value, wanted: _number(value) <= _number(wanted), False),
    "NumericGreaterThan": (lambda value, wanted: _number(value) > _number(wanted), False),
    "NumericGreaterThanEquals": (lambda value, wanted: _number(value) >= _number(wanted), False),
}
CANONICAL = {name.lower(): name for name in (*OPERATORS, "Null")}
QUANTIFIERS = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


def conditions_hold(condition: Mapping[str, Any], context: Mapping[str, Sequence[str]]) -> bool:
    """Every operator and every key must hold; one of a key's values is enough.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
    """
    known = {key.lower(): tuple(values) for key, values in context.items()}
    # Check each of them, so that an unknown one always raises an error.
    held = [
        _holds(operator, known.get(key.lower()), _wanted(values, known))
        for operator, keys in condition.items()
        for key, values in keys.items()
    ]
    return all(held)


def _wanted(values: object, context: Mapping[str, Sequence[str]]) -> list[str | None]:
    texts = [str(v).lower() if isinstance(v, bool) else str(v) for v in _listed(values)]
    return [_substituted(value, context) for value in texts]


def _holds(operator: str, given: Sequence[str] | None, values: Sequence[str | None]) -> bool:
    quantifier, base, if_exists = _dissect(operator)
    wanted = [value for value in values if value is not None]
    if base == "Null":
        if quantifier or if_exists:
            raise UnjudgeablePolicyError(f"condition operator {operator!r}")
        return any(_truth(value) is (not given) for value in wanted)
    if if_exists and given is None:
        return True
    match, negated = OPERATORS[base]
    if negated and len(wanted) < len(values):
        raise UnjudgeablePolicyError(f"{operator} with a policy variable that has no value")

    def satisfied(value: str) -> bool:
        return any(match(value, policy_value) for policy_value in wanted) is not negated

    # An empty text counts as no value for a set operator.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    if quantifier == "ForAllValues":
        # Also true for an absent key, which a Null condition must exclude.
        return all(satisfied(value) for value in given or () if value)
    if quantifier == "ForAnyValue":
        return any(satisfied(value) for value in given or () if value)
    if not given:
        return negated
    if len(given) > 1:
        raise UnjudgeablePolicyError(
            f"{operator} on a key with {len(given)} values needs a set operator"
        )
    return satisfied(given[0])


def _dissect(operator: str) -> tuple[str | None, str, bool]:
    quantifier, _, rest = operator.rpartition(":")
    base = rest.lower()
    if_exists = base.endswith("ifexists")
    name = CANONICAL.get(base.removesuffix("ifexists"))
    if name is None or (quantifier and quantifier.lower() not in QUANTIFIERS):
        raise UnjudgeablePolicyError(f"condition operator {operator!r}")
    return (QUANTIFIERS[quantifier.lower()] if quantifier else None), name, if_exists


VARIABLE = re.compile(r"\$\{([^}]*)\}")


def _substituted(text: str, context: Mapping[str, Sequence[str]]) -> str | None:
    """Fill in policy variables; `None` when one has no value, which never matches.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if "${" not in text:
        return text
    known = {key.lower(): tuple(values) for key, values in context.items()}
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        name = found.group(1)
        if name in SPECIAL:
            return SPECIAL[name]
        values = known.get(name.lower(), ())
        if "," in name or any("*" in value or "?" in value for value in values):
            raise UnjudgeablePolicyError(f"policy variable {found.group(0)}")
        missing = missing or len(values) != 1
        return values[0] if len(values) == 1 else ""

    filled = VARIABLE.sub(fill, text)
    return None if missing else filled


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _named(statement: Mapping[str, Any]) -> str:
    return f"statement {statement['Sid']!r}" if statement.get("Sid") else "a statement"
