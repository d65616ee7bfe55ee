"""Thumbnails and posters of live recordings: which pictures they are, and what the track says of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from support.live import segment

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.stills import (
    MOST_TILES,
    PER_SPRITE,
    poster_commands,
    poster_stretch,
    sprite_command,
    sprites,
    thumbnail_track,
    tile_size,
    tiles,
)

RUNG = Rendition("v", "video", "360p", 250, 640, 360, Fraction(24))


@pytest.mark.parametrize("count", [1, 15, 16, MOST_TILES, MOST_TILES + 1, 2 * MOST_TILES + 1])
def test_tiles_cover_a_recording(count: int) -> None:
    """From its begin to its end without a hole, and of a long one not more than players want to load."""
    chosen = tiles([segment(n) for n in range(count)])
    assert (chosen[0].start_s, chosen[-1].end_s) == (0, 2 * count)
    assert all(one.end_s == other.start_s for one, other in pairwise(chosen))
    assert len(chosen) <= MOST_TILES
    assert len(chosen) == count or count > MOST_TILES
    assert [tile for group in sprites(chosen) for tile in group] == chosen


def test_the_track_names_each_tile() -> None:
    """Five in a row; the last sprite has as many rows as it needs."""
    groups = sprites(tiles([segment(n) for n in range(17)]))
    assert [len(group) for group in groups] == [PER_SPRITE, 2]
    text = thumbnail_track(RUNG, groups, ["one.jpg", "two.jpg"])
    lines = text.splitlines()
    assert lines[:4] == ["WEBVTT", "", "00:00:00.000 --> 00:00:02.000", "one.jpg#xywh=0,0,160,90"]
    assert lines[2 + 3 * 6 + 1] == "one.jpg#xywh=160,90,160,90"
    assert lines[-1] == "two.jpg#xywh=160,0,160,90"
    assert tile_size(RUNG) == (160, 90)


def test_the_poster_is_from_a_tenth_in() -> None:
    """Twenty seconds of it, or less where the encoder's parameters change or the stream ends."""
    many = [segment(n) for n in range(60)]
    assert [s.n for s in poster_stretch(many)] == list(range(6, 16))
    hour = [segment(n) for n in range(1800)]
    assert poster_stretch(hour)[0].n == 15
    changed = [segment(n, tag="one" if n < 8 else "other") for n in range(60)]
    assert [s.n for s in poster_stretch(changed)] == [6, 7]
    assert [s.n for s in poster_stretch(many[:1])] == [0]


def test_commands_read_files_only() -> None:
    """Every input stands behind the fence, whoever made it."""
    sprite = sprite_command(RUNG, ["a", "b"], "o")
    assert (sprite.count("-i"), sprite.count("-format_whitelist"), sprite[-1]) == (2, 2, "o")
    for command in poster_commands(RUNG, "a", "o"):
        assert (command.count("-i"), command.count("-format_whitelist"), command[-1]) == (1, 1, "o")
