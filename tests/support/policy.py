"""Judge a permission by IAM policy documents, as AWS documents the evaluation.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
What is not understood raises `UnjudgeablePolicyError`: a guess would make every proof that rests
on this module worthless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.calls import Permission

Document = Mapping[str, Any]
Matcher = Callable[[str, str], bool]

ARN_SEGMENTS = 6
# `${*}`, `${?}` and `${$}` stand for the characters themselves; private ones keep them apart.
SPECIAL = {"*": "\ue000", "?": "\ue001", "$": "\ue002"}
LITERALS = {private: character for character, private in SPECIAL.items()}


class UnjudgeablePolicyError(Exception):
    """The policy uses something that this evaluator does not know."""


@dataclass(frozen=True)
class Verdict:
    """Whether the policies allow a permission, and why."""

    allowed: bool
    reason: str


def allowed(reason: str) -> Verdict:
    return Verdict(allowed=True, reason=reason)


def denied(reason: str) -> Verdict:
    return Verdict(allowed=False, reason=reason)


def judge(documents: Iterable[Document], permission: Permission) -> Verdict:
    """Explicit deny wins, then any allow, and what nothing allows is denied."""
    granted = False
    for statement in statements(documents):
        if not _applies(statement, permission):
            continue
        if statement["Effect"] == "Deny":
            return denied(f"explicitly denied by {_named(statement)}")
        granted = True
    if granted:
        return allowed("allowed")
    return denied(f"no statement allows {permission.action} on {permission.resource}")


def statements(documents: Iterable[Document]) -> Iterable[Mapping[str, Any]]:
    for document in documents:
        for statement in _listed(document["Statement"]):
            if statement["Effect"] not in {"Allow", "Deny"}:
                raise UnjudgeablePolicyError(f"Effect {statement['Effect']!r}")
            yield statement


def trusts(document: Document, principal: str, account: str, permission: Permission) -> Verdict:
    """Whether a trust policy lets the role `principal` of `account` make the request."""
    granted = False
    for statement in statements([document]):
        named = _names_principal(statement, principal, account)
        if not named or not _matches_action(statement, permission.action):
            continue
        if not conditions_hold(statement.get("Condition", {}), permission.context):
            continue
        if statement["Effect"] == "Deny":
            return denied(f"explicitly denied by the trust policy's {_named(statement)}")
        granted = True
    if granted:
        return allowed("trusted")
    return denied(f"the trust policy does not let {principal} {permission.action}")


def _names_principal(statement: Mapping[str, Any], principal: str, account: str) -> bool:
    if "NotPrincipal" in statement:
        raise UnjudgeablePolicyError("NotPrincipal")
    element = statement["Principal"]
    if element == "*":
        return True
    partition = principal.split(":")[1]
    accepted = {"*", account, f"arn:{partition}:iam::{account}:root", principal}
    return any(name in accepted for name in _listed(element.get("AWS", [])))


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
    """Resources are case-sensitive."""
    context = permission.context
    if "NotResource" in statement:
        patterns = [_substituted(text, context) for text in _listed(statement["NotResource"])]
        return not any(arn_like(permission.resource, text) for text in patterns if text)
    patterns = [_substituted(text, context) for text in _listed(statement["Resource"])]
    return any(arn_like(permission.resource, text) for text in patterns if text)


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
    return float(value)


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
    "Bool": (lambda value, wanted: value.lower() == wanted.lower(), False),
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
    return all(
        _holds(operator, known.get(key.lower()), _wanted(values, known))
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def _wanted(values: object, context: Mapping[str, Sequence[str]]) -> list[str]:
    texts = [str(v).lower() if isinstance(v, bool) else str(v) for v in _listed(values)]
    return [text for text in (_substituted(value, context) for value in texts) if text is not None]


def _holds(operator: str, given: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    quantifier, base, if_exists = _dissect(operator)
    if base == "Null":
        absent = not given
        return any(value.lower() == str(absent).lower() for value in wanted)
    if if_exists and given is None:
        return True
    match, negated = OPERATORS[base]

    def satisfied(value: str) -> bool:
        return any(match(value, policy_value) for policy_value in wanted) is not negated

    if quantifier == "ForAllValues":
        # True for an absent key as well: the trap that a Null condition has to close.
        return all(satisfied(value) for value in given or ())
    if quantifier == "ForAnyValue":
        return any(satisfied(value) for value in given or ())
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
