"""Thumbnails show the moments they stand for, posters show something: real FFmpeg on pictures that tell the time."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.media import RECORDING_ID
from support.pipeline import FFMPEG

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.domain.encoding import video_command
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.jpeg import jpeg_size
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline

    from chalicelib.domain.job import Job

CUE = re.compile(r"(\d+):(\d+):([\d.]+) --> \S+\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
TAGS = "format=yuv420p,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
STEP = 6
"""Levels of grey from one second to the next."""


def clock_source(make: Callable[..., bytes], seconds: float, rate: str, *more: str, suffix: str = "mp4") -> bytes:
    """A picture whose grey is the time: 30 and 6 more each second, key frames at odd places, a tone."""
    grey = f"color=black:s=320x180:r={rate},format=gray,geq=lum='30+{STEP}*T':interpolation=nearest"
    lavfi = ("-f", "lavfi", "-i", grey, "-f", "lavfi", "-i", "sine=440:r=48000", "-t", str(seconds))
    return make(*lavfi, *X264, "-vf", TAGS, "-g", "75", "-c:a", "aac", "-ac", "2", *more, suffix=suffix)


def pixels(picture: bytes, width: int, height: int) -> bytes:
    """A JPEG as RGB, as a browser shows it, at another size."""
    command = [FFMPEG, "-v", "error", "-f", "mjpeg", "-i", "pipe:0", "-vf", f"scale={width}:{height}:flags=area"]
    command += ["-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"]
    return subprocess.run(command, input=picture, capture_output=True, check=True, timeout=60).stdout


def colour(picture: bytes) -> tuple[int, int, int]:
    """Its mean red, green and blue."""
    red, green, blue = pixels(picture, 1, 1)
    return red, green, blue


def finished(pipeline: Pipeline, body: bytes) -> Job:
    """Upload and do all work."""
    pipeline.upload(body)
    pipeline.work()
    job = next(iter(pipeline.jobs.rows.values()))
    assert (job.status, pipeline.recording.status) == (JobStatus.COMPLETED, RecordingStatus.READY), job.error_detail
    return job


def tiles(pipeline: Pipeline) -> list[tuple[float, int]]:
    """(second, grey in the middle of the tile) of each cue of the recording's thumbnail track."""
    key = pipeline.recording.storyboard
    found = []
    for hours, minutes, seconds, name, *box in CUE.findall(pipeline.media.bodies[key].decode()):
        sprite = pipeline.media.bodies[f"{key.rpartition('/')[0]}/{name}"]
        width, height = jpeg_size(sprite)
        x, y, wide, tall = map(int, box)
        grey = pixels(sprite, width, height)[3 * ((y + tall // 2) * width + x + wide // 2)]
        found.append((3600 * int(hours) + 60 * int(minutes) + float(seconds), grey))
    return found


@pytest.mark.parametrize(
    ("seconds", "rate", "more", "suffix"),
    [
        (17, "30", (), "mp4"),
        (16.4, "30000/1001", ("-output_ts_offset", "3"), "mp4"),
        (9, "25", ("-f", "mpegts"), "ts"),
    ],
    ids=["mp4", "ntsc, late start", "transport stream"],
)
def test_tiles_show_their_moments(
    pipeline: Pipeline,
    make_source: Callable[..., bytes],
    seconds: float,
    rate: str,
    more: tuple[str, ...],
    suffix: str,
) -> None:
    """Each tile is the picture at its cue's start, across chunk joins, to the end."""
    job = finished(pipeline, clock_source(make_source, seconds, rate, *more, suffix=suffix))
    shown = tiles(pipeline)
    assert len(shown) == sum(chunk.segments for chunk in job.plan.chunks)
    assert [at for at, _ in shown] == pytest.approx(
        [i * float(job.plan.segment_s) for i in range(len(shown))], abs=1e-3
    )
    for at, grey in shown:
        assert grey == pytest.approx(30 + STEP * at, abs=2)


def test_a_storyboard_alone_is_the_same(pipeline: Pipeline, make_source: Callable[..., bytes], tmp_path: Path) -> None:
    """Where the rung was encoded earlier, its pictures are decoded for the thumbnails alone, and come out alike."""
    job = finished(pipeline, clock_source(make_source, 17, "30"))
    story = job.plan.storyboard
    assert story is not None
    for chunk in job.plan.chunks:
        output = tmp_path / f"{chunk.index}.jpg"
        command = video_command(
            job.plan,
            (story,),
            chunk,
            url=pipeline.source.read_url(job.plan.source_key, ttl_s=60),
            outputs=[str(output)],
            preset="ultrafast",
            threads=1,
        )
        FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=60, beat=lambda _n, _fps: True)
        (row,) = [t for t in pipeline.jobs.tasks(job.id, story.id) if t.chunk == chunk.index]
        assert row.status is TaskStatus.DONE
        assert row.result is not None
        assert pipeline.media.bodies[row.result.key] == output.read_bytes()


def poster(pipeline: Pipeline) -> bytes:
    """The recording's poster."""
    assert pipeline.media.heads[pipeline.recording.poster].content_type == "image/jpeg"
    return pipeline.media.bodies[pipeline.recording.poster]


def test_a_poster_is_not_the_black_before_the_picture(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """A tenth in it is still dark; what comes next is orange, and comes out orange."""
    black, orange = "color=black:s=320x180:r=25:d=4", "color=0xd07020:s=320x180:r=25:d=16"
    body = make_source("-f", "lavfi", "-i", black, "-f", "lavfi", "-i", orange, "-filter_complex", "concat", *X264)
    finished(pipeline, body)
    assert jpeg_size(poster(pipeline)) == (320, 180)
    assert colour(poster(pipeline)) == pytest.approx((0xD0, 0x70, 0x20), abs=6)


def test_a_dark_recording_has_a_dark_poster(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """Nothing lighter was to be had."""
    finished(pipeline, make_source("-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=3", *X264))
    assert max(colour(poster(pipeline))) < 8


@pytest.mark.parametrize(
    ("size", "more", "wanted"),
    [
        ("1920x1080", (), (1280, 720)),
        ("360x640", (), (360, 640)),
        ("720x480", ("-vf", "setsar=32/27"), (852, 480)),
    ],
    ids=["large", "portrait", "wide pixels"],
)
def test_a_poster_has_the_pictures_shape(
    pipeline: Pipeline, make_source: Callable[..., bytes], size: str, more: tuple[str, ...], wanted: tuple[int, int]
) -> None:
    """At most 1280x720, or that turned; never enlarged; pixels made square."""
    finished(pipeline, make_source("-f", "lavfi", "-i", f"testsrc2=s={size}:r=10:d=1", *more, *X264))
    width, height = jpeg_size(poster(pipeline))
    assert (width, height) == (pytest.approx(wanted[0], abs=2), wanted[1])


def test_sound_alone_shows_its_waveform(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """Silence, then a tone: bars on the right, none on the left, in the player's colours; no thumbnails."""
    tone = "aevalsrc=if(gt(t\\,4)\\,0.8*sin(2*PI*300*t)\\,0):s=48000:d=8"
    job = finished(pipeline, make_source("-f", "lavfi", "-i", tone, "-c:a", "aac", "-ac", "2", suffix="m4a"))
    assert (job.plan.storyboard, pipeline.recording.storyboard) == (None, "")
    body = poster(pipeline)
    assert jpeg_size(body) == (1280, 720)
    rgb = pixels(body, 1280, 720)
    above = [rgb[3 * (300 * 1280 + x) : 3 * (300 * 1280 + x) + 3] for x in range(1280)]
    lit = [x for x, (red, green, blue) in enumerate(above) if blue > 150 and green > 150 and red < 160]
    assert lit
    assert min(lit) > 560
    assert tuple(rgb[:3]) == pytest.approx((0x0A, 0x15, 0x17), abs=3)


def test_a_cover_comes_before_the_waveform(
    pipeline: Pipeline, make_source: Callable[..., bytes], tmp_path: Path
) -> None:
    """The picture that the file carries of itself."""
    cover = tmp_path / "cover.png"
    cover.write_bytes(make_source("-f", "lavfi", "-i", "color=0x2040c0:s=300x300", "-frames:v", "1", suffix="png"))
    tone = ("-f", "lavfi", "-i", "sine=440:r=48000:d=4", "-i", str(cover), "-map", "0:a", "-map", "1:v")
    body = make_source(*tone, "-c:a", "aac", "-c:v", "copy", "-disposition:v:0", "attached_pic", suffix="m4a")
    job = finished(pipeline, body)
    assert job.plan.video == ()
    assert jpeg_size(poster(pipeline)) == (300, 300)
    assert colour(poster(pipeline)) == pytest.approx((0x20, 0x40, 0xC0), abs=6)


def test_a_recording_without_a_poster_is_ready_all_the_same(
    pipeline: Pipeline, make_source: Callable[..., bytes]
) -> None:
    """The worker says why, once, and the recording plays."""

    class Broken(FfmpegEncoder):
        """Cannot make pictures."""

        def run_to_file(self, *_: object, **__: object) -> float:
            raise Transient("encode_interrupted", "FFmpeg ended with 1.")

    object.__setattr__(pipeline.posters, "encoder", Broken(FFMPEG))
    pipeline.upload(clock_source(make_source, 3, "30"))
    pipeline.work()
    assert [error.code for error in pipeline.dropped] == ["poster_failed"]
    assert (pipeline.recording.status, pipeline.recording.poster) == (RecordingStatus.READY, "")
    assert not [key for key in pipeline.media.bodies if "poster" in key and RECORDING_ID in key]
