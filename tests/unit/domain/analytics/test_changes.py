"""Ups and downs of the bitrate, from segments in any order."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.changes import MOST, Point, shortened, ups_and_downs, with_point

COURSES = st.lists(st.sampled_from([250, 500, 1000]), max_size=40)


@given(COURSES, st.randoms(use_true_random=False))
def test_any_order_comes_to_the_same(rates: list[int], dice: Any) -> None:
    """As if every segment were known."""
    points = list(enumerate(rates))
    dice.shuffle(points)
    course: list[Point] = []
    told = 0
    for sequence, kbps in points:
        told |= 1 << sequence
        course = shortened(with_point(course, sequence, kbps), told)
    assert ups_and_downs(course) == sum(abs(after - before) for before, after in pairwise(rates))


def test_a_steady_session_is_two_points() -> None:
    """However long; what may have gaps is kept until they are filled, and a wild one is bounded."""
    assert len(shortened([(0, 5), (2, 5), (4, 5)], 0b10101)) == 3
    assert shortened([(0, 5), (2, 5), (4, 5)], 0b10111) == [(0, 5), (4, 5)]
    steady: list[Point] = []
    wild: list[Point] = []
    for number in range(3 * MOST):
        told = (1 << number + 1) - 1
        steady = shortened(with_point(steady, number, 1000), told)
        wild = shortened(with_point(wild, number, 1000 + number % 2), told)
    assert steady == [(0, 1000), (3 * MOST - 1, 1000)]
    assert len(wild) == MOST
