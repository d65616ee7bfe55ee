"""What is measured and what is promised."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from support.chunks import chunks

from chalicelib.domain.bandwidth import Bandwidth, combine, declared, measure
from chalicelib.domain.job import ChunkResult, Rendition, Segment

RUNG = Rendition("v", "video", "720p", 1000, 1280, 720, Fraction(24), 48)


@given(chunks(), st.integers(1, 4))
def test_the_peak_is_never_below_the_average(made: list[ChunkResult], target: int) -> None:
    """And both are what the bytes say: the average exactly, the peak at most the densest segment's rate."""
    band = measure(made, target)
    assert band.peak >= band.average >= 0
    segments = [(s.size * 8, Fraction(s.duration, c.timescale)) for c in made for s in c.segments]
    if segments:
        assert band.average == int(sum(b for b, _ in segments) / sum(d for _, d in segments))
        assert band.peak <= max(b / d for b, d in segments)


def test_the_peak_is_over_about_one_target_duration() -> None:
    """A short dense segment counts with its neighbours, a whole one by itself."""
    sizes = [(1000, 48_000), (5000, 48_000), (900, 2400)]
    chunk = ChunkResult(
        "k", 1, 0, "s", "c", 24_000, 0, tuple(Segment(0, size, ticks) for size, ticks in sizes), frames=1
    )
    assert measure([chunk], 2) == Bandwidth(int(Fraction(5900 * 8 * 10, 21)), int(Fraction(6900 * 8 * 10, 41)))
    assert measure([], 2) == Bandwidth(0, 0)
    tail = (Segment(0, 10_000, 21_600), Segment(0, 100, 69_600))  # 0.9 s, then 2.9 s: together beyond 1.5 targets
    uneven = ChunkResult("k", 1, 0, "s", "c", 24_000, 0, tail, frames=1)
    assert measure([uneven], 2) == Bandwidth(10_100 * 80 // 38, 10_100 * 80 // 38)
    assert measure([replace(uneven, segments=(*tail, Segment(0, 1, 480_000)))], 2).peak == 10_101 * 80 // 238


def test_until_it_is_whole_never_less_than_the_ceiling_is_declared() -> None:
    """A player that trusted the easy beginning would stall later; the finished measurement is the truth."""
    assert declared(RUNG, Bandwidth(0, 0), final=False) == Bandwidth(1_100_000, 1_000_000)
    assert declared(RUNG, Bandwidth(300_000, 200_000), final=False) == Bandwidth(1_100_000, 200_000)
    assert declared(RUNG, Bandwidth(2_000_000, 200_000), final=False) == Bandwidth(2_000_000, 200_000)
    assert declared(RUNG, Bandwidth(300_000, 200_000), final=True) == Bandwidth(300_000, 200_000)


def test_bandwidths_add_up() -> None:
    """A9.13: the largest sum of what plays together, which is one sound at a time."""
    assert combine(Bandwidth(7, 5), [Bandwidth(2, 1)]) == Bandwidth(9, 6)
    assert combine(Bandwidth(7, 5), [Bandwidth(2, 1), Bandwidth(4, 3), Bandwidth(3, 4)]) == Bandwidth(11, 9)
    assert combine(Bandwidth(7, 5), []) == Bandwidth(7, 5)
