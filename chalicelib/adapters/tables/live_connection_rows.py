"""The live_connections table: who is connected, by connection and by shard of a stream, and how many.

Four kinds of rows, told apart by their keys:
  `connection#{id}` / `-`          where a connection's own row lies
  `{stream}#{shard}` / `{id}`      the connection itself; a shard is read as one query, strongly consistent
  `{stream}` / `shard#..`, `quality#..`, `meta`   counts, in the same transaction as what they count
  `nonce#{nonce}` / `-`            a token that was used, until it would have expired
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, Seconds, Table, run
from chalicelib.adapters.tables.mapping import read_item
from chalicelib.domain.live.viewers import ViewerConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

ONLY = "-"
META = "meta"
KEEP_S = 400 * 24 * 3600
"""How long counts outlive their stream."""


class ConnectionItem(Table):
    """One row of any kind."""

    class Meta:
        """Table settings."""

        kind = "live_connections"
        billing_mode = BILLING

    key = UnicodeAttribute(hash_key=True)
    part = UnicodeAttribute(range_key=True)
    stream_id = UnicodeAttribute(null=True)
    recording_id = UnicodeAttribute(null=True)
    connection_id = UnicodeAttribute(null=True)
    shard = Count(null=True)
    slot = Count(null=True)
    quality = UnicodeAttribute(null=True)
    viewer = UnicodeAttribute(null=True)
    connected_at = Seconds(null=True)
    seen_at = Seconds(null=True)
    latency_s = Seconds(null=True)
    viewers = Count(null=True)
    joined = Count(null=True)
    left = Count(null=True)
    changed = Count(null=True)
    shards = Count(null=True)
    peak = Count(null=True)
    expires_at = TTLAttribute(null=True)


def count(transaction: TransactWrite, stream_id: str, row: str, connection: ViewerConnection, **by: int) -> None:
    """Add to one of the rows that count, made on first use."""
    actions: list[Action] = [getattr(ConnectionItem, name).add(number) for name, number in by.items()]
    until = datetime.fromtimestamp(connection.connected_at + KEEP_S, UTC)
    transaction.update(ConnectionItem(stream_id, row), [*actions, ConnectionItem.expires_at.set(until)])


def done(write: Callable[[], object]) -> bool:
    """Run a write; False when a condition of it does not hold."""
    try:
        run(write)
    except ConditionFailed:
        return False
    return True


def unchanged(connection: ViewerConnection) -> Any:
    """Condition that nobody changed what is counted since it was read."""
    if connection.quality:
        return ConnectionItem.quality == connection.quality
    return ConnectionItem.key.exists() & ConnectionItem.quality.does_not_exist()


def pointer_key(connection_id: str) -> str:
    """Key of the row that says where a connection lies."""
    return f"connection#{connection_id}"


def shard_key(stream_id: str, shard: int) -> str:
    """Key that all connections of a shard share."""
    return f"{stream_id}#{shard}"


def connection_key(connection: ViewerConnection) -> str:
    """Key of a connection itself."""
    return shard_key(connection.stream_id, connection.shard)


def shard_row(connection: ViewerConnection) -> str:
    """Row that counts a connection."""
    return f"shard#{connection.shard}#{connection.slot}"


def quality_row(connection: ViewerConnection) -> str:
    """Row that counts its subscription."""
    return f"quality#{connection.quality}#{connection.slot}"


def read(key: str, part: str) -> ConnectionItem | None:
    """Read one row, strongly consistent."""
    try:
        return run(lambda: ConnectionItem.get(key, part, consistent_read=True))
    except ConnectionItem.DoesNotExist:
        return None


def connection_of(item: ConnectionItem) -> ViewerConnection:
    """Read a stored connection."""
    return read_item(ViewerConnection, item, {"quality": "", "viewer": ""}, id=item.part)
