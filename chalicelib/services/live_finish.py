"""From a stopped stream to a recording: nothing is encoded again, playlists name the objects that are there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.keys import master_key
from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.keys import ingest_prefix, live_iframes_key, parse_ingested, recording_playlist_key
from chalicelib.domain.live.master import recording_master
from chalicelib.domain.live.messages import FinishMessage, IngestMessage, StillsMessage
from chalicelib.domain.live.playlists import iframe_playlist, recording_entries, recording_playlist
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.playlist import MIME
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.tidying import ask_to_tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.keys import Ingested
    from chalicelib.domain.live.messages import TickMessage
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.services.live_ports import Announcer, LiveSegments, Streams
    from chalicelib.services.live_publishing import LivePublisher
    from chalicelib.services.ports import Clock, Objects, Queue, Recordings

FINISHED = "public, max-age=60"
WAIT_S = 2
TRIES = 30
"""How often, `WAIT_S` apart, the end waits for segments that are still being packaged."""
_REMIND_AT = 5
"""By then an event of S3 is late or lost, or whoever took it died: segments are asked for again."""
_ZOMBIES_UNTIL = 4
"""For what an encoder sent after it had been superseded the end waits no longer."""
_RACES = 8


@dataclass(frozen=True, slots=True)
class LiveFinisher:
    """Carries out finish and tick messages. Every step may run twice; `finished_at` is written last."""

    streams: Streams
    segments: LiveSegments
    recordings: Recordings
    source: Objects
    media: Objects
    publisher: LivePublisher
    announcer: Announcer
    queue: Queue
    lifecycle_queue: Queue
    clock: Clock

    def tick(self, message: TickMessage) -> None:
        """Give up on what a stream's window has waited for long enough."""
        stream = self.streams.get(message.stream_id)
        if stream is not None:
            self.publisher.tick(stream)

    def finish(self, message: FinishMessage) -> None:
        """Make the recording of a stopped stream, or wait a moment for its last segments."""
        stream = self.streams.get(message.stream_id)
        if stream is None or stream.status is not StreamStatus.STOPPED:
            return
        if stream.finished_at is not None:
            self._make_good(stream)
            return
        missing = self._missing(stream, message.tries) if message.tries < TRIES else []
        if missing:
            self._wait(stream, missing, message.tries)
            return
        state = self.publisher.end(stream)
        segments = [s for s in self.segments.of_stream(stream.id) if fits(s, stream.target_s)]
        if segments:
            self._publish(state, segments)
            self._complete(stream, state, segments)
            self.queue.send([StillsMessage(stream.id).dumps()], group=stream.id)
        ask_to_tidy(self.lifecycle_queue, stream.recording_id)
        self.announcer.announce_ended(stream)
        self.source.delete(self.source.list_keys(ingest_prefix(stream.id)))
        self._close(stream)
        if not segments:
            # Last: as long as the stream is not closed a segment may still come, and make a recording of it.
            self._wait_again(stream)

    def _make_good(self, stream: LiveStream) -> None:
        """Of a stream that was closed: take in what came too late for its recording, or let that wait again.

        Whoever closed it may have died before the latter.
        """
        recording = self.recordings.get(stream.recording_id)
        segments = [s for s in self.segments.of_stream(stream.id) if fits(s, stream.target_s)]
        if not segments:
            self._wait_again(stream)
        elif recording is not None and recording.status is RecordingStatus.READY and recording.stream_id == stream.id:
            state = self.publisher.state(stream)
            self._publish(state, segments)
            self._complete(stream, state, segments)

    def _missing(self, stream: LiveStream, tries: int) -> list[tuple[Ingested, float]]:
        """Segments that were sent for the programme and are neither listed nor refused: such are removed.

        Each with when it landed, Unix seconds.
        """
        state = self.publisher.state(stream)
        if state.window.ended:
            return []
        found = ((parse_ingested(key), at) for key, at in self.source.list_dated(ingest_prefix(stream.id)))
        return [(one, at) for one, at in found if one and self._is_missing(stream, state, one, at, tries)]

    def _is_missing(self, stream: LiveStream, state: LiveState, one: Ingested, landed_at: float, tries: int) -> bool:
        run = None if one.n is None else stream.run_of(one.epoch, one.n)
        if run is None:
            return False
        if run >= state.window.run:
            return True
        waits = tries < _ZOMBIES_UNTIL or not stream.is_fenced_off(one.epoch, landed_at)
        return waits and stream.is_superseded(one.epoch)

    def _wait(self, stream: LiveStream, missing: Sequence[tuple[Ingested, float]], tries: int) -> None:
        if tries == _REMIND_AT:
            self.queue.send([IngestMessage(one.key, at).dumps() for one, at in missing], group=stream.id)
        self.queue.send([FinishMessage(stream.id, tries + 1).dumps()], group=stream.id, delay_s=WAIT_S)

    def _publish(self, state: LiveState, segments: Sequence[PackagedSegment]) -> None:
        """Write all playlists of the recording; whoever does so again writes the same."""
        recording_id, target_s = state.recording_id, state.window.target_s
        for kind in ("video", "audio"):
            text = recording_playlist(segments, kind, target_s=target_s)
            for rendition in state.renditions:
                if rendition.kind == kind:
                    self._put(recording_playlist_key(recording_id, rendition.id), text)
        for rung in state.video:
            key = live_iframes_key(recording_id, rung.id)
            # Of half a day they take a while: whoever runs out of time goes on here the next time.
            if self.media.head(key) is None:
                text = iframe_playlist(segments, rung.id, target_s=target_s)
                if text:
                    self._put(key, text)
        self._put(master_key(recording_id), recording_master(state, segments))

    def _put(self, key: str, text: str) -> None:
        self.media.put_bytes(key, text.encode(), content_type=MIME, cache_control=FINISHED)

    def _complete(self, stream: LiveStream, state: LiveState, segments: Sequence[PackagedSegment]) -> None:
        duration_s = sum(entry.duration_s for entry in recording_entries(segments, stream.target_s))
        highest = state.video[-1] if state.video else None
        self.recordings.update(
            stream.recording_id,
            expect=[RecordingStatus.LIVE, RecordingStatus.READY],
            only_if={"stream_id": stream.id},
            status=RecordingStatus.READY,
            duration_s=round(float(duration_s), 3),
            width=highest.width if highest else 0,
            height=highest.height if highest else 0,
            size_bytes=sum(segment.source_size for segment in segments),
        )

    def _wait_again(self, stream: LiveStream) -> None:
        """Nothing came: the recording takes another stream. A message that comes late finds that one on already."""
        recording = self.recordings.get(stream.recording_id)
        if recording is not None and recording.stream_id == stream.id:
            waiting: dict[str, Any] = {"status": RecordingStatus.WAITING, "stream_id": ""}
            self.recordings.update(recording.id, expect=[RecordingStatus.LIVE], **waiting)

    def _close(self, stream: LiveStream) -> None:
        for _ in range(_RACES):
            current = self.streams.get(stream.id)
            if current is None or current.finished_at is not None:
                return
            if self.streams.replace(replace(current, finished_at=self.clock.now(), version=current.version + 1)):
                return
        raise Transient("stream_contended", "Too many workers changed one stream at once.")
