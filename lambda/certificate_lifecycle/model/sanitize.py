"""Text from AWS and from callers, made safe and short enough to show.

Names, tags, messages and events may be huge, deeply nested, or full of control characters that
change what a terminal shows.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from reprlib import Repr

#: Longer than any domain name and any accepted ARN.
_MAX_STRING = 300
_MAX_QUOTED = 400
#: Python converts longer integers slowly or not at all.
_MAX_INT_BITS = 200
_MAX_ITEMS = 6
_MAX_DEPTH = 3
#: The start of a URL, but not of a file.
_URL = re.compile(r"(?i)\b(?!fileb?:)([a-z][a-z0-9+.-]*):(?=//)//")
#: The separator of a URL that no client links.
BROKEN = "[:]//"
#: `clean_lines` does not shorten a line.
_UNLIMITED = 1_000_000


def clean(text: str, limit: int = 1000) -> str:
    """Return `text` on one line, without control, format and direction characters."""
    folded = " ".join(_visible(text).split())
    return folded if len(folded) <= limit else folded[: limit - 3] + "..."


def break_links(text: str) -> str:
    """Return `text` with each URL broken, such as `https[:]//`, so that no client links it.

    Commands keep the `file://` and `fileb://` of the AWS CLI.
    """
    return _URL.sub(rf"\1{BROKEN}", text)


def clean_lines(text: str) -> str:
    """Return `text` cleaned line by line and not shortened: lines may be commands to copy."""
    return "\n".join(clean(line, _UNLIMITED) for line in text.splitlines())


def clean_layout(text: str) -> str:
    """Return a text of this package that quotes others: cleaned, with its lines and spaces."""
    return "\n".join(_visible(line) for line in text.split("\n"))


def _visible(text: str) -> str:
    if text.isprintable():  # nearly always, and much cheaper to test
        return text
    return "".join(" " if _is_control(character) else character for character in text)


def _is_control(character: str) -> bool:
    """Whether a character controls, formats or separates something, or is unassigned."""
    return unicodedata.category(character)[0] == "C" or character in "\u2028\u2029"


class _Repr(Repr):
    """Python's representation of a value, with limits."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = _MAX_STRING
        self.maxlevel = _MAX_DEPTH
        self.maxlist = self.maxdict = self.maxtuple = _MAX_ITEMS

    def repr_int(self, x: int, level: int) -> str:
        """Return an integer as text, unless the conversion would take long."""
        return super().repr_int(x, level) if x.bit_length() <= _MAX_INT_BITS else "a number"


def quoted(value: object) -> str:
    """Return Python's representation of a value on one line, shortened where it is long."""
    text = _Repr().repr(value)
    return text if len(text) <= _MAX_QUOTED else f"{text[: _MAX_QUOTED - 3]}..."


def listed(names: Sequence[str], most: int) -> str:
    """Return the first `most` names with commas between them, and the number of the others."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def truncate(texts: Sequence[str], *, longest: int, most_bytes: int) -> list[str]:
    """Return the first of `texts`, cleaned and without empty ones, within `most_bytes` of JSON.

    A text is shortened to `longest` characters; bytes are those of ASCII-only JSON.
    """
    shown: list[str] = []
    size = 0
    for text in texts:
        cleaned = clean(text, longest)
        size += len(json.dumps(cleaned)) + len(", ")
        if size > most_bytes:
            break
        if cleaned:
            shown.append(cleaned)
    return shown
