"""From an uploaded file to playlists, with real FFmpeg and PyAV."""

from __future__ import annotations

import itertools
import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.hls import joined, luma, samples
from support.media import RECORDING_ID
from support.pipeline import FFMPEG

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.pictures import filter_graph
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline


def keys(pipeline: Pipeline) -> dict[str, str]:
    """Playlist key of every rendition."""
    job = next(iter(pipeline.jobs.rows.values()))
    return {r.id: playlist_key(RECORDING_ID, job.plan.source_version, r.id, job.id) for r in job.plan.streams}


def test_every_frame_is_there_once_and_in_order(pipeline: Pipeline, counted: bytes) -> None:
    """The joined chunks show the very pictures that one pass over the whole file shows, in order."""
    job = pipeline.upload(counted)
    assert job is not None
    pipeline.work()
    (video,) = job.plan.video
    assert job.plan.media.video is not None
    assert len(job.plan.chunks) == 2
    seen = [round((grey - 16) / 17) for grey in luma(joined(pipeline.media.bodies, keys(pipeline)[video.id]))]
    assert seen == single_pass(pipeline.scratch, counted, filter_graph(job.plan.media, [video], Fraction(0)))


def single_pass(scratch: Path, source: bytes, graph: str) -> list[int]:
    """What the same graph gives in one run over the whole file."""
    path = scratch / "whole.mp4"
    path.write_bytes(source)
    command = [FFMPEG, "-v", "error", "-i", str(path)]
    command += [
        "-filter_complex",
        f"{graph};[v0]crop=2:2,format=gray[grey]",
        "-map",
        "[grey]",
        "-fps_mode",
        "passthrough",
        "-f",
        "rawvideo",
        "pipe:1",
    ]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return [round((raw[i] - 16) / 17) for i in range(0, len(raw), 4)]


def test_sound_is_one_stream_as_long_as_the_picture(pipeline: Pipeline, counted: bytes) -> None:
    """336,000 samples in, as many out, over a chunk boundary."""
    job = pipeline.upload(counted)
    assert job is not None
    assert job.plan.audio is not None
    pipeline.work()
    assert abs(samples(joined(pipeline.media.bodies, keys(pipeline)[job.plan.audio.id])) - 7 * 48_000) < 1024


def test_playable_after_the_first_chunk_of_sound_and_of_the_lowest_rung(pipeline: Pipeline, counted: bytes) -> None:
    """Two messages are enough to watch; the playlists then grow and end."""
    job = pipeline.upload(counted)
    assert job is not None
    pipeline.step()
    assert pipeline.recording.status is RecordingStatus.PROCESSING
    pipeline.step()
    assert pipeline.recording.status is RecordingStatus.PLAYABLE
    early = m3u8.loads(pipeline.media.bodies[keys(pipeline)[job.plan.video[0].id]].decode())
    assert (early.playlist_type, early.is_endlist, len(early.segments)) == ("event", False, 1)
    pipeline.work()
    whole = m3u8.loads(pipeline.media.bodies[keys(pipeline)[job.plan.video[0].id]].decode())
    assert (whole.playlist_type, whole.is_endlist, whole.target_duration) == ("event", True, 2)
    assert sum(s.duration for s in whole.segments) == pytest.approx(7)
    assert pipeline.recording.status is RecordingStatus.READY
    assert next(iter(pipeline.jobs.rows.values())).status is JobStatus.COMPLETED


def test_playlists_only_ever_grow(pipeline: Pipeline, counted: bytes) -> None:
    """Every version of a media playlist is the beginning of the next one: EVENT is append-only."""
    pipeline.upload(counted)
    pipeline.work()
    for key in keys(pipeline).values():
        versions = [body.decode() for body in pipeline.media.history[key]]
        assert versions == sorted(versions, key=len)
        for before, after in itertools.pairwise(versions):
            assert after.startswith(before)


def test_every_uri_leads_somewhere_at_every_moment(pipeline: Pipeline, counted: bytes) -> None:
    """After each message the master and all it names can be read to the last byte range."""
    pipeline.upload(counted)
    while pipeline.queue.messages:
        pipeline.step()
        master = pipeline.media.get(master_key(RECORDING_ID))
        if master is None:
            continue
        parsed = m3u8.loads(master.decode())
        uris = [p.uri for p in parsed.playlists] + [m.uri for m in parsed.media]
        assert uris
        for uri in uris:
            assert joined(pipeline.media.bodies, uri.removeprefix("/"))


def test_bandwidth_is_measured(pipeline: Pipeline, counted: bytes) -> None:
    """The finished master declares what the bytes are: averages within 10 % (A1.26), codecs of the bitstream."""
    job = pipeline.upload(counted)
    assert job is not None
    assert job.plan.audio is not None
    pipeline.work()
    parsed = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    sound = len(joined(pipeline.media.bodies, keys(pipeline)[job.plan.audio.id]))
    *pictures, lone = parsed.playlists
    assert lone.stream_info.average_bandwidth == pytest.approx(sound * 8 / 7, rel=0.1)
    for rendition, variant in zip(job.plan.video, pictures, strict=True):
        picture = len(joined(pipeline.media.bodies, keys(pipeline)[rendition.id]))
        info = variant.stream_info
        assert info.average_bandwidth == pytest.approx((picture + sound) * 8 / 7, rel=0.1)
        assert info.bandwidth >= info.average_bandwidth
        assert info.resolution == (rendition.width, rendition.height)
        assert info.codecs.startswith("avc1.")
        assert info.codecs.endswith(",mp4a.40.2")


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mov", "avi"])
def test_other_containers_play(pipeline: Pipeline, make_source: Callable[..., bytes], suffix: str) -> None:
    """What cannot be seeked exactly is decoded from its start: slower, and just as exact."""
    arguments = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=5", "-c:v", "libx264", "-preset", "ultrafast"]
    job = pipeline.upload(make_source(*arguments, suffix=suffix))
    assert job is not None
    pipeline.work()
    assert pipeline.recording.status is RecordingStatus.READY
    frames = luma(joined(pipeline.media.bodies, keys(pipeline)[job.plan.video[0].id]))
    assert len(frames) == pytest.approx(5 * job.plan.video[0].frame_rate, abs=1)


def test_sound_alone_plays(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """A recording without a picture has one audio variant."""
    job = pipeline.upload(make_source("-f", "lavfi", "-i", "sine=440:d=5", suffix="m4a"))
    assert job is not None
    pipeline.work()
    assert pipeline.recording.status is RecordingStatus.READY
    parsed = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    assert [p.stream_info.codecs for p in parsed.playlists] == ["mp4a.40.2"]


def test_a_picture_alone_plays(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """A recording without sound has no audio group."""
    pipeline.upload(make_source("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3"))
    pipeline.work()
    assert pipeline.recording.status is RecordingStatus.READY
    parsed = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    assert not parsed.media
    assert parsed.playlists[0].stream_info.audio is None
