"""The live_streams table. A second kind of row, `room#...`, holds a room for its only active stream."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import Attribute, JSONAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import (
    BILLING,
    ConditionFailed,
    Count,
    PackedJson,
    Seconds,
    Table,
    run,
    transaction_connection,
)
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.live.push import Push
from chalicelib.domain.live.stream import Input, LiveStream, StreamStatus

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action


class PushText(Attribute[Push]):
    """The state of an input as JSON, always written alike, so that a condition can compare the whole."""

    attr_type = STRING

    def serialize(self, value: Push) -> str:
        """Write a state."""
        return json.dumps(value.to_list(), separators=(",", ":"))

    def deserialize(self, value: str) -> Push:
        """Read what `serialize` wrote."""
        return Push.from_list(json.loads(value))


class ByRoom(GlobalSecondaryIndex["StreamItem"]):
    """A room's streams in order of time; the rows that hold rooms are not in it."""

    class Meta:
        """Index settings."""

        index_name = "by_room"
        projection = AllProjection()

    room_id = UnicodeAttribute(hash_key=True)
    started_at = Seconds(range_key=True)


class ByRecording(GlobalSecondaryIndex["StreamItem"]):
    """A recording's streams in order of time: one, and those that nothing came of."""

    class Meta:
        """Index settings."""

        index_name = "by_recording"
        projection = AllProjection()

    recording_id = UnicodeAttribute(hash_key=True)
    started_at = Seconds(range_key=True)


class ByStatus(GlobalSecondaryIndex["StreamItem"]):
    """For sweeps; holds only streams that are on or still to be finished."""

    class Meta:
        """Index settings."""

        index_name = "by_status"
        projection = AllProjection()

    sweep = UnicodeAttribute(hash_key=True)
    started_at = Seconds(range_key=True)


class StreamItem(Table):
    """A stream, or the hold on a room, which has only `id` and `stream_id`.

    Attributes are named as domain.live.stream.LiveStream's fields; epochs and runs are packed in `course`.
    """

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
    sweep = UnicodeAttribute(null=True)
    started_at = Seconds(null=True)
    key_sha = UnicodeAttribute(null=True)
    target_s = Count(null=True)
    dvr_window_s = Count(null=True)
    silence_s = Count(null=True)
    profiles = JSONAttribute(null=True)
    course = PackedJson(null=True)
    stopped_at = Seconds(null=True)
    finished_at = Seconds(null=True)
    version = Count(null=True)
    primary = PushText(null=True)
    backup = PushText(null=True)

    by_room = ByRoom()
    by_recording = ByRecording()
    by_status = ByStatus()


_PUSHES = {Input.PRIMARY: StreamItem.primary, Input.BACKUP: StreamItem.backup}


class LiveStreamsTable:
    """Implements live_ports.Streams and Pushes: at most one stream per room that is not stopped."""

    def start(self, stream: LiveStream) -> bool:
        """Insert a stream and hold its room; False when another stream holds it, True again for the same one."""
        item = StreamItem(**_values(stream))
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

    def get(self, stream_id: str) -> LiveStream | None:
        """Read one, strongly consistent."""
        item = _read(stream_id)
        return None if item is None else _stream(item)

    def active_by_room(self, room_id: str) -> LiveStream | None:
        """Return the stream that holds the room now, active or paused; strongly consistent."""
        hold = _read(_hold_id(room_id))
        return None if hold is None else self.get(str(hold.stream_id))

    def by_room(self, room_id: str, *, limit: int) -> list[LiveStream]:
        """Newest first, eventually consistent."""
        found = StreamItem.by_room
        return run(lambda: [_stream(item) for item in found.query(room_id, scan_index_forward=False, limit=limit)])

    def by_recording(self, recording_id: str) -> list[LiveStream]:
        """Oldest first, eventually consistent."""
        return run(lambda: [_stream(item) for item in StreamItem.by_recording.query(recording_id)])

    def by_status(self, status: StreamStatus, *, limit: int) -> list[LiveStream]:
        """Oldest first, eventually consistent: for sweeps. Stopped ones only until they are finished."""
        return run(lambda: [_stream(item) for item in StreamItem.by_status.query(status.value, limit=limit)])

    def replace(self, stream: LiveStream) -> bool:
        """Write epochs, runs, status and `finished_at` if the stored version is `stream.version - 1`."""
        return _update(stream.id, _course_of(stream), StreamItem.version == stream.version - 1)

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

    def delete(self, stream_id: str) -> None:
        """Remove the row, and its hold on the room should it be on; quiet when there is none."""
        stream = self.get(stream_id)
        if stream is None:
            return
        hold = StreamItem(_hold_id(stream.room_id))
        with suppress(ConditionFailed):  # another stream's, or free
            run(lambda: hold.delete(condition=StreamItem.stream_id == stream_id))
        run(lambda: StreamItem(stream_id).delete())

    def read_push(self, stream_id: str, input_: Input) -> tuple[LiveStream, Push] | None:
        """Read a stream with the state of one of its inputs, strongly consistent."""
        item = _read(stream_id)
        return None if item is None else (_stream(item), getattr(item, input_.value) or Push())

    def swap_push(self, stream: LiveStream, input_: Input, before: Push, after: Push) -> bool:
        """Set an input's state if it still is `before`, and the stream's epochs with it when it claimed another.

        `stream` is as `read_push` gave it, or with one more epoch claimed. False when somebody was faster.
        """
        attribute = _PUSHES[input_]
        same: Any = attribute.does_not_exist() if before == Push() else attribute == before
        actions: list[Action] = [attribute.set(after)]
        if after.epoch != before.epoch:
            actions += _course_of(stream)
            same &= StreamItem.version == stream.version - 1
        return _update(stream.id, actions, same)


def _update(stream_id: str, actions: list[Action], condition: Condition) -> bool:
    try:
        run(lambda: StreamItem(stream_id).update(actions, condition=condition))
    except ConditionFailed:
        return False
    return True


def _course_of(stream: LiveStream) -> list[Action]:
    finished, sweep = stream.finished_at, _sweep(stream)
    return [
        StreamItem.course.set(stream.to_dict()),
        StreamItem.status.set(stream.status.value),
        StreamItem.sweep.remove() if sweep is None else StreamItem.sweep.set(sweep),
        StreamItem.finished_at.remove() if finished is None else StreamItem.finished_at.set(finished),
        StreamItem.version.set(stream.version),
    ]


def _sweep(stream: LiveStream) -> str | None:
    """Return what sweeps look the stream up by: its status, and nothing once it is finished."""
    return None if stream.finished_at is not None else stream.status.value


def _values(stream: LiveStream) -> dict[str, Any]:
    values = {name: value for name, value in item_values(stream).items() if name not in {"epochs", "runs", "profiles"}}
    return values | {"course": stream.to_dict(), "sweep": _sweep(stream), "profiles": list(stream.profiles) or None}


def _hold_id(room_id: str) -> str:
    return f"room#{room_id}"


def _read(item_id: str) -> StreamItem | None:
    try:
        return run(lambda: StreamItem.get(item_id, consistent_read=True))
    except StreamItem.DoesNotExist:
        return None


def _stream(item: StreamItem) -> LiveStream:
    epochs, runs = LiveStream.read_course(item.course) if item.course else ((), ())
    decoded = {"profiles": tuple(item.profiles or ()), "epochs": epochs, "runs": runs}
    return read_item(LiveStream, item, {}, status=StreamStatus(item.status), **decoded)
