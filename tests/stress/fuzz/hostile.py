"""Hostile and malformed texts, names and JSON."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from hypothesis import strategies as st

#: Characters that control a terminal or hide text: controls, line ends, directions.
CONTROLS = (
    *("\x00", "\x07", "\x08", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"),
    *("\u200b", "\u200e", "\u202a", "\u202e", "\u2066", "\u2069", "\u061c", "\ufeff", "\U000e0041"),
)
#: Texts that some readers interpret.
MARKUP = (
    *(
        "<script>alert(1)</script>",
        "</script><script>alert(1)//",
        "<!--",
        "-->",
        "]]>",
        "&lt;b&gt;",
    ),
    *('"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "</title>", "</textarea>"),
    *("javascript:alert(1)", "data:text/html,<b>", "<!here>", "<@U024BE7LH>", "[a](https://evil)"),
    *("=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\uff1d1", "'=1", '"=1', ";=1"),
    *(
        "[bold red]x[/]",
        "[/]",
        "[link=https://evil]x[/link]",
        "\x1b[2J",
        "\x1b]8;;https://evil\x07",
    ),
    *("%s%n%x", "{0}{}", "${jndi:ldap://evil}", "$(id)", "`id`", "*x*", "_x_", "~x~", "|", "\\"),
    *("../../etc/passwd", "NaN", "null", "0x10", "1e309", "-0"),
)
#: Exceptions of the standard library for unexpected values.
UNTYPED = re.compile(
    r"\b(Key|Attribute|Type|Index|Value|Overflow|Recursion|Lookup|Unicode\w*|Assertion|Name"
    r"|ZeroDivision|Arithmetic|Runtime|NotImplemented|UnboundLocal|Memory|StopIteration)Error\b"
)

letters = st.characters(codec="utf-8")
pieces = st.one_of(
    st.sampled_from(CONTROLS),
    st.sampled_from(MARKUP),
    st.text(letters, max_size=8),
    st.sampled_from(
        ["example.com", "a", ".", " ", "\ud800", "é", "ß", "İ", "\U0001d482", "🦊", "e\u0301" * 9]
    ),
)
#: Any text, sometimes a long one.
texts = st.one_of(
    st.lists(pieces, max_size=5).map("".join),
    st.lists(pieces, min_size=1, max_size=3).map(lambda parts: "".join(parts) * 200),
)

labels = st.one_of(
    st.sampled_from(
        [
            *(
                "a",
                "example",
                "www",
                "xn--bcher-kva",
                "xn--80ak6aa92e",
                "xn--a",
                "xn--",
                "XN--NXASMM1C",
            ),
            *(
                "bücher",
                "straße",
                "STRAẞE",
                "İstanbul",
                "例え",
                "ΝΑΌΣ",
                "Ⅷ",
                "\u210c",
                "\u0378",
                "Ꮿ",
                "🦊",
            ),
            *(
                "*",
                "\uff0a",
                "**",
                "a*",
                "*a",
                "\\052",
                "_acme",
                "-a",
                "a-",
                "a--b",
                "",
                "1",
                "256",
                "0x7f",
            ),
            *("a" * 63, "a" * 64, "ü" * 50, "ü" * 60, "a b", "a\x00", "a\n", "\u202ea", "a\u200db"),
            *("<b>", "a'", 'a"', "a/", "a:443", "a@b", "%2e", "\ud800", "\u0661\u0662", "com"),
        ]
    ),
    st.text(letters, min_size=1, max_size=6),
    st.text("abcXYZ019-", min_size=1, max_size=64),
)
dots = st.sampled_from([".", ".", ".", ".", "\u3002", "\uff0e", "\uff61", "\u2024", "..", ". "])


@st.composite
def names(draw: st.DrawFn) -> str:
    """Draw a domain name, most often one that is nearly valid."""
    parts = draw(st.lists(labels, min_size=1, max_size=6))
    text = parts[0]
    for part in parts[1:]:
        text += draw(dots) + part
    before = draw(st.sampled_from(["", "", "", "*.", "\uff0a.", "*", " ", "."]))
    after = draw(st.sampled_from(["", "", "", ".example.com", ".com", ".", "..", "。", " ", "\n"]))
    return before + text + after


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 1, 366, 10**4, 10**18, 10**400, 0.5, -0.0, 1e308]),
    st.floats(allow_nan=True, allow_infinity=True),
    texts,
)
#: Any small JSON value.
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def nested(depth: int, *, in_lists: bool = True) -> Any:  # noqa: ANN401 - JSON has any type
    """Return JSON that is too deep for recursion."""
    value: Any = "deep"
    for _ in range(depth):
        value = [value] if in_lists else {"deep": value}
    return value


def is_plain(text: str, *, lines: bool = False) -> bool:
    """Whether a text has no control or direction characters; line ends only if allowed."""
    shown = text.replace("\n", "") if lines else text
    # Other spaces are harmless, and Python does not print them unescaped.
    return shown.isprintable() or not any(
        unicodedata.category(entry)[0] == "C" or entry in "\u2028\u2029" for entry in shown
    )


def require_own_words(error: Exception) -> None:
    """Require an error with a readable message that is not one of Python's."""
    assert is_plain(str(error), lines=True)
    assert not UNTYPED.search(str(error)), error
