"""By how much a session's bitrate went up and down, whatever order its segments are told in."""

from __future__ import annotations

from bisect import insort
from itertools import pairwise
from typing import TYPE_CHECKING

from chalicelib.domain.analytics import marks

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 1000
"""Points that are kept. Only a session with hundreds of changes has more, and its latest do not count."""

Point = tuple[int, int]
"""A segment's sequence number and bitrate."""


def with_point(points: Sequence[Point], sequence: int, kbps: int) -> list[Point]:
    """Return the course with one more segment."""
    course = list(points)
    insort(course, (sequence, kbps))
    return course


def shortened(points: Sequence[Point], told: int) -> list[Point]:
    """Return the course without what its ups and downs do not need; `told` are all events that have come (`marks`).

    Of three alike in a row the middle one says nothing, once all events on one side of it are known: what may still
    come lies on its other side, and there its neighbour stands for it.
    """
    course: list[Point] = []
    for place, point in enumerate(points):
        following = points[place + 1] if place + 1 < len(points) else None
        alike = course and following and course[-1][1] == point[1] == following[1]
        if alike and following and (_known(told, course[-1], point) or _known(told, point, following)):
            continue
        course.append(point)
    return course[:MOST]


def ups_and_downs(points: Sequence[Point]) -> int:
    """Return the sum of all changes in kbit/s, up and down alike."""
    return sum(abs(after - before) for (_, before), (_, after) in pairwise(points))


def _known(told: int, before: Point, after: Point) -> bool:
    """True when every event between two points has come."""
    first, last = before[0] + 1, after[0] - 1
    return last < first or marks.with_range(told, first, last) == told
