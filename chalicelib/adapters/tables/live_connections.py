"""Who watches live streams, on DynamoDB: rows and counts change in one transaction."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import ConditionFailed, run, transaction_connection
from chalicelib.adapters.tables.live_connection_rows import (
    META,
    ONLY,
    ConnectionItem,
    connection_key,
    connection_of,
    count,
    done,
    pointer_key,
    quality_row,
    read,
    shard_key,
    shard_row,
    unchanged,
)
from chalicelib.domain.live.viewers import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.update import Action

    from chalicelib.domain.live.viewers import ViewerConnection

_TRIES = 5
"""Other writers of one connection: itself, its end, a sweep."""


class LiveConnectionsTable:
    """Implements viewer_ports.Connections. Rows and counts change together: counts stay exact whatever runs twice."""

    def join(self, connection: ViewerConnection, nonce: str, nonce_until: float) -> bool:
        """Add a connection and use its token's nonce up; False when another connection has used it.

        True again for the same connection: its first answer may have been lost.
        """
        used = ConnectionItem(
            f"nonce#{nonce}", ONLY, connection_id=connection.id, expires_at=datetime.fromtimestamp(nonce_until, UTC)
        )
        place: dict[str, Any] = {"stream_id": connection.stream_id, "shard": connection.shard, "slot": connection.slot}
        values = place | {
            "recording_id": connection.recording_id,
            "viewer": connection.viewer or None,
            "connected_at": connection.connected_at,
            "seen_at": connection.seen_at,
        }
        absent = ConnectionItem.key.does_not_exist()

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                transaction.save(used, condition=absent)
                transaction.save(ConnectionItem(pointer_key(connection.id), ONLY, **place), condition=absent)
                transaction.save(ConnectionItem(connection_key(connection), connection.id, **values), condition=absent)
                count(transaction, connection.stream_id, shard_row(connection), connection, viewers=1, joined=1)

        try:
            run(write)
        except ConditionFailed:
            holder = read(f"nonce#{nonce}", ONLY)
            return holder is not None and holder.connection_id == connection.id
        return True

    def delete_stream(self, stream_id: str) -> None:
        """Remove a stream's viewers and their counts; quiet when there are none."""
        counts = _rows(stream_id)
        shards = {int(row.part.split("#")[1]) for row in counts if row.part.startswith("shard#")}
        for shard in sorted(shards):
            viewers = _rows(shard_key(stream_id, shard))
            _remove([ConnectionItem(pointer_key(viewer.part), ONLY) for viewer in viewers])
            _remove(viewers)
        # Last, for they name the rest.
        _remove(counts)

    def get(self, connection_id: str) -> ViewerConnection | None:
        """Read one, strongly consistent."""
        pointer = read(pointer_key(connection_id), ONLY)
        item = None if pointer is None else read(f"{pointer.stream_id}#{pointer.shard}", connection_id)
        return None if item is None else connection_of(item)

    def subscribe(self, connection_id: str, quality: str, *, now: float) -> ViewerConnection | None:
        """Set what a connection is told about; None when it has gone."""
        for _ in range(_TRIES):
            connection = self.get(connection_id)
            if connection is None:
                return None
            if connection.quality == quality:
                return self.heard(connection, now=now)
            if self._swap_quality(connection, quality, now):
                return self.get(connection_id)
        return None

    def heard(
        self, connection: ViewerConnection, *, now: float, latency_s: float | None = None
    ) -> ViewerConnection | None:
        """Note that a connection said something, and its latency when it said that; None when it has gone."""
        actions: list[Action] = [ConnectionItem.seen_at.set(now)]
        if latency_s is not None:
            actions.append(ConnectionItem.latency_s.set(latency_s))
        item = ConnectionItem(connection_key(connection), connection.id)
        try:
            run(lambda: item.update(actions, condition=ConnectionItem.key.exists()))
        except ConditionFailed:
            return None
        return connection_of(item)

    def leave(self, connection_id: str) -> ViewerConnection | None:
        """Remove a connection and count it out, once; None when it had gone already."""
        for _ in range(_TRIES):
            connection = self.get(connection_id)
            if connection is None:
                return None
            if self._remove(connection):
                return connection
        return None

    def audience(self, stream_id: str, shard: int) -> dict[str, list[str]]:
        """Return a shard's subscribed connections by quality, strongly consistent."""
        found: dict[str, list[str]] = {}
        wanted = ["part", "quality"]

        def collect() -> None:
            found.clear()
            for item in ConnectionItem.query(
                shard_key(stream_id, shard), consistent_read=True, attributes_to_get=wanted
            ):
                if item.quality:
                    found.setdefault(item.quality, []).append(item.part)

        run(collect)
        return found

    def members(self, stream_id: str, shard: int) -> list[ViewerConnection]:
        """Return every connection of a shard, strongly consistent."""
        return run(
            lambda: [
                connection_of(item) for item in ConnectionItem.query(shard_key(stream_id, shard), consistent_read=True)
            ]
        )

    def counts(self, stream_id: str) -> Counts:
        """Add up a stream's counts, strongly consistent."""
        items = run(lambda: list(ConnectionItem.query(stream_id, consistent_read=True)))
        shards, peak = 1, 0
        here, versions, qualities = Counter[int](), Counter[int](), Counter[str]()
        joined = left = 0
        for item in items:
            kind, _, rest = item.part.partition("#")
            if kind == META:
                shards, peak = item.shards or 1, item.peak or 0
            elif kind == "quality":
                qualities[rest.rpartition("#")[0]] += item.viewers or 0
            else:
                shard = int(rest.partition("#")[0])
                here[shard] += item.viewers or 0
                versions[shard] += (item.joined or 0) + (item.left or 0) + (item.changed or 0)
                joined, left = joined + (item.joined or 0), left + (item.left or 0)
        viewers = sum(here.values())
        by_quality = {name: number for name, number in sorted(qualities.items()) if number > 0}
        occupied = tuple(sorted(shard for shard, number in here.items() if number > 0))
        return Counts(viewers, peak, joined, left, by_quality, shards, occupied, dict(versions))

    def note_peak(self, stream_id: str, viewers: int) -> None:
        """Raise the highest number of viewers that was noted; quiet where it is as high already."""
        self._raise(stream_id, ConnectionItem.peak, viewers)

    def grow(self, stream_id: str, shards: int) -> None:
        """Spread connections over more shards from now on; quiet where there are as many already."""
        self._raise(stream_id, ConnectionItem.shards, shards)

    def _raise(self, stream_id: str, attribute: Any, value: int) -> None:
        lower = attribute.does_not_exist() | (attribute < value)
        item = ConnectionItem(stream_id, META)
        done(lambda: item.update([attribute.set(value)], condition=lower))

    def _swap_quality(self, connection: ViewerConnection, quality: str, now: float) -> bool:
        actions: list[Action] = [ConnectionItem.quality.set(quality), ConnectionItem.seen_at.set(now)]

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                item = ConnectionItem(connection_key(connection), connection.id)
                transaction.update(item, actions, condition=unchanged(connection))
                if connection.quality:
                    count(transaction, connection.stream_id, quality_row(connection), connection, viewers=-1)
                count(transaction, connection.stream_id, shard_row(connection), connection, changed=1)
                row = f"quality#{quality}#{connection.slot}"
                count(transaction, connection.stream_id, row, connection, viewers=1)

        return done(write)

    def _remove(self, connection: ViewerConnection) -> bool:
        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                pointer = ConnectionItem(pointer_key(connection.id), ONLY)
                transaction.delete(pointer, condition=ConnectionItem.key.exists())
                item = ConnectionItem(connection_key(connection), connection.id)
                transaction.delete(item, condition=unchanged(connection))
                count(transaction, connection.stream_id, shard_row(connection), connection, viewers=-1, left=1)
                if connection.quality:
                    count(transaction, connection.stream_id, quality_row(connection), connection, viewers=-1)

        return done(write)


def _rows(key: str) -> list[ConnectionItem]:
    return run(lambda: list(ConnectionItem.query(key, consistent_read=True)))


def _remove(rows: Sequence[ConnectionItem]) -> None:
    def delete() -> None:
        with ConnectionItem.batch_write() as batch:
            for row in rows:
                batch.delete(row)

    if rows:
        run(delete)
