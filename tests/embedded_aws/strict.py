"""Check what was sent against the service's own model.

botocore checks required members, types and minimum lengths only: patterns, maximum lengths and
enumerations pass it and are refused by AWS.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

# Java's names for ASCII classes, as they appear inside the models' patterns.
JAVA_CLASSES = {
    "ASCII": r"\x00-\x7f",
    "Print": r"\x20-\x7e",
    "Graph": r"\x21-\x7e",
    "Alpha": "a-zA-Z",
    "Alnum": "a-zA-Z0-9",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Space": r"\s",
    "Punct": re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
}
UNICODE_CLASS = re.compile(r"\\p\{(?:Is)?(\w+)\}")


def violations(shape: Shape | None, value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401
    """Say, in the words that AWS uses, where `value` breaks `shape`."""
    if shape is None or value is None:
        return
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), path, value, unit="length")
        for index, member in enumerate(value, start=1):
            yield from violations(shape.member, member, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, member in value.items():
            yield from violations(shape.key, key, f"{path}.key")
            yield from violations(shape.value, member, f"{path}.{key}.member")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _string(shape, value, path)
    elif shape.type_name == "blob" and isinstance(value, bytes):
        yield from _size(shape, len(value), path, "java.nio.HeapByteBuffer", unit="length")
    elif shape.type_name in {"integer", "long", "float", "double"}:
        yield from _size(shape, value, path, value, unit="value")


def _structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed(None, _join(path, name), "Member must not be null")
    for name, member in value.items():
        if name in shape.members:
            yield from violations(shape.members[name], member, _join(path, name))


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from _size(shape, len(value), path, value, unit="length")
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        choices = ", ".join(allowed)
        yield _failed(value, path, f"Member must satisfy enum value set: [{choices}]")
    text = shape.metadata.get("pattern")
    pattern = compiled(text) if text else None
    if pattern and not pattern.fullmatch(value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {text}")


def _size(shape: Shape, size: float, path: str, shown: object, *, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _failed(shown, path, f"Member must have {unit} greater than or equal to {least}")
    if most is not None and size > most:
        yield _failed(shown, path, f"Member must have {unit} less than or equal to {most}")


def _failed(value: object, path: str, rule: str) -> str:
    shown = "null" if value is None else value
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {rule}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    r"""Translate a model's (Java) pattern; `None` for one that Python cannot express.

    A Java `\w` is ASCII, and the Java classes (`\p{L}`) have to be written out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", FutureWarning
        )  # Java's set notation, literal here and there
        try:
            return re.compile(UNICODE_CLASS.sub(_class, pattern), re.ASCII)
        except (re.error, KeyError):
            return None


def _class(match: re.Match[str]) -> str:
    name = match.group(1)
    return JAVA_CLASSES[name] if name in JAVA_CLASSES else _category(name)


@cache
def _category(prefix: str) -> str:
    """Write out the ranges of the Unicode categories that start with `prefix` (`L`, `Lu`)."""
    ranges = []
    for inside, found in groupby(_categories(), lambda entry: entry[2].startswith(prefix)):
        if inside:
            neighbours = list(found)
            ranges.append(f"\\U{neighbours[0][0]:08x}-\\U{neighbours[-1][1]:08x}")
    if not ranges:
        raise KeyError(prefix)
    return "".join(ranges)


@cache
def _categories() -> list[tuple[int, int, str]]:
    """Return each range of characters of one category: first, last, category."""
    every = map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))
    ranges, start = [], 0
    for category, characters in groupby(every):
        end = start + sum(1 for _ in characters)
        ranges.append((start, end - 1, category))
        start = end
    return ranges
