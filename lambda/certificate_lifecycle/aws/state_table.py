"""The ledger in DynamoDB: what is remembered between runs about one account and region.

Every write is conditional, so that of two runs that read the same entry only one can change it.
A write of a journal names itself: when the SDK repeats one whose answer was lost, the condition
fails because of the first try, and the name in the stored item tells that it was ours.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.consumers.registry import kinds_by_name
from certificate_lifecycle.aws.permissions import Setting, at_home, for_rotations, for_scans
from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import present_word
from certificate_lifecycle.model.errors import StateConflictError, StateUnreadableError
from certificate_lifecycle.model.records import stamp
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope
from certificate_lifecycle.model.timestamps import parse_timestamp
from certificate_lifecycle.policy.notification_state import AlertRecord, Intent
from certificate_lifecycle.policy.succession import HISTORY, ReplacementRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = Mapping[str, Any]


class _Record(Protocol):
    """What is stored: it becomes plain data, and is read from it by its class."""

    def to_dict(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=_Record)

_TABLE = at_home("dynamodb", "table/{table}")
PERMISSIONS = (
    *for_scans("dynamodb", _TABLE, Query="read the state table"),
    *for_rotations(
        "dynamodb",
        _TABLE,
        PutItem="keep notifications, replacements and runs",
        DeleteItem="remove what is resolved",
    ),
    *for_rotations("dynamodb", _TABLE, Setting.REPLACE, UpdateItem="count the requests of a day"),
)
_REQUESTS = "requests#"
#: One of the scope of the function itself, for all that it looks at.
_MESSAGE = "message#last"
_NEW = "attribute_not_exists(entry)"
_SAME_VERSION = "version = :version"
_CLAIMABLE = "attribute_not_exists(claimed_by) OR claimed_by = :me OR claimed_until <= :now"
_ROOM = (
    "attribute_not_exists(certificates) OR contains(certificates, :arn)"
    " OR size(certificates) < :limit"
)
_CONFLICT = "ConditionalCheckFailedException"
#: Whatever reading an entry may fail with that somebody has written.
_MISREAD = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
#: Attributes that hold a list; they do so as JSON text.
_LISTS = frozenset({"moves", "untold"})
#: As large as DynamoDB's numbers are exact.
_WHOLE = re.compile(r"-?[0-9]{1,38}")


@dataclass(frozen=True, slots=True)
class _RecordKind(Generic[R]):
    """A kind of record: the prefix of its entries, the fields that follow it there, its reader."""

    prefix: str
    key: tuple[str, ...]
    from_dict: Callable[[records.Entry], R]

    def entry(self, record: R) -> str:
        """Return the name of the entry that holds `record`."""
        fields = record.to_dict()
        return self.prefix + "#".join(fields[name] for name in self.key)

    def attributes(self, record: R) -> dict[str, Any]:
        """Return the fields that the name of the entry does not hold."""
        fields = record.to_dict()
        return _attributes({name: fields[name] for name in fields if name not in self.key})

    def read(self, item: Item) -> R:
        """Return the record of an item.

        A text must stand there as we write it: conditions compare texts, among them moments.
        No condition compares a public word, which an earlier version may have named otherwise.
        """
        named = item["entry"]["S"].removeprefix(self.prefix).rsplit("#", len(self.key) - 1)
        stored = {**_fields(item), **dict(zip(self.key, named, strict=True))}
        record = self.from_dict(stored)
        for name, value in record.to_dict().items():
            kept = stored.get(name)
            if isinstance(value, str) and value not in (kept, present_word(str(kept))):
                raise ValueError(f"{name} is not in the form of {value}")
        return record


_JOURNAL = _RecordKind(
    "replacement#",
    ("certificate_arn",),
    partial(ReplacementRecord.from_dict, kinds=kinds_by_name()),
)
_TOLD = _RecordKind("told#", ("certificate_arn",), AlertRecord.from_dict)
_INTENT = _RecordKind("note#", ("certificate_arn", "action"), Intent.from_dict)


class StateTable:
    """The entries of one account and region in a table."""

    def __init__(self, client: DynamoDBClient, table: str, scope: Scope) -> None:
        self._client = client
        self._table = table
        self._scope = f"{scope.account_id}/{scope.region}"
        self._items: list[Item] | None = None

    # --- Replacements -----------------------------------------------------------------------------

    def replacement_records(self) -> Sequence[ReplacementRecord]:
        """Return every replacement on record; raises LedgerUnreadableError."""
        return self._read(_JOURNAL.prefix, _JOURNAL.read)

    def claim(
        self, replacement_record: ReplacementRecord, run_id: str, now: datetime, until: datetime
    ) -> ReplacementRecord:
        """Make `run_id` the only run that may act on a journal, stored or new.

        Raises LedgerConflictError if another run holds it, or was faster.
        """
        claimed = replace(replacement_record, claimed_by=run_id, claimed_until=until)
        if replacement_record.version == 0:
            return self._write(claimed, _NEW, {})
        values = {":me": _text(run_id), ":now": _text(stamp(now))}
        return self._write(claimed, f"{_SAME_VERSION} AND ({_CLAIMABLE})", values)

    def save_replacement(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        """Store a journal that this run has claimed, and return it as it is stored.

        The version is enough of a condition: a claim by another run would have raised it.
        Raises LedgerConflictError if it is not what this run last stored.
        """
        return self._write(replacement_record, _SAME_VERSION, {})

    def _write(
        self, replacement_record: ReplacementRecord, condition: str, values: Mapping[str, Any]
    ) -> ReplacementRecord:
        written = replace(replacement_record, version=replacement_record.version + 1)
        write_id = _text(str(uuid.uuid4()))
        item = {**self._item(_JOURNAL, written), "write_id": write_id}
        if replacement_record.version:
            values = {**values, ":version": _number(replacement_record.version)}
        stored = self._put(item, condition, values)
        if stored is not None and stored.get("write_id") != write_id:
            raise StateConflictError(_conflict(stored))
        return written

    def count_request(self, day: date, certificate_arn: str, limit: int) -> bool:
        """Count a request towards the budget of `day`; a certificate counts once a day."""
        ends = datetime.combine(day, time(), UTC) + HISTORY
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key(f"{_REQUESTS}{day}"),
                UpdateExpression="ADD certificates :certificates SET expires_at = :ends",
                ConditionExpression=_ROOM,
                ExpressionAttributeValues={
                    ":arn": _text(certificate_arn),
                    ":certificates": {"SS": [certificate_arn]},
                    ":ends": _epoch(ends),
                    ":limit": _number(limit),
                },
            )
        except ClientError as error:
            _raise_unless_conflict(error)
            return False
        return True

    # --- What was told, and what was about to be done ---------------------------------------------

    def alert_records(self) -> Sequence[AlertRecord]:
        """Return what was told and is still open; raises LedgerUnreadableError."""
        return self._read(_TOLD.prefix, _TOLD.read)

    def save_alert(self, alert: AlertRecord) -> None:
        """Store what was told; if another run has stored something since, that stays."""
        item = {
            **self._item(_TOLD, replace(alert, version=alert.version + 1)),
            "expires_at": _epoch(alert.notified_at + HISTORY),
        }
        if alert.version == 0:
            self._put(item, _NEW, {})
        else:
            self._put(item, _SAME_VERSION, {":version": _number(alert.version)})

    def delete_alert(self, alert: AlertRecord) -> None:
        """Drop what is over; if another run has stored something since, that stays."""
        key = self._key(_TOLD.entry(alert))
        self._delete(key, _SAME_VERSION, {":version": _number(alert.version)})

    def intents(self) -> Sequence[Intent]:
        """Return what runs were about to do, and no message has told."""
        return self._read(_INTENT.prefix, _INTENT.read)

    def save_intent(self, intent: Intent) -> None:
        """Store what is about to be done; the same action again replaces it."""
        item = {**self._item(_INTENT, intent), "expires_at": _epoch(intent.written_at + HISTORY)}
        # A later one is of a run that overtook this one, and tells at least as much.
        self._put(item, f"{_NEW} OR written_at <= :written", {":written": item["written_at"]})

    def delete_intent(self, intent: Intent) -> None:
        """Drop a note that a message has told; if it was written anew since, that stays."""
        self._delete(
            self._key(_INTENT.entry(intent)),
            "run_id = :run AND written_at = :written",
            {":run": _text(intent.run_id), ":written": _text(stamp(intent.written_at))},
        )

    # --- Messages ---------------------------------------------------------------------------------

    def last_notification(self) -> datetime | None:
        """Return when a message last went out; None if none is on record."""
        found = self._read(_MESSAGE, lambda item: _moment(item, "told_at"))
        return found[0] if found else None

    def record_notification(self, at: datetime) -> None:
        """Record that a message has gone out; a later one that is on record stays."""
        told = _text(stamp(at))
        item = {**self._key(_MESSAGE), "told_at": told}
        self._put(item, f"{_NEW} OR told_at <= :told", {":told": told})

    # --- DynamoDB ---------------------------------------------------------------------------------

    def _key(self, entry: str) -> dict[str, Any]:
        return {"scope": _text(self._scope), "entry": _text(entry)}

    def _item(self, kind: _RecordKind[R], record: R) -> dict[str, Any]:
        return {**self._key(kind.entry(record)), **kind.attributes(record)}

    def _read(self, prefix: str, parse: Callable[[Item], T]) -> list[T]:
        return [
            self._understood(item, parse)
            for item in self._all()
            if item["entry"]["S"].startswith(prefix)
        ]

    def _understood(self, item: Item, parse: Callable[[Item], T]) -> T:
        try:
            return parse(item)
        except _MISREAD as error:
            entry = clean(item["entry"]["S"])
            raise StateUnreadableError(f"{entry} in {self._table} is not understood") from error

    def _all(self) -> list[Item]:
        """Return every entry of this account and region; a run reads them once, at its start.

        Not a `cached_property`: up to Python 3.11 all of a class share a lock, so that accounts and
        regions would wait for one another.
        """
        if self._items is not None:
            return self._items
        self._items = self._query("")
        return self._items

    def _query(self, prefix: str) -> list[Item]:
        """Return the entries whose names begin with `prefix`, all of them without one."""
        condition, values = "#scope = :scope", {":scope": _text(self._scope)}
        if prefix:
            condition += " AND begins_with(entry, :prefix)"
            values[":prefix"] = _text(prefix)
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#scope": "scope"},  # a reserved word of DynamoDB's
            ExpressionAttributeValues=values,
        )
        return [item for page in pages for item in page["Items"]]

    def _put(self, item: Item, condition: str, values: Mapping[str, Any]) -> Item | None:
        """Put an item; return the one that is stored instead if the condition does not hold."""
        given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **given,
            )
        except ClientError as error:
            _raise_unless_conflict(error)
            stored: Item = error.response.get("Item", {})  # type: ignore[assignment] # DynamoDB's own
            return stored
        return None

    def _delete(self, key: Item, condition: str, values: Mapping[str, Any]) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=key,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ClientError as error:
            _raise_unless_conflict(error)


def _conflict(stored: Item) -> str:
    """Say who holds the stored journal until when, as far as it tells."""
    holder = stored.get("claimed_by", {}).get("S", "another run")
    until = stored.get("claimed_until", {}).get("S")
    return f"{holder} is at it, or was faster{f'; its claim ends at {until}' if until else ''}"


def _raise_unless_conflict(error: ClientError) -> None:
    if error.response["Error"]["Code"] != _CONFLICT:
        raise error


# --- Plain data as attributes, readable in the console --------------------------------------------


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain data as attributes; what is None has none."""
    return {name: _attribute(value) for name, value in fields.items() if value is not None}


