"""Uploads that cannot be seeked, for real: prepared once, then each rung has the frames of one pass over the whole."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support.hls import joined, luma
from support.media import RECORDING_ID
from support.pipeline import FFMPEG
from support.uploading import TONE, X264, check_plays, deliver, picture

from chalicelib.domain.keys import playlist_key, prepared_key, source_key
from chalicelib.domain.preparing import needs_preparing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline

    from chalicelib.domain.job import Job, Rendition

    Make = Callable[..., bytes]


@pytest.fixture
def rewrite(counted: bytes, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Turn the counted clip (7 s, 30 fps, a key frame every 2.5 s) into something else, through a pipe if asked to."""

    def run(*arguments: str, suffix: str, pipe: bool = False) -> bytes:
        folder: Path = tmp_path_factory.mktemp("rewritten")
        (folder / "in.mp4").write_bytes(counted)
        out = folder / f"out.{suffix}"
        command = [FFMPEG, "-v", "error", "-nostdin", "-i", str(folder / "in.mp4"), *arguments]
        done = subprocess.run(
            [*command, "pipe:1" if pipe else str(out)], stdout=subprocess.PIPE, check=True, timeout=60
        )
        return done.stdout if pipe else out.read_bytes()

    return run


def one_pass(pipeline: Pipeline, job: Job, rendition: Rendition) -> list[int]:
    """Decode the prepared source from its start to its end, once, at the rendition's frame rate."""
    media = job.plan.media
    assert media.video is not None
    body = pipeline.source.bodies[job.plan.source_key]
    path = pipeline.scratch / "reference"
    path.write_bytes(body)
    filters = f"setpts=PTS-{media.video.start_pts},fps=fps={rendition.frame_rate}:start_time=0:round=near"
    command = [FFMPEG, "-v", "error", "-nostdin", "-copyts", "-i", str(path), "-map", "0:V:0", "-vf"]
    command += [f"{filters},crop=2:2,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    path.unlink()
    return [raw[i] for i in range(0, len(raw), 4)]


def number(grey: int) -> int:
    """Which of the thirteen greys it is, after encoding."""
    return round((grey - 16) / 17)


def check_frames(pipeline: Pipeline) -> tuple[Job, list[int]]:
    """Every rendition has the frames of one pass; returns the job and the frames of its first rung."""
    (job,) = pipeline.jobs.rows.values()
    assert job.plan.source_key == prepared_key(RECORDING_ID, job.plan.source_version)
    assert job.plan.media.seekable
    shown = []
    for rendition in job.plan.video:
        key = playlist_key(RECORDING_ID, job.plan.source_version, rendition.id, job.id)
        shown = [number(grey) for grey in luma(joined(pipeline.media.bodies, key))]
        expected = [number(grey) for grey in one_pass(pipeline, job, rendition)]
        assert shown == expected[: len(shown)]
        assert len(expected) - len(shown) in range(3)
    return job, shown


H264 = ("-c", "copy")
SOURCES = {
    "ts": (H264, "ts", False),
    "ts-that-wraps": ((*H264, "-output_ts_offset", "95440"), "ts", False),
    "m2ts": ((*H264, "-mpegts_m2ts_mode", "1"), "ts", False),
    "avi": (H264, "avi", False),
    "avi-mpeg4-with-b-frames": (("-c:v", "mpeg4", "-bf", "2", "-q:v", "2", "-c:a", "mp3"), "avi", False),
    "avi-mjpeg-pcm": (("-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"), "avi", False),
    "flv": (H264, "flv", False),
    "program-stream": (("-c:v", "mpeg2video", "-q:v", "2", "-c:a", "mp2"), "mpg", False),
    "fragmented-mp4": ((*H264, "-movflags", "+frag_keyframe+empty_moov+default_base_moof"), "mp4", False),
    "recorder-webm": (
        *(("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "60", "-b:v", "500k"),),
        "webm",
        True,
    ),
    "recorder-mkv": ((*H264, "-f", "matroska"), "mkv", True),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_cannot_be_seeked_is_prepared_and_exact(
    pipeline: Pipeline, rewrite: Callable[..., bytes], name: str
) -> None:
    """No frame of any rendition is lost, doubled or shifted, and the sound is whole."""
    arguments, suffix, pipe = SOURCES[name]
    extra = ("-c:a", "libopus", "-f", "webm") if suffix == "webm" else ()
    assert deliver(pipeline, rewrite(*arguments, *extra, suffix=suffix, pipe=pipe)) == ""
    _, heard = check_plays(pipeline)
    assert heard == pytest.approx(7 * 48_000, abs=2400)
    job, shown = check_frames(pipeline)
    # A rung of 24 frames a second skips some: it never goes back, and never stands still for long.
    steps = [(after - before) % 13 for before, after in pairwise(shown)]
    assert set(steps) <= {0, 1, 2}
    assert len(shown) == pytest.approx(7 * job.plan.video[-1].frame_rate, abs=2)


def test_a_clock_that_begins_anew_becomes_one_timeline(pipeline: Pipeline, rewrite: Callable[..., bytes]) -> None:
    """Two recordings of a tuner in one file: both are shown, one after the other."""
    stream = rewrite(*H264, suffix="ts")
    assert deliver(pipeline, stream + stream) == ""
    pictures, heard = check_plays(pipeline)
    job, shown = check_frames(pipeline)
    assert float(job.plan.media.duration_s) == pytest.approx(14, abs=0.2)
    assert pictures == pytest.approx(14 * job.plan.video[0].frame_rate, abs=3)
    assert heard == pytest.approx(14 * 48_000, abs=4800)
    assert len(shown) > 13 * job.plan.video[-1].frame_rate


def test_a_duration_without_an_index_does_not_count(pipeline: Pipeline, rewrite: Callable[..., bytes]) -> None:
    """As tools leave it that only write the length into what a browser recorded."""
    whole = rewrite("-c", "copy", suffix="mkv")
    cues = b"\x1c\x53\xbb\x6b"
    assert whole.count(cues) == 2
    without = whole.replace(b"\x53\xab\x84" + cues, b"\x53\xab\x84\x12\x54\xc3\x67").replace(cues, b"\x12\x54\xc3\x67")
    for body, expected in ((whole, False), (without, True)):
        pipeline.source.put_bytes(source_key("x"), body, content_type="video/x-matroska", cache_control="none")
        media = pipeline.probe.probe(pipeline.source.read_url(source_key("x"), ttl_s=60), size_bytes=len(body))
        assert needs_preparing(media) is expected
        assert media.duration_s > 0 or expected
    assert deliver(pipeline, without) == ""
    check_frames(pipeline)


def test_a_fragmented_file_with_an_index_is_left_as_it_is(pipeline: Pipeline, rewrite: Callable[..., bytes]) -> None:
    """One sidx in front lists every fragment."""
    flags = "+frag_keyframe+empty_moov+default_base_moof+global_sidx"
    assert deliver(pipeline, rewrite("-c", "copy", "-movflags", flags, suffix="mp4")) == ""
    assert not [key for key in pipeline.source.bodies if "prepared" in key]
    check_plays(pipeline)


def test_sound_that_no_file_of_ours_holds_is_unpacked(pipeline: Pipeline, make_source: Make) -> None:
    """Nellymoser from the days of Flash: the third way is taken."""
    body = make_source(
        *picture(), "-f", "lavfi", "-i", "sine=440:r=44100:d=4", *X264, "-c:a", "nellymoser", suffix="flv"
    )
    assert deliver(pipeline, body) == ""
    pictures, heard = check_plays(pipeline)
    assert pictures == pytest.approx(4 * 25, abs=2)
    assert heard == pytest.approx(4 * 48_000, abs=4800)
    (job,) = pipeline.jobs.rows.values()
    assert [track.codec for track in job.plan.media.audios] == ["flac"]


def test_the_same_source_gives_the_same_bytes(pipeline: Pipeline, rewrite: Callable[..., bytes]) -> None:
    """Whoever comes second overwrites what may be read already."""
    for suffix, pipe in (("ts", False), ("mkv", True)):
        pipeline.recordings.rows.clear()
        body = rewrite("-c", "copy", *(("-f", "matroska") if pipe else ()), suffix=suffix, pipe=pipe)
        pipeline.land(body)
        first = pipeline.prepare_queue.messages[0]
        pipeline.prepare()
        (key,) = [key for key in pipeline.source.bodies if "prepared" in key]
        pipeline.source.delete([key])
        pipeline.recordings.update(RECORDING_ID, stage="preparing")
        pipeline.prepare_queue.messages.append(first)
        pipeline.prepare()
        one, other = pipeline.source.history[key]
        assert one == other
        pipeline.source.delete([key])


def test_damage_in_the_middle_does_not_stop_it(pipeline: Pipeline, make_source: Make) -> None:
    """Reception fails for a moment: what can be decoded is shown."""
    body = bytearray(make_source(*picture("320x180", 8), *TONE, *X264, suffix="ts"))
    middle = len(body) // 2
    body[middle : middle + 4000] = bytes(4000)
    assert deliver(pipeline, bytes(body)) == ""
    assert check_plays(pipeline)[0] == pytest.approx(8 * 25, abs=3)
