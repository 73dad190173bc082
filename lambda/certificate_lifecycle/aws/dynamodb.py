"""The ledger in DynamoDB: what is remembered between runs about one account and region.

Every write is conditional, so that of two runs that read the same entry only one can change it.
A write of a journal names itself: when the SDK repeats one whose answer was lost, the condition
fails because of the first try, and the name in the stored item tells that it was ours.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.consumers.registry import kinds_by_name
from certificate_lifecycle.aws.permissions import (
    ROTATIONS,
    SCANS,
    Permission,
    Setting,
    at_home,
)
from certificate_lifecycle.core.consumers import move_entry, move_from
from certificate_lifecycle.core.memory import SCOPE, Memory, Note
from certificate_lifecycle.core.model import Action
from certificate_lifecycle.core.moments import moment_from
from certificate_lifecycle.core.place import Place, arn_from
from certificate_lifecycle.core.replacement import HISTORY, Journal, ReplacementState
from certificate_lifecycle.core.text import clean
from certificate_lifecycle.errors import LedgerConflictError, LedgerUnreadableError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = Mapping[str, Any]

_TABLE = at_home("dynamodb", "table/{table}")
PERMISSIONS = (
    Permission("dynamodb:Query", SCANS, _TABLE, "read the state table"),
    Permission("dynamodb:PutItem", ROTATIONS, _TABLE, "keep notifications, replacements and runs"),
    Permission("dynamodb:DeleteItem", ROTATIONS, _TABLE, "remove what is resolved"),
    Permission(
        "dynamodb:UpdateItem",
        ROTATIONS,
        _TABLE,
        "count the requests of a day",
        (Setting.REPLACE,),
    ),
)
_JOURNAL, _TOLD, _NOTE, _REQUESTS = "replacement#", "told#", "note#", "requests#"
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
_KINDS = kinds_by_name()


class DynamoLedger:
    """The entries of one account and region in a table."""

    def __init__(self, client: DynamoDBClient, table: str, place: Place) -> None:
        self._client = client
        self._table = table
        self._scope = f"{place.account_id}/{place.region}"
        self._items: list[Item] | None = None

    # --- Replacements -----------------------------------------------------------------------------

    def journals(self) -> Sequence[Journal]:
        """Return every replacement on record; raises LedgerUnreadableError."""
        return self._read(_JOURNAL, _journal)

    def claim(self, journal: Journal, run_id: str, now: datetime, until: datetime) -> Journal:
        """Make `run_id` the only run that may act on a journal, stored or new.

        Raises LedgerConflictError if another run holds it, or was faster.
        """
        claimed = replace(journal, claimed_by=run_id, claimed_until=until)
        if journal.version == 0:
            return self._write(claimed, _NEW, {})
        values = {":me": _text(run_id), ":now": _text(_stamp(now))}
        return self._write(claimed, f"{_SAME_VERSION} AND ({_CLAIMABLE})", values)

    def record(self, journal: Journal) -> Journal:
        """Store a journal that this run has claimed, and return it as it is stored.

        The version is enough of a condition: a claim by another run would have raised it.
        Raises LedgerConflictError if it is not what this run last stored.
        """
        return self._write(journal, _SAME_VERSION, {})

    def _write(self, journal: Journal, condition: str, values: Mapping[str, Any]) -> Journal:
        written = replace(journal, version=journal.version + 1)
        write_id = _text(str(uuid.uuid4()))
        item = {**self._key(_JOURNAL + journal.certificate_arn), "write_id": write_id}
        if journal.version:
            values = {**values, ":version": _number(journal.version)}
        stored = self._put({**item, **_journal_item(written)}, condition, values)
        if stored is not None and stored.get("write_id") != write_id:
            raise LedgerConflictError(_conflict(stored))
        return written

    def take_request(self, day: date, certificate_arn: str, limit: int) -> bool:
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

    def memories(self) -> Sequence[Memory]:
        """Return what was told and is still open; raises LedgerUnreadableError."""
        return self._read(_TOLD, _memory)

    def remember(self, memory: Memory) -> None:
        """Store what was told; if another run has stored something since, that stays."""
        item = {
            **self._key(_TOLD + memory.certificate_arn),
            "verdict": _text(memory.verdict),
            "reason": _text(memory.reason),
            "severity": _text(memory.severity),
            "band": _text(memory.band),
            "told_at": _text(_stamp(memory.told_at)),
            "since": _text(_stamp(memory.since or memory.told_at)),
            "version": _number(memory.version + 1),
            "expires_at": _epoch(memory.told_at + HISTORY),
        }
        if memory.critical_since is not None:
            item["critical_since"] = _text(_stamp(memory.critical_since))
        if memory.version == 0:
            self._put(item, _NEW, {})
        else:
            self._put(item, _SAME_VERSION, {":version": _number(memory.version)})

    def forget(self, memory: Memory) -> None:
        """Drop what is over; if another run has stored something since, that stays."""
        key = self._key(_TOLD + memory.certificate_arn)
        self._delete(key, _SAME_VERSION, {":version": _number(memory.version)})

    def notes(self) -> Sequence[Note]:
        """Return what runs were about to do, and no message has told."""
        return self._read(_NOTE, _note)

    def note(self, note: Note) -> None:
        """Store what is about to be done; the same action again replaces it."""
        written = _text(_stamp(note.written_at))
        item = {
            **self._key(f"{_NOTE}{note.certificate_arn}#{note.action}"),
            "text": _text(note.text),
            "run_id": _text(note.run_id),
            "written_at": written,
            "expires_at": _epoch(note.written_at + HISTORY),
        }
        # A later one is of a run that overtook this one, and tells at least as much.
        self._put(item, f"{_NEW} OR written_at <= :written", {":written": written})

    def strike(self, note: Note) -> None:
        """Drop a note that a message has told; if it was written anew since, that stays."""
        self._delete(
            self._key(f"{_NOTE}{note.certificate_arn}#{note.action}"),
            "run_id = :run AND written_at = :written",
            {":run": _text(note.run_id), ":written": _text(_stamp(note.written_at))},
        )

    # --- Messages ---------------------------------------------------------------------------------

    def last_message(self) -> datetime | None:
        """Return when a message last went out; None if none is on record."""
        found = self._read(_MESSAGE, lambda item: _moment(item, "told_at"))
        return found[0] if found else None

    def note_message(self, at: datetime) -> None:
        """Record that a message has gone out; a later one that is on record stays."""
        told = _text(_stamp(at))
        item = {**self._key(_MESSAGE), "told_at": told}
        self._put(item, f"{_NEW} OR told_at <= :told", {":told": told})

    # --- DynamoDB ---------------------------------------------------------------------------------

    def _key(self, entry: str) -> dict[str, Any]:
        return {"scope": _text(self._scope), "entry": _text(entry)}

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
            raise LedgerUnreadableError(f"{entry} in {self._table} is not understood") from error

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


# --- Entries as items, readable in the console ----------------------------------------------------


def _journal_item(journal: Journal) -> dict[str, Any]:
    moments = {
        "started_at": journal.started_at,
        "requested_at": journal.requested_at,
        "verified_at": journal.verified_at,
        "claimed_until": journal.claimed_until,
    }
    texts = {
        "state": journal.state.value,
        "successor_arn": journal.successor_arn,
        "note": journal.note,
        "claimed_by": journal.claimed_by,
        "moves": json.dumps([move_entry(move) for move in journal.moves]),
        "untold": json.dumps(journal.untold),
        **{name: _stamp(moment) for name, moment in moments.items() if moment is not None},
    }
    item = {name: _text(text) for name, text in texts.items() if text is not None}
    item |= {"attempt": _number(journal.attempt), "version": _number(journal.version)}
    return item | ({"expires_at": _epoch(journal.expires_at)} if journal.expires_at else {})


def _journal(item: Item) -> Journal:
    ends = item.get("expires_at")
    return Journal(
        certificate_arn=arn_from(item["entry"]["S"].removeprefix(_JOURNAL)),
        state=ReplacementState.of(item["state"]["S"]),
        started_at=_moment(item, "started_at"),
        attempt=int(item["attempt"]["N"]),
        successor_arn=item["successor_arn"]["S"] if "successor_arn" in item else None,
        requested_at=_optional_moment(item, "requested_at"),
        moves=tuple(move_from(entry, _KINDS) for entry in _array(item, "moves")),
        verified_at=_optional_moment(item, "verified_at"),
        note=item["note"]["S"],
        untold=tuple(_sentence(entry) for entry in _array(item, "untold")),
        version=int(item["version"]["N"]),
        claimed_by=item["claimed_by"]["S"] if "claimed_by" in item else None,
        claimed_until=_optional_moment(item, "claimed_until"),
        expires_at=datetime.fromtimestamp(int(ends["N"]), UTC) if ends else None,
    )


def _memory(item: Item) -> Memory:
    told_of = item["entry"]["S"].removeprefix(_TOLD)
    return Memory(
        certificate_arn=told_of if told_of == SCOPE else arn_from(told_of),
        verdict=item["verdict"]["S"],
        reason=item["reason"]["S"],
        severity=item["severity"]["S"],
        band=item["band"]["S"],
        told_at=_moment(item, "told_at"),
        # An entry of an earlier version has none.
        since=_moment(item, "since") if "since" in item else None,
        version=int(item["version"]["N"]),
        critical_since=_optional_moment(item, "critical_since"),
    )


def _note(item: Item) -> Note:
    arn, _, action = item["entry"]["S"].removeprefix(_NOTE).rpartition("#")
    return Note(
        certificate_arn=arn_from(arn),
        action=Action.of(action).value,
        text=item["text"]["S"],
        run_id=item["run_id"]["S"],
        written_at=_moment(item, "written_at"),
    )


def _array(item: Item, name: str) -> list[Any]:
    found = json.loads(item[name]["S"])
    if not isinstance(found, list):
        raise TypeError(f"{name} is no list")
    return found


def _sentence(entry: object) -> str:
    if not isinstance(entry, str):
        raise TypeError("a sentence is no text")
    return entry


def _moment(item: Item, name: str) -> datetime:
    """Return a moment in the form of `_stamp`: the table compares no other, nor do we without UTC.

    Raises ValueError for every other form.
    """
    text = item[name]["S"]
    moment = moment_from(text)
    if _stamp(moment) != text:
        raise ValueError(f"{name} is not in the form of {_stamp(moment)}")
    return moment


def _optional_moment(item: Item, name: str) -> datetime | None:
    return _moment(item, name) if name in item else None


def _stamp(moment: datetime) -> str:
    """Return a moment as text of one width, which compares like the moments themselves."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _epoch(moment: datetime) -> dict[str, str]:
    return _number(int(moment.timestamp()))
