"""What is worth telling, and how it waits in the row."""

from __future__ import annotations

import pytest

from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType, change_of

TOLD = {
    RecordingStatus.PLAYABLE: "recording.playable",
    RecordingStatus.READY: "recording.ready",
    RecordingStatus.ERRORED: "recording.errored",
    RecordingStatus.DELETING: "recording.deleted",
    RecordingStatus.LIVE: "live.started",
}


@pytest.mark.parametrize("status", RecordingStatus)
def test_some_statuses_are_told(status: RecordingStatus) -> None:
    """Those that somebody acts on; uploading, waiting and processing are nobody's news."""
    change = change_of({"status": status, "width": 3}, 12.5)
    assert (change and change.type.value) == TOLD.get(status)


def test_a_write_without_a_status_tells_nothing() -> None:
    """A new title is no event."""
    assert change_of({"title": "x"}, 1.0) is None


def test_a_failure_says_why() -> None:
    """Its code and sentence are those of the write."""
    changes = {"status": RecordingStatus.ERRORED, "error_code": "no_video", "error_detail": "No picture."}
    assert change_of(changes, 2.0) == Change(EventType.RECORDING_ERRORED, 2.0, ("no_video", "No picture."))


@pytest.mark.parametrize(
    "change", [Change(EventType.LIVE_ENDED, 1_800_000_000.125), Change(EventType.RECORDING_ERRORED, 1.0, ("a", "É."))]
)
def test_changes_survive_being_stored(change: Change) -> None:
    """Text and back is the same."""
    assert Change.loads(change.dumps()) == change
