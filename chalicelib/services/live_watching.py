"""What whoever may watch is told of a stream: where to connect, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access import Action, may, relation_of
from chalicelib.domain.documents import iso
from chalicelib.domain.live.stream import LiveStream, StreamStatus, shown_status
from chalicelib.errors import NotFound
from chalicelib.services.livestream import stream_not_found

if TYPE_CHECKING:
    from chalicelib.domain.access import Caller
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.recording import Recording
    from chalicelib.services.live_ports import Audience
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.livestream import LiveStreams
    from chalicelib.services.ports import Clock


@dataclass(frozen=True, slots=True)
class Seat:
    """A stream as a viewer finds it; `token` opens one connection and is empty once the stream is over."""

    stream: LiveStream
    status: StreamStatus
    token: str


@dataclass(frozen=True, slots=True)
class LiveWatching:
    """Asked with a recording that the caller was admitted to."""

    streams: LiveStreams
    states: LiveStates
    audience: Audience
    clock: Clock

    def join(self, caller: Caller | None, recording: Recording) -> Seat:
        """Return where a stream is and the right to connect once; raises NotFound("stream_not_found")."""
        stream = self._of(recording)
        status = self.status(stream, self.states.of(stream.id))
        over = status is StreamStatus.STOPPED
        token = "" if over else self.audience.invite(stream, caller.sub if caller else "")
        return Seat(stream, status, token)

    def status(self, stream: LiveStream, state: LiveState | None) -> StreamStatus:
        """Return what a stream is at this moment."""
        return shown_status(stream, state.health.last_segment_at if state else None, self.clock.now())

    def stats(self, caller: Caller | None, recording: Recording) -> dict[str, Any]:
        """Return viewers, ingest and latency; who is not its owner learns the status and how many watch.

        Raises NotFound("stream_not_found").
        """
        stream = self._of(recording)
        state = self.states.of(stream.id)
        counted = self.audience.get_live_stats(stream.id)
        shown = {"stream_id": stream.id, "status": self.status(stream, state).value}
        if not may(caller, relation_of(caller, recording), Action.READ):
            return shown | {"viewers": {"now": counted["viewers"]["now"]}}
        return shown | {
            "viewers": counted["viewers"],
            "latency": counted["latency"],
            "ingest": ingest_view(state),
            "on_air": on_air_view(stream),
            "target_s": stream.target_s,
            "started_at": iso(stream.started_at),
            "stopped_at": None if stream.stopped_at is None else iso(stream.stopped_at),
        }

    def disconnect(self, caller: Caller, recording_id: str, connection_id: str) -> None:
        """Close one viewer's connection; raises NotFound: recording_not_found, stream_not_found, viewer_not_found."""
        stream = self.streams.find(caller, recording_id, Action.CHANGE)
        if not self.audience.disconnect_viewer(stream.id, connection_id):
            raise NotFound("viewer_not_found", "No viewer of this stream has that connection.")

    def _of(self, recording: Recording) -> LiveStream:
        stream = self.streams.of(recording)
        if stream is None:
            raise stream_not_found()
        return stream


def on_air_view(stream: LiveStream) -> dict[str, Any] | None:
    """Return whose segments make the programme; None before the first encoder."""
    epoch = stream.on_air
    return None if epoch is None else {"epoch": epoch.number, "input": epoch.input.value}


def ingest_view(state: LiveState | None) -> dict[str, Any] | None:
    """Return how segments come in, times as ISO 8601; None before the first."""
    if state is None:
        return None
    health = state.health.to_dict()
    last, refusals = health["last_segment_at"], health["refusals"]
    return health | {
        "last_segment_at": None if last is None else iso(last),
        "refusals": [refusal | {"at": iso(refusal["at"])} for refusal in refusals],
    }
