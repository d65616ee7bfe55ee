"""Thumbnails: which pictures, how they lie in their sprite, and the track that finds them."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import PROFILES, audio, plan, result, source, video
from support.stand_in import picture

from chalicelib.domain.encoding import video_command
from chalicelib.domain.grouping import chunk_groups
from chalicelib.domain.storyboard import grid, read_sprite, thumbnail_track
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan, Rendition

CUE = re.compile(r"(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)")


def made(seconds: object = 61, width: int = 1920, height: int = 1080, rate: object = 30) -> tuple[JobPlan, Rendition]:
    """A plan with its storyboard."""
    planned = plan(source(seconds, picture=video(width, height, rate), sound=audio()), storyboard=True)
    assert planned.storyboard is not None
    return planned, planned.storyboard


def seconds_of(clock: str) -> Fraction:
    """A WebVTT timestamp."""
    hours, minutes, rest = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + Fraction(rest)


@pytest.mark.parametrize(
    ("size", "tile"),
    [((1920, 1080), (160, 90)), ((1080, 1920), (90, 160)), ((1000, 1000), (90, 90)), ((2560, 1080), (160, 68))],
)
def test_a_tile_has_the_pictures_shape(size: tuple[int, int], tile: tuple[int, int]) -> None:
    """Fitted into 160x90, or 90x160 when it stands."""
    _, story = made(61, *size)
    assert (story.width, story.height, story.kind, story.bitrate_kbps) == (*tile, "storyboard", 0)


def test_another_ladder_has_the_same_thumbnails() -> None:
    """So that a later job takes them over; another source rate has others."""
    media = source(61, picture=video())
    planned = plan(media, storyboard=True)
    other = plan(media, PROFILES[3:], storyboard=True)
    assert planned.storyboard == other.storyboard
    assert made(61, rate=25)[1].id != made(61, rate=30)[1].id


@given(st.integers(1, 40))
def test_a_grid_holds_its_tiles(tiles: int) -> None:
    """Without an empty row or column."""
    columns, rows = grid(tiles)
    assert columns * rows >= tiles > columns * (rows - 1)
    assert columns <= min(5, tiles)


def test_thumbnails_go_with_the_lowest_rung() -> None:
    """Of every chunk, also of the first ones; sound alone has none."""
    planned, story = made(600)
    for chunk in planned.chunks:
        groups = chunk_groups(planned, chunk)
        assert groups[0][0] == planned.video[0].id
        assert groups[0][-1] == story.id
        assert sum(story.id in group for group in groups) == 1
    assert plan(source(61, sound=audio()), storyboard=True).storyboard is None


@pytest.mark.parametrize("rate", [25, "30000/1001", 10, 60])
@pytest.mark.parametrize("seconds", [1, 7, 61, "3600.04"])
def test_the_track_covers_the_recording(seconds: object, rate: object) -> None:
    """From 0 to the end without a gap, each cue in its chunk's sprite, each tile inside it and used once."""
    planned, story = made(seconds, rate=rate)
    sprites = [result(f"media/r/v/{c.index:05d}-a.jpg") for c in planned.chunks]
    text = thumbnail_track(planned, story, sprites)
    assert text.startswith("WEBVTT\n\n")
    cues = CUE.findall(text)
    times = [(seconds_of(start), seconds_of(end)) for start, end, *_ in cues]
    assert times[0][0] == 0
    assert abs(times[-1][1] - planned.media.duration_s) <= Fraction(1, 1000)
    assert all(one[1] == other[0] for one, other in pairwise(times))
    assert len({cue[2:] for cue in cues}) == len(cues)
    for (start, _), (_, _, name, *box) in zip(times, cues, strict=True):
        chunk = next(c for c in reversed(planned.chunks) if c.start_s(planned.segment_s) <= start + Fraction(1, 1000))
        columns, rows = grid(chunk.segments)
        x, y, width, height = map(int, box)
        assert name == f"{chunk.index:05d}-a.jpg"
        assert (width, height) == (story.width, story.height)
        assert x + width <= columns * width
        assert y + height <= rows * height


def test_the_track_only_grows() -> None:
    """One chunk more is more text behind the same."""
    planned, story = made(600)
    sprites = [result(f"media/r/v/{c.index:05d}-a.jpg") for c in planned.chunks]
    texts = [thumbnail_track(planned, story, sprites[:count]) for count in range(len(sprites) + 1)]
    for before, after in pairwise(texts):
        assert after.startswith(before)
        assert len(after) > len(before)


def command(planned: JobPlan, renditions: tuple[Rendition, ...], chunk: Chunk) -> list[str]:
    """FFmpeg's arguments for one chunk."""
    outputs = [f"/tmp/{place}" for place in range(len(renditions))]  # noqa: S108  only a name
    return video_command(planned, renditions, chunk, url="http://x/", outputs=outputs, preset="fast", threads=1)


def test_tiles_are_taken_behind_the_rungs_own_frames() -> None:
    """One decoder and one `fps` for both; the first frame of each segment, scaled, then laid side by side."""
    planned, story = made()
    arguments = command(planned, (planned.video[0], story), planned.chunks[3])
    graph = arguments[arguments.index("-filter_complex") + 1]
    assert graph.count("fps=fps=24") == 1
    wanted = ["select=not(mod(n\\,48))", "scale=160:90", "r=full", "tile=5x2:nb_frames=8[v1]"]
    places = [graph.index(part) for part in wanted]
    assert places == sorted(places)
    assert arguments[-1] == "/tmp/1"  # noqa: S108
    assert "mjpeg" in arguments[arguments.index("[v1]") :]
    assert "libx264" not in arguments[arguments.index("[v1]") :]


def test_a_rung_of_a_tiles_size_is_its_own() -> None:
    """The smallest pictures: nothing is shared behind `fps`."""
    planned, story = made(61, 160, 90)
    graph = command(planned, (planned.video[0], story), planned.chunks[0])
    assert graph[graph.index("-filter_complex") + 1].count("scale=160:90") == 2


def test_a_sprite_is_read_back() -> None:
    """As large as the plan says, tile by tile; anything else would show the wrong moments."""
    planned, story = made()
    chunk = planned.chunks[3]
    arguments = command(planned, (story,), chunk)
    body = picture(arguments[arguments.index("-filter_complex") + 1], "[v0]")
    read = read_sprite(story, chunk, body, key="media/x.jpg", cpu_s=0.5)
    assert (read.frames, read.size, read.codec, read.segments, read.cpu_s) == (8, len(body), "jpeg", (), 0.5)
    with pytest.raises(Permanent, match="800x180 pixels, not 160x90"):
        read_sprite(story, planned.chunks[0], body, key="media/x.jpg", cpu_s=0.5)
    with pytest.raises(Permanent, match="no whole picture"):
        read_sprite(story, chunk, b"", key="media/x.jpg", cpu_s=0.5)
