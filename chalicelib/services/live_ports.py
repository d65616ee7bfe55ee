"""What live streaming needs from the world beyond `ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.push import Push
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import Input, LiveStream, StreamStatus
    from chalicelib.domain.webhooks.changes import Change


class Streams(Protocol):
    """The live_streams table. Writes are conditional; a lost race returns False, never an exception."""

    def start(self, stream: LiveStream) -> bool:
        """Insert a stream and hold its room; False when another stream holds it, True again for the same one."""

    def get(self, stream_id: str) -> LiveStream | None:
        """Read one, strongly consistent."""

    def active_by_room(self, room_id: str) -> LiveStream | None:
        """Return the stream that holds the room now, active or paused; strongly consistent."""

    def replace(self, stream: LiveStream, *, tell: Change | None = None) -> bool:
        """Write epochs, runs, status and `finished_at` if the stored version is `stream.version - 1`.

        `tell` is what becomes known of it by this write.
        """

    def stop(self, stream_id: str, *, now: float) -> bool:
        """End a stream and free its room; False when it is over already or unknown."""

    def by_recording(self, recording_id: str) -> list[LiveStream]:
        """Oldest first, eventually consistent."""

    def by_status(self, status: StreamStatus, *, limit: int) -> list[LiveStream]:
        """Oldest first, eventually consistent: for sweeps. Stopped ones only until they are finished."""

    def delete(self, stream_id: str) -> None:
        """Remove the row, and its hold on the room should it be on; quiet when there is none."""


class Pushes(Protocol):
    """What is known of encoders that only PUT, beside the streams they feed. A lost race returns False."""

    def read_push(self, stream_id: str, input_: Input) -> tuple[LiveStream, Push] | None:
        """Read a stream with the state of one of its inputs, strongly consistent."""

    def swap_push(self, stream: LiveStream, input_: Input, before: Push, after: Push) -> bool:
        """Set an input's state if it still is `before`, and the stream's epochs with it when it claimed another.

        `stream` is as `read_push` gave it, or with one more epoch claimed. False when somebody was faster.
        """


class Announcer(Protocol):
    """Tells viewers. Telling them twice is no harm; what is lost they find out by polling."""

    def announce_status(self, stream: LiveStream, status: StreamStatus) -> None:
        """Say that the stream is on, has paused, or is over."""

    def announce_entries(self, state: LiveState, entries: Sequence[Entry]) -> None:
        """Say what was added to the playlists; `state` is the one that lists it."""

    def announce_ended(self, stream: LiveStream) -> None:
        """Say that there will be no more, and where the recording is."""


class LiveSegments(Protocol):
    """The live_segments table: what was packaged."""

    def put(self, segment: PackagedSegment) -> bool:
        """Write one; False when there is one of that run and number already."""

    def get(self, stream_id: str, run: int, n: int) -> PackagedSegment | None:
        """Read one, strongly consistent."""

    def of_stream(self, stream_id: str) -> Iterator[PackagedSegment]:
        """All of a stream in order of run and number, strongly consistent."""

    def delete(self, stream_id: str) -> None:
        """Remove all of a stream."""


class Audience(Protocol):
    """Who watches streams through a socket."""

    def invite(self, stream: LiveStream, viewer: str) -> str:
        """Return a token that opens one connection within a minute; `viewer` is empty when anonymous."""

    def get_live_stats(self, stream_id: str) -> dict[str, Any]:
        """Return `viewers` {now, peak, by_quality, joined, left} and `latency` {p50_s, p95_s, samples}."""

    def disconnect_viewer(self, stream_id: str, connection_id: str) -> bool:
        """Close a connection; False when that stream has none of that id."""
