"""DynamoDB, as the embedded AWS answers: sizes, keys, expressions and transactions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.cloud import Cloud
from tests.harness.state_table import create_state_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "ledger"
KB = 1024


@pytest.fixture
def table(cloud: Cloud) -> DynamoDBClient:
    client: DynamoDBClient = cloud.client("dynamodb")
    create_state_table(client, TABLE)
    return client


def item(entry: str = "a", scope: str = "here", **attributes: str) -> dict[str, Any]:
    texts = {"scope": scope, "entry": entry, **attributes}
    return {name: {"S": text} for name, text in texts.items()}


def put(entry: str, **more: Any) -> Any:  # noqa: ANN401 - as DynamoDB takes them
    return {"Put": {"TableName": TABLE, "Item": item(entry), **more}}


def stored(table: DynamoDBClient) -> list[str]:
    return [found["entry"]["S"] for found in table.scan(TableName=TABLE)["Items"]]


def test_an_item_has_at_most_400_kb(table: DynamoDBClient) -> None:
    with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
        table.put_item(TableName=TABLE, Item=item(note="x" * 400 * KB))
    with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
        table.transact_write_items(
            TransactItems=[{"Put": {"TableName": TABLE, "Item": item(note="x" * 400 * KB)}}]
        )
    assert stored(table) == []


def test_an_item_does_not_grow_beyond_400_kb(table: DynamoDBClient) -> None:
    table.put_item(TableName=TABLE, Item=item(note="x" * 300 * KB))
    with pytest.raises(ClientError, match="exceeded the maximum allowed size"):
        table.update_item(
            TableName=TABLE,
            Key=item(),
            UpdateExpression="SET another = :note",
            ExpressionAttributeValues={":note": {"S": "x" * 150 * KB}},
        )


@pytest.mark.parametrize(
    "key", [item("x" * (KB + 1)), item(scope="x" * (2 * KB + 1))], ids=["sort", "partition"]
)
def test_a_key_has_at_most_1024_and_2048_bytes(table: DynamoDBClient, key: dict[str, Any]) -> None:
    for write in (
        lambda: table.put_item(TableName=TABLE, Item=key),
        lambda: table.delete_item(TableName=TABLE, Key=key),
        lambda: table.update_item(TableName=TABLE, Key=key),
        lambda: table.transact_write_items(
            TransactItems=[{"Put": {"TableName": TABLE, "Item": key}}]
        ),
        lambda: table.transact_write_items(
            TransactItems=[{"Delete": {"TableName": TABLE, "Key": key}}]
        ),
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            write()


def test_an_expression_has_at_most_4_kb(table: DynamoDBClient) -> None:
    condition = " OR ".join(["attribute_not_exists(entry)"] * 150)
    for write in (
        lambda: table.put_item(TableName=TABLE, Item=item(), ConditionExpression=condition),
        lambda: table.transact_write_items(TransactItems=[put("a", ConditionExpression=condition)]),
    ):
        with pytest.raises(ClientError, match="Expression size has exceeded the maximum"):
            write()


def test_the_values_of_an_expression_have_at_most_2_mb(table: DynamoDBClient) -> None:
    with pytest.raises(ClientError, match="exceeded the maximum"):
        table.put_item(
            TableName=TABLE,
            Item=item(),
            ConditionExpression="note = :note",
            ExpressionAttributeValues={":note": {"S": "x" * 2 * KB * KB}},
        )


@pytest.mark.parametrize("others", [0, 150], ids=["few items", "many items"])
def test_a_transaction_puts_updates_and_deletes(table: DynamoDBClient, others: int) -> None:
    fill(table, others)
    table.put_item(TableName=TABLE, Item=item("a", version="2"))
    table.put_item(TableName=TABLE, Item=item("b"))
    table.transact_write_items(
        TransactItems=[
            put("c"),
            {"Delete": {"TableName": TABLE, "Key": item("b")}},
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": item("a"),
                    "UpdateExpression": "SET version = :next",
                    "ConditionExpression": "version = :version",
                    "ExpressionAttributeValues": {":version": {"S": "2"}, ":next": {"S": "3"}},
                }
            },
        ]
    )
    assert stored(table)[others:] == ["a", "c"]
    found = table.get_item(TableName=TABLE, Key=item("a"))
    assert found["Item"]["version"] == {"S": "3"}


def fill(table: DynamoDBClient, count: int) -> None:
    for number in range(count):
        table.put_item(TableName=TABLE, Item=item(f"0{number:04}"))


@pytest.mark.parametrize("others", [0, 150], ids=["few items", "many items"])
def test_a_transaction_writes_everything_or_nothing(table: DynamoDBClient, others: int) -> None:
    fill(table, others)
    table.put_item(TableName=TABLE, Item=item("a", version="2"))
    with pytest.raises(ClientError) as refused:
        table.transact_write_items(
            TransactItems=[
                put("b"),
                put(
                    "a",
                    ConditionExpression="version = :one",
                    ExpressionAttributeValues={":one": {"S": "1"}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                ),
            ]
        )
    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == "TransactionCanceledException"
    codes = [reason["Code"] for reason in answer["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert answer["CancellationReasons"][1]["Item"] == item("a", version="2")
    assert stored(table)[others:] == ["a"]


def test_a_transaction_has_at_most_100_items_of_4_mb(table: DynamoDBClient) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        table.transact_write_items(TransactItems=[put(str(number)) for number in range(101)])
    big: Any = [
        {"Put": {"TableName": TABLE, "Item": item(str(number), note="x" * 300 * KB)}}
        for number in range(14)
    ]
    with pytest.raises(ClientError, match="ValidationException"):
        table.transact_write_items(TransactItems=big)
    assert stored(table) == []


def test_a_transaction_writes_no_item_twice(table: DynamoDBClient) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        table.transact_write_items(
            TransactItems=[put("a"), {"Delete": {"TableName": TABLE, "Key": item("a")}}]
        )


def test_a_transaction_needs_the_permission_of_each_of_its_writes(cloud: Cloud) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html."""
    client = cloud.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "entry", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "entry", "AttributeType": "S"}],
    )
    key = {"entry": {"S": "a"}}
    client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": key}},
            {"Delete": {"TableName": TABLE, "Key": {"entry": {"S": "b"}}}},
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": {"entry": {"S": "c"}},
                    "UpdateExpression": "SET note = :note",
                    "ExpressionAttributeValues": {":note": {"S": "x"}},
                }
            },
        ]
    )
    assert cloud.calls[-1].actions == (
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    )
