"""The live_streams table. A second kind of row, `room#...`, holds a room for its only active stream."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import ConditionFailed, run, transaction_connection
from chalicelib.adapters.tables.live_stream_rows import StreamItem, course_of, hold_id, stream_of, stream_values
from chalicelib.adapters.tables.untold import telling
from chalicelib.domain.live.push import Push
from chalicelib.domain.live.stream import Input, LiveStream, StreamStatus
from chalicelib.domain.webhooks.changes import Change, EventType
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

_PUSHES = {Input.PRIMARY: StreamItem.primary, Input.BACKUP: StreamItem.backup}


class LiveStreamsTable:
    """Implements live_ports.Streams and Pushes: at most one stream per room that is not stopped."""

    def __init__(self, hint: Callable[[str, str], None] | None = None) -> None:
        """`hint` gets id and owner of a stream with something to tell."""
        self._hint = hint

    def start(self, stream: LiveStream) -> bool:
        """Insert a stream and hold its room; False when another stream holds it, True again for the same one."""
        item = StreamItem(**stream_values(stream))
        hold = StreamItem(hold_id(stream.room_id), stream_id=stream.id)

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

    def get(self, stream_id: str) -> LiveStream | None:
        """Read one, strongly consistent."""
        item = _read(stream_id)
        return None if item is None else stream_of(item)

    def active_by_room(self, room_id: str) -> LiveStream | None:
        """Return the stream that holds the room now, active or paused; strongly consistent."""
        hold = _read(hold_id(room_id))
        return None if hold is None else self.get(str(hold.stream_id))

    def by_room(self, room_id: str, *, limit: int) -> list[LiveStream]:
        """Newest first, eventually consistent."""
        found = StreamItem.by_room
        return run(lambda: [stream_of(item) for item in found.query(room_id, scan_index_forward=False, limit=limit)])

    def by_recording(self, recording_id: str) -> list[LiveStream]:
        """Oldest first, eventually consistent."""
        return run(lambda: [stream_of(item) for item in StreamItem.by_recording.query(recording_id)])

    def by_status(self, status: StreamStatus, *, limit: int) -> list[LiveStream]:
        """Oldest first, eventually consistent: for sweeps. Stopped ones only until they are finished."""
        return run(lambda: [stream_of(item) for item in StreamItem.by_status.query(status.value, limit=limit)])

    def replace(self, stream: LiveStream, *, tell: Change | None = None) -> bool:
        """Write epochs, runs, status and `finished_at` if the stored version is `stream.version - 1`.

        `tell` is what becomes known of it by this write.
        """
        actions = course_of(stream) + telling(StreamItem, tell)
        written = _update(stream.id, actions, StreamItem.version == stream.version - 1)
        if written and tell is not None and self._hint is not None:
            self._hint(stream.id, stream.owner)
        return written

    def stop(self, stream_id: str, *, now: float) -> bool:
        """End a stream and free its room; False when it is over already or unknown."""
        stream = self.get(stream_id)
        if stream is None:
            return False
        over: list[Action] = [
            StreamItem.status.set(StreamStatus.STOPPED.value),
            StreamItem.sweep.set(StreamStatus.STOPPED.value),
            StreamItem.stopped_at.set(now),
            StreamItem.version.add(1),
            *telling(StreamItem, Change(EventType.LIVE_ENDED, now)),
        ]
        alive: Any = StreamItem.id.exists() & (StreamItem.status != StreamStatus.STOPPED.value)

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                transaction.update(StreamItem(stream_id), over, condition=alive)
                transaction.delete(StreamItem(hold_id(stream.room_id)), condition=StreamItem.stream_id == stream_id)

        try:
            run(write)
        except ConditionFailed:
            return False
        if self._hint is not None:
            self._hint(stream_id, stream.owner)
        return True

    def delete(self, stream_id: str) -> None:
        """Remove the row, and its hold on the room should it be on; quiet when there is none.

        Raises Transient("still_untold") while it has something to tell.
        """
        stream = self.get(stream_id)
        if stream is None:
            return
        hold = StreamItem(hold_id(stream.room_id))
        with suppress(ConditionFailed):  # another stream's, or free
            run(lambda: hold.delete(condition=StreamItem.stream_id == stream_id))
        try:
            run(lambda: StreamItem(stream_id).delete(condition=StreamItem.tell.does_not_exist()))
        except ConditionFailed:
            raise Transient("still_untold", "What happened to this stream has yet to be told.") from None

    def read_push(self, stream_id: str, input_: Input) -> tuple[LiveStream, Push] | None:
        """Read a stream with the state of one of its inputs, strongly consistent."""
        item = _read(stream_id)
        return None if item is None else (stream_of(item), getattr(item, input_.value) or Push())

    def swap_push(self, stream: LiveStream, input_: Input, before: Push, after: Push) -> bool:
        """Set an input's state if it still is `before`, and the stream's epochs with it when it claimed another.

        `stream` is as `read_push` gave it, or with one more epoch claimed. False when somebody was faster.
        """
        attribute = _PUSHES[input_]
        same: Any = attribute.does_not_exist() if before == Push() else attribute == before
        actions: list[Action] = [attribute.set(after)]
        if after.epoch != before.epoch:
            actions += course_of(stream)
            same &= StreamItem.version == stream.version - 1
        return _update(stream.id, actions, same)


def _update(stream_id: str, actions: list[Action], condition: Condition) -> bool:
    try:
        run(lambda: StreamItem(stream_id).update(actions, condition=condition))
    except ConditionFailed:
        return False
    return True


def _read(item_id: str) -> StreamItem | None:
    try:
        return run(lambda: StreamItem.get(item_id, consistent_read=True))
    except StreamItem.DoesNotExist:
        return None
