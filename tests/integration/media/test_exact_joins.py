"""Joined chunks are the source: every picture, known by its number, at its instant; sound without a seam."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support.hls import joined
from support.http_files import serve
from support.media import RECORDING_ID
from support.numbered import distance, heard, numbered, numbers, phases, resampled, thumbnails, tone
from support.pipeline import FFMPEG, PYAV, ROOT, Pipeline

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.adapters.probe import PyAvProbe
from chalicelib.domain.audio_parts import AudioCutter, AudioPart
from chalicelib.domain.chunks import Chunk, plan_chunks
from chalicelib.domain.encoding import verify_video, video_command
from chalicelib.domain.fmp4 import read_chunk
from chalicelib.domain.job import JobPlan
from chalicelib.domain.keys import playlist_key
from chalicelib.domain.ladder import EncodingProfile, plan_ladder
from chalicelib.domain.sound import audio_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chalicelib.domain.job import Rendition

    Make = Callable[..., bytes]

LADDER = [
    EncodingProfile("low", 640, 90, 150, 24),
    EncodingProfile("normal", 640, 180, 500, 30),
    EncodingProfile("high", 640, 180, 900, 60),
]
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "37", "-x264-params", "open-gop=1")


class Joiner:
    """Encodes a source chunk by chunk as workers would, all rungs in one process, and joins what comes out."""

    def __init__(self, scratch: Path, url: str, body: bytes) -> None:
        self.scratch, self.url = scratch, url
        self.media = PyAvProbe(PYAV).probe(url, size_bytes=len(body))
        self.encoder = FfmpegEncoder(FFMPEG)

    def plan(self, sizes: Sequence[int]) -> JobPlan:
        """Cut into chunks of so many segments, the last size again and again; the product's own when none is given."""
        segment_s, renditions = plan_ladder(self.media, LADDER, {})
        chunks = plan_chunks(self.media.duration_s, segment_s)
        if sizes:
            total, firsts = sum(chunk.segments for chunk in chunks), [0]
            while firsts[-1] < total:
                firsts.append(min(total, firsts[-1] + sizes[min(len(firsts), len(sizes)) - 1]))
            chunks = tuple(Chunk(i, a, b - a) for i, (a, b) in enumerate(pairwise(firsts)))
        return JobPlan("sources/x/original", "v1", self.media, segment_s, renditions, chunks)

    def pictures(self, plan: JobPlan) -> dict[str, bytes]:
        """Each video rendition as a player would put it together."""
        whole = dict.fromkeys((rung.id for rung in plan.video), b"")
        for chunk in plan.chunks:
            outputs = [self.scratch / f"{index}.mp4" for index in range(len(plan.video))]
            command = video_command(
                plan, plan.video, chunk, url=self.url, outputs=[*map(str, outputs)], preset="ultrafast", threads=1
            )
            self.encoder.run_to_file(command, timeout_s=60, beat=lambda *_: True)
            for rung, path in zip(plan.video, outputs, strict=True):
                body = path.read_bytes()
                result = read_chunk(body, key="k")
                verify_video(plan, rung, chunk, result)
                whole[rung.id] += body[result.init_size if whole[rung.id] else 0 :]
        return whole

    def sound(self, plan: JobPlan, rendition: Rendition) -> bytes:
        """The sound as a player would put it together from its chunks."""
        cutter = AudioCutter(plan)
        parts: list[AudioPart] = []
        self.encoder.run_to_pipe(
            audio_command(plan, rendition, url=self.url),
            timeout_s=60,
            beat=lambda *_: True,
            take=lambda data: parts.extend(cutter.feed(data)),
        )
        parts.extend(cutter.close())
        return b"".join(part.body[part.result.init_size if index else 0 :] for index, part in enumerate(parts))


@pytest.fixture
def joiner(tmp_path: Path) -> Iterator[Callable[[bytes], Joiner]]:
    """Serve a source and look into it."""
    bodies: dict[str, bytes] = {}
    with serve(bodies) as url:

        def build(body: bytes) -> Joiner:
            bodies["source"] = body
            return Joiner(tmp_path, f"{url}source", body)

        yield build


CASES = [
    pytest.param("24000/1001", "mp4", (1,), id="film-ntsc"),
    pytest.param("30000/1001", "mkv", (2, 1), id="ntsc"),
    pytest.param("25", "mov", (), id="pal"),
    pytest.param("50", "mp4", (1, 3), id="pal-double"),
    pytest.param("60000/1001", "mp4", (2,), id="ntsc-double"),
    pytest.param("30", "mkv", (3,), id="thirty"),
    pytest.param("120", "mp4", (1, 2), id="game"),
]


