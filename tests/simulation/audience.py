"""Viewers of live streams in the simulation: the table of their connections, and the sockets themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.domain.live.calls import Delivery
from chalicelib.domain.live.viewers import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.calls import Call, Pace
    from chalicelib.domain.live.viewers import ViewerConnection
    from simulation.hub import Hub


@dataclass
class SimConnections:
    """viewer_ports.Connections: rows and counts change together, as in the table's transactions."""

    hub: Hub
    rows: dict[str, ViewerConnection] = field(default_factory=dict)
    nonces: dict[str, str] = field(default_factory=dict)
    joined: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    changes: Counter[tuple[str, int]] = field(default_factory=Counter)
    peaks: dict[str, int] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)

    def join(self, connection: ViewerConnection, nonce: str, nonce_until: float) -> bool:
        """Add one; the same one again changes nothing."""
        assert nonce_until > 0
        if nonce in self.nonces:
            return self.nonces[nonce] == connection.id
        self.nonces[nonce] = connection.id
        self.rows[connection.id] = connection
        self.joined[connection.stream_id] += 1
        self._changed(connection)
        return True

    def get(self, connection_id: str) -> ViewerConnection | None:
        """Read one."""
        return self.rows.get(connection_id)

    def subscribe(self, connection_id: str, quality: str, *, now: float) -> ViewerConnection | None:
        """Set what it is told."""
        row = self.rows.get(connection_id)
        if row is None:
            return None
        if row.quality != quality:
            self._changed(row)
        self.rows[connection_id] = replace(row, quality=quality, seen_at=now)
        return self.rows[connection_id]

    def heard(
        self, connection: ViewerConnection, *, now: float, latency_s: float | None = None
    ) -> ViewerConnection | None:
        """Note it."""
        row = self.rows.get(connection.id)
        if row is None:
            return None
        more = {} if latency_s is None else {"latency_s": latency_s}
        self.rows[connection.id] = replace(row, seen_at=now, **more)
        return self.rows[connection.id]

    def leave(self, connection_id: str) -> ViewerConnection | None:
        """Count it out once."""
        row = self.rows.pop(connection_id, None)
        if row is not None:
            self.left[row.stream_id] += 1
            self._changed(row)
        return row

    def audience(self, stream_id: str, shard: int) -> dict[str, list[str]]:
        """Subscribed ones by quality."""
        found: dict[str, list[str]] = {}
        for row in self.members(stream_id, shard):
            if row.quality:
                found.setdefault(row.quality, []).append(row.id)
        return found

    def members(self, stream_id: str, shard: int) -> list[ViewerConnection]:
        """All of a shard."""
        return [row for row in self.rows.values() if (row.stream_id, row.shard) == (stream_id, shard)]

    def counts(self, stream_id: str) -> Counts:
        """Add up."""
        here = Counter(row.shard for row in self.rows.values() if row.stream_id == stream_id)
        qualities = Counter(row.quality for row in self.rows.values() if row.stream_id == stream_id and row.quality)
        return Counts(
            viewers=sum(here.values()),
            peak=self.peaks.get(stream_id, 0),
            joined=self.joined[stream_id],
            left=self.left[stream_id],
            by_quality=dict(sorted(qualities.items())),
            shards=self.shards.get(stream_id, 1),
            occupied=tuple(sorted(here)),
            versions={shard: number for (stream, shard), number in self.changes.items() if stream == stream_id},
        )

    def note_peak(self, stream_id: str, viewers: int) -> None:
        """Raise it."""
        self.peaks[stream_id] = max(viewers, self.peaks.get(stream_id, 0))

    def grow(self, stream_id: str, shards: int) -> None:
        """Raise it."""
        self.shards[stream_id] = max(shards, self.shards.get(stream_id, 1))

    def delete_stream(self, stream_id: str) -> None:
        """Remove every trace of a stream's viewers."""
        for row in [row for row in self.rows.values() if row.stream_id == stream_id]:
            del self.rows[row.id]
        self.joined.pop(stream_id, None)
        self.left.pop(stream_id, None)

    def _changed(self, row: ViewerConnection) -> None:
        self.hub.note("viewer", row.id)
        self.changes[row.stream_id, row.shard] += 1


@dataclass
class SimSockets:
    """viewer_ports.Sockets: what each open connection has been sent."""

    hub: Hub
    inbox: dict[str, list[bytes]] = field(default_factory=dict)
    """By open connection."""
    closed: set[str] = field(default_factory=set)
    """Connections that we closed."""

    def deliver(self, calls: Sequence[Call], *, within_s: float, pace: Pace | None = None) -> Delivery:
        """Send what can be sent."""
        assert within_s > 0
        del pace
        sent, gone = 0, []
        for call in calls:
            if call.connection_id not in self.inbox:
                gone.append(call.connection_id)
                continue
            self.inbox[call.connection_id] += call.texts
            sent += len(call.texts)
            if call.close:
                self.closed.add(call.connection_id)
                del self.inbox[call.connection_id]
        return Delivery(sent, tuple(gone))
