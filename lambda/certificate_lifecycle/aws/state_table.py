"""The state table in DynamoDB: the records of one account and region between runs.

Every write is conditional: of two runs that read the same entry, only one can change it.
A write of a replacement record has an id. If the SDK repeats a write whose response was lost, the
condition fails because of the first attempt, and the id in the stored item identifies the writer.

A binding change has an item of its own: an item has at most 400 KB (developer guide, "Quotas").
It is written only in a transaction with its replacement record, whose condition holds for both, so
that a run whose claim was taken over cannot write it. `_MOVE` sorts behind `_REPLACEMENT`, so that
a query reads a record before its moves: if a move is written after the record was read, the claim
fails, because that write changed the version of the record.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.consumers.registry import kinds_by_name
from certificate_lifecycle.aws.permissions import (
    DRILLS,
    Setting,
    at_home,
    declare,
    for_rotations,
    for_scans,
)
from certificate_lifecycle.aws.responses import error_code, unless
from certificate_lifecycle.log import logger
from certificate_lifecycle.model import records
from certificate_lifecycle.model.certificate import present_word
from certificate_lifecycle.model.errors import StateConflictError, StateUnreadableError
from certificate_lifecycle.model.records import stamp
from certificate_lifecycle.model.sanitize import clean
from certificate_lifecycle.model.scope import Scope, parse_arn
from certificate_lifecycle.model.timestamps import parse_timestamp
from certificate_lifecycle.policy.bindings import BindingChange, BindingChangeStatus
from certificate_lifecycle.policy.import_history import ImportHistory
from certificate_lifecycle.policy.notification_state import (
    AlertRecord,
    EntryKind,
    Intent,
    UnreadableEntry,
)
from certificate_lifecycle.policy.remembered import (
    UNKNOWN_SINCE,
    Remembered,
    RememberedCertificates,
)
from certificate_lifecycle.policy.repair_history import RepairHistory
from certificate_lifecycle.policy.succession import HISTORY, ReplacementRecord, RequestBudget

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
Item = Mapping[str, Any]
#: A move, and the time at which its item expires.
_StoredMove: TypeAlias = tuple[BindingChange, datetime | None]


class _Record(Protocol):
    """A record with a codec to plain data."""

    def to_dict(self) -> dict[str, Any]: ...


R = TypeVar("R", bound=_Record)

_TABLE = at_home("dynamodb", "table/{table}")
PERMISSIONS = (
    *for_scans("dynamodb", _TABLE, Query="read the state table"),
    *declare(
        DRILLS,
        "dynamodb",
        _TABLE,
        Setting.IMPORT_SOURCES,
        Query="read what was imported before",
    ),
    *for_rotations(
        "dynamodb",
        _TABLE,
        PutItem="keep notifications, replacements and runs",
        DeleteItem="remove what is resolved",
    ),
    *for_rotations("dynamodb", _TABLE, Setting.REPLACE, UpdateItem="count the requests of a day"),
)
_REQUESTS = {
    RequestBudget.SUCCESSORS: "requests#",
    RequestBudget.REPEATED_REQUESTS: "repeated-requests#",
}
#: Its scope is that of the function itself, for all scanned scopes.
_MESSAGE = "message#last"
_PROBE = "probe#last"
_NEW = "attribute_not_exists(entry)"
_SAME_VERSION = "version = :version"
_CLAIMABLE = "attribute_not_exists(claimed_by) OR claimed_by = :me OR claimed_until <= :now"
_ROOM = (
    "attribute_not_exists(certificates) OR contains(certificates, :arn)"
    " OR size(certificates) < :limit"
)
_CONFLICT = "ConditionalCheckFailedException"
_CANCELED = "TransactionCanceledException"
#: A transaction has at most 100 items (developer guide, "DynamoDB transactions"): a record and
#: its moves.
_MOVES_AT_ONCE = 99
#: Every error that a malformed entry can cause.
_MISREAD = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
#: Attributes that store a list or an object, as JSON text.
_NESTED = frozenset({"importing", "moves", "pointers", "refused", "repairs", "untold", "versions"})
#: DynamoDB stores 38 digits exactly.
_WHOLE = re.compile(r"-?[0-9]{1,38}")


@dataclass(frozen=True, slots=True)
class _RecordKind(Generic[R]):
    """A kind of record; the name of its entry is `prefix` and the fields `key`."""

    prefix: str
    key: tuple[str, ...]
    from_dict: Callable[[records.Entry], R]

    def entry(self, record: R) -> str:
        """Return the name of the entry of a record."""
        fields = record.to_dict()
        return self.prefix + "#".join(fields[name] for name in self.key)

    def attributes(self, record: R) -> dict[str, Any]:
        """Return the fields that are not in the name of the entry; None has no attribute."""
        fields = record.to_dict()
        return _attributes({name: fields[name] for name in fields if name not in self.key})

    def read(self, item: Item) -> R:
        """Return the record of an item.

        A text must have the form in which it is written, because conditions compare texts.
        A public word, which no condition compares, may be the one of an earlier version.
        """
        named = item["entry"]["S"].removeprefix(self.prefix).rsplit("#", len(self.key) - 1)
        attributes = {name: _value(name, attribute) for name, attribute in item.items()}
        stored = {**attributes, **dict(zip(self.key, named, strict=True))}
        record = self.from_dict(stored)
        for name, value in record.to_dict().items():
            kept = stored.get(name)
            if isinstance(value, str) and value not in (kept, present_word(str(kept))):
                raise ValueError(f"{name} is not in the form of {value}")
        return record


_CONSUMER_KINDS = kinds_by_name()
_REPLACEMENT = _RecordKind(
    "replacement#",
    ("certificate_arn",),
    partial(ReplacementRecord.from_dict, kinds=_CONSUMER_KINDS),
)
_MOVE = "replacement-move#"
_ALERT = _RecordKind("told#", ("certificate_arn",), AlertRecord.from_dict)
_INTENT = _RecordKind("note#", ("certificate_arn", "action"), Intent.from_dict)
_REPAIRS = _RecordKind("repairs#", ("certificate_arn",), RepairHistory.from_dict)
_MEMORY = "remembered#"
#: Certificates are spread over so many items by a digest of their ARN, twice as many until each
#: item is small enough.
_MOST_ITEMS = 512
#: An item has at most 400 KB (developer guide, "Quotas"); a change of one certificate writes all.
_LARGEST_MEMORY = 100_000
#: Bytes of an item after it is expanded; a larger one is not of this module.
_LARGEST_TEXT = 4_000_000
_IMPORTS = _RecordKind("imports#", ("certificate_arn",), ImportHistory.from_dict)


class StateTable:
    """The entries of one account and region in a table."""

    def __init__(self, client: DynamoDBClient, table: str, scope: Scope) -> None:
        self._client = client
        self._table = table
        self._scope = f"{scope.account_id}/{scope.region}"
        self._items: list[Item] | None = None
        #: The moves that have an item, each with the item's end, by the name of the item.
        self._moves: dict[str, _StoredMove] = {}
        self._unreadable: dict[str, UnreadableEntry] = {}
        #: The text of each item of remembered certificates as it is stored, None if misread.
        self._memory: dict[str, str | None] = {}

    def unreadable(self) -> Sequence[UnreadableEntry]:
        """Return the entries that the reads so far could not read; nothing may overwrite them."""
        return tuple(self._unreadable.values())

    # --- Replacements -----------------------------------------------------------------------------

    def replacement_records(self) -> Sequence[ReplacementRecord]:
        """Return every replacement record with its moves, if all of them can be read."""
        self._moves |= dict(self._read(EntryKind.REPLACEMENT, _MOVE, _stored_move))
        moves: dict[str, list[_StoredMove]] = {}
        for entry, stored in self._moves.items():
            moves.setdefault(entry.rpartition("#")[0], []).append(stored)
        read = self._read(EntryKind.REPLACEMENT, _REPLACEMENT.prefix, _REPLACEMENT.read)
        misread = {
            entry.certificate_arn
            for entry in self._unreadable.values()
            if entry.kind is EntryKind.REPLACEMENT
        }
        return [
            record.with_moves(_belonging(record, moves.get(_moves_of(record), ())))
            for record in read
            if record.certificate_arn not in misread
        ]

    def claim(
        self, replacement_record: ReplacementRecord, run_id: str, now: datetime, until: datetime
    ) -> ReplacementRecord:
        """Make `run_id` the only run that may act on a replacement record, stored or new.

        Raises StateConflictError if another run has claimed or changed it.
        """
        claimed = replace(replacement_record, claimed_by=run_id, claimed_until=until)
        if replacement_record.version == 0:
            return self._write(claimed, _NEW, {})
        values = {":me": _text(run_id), ":now": _text(stamp(now))}
        return self._write(claimed, f"{_SAME_VERSION} AND ({_CLAIMABLE})", values)

    def save_replacement(self, replacement_record: ReplacementRecord) -> ReplacementRecord:
        """Store a replacement record that this run has claimed, and return it with its version.

        The version is a sufficient condition, because a claim by another run increments it.
        Raises StateConflictError if another run has changed it.
        """
        return self._write(replacement_record, _SAME_VERSION, {})

    def _write(
        self, replacement_record: ReplacementRecord, condition: str, values: Mapping[str, Any]
    ) -> ReplacementRecord:
        """Write a record and its changed moves: one call, unless more than 99 moves changed.

        Moves beyond that are written first, in transactions that only count the version up.
        """
        changed = self._changed_moves(replacement_record)
        while len(changed) > _MOVES_AT_ONCE:
            self._put_moves(replacement_record, changed[:_MOVES_AT_ONCE], condition, values)
            replacement_record = _next(replacement_record)
            changed, condition, values = changed[_MOVES_AT_ONCE:], _SAME_VERSION, {}
        written = _next(replacement_record)
        item = {**self._item(_REPLACEMENT, written), "write_id": _text(str(uuid.uuid4()))}
        given = _versioned(replacement_record, values)
        if changed:
            put = {"Item": item, **self._conditional(condition, given)}
            stored = self._transact([{"Put": put}, *self._puts(changed)])
        else:
            stored = self._put(item, condition, given)
        _require_written(stored, item["write_id"])
        self._moves |= dict(changed)
        return written

    def _changed_moves(self, record: ReplacementRecord) -> list[tuple[str, _StoredMove]]:
        """Return the moves whose item is missing or different; it expires with its record."""
        named = [(_move_entry(record, move), (move, record.expires_at)) for move in record.moves]
        return [(entry, move) for entry, move in named if self._moves.get(entry) != move]

    def _put_moves(
        self,
        record: ReplacementRecord,
        moves: Sequence[tuple[str, _StoredMove]],
        condition: str,
        values: Mapping[str, Any],
    ) -> None:
        write_id = _text(str(uuid.uuid4()))
        given = {
            **_versioned(record, values),
            ":next": _number(record.version + 1),
            ":write_id": write_id,
        }
        update = {
            "Key": self._key(_REPLACEMENT.entry(record)),
            "UpdateExpression": "SET version = :next, write_id = :write_id",
            **self._conditional(condition, given),
        }
        stored = self._transact([{"Update": update}, *self._puts(moves)])
        _require_written(stored, write_id)
        self._moves |= dict(moves)

    def _puts(self, moves: Sequence[tuple[str, _StoredMove]]) -> list[dict[str, Any]]:
        return [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": {**self._key(entry), **_attributes(move.to_dict()), **_end(ends)},
                }
            }
            for entry, (move, ends) in moves
        ]

    def _conditional(self, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of a write that DynamoDB carries out if a condition holds."""
        given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        return {
            "TableName": self._table,
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **given,
        }

    def _transact(self, writes: Sequence[Mapping[str, Any]]) -> Item | None:
        """Carry out all writes or none; return the stored item if the first condition fails."""
        try:
            self._client.transact_write_items(TransactItems=writes)  # type: ignore[arg-type] # plain data
        except ClientError as error:
            reason: Any = next(iter(error.response.get("CancellationReasons", ())), {})
            if error_code(error) != _CANCELED or reason.get("Code") != "ConditionalCheckFailed":
                raise
            stored: Item = reason.get("Item", {})
            return stored
        return None

    def count_request(
        self, day: date, certificate_arn: str, budget: RequestBudget, limit: int
    ) -> bool:
        """Add a request of `day`, once per certificate; false if there are `limit` already."""
        ends = datetime.combine(day, time(), UTC) + HISTORY
        counted = unless(
            _CONFLICT,
            lambda: self._client.update_item(
                TableName=self._table,
                Key=self._key(f"{_REQUESTS[budget]}{day}"),
                UpdateExpression="ADD certificates :certificates SET expires_at = :ends",
                ConditionExpression=_ROOM,
                ExpressionAttributeValues={
                    ":arn": _text(certificate_arn),
                    ":certificates": {"SS": [certificate_arn]},
                    ":ends": _epoch(ends),
                    ":limit": _number(limit),
                },
            ),
        )
        return counted is not None

    # --- Alerts and intents -----------------------------------------------------------------------

    def alert_records(self) -> Sequence[AlertRecord]:
        """Return the record of every open alert that can be read."""
        return self._read(EntryKind.ALERT, _ALERT.prefix, _ALERT.read)

    def save_alert(self, alert: AlertRecord) -> None:
        """Store a record unless another run has changed it."""
        item = {
            **self._item(_ALERT, replace(alert, version=alert.version + 1)),
            "expires_at": _epoch(alert.notified_at + HISTORY),
        }
        if alert.version == 0:
            self._put(item, _NEW, {})
        else:
            self._put(item, _SAME_VERSION, {":version": _number(alert.version)})

    def delete_alert(self, alert: AlertRecord) -> None:
        """Delete a record unless another run has changed it."""
        key = self._key(_ALERT.entry(alert))
        self._delete(key, _SAME_VERSION, {":version": _number(alert.version)})

    def intents(self) -> Sequence[Intent]:
        """Return the intents that no notification has reported and that can be read."""
        return self._read(EntryKind.INTENT, _INTENT.prefix, _INTENT.read)

    def save_intent(self, intent: Intent) -> None:
        """Store an intent; a later one replaces an earlier one about the same action."""
        item = {**self._item(_INTENT, intent), "expires_at": _epoch(intent.written_at + HISTORY)}
        # A later one comes from a concurrent run and reports at least as much.
        self._put(item, f"{_NEW} OR written_at <= :written", {":written": item["written_at"]})

    def delete_intent(self, intent: Intent) -> None:
        """Delete an intent unless another run has written it again."""
        self._delete(
            self._key(_INTENT.entry(intent)),
            "run_id = :run AND written_at = :written",
            {":run": _text(intent.run_id), ":written": _text(stamp(intent.written_at))},
        )

    # --- Repairs ----------------------------------------------------------------------------------

    def repair_histories(self) -> Sequence[RepairHistory]:
        """Return the repair history of every certificate that can be read."""
        return self._read(EntryKind.REPAIRS, _REPAIRS.prefix, _REPAIRS.read)

    def save_repair_history(self, history: RepairHistory) -> None:
        """Store a history unless another run has changed it."""
        written = replace(history, version=history.version + 1)
        ends = None if history.last_at is None else history.last_at + HISTORY
        item = {**self._item(_REPAIRS, written), **_end(ends)}
        if history.version == 0:
            self._put(item, _NEW, {})
        else:
            self._put(item, _SAME_VERSION, {":version": _number(history.version)})

    # --- Remembered descriptions ------------------------------------------------------------------

    def memory(self) -> RememberedCertificates:
        """Return what earlier runs remember; an item or a certificate that is misread is left out.

        An item only saves calls, so that no problem of a run follows. Of two entries about one
        certificate, which overlapping runs may leave, the later description counts.
        """
        entries: dict[str, Remembered] = {}
        since: list[datetime] = []
        for item in self._all():
            name = _name(item)
            if not name.startswith(_MEMORY):
                continue
            self._memory[name] = None
            since.append(_since(item))
            try:
                text = _expanded(item["certificates"]["B"])
                found = _remembered(json.loads(text))
            except _MISREAD:
                logger.warning("remembered certificates unreadable", extra={"entry": clean(name)})
                continue
            self._memory[name] = text
            for entry in found:
                known = entries.setdefault(entry.certificate.arn, entry)
                if known.described_at < entry.described_at:
                    entries[entry.certificate.arn] = entry
        return RememberedCertificates(entries=entries, since=min(since, default=None))

    def save_memory(self, memory: RememberedCertificates) -> None:
        """Write the items that changed; of two runs, the later write stays.

        Items that the last run wrote and that are not needed any more become empty.
        """
        if memory.since is None:
            raise ValueError("the time of the first run is missing")
        if not self._memory:
            self.memory()
        since = {"since": _text(stamp(memory.since))}
        texts = {**dict.fromkeys(self._memory, "[]"), **_spread(memory.entries)}
        for name, text in texts.items():
            if text != self._memory.get(name):
                packed = {"certificates": {"B": _packed(text)}}
                item = {**self._key(name), **packed, **since}
                self._client.put_item(TableName=self._table, Item=item)
                self._memory[name] = text

    # --- Imports ----------------------------------------------------------------------------------

    def import_history(self, certificate_arn: str) -> ImportHistory:
        """Return the import history of a certificate, an empty one if none is stored.

        Raises StateUnreadableError; the entry of another certificate does not matter.
        """
        none = ImportHistory(certificate_arn=certificate_arn)
        entry = _IMPORTS.entry(none)
        return next(
            (self._parsed(i, _IMPORTS.read) for i in self._all() if _name(i) == entry), none
        )

    def save_import_history(self, history: ImportHistory) -> ImportHistory:
        """Store a history and return it with its version.

        Raises StateConflictError if another run has changed it; an equal entry is that of a write
        whose response was lost.
        """
        written = replace(history, version=history.version + 1)
        item = self._item(_IMPORTS, written)
        if history.version == 0:
            stored = self._put(item, _NEW, {})
        else:
            stored = self._put(item, _SAME_VERSION, {":version": _number(history.version)})
        if stored not in (None, item):
            raise StateConflictError("another run recorded an import first")
        return written

    # --- Notifications ----------------------------------------------------------------------------

    def last_notification(self) -> datetime | None:
        """Return the time of the last notification; None if none is recorded.

        Raises StateUnreadableError.
        """
        return self._last(_MESSAGE)

    def record_notification(self, at: datetime) -> None:
        """Record the time of a notification unless a later one is recorded."""
        self._record_last(_MESSAGE, at)

    def last_probe(self) -> datetime | None:
        """Return the time of the last run with TLS probes; None if none is recorded.

        Raises StateUnreadableError.
        """
        return self._last(_PROBE)

    def record_probe(self, at: datetime) -> None:
        """Record the time of a run with TLS probes unless a later one is recorded."""
        self._record_last(_PROBE, at)

    def _last(self, entry: str) -> datetime | None:
        found = (item for item in self._all() if _name(item) == entry)
        return next((self._parsed(item, _notified_at) for item in found), None)

    def _record_last(self, entry: str, at: datetime) -> None:
        item = {**self._key(entry), "told_at": _text(stamp(at))}
        self._put(item, f"{_NEW} OR told_at <= :at", {":at": item["told_at"]})

    # --- DynamoDB ---------------------------------------------------------------------------------

    def _key(self, entry: str) -> dict[str, Any]:
        return {"scope": _text(self._scope), "entry": _text(entry)}

    def _item(self, kind: _RecordKind[R], record: R) -> dict[str, Any]:
        return {**self._key(kind.entry(record)), **kind.attributes(record)}

    def _read(self, kind: EntryKind, prefix: str, parse: Callable[[Item], T]) -> list[T]:
        """Return the entries of a kind; one that cannot be read does not stop the others."""
        found: list[T] = []
        for item in self._all():
            name = _name(item)
            if name.startswith(prefix):
                try:
                    found.append(self._parsed(item, parse))
                except StateUnreadableError:
                    logger.warning("state entry unreadable", exc_info=True)
                    arn = _certificate_arn(name.removeprefix(prefix))
                    self._unreadable[name] = UnreadableEntry(clean(name), kind, arn)
        return found

    def _parsed(self, item: Item, parse: Callable[[Item], T]) -> T:
        try:
            return parse(item)
        except _MISREAD as error:
            text = f"{clean(_name(item))} in {self._table} cannot be read"
            raise StateUnreadableError(text) from error

    def _all(self) -> list[Item]:
        """Return every entry of this account and region; a run reads them once, at its start.

        Not a `cached_property`: up to Python 3.11 all instances share its lock, so that scopes wait
        for one another.
        """
        if self._items is None:
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                KeyConditionExpression="#scope = :scope",
                ExpressionAttributeNames={"#scope": "scope"},  # a reserved word of DynamoDB
                ExpressionAttributeValues={":scope": _text(self._scope)},
            )
            self._items = [item for page in pages for item in page["Items"]]
        return self._items

    def _put(self, item: Item, condition: str, values: Mapping[str, Any]) -> Item | None:
        """Put an item; return the stored item if the condition fails."""
        try:
            self._client.put_item(Item=item, **self._conditional(condition, values))
        except ClientError as error:
            if error_code(error) != _CONFLICT:
                raise
            stored: Item = error.response.get("Item", {})  # type: ignore[assignment] # DynamoDB's own
            return stored
        return None

    def _delete(self, key: Item, condition: str, values: Mapping[str, Any]) -> None:
        unless(
            _CONFLICT,
            lambda: self._client.delete_item(
                TableName=self._table,
                Key=key,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            ),
        )


