"""The feeder without FFmpeg: connections that hang, inputs that cannot be opened."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from headwater.push import feeder as feeders
from headwater.push import inputs
from headwater.push.commands import Encoding
from headwater.push.feeder import Feeder
from headwater.push.ffmpeg import Child, find
from headwater.push.progress import Progress
from headwater.push.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.push.inputs import Input


def feeder(source: Input, folder: Path, progress: Progress, program: str = "true") -> Feeder:
    """A feeder whose FFmpeg is `program`."""
    return Feeder(source, Spool(folder, 1000), progress, ffmpeg=program, encoding=Encoding(2), key="sk_x")


@pytest.mark.parametrize(("state", "ended"), [("recording", True), ("waiting", False)])
def test_a_connection_that_hangs_is_ended(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    ended: bool,  # noqa: FBT001  parameters
) -> None:
    """So that its encoder can connect again; waiting for one to connect is no hanging."""
    monkeypatch.setattr(feeders, "SILENT_S", 0.0)
    progress = Progress(source=state)
    hangs = feeder(inputs.rtmp("127.0.0.1", 1935), tmp_path, progress)
    with Child([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        hangs._child = child
        hangs.look()
        assert [note.code for note in progress.notes()] == ["silent"] * ended
        child.kill()
    assert child.end() == -9


def test_a_file_that_gives_nothing(tmp_path: Path) -> None:
    """Ends the push with a sentence."""
    progress = Progress()
    fails = feeder(inputs.file(tmp_path / "a.mp4", loop=False), tmp_path, progress)
    fails.run()
    assert (str(fails.failure), progress.source) == ("a.mp4 cannot be read: it gave nothing.", "ended")


def test_a_camera_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    """Told of once; a stop ends the waiting."""
    progress = Progress()
    waits = feeder(inputs.camera("/dev/video9", "", platform="linux"), tmp_path, progress)
    assert [waits._again(0.0), waits._again(1.0), waits._again(12.0)] == [1.0, 2.0, 15.0]
    assert [note.code for note in progress.notes()] == ["source"]
    waits.stop()
    waits.run()
    assert waits.failure is None


def test_ffmpeg_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On the path before the layer's; without either a sentence says what to do."""
    own = tmp_path / "ffmpeg"
    own.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find() == str(own)
    own.unlink()
    monkeypatch.setattr("headwater.push.ffmpeg.LAYER", own)
    with pytest.raises(Exception, match="no ffmpeg on the path"):
        find()


def test_a_child_that_fails_says_why() -> None:
    """The last error of its log, without FFmpeg's decoration."""
    said = "import sys; print('[in#0 @ 0x1] [error] No such device', file=sys.stderr); sys.exit(3)"
    with Child([sys.executable, "-c", said]) as child:
        assert list(child.pieces()) == []
    assert (child.end(), child.trouble, child.lines.get()) == (
        3,
        "No such device",
        "[in#0 @ 0x1] [error] No such device",
    )
