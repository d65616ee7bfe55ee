"""The live_streams table. A second kind of row, `room#...`, holds a room for its only active stream."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Seconds, Table, run, transaction_connection
from chalicelib.adapters.tables.mapping import item_values, read_item

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action


class StreamStatus(StrEnum):
    """A live stream's life, in the specification's words."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A live stream as stored. Times are Unix seconds; `stopped_at` is None while it holds its room."""

    id: str
    room_id: str
    owner: str
    recording_id: str
    status: StreamStatus
    started_at: float
    stopped_at: float | None = None


class ByRoom(GlobalSecondaryIndex["StreamItem"]):
    """A room's streams in order of time; the rows that hold rooms are not in it."""

    class Meta:
        """Index settings."""

        index_name = "by_room"
        projection = AllProjection()

    room_id = UnicodeAttribute(hash_key=True)
    started_at = Seconds(range_key=True)


class StreamItem(Table):
    """A stream, or the hold on a room, which has only `id` and `stream_id`."""

    class Meta:
        """Table settings."""

        kind = "live_streams"
        billing_mode = BILLING

    id = UnicodeAttribute(hash_key=True)
    stream_id = UnicodeAttribute(null=True)
    room_id = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    recording_id = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    started_at = Seconds(null=True)
    stopped_at = Seconds(null=True)

    by_room = ByRoom()


class LiveStreamsTable:
    """Streams, with at most one per room that is not stopped."""

    def start(self, stream: StreamRow) -> bool:
        """Insert a stream and hold its room; False when another stream holds it, True again for the same one."""
        item = StreamItem(**item_values(stream))
        hold = StreamItem(_hold_id(stream.room_id), stream_id=stream.id)

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                transaction.save(item, condition=StreamItem.id.does_not_exist())
                transaction.save(hold, condition=StreamItem.id.does_not_exist())

        try:
            run(write)
        except ConditionFailed:
            holder = self.active_by_room(stream.room_id)
            return holder is not None and holder.id == stream.id
        return True

    def get(self, stream_id: str) -> StreamRow | None:
        """Read one, strongly consistent."""
        item = _read(stream_id)
        return None if item is None else _stream(item)

    def active_by_room(self, room_id: str) -> StreamRow | None:
        """Return the stream that holds the room now, active or paused; strongly consistent."""
        hold = _read(_hold_id(room_id))
        return None if hold is None else self.get(str(hold.stream_id))

    def by_room(self, room_id: str, *, limit: int) -> list[StreamRow]:
        """Newest first, eventually consistent."""
        found = StreamItem.by_room
        return run(lambda: [_stream(item) for item in found.query(room_id, scan_index_forward=False, limit=limit)])

    def pause(self, stream_id: str, *, paused: bool) -> bool:
        """Pause or resume; False when it is stopped or unknown."""
        status = StreamStatus.PAUSED if paused else StreamStatus.ACTIVE
        alive = StreamItem.status.is_in(StreamStatus.ACTIVE.value, StreamStatus.PAUSED.value)
        try:
            run(lambda: StreamItem(stream_id).update([StreamItem.status.set(status.value)], condition=alive))
        except ConditionFailed:
            return False
        return True

    def stop(self, stream_id: str, *, now: float) -> bool:
        """End a stream and free its room; False when it is over already or unknown."""
        stream = self.get(stream_id)
        if stream is None:
            return False
        over: list[Action] = [
            StreamItem.status.set(StreamStatus.STOPPED.value),
            StreamItem.stopped_at.set(now),
        ]
        alive: Any = StreamItem.id.exists() & (StreamItem.status != StreamStatus.STOPPED.value)

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                transaction.update(StreamItem(stream_id), over, condition=alive)
                transaction.delete(StreamItem(_hold_id(stream.room_id)), condition=StreamItem.stream_id == stream_id)

        try:
            run(write)
        except ConditionFailed:
            return False
        return True


def _hold_id(room_id: str) -> str:
    return f"room#{room_id}"


def _read(item_id: str) -> StreamItem | None:
    try:
        return run(lambda: StreamItem.get(item_id, consistent_read=True))
    except StreamItem.DoesNotExist:
        return None


def _stream(item: StreamItem) -> StreamRow:
    return read_item(StreamRow, item, {}, status=StreamStatus(item.status))
