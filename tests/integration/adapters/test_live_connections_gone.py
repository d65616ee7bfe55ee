"""A deleted stream's viewers: rows, pointers and counts go; other streams' stay."""

from __future__ import annotations

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.tables.live_connections import LiveConnectionsTable
from chalicelib.domain.live.viewers import ViewerConnection

pytestmark = pytest.mark.usefixtures("tables")
GONE, STAYS = "live_0123456789abcdefghij", "live_0123456789abcdefghik"


def joined(table: LiveConnectionsTable, stream_id: str, number: int, shard: int) -> str:
    """Let somebody in; returns the connection's id."""
    connection = ViewerConnection(
        f"c-{stream_id}-{number}",
        stream_id,
        "rec_0123456789abcdefghij",
        shard,
        number % 2,
        1000.0,
        1000.0,
        viewer="bob",
    )
    assert table.join(connection, f"nonce-{stream_id}-{number}", 2000.0)
    table.subscribe(connection.id, "auto", now=1001.0)
    return connection.id


def left() -> set[str]:
    """Return the first keys of all rows but those of used tickets, which end by themselves within minutes."""
    rows = clients.client("dynamodb").scan(TableName="headwater-local-live_connections")["Items"]
    return {row["key"]["S"] for row in rows if not row["key"]["S"].startswith("nonce#")}


def test_everything_of_one_stream_goes() -> None:
    """Over several shards, twice in a row; whoever leaves afterwards makes nothing anew."""
    table = LiveConnectionsTable()
    mine = [joined(table, GONE, number, number % 3) for number in range(7)]
    joined(table, STAYS, 1, 0)
    table.note_peak(GONE, 7)
    for _ in range(2):
        table.delete_stream(GONE)
        assert left() == {STAYS, f"{STAYS}#0", f"connection#c-{STAYS}-1"}
    assert [table.leave(one) for one in mine] == [None] * 7
    assert left() == {STAYS, f"{STAYS}#0", f"connection#c-{STAYS}-1"}
    table.delete_stream("live_none")
