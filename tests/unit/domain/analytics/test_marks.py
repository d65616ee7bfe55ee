"""Sets of numbers as bits: unions that are exact in any order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics import marks

RANGES = st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 9000)).map(lambda pair: (pair[0], sum(pair))))


@given(RANGES)
def test_seconds_are_those_that_were_touched(ranges: list[tuple[int, int]]) -> None:
    """Each second of which any part was played, whatever the order and however often."""
    expected = {second for first, last in ranges for second in range(first // 1000, (last - 1) // 1000 + 1)}
    seconds = marks.with_seconds(marks.with_seconds(0, ranges), ranges[::-1])
    assert {number for number in range(200) if marks.has(seconds, number)} == expected
    assert marks.from_text(marks.to_text(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "x", "-1", None, 7, [1]])
def test_what_is_no_set_is_an_empty_one(text: object) -> None:
    """Rows of another version do no harm."""
    assert marks.from_text(text) == 0


@pytest.mark.parametrize(
    ("ranges", "duration_s", "expected"),
    [
        ([(0, 30_000)], 60.0, 0.5),
        ([(0, 90_000)], 60.0, 1.0),
        ([(0, 500)], 2.5, 1 / 3),
        ([(0, 500)], 0.0, 0.0),
        ([], 60.0, 0.0),
    ],
)
def test_completion(ranges: list[tuple[int, int]], duration_s: float, expected: float) -> None:
    """The share of a recording's seconds; what lies beyond its end does not count."""
    assert marks.completion(marks.with_seconds(0, ranges), duration_s) == pytest.approx(expected)


@pytest.mark.parametrize("duration_s", [10.0, 60.0, 99.5, 100.0, 333.3, 7200.0])
def test_hundredths(duration_s: float) -> None:
    """All of a recording that was played through; its first half; nothing of one that was not, or has no length."""
    whole = marks.with_seconds(0, [(0, int(1000 * duration_s))])
    half = marks.with_seconds(0, [(0, int(500 * duration_s))])
    assert marks.hundredths(whole, duration_s) == list(range(100))
    assert 50 <= len(marks.hundredths(half, duration_s)) <= 50 + 100 / duration_s
    assert marks.hundredths(half, duration_s)[:50] == list(range(50))
    assert marks.hundredths(0, duration_s) == marks.hundredths(whole, 0.0) == []


def test_half_of_a_hundredth_will_do() -> None:
    """Of 100 s long ones, 49 s are too few and 50 enough."""
    for played_s, expected in ((49, []), (50, [3])):
        seconds = marks.with_seconds(0, [(300_000, 300_000 + 1000 * played_s)])
        assert marks.hundredths(seconds, 10_000.0) == expected
