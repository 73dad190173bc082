"""Policies that grant slightly less or more than a given policy.

The recorded calls and the forbidden requests prove a policy if they distinguish it from each of
these: then no action, resource or condition is superfluous, and none is too wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Statement = Mapping[str, Any]
# The parts of an ARN between its separators.
TOKENS = re.compile(r"([:/])")
# The number of parts, with separators, before the region.
PREFIX = 6


@dataclass(frozen=True)
class Mutant:
    """A replacement for one statement; `what` describes the difference."""

    what: str
    statements: tuple[Statement, ...]


def mutants(statement: Statement) -> Iterator[Mutant]:
    """Yield every variant of a statement with one difference."""
    yield from _without_a_grant(statement)
    yield from _with_a_wider_resource(statement)
    yield from _with_another_condition(statement)
    yield from _with_a_wider_principal(statement)


def grants(statement: Statement) -> Iterator[tuple[str, str | None]]:
    """Yield each pair of an action and a resource; a trust policy has no resource.

    An action has no resource of another service or type, so that such a pair grants nothing.
    """
    for action in listed(statement["Action"]):
        for resource in listed(statement.get("Resource", [None])):
            if resource is None or _is_about(action, resource):
                yield action, resource


def _is_about(action: str, resource: str) -> bool:
    """Whether an action may have a resource (Service Authorization Reference).

    The statements have several types of resources of two services only.
    """
    service = action.partition(":")[0]
    if service != _service(resource):
        return _service(resource) == "*"
    if service == "acm":
        acme = "Acme" in action or action == "acm:ListTagsForResource"
        return acme is (":acme-endpoint/" in resource)
    if ":listener/" in resource or ":loadbalancer/" in resource:
        return ("SetLoadBalancer" in action) is (":loadbalancer/" in resource)
    return True


def _service(resource: str) -> str:
    return resource.split(":")[2] if resource.startswith("arn:") else "*"


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - one value of any type, or some
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _without_a_grant(statement: Statement) -> Iterator[Mutant]:
    """Remove one action on one resource, and nothing else."""
    actions, resources = listed(statement["Action"]), listed(statement.get("Resource", [None]))
    for action, resource in grants(statement):
        others = [entry for entry in actions if entry != action]
        elsewhere = [item for item in resources if item != resource]
        rest = []
        if others:
            rest.append({**statement, "Action": others})
        if elsewhere:
            rest.append({**statement, "Action": [action], "Resource": elsewhere})
        where = f" on {resource}" if resource else ""
        yield Mutant(f"without {action}{where}", tuple(rest))


def _with_a_wider_resource(statement: Statement) -> Iterator[Mutant]:
    if statement["Effect"] == "Deny":
        return
    resources = listed(statement.get("Resource", []))
    for number, resource in enumerate(resources):
        for wider in widened(resource):
            changed = [*resources[:number], wider, *resources[number + 1 :]]
            yield Mutant(f"{resource} as {wider}", ({**statement, "Resource": changed},))


def widened(text: str) -> Iterator[str]:
    """Yield an ARN with a wildcard for each part, and one with a wildcard at its end.

    `arn`, the partition and the service must be literal; empty parts stay empty.
    """
    tokens = TOKENS.split(text)
    for place in range(PREFIX if text.startswith("arn:") else 0, len(tokens), 2):
        if tokens[place] not in ("", "*"):
            yield "".join([*tokens[:place], "*", *tokens[place + 1 :]])
    if not text.endswith("*"):
        yield f"{text}*"


def _with_another_condition(statement: Statement) -> Iterator[Mutant]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            label = f"{operator} of {key}"
            yield Mutant(f"without {label}", (_conditioned(statement, operator, key, None),))
            several = listed(values)
            for number, value in enumerate(several):
                fewer = [*several[:number], *several[number + 1 :]]
                if fewer:
                    changed = _conditioned(statement, operator, key, fewer)
                    yield Mutant(f"without {value} in {label}", (changed,))
                if "Like" not in operator:
                    continue
                for wider in _looser(str(value)):
                    swapped = [*several[:number], wider, *several[number + 1 :]]
                    changed = _conditioned(statement, operator, key, swapped)
                    yield Mutant(f"{value} as {wider} in {label}", (changed,))
        if operator.startswith("ForAllValues:"):
            one = operator.replace("ForAllValues:", "ForAnyValue:")
            condition = {k: v for k, v in statement["Condition"].items() if k != operator}
            changed = {**statement, "Condition": {**condition, one: keys}}
            yield Mutant(f"{one} for {operator}", (changed,))


def _looser(pattern: str) -> Iterator[str]:
    """Loosen a pattern: anything, any start, any end, and no dot at the start of a name."""
    if pattern.startswith("arn:"):
        yield from widened(pattern)
        return
    before, star, after = pattern.partition("*")
    loose = (
        ["*", f"*{after}", f"{before}*", f"{before}*{after.removeprefix('.')}"]
        if star
        else ["*", f"*{pattern}", f"{pattern}*"]
    )
    yield from (fromkey for fromkey in dict.fromkeys(loose) if fromkey != pattern)


def _conditioned(
    statement: Statement, operator: str, key: str, values: Sequence[Any] | None
) -> Statement:
    condition = {name: dict(keys) for name, keys in statement["Condition"].items()}
    if values is None:
        del condition[operator][key]
    else:
        condition[operator][key] = list(values)
    kept = {name: keys for name, keys in condition.items() if keys}
    rest = {name: value for name, value in statement.items() if name != "Condition"}
    return {**rest, "Condition": kept} if kept else rest


def _with_a_wider_principal(statement: Statement) -> Iterator[Mutant]:
    principal = statement.get("Principal")
    if principal is None or statement["Effect"] == "Deny":
        return
    yield Mutant("any principal", ({**statement, "Principal": "*"},))
    name = principal.get("AWS", "") if isinstance(principal, Mapping) else ""
    if isinstance(name, str) and ":role/" in name:
        account = name.split(":role/")[0] + ":root"
        wider = {**statement, "Principal": {"AWS": account}}
        yield Mutant("the whole account as the principal", (wider,))
