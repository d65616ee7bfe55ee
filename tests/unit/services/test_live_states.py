"""What is on show of a stream, while it is on and afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import FakeObjects
from support.live import HIGH, LOW, SOUND, segment
from support.live_fakes import put_state

from chalicelib.domain.job import Rendition
from chalicelib.domain.keys import master_key
from chalicelib.domain.live.keys import live_playlist_key
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.live_states import LiveMasters, LiveStates, live_progress

ID, RECORDING = "live_0123456789abcdefghij", "rec_0123456789abcdefghij"
LIVE = Recording(RECORDING, "anna", "Talk", "", "", 0, RecordingStatus.LIVE, 0.0, 0.0, stream_id=ID)
READY = replace(LIVE, status=RecordingStatus.READY, duration_s=6.0)
RENDITIONS = (
    Rendition(SOUND, "audio", "Audio", 128),
    Rendition(LOW, "video", "360p", 250, 640, 360),
    Rendition(HIGH, "video", "720p", 500, 1280, 720),
)


class Uploads:
    """Writes the playlists of uploads."""

    def generate_master_playlist(self, recording: Recording, *, planned: bool) -> str:
        """Return something recognisable."""
        return f"{recording.id} {planned}"


class Show:
    """A stream that has two segments."""

    def __init__(self) -> None:
        self.source, self.media = FakeObjects(), FakeObjects()
        self.masters = LiveMasters(LiveStates(self.source), self.media, Uploads())
        state = LiveState(ID, RECORDING, renditions=RENDITIONS)
        self.state = state.accept(segment(0), 0.0).accept(segment(1), 0.0)

    def of(self, recording: Recording) -> str:
        """Return the playlist."""
        return self.masters.generate_master_playlist(recording, planned=True)


@pytest.fixture
def show() -> Show:
    """Return one."""
    return Show()


def refusal(call: Any, *args: Any) -> str:
    """Return the code."""
    with pytest.raises(Conflict) as refused:
        call(*args)
    return refused.value.code


def test_uploads_are_somebody_elses(show: Show) -> None:
    """So are errors."""
    upload = replace(READY, stream_id="")
    assert show.of(upload) == f"{RECORDING} True"
    assert show.of(replace(LIVE, status=RecordingStatus.ERRORED)) == f"{RECORDING} True"


def test_before_the_first_segment(show: Show) -> None:
    """There is nothing to play: waiting, started, and planned but empty."""
    waiting = replace(LIVE, stream_id="", status=RecordingStatus.WAITING)
    assert (refusal(show.of, waiting), refusal(show.of, LIVE)) == ("not_playable_yet", "not_playable_yet")
    put_state(show.source, LiveState(ID, RECORDING, renditions=RENDITIONS))
    assert refusal(show.of, LIVE) == "not_playable_yet"


def test_the_stream_then_the_recording(show: Show) -> None:
    """Until the recording's playlist is written the stream's stays."""
    put_state(show.source, show.state)
    live = show.of(LIVE)
    assert f"/{live_playlist_key(RECORDING, LOW)}" in live
    assert show.of(READY) == live
    show.media.put_bytes(master_key(RECORDING), b"#EXTM3U\nx\n", content_type="a/b", cache_control="none")
    assert (show.of(LIVE), show.of(READY)) == (live, "#EXTM3U\nx\n")


@pytest.mark.parametrize(
    ("recording", "status", "percent", "available_s"),
    [(LIVE, "in-progress", 0.0, 4.0), (READY, "completed", 100.0, 6.0)],
)
def test_progress(show: Show, recording: Recording, status: str, percent: float, available_s: float) -> None:
    """As a job's would be; what is not known of a stream is nought."""
    shown = live_progress(recording, show.state)
    assert (shown["status"], shown["percent"], shown["playable"]) == (status, percent, True)
    assert [rendition["id"] for rendition in shown["renditions"]] == [SOUND, LOW, HIGH]
    assert {rendition["available_s"] for rendition in shown["renditions"]} == {available_s}


def test_progress_of_what_waits() -> None:
    """Nothing yet."""
    waiting = replace(LIVE, stream_id="", status=RecordingStatus.WAITING)
    assert live_progress(waiting, None) == {"status": "pending", "percent": 0.0}
