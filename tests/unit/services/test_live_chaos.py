"""Seeded chaos: segments of two encoders come late, twice and in any order, to workers that die at any write.

Whatever happens, each playlist follows legally from the one before, nothing is listed twice, and the recording has all
that was packaged.
"""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.live import STREAM_ID
from support.live_rules import Watcher
from support.media import RECORDING_ID
from support.numbered import numbered, tone
from support.pipeline import FFMPEG
from support.stand_in import Died
from support.studio import Studio
from support.studio_deaths import LiveKiller, Remembering

from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.live.keys import recording_playlist_key
from chalicelib.domain.live.stream import Container
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 8
ONE_RUNG = (EncodingProfile("low", 160, 90, 60, 24),)


@pytest.fixture(scope="session")
def programme(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Eight segments of a second each, in MPEG-TS."""
    folder = tmp_path_factory.mktemp("programme")
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "24", "-c:a", "aac", "-b:a", "64k"]
    hls = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_filename", str(folder / "%d.ts")]
    source = [*numbered(24, COUNT), *tone(COUNT)]
    subprocess.run([FFMPEG, "-v", "error", *source, *x264, *hls, str(folder / "l.m3u8")], check=True, timeout=60)
    return [(folder / f"{n}.ts").read_bytes() for n in range(COUNT)]


class Chaos:
    """One seeded run."""

    def __init__(self, seed: int, scratch: Path, programme: list[bytes]) -> None:
        self.dice = random.Random(seed)  # noqa: S311  repeatable on purpose
        self.studio = Studio(scratch, encoder=Remembering(), profiles=ONE_RUNG, target_s=1)
        self.programme = programme
        self.watcher = Watcher(1)

    def run(self) -> None:
        """Two encoders, of which the first restarts or dies in the middle; then the stop, then whatever is left."""
        studio, dice = self.studio, self.dice
        epoch, backup = studio.claim(Container.MPEGTS), studio.claim(Container.MPEGTS, backup=True)
        fate = dice.choice(["lives", "restarts", "dies"])
        turn = dice.randrange(2, COUNT - 1)
        for n, body in enumerate(self.programme):
            if n == turn and fate == "restarts":
                epoch = studio.claim(Container.MPEGTS)
            if not (n >= turn and fate == "dies") and dice.random() > 0.1:
                studio.send(epoch, f"{n}.ts", body)
            studio.send(backup, f"{n}.ts", body)
            studio.clock.time += 1
            self.work(dice.randrange(4))
        self.work(60)
        studio.stop()
        self.work(400)

    def work(self, most: int) -> None:
        """Do some messages' work, in any order; some are delivered twice, some workers die."""
        studio, dice = self.studio, self.dice
        for _ in range(most):
            if not studio.queue.messages:
                return
            studio.queue.messages.rotate(dice.randrange(3))
            body, group, delay = studio.queue.messages.popleft()
            studio.clock.time += delay if dice.random() < 0.3 else 0.2
            killer = LiveKiller(studio, dice.randrange(1, 40), before=dice.random() < 0.5)
            try:
                studio.handle(body)
                if dice.random() < 0.2:
                    studio.queue.messages.append((body, group, 1))
            except (Died, Transient):
                studio.queue.messages.append((body, group, 1))
            finally:
                killer.at = -1
            if studio.state.playable:
                self.note()

    def note(self) -> None:
        """Hold the window to the rules."""
        for segment in self.studio.segments.of_stream(STREAM_ID):
            at = float(segment.start_s)
            for part, piece in enumerate(segment.video.pieces):
                self.watcher.starts[f"{segment.stem}-{part}.m4s"] = (at, at + float(piece.duration_s))
                at += float(piece.duration_s)
        self.watcher.look(self.studio.state.window)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens(tmp_path: Path, programme: list[bytes], seed: int) -> None:
    """The stream ends in a recording of everything that was packaged, once and in order."""
    chaos = Chaos(seed, tmp_path, programme)
    chaos.run()
    studio = chaos.studio
    assert list(studio.queue.messages) == []
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.READY
    assert studio.stream.finished_at is not None
    assert studio.state.window.ended
    rows = list(studio.segments.of_stream(STREAM_ID))
    assert rows
    rung = studio.state.renditions[-1].id
    whole = studio.media.bodies[recording_playlist_key(RECORDING_ID, rung)].decode()
    listed = [line for line in whole.splitlines() if line and not line.startswith("#")]
    assert listed == [f"{row.stem}-0.m4s" for row in rows]
    live = [entry.name for entry in studio.state.window.entries if not entry.gap]
    assert len(set(live)) == len(live)
    assert set(live) <= set(listed)
    assert set(studio.state.health.refused) <= {"epoch_superseded"}
