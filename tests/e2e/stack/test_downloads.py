"""Downloads through the real stack: the source, and a rendition that is made when it is asked for."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack import Stack

pytestmark = pytest.mark.e2e


def test_the_owner_downloads_source_and_rendition(stack: Stack, short_clip: Path, tmp_path: Path) -> None:
    """By the command line, resumed from what is there; nobody else can."""
    done = stack.cli("upload", str(short_clip), "--title", "A talk / 1", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    recording_id = json.loads(done.stdout)["id"]
    part = tmp_path / "copy.mp4.part"
    part.write_bytes(short_clip.read_bytes()[:100_000])
    saved = stack.cli("download", recording_id, "-o", str(tmp_path / "copy.mp4"))
    assert saved.returncode == 0, saved.stderr
    assert (tmp_path / "copy.mp4").read_bytes() == short_clip.read_bytes()
    assert not part.exists()
    with stack.api() as api:
        listed = api.get(f"/recordings/{recording_id}/download").raise_for_status().json()["renditions"]
    top = listed[-1]["download"]
    saved = stack.cli("download", recording_id, "--rendition", top, "-o", str(tmp_path), "--json")
    assert saved.returncode == 0, saved.stderr
    path = tmp_path / f"A talk _ 1 {listed[-1]['name']}.mp4"
    assert json.loads(saved.stdout) == {"file": str(path), "size_bytes": path.stat().st_size}
    decode = [FFMPEG, "-v", "error", "-xerror", "-i", str(path), "-map", "0:v", "-map", "0:a", "-f", "null", "-"]
    assert subprocess.run(decode, capture_output=True, check=True, timeout=60).stderr == b""
    again = stack.cli("download", recording_id, "-o", str(tmp_path / "copy.mp4"))
    assert again.returncode == 2
    assert stack.cli("download", recording_id, "--rendition", "8k", "-o", str(tmp_path / "x")).returncode == 5
    assert stack.cli("download", recording_id, user="bob").returncode == 5
