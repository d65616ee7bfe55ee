"""What telling viewers of live streams needs from the world beyond `ports` and `live_ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.calls import Call, Delivery, Ordered, Pace
    from chalicelib.domain.live.viewers import ConnectTicket, Counts, ViewerConnection


class Connections(Protocol):
    """The live_connections table: connections, and counts that are exact whatever runs twice."""

    def join(self, connection: ViewerConnection, nonce: str, nonce_until: float) -> bool:
        """Add a connection and use its token's nonce up; False when another connection has used it."""

    def get(self, connection_id: str) -> ViewerConnection | None:
        """Read one, strongly consistent."""

    def subscribe(self, connection_id: str, quality: str, *, now: float) -> ViewerConnection | None:
        """Set what a connection is told about; None when it has gone."""

    def heard(
        self, connection: ViewerConnection, *, now: float, latency_s: float | None = None
    ) -> ViewerConnection | None:
        """Note that a connection said something; None when it has gone."""

    def leave(self, connection_id: str) -> ViewerConnection | None:
        """Remove a connection and count it out, once; None when it had gone already."""

    def audience(self, stream_id: str, shard: int) -> dict[str, list[str]]:
        """Return a shard's subscribed connections by quality, strongly consistent."""

    def members(self, stream_id: str, shard: int) -> list[ViewerConnection]:
        """Return every connection of a shard, strongly consistent."""

    def counts(self, stream_id: str) -> Counts:
        """Add up a stream's counts, strongly consistent."""

    def note_peak(self, stream_id: str, viewers: int) -> None:
        """Raise the highest number of viewers that was noted."""

    def grow(self, stream_id: str, shards: int) -> None:
        """Spread connections over more shards from now on."""


class ConnectTokens(Protocol):
    """Holds the key of connect tokens."""

    def issue(self, ticket: ConnectTicket) -> str:
        """Return a ticket's token."""

    def read(self, token: str, *, now: float) -> ConnectTicket:
        """Raise Unauthorized("connect_token_invalid") or Unauthorized("connect_token_expired")."""


class Sockets(Protocol):
    """The viewers' open connections."""

    def deliver(self, calls: Sequence[Call], *, within_s: float, pace: Pace | None = None) -> Delivery:
        """Make all calls side by side, no faster than `pace`; what is not done after `within_s` is given up."""


class OrderedQueue(Protocol):
    """A FIFO queue."""

    def send(self, messages: Sequence[Ordered]) -> None:
        """Send in order; raises Transient("queue_refused") when an entry is refused twice."""
