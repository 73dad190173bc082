"""Check a policy against the requests that it must grant and those that it must deny.

`needed` are recorded requests. `Bounds` derive the denied requests of each statement from them, by
changing one thing. Neither comes from the policy, so a policy that grants less or more is
detected; `mutants` checks this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from tests.embedded_aws.calls import Call, Permission
from tests.embedded_aws.policy import Answer, Document, Principal, says, says_to, statements
from tests.harness.mutants import TOKENS, Statement, listed, mutants

OTHER_REGION, OTHER_ACCOUNT, OTHER = "ap-south-1", "666666666666", "elsewhere"
# Indexes in an ARN.
REGION, ACCOUNT, REST = 3, 4, 5


@dataclass(frozen=True)
class Ask:
    """A request for a permission."""

    principal: Principal
    permission: Permission

    @property
    def key(self) -> object:
        """A hashable form of the request, because its context is a dictionary."""
        wanted = self.permission
        context = frozenset((key, tuple(values)) for key, values in wanted.context.items())
        return self.principal, wanted.action, wanted.resource, context

    @property
    def is_at_home(self) -> bool:
        """Whether the resource is in the account of the caller."""
        parts = self.permission.resource.split(":", REST)
        return len(parts) > ACCOUNT and parts[ACCOUNT] == self.principal.account

    def on(self, resource: str) -> Ask:
        """Return the request for another resource."""
        wanted = self.permission
        return Ask(self.principal, Permission(wanted.action, resource, wanted.context))

    def to(self, action: str) -> Ask:
        """Return the request for another action."""
        wanted = self.permission
        return Ask(self.principal, Permission(action, wanted.resource, wanted.context))

    def by(self, name: str) -> Ask:
        """Return the request of another caller."""
        return Ask(Principal(name), self.permission)

    def given(self, key: str, *values: str) -> Ask:
        """Return the request with another value of a condition key, or without the key."""
        wanted = self.permission
        context = {name: held for name, held in wanted.context.items() if name != key}
        if values:
            context[key] = values
        return Ask(self.principal, Permission(wanted.action, wanted.resource, context))


Change = Callable[[Ask], Ask]


def given(key: str, *values: str) -> Change:
    return lambda ask: ask.given(key, *values)


def without(key: str) -> Change:
    return lambda ask: ask.given(key)


def by(name: str) -> Change:
    return lambda ask: ask.by(name)


def about_another(key: str) -> Change:
    """Change the ARN in a condition key to another one of the same kind, region and account."""

    def change(ask: Ask) -> Ask:
        (arn,) = ask.permission.context[key]
        return ask.given(key, re.sub(r"[^:/]+$", OTHER, arn))

    return change


def moved(part: str) -> Change:
    """Change a part of the resource's ARN if it has this value."""
    return lambda ask: ask.on(ask.permission.resource.replace(part, OTHER))


@dataclass(frozen=True)
class Bounds:
    """The allowed differences between the requests of a statement, and forbidden changes.

    `free` are the parts of the resources' ARNs after the account that may have any value, as
    indexes between separators. `fields` are condition keys that contain an ARN, with its free
    parts. `never` are further forbidden changes by name. `always` is for a statement that denies:
    its changes make any request forbidden, with or without the statement.
    """

    free: Collection[int] = ()
    never: Mapping[str, Change] = field(default_factory=dict)
    any_region: bool = False
    any_account: bool = False
    fields: Mapping[str, Collection[int]] = field(default_factory=dict)
    always: bool = False

    def crossed(self, ask: Ask) -> Iterator[tuple[str, Ask]]:
        """Yield the request with each bound part changed."""
        if not self.always:
            bound = (not self.any_region, not self.any_account)
            for what, resource in _others(ask.permission.resource, self.free, bound):
                yield what, ask.on(resource)
        for key, free in self.fields.items():
            (value,) = ask.permission.context[key]
            for what, other in _others(value, free, (True, True)):
                yield f"{key} of {what}", ask.given(key, other)
        for what, change in self.never.items():
            if (changed := change(ask)).key != ask.key:
                yield what, changed


def _others(arn: str, free: Collection[int], bound: tuple[bool, bool]) -> Iterator[tuple[str, str]]:
    """Yield the ARN with each bound part changed, including its region and account."""
    if arn == "*":  # no narrower value exists
        return
    parts = arn.split(":", REST)
    for place, other, is_bound in zip(
        (REGION, ACCOUNT), (OTHER_REGION, OTHER_ACCOUNT), bound, strict=True
    ):
        if parts[place] and is_bound:
            yield other, ":".join([*parts[:place], other, *parts[place + 1 :]])
    tokens = TOKENS.split(parts[REST])
    for number, place in enumerate(range(0, len(tokens), 2)):
        if tokens[place] and number not in free:
            changed = [*tokens[:place], OTHER, *tokens[place + 1 :]]
            yield f"another {tokens[place]}", ":".join([*parts[:REST], "".join(changed)])
    if len(tokens) // 2 not in free:
        yield "a longer name", f"{arn}-{OTHER}"


