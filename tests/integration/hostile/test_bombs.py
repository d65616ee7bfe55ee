"""Small files that promise enormous things: refused, or encoded as the little they are, at a price that is known."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING

import pytest
from support.bombs import Film, matroska, nested, ogg, png, squeezed_moov, transport, wave
from support.hostile import AGAIN, ENCODED, REFUSED, check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORD = 2**32 - 1
PLAYS = (ENCODED, "")
GIVEN_UP = (AGAIN, "encode_interrupted")


def refused(*codes: str) -> set[tuple[str, str]]:
    """Ends with one of these codes."""
    return {(REFUSED, code) for code in codes}


@cache
def enormous_picture() -> bytes:
    """224 million pixels in a quarter of a megabyte."""
    return png(16_000, 14_000)


HONEST: dict[str, Callable[[], bytes]] = {"film": lambda: Film().write(), "matroska": matroska, "wave": wave}
CROWDED: dict[str, Callable[[], bytes]] = {
    "film": lambda: Film(tracks=10_000).write(),
    "matroska": lambda: matroska(tracks=10_000),
    "transport stream": lambda: transport(6_000),
}
LIARS: dict[str, Callable[[], bytes]] = {
    "no time base": lambda: Film(timescale=0).write(),
    "largest time base": lambda: Film(timescale=WORD).write(),
    "no time base of the whole": lambda: Film(movie_timescale=0).write(),
    "largest time base of the whole": lambda: Film(movie_timescale=WORD).write(),
    "endless": lambda: Film(duration=2**63 - 1).write(),
    "less than no duration": lambda: Film(duration=2**64 - 1).write(),
    "four billion times": lambda: Film(times=[(WORD, 1)]).write(),
    "years between pictures": lambda: Film(times=[(25, WORD)]).write(),
    "a million runs of times": lambda: Film(times=[(1, 1)] * 1_000_000).write(),
    "half a million edits": lambda: Film(edits=[(1000, 0)] * 500_000).write(),
    "edits before and after everything": lambda: Film(edits=[(WORD, -1), (WORD, 2**31 - 1)]).write(),
    "four billion samples": lambda: Film(samples=WORD, sample_size=1).write(),
    "two billion samples in a chunk": lambda: Film(samples=2**31 - 1, sample_size=1, per_chunk=2**31 - 1).write(),
    "sixteen million samples": lambda: Film(samples=2**24, sample_size=1, per_chunk=2**24, times=[(2**24, 1)]).write(),
    "a header wider than its pictures": lambda: Film(entry=(65_535, 65_535)).write(),
    "a header without a size": lambda: Film(entry=(0, 0)).write(),
    "endless matroska": lambda: matroska(duration=1e300),
    "matroska that lasts no number": lambda: matroska(duration=float("nan")),
    "matroska without a time base": lambda: matroska(scale=0),
    "matroska's largest time base": lambda: matroska(scale=2**64 - 1),
    "a wave that goes on": lambda: wave(promised=WORD),
}
BOMBS: dict[str, tuple[Callable[[], bytes], set[tuple[str, str]]]] = {
    "picture": (lambda: Film(picture=enormous_picture()).write(), refused("source_too_large_picture")),
    "picture in a small header": (
        lambda: Film(picture=enormous_picture(), entry=(64, 64)).write(),
        refused("source_too_large_picture"),
    ),
    "header of a gigabyte": (lambda: squeezed_moov(1 << 30), refused("source_unreadable", "source_no_streams")),
    "header of sixteen megabytes": (lambda: squeezed_moov(16 << 20), refused("source_no_streams")),
    "blocks of 64 megabytes": (
        lambda: matroska(zipped=zlib.compress(bytes(64 << 20))),
        refused("source_unreadable", "source_no_duration"),
    ),
    "boxes in boxes": (lambda: nested(100_000), refused("source_no_streams", "source_not_media")),
    "ten thousand beginnings": (lambda: ogg(10_000), refused("source_unreadable", "source_not_media")),
    "streams that never come": (lambda: transport(3), refused("source_unreadable", "source_no_duration")),
    "no channel": (lambda: wave(channels=0), refused("source_no_duration")),
    "65,535 channels": (lambda: wave(channels=65_535), refused("source_no_duration")),
    "no rate": (lambda: wave(rate=0), refused("source_not_media")),
    "four billion samples a second": (lambda: wave(rate=WORD), refused("source_not_media")),
    "8 kB samples": (lambda: wave(bits=65_535), refused("source_unknown_codec")),
}


@pytest.mark.parametrize("name", HONEST)
def test_the_honest_ones_are_encoded(tmp_path: Path, name: str) -> None:
    """What is refused below is refused for its lie."""
    end, broken = check(tmp_path, HONEST[name]())
    assert ((end.kind, end.code), broken) == (PLAYS, [])


@pytest.mark.parametrize("name", CROWDED)
def test_ten_thousand_tracks_are_refused(tmp_path: Path, name: str) -> None:
    """After three hundred, before FFmpeg has compared each with all others."""
    end, broken = check(tmp_path, CROWDED[name]())
    assert ((end.kind, end.code), broken) == ((REFUSED, "source_too_many_tracks"), [])


@pytest.mark.parametrize("name", LIARS)
def test_lies_about_time_and_number_end(tmp_path: Path, name: str) -> None:
    """As what is really there, or with a code; within the limits of time and memory that `check` holds it to."""
    end, broken = check(tmp_path, LIARS[name]())
    assert broken == []
    assert (end.kind, end.code) in {PLAYS, GIVEN_UP} or end.kind == REFUSED


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(tmp_path: Path, name: str) -> None:
    """Unpacked no further than it takes to see what they are."""
    build, ends = BOMBS[name]
    end, broken = check(tmp_path, build())
    assert broken == []
    assert (end.kind, end.code) in ends
