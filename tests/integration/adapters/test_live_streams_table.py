"""Live streams: one per room at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.live_streams import LiveStreamsTable, StreamRow, StreamStatus

FIRST = StreamRow("str_1", "room", "ada", "rec_1", StreamStatus.ACTIVE, 100.0)
SECOND = replace(FIRST, id="str_2", started_at=200.5)


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
    assert streams.get(FIRST.id) == replace(FIRST, status=StreamStatus.STOPPED, stopped_at=150.0)
    assert streams.stop("str_none", now=1.0) is False


def test_a_stopped_stream_does_not_start_again(streams: LiveStreamsTable) -> None:
    """A start delivered late finds its stream over."""
    streams.start(FIRST)
    streams.stop(FIRST.id, now=150.0)

    assert streams.start(FIRST) is False
    assert streams.active_by_room("room") is None


def test_a_paused_stream_keeps_its_room(streams: LiveStreamsTable) -> None:
    """Pause and resume until it is stopped."""
    streams.start(FIRST)

    assert streams.pause(FIRST.id, paused=True) is True
    assert streams.active_by_room("room") == replace(FIRST, status=StreamStatus.PAUSED)
    assert streams.start(SECOND) is False
    assert streams.pause(FIRST.id, paused=False) is True
    assert streams.active_by_room("room") == FIRST
    streams.stop(FIRST.id, now=150.0)
    assert streams.pause(FIRST.id, paused=True) is False
    assert streams.pause("str_none", paused=True) is False


def test_history_of_a_room(streams: LiveStreamsTable) -> None:
    """Newest first, and the hold on the room is not a stream."""
    streams.start(FIRST)
    streams.stop(FIRST.id, now=150.0)
    streams.start(SECOND)

    assert [stream.id for stream in streams.by_room("room", limit=9)] == ["str_2", "str_1"]
    assert [stream.id for stream in streams.by_room("room", limit=1)] == ["str_2"]
