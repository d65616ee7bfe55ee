"""Live streams: one per room at a time, claims that exclude each other, and what sweeps find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.live_stream_rows import StreamItem
from chalicelib.adapters.tables.live_streams import LiveStreamsTable
from chalicelib.adapters.tables.untold import UntoldRows
from chalicelib.domain.live.push import Push
from chalicelib.domain.live.stream import Container, Epoch, Input, LiveStream, StreamStatus

FIRST = LiveStream(
    "str_1",
    "room",
    "ada",
    "rec_1",
    StreamStatus.ACTIVE,
    100.0,
    key_sha="ab" * 32,
    target_s=4,
    dvr_window_s=60,
    silence_s=30,
    profiles=("low", "high"),
)
SECOND = replace(FIRST, id="str_2", started_at=200.5, profiles=())
EPOCH = Epoch(1, Input.PRIMARY, Container.FMP4, 101.5, 101.25)


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def streams() -> LiveStreamsTable:
    """Return the repository over an empty table."""
    return LiveStreamsTable()


def test_a_room_has_one_stream(streams: LiveStreamsTable) -> None:
    """The second is refused and leaves nothing behind; another room is free; a repeated start is no harm."""
    elsewhere = replace(SECOND, id="str_3", room_id="other")

    assert streams.start(FIRST) is True
    assert streams.start(SECOND) is False
    assert streams.start(FIRST) is True
    assert streams.start(elsewhere) is True
    assert streams.get(SECOND.id) is None
    assert streams.active_by_room("room") == FIRST
    assert streams.active_by_room("other") == elsewhere


def test_stop_frees_the_room_once(streams: LiveStreamsTable) -> None:
    """A late second stop neither changes the end nor takes the room from the next stream."""
    streams.start(FIRST)

    assert streams.stop(FIRST.id, now=150.0) is True
    assert streams.active_by_room("room") is None
    assert streams.start(SECOND) is True
    assert streams.stop(FIRST.id, now=999.0) is False
    assert streams.active_by_room("room") == SECOND
    assert streams.get(FIRST.id) == replace(FIRST, status=StreamStatus.STOPPED, stopped_at=150.0, version=1)
    assert streams.stop("str_none", now=1.0) is False


def test_a_stopped_stream_does_not_start_again(streams: LiveStreamsTable) -> None:
    """A start delivered late finds its stream over."""
    streams.start(FIRST)
    streams.stop(FIRST.id, now=150.0)

    assert streams.start(FIRST) is False
    assert streams.active_by_room("room") is None


def test_of_two_who_change_a_stream_one_wins(streams: LiveStreamsTable) -> None:
    """Each writes the version after the one it read; the loser changes nothing."""
    streams.start(FIRST)
    claimed = FIRST.claimed(EPOCH, silent=False)
    paused = replace(FIRST, status=StreamStatus.PAUSED, version=1)

    assert streams.replace(claimed) is True
    assert streams.replace(paused) is False
    assert streams.get(FIRST.id) == claimed
    assert streams.stop(FIRST.id, now=150.0) is True
    assert streams.replace(claimed.promoted(1, 5)) is False
    assert streams.replace(replace(paused, id="str_none")) is False


def test_a_paused_stream_keeps_its_room(streams: LiveStreamsTable) -> None:
    """Until it is stopped."""
    streams.start(FIRST)
    paused = replace(FIRST, status=StreamStatus.PAUSED, version=1)

    assert streams.replace(paused) is True
    assert streams.active_by_room("room") == paused
    assert streams.start(SECOND) is False


def test_streams_are_found_by_room_and_recording(streams: LiveStreamsTable) -> None:
    """A room's newest first, a recording's oldest first; the hold on the room is no stream."""
    streams.start(FIRST)
    streams.stop(FIRST.id, now=150.0)
    streams.start(SECOND)

    assert [stream.id for stream in streams.by_room("room", limit=9)] == ["str_2", "str_1"]
    assert [stream.id for stream in streams.by_room("room", limit=1)] == ["str_2"]
    assert [stream.id for stream in streams.by_recording("rec_1")] == ["str_1", "str_2"]


def test_sweeps_find_what_is_still_to_be_done(streams: LiveStreamsTable) -> None:
    """By status; a stopped one until it is finished."""
    streams.start(FIRST)
    assert [stream.id for stream in streams.by_status(StreamStatus.ACTIVE, limit=9)] == [FIRST.id]
    streams.stop(FIRST.id, now=150.0)
    assert streams.by_status(StreamStatus.ACTIVE, limit=9) == []
    (stopped,) = streams.by_status(StreamStatus.STOPPED, limit=9)

    finished = replace(stopped, finished_at=160.0, version=stopped.version + 1)
    assert streams.replace(finished) is True
    assert streams.by_status(StreamStatus.STOPPED, limit=9) == []
    assert streams.get(FIRST.id) == finished


def test_a_deleted_stream_leaves_its_room(streams: LiveStreamsTable) -> None:
    """Also one that was on; another's hold stays, and a second delete is quiet."""
    streams.start(FIRST)
    streams.delete(FIRST.id)
    assert (streams.get(FIRST.id), streams.active_by_room("room")) == (None, None)
    streams.start(FIRST)
    streams.stop(FIRST.id, now=150.0)
    streams.start(SECOND)
    told = UntoldRows(StreamItem)
    told.told(FIRST.id, told.untold(FIRST.id))
    streams.delete(FIRST.id)
    streams.delete(FIRST.id)

    assert streams.active_by_room("room") == SECOND


def test_the_state_of_an_input_is_swapped(streams: LiveStreamsTable) -> None:
    """Together with the epoch it begins; whoever read an older state of either writes neither."""
    streams.start(FIRST)
    begun, further = Push(1, has_init=True, seen_at=10.5), Push(1, has_init=True, highest=3, seen_at=12.0)
    claimed = FIRST.claimed(EPOCH, silent=True)

    assert streams.read_push(FIRST.id, Input.PRIMARY) == (FIRST, Push())
    assert streams.swap_push(claimed, Input.PRIMARY, Push(), begun) is True
    assert streams.swap_push(claimed, Input.PRIMARY, Push(), begun) is False
    assert streams.swap_push(claimed, Input.PRIMARY, begun, further) is True
    assert streams.swap_push(claimed, Input.BACKUP, Push(), replace(begun, epoch=2)) is False
    assert streams.read_push(FIRST.id, Input.PRIMARY) == (claimed, further)
    assert streams.read_push(FIRST.id, Input.BACKUP) == (claimed, Push())
    assert streams.read_push("str_none", Input.PRIMARY) is None
