"""Whether an ingested segment belongs to the programme: fencing of old epochs, and backups that take over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.live.keys import epoch_prefix, parse_ingested
from chalicelib.domain.live.messages import IngestMessage
from chalicelib.domain.live.stream import StreamStatus, is_silent
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from chalicelib.domain.live.keys import Ingested
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import Epoch, LiveStream
    from chalicelib.services.live_ports import Announcer, Streams
    from chalicelib.services.live_publishing import LivePublisher
    from chalicelib.services.ports import Objects, Queue

LATE_S = 10
"""An encoder's last segment may land so long after the stop."""
_RACES = 8
_STUCK_TARGETS = 6
"""Target durations after which an encoder counts as gone although objects of it wait to be packaged."""
_REACH_BACK = 8
"""Segments of a backup, at most, that are taken from before it is put on the air."""
_SOON_S = 1


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides; safe to be asked twice and by several workers at once."""

    streams: Streams
    source: Objects
    queue: Queue
    publisher: LivePublisher
    announcer: Announcer

    def admit(self, ingested: Ingested, landed_at: float) -> tuple[LiveStream, int] | None:
        """Return the stream and the run that a segment belongs to, None for one that is left where it is.

        Raises Permanent with the reason when it is refused: stream_stopped, epoch_unknown, epoch_superseded.
        """
        assert ingested.n is not None  # noqa: S101  init segments are not asked for
        for _ in range(_RACES):
            stream = self.streams.get(ingested.stream_id)
            if stream is None or stream.finished_at is not None:
                raise _over()
            _check(stream, ingested, landed_at)
            run = stream.run_of(ingested.epoch, ingested.n)
            on_air = stream.on_air
            if on_air is None:
                return None
            if on_air.number == ingested.epoch:
                return None if run is None else (self._awake(stream), run)
            state = self.publisher.state(stream)
            if state.window.ended:
                return None
            if run is not None and (state.window.run <= run or stream.is_superseded(ingested.epoch)):
                # The last ones of an encoder that has just been restarted.
                return stream, run
            if stream.status is StreamStatus.STOPPED or not self._is_gone(stream, on_air, state, landed_at):
                return None
            self._promote(stream, ingested, state, landed_at)
        raise Transient("stream_contended", "Too many workers changed one stream at once.")

    def _awake(self, stream: LiveStream) -> LiveStream:
        """A stream that had paused is on again."""
        if stream.status is not StreamStatus.PAUSED:
            return stream
        awake = replace(stream, status=StreamStatus.ACTIVE, version=stream.version + 1)
        if not self.streams.replace(awake):
            return self.streams.get(stream.id) or stream
        self.announcer.announce_status(awake, StreamStatus.ACTIVE)
        return awake

    def _is_gone(self, stream: LiveStream, on_air: Epoch, state: LiveState, now: float) -> bool:
        """True when the encoder on the air is silent, and nothing it has sent waits to be packaged."""
        last = max(state.health.last_segment_at or 0.0, on_air.claimed_at)
        if not is_silent(last, stream.target_s, now):
            return False
        if now - last > _STUCK_TARGETS * stream.target_s:
            return True
        expected = state.window.next_n if state.window.run == len(stream.runs) - 1 else stream.runs[-1].first
        sent = map(parse_ingested, self.source.list_keys(epoch_prefix(stream.id, on_air.number)))
        return not any(one and one.n is not None and one.n >= expected for one in sent)

    def _promote(self, stream: LiveStream, ingested: Ingested, state: LiveState, now: float) -> None:
        """Put a backup on the air, from the segments on that came since the encoder fell silent.

        Those before this one are looked at again: asked for first, for whoever dies after the write asks nobody.
        """
        on_air = stream.on_air
        last = max(state.health.last_segment_at or 0.0, on_air.claimed_at if on_air else 0.0)
        assert ingested.n is not None  # noqa: S101  as above
        first = ingested.n
        missed = min(_REACH_BACK, int((now - last) / stream.target_s) - 1)
        extension = ingested.key.rpartition(".")[2]
        while first > 0 and ingested.n - first < missed:
            key = f"{epoch_prefix(stream.id, ingested.epoch)}{first - 1}.{extension}"
            if self.source.head(key) is None:
                break
            first -= 1
        prefix = epoch_prefix(stream.id, ingested.epoch)
        earlier = [IngestMessage(f"{prefix}{n}.{extension}", now).dumps() for n in range(first, ingested.n)]
        if earlier:
            self.queue.send(earlier, group=stream.id, delay_s=_SOON_S)
        self.streams.replace(stream.promoted(ingested.epoch, first))


def _over() -> Permanent:
    return Permanent("stream_stopped", "The stream was stopped before this segment came.")


def _check(stream: LiveStream, ingested: Ingested, landed_at: float) -> None:
    if stream.stopped_at is not None and landed_at > stream.stopped_at + LATE_S:
        raise _over()
    if stream.epoch(ingested.epoch) is None:
        raise Permanent("epoch_unknown", "Nobody has claimed the epoch that this segment names.")
    if stream.is_fenced_off(ingested.epoch, landed_at):
        raise Permanent("epoch_superseded", "A newer encoder has taken over; this one must claim an epoch of its own.")
