"""Shortcuts through moto's DynamoDB: the same answers, the same items afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from headwater.local.quick_tables import quick_query, quick_transaction

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = Table.query
WRITE = DynamoDBBackend.transact_write_items


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A table of 60 items in three partitions, an index that half of them are in, and one without a range key."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        client.create_table(
            TableName="rows",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("key", "part", "board")],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}, {"AttributeName": "part", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_board",
                    "KeySchema": [{"AttributeName": "board", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        client.create_table(
            TableName="plain",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for n in range(60):
            item = {"key": {"S": "abc"[n % 3]}, "part": {"S": f"{n * 37 % 60:02d}"}, "n": {"N": str(n)}}
            client.put_item(TableName="rows", Item=item | ({"board": {"S": "x"}} if n % 2 else {}))
        client.put_item(TableName="plain", Item={"key": {"S": "one"}, "n": {"N": "1"}})
        yield client


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the short way is taken."""
    monkeypatch.setattr(Table, "query", quick_query(PLAIN))
    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", quick_transaction(WRITE))


QUERIES: list[dict[str, Any]] = [
    {"KeyConditionExpression": "#k = :v", "ExpressionAttributeValues": {":v": {"S": "b"}}},
    {"KeyConditionExpression": "#k = :v", "ExpressionAttributeValues": {":v": {"S": "none"}}},
    {"KeyConditionExpression": "#k = :v", "ExpressionAttributeValues": {":v": {"S": "c"}}, "ScanIndexForward": False},
    {
        "KeyConditionExpression": "#k = :v AND part BETWEEN :from AND :to",
        "ExpressionAttributeValues": {":v": {"S": "a"}, ":from": {"S": "10"}, ":to": {"S": "40"}},
        "Limit": 4,
    },
]


@pytest.mark.parametrize("query", QUERIES)
def test_partitions_read_the_same(tables: Any, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]) -> None:
    """Items, order, counts, and where to go on."""
    asked = query | {"TableName": "rows", "ExpressionAttributeNames": {"#k": "key"}}
    long = read(tables, asked)
    shorten(monkeypatch)
    assert read(tables, asked) == long


def test_indexes_and_single_keys_read_the_same(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index looks at every item; a table without a range key has one in each partition."""
    index = {"KeyConditionExpression": "board = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}
    single = {"KeyConditionExpression": "#k = :v", "ExpressionAttributeValues": {":v": {"S": "one"}}}
    asked = [
        index | {"TableName": "rows", "IndexName": "by_board"},
        single | {"TableName": "plain", "ExpressionAttributeNames": {"#k": "key"}},
    ]
    long = [read(tables, one) for one in asked]
    shorten(monkeypatch)
    assert [read(tables, one) for one in asked] == long
    assert [len(one) for one in long] == [30, 1]


def read(tables: Any, asked: dict[str, Any]) -> list[Any]:
    """Return all pages' items, in order."""
    return [item for page in tables.get_paginator("query").paginate(**asked) for item in page["Items"]]


@pytest.mark.parametrize("fails", [False, True])
def test_a_transaction_is_all_or_nothing(tables: Any, monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:  # noqa: FBT001  parametrised
    """Items that it changes, adds and deletes are all as before when one condition does not hold."""
    shorten(monkeypatch)
    before = everything(tables)
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    work: list[Any] = [
        {"Update": {"TableName": "rows", "Key": {"key": {"S": "a"}, "part": {"S": "00"}}, **add}},
        {"Put": {"TableName": "rows", "Item": {"key": {"S": "new"}, "part": {"S": "00"}}}},
        {"Delete": {"TableName": "plain", "Key": {"key": {"S": "one"}}}},
        {
            "Update": {
                "TableName": "rows",
                "Key": {"key": {"S": "a"}, "part": {"S": "03"}},
                "ConditionExpression": "attribute_not_exists(n)" if fails else "attribute_exists(n)",
                **add,
            }
        },
    ]
    if fails:
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            tables.transact_write_items(TransactItems=work)
        assert everything(tables) == before
    else:
        tables.transact_write_items(TransactItems=work)
        after = everything(tables)
        assert sum(int(item.get("n", {"N": "0"})["N"]) for item in after) == 2 - 1 + sum(range(60)) + 1
        assert len(after) == len(before)
    tables.put_item(TableName="rows", Item={"key": {"S": "later"}, "part": {"S": "00"}})
    assert len(everything(tables)) == len(before) + 1


def everything(tables: Any) -> list[Any]:
    """Return all items of both tables."""
    found = [item for name in ("rows", "plain") for item in tables.scan(TableName=name)["Items"]]
    return sorted(found, key=lambda item: (item["key"]["S"], item.get("part", {"S": ""})["S"]))
