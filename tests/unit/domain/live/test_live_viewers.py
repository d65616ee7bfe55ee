"""How connections are spread, and the token that opens one."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.domain.live.viewers import (
    SLOTS,
    ConnectTicket,
    Counts,
    ViewerConnection,
    grown,
    make_connect_token,
    read_connect_token,
    shard_of,
    slot_of,
)
from chalicelib.errors import Unauthorized

KEY = bytes(range(32))
TICKET = ConnectTicket("live_" + "a" * 20, "rec_1", "ann.b@x", "n" * 20, 1060)
IDS = [f"connection-{n}=" for n in range(4000)]


@pytest.mark.parametrize(("shards", "taking"), [(1, {0}), (2, {1}), (4, {2, 3}), (8, {4, 5, 6, 7})])
def test_newcomers_are_spread_over_the_newer_half(shards: int, taking: set[int]) -> None:
    """Evenly: the older half was full when the newer was made."""
    spread = Counter(shard_of(name, shards) for name in IDS)
    assert set(spread) == taking
    assert max(spread.values()) < 1.2 * len(IDS) / len(taking)


@pytest.mark.parametrize("shards", [1, 2, 4, 8, 16, 64])
def test_newcomers_are_counted_on_enough_rows(shards: int) -> None:
    """So that their transactions seldom meet, and never on more rows than are cheap to read."""
    rows = {(shard_of(name, shards), slot_of(name, shards)) for name in IDS}
    assert SLOTS <= len(rows) <= max(SLOTS, shards)


@pytest.mark.parametrize(
    ("shards", "viewers", "expected"), [(1, 0, 1), (1, 2000, 1), (1, 2001, 2), (2, 4001, 4), (1, 9000, 8), (4, 10, 4)]
)
def test_shards_double_as_a_stream_grows(shards: int, viewers: int, expected: int) -> None:
    """And never become fewer: rows lie in them."""
    assert grown(shards, viewers, 2000) == expected


def test_no_shard_is_overfull_however_a_stream_grows() -> None:
    """Up to a hundred thousand viewers one by one: none beyond a fifth above its size."""
    shards, spread = 1, Counter[int]()
    for n in range(100_000):
        spread[shard_of(f"{n}", shards)] += 1
        shards = grown(shards, n + 1, 2000)
    assert max(spread.values()) < 2400


def test_a_token_says_what_it_allows() -> None:
    """Whoever the viewer is, with any characters in the name; also nobody."""
    for viewer in ("ann.b@x", "", "Zoë/../."):
        ticket = ConnectTicket(TICKET.stream_id, TICKET.recording_id, viewer, TICKET.nonce, TICKET.expires_at)
        assert read_connect_token(KEY, make_connect_token(KEY, ticket), now=1059.9) == ticket


def test_a_late_token_is_told_from_a_false_one() -> None:
    """To the second."""
    with pytest.raises(Unauthorized) as refused:
        read_connect_token(KEY, make_connect_token(KEY, TICKET), now=1060)
    assert refused.value.code == "connect_token_expired"


@pytest.mark.parametrize("place", range(7))
def test_no_part_of_a_token_can_be_changed(place: int) -> None:
    """Version, stream, recording, viewer, nonce, end or signature."""
    parts = make_connect_token(KEY, TICKET).split(".")
    parts[place] = parts[place][:-1] + ("0" if parts[place][-1] != "0" else "1")
    with pytest.raises(Unauthorized) as refused:
        read_connect_token(KEY, ".".join(parts), now=1000)
    assert refused.value.code == "connect_token_invalid"


@pytest.mark.parametrize("token", ["", ".", "l1", "l1......", "l1.a.b.c.d.e.f.g", "\ud800", "l1.a.b.c.d.e.ü"])
def test_nonsense_is_no_token(token: str) -> None:
    """Whatever stands in the query; nor is a token of another key, or of a session."""
    with pytest.raises(Unauthorized):
        read_connect_token(KEY, token, now=0)
    with pytest.raises(Unauthorized):
        read_connect_token(b"other", make_connect_token(KEY, TICKET), now=0)


def test_a_connection_ends_with_its_gateway() -> None:
    """Two hours after it began, and a little for late news."""
    connection = ViewerConnection("c", "live_x", "rec_1", 0, 0, 1000.0, 1000.0)
    assert [connection.is_overdue(1000.0 + age) for age in (7200, 7320, 7321)] == [False, False, True]


def test_the_peak_is_never_below_the_present() -> None:
    """Although it is noted only afterwards."""
    assert (Counts(3, 2).highest, Counts(2, 3).highest) == (3, 3)
