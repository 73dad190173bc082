"""All changes to a source file.

A mutation is an edit of the text at one node of the syntax tree. It replaces one decision with a
likely mistake: a boundary that is off by one, a condition that is always or never true, a missing
table entry, the neighbour of an enum member.

Docstrings, annotations, type aliases, decorators, imports and prose are not changed. Prose is text
with white space that is not a regular expression.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from tests.stress.mutation.edits import MODULE, Edit, Edits, Place, Text, is_prose

#: What a function returns that found nothing, by the beginning of its annotation.
_EMPTY = {
    "str": '""',
    "int": "0",
    "list": "[]",
    "Sequence": "[]",
    "Iterable": "[]",
    "dict": "{}",
    "Mapping": "{}",
    "set": "set()",
    "frozenset": "frozenset()",
}
_ENUMS = frozenset({"Enum", "StrEnum", "IntEnum", "Documented"})
_ALIASES = frozenset({"Callable", "Literal", "Mapping", "Sequence", "tuple", "dict"})
#: The parts of a node that hold no decision.
_SILENT = frozenset({"annotation", "ops", "op", "ctx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One edit: the bytes from `start` to `end` of a module's source become `text`.

    `before` and `after` are the affected lines without indentation; `nth` distinguishes equal lines
    of one definition. `span` is the first and last line of its statement, without the body of a
    compound statement: a test that runs one of them runs the mutation.
    """

    module: str
    where: str
    line: int
    span: tuple[int, int]
    rule: str
    before: str
    after: str
    start: int
    end: int
    text: str
    nth: int = 0

    @property
    def key(self) -> str:
        """What names it as long as neither its lines nor its definition's name change."""
        identity = "\n".join((self.module, self.where, self.before, self.after, str(self.nth)))
        return sha256(identity.encode()).hexdigest()[:16]

    @property
    def order(self) -> tuple[str, int, int, str]:
        """Where it stands among all mutations."""
        return self.module, self.start, self.end, self.text

    def __str__(self) -> str:
        """Say it in a line that an editor can follow."""
        return f"{self.module}.py:{self.line} {self.where}: {self.before} => {self.after}"

    def applied(self, source: bytes) -> bytes:
        """Return the source with this one change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def enums_of(sources: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return the members of every enum of some modules, in order."""
    return {
        node.name: [
            target.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        ]
        for source in sources.values()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and _is_enum(node)
    }


def mutations_of(module: str, source: bytes, enums: Mapping[str, Sequence[str]]) -> list[Mutation]:
    """Return every mutation of a module, in the order of its lines."""
    text = Text(source)
    finder = _Finder(text, Edits(text, enums))
    found = []
    for place, edit in finder.statements(ast.parse(source).body, Place()):
        before, after = text.lines(edit)
        found.append(
            Mutation(
                module=module,
                where=place.where,
                line=text.line(edit.start),
                span=place.span,
                rule=edit.rule,
                before=before,
                after=after,
                start=edit.start,
                end=edit.end,
                text=edit.text,
            )
        )
    found.sort(key=lambda each: each.order)
    return list(_numbered(found))


def _numbered(found: Sequence[Mutation]) -> Iterator[Mutation]:
    seen: Counter[str] = Counter()
    for mutation in found:
        yield replace(mutation, nth=seen[mutation.key])
        seen[mutation.key] += 1


_Found = Iterator[tuple[Place, Edit]]


