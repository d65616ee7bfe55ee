"""Events as receivers read them: the payload of Standard Webhooks, under an id that never depends on who makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents import iso
from chalicelib.domain.keys import address
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.domain.recording import Recording

_STATUS_THEN = {
    EventType.RECORDING_PLAYABLE: RecordingStatus.PLAYABLE.value,
    EventType.RECORDING_READY: RecordingStatus.READY.value,
    EventType.RECORDING_ERRORED: RecordingStatus.ERRORED.value,
    EventType.RECORDING_DELETED: "deleted",
    EventType.LIVE_STARTED: RecordingStatus.LIVE.value,
}
_STREAM_THEN = {
    EventType.LIVE_STARTED: StreamStatus.ACTIVE.value,
    EventType.LIVE_PAUSED: StreamStatus.PAUSED.value,
    EventType.LIVE_ENDED: StreamStatus.STOPPED.value,
}
_ABOUT_STREAMS = frozenset(_STREAM_THEN)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is told to its owner's webhooks; `at` in Unix seconds, `data` plain JSON values."""

    id: str
    type: EventType
    at: float
    owner: str
    data: Mapping[str, Any]

    @property
    def payload(self) -> dict[str, Any]:
        """Return what receivers get."""
        return {"type": self.type.value, "timestamp": iso(self.at), "data": dict(self.data)}


def body_of(payload: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed and sent."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()


def event_id(subject: str, change: Change) -> str:
    """Name a change of a row: whoever makes its event again makes it under the same name."""
    return f"evt_{address({'subject': subject, 'change': change.dumps()}, 24)}"


def event_of(
    change: Change, subject: str, *, owner: str, recording: Mapping[str, Any], stream: Mapping[str, Any] | None
) -> Event:
    """Make the event of a change of `subject`, the id of the row that changed.

    Rows go on changing while an event waits: what it says of the status is how it was then.
    """
    about = dict(recording)
    if change.type in _STATUS_THEN:
        about["status"] = _STATUS_THEN[change.type]
    told_stream = None
    if stream is not None and change.type in _ABOUT_STREAMS:
        told_stream = dict(stream) | {"status": _STREAM_THEN[change.type]}
    error = {"code": change.error[0], "detail": change.error[1]} if change.error else None
    data = {"recording": about, "stream": told_stream, "error": error}
    return Event(event_id(subject, change), change.type, change.at, owner, data)


def made_up_event(event: str, owner: str, at: float) -> Event:
    """Return the event of a test, under an id that is made for it; about a recording that does not exist."""
    recording = {
        "id": "rec_00000000000000000000",
        "title": "A test of this webhook",
        "room_id": None,
        "status": RecordingStatus.READY.value,
        "duration_s": 60.0,
        "playback_url": None,
    }
    return Event(event, EventType.WEBHOOK_TEST, at, owner, {"recording": recording, "stream": None, "error": None})


def recording_facts(recording: Recording, public_url: str) -> dict[str, Any]:
    """Return what is told of a recording. The address holds no grant: who gets events need not be who may watch."""
    return {
        "id": recording.id,
        "title": recording.title,
        "room_id": recording.room_id or None,
        "status": recording.status.value,
        "duration_s": recording.duration_s or None,
        "playback_url": f"{public_url}/watch/{recording.id}",
    }


def unknown_recording(recording_id: str, room_id: str) -> dict[str, Any]:
    """Return the same of one whose row is gone."""
    return {
        "id": recording_id,
        "title": "",
        "room_id": room_id or None,
        "status": "deleted",
        "duration_s": None,
        "playback_url": None,
    }


def stream_facts(stream: LiveStream) -> dict[str, Any]:
    """Return what is told of a stream; its key is no part of it."""
    return {
        "id": stream.id,
        "room_id": stream.room_id,
        "status": stream.status.value,
        "started_at": iso(stream.started_at),
        "stopped_at": iso(stream.stopped_at) if stream.stopped_at is not None else None,
    }
