"""moto's DynamoDB without two detours, each as long as the table.

It sorts the whole table by key before it looks for one partition; and it copies the whole table, once for each item of
a transaction, in case the transaction fails. The shortcuts rely on the lock of `durable_tables`: one request at a time.
"""

from __future__ import annotations

import copy
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from moto.dynamodb.models.dynamo_type import Item

    Key = dict[str, Any]


def install() -> None:
    """Shorten the way for every table of this process; safe to repeat."""
    if not hasattr(Table.query, "__wrapped__"):
        Table.query = quick_query(Table.query)  # type: ignore[method-assign]
        write: Any = quick_transaction(DynamoDBBackend.transact_write_items)
        DynamoDBBackend.transact_write_items = write  # type: ignore[method-assign]


def quick_query(query: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `Table.query` that is handed only items it can find, in any order: it sorts what it finds."""
    place = list(signature(query).parameters).index("index_name") - 2

    @wraps(query)
    def quickly(self: Table, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        index = args[place] if len(args) > place else kwargs.get("index_name")
        items = _everything(self) if index else _partition(self, hash_key)
        self.all_items = lambda: items  # type: ignore[method-assign]
        try:
            return query(self, hash_key, *args, **kwargs)
        finally:
            del self.all_items

    return quickly


def quick_transaction(write: Callable[..., None]) -> Callable[..., None]:
    """Return a `transact_write_items` whose backups copy the items it names, and share all others."""

    @wraps(write)
    def quickly(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        named: dict[str, list[Key]] = {}
        for operation in (next(iter(item.values())) for item in transact_items):
            named.setdefault(operation.get("TableName", ""), []).append(operation.get("Key") or operation.get("Item"))
        tables = [(self.tables[name], keys) for name, keys in named.items() if name in self.tables]
        for table, keys in tables:
            table.__deepcopy__ = _backup_of(table, keys)  # type: ignore[attr-defined]
        try:
            write(self, transact_items)
        finally:
            for table, _ in tables:
                del table.__deepcopy__  # type: ignore[attr-defined]

    return quickly


def _backup_of(table: Table, keys: Iterable[Key]) -> Callable[[dict[int, Any]], Table]:
    def backup(_memo: dict[int, Any]) -> Table:
        found = copy.copy(table)
        del found.__deepcopy__  # type: ignore[attr-defined]
        rows: Any = table.items
        kept: Any = type(rows)(dict)
        kept.update({name: dict(row) if table.range_key_attr else row for name, row in rows.items()})
        for key in keys:
            _copy_item(table, kept, key)
        found.items = kept
        return found

    return backup


def _copy_item(table: Table, items: Any, key: Key) -> None:
    if table.hash_key_attr not in key:
        return
    first = DynamoType(key[table.hash_key_attr])
    if not table.range_key_attr:
        if first in items:
            items[first] = copy.deepcopy(items[first])
    elif table.range_key_attr in key:
        second = DynamoType(key[table.range_key_attr])
        if second in items.get(first, {}):
            items[first][second] = copy.deepcopy(items[first][second])


def _partition(table: Table, hash_key: Any) -> list[Item]:
    if not table.range_key_attr:
        return _everything(table)
    return list(table.items.get(hash_key, {}).values())


def _everything(table: Table) -> list[Item]:
    rows: Any = table.items.values()
    return [item for row in rows for item in (row.values() if table.range_key_attr else [row])]