def _expanded(packed: bytes) -> str:
    """Return the text of an item of remembered certificates; raises ValueError for a huge one."""
    expander = zlib.decompressobj()
    try:
        text = expander.decompress(packed, _LARGEST_TEXT)
    except zlib.error as error:
        raise ValueError("it is not compressed") from error
    if not expander.eof:
        raise ValueError("it is not complete, or too large")
    return text.decode()


def _since(item: Item) -> datetime:
    """Return the time of the first run, which an item has that cannot be read otherwise."""
    with suppress(*_MISREAD):
        return _timestamp(item, "since")
    return UNKNOWN_SINCE


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode())


def _spread(entries: Mapping[str, Remembered]) -> dict[str, str]:
    """Return the texts of all items, by their names.

    What fits into no number of items is left out: those certificates are described again.
    """
    written = {arn: _compact(entry.to_dict()) for arn, entry in entries.items()}
    count = 1
    while True:
        texts = _divided(written, count)
        large = [name for name, text in texts.items() if not _fits(text)]
        if not large:
            return texts
        if count == _MOST_ITEMS:
            return {**texts, **dict.fromkeys(large, "[]")}
        count *= 2


def _divided(written: Mapping[str, str], count: int) -> dict[str, str]:
    """Return the texts of `count` items at most, the first one always: it has `since`."""
    items: dict[str, list[str]] = {f"{_MEMORY}000": []}
    for arn in sorted(written):
        digest = int(hashlib.sha256(arn.encode()).hexdigest()[:8], 16)
        items.setdefault(f"{_MEMORY}{digest % count:03d}", []).append(written[arn])
    return {name: f"[{','.join(texts)}]" for name, texts in items.items()}


