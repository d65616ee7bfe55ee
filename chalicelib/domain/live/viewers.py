"""Who watches a live stream: connections, how they are spread, and the token that opens one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from dataclasses import dataclass, field

from chalicelib.errors import Unauthorized

TOKEN_VERSION = "l1"  # noqa: S105  a format's name
TOKEN_TTL_S = 60
"""A connection is opened at once; whoever reconnects asks for another token."""
LIFETIME_S = 2 * 3600
"""API Gateway ends a connection then."""
IDLE_S = 600
"""API Gateway ends a connection that says and hears nothing for so long."""
GRACE_S = 120
"""How much later than that its row is surely wrong."""
SLOTS = 16
"""Rows that count new connections: 500 a second, API Gateway's quota, collide seldom on so many."""
MAX_SHARDS = 4096
_FIELDS = 7


@dataclass(frozen=True, slots=True)
class ViewerConnection:
    """One open socket. Times are Unix seconds; `quality` is empty until it subscribes; `viewer` when anonymous."""

    id: str
    stream_id: str
    recording_id: str
    shard: int
    slot: int
    connected_at: float
    seen_at: float
    quality: str = ""
    viewer: str = ""
    latency_s: float | None = None

    def is_overdue(self, now: float) -> bool:
        """True when API Gateway must have closed it long ago."""
        return now - self.connected_at > LIFETIME_S + GRACE_S


@dataclass(frozen=True, slots=True)
class Counts:
    """A stream's viewers: open connections now, the most there were, and all that came and went."""

    viewers: int = 0
    peak: int = 0
    """The highest that was noted; see `highest`."""
    joined: int = 0
    left: int = 0
    by_quality: dict[str, int] = field(default_factory=dict)
    """Subscribed connections by rendition id or "auto"."""
    shards: int = 1
    occupied: tuple[int, ...] = ()
    """Shards that have viewers."""
    versions: dict[int, int] = field(default_factory=dict)
    """By shard a number that rises whenever somebody joins, leaves or subscribes there."""

    @property
    def highest(self) -> int:
        """The most viewers there were at a time."""
        return max(self.peak, self.viewers)


@dataclass(frozen=True, slots=True)
class ConnectTicket:
    """The right to open one connection until `expires_at` (Unix seconds). `viewer` is empty when anonymous."""

    stream_id: str
    recording_id: str
    viewer: str
    nonce: str
    expires_at: int


def shard_of(connection_id: str, shards: int) -> int:
    """Where a new connection goes: evenly into the newer half, for the older one was full when it was doubled."""
    half = shards // 2
    return half + zlib.crc32(connection_id.encode()) % (shards - half)


def slot_of(connection_id: str, shards: int) -> int:
    """Which row of its shard counts a connection: those that take new connections have SLOTS rows in all."""
    rows = max(1, SLOTS // (shards - shards // 2))
    return zlib.adler32(connection_id.encode()) % rows


def grown(shards: int, viewers: int, size: int) -> int:
    """Return the shards for so many viewers at `size` each: doubled as often as needed, never fewer than before."""
    while viewers > shards * size and shards < MAX_SHARDS:
        shards *= 2
    return shards


def make_connect_token(key: bytes, ticket: ConnectTicket) -> str:
    """Return `l1.{stream}.{recording}.{viewer}.{nonce}.{Unix seconds}.{HMAC-SHA256}`, base64url where needed."""
    viewer = _encoded(ticket.viewer.encode())
    text = f"{ticket.stream_id}.{ticket.recording_id}.{viewer}.{ticket.nonce}.{ticket.expires_at}"
    return f"{TOKEN_VERSION}.{text}.{_mac(key, text)}"


def read_connect_token(key: bytes, token: str, *, now: float) -> ConnectTicket:
    """Return what a token allows; raises Unauthorized: connect_token_invalid, connect_token_expired."""
    text, _, mac = token.partition(".")[2].rpartition(".")
    parts = token.split(".")
    true = hmac.compare_digest(_mac(key, text).encode(), mac.encode("utf-8", "replace"))
    if len(parts) != _FIELDS or parts[0] != TOKEN_VERSION or not true:
        raise Unauthorized("connect_token_invalid", "This token opens no connection here.")
    # From here on it is text that we wrote ourselves.
    _, stream_id, recording_id, viewer, nonce, expires_at, _ = parts
    if now >= int(expires_at):
        raise Unauthorized("connect_token_expired", "This token has expired: ask for another one.")
    return ConnectTicket(stream_id, recording_id, _decoded(viewer).decode(), nonce, int(expires_at))


def _mac(key: bytes, text: str) -> str:
    return _encoded(hmac.new(key, f"connect:{text}".encode("utf-8", "replace"), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
