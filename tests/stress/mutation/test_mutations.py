"""What is changed in a source, rule by rule, and what is left alone."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from tests.stress.mutation.edits import Text
from tests.stress.mutation.mutations import Mutation, enums_of, mutations_of
from tests.stress.mutation.project import OURS

ENUM = b"class Colour(StrEnum):\n    RED = 'red'\n    BLUE = 'blue'\n"


def found(source: str) -> list[Mutation]:
    text = dedent(source).encode()
    return mutations_of("toy", text, enums_of({"enum": ENUM, "toy": text}))


def becomes(source: str, rule: str) -> list[str]:
    """Return what the lines become that a rule changes."""
    return [mutation.after for mutation in found(source) if mutation.rule == rule]


def body(*lines: str, returns: str = "object") -> str:
    return "\n    ".join([f"def f(a, b, c) -> {returns}:", *lines]) + "\n"


RULES = {
    "a boundary moves": (
        "boundary",
        body("x = a <= b < c"),
        ["x = a < b < c", "x = a <= b <= c"],
    ),
    "what is no condition is negated": (
        "negation",
        body("x = [a is b, a not in c]"),
        ["x = [a is not b, a not in c]", "x = [a is b, a in c]"],
    ),
    "a condition is always true": (
        "always",
        body("if a == b:", "    pass", "return [x for x in c if x]"),
        ["if True:", "return [x for x in c if True]"],
    ),
    "a condition is never true": (
        "never",
        body("while a:", "    x = 1 if b else 2"),
        ["while False:", "x = 1 if False else 2"],
    ),
    "what a yes or no function returns is a condition": (
        "always",
        body("return a", returns="bool"),
        ["return True"],
    ),
    "a case is never taken": (
        "never",
        body("match a:", "    case 1 if b:", "        pass", "    case 2:", "        pass"),
        ["case 1 if False:", "case 2 if False:"],
    ),
    "either side of a connective is left out": (
        "operand left out",
        body("x = a and b", "y = a or b"),
        ["x = True and b", "x = a and True", "y = False or b", "y = a or False"],
    ),
    "connectives are swapped one at a time": (
        "and and or",
        body("x = a and (b or c)"),
        ["x = a or (b or c)", "x = a and (b and c)"],
    ),
    "a sign is left out": (
        "sign left out",
        body("x = not (a)", "y = -b"),
        ["x = (a)", "y = b"],
    ),
    "an operator becomes another": (
        "arithmetic",
        body("x = a + b * c", "y = a // b", "z = a | b"),
        ["x = a - b * c", "x = a + b / c", "y = a * b", "z = a & b"],
    ),
    "a number becomes its neighbours, and yes becomes no": (
        "constant",
        "def f(a=7, *, b=True): ...\n",
        ["def f(a=6, *, b=True): ...", "def f(a=8, *, b=True): ...", "def f(a=7, *, b=False): ..."],
    ),
    "a text that is no prose becomes another": (
        "text",
        body('x = "DNS"', 'y = "Some prose."', 'z = f"*.{a}"', 'p = re.compile("a b")'),
        ["x = 'DNSX'", 'z = f"*.{a}" "X"', "p = re.compile('a bX')"],
    ),
    "a member of an enum becomes the next one": (
        "neighbour in the enum",
        body("x = Colour.RED, Colour.BLUE", "match a:", "    case Colour.RED:", "        pass"),
        ["x = Colour.BLUE, Colour.BLUE", "x = Colour.RED, Colour.RED", "case Colour.BLUE:"],
    ),
    "an entry of a table is left out": (
        "entry left out",
        "X = {a: b, **c, d: e}\nY = frozenset({a})\nZ = (a, b)\n",
        [
            "X = {a: b, **{}, d: e}",
            "Y = frozenset(set())",
            "Z = (b)",
            "Z = (a)",
        ],
    ),
    "a tuple that a function returns keeps its entries": (
        "entry left out",
        body("return (a, [b, c])"),
        ["return (a, [c])", "return (a, [b])"],
    ),
    "neighbours in a table change places": (
        "other order",
        "X = (a, b, c)\nY = {*(a, b), c}\n",
        ["X = (b, a, c)", "X = (a, c, b)"],
    ),
    "a function returns nothing": (
        "nothing returned",
        body("return a", returns="list[str]"),
        ["return []"],
    ),
    "what may be absent is absent": (
        "nothing returned",
        body("return a", returns="str | None"),
        ["return None"],
    ),
    "nothing is yielded": (
        "nothing returned",
        body("yield a", "yield from b"),
        ["if False: yield a", "yield from ()"],
    ),
    "there is nothing to repeat": (
        "nothing to repeat",
        body("for x in a:", "    pass"),
        ["for x in ():"],
    ),
    "a statement with an effect is left out": (
        "statement left out",
        body("a.append(b)", "a += b", "a[b] = c", "raise a"),
        ["pass", "pass", "pass", "pass"],
    ),
    "a loop ends early or late": (
        "continue and break",
        body("for x in a:", "    if x:", "        continue", "    break"),
        ["break", "continue"],
    ),
    "a call that brings into form is left out": (
        "call left out",
        body('x = (a or b).lower().strip(" ")', "y = sorted(a)"),
        ['x = (a or b).strip(" ")', "x = (a or b).lower()", "y = list(a)"],
    ),
    "an option is left out": (
        "option left out",
        body("x = max(a, key=b, default=c)"),
        ["x = max(a, key=b)", "x = max(a, default=c)"],
    ),
    "a function is taken for its opposite": (
        "other function",
        body('x = any(a) and b.startswith("-")'),
        ['x = all(a) and b.startswith("-")', 'x = any(a) and b.endswith("-")'],
    ),
}


@pytest.mark.parametrize(("rule", "source", "expected"), RULES.values(), ids=RULES)
def test_each_rule_makes_the_likeliest_mistakes(
    rule: str, source: str, expected: list[str]
) -> None:
    assert sorted(becomes(source, rule)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""A module."""\nimport a, b\nfrom c import d\n',
        "Check = Callable[[int, str], bool]\nEither = Left | Right\n",
        "Table: TypeAlias = Mapping[str, int]\n",
        "@dataclass(frozen=True)\nclass A:\n    '''A class.'''\n    x: int | None = None\n",
        'class A:\n    __slots__ = ("a", "b")\n',
        'X = """\nbody { margin: 0 }\n"""\n',
        "def f(a: int = None) -> Literal['x']:\n    '''A function.'''\n    return\n",
    ],
)
def test_what_decides_nothing_is_left_alone(source: str) -> None:
    assert found(source) == []


