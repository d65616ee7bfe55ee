"""Pictures of all kinds that encoders send, and the stills that are made of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from support.media import RECORDING_ID
from support.numbered import numbered, tone
from support.pipeline import FFMPEG

from chalicelib.domain.jpeg import jpeg_size
from chalicelib.domain.live.stream import Container

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.studio import Studio

    Cut = Callable[..., list[bytes]]

AAC = ("-c:a", "aac", "-b:a", "64k")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "50")
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=320x180:r=25:d=4")


def sent(studio: Studio, bodies: list[bytes], container: Container = Container.MPEGTS) -> None:
    """Send all and work on it."""
    epoch = studio.claim(container)
    names = [f"{n}.ts" for n in range(len(bodies))]
    if container is Container.FMP4:
        names = ["init.mp4", *(f"{n}.m4s" for n in range(len(bodies) - 1))]
    for name, body in zip(names, bodies, strict=True):
        studio.send(epoch, name, body)
    studio.work()


X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=50:open-gop=0:log-level=none")
FIELDS = ("-flags", "+ildct+ilme", "-x264opts", "tff=1")
HDR = ("-color_trc", "smpte2084", "-colorspace", "bt2020nc")
KINDS = [
    pytest.param((*PICTURE, *X265), id="hevc"),
    pytest.param((*PICTURE, *X264, "-pix_fmt", "yuv444p"), id="444"),
    pytest.param((*PICTURE, *X264, "-pix_fmt", "yuv420p10le"), id="ten-bits"),
    pytest.param((*PICTURE, *X264, "-pix_fmt", "yuv420p", *FIELDS), id="interlaced"),
    pytest.param((*PICTURE, "-vf", "scale=180:320,setsar=1", *X264, "-pix_fmt", "yuv420p"), id="portrait"),
    pytest.param((*PICTURE, "-vf", "setsar=4/3", *X264, "-pix_fmt", "yuv420p"), id="anamorphic"),
    pytest.param((*PICTURE, *X264, "-pix_fmt", "yuv420p", *HDR), id="hdr"),
]


@pytest.mark.parametrize("container", list(Container))
@pytest.mark.parametrize("arguments", KINDS)
def test_whatever_an_encoder_sends(studio: Studio, cut: Cut, arguments: tuple[str, ...], container: Container) -> None:
    """Every rung is H.264 that decodes to two seconds a segment; nothing is refused, nothing breaks."""
    sent(studio, cut(*arguments, container=container.value), container)
    assert studio.state.health.refused == {}
    assert [float(entry.duration_s) for entry in studio.state.window.entries] == [2, 2]
    assert studio.state.health.discontinuities == 0
    for rung in studio.state.video:
        body = studio.joined(rung.id)
        command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-f", "framecrc", "pipe:1"]
        done = subprocess.run(command, input=body, capture_output=True, check=True, timeout=60)
        frames = [line for line in done.stdout.decode().splitlines() if not line.startswith("#")]
        assert (done.stderr, len(frames)) == (b"", 4 * rung.frame_rate)


def test_stills_of_a_recording(studio: Studio, cut: Cut) -> None:
    """A poster of the highest rung's size, and sprites of one tile for each segment."""
    sent(studio, cut(*numbered(24, 8), *tone(8), *X264, "-g", "24", *AAC, container="mpegts", target=1))
    studio.stop()
    studio.work()
    recording = studio.recordings.rows[RECORDING_ID]
    assert studio.dropped == []
    assert jpeg_size(studio.media.bodies[recording.poster])[1] == studio.state.video[-1].height
    track = studio.media.bodies[recording.storyboard].decode()
    assert track.count("#xywh=") == 8
    (sprite,) = {line.partition("#")[0] for line in track.splitlines() if "#xywh=" in line}
    width, height = jpeg_size(studio.media.bodies[f"{recording.storyboard.rpartition('/')[0]}/{sprite}"])
    last = track.splitlines()[-1].partition("#xywh=")[2]
    left, top, wide, tall = (int(number) for number in last.split(","))
    assert (width >= left + wide, height == top + tall) == (True, True)
