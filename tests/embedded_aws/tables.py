"""DynamoDB: the quotas that moto does not hold a write to.

moto refuses items above 405,000 bytes, keys of PutItem that are too long, and transactions of more
than 100 items; the other quotas are here.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.models import dynamodb_backends

from tests.embedded_aws.protocol import AwsError, Request
from tests.harness.settings import Elsewhere

_KB = 1024
#: "The maximum length of any expression string is 4 KB."
MAX_EXPRESSION = 4 * _KB
#: "The maximum length of all substitution variables in an expression is 2 MB."
MAX_VALUES = 2 * _KB * _KB
#: "The minimum length of a partition key value is 1 byte. The maximum length is 2048 bytes."
#: "The minimum length of a sort key value is 1 byte. The maximum length is 1024 bytes."
MAX_KEYS = {"HASH": 2 * _KB, "RANGE": _KB}
#: "A transaction cannot contain more than 4 MB of data."
MAX_TRANSACTION = 4 * _KB * _KB
#: "Up to 100 unique items" (developer guide, "DynamoDB transactions").
MAX_ENTRIES = 100
#: Far from the limit of an item, which moto enforces.
_SMALL = 100 * _KB
#: From how many items on a transaction is carried out here.
_MANY = 100
_EXPRESSIONS = ("ConditionExpression", "KeyConditionExpression", "UpdateExpression")


def check_write(request: Request) -> None:
    """Refuse keys, expressions and values that are too long."""
    _check(request, request.parameters)


def check_transaction(request: Request) -> None:
    """Refuse what a single write may not have, and more than 4 MB."""
    written = 0
    for entry in request.parameters["TransactItems"]:
        for operation in entry.values():
            _check(request, operation)
            written += _bytes(operation.get("Item", {}))
    if written > MAX_TRANSACTION:
        raise _invalid("Member must have length less than or equal to 4 MB in a transaction.")


def transact(request: Request) -> dict[str, Any]:
    """Carry out a transaction in a table with many items; moto does all others, and refuses.

    moto copies the table for each transaction, which takes seconds for 2,000 items.
    """
    backend = dynamodb_backends[request.account][request.region]
    entries = [next(iter(entry.items())) for entry in request.parameters["TransactItems"]]
    tables = {operation["TableName"] for _, operation in entries}
    if any(name not in backend.tables or len(backend.tables[name]) < _MANY for name in tables):
        raise Elsewhere
    keys = {_key(backend, kind, operation) for kind, operation in entries}
    alike = len(keys) < len(entries) or len(entries) > MAX_ENTRIES
    if alike or not all(_holds(backend, kind, operation) for kind, operation in entries):
        raise Elsewhere
    for kind, operation in entries:
        name = operation["TableName"]
        if kind == "Put":
            backend.put_item(name, operation["Item"])
        elif kind == "Delete":
            backend.delete_item(name, operation["Key"])
        elif kind == "Update":
            backend.update_item(
                name,
                operation["Key"],
                operation["UpdateExpression"],
                operation.get("ExpressionAttributeNames", {}),
                operation.get("ExpressionAttributeValues", {}),
            )
    return {}


def _key(backend: Any, kind: str, operation: Mapping[str, Any]) -> str:  # noqa: ANN401 - moto's
    table = backend.tables[operation["TableName"]]
    given = operation["Item" if kind == "Put" else "Key"]
    return repr((operation["TableName"], [given[e["AttributeName"]] for e in table.schema]))


def _holds(backend: Any, kind: str, operation: Mapping[str, Any]) -> bool:  # noqa: ANN401 - moto's
    """Whether the condition of a part of a transaction holds, and its item is a small one."""
    table = backend.tables[operation["TableName"]]
    given = operation["Item" if kind == "Put" else "Key"]
    current = backend.get_item(
        operation["TableName"],
        {e["AttributeName"]: given[e["AttributeName"]] for e in table.schema},
    )
    condition = get_filter_expression(
        operation.get("ConditionExpression"),
        operation.get("ExpressionAttributeNames"),
        operation.get("ExpressionAttributeValues"),
    )
    return bool(condition.expr(current)) and _bytes(given) < _SMALL


def _check(request: Request, operation: Mapping[str, Any]) -> None:
    for name in _EXPRESSIONS:
        if len(operation.get(name, "").encode()) > MAX_EXPRESSION:
            raise _invalid(
                f"Invalid {name}: Expression size has exceeded the maximum allowed size;"
            )
    if _bytes(operation.get("ExpressionAttributeValues", {})) > MAX_VALUES:
        raise _invalid(
            "ExpressionAttributeValues: size of all values has exceeded the maximum allowed size"
        )
    key = operation.get("Key") or operation.get("Item") or {}
    for name, kind in _schema(request, operation["TableName"]):
        if name in key and _size(key[name]) > MAX_KEYS[kind]:
            raise _invalid(
                "One or more parameter values were invalid: Size of the key has exceeded the "
                f"maximum size limit of {MAX_KEYS[kind]} bytes"
            )


def _schema(request: Request, table: str) -> Iterator[tuple[str, str]]:
    backend = dynamodb_backends[request.account][request.region]
    if table in backend.tables:
        for entry in backend.tables[table].schema:
            yield entry["AttributeName"], entry["KeyType"]


def _bytes(attributes: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _size(value) for name, value in attributes.items())


def _size(value: Any) -> int:  # noqa: ANN401 - an attribute value of any type
    """Return the bytes of an attribute value, at least as many as DynamoDB counts.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if isinstance(value, Mapping):
        return sum(_size(part) for part in value.values())
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return len(value) if isinstance(value, bytes) else len(str(value).encode())


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


RULES: Mapping[tuple[str, str], Callable[[Request], None]] = {
    **{
        ("dynamodb", operation): check_write
        for operation in ("DeleteItem", "PutItem", "Query", "UpdateItem")
    },
    ("dynamodb", "TransactWriteItems"): check_transaction,
}
HANDLERS = {("dynamodb", "TransactWriteItems"): transact}
