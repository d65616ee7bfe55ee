"""Back up and restore on one machine, as docs/operations.md says: a copy of the data folder is a whole installation."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.stack import ROOT, Stack, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIP = ROOT / "headwater" / "doctor" / "clip.mp4"
PATIENCE_S = 300


@contextmanager
def running(data: Path) -> Iterator[Stack]:
    """Start a stack of its own on a folder, and stop it in order."""
    stack = Stack(data)
    stack.start()
    try:
        yield stack
    finally:
        stopped = stack.stop()
    assert stopped == 0, "".join(stack.output)


@pytest.mark.timeout(900)
def test_a_copy_is_a_whole_installation(tmp_path: Path) -> None:
    """Uploaded, encoded, copied, then the disk is lost: on the copy it is there, plays, and is the same to the byte."""
    with running(tmp_path / "data") as stack:
        recording_id = str(stack.upload(CLIP, "--title", "Kept")["id"])
        document = stack.wait_for(recording_id, settled, PATIENCE_S)
        assert document["recording_status"] == "ready", document
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    shutil.rmtree(tmp_path / "data")

    with running(tmp_path / "copy") as restored:
        with restored.api() as api:
            (found,) = api.get("/recordings").raise_for_status().json()["recordings"]
            playlist = api.get(f"/recordings/{recording_id}/stream/master.m3u8").raise_for_status().text
        assert (found["id"], found["status"], found["title"]) == (recording_id, "ready", "Kept")
        assert f"/media/{recording_id}/" in playlist
        done = restored.cli("download", recording_id, "--output", str(tmp_path / "back.mp4"))
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "back.mp4").read_bytes() == CLIP.read_bytes()
