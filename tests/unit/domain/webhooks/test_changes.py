"""What is worth telling, and how it waits in the row."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType, change_of, is_to_be_swept

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


def test_the_sweep_is_quick_at_first_and_patient_then() -> None:
    """It leaves the hint its time, asks each minute for ten, and then, for what is in trouble, each tenth minute."""
    assert not is_to_be_swept("rec_1", 1000.0, 1010.0)
    assert all(is_to_be_swept("rec_1", 1000.0, 1000.0 + 60 * minute) for minute in range(1, 10))
    later = [minute for minute in range(10, 50) if is_to_be_swept("rec_1", 1000.0, 1000.0 + 60 * minute)]
    assert [after - before for before, after in pairwise(later)] == [10, 10, 10]
