"""Percentiles of what was counted by classes only."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def percentile(classes: Mapping[str, int], part: float, bounds: Iterable[float] = ()) -> float | None:
    """Return the value that `part` (0 to 1) of all do not exceed; None without any.

    `classes` counts by upper bound, `inf` at the end; `bounds` are all upper bounds there may be, also of classes that
    nobody is in. Within a class values are taken as spread evenly; of the open one only its lower bound is known.
    """
    counted = {float(bound): count for bound, count in classes.items() if count > 0}
    members = sum(counted.values())
    if not members:
        return None
    wanted = min(1.0, max(0.0, part)) * members
    below, lower = 0, 0.0
    for bound in sorted({*counted, *map(float, bounds)}):
        count = counted.get(bound, 0)
        if not isfinite(bound):
            break
        if count and below + count >= wanted:
            return round(lower + (bound - lower) * max(0.0, wanted - below) / count, 1)
        below, lower = below + count, bound
    return round(lower, 1)
