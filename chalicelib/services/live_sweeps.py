"""What the schedule does for live streams: pauses noticed, silent ones closed, stopped ones finished."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from chalicelib.domain.live.stream import LiveStream, StreamStatus, shown_status
from chalicelib.domain.webhooks.changes import Change, EventType

if TYPE_CHECKING:
    from chalicelib.services.live_ports import Announcer, Streams
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.livestream import Ending
    from chalicelib.services.ports import Clock, Recordings

SWEEP_LIMIT = 500
"""Streams of each status in one sweep: some ten seconds of reading."""
FINISH_AFTER_S = 120
"""A stream that was stopped so long ago lost its message, or is long in the making."""
AGAIN_S = 600
"""Between two messages for one that does not get finished, so that they do not pile up."""
_MINUTE_S = 60
VIEWERS_EVERY = 10
"""Minutes between two looks at one stream's viewers: each of them is asked."""
VIEWERS_WITHIN_S = 40.0
"""What looking at viewers may take in one sweep; streams that it does not come to have their turn again."""


class Connected(Protocol):
    """Viewers' open connections."""

    def sweep(self, stream_id: str) -> int:
        """Count out connections whose end nobody told us of; returns how many there were."""


@dataclass(frozen=True, slots=True)
class LiveSweeps:
    """Runs every minute. Each step may be done twice, or be left to the next sweep."""

    streams: Streams
    recordings: Recordings
    states: LiveStates
    ending: Ending
    announcer: Announcer
    connected: Connected
    clock: Clock

    def look_after(self) -> int:
        """Persist and announce what streams have become, and close those that have been silent; returns how many."""
        return sum(self._look_after(stream) for stream in self._on())

    def finish_stopped(self) -> int:
        """Ask again for recordings of streams that were stopped and are not finished; returns how many."""
        stopped = self.streams.by_status(StreamStatus.STOPPED, limit=SWEEP_LIMIT)
        lost = [stream for stream in stopped if self._is_lost(stream)]
        for stream in lost:
            self.ending.finish(stream)
        return len(lost)

    def count_out_viewers(self) -> int:
        """Find viewers whose goodbye was lost, a tenth of the streams in each minute; returns how many there were."""
        began = self.clock.now()
        minute, gone = int(began // _MINUTE_S), 0
        for stream in self._on():
            due = (minute + crc32(stream.id.encode())) % VIEWERS_EVERY == 0
            if due and self.clock.now() - began < VIEWERS_WITHIN_S:
                gone += self.connected.sweep(stream.id)
        return gone

    def _on(self) -> list[LiveStream]:
        on = (StreamStatus.ACTIVE, StreamStatus.PAUSED)
        return [stream for status in on for stream in self.streams.by_status(status, limit=SWEEP_LIMIT)]

    def _look_after(self, listed: LiveStream) -> bool:
        state, now = self.states.of(listed.id), self.clock.now()
        last = max(listed.started_at, (state.health.last_segment_at if state else None) or 0.0)
        if now - last > listed.silence_s:
            self._close(listed)
            return True
        status = shown_status(listed, last, now)
        # The index is a little late: only what the row says now is changed.
        stream = self.streams.get(listed.id) if status is not listed.status else None
        if stream is None or stream.status in {status, StreamStatus.STOPPED}:
            return False
        # Announced first: lost in between, it is only announced twice.
        self.announcer.announce_status(stream, status)
        paused = Change(EventType.LIVE_PAUSED, now) if status is StreamStatus.PAUSED else None
        return self.streams.replace(replace(stream, status=status, version=stream.version + 1), tell=paused)

    def _close(self, stream: LiveStream) -> None:
        recording = self.recordings.get(stream.recording_id)
        if recording is None or recording.stream_id != stream.id:
            # Its start died before anybody was shown its key.
            self.streams.delete(stream.id)
            return
        self.ending.stop(stream)

    def _is_lost(self, stream: LiveStream) -> bool:
        """True in one minute out of ten, so that a stream that cannot be finished does not fill the queue."""
        age_s = self.clock.now() - (stream.stopped_at or 0.0)
        return age_s >= FINISH_AFTER_S and (age_s - FINISH_AFTER_S) % AGAIN_S < _MINUTE_S
