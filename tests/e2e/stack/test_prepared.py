"""A stream that cannot be seeked, through the real functions, queues and buckets."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack import Stack

pytestmark = pytest.mark.e2e


def test_a_transport_stream_is_prepared_and_plays(stack: Stack, short_clip: Path, tmp_path: Path) -> None:
    """Uploaded as it is, whole in the end; the stage it went through is gone again."""
    stream = tmp_path / "short.ts"
    subprocess.run([FFMPEG, "-v", "error", "-i", str(short_clip), "-c", "copy", str(stream)], check=True, timeout=30)
    done = stack.cli("upload", str(stream), "--wait", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "ready"
    progress = stack.progress(answer["id"])
    assert (progress["stage"], progress["percent"], progress["error"]) == (None, 100.0, None)
    assert progress["duration_s"] == pytest.approx(5.28, abs=0.1)
    with stack.api() as api:
        master = api.get(f"/recordings/{answer['id']}/stream/master.m3u8").raise_for_status().text
        assert len(m3u8.loads(master).playlists) >= 3
        assert api.delete(f"/recordings/{answer['id']}").status_code == 204
