"""DynamoDB as the emulator serves it."""

from __future__ import annotations

import concurrent.futures
from typing import Any


def test_no_update_is_lost(cloud: Any) -> None:
    """400 concurrent additions to one counter all count: moto alone loses some."""
    tables = cloud.table("counters")

    def add(_: int) -> None:
        tables.update_item(
            TableName="counters",
            Key={"id": {"S": "one"}},
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        list(pool.map(add, range(400)))
    assert tables.get_item(TableName="counters", Key={"id": {"S": "one"}})["Item"]["hits"] == {"N": "400"}
