"""What is on at this moment: streams with their viewers, for dashboards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents import iso
from chalicelib.domain.live.stream import StreamStatus, shown_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.services.live_ports import Audience, Streams
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.ports import Clock, Recordings

MOST_STREAMS = 200
"""Of all owners, on at a time: as many are looked through for those of one."""
MOST_ITEMS = 20
"""Each costs a handful of reads."""


@dataclass(frozen=True, slots=True)
class LiveNow:
    """Reads live_streams, live_connections and the streams' states; viewers are those with a socket."""

    streams: Streams
    states: LiveStates
    audience: Audience
    recordings: Recordings
    clock: Clock

    def summary(self, owner: str | None) -> dict[str, Any]:
        """Return how many streams are on and their viewers; `owner` None is everybody's.

        The newest MOST_ITEMS are listed, and `viewers` are theirs.
        """
        found = self._on(owner)
        items = [item for item, _ in map(self._item, found[:MOST_ITEMS])]
        viewers = sum(item["viewers"] for item in items)
        return {"streams": len(found), "viewers": viewers, "items": items}

    def items(self, owner: str | None) -> list[dict[str, Any]]:
        """Return the streams that are on, newest first, with how well their segments come in."""
        shown = map(self._item, self._on(owner)[:MOST_ITEMS])
        return [item | {"ingest": ingest} for item, ingest in shown]

    def _on(self, owner: str | None) -> Sequence[LiveStream]:
        running = (StreamStatus.ACTIVE, StreamStatus.PAUSED)
        found = (stream for status in running for stream in self.streams.by_status(status, limit=MOST_STREAMS))
        mine = (stream for stream in found if owner in {None, stream.owner})
        return sorted(mine, key=lambda stream: -stream.started_at)

    def _item(self, stream: LiveStream) -> tuple[dict[str, Any], dict[str, Any]]:
        recording, state = self.recordings.get(stream.recording_id), self.states.of(stream.id)
        counted = self.audience.get_live_stats(stream.id)
        behind_s = counted["latency"]["p50_s"]
        health = state.health if state else None
        status = shown_status(stream, health.last_segment_at if health else None, self.clock.now())
        return {
            "recording_id": stream.recording_id,
            "title": recording.title if recording else "",
            "room_id": stream.room_id or None,
            "viewers": counted["viewers"]["now"],
            "peak": counted["viewers"]["peak"],
            "started_at": iso(stream.started_at),
            "latency_ms": None if behind_s is None else round(behind_s * 1000),
        }, {
            "bitrate_kbps": health.bitrate_kbps if health else None,
            "lag_s": health.lag_s if health else None,
            "status": status.value,
        }
