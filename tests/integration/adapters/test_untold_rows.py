"""What rows have to tell is written with what changes them, and kept until it was told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.tables.live_stream_rows import StreamItem
from chalicelib.adapters.tables.live_streams import LiveStreamsTable
from chalicelib.adapters.tables.recordings import RecordingItem, RecordingsTable
from chalicelib.adapters.tables.untold import UntoldRows
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.services.ports import Clock

pytestmark = pytest.mark.usefixtures("tables")
UPLOADING, PROCESSING = RecordingStatus.UPLOADING, RecordingStatus.PROCESSING
READY, ERRORED = RecordingStatus.READY, RecordingStatus.ERRORED


class Ear:
    """Remembers hints."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __call__(self, row_id: str, owner: str) -> None:
        """Take a hint."""
        self.heard.append((row_id, owner))


@pytest.fixture
def rows() -> UntoldRows:
    """Return what recordings have to tell."""
    return UntoldRows(RecordingItem)


def changes(rows: UntoldRows, row_id: str) -> list[Change]:
    """Return what a row has to tell."""
    return [Change.loads(text) for text in rows.untold(row_id)]


def test_a_status_that_moves_is_told_once(
    clock: Clock, new_recording: Callable[..., Recording], rows: UntoldRows
) -> None:
    """In the order of the moves; a write that moves nothing, or is refused, tells nothing."""
    ear = Ear()
    table, recording = RecordingsTable(clock, ear), new_recording()
    table.create(recording)
    assert table.update(recording.id, title="x", status=PROCESSING) is not None
    assert table.update(recording.id, expect=[UPLOADING], status=READY) is None
    assert rows.untold(recording.id) == ()
    assert table.update(recording.id, expect=[PROCESSING], status=READY) is not None
    error = {"error_code": "no_video", "error_detail": "No picture."}
    assert table.update(recording.id, expect=[READY, ERRORED], status=ERRORED, **error) is not None
    again = table.update(recording.id, expect=[READY, ERRORED], status=ERRORED, error_code="other")
    assert again is not None
    assert again.error_code == "other"
    assert changes(rows, recording.id) == [
        Change(EventType.RECORDING_READY, 1000.0),
        Change(EventType.RECORDING_ERRORED, 1000.0, ("no_video", "No picture.")),
    ]
    assert ear.heard == [(recording.id, "ada")] * 2
    assert table.update("rec_none", status=READY) is None


def test_told_is_told(clock: Clock, new_recording: Callable[..., Recording], rows: UntoldRows) -> None:
    """If nothing else has happened; the sweep finds a row exactly as long as it has something to tell."""
    table, recording = RecordingsTable(clock), new_recording()
    table.create(recording)
    table.update(recording.id, status=READY)
    first = rows.untold(recording.id)
    table.update(recording.id, status=ERRORED)
    assert rows.told(recording.id, first) is False
    assert rows.untold_rows(limit=10) == [(recording.id, 1000.0)]
    assert rows.told(recording.id, rows.untold(recording.id)) is True
    assert rows.untold_rows(limit=10) == []
    assert rows.untold(recording.id) == ()
    stored = table.get(recording.id)
    assert stored is not None
    assert stored.status is ERRORED


def test_a_row_stays_until_its_end_was_told(
    clock: Clock, new_recording: Callable[..., Recording], rows: UntoldRows
) -> None:
    """Whoever removes it comes again."""
    table, recording = RecordingsTable(clock), new_recording()
    table.create(recording)
    table.update(recording.id, status=RecordingStatus.DELETING)
    with pytest.raises(Transient, match="still_untold"):
        table.delete(recording.id)
    rows.told(recording.id, rows.untold(recording.id))
    table.delete(recording.id)
    table.delete(recording.id)
    assert table.get(recording.id) is None


def test_streams_tell_of_pauses_and_their_end() -> None:
    """Each in the write that makes it so; claims and runs are nobody's news."""
    ear = Ear()
    table, rows = LiveStreamsTable(ear), UntoldRows(StreamItem)
    stream = LiveStream("live_1", "room", "ada", "rec_1", StreamStatus.ACTIVE, 100.0)
    table.start(stream)
    paused = Change(EventType.LIVE_PAUSED, 110.0)
    assert table.replace(replace(stream, status=StreamStatus.PAUSED, version=1), tell=paused)
    assert not table.replace(replace(stream, status=StreamStatus.PAUSED, version=1), tell=paused)
    assert table.replace(replace(stream, status=StreamStatus.ACTIVE, version=2))
    assert table.stop("live_1", now=120.0)
    assert not table.stop("live_1", now=130.0)
    assert changes(rows, "live_1") == [paused, Change(EventType.LIVE_ENDED, 120.0)]
    assert ear.heard == [("live_1", "ada")] * 2
    with pytest.raises(Transient, match="still_untold"):
        table.delete("live_1")
    rows.told("live_1", rows.untold("live_1"))
    table.delete("live_1")
    assert table.get("live_1") is None
