"""The demo around a stand-in for the embedded cloud: order, sentences, exit codes, nothing left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headwater import demo
from headwater.cli import follow
from headwater.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stub

ROOT = Path(demo.__file__).parents[1]


def cloud(url: str, note: Path, *, then: str = "signal.pause()") -> list[str]:
    """Return a command that prints a banner and `ready URL`, notes its pid, then does `then`."""
    code = f"""
import os, pathlib, signal, sys
def stop(*_):
    pathlib.Path({str(note)!r}).write_text("stopped")
    sys.exit(0)
signal.signal(signal.SIGINT, stop); signal.signal(signal.SIGTERM, stop)
pathlib.Path({str(note)!r}).write_text(str(os.getpid()))
print("Headwater, banner"); print("ready {url}", flush=True)
{then}
"""
    return [sys.executable, "-c", code]


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file the stand-in writes; polls do not wait, and state is this test's own."""
    monkeypatch.setattr(follow, "UNTIL_PLAYABLE_S", 0)
    monkeypatch.setattr(follow, "AFTERWARDS_S", 0)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    return tmp_path / "note"


@pytest.fixture(autouse=True)
def _signals_back() -> Any:
    """Put back the handler that the demo sets."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_it_uploads_follows_and_stops(
    stub: Stub, clip: Path, note: Path, document: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """Banner, address when playable, end; the child was stopped in order."""
    stub.progress = [document("playable", 20, playable=True), document("ready", 100, playable=True)]
    code = demo.present(cloud(stub.url, note), clip, once=True)
    said = [line for line in capfd.readouterr().out.splitlines() if line]
    address = f"{stub.url}/watch/rec_1?grant=g"
    assert (code, note.read_text()) == (Exit.OK, "stopped")
    assert said[:2] == ["Headwater, banner", f"ready {stub.url}"]
    assert said[-2:] == [f"Watch it: {address}", f"Ready in full quality: {address}"]


def test_a_video_that_fails_is_exit_1(
    stub: Stub, clip: Path, note: Path, document: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """The reason is a sentence, and the cloud is stopped."""
    error = {"code": "not_a_video", "detail": "This file is not a video."}
    stub.progress = [document("errored", 0, error=error)]
    code = demo.present(cloud(stub.url, note), clip, once=False)
    said = capfd.readouterr().err
    assert (code, note.read_text()) == (Exit.FAILED, "stopped")
    assert "my talk.mp4 cannot be made to play: This file is not a video. (not_a_video)" in said


def test_a_cloud_that_does_not_start_is_said(clip: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its own sentence, for example about a busy port, is on stderr before ours."""
    child = [sys.executable, "-c", "import sys; sys.exit('Port 8787 is in use.')"]
    code = demo.present(child, clip, once=True)
    assert (code, capfd.readouterr().err.splitlines()) == (
        Exit.FAILED,
        ["Port 8787 is in use.", "headwater: the embedded cloud did not start (exit code 1)."],
    )


@pytest.mark.parametrize(("content", "says"), [(None, "No such file"), (b"", "is empty")])
def test_a_bad_path_is_said_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, says: str
) -> None:
    """Nothing is started for a file that cannot be shown."""
    video = tmp_path / "video.mp4"
    if content is not None:
        video.write_bytes(content)
    code = demo.run(video, port=1, data=None, once=True)
    assert (code, says in capsys.readouterr().err) == (Exit.USAGE, True)


def test_the_clip_is_in_the_repository() -> None:
    """A clone has what the demo shows."""
    assert demo.CLIP.stat().st_size > 1_000_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_child_never_outlives_it(
    stub: Stub, clip: Path, note: Path, document: Callable[..., Any], number: signal.Signals
) -> None:
    """Ctrl-C, kill and even kill -9 of the demo take the embedded cloud along."""
    stub.progress = [document("ready", 100, playable=True)]
    call = f"demo.present({cloud(stub.url, note)!r}, pathlib.Path({str(clip)!r}), once=False)"
    code = f"import pathlib; from headwater import demo; {call}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        for line in process.stdout or ():
            if line.startswith("It stays up"):
                break
        child = int(note.read_text())
        process.send_signal(number)
        process.wait(60)
    assert _ends(child)
    assert note.read_text() == "stopped"


def _ends(pid: int) -> bool:
    """True when the process is gone within some seconds."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False