@dataclass(frozen=True, slots=True)
class _Finder:
    """Walks a tree and yields what can be changed, each with its place."""

    text: Text
    edits: Edits

    # --- Statements -------------------------------------------------------------------------------

    def statements(self, body: Sequence[ast.stmt], place: Place) -> _Found:
        """Yield what can be changed in statements."""
        for node in body:
            found = getattr(self, f"_{type(node).__name__.lower()}", self._other)
            yield from found(node, replace(place, span=_span(node)))

    def _other(self, node: ast.stmt, place: Place) -> _Found:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                return
            case ast.AugAssign() | ast.Raise() | ast.Delete() | ast.Expr(value=ast.Call()):
                yield place, self.text.instead("statement left out", node, "pass")
            case _:
                pass
        yield from self._children(node, place)

    def _assign(self, node: ast.Assign, place: Place) -> _Found:
        match node.targets:
            case [ast.Name(id="__slots__")]:
                return
            case [ast.Attribute() | ast.Subscript()]:
                yield place, self.text.instead("statement left out", node, "pass")
            case _:
                pass
        if place.in_function or not _is_alias(node.value):
            yield from self._children(node, place)

    def _annassign(self, node: ast.AnnAssign, place: Place) -> _Found:
        if not (isinstance(node.annotation, ast.Name) and node.annotation.id == "TypeAlias"):
            yield from self._other(node, place)

    def _classdef(self, node: ast.ClassDef, place: Place) -> _Found:
        inner = replace(place, where=_inside(place, node.name), in_enum=_is_enum(node))
        yield from self.statements(node.body, inner)

    def _functiondef(self, node: ast.FunctionDef, place: Place) -> _Found:
        outer = replace(place, where=_inside(place, node.name), in_enum=False)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                yield from self._expression(default, outer)
        returns = ast.unparse(node.returns) if node.returns else ""
        yield from self.statements(node.body, replace(outer, returns=returns))

    def _if(self, node: ast.If, place: Place) -> _Found:
        yield from self._expression(node.test, place.inside(condition=True))
        yield from self.statements([*node.body, *node.orelse], place)

    def _while(self, node: ast.While, place: Place) -> _Found:
        yield place, self.text.instead("never", node.test, "False")
        yield from self._expression(node.test, place.inside(part=True))
        yield from self.statements([*node.body, *node.orelse], place)

    def _for(self, node: ast.For, place: Place) -> _Found:
        yield place, self.text.instead("nothing to repeat", node.iter, "()")
        yield from self._expression(node.iter, place)
        yield from self.statements([*node.body, *node.orelse], place)

    def _with(self, node: ast.With, place: Place) -> _Found:
        for item in node.items:
            yield from self._expression(item.context_expr, place)
        yield from self.statements(node.body, place)

    def _try(self, node: ast.Try, place: Place) -> _Found:
        yield from self.statements(node.body, place)
        for handler in node.handlers:
            yield from self.statements(handler.body, place)
        yield from self.statements([*node.orelse, *node.finalbody], place)

    def _match(self, node: ast.Match, place: Place) -> _Found:
        yield from self._expression(node.subject, place)
        for case in node.cases:
            span = (case.pattern.lineno, case.body[0].lineno - 1)
            yield from self._case(case, replace(place, span=span))
            yield from self.statements(case.body, place)

    def _case(self, node: ast.match_case, place: Place) -> _Found:
        if node.guard is not None:
            yield from self._expression(node.guard, place.inside(condition=True))
        elif not (isinstance(node.pattern, ast.MatchAs) and node.pattern.pattern is None):
            end = self.text.end(node.pattern)
            yield place, Edit("never", end, end, " if False")
        for pattern in ast.walk(node.pattern):
            if isinstance(pattern, ast.MatchValue):
                yield from self._expression(pattern.value, place)

    def _return(self, node: ast.Return, place: Place) -> _Found:
        if node.value is None:
            return
        if place.returns == "bool":
            yield from self._expression(node.value, place.inside(condition=True))
            return
        empty = _empty(place.returns or "")
        if self.text.of(node.value) != empty:
            yield place, self.text.instead("nothing returned", node.value, empty)
        yield from self._expression(node.value, place)

    def _expr(self, node: ast.Expr, place: Place) -> _Found:
        match node.value:
            case ast.Yield():
                text = f"if False: {self.text.of(node)}"
                yield place, self.text.instead("nothing returned", node, text)
                yield from self._children(node, place)
            case ast.YieldFrom(value=value):
                yield place, self.text.instead("nothing returned", value, "()")
                yield from self._expression(value, place)
            case _:
                yield from self._other(node, place)

    def _continue(self, node: ast.Continue, place: Place) -> _Found:
        yield place, self.text.instead("continue and break", node, "break")

    def _break(self, node: ast.Break, place: Place) -> _Found:
        yield place, self.text.instead("continue and break", node, "continue")

    # --- Expressions ------------------------------------------------------------------------------

    def _children(self, node: ast.AST, place: Place) -> _Found:
        """Yield what can be changed in the expressions that a node holds."""
        inner = place.inside(in_set=isinstance(node, ast.Set))
        for name, value in ast.iter_fields(node):
            if name not in _SILENT:
                for child in value if isinstance(value, list) else [value]:
                    yield from self._child(child, inner)

    def _child(self, node: object, place: Place) -> _Found:
        match node:
            case ast.Starred(value=value):
                yield from self._expression(value, place)
            case ast.expr():
                yield from self._expression(node, place)
            case ast.keyword(value=value):
                yield from self._expression(value, place)
            case ast.comprehension(iter=repeated, ifs=tests):
                yield from self._expression(repeated, place)
                for test in tests:
                    yield from self._expression(test, place.inside(condition=True))
            case _:
                pass

    def _expression(self, node: ast.expr, place: Place) -> _Found:
        if isinstance(node, ast.JoinedStr):
            yield from self._formatted(node, place)
            return
        if place.condition and not isinstance(node, ast.Constant):
            yield place, self.text.instead("always", node, "True")
            yield place, self.text.instead("never", node, "False")
        for edit in self.edits.of(node, place):
            yield place, edit
        match node:
            case ast.IfExp():
                yield from self._expression(node.test, place.inside(condition=True))
                yield from self._expression(node.body, place.inside())
                yield from self._expression(node.orelse, place.inside())
            case ast.BoolOp():
                neutral = "True" if isinstance(node.op, ast.And) else "False"
                for value in node.values:
                    yield place, self.text.instead("operand left out", value, neutral)
                    yield from self._expression(value, place.inside(part=True))
            case ast.Lambda():
                yield from self._expression(node.body, place.inside())
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                for argument in node.args:
                    yield from self._expression(argument, place.inside(pattern=True))
            case _:
                yield from self._children(node, place)

    def _formatted(self, node: ast.JoinedStr, place: Place) -> _Found:
        texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
        if not any(is_prose(str(text)) for text in texts):
            end = self.text.end(node)
            yield place, Edit("text", end, end, ' "X"')
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from self._expression(part.value, place.inside())


