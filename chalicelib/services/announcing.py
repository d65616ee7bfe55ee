"""Tells the viewers of a live stream: one message for each shard of them, in order within the shard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.live.calls import Ordered
from chalicelib.domain.live.messages import AnnounceMessage
from chalicelib.domain.live.playlists import entry_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import LiveStream, StreamStatus
    from chalicelib.services.viewer_ports import Connections, OrderedQueue


class LiveAnnouncer:
    """Implements live_ports.Announcer. Where nobody watches nothing is sent; what is sent twice arrives once."""

    def __init__(self, connections: Connections, queue: OrderedQueue) -> None:
        """Take who is connected, and the queue of what they are to hear."""
        self._connections = connections
        self._queue = queue

    def announce_entries(self, state: LiveState, entries: Sequence[Entry]) -> None:
        """Say what was added to the playlists; `state` is the one that lists it."""
        if not entries:
            return
        message = AnnounceMessage(
            stream_id=state.stream_id,
            recording_id=state.recording_id,
            shard=0,
            first=state.window.media_sequence,
            dsn=state.window.discontinuity_sequence,
            entries=tuple(entry_json(entry) for entry in entries),
        )
        self._send(message, f"{entries[0].msn}-{entries[-1].msn}")

    def announce_status(self, stream: LiveStream, status: StreamStatus) -> None:
        """Say that the stream is on, has paused, or takes no more; it is over when its recording is complete."""
        message = AnnounceMessage(stream.id, stream.recording_id, 0, status=status.value)
        self._send(message, f"{status.value}-{stream.version}")

    def announce_ended(self, stream: LiveStream) -> None:
        """Say that there will be no more, and where the recording is; connections are closed after it."""
        self._send(AnnounceMessage(stream.id, stream.recording_id, 0, ended=True), "ended")

    def _send(self, message: AnnounceMessage, name: str) -> None:
        stream_id = message.stream_id
        messages = [
            Ordered(f"{stream_id}#{shard}", f"{stream_id}-{shard}-{name}", replace(message, shard=shard).dumps())
            for shard in self._connections.counts(stream_id).occupied
        ]
        if messages:
            self._queue.send(messages)
