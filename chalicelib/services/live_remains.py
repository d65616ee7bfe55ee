"""What a deleted recording's streams leave behind: everything of them goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.live.keys import ingest_prefix, window_key

if TYPE_CHECKING:
    from chalicelib.services.live_ports import Announcer, LiveSegments, Streams
    from chalicelib.services.ports import Clock, Objects


class Audience(Protocol):
    """The live_connections table, as it is emptied."""

    def delete_stream(self, stream_id: str) -> None:
        """Remove a stream's viewers and their counts; quiet when there are none."""


@dataclass(frozen=True, slots=True)
class LiveRemains:
    """Every step may run twice; the rows of streams go last, for they name the rest."""

    streams: Streams
    segments: LiveSegments
    source: Objects
    announcer: Announcer
    clock: Clock
    audience: Audience | None = None

    def purge(self, recording_id: str, *, final: bool) -> None:
        """Stop a recording's streams and remove what they received; `final` takes their rows too.

        What viewers fetch lies with the recording's media, and goes with it.
        """
        for stream in self.streams.by_recording(recording_id):
            if self.streams.stop(stream.id, now=self.clock.now()):
                self.announcer.announce_ended(stream)
            self._forget(stream.id)
            self.segments.delete(stream.id)
            self.source.delete([window_key(stream.id), *self.source.list_keys(ingest_prefix(stream.id))])
            if final:
                # Not before: until then viewers are told that it is over, and leave.
                if self.audience is not None:
                    self.audience.delete_stream(stream.id)
                self.streams.delete(stream.id)

    def _forget(self, stream_id: str) -> None:
        """Keep sweeps from having a recording made of it; that one would find nothing, so a lost race is no harm."""
        stream = self.streams.get(stream_id)
        if stream is not None and stream.finished_at is None:
            self.streams.replace(replace(stream, finished_at=self.clock.now(), version=stream.version + 1))
