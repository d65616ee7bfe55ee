"""Cancelling on the running stack: FFmpeg goes, what plays keeps playing to an end, and a retry finishes the rest."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.pipeline import FFMPEG
from support.processes import encoders
from support.waiting import PATIENCE_S, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack import Stack

pytestmark = pytest.mark.e2e
GONE_WITHIN_S = 30.0
"""Workers look every two seconds (tests/integration/media/test_cancel.py), when a busy machine lets them."""


def until_encoding(stack: Stack, recording_id: str) -> None:
    """Wait for an FFmpeg at work on it."""
    deadline = time.monotonic() + PATIENCE_S
    while not encoders(stack, recording_id):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_quiet(stack: Stack, recording_id: str) -> None:
    """Wait for the last FFmpeg to be gone; and none comes back for a while, though messages are still delivered."""
    eventually(lambda: not encoders(stack, recording_id), within_s=GONE_WITHIN_S)
    calm = time.monotonic() + 1.5
    while time.monotonic() < calm:
        assert encoders(stack, recording_id) == []
        time.sleep(0.1)


def chunks_done(stack: Stack, recording_id: str) -> int:
    """How many chunks of a recording are done."""
    return sum(rendition["chunks_done"] for rendition in stack.progress(recording_id)["renditions"])


def test_a_playing_recording_is_cancelled(stack: Stack, long_clip: Path) -> None:
    """In the middle of a minute of 1080p: no FFmpeg seconds later, and what is announced plays, with an end."""
    recording_id = stack.upload(long_clip)["id"]
    stack.wait_for(recording_id, lambda document: bool(document["playable"]))
    until_encoding(stack, recording_id)
    done = stack.cli("cancel", recording_id, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["error"]["code"]) == ("playable", "job_cancelled")
    until_quiet(stack, recording_id)
    before = chunks_done(stack, recording_id)
    assert stack.cli("cancel", recording_id).returncode == 0
    with stack.api() as api:
        master = m3u8.loads(api.get(f"/recordings/{recording_id}/stream/master.m3u8").raise_for_status().text)
        uris = [variant.uri for variant in master.playlists] + [sound.uri for sound in master.media]
        media = [m3u8.loads(api.get(f"{stack.url}{uri}").raise_for_status().text) for uri in uris]
    assert all(playlist.is_endlist and playlist.segments for playlist in media)
    assert len({len(playlist.segments) for playlist in media[: len(master.playlists)]}) == 1
    progress = stack.progress(recording_id)
    assert (progress["status"], progress["playable"], chunks_done(stack, recording_id)) == ("cancelled", True, before)
    assert stack.cli("delete", recording_id, "--yes").returncode == 0


def test_a_cancelled_recording_is_finished_by_a_retry(stack: Stack, tmp_path: Path) -> None:
    """Cancelled as soon as FFmpeg runs; `retry --wait` encodes the rest, and refuses when there is nothing to do.

    Half a minute of three rungs: a fast machine has not encoded all of it before the cancel is there.
    """
    clip = tmp_path / "clip.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=24:d=30", "-c:v", "libx264", "-preset", "ultrafast"]
    make = [FFMPEG, "-v", "error", "-nostdin", *picture, "-pix_fmt", "yuv420p", "-y", str(clip)]
    subprocess.run(make, check=True, timeout=60)
    recording_id = stack.upload(clip)["id"]
    until_encoding(stack, recording_id)
    assert stack.cli("cancel", recording_id).returncode == 0
    until_quiet(stack, recording_id)
    stopped = stack.progress(recording_id)
    assert (stopped["status"], stopped["error"]["code"]) == ("cancelled", "job_cancelled")
    kept = chunks_done(stack, recording_id)
    done = stack.cli("retry", recording_id, "--wait", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["error"]) == ("ready", None)
    end = stack.progress(recording_id)
    assert end["status"] == "completed"
    assert kept < sum(r["chunks_total"] for r in end["renditions"]) == chunks_done(stack, recording_id)
    again = stack.cli("retry", recording_id, "--json")
    assert (again.returncode, json.loads(again.stdout)["error"]["code"]) == (4, "job_not_failed")