@dataclass(frozen=True)
class ReplacementContext:
    """A request, and the answer of each statement of the policy."""

    what: str
    ask: Ask
    answers: tuple[Answer, ...]

    @property
    def answer(self) -> Answer:
        return max(self.answers, default=Answer.SILENT)

    def without(self, number: int) -> Answer:
        """Return the answers of the other statements."""
        others = (*self.answers[:number], *self.answers[number + 1 :])
        return max(others, default=Answer.SILENT)

    def __str__(self) -> str:
        wanted = self.ask.permission
        return f"{self.what}: {self.ask.principal.name} {wanted.action} on {wanted.resource}"


@dataclass(frozen=True)
class Proof:
    """A policy with its granted and forbidden requests.

    `alone` is whether only this policy can grant them, as for the policy of a role, a trust policy
    or a key policy. Other policies decide alone only for services.
    """

    statements: Sequence[Statement]
    needed: Sequence[ReplacementContext]
    forbidden: Sequence[ReplacementContext]
    alone: bool = True

    @property
    def refused(self) -> list[str]:
        """Return the needed requests that are not granted."""
        return [
            f"refused: {case}"
            for case in self.needed
            if case.answer is Answer.DENIED
            or (case.answer is Answer.SILENT and (self.alone or case.ask.principal.account is None))
        ]

    @property
    def let_through(self) -> list[str]:
        """Return the forbidden requests that are granted, or left to another account.

        A request that is left to the caller's own account is not granted yet.
        """
        return [
            f"let through: {case}"
            for case in self.forbidden
            if case.answer is Answer.GRANTED
            or (case.answer is Answer.DELEGATED and not case.ask.is_at_home)
        ]

    @property
    def wildcards(self) -> list[str]:
        """Return the actions with a wildcard."""
        return [
            f"{statement['Sid']}: {action}"
            for statement in self.statements
            for action in listed(statement["Action"])
            if "*" in action
        ]

    @property
    def broad(self) -> list[str]:
        """Return actions on all resources although all requests name a resource."""
        unnamed = {
            case.ask.permission.action
            for case in self.needed
            if case.ask.permission.resource == "*"
        }
        return [
            f"{statement['Sid']}: {action} on everything"
            for statement in self.statements
            if "Principal" not in statement and "*" in listed(statement["Resource"])
            for action in listed(statement["Action"])
            if action not in unnamed
        ]

    @property
    def survivors(self) -> list[str]:
        """Yield the variants of the policy that no request distinguishes from it."""
        cases = (*self.needed, *self.forbidden)
        found = []
        for number, statement in enumerate(self.statements):
            others = [(case, case.without(number)) for case in cases]
            found += [
                f"{statement['Sid']}: {mutant.what}"
                for mutant in mutants(statement)
                if all(
                    max([rest, *(_says(entry, case.ask) for entry in mutant.statements)])
                    is case.answer
                    for case, rest in others
                )
            ]
        return found


def _says(statement: Statement, ask: Ask) -> Answer:
    if "Principal" in statement:
        return says_to(statement, ask.principal, ask.permission)
    return says(statement, ask.permission)


def prove(
    document: Document, needed: Iterable[Ask], bounds: Mapping[str, Bounds], *, alone: bool = True
) -> Proof:
    """Check a policy against requests and the bounds of its statements."""
    found = list(statements([document]))
    made = [_case("needed", ask, found) for ask in {ask.key: ask for ask in needed}.values()]
    bound = [
        (statement["Sid"], bounds[statement["Sid"]], case)
        for number, statement in enumerate(found)
        for case in made
        if case.answers[number] is not Answer.SILENT
    ]
    bound += [(sid, each, case) for sid, each in bounds.items() if each.always for case in made]
    crossed: dict[object, ReplacementContext] = {}
    for sid, each, case in bound:
        for what, ask in each.crossed(case.ask):
            crossed.setdefault(ask.key, _case(f"{sid}, {what}", ask, found))
    return Proof(found, made, list(crossed.values()), alone)


def _case(what: str, ask: Ask, found: Sequence[Statement]) -> ReplacementContext:
    return ReplacementContext(what, ask, tuple(_says(statement, ask) for statement in found))


def faults(
    document: Document,
    needed: Iterable[Ask],
    bounds: Mapping[str, Bounds],
    *,
    alone: bool = True,
    known: Mapping[str, str],
) -> list[str]:
    """Return all errors of a policy; empty if it grants exactly what is needed.

    `known` are accepted findings with their reasons; a known finding that no longer exists is an
    error.
    """
    proof = prove(document, needed, bounds, alone=alone)
    found = [*proof.survivors, *proof.wildcards, *proof.broad]
    names = {statement["Sid"] for statement in proof.statements}
    gone = [entry for entry in known if entry.partition(":")[0] in names and entry not in found]
    return [
        *proof.refused,
        *proof.let_through,
        *(item for item in found if item not in known),
        *(f"no longer: {each}" for each in gone),
    ]


def asked(calls: Iterable[Call], principal: str) -> list[Ask]:
    """Return the requests of a caller that were granted."""
    mine = (call for call in calls if call.principal == principal and call.allowed)
    permissions = chain.from_iterable(call.permissions for call in mine)
    return [Ask(Principal(principal), permission) for permission in permissions]


def granted(document: Document) -> set[str]:
    """Return the actions that a policy grants."""
    return {
        action
        for statement in statements([document])
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
    }