@pytest.mark.parametrize(("rate", "suffix", "sizes"), CASES)
def test_every_picture_is_at_its_instant(
    joiner: Callable[[bytes], Joiner], make_source: Make, rate: str, suffix: str, sizes: tuple[int, ...]
) -> None:
    """None lost, doubled or shifted against the source at the rendition's rate, whatever the chunks."""
    made = joiner(make_source(*numbered(rate, 7), *X264, suffix=suffix))
    plan = made.plan(sizes)
    assert len(plan.chunks) > 1
    count = round(7 * Fraction(rate))
    times = [Fraction(n) / Fraction(rate) for n in range(count)]
    whole = made.pictures(plan)
    for rung in plan.video:
        frames = round(made.media.duration_s * rung.frame_rate)
        assert numbers(whole[rung.id]) == resampled(times, rung.frame_rate, frames)


def test_a_screen_recording_with_uneven_frames(joiner: Callable[[bytes], Joiner], make_source: Make) -> None:
    """A picture stays until the next one comes, two seconds later if need be."""
    kept = [n for n in range(30 * 9) if n % 7 in {0, 1, 4} and not 80 <= n < 150]
    pick = "select='(eq(mod(n,7),0)+eq(mod(n,7),1)+eq(mod(n,7),4))*not(between(n,80,149))'"
    body = make_source(*numbered(30, 9), "-vf", pick, "-fps_mode", "vfr", *X264, suffix="mkv")
    made = joiner(body)
    plan = made.plan((1, 1, 2))
    times = [Fraction(round(Fraction(n * 1000, 30)), 1000) for n in kept]
    whole = made.pictures(plan)
    for rung in plan.video:
        frames = round(made.media.duration_s * rung.frame_rate)
        assert numbers(whole[rung.id]) == [kept[i] for i in resampled(times, rung.frame_rate, frames)]


def test_first_and_last_picture_stand_while_there_is_only_sound(
    joiner: Callable[[bytes], Joiner], make_source: Make
) -> None:
    """Chunks before the first picture and behind the last one join like all others."""
    late = ("-itsoffset", "5", *numbered(25, 3), *tone(13), "-map", "0:v", "-map", "1:a")
    made = joiner(make_source(*late, *X264))
    plan = made.plan((1,))
    assert (made.media.lead_s, len(plan.chunks)) == (5, 7)
    for body in made.pictures(plan).values():
        assert numbers(body) == [0] * 125 + list(range(75)) + [74] * 125


@pytest.mark.parametrize(("kbps", "copied"), [(96, True), (256, False)])
def test_sound_is_one_stream(
    joiner: Callable[[bytes], Joiner],
    make_source: Make,
    kbps: int,
    copied: bool,  # noqa: FBT001  parametrized
) -> None:
    """As many samples as the source has, and one sine over every join, in step with time."""
    made = joiner(make_source(*numbered(25, 9), *tone(9), *X264, "-c:a", "aac", "-ac", "2", "-b:a", f"{kbps}k"))
    plan = made.plan((1,))
    (rendition,) = plan.audios
    assert (rendition.copy, len(plan.chunks)) == (copied, 5)
    sound = heard(made.sound(plan, rendition))
    assert len(sound) == pytest.approx(9 * 48_000, abs=1024)
    # The first and the last window hold the codec's fading in and out.
    assert max(map(abs, phases(sound)[2:-2])) < 0.01


def test_a_real_clip(tmp_path: Path) -> None:
    """Big Buck Bunny: each picture of each rung is nearest to the source's picture of the same number."""
    clip = ROOT / "tests/media/short-720p25.mp4"
    pipeline = Pipeline(tmp_path)
    with serve(pipeline.source.bodies) as pipeline.source.url:
        job = pipeline.upload(clip.read_bytes())
        pipeline.work()
    assert job is not None
    originals = thumbnails(clip)
    for rung in job.plan.video:
        key = playlist_key(RECORDING_ID, job.plan.source_version, rung.id, job.id)
        path = tmp_path / "joined.mp4"
        path.write_bytes(joined(pipeline.media.bodies, key))
        shown = thumbnails(path)
        assert len(shown) == len(originals)
        for number, picture in enumerate(shown):
            near = range(max(0, number - 2), min(len(originals), number + 3))
            distances = {n: distance(picture, originals[n]) for n in near}
            assert distances[number] <= min(distances.values()) + 0.3