def _fits(text: str) -> bool:
    return len(text) <= _LARGEST_TEXT and (
        len(text) <= _LARGEST_MEMORY or len(_packed(text)) <= _LARGEST_MEMORY
    )


def _compact(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))


def _remembered(stored: object) -> list[Remembered]:
    """Return the certificates of an item; one that cannot be read does not stop the others."""
    if not isinstance(stored, list):
        raise TypeError("it is no list")
    found = []
    for entry in stored:
        with suppress(*_MISREAD):
            found.append(Remembered.from_dict(entry))
    return found


def _certificate_arn(named: str) -> str | None:
    """Return the ARN with which the name of an entry goes on, or None."""
    try:
        return parse_arn(named.partition("#")[0])
    except ValueError:
        return None


def _moves_of(record: ReplacementRecord) -> str:
    """Return the beginning of the names of the entries of a record's moves."""
    return f"{_MOVE}{record.certificate_arn}"


def _belonging(record: ReplacementRecord, stored: Iterable[_StoredMove]) -> list[BindingChange]:
    """Return the moves of a record, in the order of their labels.

    The items of other moves stay in the table: those of a finished replacement, which expire with
    its record, those to a successor that was given up, and those that were only planned for a
    successor that a service refused.
    """
    moves = [
        move
        for move, ends in stored
        if ends == record.expires_at
        and (
            move.planned_for == record.successor_arn
            or (
                move.status is not BindingChangeStatus.PLANNED
                and move.planned_for in (None, *record.refused)
            )
        )
    ]
    return sorted(moves, key=_label)


def _move_entry(record: ReplacementRecord, move: BindingChange) -> str:
    """Return the name of the entry of a move.

    It has a digest of the setting, whose ARN or name may be longer than a sort key, and it must
    never change.
    """
    digest = hashlib.sha256(json.dumps(move.binding.key).encode()).hexdigest()[:32]
    return f"{_moves_of(record)}#{digest}"


def _stored_move(item: Item) -> tuple[str, _StoredMove]:
    """Return the name of an item, and its move with the end of the item."""
    stored = {name: _value(name, attribute) for name, attribute in item.items()}
    move = BindingChange.from_dict(stored, _CONSUMER_KINDS)
    return item["entry"]["S"], (move, records.optional_epoch(stored, "expires_at"))


def _label(move: BindingChange) -> tuple[str, tuple[str, ...]]:
    """Return a sort key for messages."""
    return (move.binding.label, move.binding.key)


def _next(record: ReplacementRecord) -> ReplacementRecord:
    return replace(record, version=record.version + 1)


def _versioned(record: ReplacementRecord, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of a condition with the version that was read, if there is one."""
    return {**values, ":version": _number(record.version)} if record.version else values


def _require_written(stored: Item | None, write_id: Mapping[str, str]) -> None:
    """Raise StateConflictError if a condition failed because of a write other than `write_id`."""
    if stored is not None and stored.get("write_id") != write_id:
        raise StateConflictError(_conflict(stored))


def _notified_at(item: Item) -> datetime:
    return _timestamp(item, "told_at")


def _name(item: Item) -> str:
    name: str = item["entry"]["S"]
    return name


def _conflict(stored: Item) -> str:
    holder = stored.get("claimed_by", {}).get("S", "another run")
    until = stored.get("claimed_until", {}).get("S")
    ends = f"; its claim ends at {until}" if until else ""
    return f"{holder} claimed or changed it first{ends}"


# --- Plain data as attributes, readable in the console --------------------------------------------


def _attributes(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return the attributes of fields; None has no attribute."""
    return {name: _attribute(value) for name, value in fields.items() if value is not None}


def _attribute(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return _number(value)
    return _text(value if isinstance(value, str) else json.dumps(value))


def _value(name: str, attribute: Mapping[str, Any]) -> object:
    """Return the value of an attribute; an attribute of another type stays as it is.

    The codec refuses it in a known field, and ignores a field of a later version.
    """
    match attribute:
        case {"S": str(text)}:
            return json.loads(text) if name in _NESTED else text
        case {"BOOL": bool(flag)}:
            return flag
        case {"N": str(number)} if _WHOLE.fullmatch(number):
            return int(number)
        case _:
            return attribute


def _timestamp(item: Item, name: str) -> datetime:
    """Return a time; raises ValueError for another form than `stamp`, which conditions compare."""
    text = item[name]["S"]
    found = parse_timestamp(text)
    if stamp(found) != text:
        raise ValueError(f"{name} is not in the form of {stamp(found)}")
    return found


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _end(at: datetime | None) -> dict[str, Any]:
    return {} if at is None else {"expires_at": _epoch(at)}


def _epoch(at: datetime) -> dict[str, str]:
    return _number(int(at.timestamp()))
