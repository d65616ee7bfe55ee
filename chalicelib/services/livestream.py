"""Live streams as their owners see them: started into a recording, stopped, and brought to an end."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.access import Action
from chalicelib.domain.keys import is_recording_id, source_key
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.domain.live.stream import DVR_WINDOW_S, SILENCE_S, TARGET_S, LiveStream, StreamStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, NotFound
from chalicelib.services.recordings import find, read_living

if TYPE_CHECKING:
    from chalicelib.domain.access import Caller
    from chalicelib.domain.recording import Recording
    from chalicelib.services.live_ports import Streams
    from chalicelib.services.ports import Clock, Objects, Queue, Recordings, Uploads
    from chalicelib.services.quotas import QuotaKeeper

STARTING_S = 30.0
"""Longer than the gateway lets a start take: what is older and was not shown to anybody was left by one that died."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a stream is to be: seconds of a segment, of the window viewers can go back in, and of silence until its end.

    `profiles` are names of rungs; none means the installation's own.
    """

    target_s: int = TARGET_S
    dvr_window_s: int = DVR_WINDOW_S
    silence_s: int = SILENCE_S
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    """A stream that has begun, with its key, which nobody can ask for again."""

    stream: LiveStream
    recording: Recording
    key: str


def key_sha(key: str) -> str:
    """Return what is stored of a stream key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def stream_not_found() -> NotFound:
    """Return the answer for what is absent and for a wrong key: the two cannot be told apart."""
    return NotFound("stream_not_found", "There is no such stream.")


@dataclass(frozen=True, slots=True)
class Ending:
    """Ends streams: whoever stops one twice only asks twice for it to be finished."""

    streams: Streams
    queue: Queue
    clock: Clock

    def stop(self, stream: LiveStream) -> None:
        """Take no more, free the room and have the recording made. A message that is lost is sent by the sweep."""
        self.streams.stop(stream.id, now=self.clock.now())
        if stream.finished_at is None:
            self.finish(stream)

    def finish(self, stream: LiveStream) -> None:
        """Have the recording made of a stream that was stopped."""
        self.queue.send([FinishMessage(stream.id).dumps()], group=stream.id)


