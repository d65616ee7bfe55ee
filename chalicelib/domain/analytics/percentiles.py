"""Percentiles of what was counted by classes only."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def percentile(classes: Mapping[str, int], part: float) -> float | None:
    """Return the value that `part` (0 to 1) of all do not exceed; None without any.

    `classes` counts by upper bound, `inf` at the end. Within a class values are taken as spread evenly; of the open
    one only its lower bound is known. A class without members above the one before makes no bound of its own, so that
    the answer errs towards 0 by at most the width of the empty classes below it.
    """
    counted = sorted((float(bound), count) for bound, count in classes.items() if count > 0)
    members = sum(count for _, count in counted)
    if not members:
        return None
    wanted = min(1.0, max(0.0, part)) * members
    below, lower = 0, 0.0
    for bound, count in counted:
        if not isfinite(bound):
            break
        if below + count >= wanted:
            return round(lower + (bound - lower) * max(0.0, wanted - below) / count, 1)
        below, lower = below + count, bound
    return round(lower, 1)
