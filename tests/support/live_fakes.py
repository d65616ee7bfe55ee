"""In-memory ports of live streaming, with the semantics the adapters promise."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.live.keys import window_key
from chalicelib.domain.live.push import Push
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.services.live_remains import LiveRemains
from support.fakes import FakeClock, FakeObjects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import Input, LiveStream
    from chalicelib.domain.webhooks.changes import Change


@dataclass
class FakeStreams:
    """The live_streams table."""

    rows: dict[str, LiveStream] = field(default_factory=dict)
    pushes: dict[tuple[str, Input], Push] = field(default_factory=dict)
    races: int = 0
    """So many conditional writes are lost to somebody who only counts the version up."""
    told: list[Change] = field(default_factory=list)

    def start(self, stream: LiveStream) -> bool:
        holder = self.active_by_room(stream.room_id)
        if stream.id in self.rows or holder is not None:
            return holder is not None and holder.id == stream.id
        self.rows[stream.id] = stream
        return True

    def get(self, stream_id: str) -> LiveStream | None:
        return self.rows.get(stream_id)

    def active_by_room(self, room_id: str) -> LiveStream | None:
        on = (s for s in self.rows.values() if s.room_id == room_id and s.status is not StreamStatus.STOPPED)
        return next(on, None)

    def by_recording(self, recording_id: str) -> list[LiveStream]:
        return sorted((s for s in self.rows.values() if s.recording_id == recording_id), key=lambda s: s.started_at)

    def by_status(self, status: StreamStatus, *, limit: int) -> list[LiveStream]:
        found = [s for s in self.rows.values() if s.status is status and s.finished_at is None]
        return sorted(found, key=lambda s: s.started_at)[:limit]

    def replace(self, stream: LiveStream, *, tell: Change | None = None) -> bool:
        current = self.rows.get(stream.id)
        if current is not None and self.races:
            self.races -= 1
            current = self.rows[stream.id] = replace(current, version=current.version + 1)
        if current is None or current.version != stream.version - 1:
            return False
        self.rows[stream.id] = stream
        self.told += [] if tell is None else [tell]
        return True

    def stop(self, stream_id: str, *, now: float) -> bool:
        current = self.rows.get(stream_id)
        if current is None or current.status is StreamStatus.STOPPED:
            return False
        over = {"status": StreamStatus.STOPPED, "stopped_at": now, "version": current.version + 1}
        self.rows[stream_id] = replace(current, **over)  # type: ignore[arg-type]
        return True

    def delete(self, stream_id: str) -> None:
        self.rows.pop(stream_id, None)

    def read_push(self, stream_id: str, input_: Input) -> tuple[LiveStream, Push] | None:
        stream = self.rows.get(stream_id)
        return None if stream is None else (stream, self.pushes.get((stream_id, input_), Push()))

    def swap_push(self, stream: LiveStream, input_: Input, before: Push, after: Push) -> bool:
        if stream.id not in self.rows or self.pushes.get((stream.id, input_), Push()) != before:
            return False
        if after.epoch != before.epoch and not self.replace(stream):
            return False
        self.pushes[stream.id, input_] = after
        return True


@dataclass
class FakeSegments:
    """The live_segments table."""

    rows: dict[tuple[str, int, int], PackagedSegment] = field(default_factory=dict)

    def put(self, segment: PackagedSegment) -> bool:
        key = (segment.stream_id, segment.run, segment.n)
        return self.rows.setdefault(key, segment) is segment

    def get(self, stream_id: str, run: int, n: int) -> PackagedSegment | None:
        return self.rows.get((stream_id, run, n))

    def of_stream(self, stream_id: str) -> Iterator[PackagedSegment]:
        return iter([self.rows[key] for key in sorted(self.rows) if key[0] == stream_id])

    def delete(self, stream_id: str) -> None:
        for key in [key for key in self.rows if key[0] == stream_id]:
            del self.rows[key]


@dataclass
class FakeAnnouncer:
    """Remembers what viewers were told: (stream, status)."""

    told: list[tuple[str, StreamStatus]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def announce_status(self, stream: LiveStream, status: StreamStatus) -> None:
        self.told.append((stream.id, status))

    def announce_entries(self, state: LiveState, entries: Any) -> None:
        del state, entries

    def announce_ended(self, stream: LiveStream) -> None:
        self.ended.append(stream.id)


@dataclass
class FakeAudience:
    """Two viewers, of whom one reports."""

    connections: set[tuple[str, str]] = field(default_factory=set)

    def invite(self, stream: LiveStream, viewer: str) -> str:
        return f"token-{stream.id}-{viewer}"

    def get_live_stats(self, stream_id: str) -> dict[str, Any]:
        assert stream_id
        viewers = {"now": 2, "peak": 3, "by_quality": {"auto": 2}, "joined": 4, "left": 2}
        return {"viewers": viewers, "latency": {"p50_s": 4.5, "p95_s": 4.5, "samples": 1}}

    def disconnect_viewer(self, stream_id: str, connection_id: str) -> bool:
        found = (stream_id, connection_id) in self.connections
        self.connections.discard((stream_id, connection_id))
        return found


@dataclass
class FakePuts:
    """Signs uploads legibly."""

    def write_url(self, key: str, *, ttl_s: int) -> str:
        return f"https://s3.test/{key}?ttl={ttl_s}"


def put_state(source: FakeObjects, state: LiveState) -> None:
    """Store a stream's state as its packagers do."""
    body = json.dumps(state.to_dict()).encode()
    source.put_bytes(window_key(state.stream_id), body, content_type="application/json", cache_control="no-store")


def no_remains() -> LiveRemains:
    """What deletes live streams where there are none."""
    return LiveRemains(FakeStreams(), FakeSegments(), FakeObjects(), FakeAnnouncer(), FakeClock())
