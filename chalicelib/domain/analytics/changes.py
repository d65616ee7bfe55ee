"""By how much a session's bitrate went up and down, whatever order its segments are told in."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1000
"""Points that are kept. Only a session with hundreds of changes has more, and its latest do not count."""

Point = tuple[int, int]
"""A segment's sequence number and bitrate."""


def with_point(points: Sequence[Point], sequence: int, kbps: int) -> list[Point]:
    """Return the course with one more segment.

    Of three alike in a row the middle one is left out: whatever comes between, the ups and downs stay the same.
    """
    course = list(points)
    place = bisect_left(course, (sequence, kbps))
    course.insert(place, (sequence, kbps))
    for middle in (place + 1, place, place - 1):
        if 0 < middle < len(course) - 1 and len({rate for _, rate in course[middle - 1 : middle + 2]}) == 1:
            del course[middle]
    return course[:MOST]


def ups_and_downs(points: Sequence[Point]) -> int:
    """Return the sum of all changes in kbit/s, up and down alike."""
    return sum(abs(after - before) for (_, before), (_, after) in pairwise(points))
