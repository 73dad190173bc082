"""What is tried in place of an expression, whatever it stands in."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

#: Where the statements of a module stand that no class or function holds.
MODULE = "module"

_BOUNDARIES: dict[type[ast.cmpop], str] = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
_NEGATIONS: dict[type[ast.cmpop], str] = {
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
_COMPARISON = re.compile(rb"<=|>=|==|!=|<|>|is\s+not|not\s+in|is|in")
_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.BitXor: "&",
    ast.LShift: ">>",
    ast.RShift: "<<",
}
_OPERATOR = re.compile(rb"\*\*|//|<<|>>|[-+*/%&|^]")
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min", "floor": "ceil"}
_METHODS = {
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
    "fullmatch": "search",
    "match": "search",
}
#: Calls that are left out: what they are called on stays as it is.
_NORMALISING = frozenset(
    {"lower", "upper", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace"}
)
#: And functions of which the argument stays.
_ORDERING = {"sorted": "list({})", "reversed": "{}", "abs": "{}"}
_OPTIONS = frozenset({"key", "default", "reverse"})
#: What stands between two entries of a display.
_SEPARATOR = re.compile(rb"\s*,(\s|#[^\n]*\n)*")

Display = ast.Dict | ast.List | ast.Set | ast.Tuple


@dataclass(frozen=True, slots=True)
class Edit:
    """The bytes from `start` to `end` become `text`."""

    rule: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node stands.

    `where` is its definition, `span` the lines of its statement, `returns` the annotation of the
    function, if it is in one.
    A `condition` is tried as true and as false; a `part` of one is not negated.
    A `pattern` is a decision whatever it has in it; what is unpacked `in_set` has no order.
    """

    where: str = MODULE
    span: tuple[int, int] = (1, 1)
    in_enum: bool = False
    returns: str | None = None
    condition: bool = False
    part: bool = False
    pattern: bool = False
    in_set: bool = False

    @property
    def in_function(self) -> bool:
        """Whether it is run by calls, and not by the import."""
        return self.returns is not None

    @property
    def in_table(self) -> bool:
        """Whether it is a constant of the module or of a class, and not an enum's member."""
        return not self.in_function and not self.in_enum

    def inside(self, **changes: Any) -> Place:  # noqa: ANN401 - any field of a place
        """Return the place of what stands in an expression that stands here."""
        plain = replace(self, condition=False, part=False, pattern=False, in_set=False)
        return replace(plain, **changes) if changes else plain


