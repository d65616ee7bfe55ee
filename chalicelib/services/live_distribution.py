"""From an encoder's object to every viewer, and who they are: live distribution by the specification's names."""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.live.calls import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.domain.live.viewers import Counts
    from chalicelib.services.announcing import LiveAnnouncer
    from chalicelib.services.live_viewers import ConnectionPool
    from chalicelib.services.ports import Clock
    from chalicelib.services.viewer_ports import Connections, Sockets

SAMPLED_SHARDS = 2
"""Thousands of viewers say as much about latency as all of them."""
FRESH_S = 90.0
"""Older reports say nothing about now: players report every half minute."""
_CLOSE_WITHIN_S = 5.0
_FEW = 2


class Ingested(Protocol):
    """The queue of what encoders sent."""

    def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
        """Send in order."""


class LiveDistributor:
    """Implements live_ports.Audience."""

    def __init__(
        self,
        pool: ConnectionPool,
        connections: Connections,
        announcer: LiveAnnouncer,
        sockets: Sockets,
        ingested: Ingested,
        clock: Clock,
    ) -> None:
        """Take what holds viewers, what tells them, and the queue of what encoders sent."""
        self._pool = pool
        self._connections = connections
        self._announcer = announcer
        self._sockets = sockets
        self._ingested = ingested
        self._clock = clock

    def ingest_live_stream(self, stream: LiveStream, message: str) -> None:
        """Have an object that an encoder sent packaged, or looked at again; `message` names it (live.messages)."""
        self._ingested.send([message], group=stream.id)

    def subscribe_to_live(self, stream: LiveStream, viewer: str = "") -> str:
        """Return a token that opens one connection within a minute; `viewer` is empty when anonymous."""
        return self._pool.invite(stream, viewer)

    invite = subscribe_to_live

    def broadcast_segment(self, state: LiveState, entries: Sequence[Entry]) -> None:
        """Tell every viewer what was added to the playlists; `state` is the one that lists it."""
        self._announcer.announce_entries(state, entries)

    def get_active_viewer_count(self, stream_id: str) -> int:
        """Return how many connections are open now."""
        return self._pool.counts(stream_id).viewers

    def get_live_stats(self, stream_id: str) -> dict[str, Any]:
        """Return `viewers` {now, peak, by_quality, joined, left} and `latency` {p50_s, p95_s, samples}."""
        counts = self._pool.counts(stream_id)
        viewers = {
            "now": counts.viewers,
            "peak": counts.highest,
            "by_quality": counts.by_quality,
            "joined": counts.joined,
            "left": counts.left,
        }
        return {"viewers": viewers, "latency": latency_of(self._latencies(stream_id, counts))}

    def disconnect_viewer(self, stream_id: str, connection_id: str) -> bool:
        """Close a connection and count it out; False when that stream has none of that id."""
        connection = self._pool.get(connection_id)
        if connection is None or connection.stream_id != stream_id:
            return False
        self._sockets.deliver([Call(connection_id, close=True)], within_s=_CLOSE_WITHIN_S)
        self._pool.leave(connection_id)
        return True

    def _latencies(self, stream_id: str, counts: Counts) -> list[float]:
        since = self._clock.now() - FRESH_S
        members = [
            member
            for shard in counts.occupied[:SAMPLED_SHARDS]
            for member in self._connections.members(stream_id, shard)
        ]
        return [member.latency_s for member in members if member.latency_s is not None and member.seen_at >= since]


def latency_of(samples: Sequence[float]) -> dict[str, Any]:
    """Return how far behind viewers play, seconds from capture; None without a sample."""
    if not samples:
        return {"p50_s": None, "p95_s": None, "samples": 0}
    cuts = quantiles(samples, n=20, method="inclusive") if len(samples) >= _FEW else [samples[0]] * 19
    return {"p50_s": round(cuts[9], 3), "p95_s": round(cuts[18], 3), "samples": len(samples)}