def _is_enum(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id in _ENUMS for base in node.bases)


def _span(node: ast.stmt) -> tuple[int, int]:
    """Return the first and last line of a statement, of a compound one without its body."""
    last = node.end_lineno
    match node:
        case ast.If(test=head) | ast.While(test=head) | ast.For(iter=head):
            last = head.end_lineno
        case ast.Match(subject=head):
            last = head.end_lineno
        case ast.FunctionDef() | ast.ClassDef() | ast.Try() | ast.With():
            last = node.lineno
        case _:
            pass
    return node.lineno, last or node.lineno


def _inside(place: Place, name: str) -> str:
    """Return the name of a definition; what is defined in a function belongs to that function."""
    if place.in_function:
        return place.where
    return name if place.where == MODULE else f"{place.where}.{name}"


def _is_alias(value: ast.expr) -> bool:
    """Whether a value is the name of a type, which nothing decides by."""
    match value:
        case ast.Subscript(value=ast.Name(id=name)):
            return name in _ALIASES
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return all(isinstance(side, ast.Name) or _is_alias(side) for side in (left, right))
        case _:
            return False


def _empty(annotation: str) -> str:
    if annotation.endswith("| None"):
        return "None"
    if annotation.startswith("tuple[") and annotation.endswith("...]"):
        return "()"
    return _EMPTY.get(annotation.partition("[")[0], "None")