def test_a_mutation_is_named_by_its_lines_and_its_definition_and_not_by_where_they_stand() -> None:
    first = found("class A:\n    def f(self):\n        return 1 + 1\n")
    moved = found("x = a\n\n\nclass A:\n    def f(self):\n        return 1 + 1\n")
    assert [entry.key for entry in moved] == [item.key for item in first]
    assert {each.where for each in first} == {"A.f"}
    assert [each.line for each in moved] == [each.line + 3 for each in first]
    assert len({each.key for each in first}) == len(first)


def test_tests_that_run_a_statement_s_first_line_run_its_mutations() -> None:
    source = body("if (a and", "        b):", "    c.append(", "        1)")
    spans = {entry.before: entry.span for entry in found(source)}
    assert spans["if (a and"] == (2, 3)
    assert spans["1)"] == (4, 5)


def statements(source: bytes) -> list[tuple[int, int]]:
    """Return where each statement of a module that nothing holds begins and ends."""
    text = Text(source)
    return [(text.start(node), text.end(node)) for node in ast.parse(source).body]


def test_no_mutation_is_mere_nonsense() -> None:
    sources = OURS.sources()
    mutations = OURS.mutations()
    outermost = {module: statements(source) for module, source in sources.items()}
    for mutation in mutations:
        # Its outermost statement is compiled alone: whole modules would take twenty times as long.
        start, end = next(
            (start, end)
            for start, end in outermost[mutation.module]
            if start <= mutation.start <= mutation.end <= end
        )
        source = sources[mutation.module]
        changed = mutation.applied(source)[
            start : end + len(mutation.applied(source)) - len(source)
        ]
        assert changed != source[start:end]
        assert len(ast.parse(changed).body) == 1
    assert len({item.key for item in mutations}) == len(mutations)
    assert {entry.module for entry in mutations} == sources.keys()
