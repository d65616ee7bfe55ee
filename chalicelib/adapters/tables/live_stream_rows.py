"""The rows of the live_streams table: streams with the state of their inputs, and holds on rooms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import Attribute, JSONAttribute, ListAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, Count, PackedJson, Seconds, Table
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.live.push import Push
from chalicelib.domain.live.stream import LiveStream, StreamStatus

if TYPE_CHECKING:
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


class ByUntold(GlobalSecondaryIndex["StreamItem"]):
    """Streams with something to tell, for the sweep; a row leaves it once that was told."""

    class Meta:
        """Index settings."""

        index_name = "by_untold"
        projection = AllProjection()

    tell = UnicodeAttribute(hash_key=True)
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
    tell = UnicodeAttribute(null=True)
    untold: Any = ListAttribute(of=UnicodeAttribute, null=True)

    by_room = ByRoom()
    by_recording = ByRecording()
    by_status = ByStatus()
    by_untold = ByUntold()


def course_of(stream: LiveStream) -> list[Action]:
    """Return the writes of what changes while a stream is on."""
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


def stream_values(stream: LiveStream) -> dict[str, Any]:
    """Return a new stream's attributes."""
    values = {name: value for name, value in item_values(stream).items() if name not in {"epochs", "runs", "profiles"}}
    return values | {"course": stream.to_dict(), "sweep": _sweep(stream), "profiles": list(stream.profiles) or None}


def hold_id(room_id: str) -> str:
    """Name the row that holds a room."""
    return f"room#{room_id}"


def stream_of(item: StreamItem) -> LiveStream:
    """Read a stored stream."""
    epochs, runs = LiveStream.read_course(item.course) if item.course else ((), ())
    decoded = {"profiles": tuple(item.profiles or ()), "epochs": epochs, "runs": runs}
    return read_item(LiveStream, item, {}, status=StreamStatus(item.status), **decoded)
