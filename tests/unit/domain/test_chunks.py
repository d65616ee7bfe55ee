"""Chunks tile the timeline, start short and grow."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.chunks import FULL, HEAD, plan_chunks

DURATIONS = st.fractions(min_value=Fraction(1, 100), max_value=12 * 3600, max_denominator=1001)
SEGMENTS = st.sampled_from([Fraction(2), Fraction(1001, 500)])


@given(DURATIONS, SEGMENTS)
def test_chunks_tile_the_timeline(duration: Fraction, segment: Fraction) -> None:
    """No hole, no overlap, everything covered, and every chunk has frames of its own."""
    chunks = plan_chunks(duration, segment)
    assert [c.index for c in chunks] == list(range(len(chunks)))
    assert [c.first_segment for c in chunks] == [sum(p.segments for p in chunks[:i]) for i in range(len(chunks))]
    assert chunks[-1].start_s(segment) + chunks[-1].segments * segment >= duration
    assert chunks[-1].start_s(segment) < duration


@given(DURATIONS, SEGMENTS)
def test_the_last_chunk_survives_a_duration_rounded_up(duration: Fraction, segment: Fraction) -> None:
    """Unless the whole recording is shorter than a segment, the last chunk has at least one whole segment."""
    chunks = plan_chunks(duration, segment)
    if duration >= segment:
        assert duration - chunks[-1].start_s(segment) >= segment


@given(DURATIONS)
def test_the_head_does_not_depend_on_the_length(duration: Fraction) -> None:
    """The first chunks of a long recording are those of a short one, as far as the short one goes."""
    sizes = [c.segments for c in plan_chunks(duration, Fraction(2))]
    whole = [*HEAD, *[FULL] * len(sizes)]
    assert sizes[:-1] == whole[: len(sizes) - 1]
    assert sizes[-1] <= whole[len(sizes) - 1] + 1


@pytest.mark.parametrize(
    ("duration", "expected"),
    [("0.04", [1]), ("2", [1]), ("2.1", [2]), ("6.5", [1, 3]), ("30", [1, 2, 4, 8]), ("60", [1, 2, 4, 8, 15])],
)
def test_small_plans(duration: str, expected: list[int]) -> None:
    """Plans a person can check by hand."""
    assert [c.segments for c in plan_chunks(Fraction(duration), Fraction(2))] == expected