class Text:
    """The source, and where a node of its tree stands in it: the tree counts bytes of UTF-8."""

    def __init__(self, source: bytes) -> None:
        """Note where each line starts."""
        self.source = source
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: ast.expr | ast.stmt | ast.pattern | ast.keyword) -> int:
        """Return the position of the first byte of a node."""
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.expr | ast.stmt | ast.pattern | ast.keyword) -> int:
        """Return the position behind a node."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: ast.expr | ast.stmt) -> str:
        """Return the source of a node, without brackets around it."""
        return self.source[self.start(node) : self.end(node)].decode()

    def line(self, position: int) -> int:
        """Return the number of the line of a position."""
        return bisect_right(self._starts, position)

    def lines(self, edit: Edit) -> tuple[str, str]:
        """Return the lines that an edit touches, before and after it, each as one."""
        first = self._starts[self.line(edit.start) - 1]
        last = self.source.find(b"\n", edit.end)
        head, tail = self.source[first : edit.start], self.source[edit.end : last]
        after = head.decode() + edit.text + tail.decode()
        return _one_line(self.source[first:last].decode()), _one_line(after)

    def instead(self, rule: str, node: ast.expr | ast.stmt, text: str) -> Edit:
        """Return the edit that puts `text` in the place of a node."""
        return Edit(rule, self.start(node), self.end(node), text)


def _one_line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip())


def is_prose(text: str) -> bool:
    """Whether a text is for people: it has white space in it."""
    return re.search(r"\s", text) is not None


@dataclass(frozen=True, slots=True)
class Edits:
    """Every edit of one expression, without those of the expressions that it holds."""

    text: Text
    enums: Mapping[str, Sequence[str]]

    def of(self, node: ast.expr, place: Place) -> Iterator[Edit]:
        """Yield the edits of a node."""
        match node:
            case ast.Compare():
                yield from self._comparison(node, negated=not (place.condition or place.part))
            case ast.BoolOp():
                yield from self._connected(node)
            case ast.UnaryOp():
                yield from self._sign(node)
            case ast.BinOp():
                yield from self._arithmetic(node)
            case ast.Constant():
                yield from self._constant(node, pattern=place.pattern)
            case ast.Attribute(value=ast.Name(id=enum)) if enum in self.enums:
                yield from self._neighbour(node, enum)
            case ast.Call():
                yield from self._call(node)
            case ast.Dict() | ast.List() | ast.Set() | ast.Tuple():
                yield from self._display(node, place)
            case _:
                pass

    def _comparison(self, node: ast.Compare, *, negated: bool) -> Iterator[Edit]:
        operands = pairwise([node.left, *node.comparators])
        for (left, right), operator in zip(operands, node.ops, strict=True):
            start, end = self._between(_COMPARISON, left, right)
            if type(operator) in _BOUNDARIES:
                yield Edit("boundary", start, end, _BOUNDARIES[type(operator)])
            if negated:
                yield Edit("negation", start, end, _NEGATIONS[type(operator)])

    def _connected(self, node: ast.BoolOp) -> Iterator[Edit]:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        word = re.compile(rf"\b{old}\b".encode())
        for left, right in pairwise(node.values):
            start, end = self._between(word, left, right)
            yield Edit("and and or", start, end, new)

    def _sign(self, node: ast.UnaryOp) -> Iterator[Edit]:
        signs: dict[type[ast.unaryop], str] = {ast.Not: "not ", ast.USub: "-"}
        if type(node.op) in signs:
            start = self.text.start(node)
            yield Edit("sign left out", start, start + len(signs[type(node.op)]), "")

    def _arithmetic(self, node: ast.BinOp) -> Iterator[Edit]:
        if not any(_is_text(side) for side in (node.left, node.right)):
            start, end = self._between(_OPERATOR, node.left, node.right)
            yield Edit("arithmetic", start, end, _ARITHMETIC[type(node.op)])

    def _constant(self, node: ast.Constant, *, pattern: bool) -> Iterator[Edit]:
        value = node.value
        if isinstance(value, bool):
            yield self.text.instead("constant", node, repr(not value))
        elif isinstance(value, int | float):
            yield self.text.instead("constant", node, repr(value + 1))
            yield self.text.instead("constant", node, repr(value - 1))
        elif isinstance(value, bytes):
            yield self.text.instead("text", node, repr(value + b"X"))
        elif isinstance(value, str) and (pattern or not is_prose(value)):
            yield self.text.instead("text", node, repr(f"{value}X"))

    def _neighbour(self, node: ast.Attribute, enum: str) -> Iterator[Edit]:
        members = self.enums[enum]
        if node.attr in members:
            other = members[(members.index(node.attr) + 1) % len(members)]
            yield self.text.instead("neighbour in the enum", node, f"{enum}.{other}")

    def _call(self, node: ast.Call) -> Iterator[Edit]:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
        end = self.text.end(function)
        other = _FUNCTIONS.get(name)
        if isinstance(function, ast.Attribute):
            other = _METHODS.get(name, other)
            if name in _NORMALISING:
                dot = end - len(f".{name}")
                yield Edit("call left out", dot, self.text.end(node), "")
        elif name in _ORDERING and node.args:
            kept = _ORDERING[name].format(self.text.of(node.args[0]))
            yield self.text.instead("call left out", node, kept)
        if other is not None:
            yield Edit("other function", end - len(name), end, other)
        for option in node.keywords:
            if option.arg in _OPTIONS:
                yield from self._without_option(option)

    def _without_option(self, option: ast.keyword) -> Iterator[Edit]:
        start, end = self.text.start(option), self.text.end(option)
        comma = self.text.source.rfind(b",", 0, start)
        if not self.text.source[comma + 1 : start].strip():
            yield Edit("option left out", comma, end, "")

    def _display(self, node: Display, place: Place) -> Iterator[Edit]:
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if key is None:
                    yield self.text.instead("entry left out", value, "{}")
        if place.in_table or not isinstance(node, ast.Tuple):
            yield from self._shorter(node)
        if place.in_table and not place.in_set and isinstance(node, ast.List | ast.Tuple):
            yield from self._other_order(node)

    def _shorter(self, node: Display) -> Iterator[Edit]:
        """Leave out one entry after the other."""
        entries = self._entries(node)
        if len(entries) == 1:
            empty = {ast.Dict: "{}", ast.List: "[]", ast.Set: "set()", ast.Tuple: "()"}
            yield self.text.instead("entry left out", node, empty[type(node)])
        for (start, end), (second, last) in pairwise(entries):
            if _SEPARATOR.fullmatch(self.text.source[end:second]):
                yield Edit("entry left out", start, second, "")
                if (second, last) == entries[-1]:
                    yield Edit("entry left out", end, last, "")

    def _other_order(self, node: ast.List | ast.Tuple) -> Iterator[Edit]:
        """Swap each entry with the next one."""
        source = self.text.source
        for (start, end), (second, last) in pairwise(self._entries(node)):
            one, between, other = source[start:end], source[end:second], source[second:last]
            if one != other and _SEPARATOR.fullmatch(between):
                yield Edit("other order", start, last, (other + between + one).decode())

    def _entries(self, node: Display) -> list[tuple[int, int]]:
        """Return where the entries stand; of a dict those that have a key."""
        if isinstance(node, ast.Dict):
            return [
                (self.text.start(key), self.text.end(value))
                for key, value in zip(node.keys, node.values, strict=True)
                if key is not None
            ]
        return [(self.text.start(entry), self.text.end(entry)) for entry in node.elts]

    def _between(
        self, wanted: re.Pattern[bytes], left: ast.expr, right: ast.expr
    ) -> tuple[int, int]:
        """Return where an operator stands: nothing else but brackets and comments do there."""
        found = wanted.search(self.text.source, self.text.end(left), self.text.start(right))
        assert found is not None
        return found.span()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )
