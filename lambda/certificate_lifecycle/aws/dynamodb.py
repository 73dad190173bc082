"""The ledger in DynamoDB: what is remembered between runs about one account and region.

Every write is conditional, so that of two runs that read the same entry only one can change it.
A write names itself: when the SDK repeats one whose answer was lost, the condition fails because
of the first try, and the name in the stored item tells that it was ours.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certificate_lifecycle.aws.permissions import ROTATION, Permission
from certificate_lifecycle.core.consumers import move_entry, move_from
from certificate_lifecycle.core.place import Place
from certificate_lifecycle.core.replacement import HISTORY, Journal, ReplacementState
from certificate_lifecycle.errors import LedgerConflictError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PERMISSIONS = (
    Permission("dynamodb:Query", ROTATION, "read the ledger"),
    Permission("dynamodb:PutItem", ROTATION, "write the ledger"),
    Permission("dynamodb:UpdateItem", ROTATION, "count the requests of a day"),
)
_UNCLAIMED = "attribute_not_exists(claimed_by) OR claimed_by = :me OR claimed_until <= :now"


class DynamoLedger:
    """The entries of one account and region in a table."""

    def __init__(self, client: DynamoDBClient, table: str, place: Place) -> None:
        self._client = client
        self._table = table
        self._scope = f"{place.account_id}/{place.region}"

    def journals(self) -> Sequence[Journal]:
        """Return every replacement on record."""
        return [_journal(item) for item in self._items("replacement#")]

    def claim(self, journal: Journal, run_id: str, now: datetime, until: datetime) -> Journal:
        claimed = _next(journal, claimed_by=run_id, claimed_until=until)
        condition, values = "attribute_not_exists(entry)", {}
        if journal.version:
            condition = f"version = :version AND ({_UNCLAIMED})"
            values = {
                ":version": _number(journal.version),
                ":me": _text(run_id),
                ":now": _text(_stamp(now)),
            }
        self._put(claimed, condition, values)
        return claimed

    def record(self, journal: Journal) -> Journal:
        recorded = _next(journal)
        self._put(recorded, "version = :version", {":version": _number(journal.version)})
        return recorded

    def take_request(self, day: date, certificate_arn: str, limit: int) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"scope": _text(self._scope), "entry": _text(f"requests#{day}")},
                UpdateExpression="ADD certificates :one SET expires_at = :end",
                ConditionExpression="attribute_not_exists(certificates) OR contains(certificates, :arn) OR size(certificates) < :limit",
                ExpressionAttributeValues={
                    ":one": {"SS": [certificate_arn]},
                    ":arn": _text(certificate_arn),
                    ":limit": _number(limit),
                    ":end": _number(
                        int((datetime.combine(day, time(), UTC) + HISTORY).timestamp())
                    ),
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _items(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="#scope = :scope AND begins_with(entry, :prefix)",
            ExpressionAttributeNames={"#scope": "scope"},
            ExpressionAttributeValues={":scope": _text(self._scope), ":prefix": _text(prefix)},
        )
        for page in pages:
            yield from page["Items"]

    def _put(self, journal: Journal, condition: str, values: dict[str, Any]) -> None:
        write_id = str(uuid.uuid4())
        item = {
            "scope": _text(self._scope),
            "entry": _text(f"replacement#{journal.certificate_arn}"),
            "write_id": _text(write_id),
            **_item(journal),
        }
        extra: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **extra,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            stored: Mapping[str, Any] = error.response.get("Item", {})
            if stored.get("write_id") != _text(write_id):
                raise LedgerConflictError(f"another run is at {journal.certificate_arn}") from error


def _next(journal: Journal, **changes: Any) -> Journal:
    from dataclasses import replace

    return replace(journal, version=journal.version + 1, **changes)


def _item(journal: Journal) -> dict[str, Any]:
    from dataclasses import fields

    found = {}
    for f in fields(journal):
        value = getattr(journal, f.name)
        if value is None or f.name == "certificate_arn":
            continue
        if f.name == "moves":
            found["moves"] = _text(json.dumps([move_entry(m) for m in value]))
        elif f.name == "untold":
            found["untold"] = _text(json.dumps(value))
        elif f.name == "expires_at":
            found["expires_at"] = _number(int(value.timestamp()))
        elif isinstance(value, datetime):
            found[f.name] = _text(_stamp(value))
        elif isinstance(value, int):
            found[f.name] = _number(value)
        else:
            found[f.name] = _text(str(value))
    return found


def _journal(item: Mapping[str, Any]) -> Journal:
    t = {k: next(iter(v.values())) for k, v in item.items()}
    d = lambda k: datetime.fromisoformat(t[k]) if k in t else None
    return Journal(
        certificate_arn=t["entry"].partition("#")[2],
        state=[s for s in ReplacementState if s.value == t["state"]][0],
        started_at=d("started_at"),
        attempt=int(t["attempt"]),
        successor_arn=t.get("successor_arn"),
        requested_at=d("requested_at"),
        moves=tuple(move_from(m) for m in json.loads(t["moves"])),
        verified_at=d("verified_at"),
        note=t["note"],
        untold=tuple(json.loads(t["untold"])),
        version=int(t["version"]),
        claimed_by=t.get("claimed_by"),
        claimed_until=d("claimed_until"),
        expires_at=datetime.fromtimestamp(int(t["expires_at"]), UTC) if "expires_at" in t else None,
    )


def _text(value: str) -> dict[str, str]:
    return {"S": value}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
