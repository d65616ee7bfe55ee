"""Rungs encoded in one process show what each shows when it is encoded alone, and join their neighbours."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.hls import luma
from support.media import plan, source
from support.pipeline import FFMPEG

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.domain.chunks import Chunk
from chalicelib.domain.encoding import planned_frames, verify_video, video_command
from chalicelib.domain.fmp4 import read_chunk
from chalicelib.domain.ladder import EncodingProfile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.pipeline import Pipeline

    from chalicelib.domain.job import JobPlan, Rendition

PROFILES = (
    EncodingProfile("least", 160, 90, 60, 24),
    EncodingProfile("less", 160, 90, 100, 24),
    EncodingProfile("more", 320, 180, 200, 30),
    EncodingProfile("most", 320, 180, 400, 30),
)


@pytest.fixture
def planned(pipeline: Pipeline, counted: bytes) -> tuple[JobPlan, str]:
    """A plan of four rungs and two chunks over the numbered source, and where the source is."""
    pipeline.source.put_bytes("counted", counted, content_type="video/mp4", cache_control="none")
    url = pipeline.source.read_url("counted", ttl_s=60)
    media = pipeline.probe.probe(url, size_bytes=len(counted))
    made = plan(source(7, picture=media.video, container=media.container), PROFILES)
    assert [len(made.video), len(made.chunks)] == [4, 2]
    return made, url


def encode(made: JobPlan, url: str, rungs: Sequence[Rendition], chunk: Chunk, folder: Path) -> list[bytes]:
    """Run one process for these rungs; every file fits its place."""
    outputs = [str(folder / f"{chunk.index}-{rung.id}.mp4") for rung in rungs]
    command = video_command(made, rungs, chunk, url=url, outputs=outputs, preset="ultrafast", threads=1)
    frames: list[int] = []
    FfmpegEncoder(FFMPEG).run_to_file(command, timeout_s=60, beat=lambda n, _fps: not frames.append(n))
    assert frames
    bodies = []
    for rung, output in zip(rungs, outputs, strict=True):
        with open(output, "rb") as file:  # noqa: PTH123
            bodies.append(file.read())
        verify_video(made, rung, chunk, read_chunk(bodies[-1], key=output, cpu_s=0))
    return bodies


def digests(media: bytes) -> list[str]:
    """A hash of every decoded picture."""
    command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-fps_mode", "passthrough"]
    command += ["-f", "framehash", "-hash", "md5", "pipe:1"]
    text = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout.decode()
    return [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]


def test_pictures_are_those_of_rungs_encoded_alone(planned: tuple[JobPlan, str], tmp_path: Path) -> None:
    """All four rungs of a chunk in the middle, in one process and in four: the same pictures, bit for bit."""
    made, url = planned
    together = encode(made, url, made.video, made.chunks[1], tmp_path)
    alone = [encode(made, url, (rung,), made.chunks[1], tmp_path)[0] for rung in made.video]
    for rung, one, other in zip(made.video, together, alone, strict=True):
        seen = digests(one)
        assert len(seen) == planned_frames(made, rung, made.chunks[1])
        assert seen == digests(other)


def test_groups_join_frame_exactly(planned: tuple[JobPlan, str], tmp_path: Path) -> None:
    """Both sizes and both rates at once: every picture of the numbered source once, in order, over the joins."""
    made, url = planned
    bodies = [encode(made, url, made.video, chunk, tmp_path) for chunk in made.chunks]
    for place, rung in enumerate(made.video):
        parts = [(chunk[place], read_chunk(chunk[place], key="", cpu_s=0).init_size) for chunk in bodies]
        whole = parts[0][0] + b"".join(body[init:] for body, init in parts[1:])
        assert {body[:init] for body, init in parts} == {parts[0][0][: parts[0][1]]}
        numbers = [round((grey - 16) / 17) for grey in luma(whole)]
        step = Fraction(30) / rung.frame_rate
        assert len(numbers) == 7 * rung.frame_rate
        if step == 1:
            assert numbers == [n % 13 for n in range(210)]
        else:
            assert numbers[::4] == [n % 13 for n in range(0, 210, 5)]


def test_frames_are_reported_while_a_group_runs(planned: tuple[JobPlan, str], tmp_path: Path) -> None:
    """`-progress` counts the first rung's frames, not the sum over the outputs."""
    made, url = planned
    outputs = [str(tmp_path / f"{i}.mp4") for i in range(4)]
    command = video_command(made, made.video, Chunk(0, 0, 1), url=url, outputs=outputs, preset="ultrafast", threads=1)
    said = subprocess.run([FFMPEG, *command], capture_output=True, check=True, timeout=60).stdout.decode()
    frames = [int(line.partition("=")[2]) for line in said.splitlines() if line.startswith("frame=")]
    assert frames[-1] == 48
