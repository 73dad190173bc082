"""Evaluates queries of CloudWatch Logs Insights over log events in memory.

    rows = results("SOURCE 'group' | filter message = 'x' | limit 5", {"group": events}, now)

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html

An event is a JSON object; `@timestamp` is its time in milliseconds since 1970. Only the commands
and functions below are known, and only in the form that their pages show; anything else raises
UnknownQueryError, because a guess would prove nothing. `dedup` is refused before any command but
`limit`, and `sort` takes one field.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

Event: TypeAlias = Mapping[str, Any]
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_FIELD = rf"@timestamp|{_NAME}"
#: A field of Python for the field that CloudWatch adds.
_TIMESTAMP = "_timestamp"
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "replace": lambda text, old, new: None if text is None else str(text).replace(old, new),
    "toMillis": lambda at: at,
}


class UnknownQueryError(Exception):
    """A query that CloudWatch refuses, or that these tests do not know."""


def results(query: str, groups: Mapping[str, Iterable[Event]], now: datetime) -> list[Event]:
    """Return the rows of a query at a time."""
    source, *commands = [part.strip() for part in query.split("|")]
    found = re.fullmatch(r"SOURCE '([^']+)'", source)
    if found is None:
        raise UnknownQueryError(source)
    rows = list(groups[found[1]])
    for number, text in enumerate(commands):
        name, _, rest = text.partition(" ")
        if name == "dedup" and any(
            not later.startswith("limit") for later in commands[number + 1 :]
        ):
            raise UnknownQueryError("limit is the only command after dedup")
        command = _COMMANDS.get(name)
        if command is None:
            raise UnknownQueryError(text)
        rows = command(rest, rows, now)
    return rows


def _filter(rest: str, rows: Sequence[Event], now: datetime) -> list[Event]:
    condition = _expression(re.sub(r"(?<![<>!=])=(?!=)", "==", rest))
    return [row for row in rows if _value(condition, row, now)]


def _fields(rest: str, rows: Sequence[Event], now: datetime) -> list[Event]:
    """Add one field; the page shows an expression with its alias."""
    text, alias = _parts(rf"(.+) as ({_NAME})", rest)
    expression = _expression(text)
    return [{**row, alias: _value(expression, row, now)} for row in rows]


def _stats(rest: str, rows: Sequence[Event], now: datetime) -> list[Event]:  # noqa: ARG001
    """Return the latest values by one field: the value of the event with the latest time."""
    columns, group = _parts(rf"(.+) by ({_FIELD})", rest)
    aliases = [_parts(rf"latest\(({_FIELD})\) as ({_NAME})", text) for text in columns.split(", ")]
    latest = {row[group]: row for row in sorted(rows, key=lambda row: int(row["@timestamp"]))}
    return [
        {group: value, **{alias: row.get(field) for field, alias in aliases}}
        for value, row in latest.items()
    ]


def _sort(rest: str, rows: Sequence[Event], now: datetime) -> list[Event]:  # noqa: ARG001
    field, order = _parts(rf"({_FIELD}) (asc|desc)", rest)
    return sorted(rows, key=lambda row: _natural(str(row[field])), reverse=order == "desc")


def _limit(rest: str, rows: Sequence[Event], now: datetime) -> list[Event]:  # noqa: ARG001
    (count,) = _parts(r"(\d+)", rest)
    return list(rows[: int(count)])


_COMMANDS: Mapping[str, Callable[[str, Sequence[Event], datetime], list[Event]]] = {
    "fields": _fields,
    "filter": _filter,
    "limit": _limit,
    "sort": _sort,
    "stats": _stats,
}


def _parts(pattern: str, text: str) -> Sequence[str]:
    found = re.fullmatch(pattern, text)
    if found is None:
        raise UnknownQueryError(text)
    return found.groups()


def _natural(text: str) -> tuple[bool, list[tuple[str, int, str]]]:
    """Return the key of natural sorting: values that are only a number come last.

    Consecutive digits are compared by their length, then by their value.
    """
    chunks = re.findall(r"\d+|\D+", text)
    keys = [("0", len(part), part) if part.isdigit() else (part[0], 0, part) for part in chunks]
    return text.isdigit(), keys


def _expression(text: str) -> ast.expr:
    try:
        return ast.parse(text.replace("@timestamp", _TIMESTAMP), mode="eval").body
    except SyntaxError as error:
        raise UnknownQueryError(text) from error


def _value(node: ast.expr, row: Event, now: datetime) -> Any:  # noqa: ANN401 - JSON
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return row.get("@timestamp" if name == _TIMESTAMP else name)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(each, row, now) for each in values)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return _value(left, row, now) == _value(right, row, now)
        case ast.Compare(left=left, ops=[ast.GtE()], comparators=[right]):
            return _value(left, row, now) >= _value(right, row, now)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left, row, now) * _value(right, row, now)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left, row, now) - _value(right, row, now)
        case ast.Call(func=ast.Name(id="now"), args=[]):
            return int(now.timestamp())
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_value(each, row, now) for each in arguments))
    raise UnknownQueryError(ast.unparse(node))
