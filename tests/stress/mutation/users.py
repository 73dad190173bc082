"""Which lines use what the import of a module makes: its constants, its classes' fields, defaults.

Uses are found by name alone, so that rather too many are found than too few.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Lines = dict[str, set[int]]


@dataclass(frozen=True, slots=True)
class Users:
    """The names that the statements of modules bind, and where each name is mentioned.

    `bound` has, by module and line, the names that depend on a statement outside functions;
    `mentions` the lines of the functions that mention a name; `carried` the names that depend on
    a name because a statement outside functions mentions it.
    """

    bound: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    mentions: dict[str, Lines] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    carried: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(cls, sources: Mapping[str, bytes]) -> Users:
        """Read modules."""
        users = cls()
        for module, source in sources.items():
            for node, names in _statements(ast.parse(source)):
                users._add(module, node, names)
        return users

    def _add(self, module: str, node: ast.stmt, names: set[str]) -> None:
        last = node.end_lineno or node.lineno
        lines = set(range(node.lineno, last + 1))
        if isinstance(node, ast.FunctionDef):
            # Its defaults stand before its body, maybe on lines of their own.
            last = max(node.lineno, node.body[0].lineno - 1)
        for line in range(node.lineno, last + 1):
            self.bound[module, line] |= names
        for mentioned in _mentioned(node):
            if isinstance(node, ast.FunctionDef):
                self.mentions[mentioned][module] |= lines
            else:
                self.carried[mentioned] |= names

    def names(self, module: str, span: tuple[int, int]) -> set[str]:
        """Return the names of what depends on some lines of a module."""
        first, last = span
        left = {name for line in range(first, last + 1) for name in self.bound[module, line]}
        seen: set[str] = set()
        while left:
            name = left.pop()
            seen.add(name)
            left |= self.carried[name] - seen
        return seen

    def lines(self, names: Iterable[str]) -> Lines:
        """Return the lines of all functions that mention one of some names."""
        found: Lines = defaultdict(set)
        for name in names:
            for module, lines in self.mentions[name].items():
                found[module] |= lines
        return found


def mentioned(source: bytes) -> set[str]:
    """Return every name that stands in a file."""
    return _mentioned(ast.parse(source))


def _statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, set[str]]]:
    """Yield each statement of a module and of its classes with the names that it binds."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                # What a class holds is used by its name; a member of an enum, and what has none,
                # by the name of the class.
                whole = isinstance(inner, ast.Assign) or not _names(inner)
                yield inner, _names(inner) | ({node.name} if whole else set())
        else:
            yield node, _names(node)


def _names(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            found = (entry for target in targets for entry in ast.walk(target))
            return {item.id for item in found if isinstance(item, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def _mentioned(node: ast.AST) -> set[str]:
    found = set()
    for entry in ast.walk(node):
        match entry:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case _:
                pass
    return found