def _attribute(value: object) -> dict[str, str]:
    if isinstance(value, int):
        return _number(value)
    return _text(value if isinstance(value, str) else json.dumps(value))


def _fields(item: Item) -> dict[str, Any]:
    """Return attributes as plain data."""
    return {name: _field(name, attribute) for name, attribute in item.items()}


def _field(name: str, attribute: Mapping[str, Any]) -> object:
    """Return the value of an attribute; one that we never write stays what it is.

    A field that is read refuses it then, and a field of a later version does not matter.
    """
    match attribute:
        case {"S": str(text)}:
            return json.loads(text) if name in _LISTS else text
        case {"N": str(number)} if _WHOLE.fullmatch(number):
            return int(number)
        case _:
            return attribute


def _moment(item: Item, name: str) -> datetime:
    """Return a moment in the form of `stamp`: the table compares no other, nor do we without UTC.

    Raises ValueError for every other form.
    """
    text = item[name]["S"]
    moment = parse_timestamp(text)
    if stamp(moment) != text:
        raise ValueError(f"{name} is not in the form of {stamp(moment)}")
    return moment


def _optional_moment(item: Item, name: str) -> datetime | None:
    return _moment(item, name) if name in item else None


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _epoch(moment: datetime) -> dict[str, str]:
    return _number(int(moment.timestamp()))