@dataclass(frozen=True, slots=True)
class LiveStreams:
    """Starts and stops streams under the rules of access."""

    recordings: Recordings
    uploads: Uploads
    source: Objects
    streams: Streams
    ending: Ending
    clock: Clock
    default_profiles: tuple[str, ...] = ()
    quotas: QuotaKeeper | None = None

    def start(self, caller: Caller, recording_id: str, wishes: Wishes) -> Started:
        """Begin a stream into a recording that is empty.

        The stream's row comes first, then the recording's: dying in between leaves a room that is held by nobody's
        stream, which the next start (after `STARTING_S`) or the sweep frees. Raises NotFound, Forbidden or Conflict:
        stream_active, stream_finishing, recording_not_empty, room_busy, quota_streams, quota_minutes, quota_storage.
        """
        recording = find(self.recordings, caller, recording_id, Action.STREAM)
        if self.quotas is not None and recording.status is not RecordingStatus.LIVE:
            self.quotas.check_stream(caller, recording.owner)
        recording = self._emptied(recording)
        key = f"sk_{self.clock.token()}{self.clock.token()}"
        stream = self._stream(recording, key, wishes)
        if not self.streams.start(stream) and not self._take_over(stream):
            raise Conflict("room_busy", f"Another stream is on in the room {stream.room_id}: stop it first.")
        live = self.recordings.update(
            recording.id, expect=[RecordingStatus.WAITING], status=RecordingStatus.LIVE, stream_id=stream.id
        )
        if live is None:
            # Perhaps it was written, and only the answer was lost.
            found = self.recordings.get(recording.id)
            live = found if found is not None and found.stream_id == stream.id else None
        if live is None:
            self.streams.delete(stream.id)
            raise self._refusal(read_living(self.recordings, recording.id))
        return Started(stream, live, key)

    def stop(self, caller: Caller, recording_id: str) -> LiveStream:
        """End a recording's stream, also when it is over already.

        Raises NotFound: recording_not_found, stream_not_found. Whoever may no longer start one may still stop it.
        """
        recording = find(self.recordings, caller, recording_id, Action.CHANGE)
        # One that nothing came of is the recording's no longer: it waits for another.
        stream = self.of(recording) or next(reversed(self.streams.by_recording(recording.id)), None)
        if stream is None:
            raise stream_not_found()
        self.ending.stop(stream)
        return self.streams.get(stream.id) or stream

    def find(self, caller: Caller, recording_id: str, action: Action) -> LiveStream:
        """Return a recording's stream to whom `action` is allowed; raises NotFound or Forbidden."""
        stream = self.of(find(self.recordings, caller, recording_id, action))
        if stream is None:
            raise stream_not_found()
        return stream

    def of(self, recording: Recording) -> LiveStream | None:
        """Return the stream that makes or made a recording."""
        return self.streams.get(recording.stream_id) if recording.stream_id else None

    def _stream(self, recording: Recording, key: str, wishes: Wishes) -> LiveStream:
        # A room named like somebody's recording would keep that one from starting.
        room = recording.room_id if recording.room_id and not is_recording_id(recording.room_id) else recording.id
        return LiveStream(
            id=f"live_{self.clock.token()}",
            room_id=room,
            owner=recording.owner,
            recording_id=recording.id,
            status=StreamStatus.ACTIVE,
            started_at=self.clock.now(),
            key_sha=key_sha(key),
            target_s=wishes.target_s,
            dvr_window_s=wishes.dvr_window_s,
            silence_s=wishes.silence_s,
            profiles=wishes.profiles or self.default_profiles,
        )

    def _take_over(self, stream: LiveStream) -> bool:
        """Free the room from a start that died before its recording knew of it; False when somebody streams there."""
        holder = self.streams.active_by_room(stream.room_id)
        if holder is None:
            return self.streams.start(stream)
        if holder.recording_id != stream.recording_id:
            return False
        if self.clock.now() - holder.started_at < STARTING_S:
            raise Conflict("stream_active", "A stream into this recording is being started at this moment.")
        self.streams.delete(holder.id)
        return self.streams.start(stream)

    def _emptied(self, recording: Recording) -> Recording:
        """Return a recording that waits for a stream; an upload without a byte is given up for it."""
        if recording.status is RecordingStatus.WAITING:
            return recording
        if recording.status is not RecordingStatus.UPLOADING or self._has_bytes(recording):
            raise self._refusal(recording)
        emptied = self.recordings.update(
            recording.id,
            expect=[RecordingStatus.UPLOADING],
            status=RecordingStatus.WAITING,
            filename="",
            content_type="",
            size_bytes=0,
            part_size_bytes=0,
            upload_id="",
        )
        if emptied is None:
            raise self._refusal(read_living(self.recordings, recording.id))
        if recording.upload_id:
            self.uploads.abort(source_key(recording.id), recording.upload_id)
        return emptied

    def _has_bytes(self, recording: Recording) -> bool:
        key = source_key(recording.id)
        parts = self.uploads.parts(key, recording.upload_id) if recording.upload_id else None
        return bool(parts) or self.source.head(key) is not None

    def _refusal(self, recording: Recording) -> Conflict:
        stream = self.of(recording)
        if recording.status is not RecordingStatus.LIVE or stream is None:
            text = "This recording has content already: make another one for the stream."
            return Conflict("recording_not_empty", text)
        if stream.status is StreamStatus.STOPPED:
            text = "The stream was stopped and is being made into the recording: make another one for a new stream."
            return Conflict("stream_finishing", text)
        text = "A stream into this recording is on, and its key cannot be shown again: stop it first."
        return Conflict("stream_active", text)
