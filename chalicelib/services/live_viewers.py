"""Viewers of live streams: let in by a token, counted, told what they asked for, and seen off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.live.calls import Call
from chalicelib.domain.live.viewers import (
    TOKEN_TTL_S,
    ConnectTicket,
    ViewerConnection,
    grown,
    shard_of,
    slot_of,
)
from chalicelib.errors import Unauthorized

if TYPE_CHECKING:
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.domain.live.viewers import Counts
    from chalicelib.services.ports import Clock
    from chalicelib.services.viewer_ports import Connections, ConnectTokens, Sockets

FRESH_S = 5.0
"""For so long a process believes what it knows of a stream's shards and counts."""
_KEPT = 256
_SWEEP_WITHIN_S = 10.0


class ConnectionPool:
    """Every open connection of every stream. Whatever is asked twice changes once."""

    def __init__(
        self,
        connections: Connections,
        tokens: ConnectTokens,
        sockets: Sockets,
        clock: Clock,
        *,
        shard_size: int,
        most: int,
    ) -> None:
        """A shard takes about `shard_size` connections before there are twice as many; a stream about `most` in all."""
        self._connections = connections
        self._tokens = tokens
        self._sockets = sockets
        self._clock = clock
        self._size = shard_size
        self._most = most
        self._known: dict[str, tuple[float, Counts]] = {}

    def invite(self, stream: LiveStream, viewer: str = "") -> str:
        """Return a token that opens one connection within a minute; `viewer` is empty when anonymous.

        It is empty where enough are connected: whoever comes later polls.
        """
        now = self._clock.now()
        if self._counts_of(stream.id, now).viewers >= self._most:
            return ""
        until = int(now) + TOKEN_TTL_S
        return self._tokens.issue(ConnectTicket(stream.id, stream.recording_id, viewer, self._clock.token(), until))

    def join(self, token: str, connection_id: str) -> ViewerConnection:
        """Let a connection in; raises Unauthorized: connect_token_invalid, _expired or _used."""
        now = self._clock.now()
        ticket = self._tokens.read(token, now=now)
        shards = self._counts_of(ticket.stream_id, now).shards
        connection = ViewerConnection(
            id=connection_id,
            stream_id=ticket.stream_id,
            recording_id=ticket.recording_id,
            shard=shard_of(connection_id, shards),
            slot=slot_of(connection_id, shards),
            connected_at=now,
            seen_at=now,
            viewer=ticket.viewer,
        )
        # Somewhat longer than the token: clocks differ.
        if not self._connections.join(connection, ticket.nonce, ticket.expires_at + TOKEN_TTL_S):
            raise Unauthorized("connect_token_used", "This token has opened a connection already: ask for another one.")
        self._note(ticket.stream_id, now)
        return connection

    def get(self, connection_id: str) -> ViewerConnection | None:
        """Read one connection; None when it has gone."""
        return self._connections.get(connection_id)

    def subscribe(self, connection_id: str, quality: str) -> ViewerConnection | None:
        """Set what a connection is told about; None when it has gone."""
        return self._connections.subscribe(connection_id, quality, now=self._clock.now())

    def heard(self, connection: ViewerConnection, latency_s: float | None = None) -> ViewerConnection | None:
        """Note that a connection is alive, and how far behind it plays; None when it has gone."""
        return self._connections.heard(connection, now=self._clock.now(), latency_s=latency_s)

    def leave(self, connection_id: str) -> bool:
        """Count a connection out; False when it had gone already."""
        return self._connections.leave(connection_id) is not None

    def counts(self, stream_id: str) -> Counts:
        """Return a stream's viewers now."""
        return self._connections.counts(stream_id)

    def sweep(self, stream_id: str) -> int:
        """Count out connections whose end nobody told us of; returns how many there were."""
        now = self._clock.now()
        stale: list[str] = []
        for shard in self._connections.counts(stream_id).occupied:
            members = self._connections.members(stream_id, shard)
            stale += [member.id for member in members if member.is_overdue(now)]
            asked = [Call(member.id) for member in members if not member.is_overdue(now)]
            stale += self._sockets.deliver(asked, within_s=_SWEEP_WITHIN_S).gone
        return sum(self.leave(connection_id) for connection_id in stale)

    def _note(self, stream_id: str, now: float) -> None:
        """Keep the peak, and grow with the stream."""
        counts = self._connections.counts(stream_id)
        if counts.viewers > counts.peak:
            self._connections.note_peak(stream_id, counts.viewers)
        shards = grown(counts.shards, counts.viewers, self._size)
        if shards > counts.shards:
            self._connections.grow(stream_id, shards)
        self._keep(stream_id, now, replace(counts, shards=shards))

    def _counts_of(self, stream_id: str, now: float) -> Counts:
        """Return counts of some seconds ago at most."""
        at, counts = self._known.get(stream_id, (0.0, None))
        if counts is None or now - at >= FRESH_S:
            counts = self._connections.counts(stream_id)
            self._keep(stream_id, now, counts)
        return counts

    def _keep(self, stream_id: str, now: float, counts: Counts) -> None:
        self._known.pop(stream_id, None)
        while len(self._known) >= _KEPT:
            del self._known[next(iter(self._known))]
        self._known[stream_id] = now, counts
