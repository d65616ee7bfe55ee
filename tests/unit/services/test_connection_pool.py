"""The pool of connections: how it grows, what it notes, and when it is full."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.signing import HmacConnects
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.live.viewers import Counts, ViewerConnection
from chalicelib.errors import Unauthorized
from chalicelib.services.live_viewers import FRESH_S, ConnectionPool

if TYPE_CHECKING:
    from chalicelib.services.viewer_ports import Connections

STREAM = LiveStream("live_" + "a" * 20, "room", "ann", "rec_1", StreamStatus.ACTIVE, 1000.0)


@dataclass
class Book:
    """Connections and counts in memory, and the clock."""

    time: float = 1000.0
    shown: Counts = field(default_factory=Counts)
    joined: list[ViewerConnection] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)
    reads: int = 0
    tokens: int = 0

    def now(self) -> float:
        """Return the time."""
        return self.time

    def token(self) -> str:
        """Return the next of a row."""
        self.tokens += 1
        return f"{self.tokens:020d}"

    def counts(self, _stream_id: str) -> Counts:
        """Count."""
        self.reads += 1
        return replace(self.shown, viewers=len(self.joined))

    def join(self, connection: ViewerConnection, nonce: str, _until: float) -> bool:
        """Use a nonce up, once for each connection."""
        if self.used.setdefault(nonce, connection.id) != connection.id:
            return False
        if connection not in self.joined:
            self.joined.append(connection)
        return True

    def note_peak(self, _stream_id: str, viewers: int) -> None:
        """Note."""
        self.shown = replace(self.shown, peak=viewers)

    def grow(self, _stream_id: str, shards: int) -> None:
        """Note."""
        self.shown = replace(self.shown, shards=shards)


@pytest.fixture
def book() -> Book:
    """An empty one."""
    return Book()


@pytest.fixture
def pool(book: Connections) -> ConnectionPool:
    """Shards of two, five connections at most."""
    tokens = HmacConnects(lambda: "00" * 32)
    return ConnectionPool(book, tokens, None, book, shard_size=2, most=5)  # type: ignore[arg-type]  # enough of each


def test_it_grows_with_its_stream(pool: ConnectionPool, book: Book) -> None:
    """Shards double, newcomers go to the newer half, and the most there were is noted."""
    for n in range(5):
        pool.join(pool.invite(STREAM, "ann"), f"c{n}")
    assert [connection.shard for connection in book.joined][:3] == [0, 0, 0]
    assert {connection.shard for connection in book.joined[3:]} == {1}
    assert (book.shown.shards, book.shown.peak) == (4, 5)
    assert {(one.viewer, one.recording_id, one.connected_at) for one in book.joined} == {("ann", "rec_1", 1000.0)}


def test_a_full_stream_invites_nobody(pool: ConnectionPool, book: Book) -> None:
    """Whoever comes later polls, until somebody has left; what is known of it is some seconds old at most."""
    for n in range(5):
        pool.join(pool.invite(STREAM), f"c{n}")
    assert pool.invite(STREAM) == ""
    book.joined.pop()
    assert pool.invite(STREAM) == ""
    book.time += FRESH_S
    assert pool.invite(STREAM) != ""


def test_asking_often_reads_seldom(pool: ConnectionPool, book: Book) -> None:
    """A page that is opened a thousand times reads the counts once."""
    for _ in range(1000):
        pool.invite(STREAM)
    assert book.reads == 1


def test_a_token_used_twice_is_refused(pool: ConnectionPool) -> None:
    """By another connection; the same one may ask again, for its answer may have been lost."""
    token = pool.invite(STREAM)
    assert pool.join(token, "c1") == pool.join(token, "c1")
    with pytest.raises(Unauthorized) as refused:
        pool.join(token, "c2")
    assert refused.value.code == "connect_token_used"
