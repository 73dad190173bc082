"""What others have written, as people may read it: a text, and neither markup nor a way to hide.

Names, tags, messages and events come from AWS and from whoever made a certificate or calls us.
They may be huge, deep, or full of characters that steer a terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from reprlib import Repr

#: Longer than any domain name, and than any ARN that is taken anywhere.
_LONGEST_TEXT = 300
_LONGEST = 400
#: Python writes longer numbers only unwillingly, and nobody reads them.
_LONGEST_NUMBER_BITS = 200
_SHOWN = 6
_DEPTH = 3
#: No text of a certificate is cut here: what is data stays whole, see `clean_lines`.
_WHOLE = 1_000_000


def clean(text: str, limit: int = 1000) -> str:
    """Return `text` on one line, without control, format and direction characters."""
    folded = " ".join(_visible(text).split())
    return folded if len(folded) <= limit else folded[: limit - 3] + "..."


def clean_lines(text: str) -> str:
    """Return `text` cleaned line by line and not cut: lines may be commands, to be copied whole."""
    return "\n".join(clean(line, _WHOLE) for line in text.splitlines())


def laid_out(text: str) -> str:
    """Return a text of ours with others' in it: cleaned, and every line and space in its place."""
    return "\n".join(_visible(line) for line in text.split("\n"))


def _visible(text: str) -> str:
    if text.isprintable():  # as nearly all text is, and this is far cheaper to find out
        return text
    return "".join(" " if _steers(entry) else entry for entry in text)


def _steers(character: str) -> bool:
    """Whether a character controls, formats or separates something, or stands for nothing yet."""
    return unicodedata.category(character)[0] == "C" or character in "\u2028\u2029"


class _Repr(Repr):
    """Writes as Python does, and stops in time."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = _LONGEST_TEXT
        self.maxlevel = _DEPTH
        self.maxlist = self.maxdict = self.maxtuple = _SHOWN

    def repr_int(self, x: int, level: int) -> str:
        """Write a number, unless it is one that would be computed for a while."""
        return super().repr_int(x, level) if x.bit_length() <= _LONGEST_NUMBER_BITS else "a number"


def quoted(value: object) -> str:
    """Return a value as Python writes it, texts in quotes: on one line, and cut where it is long.

    Characters that cannot be seen are written as escapes.
    """
    text = _Repr().repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def listed(names: Sequence[str], most: int) -> str:
    """Return the first of some names with commas between them, and how many more there are."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown
