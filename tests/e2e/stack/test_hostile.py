"""Bad files, bad tokens and killed workers: a clear end, and the stack lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import jwt
import pytest
from support.pipeline import FFMPEG
from support.processes import ancestors, encoders, parent
from support.stack import settled

if TYPE_CHECKING:
    from pathlib import Path

    from support.stack import Stack

pytestmark = pytest.mark.e2e


def make(path: Path, *arguments: str) -> Path:
    """Write a file with FFmpeg."""
    subprocess.run([FFMPEG, "-v", "error", "-nostdin", *arguments, "-y", str(path)], check=True, timeout=60)
    return path


def test_bad_files_end_with_a_reason_and_the_workers_live_on(stack: Stack, tmp_path: Path, short_clip: Path) -> None:
    """Each ends errored with a stable code, or plays; afterwards nothing is queued and a good file still works."""
    clip = short_clip.read_bytes()
    files = {
        "notes.mp4": (b"These are my notes, not a film.\n" * 50, {"source_not_media"}),
        "empty.mp4": (b"", {"source_empty"}),
        "cut.mp4": (clip[: len(clip) // 2], {"source_not_media", "source_unreadable", "source_truncated"}),
        "list.mp4": (b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n", {"source_not_media"}),
    }
    uploads = {}
    for name, (body, codes) in files.items():
        (tmp_path / name).write_bytes(body)
        uploads[stack.upload(tmp_path / name)["id"]] = codes
    one = make(
        tmp_path / "one.mkv", "-f", "lavfi", "-i", "color=s=2x2:d=1", "-vf", "format=rgb24,crop=1:1", "-c:v", "ffv1"
    )
    uploads[stack.upload(one)["id"]] = {"source_too_small_picture", "source_not_media"}
    huge = ["-f", "lavfi", "-i", "color=s=16000x16000:r=1", "-frames:v", "1", "-c:v", "mjpeg", "-strict", "-1"]
    uploads[stack.upload(make(tmp_path / "huge.avi", *huge))["id"]] = {"source_too_large_picture", "source_not_media"}
    for recording_id, codes in uploads.items():
        end = stack.wait_for(recording_id, settled)
        assert end["recording_status"] == "errored"
        assert end["error"]["code"] in codes, end
        assert end["error"]["detail"].endswith((".", "?"))
    sound = make(tmp_path / "sound.m4a", "-f", "lavfi", "-i", "sine=d=3")
    silent = make(tmp_path / "silent.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=3", "-pix_fmt", "yuv420p")
    for path in (sound, silent):
        assert stack.wait_for(stack.upload(path)["id"], settled)["recording_status"] == "ready"


def test_a_refused_file_is_told_on_the_command_line(stack: Stack, tmp_path: Path) -> None:
    """`upload --wait` ends with exit code 1 and the sentence."""
    path = tmp_path / "notes.mp4"
    path.write_text("notes")
    done = stack.cli("upload", str(path), "--wait", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["error"]["code"]) == ("errored", "source_not_media")


def test_tokens_that_are_not_ours(stack: Stack, short_clip: Path) -> None:
    """Wrong, expired, forged and foreign: 401 or 404, always a problem document."""
    recording = stack.upload(short_clip)
    claims = {"sub": "ann", "role": "admin", "aud": "headwater", "iss": f"{stack.url}/dev", "exp": time.time() + 60}
    forged = jwt.encode(claims, "x" * 40, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    expired = stack.token(ttl_s=1)
    time.sleep(7)  # its second and the five of grace for clocks
    url = f"{stack.url}/api/v1/recordings/{recording['id']}"
    wrong = {"nonsense": 401, forged: 401, unsigned: 401, expired: 401, stack.token("bob"): 404}
    for path in ("", "/transcode/progress", "/stream/master.m3u8", "/upload"):
        assert problem(httpx.get(url + path))[0] == 401
        for token, status in wrong.items():
            got, code = problem(httpx.get(url + path, headers={"Authorization": f"Bearer {token}"}))
            assert (got, bool(code)) == (status, True), (path, code)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer.text
    return answer.status_code, str(answer.json()["code"])


def test_a_worker_killed_in_the_middle_loses_nothing(stack: Stack, tmp_path: Path) -> None:
    """Kill -9 of a running FFmpeg and of its worker: both tasks are done again and the recording is ready."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=1280x720:r=24:d=6", "-c:v", "libx264", "-preset", "ultrafast"]
    clip = make(tmp_path / "clip.mp4", *source, "-pix_fmt", "yuv420p")
    recording = stack.upload(clip)
    killed = 0
    deadline = time.monotonic() + 180
    while killed < 2:
        assert time.monotonic() < deadline
        for pid in encoders(stack, recording["id"])[:1]:
            victim = pid if killed == 0 else parent(pid)
            if stack.process and stack.process.pid in ancestors(victim):  # what has ended meanwhile has no parent
                with suppress(ProcessLookupError):
                    os.kill(victim, signal.SIGKILL)
                    killed += 1
                time.sleep(0.5)
        time.sleep(0.05)
    end = stack.wait_for(recording["id"], settled, within_s=400)
    assert end["recording_status"] == "ready"
    assert all(r["chunks_done"] == r["chunks_total"] for r in end["renditions"])
