"""Which parts of a recording were played, and how its watching divides by rung, network, device and country."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from chalicelib.domain.analytics.reports import ratio, seconds, share

if TYPE_CHECKING:
    from chalicelib.domain.analytics.measures import Measures

HUNDREDTHS = 100
DIMENSIONS = {"networks": "network", "devices": "device", "countries": "country"}
"""Members of the answer by the dimension they show."""
UNKNOWN = "unknown"
MOST_VALUES = 50
"""Of a dimension: there are more countries than anybody reads."""
_KBPS = re.compile(r"(\d+)k$")


def retention(sums: Measures) -> list[float] | None:
    """Return which share of views played each hundredth of a recording, in order; None while nobody did.

    Views of the stream that a recording was made of are left out.
    """
    if not sums.seen:
        return None
    views = max(0, sums.views - sums.live_views)
    return [share(sums.seen.get(str(place), 0), views) or 0.0 for place in range(HUNDREDTHS)]


def rung_shares(sums: Measures) -> list[dict[str, Any]]:
    """Return how much of the picture was shown in each rung, the lowest bitrate first."""
    whole = sum(sums.rungs.values())
    names = sorted(sums.rungs, key=lambda name: (_kbps(name), name))
    return [
        {"rung": name, "share": share(sums.rungs[name], whole) or 0.0, "watch_s": seconds(sums.rungs[name])}
        for name in names
    ]


def breakdown(sums: Measures, dimension: str) -> list[dict[str, Any]]:
    """Return the sums for each value of a dimension, the most watched first."""
    values: dict[str, dict[str, int]] = defaultdict(dict)
    for key, number in sums.by.items():
        name, _, rest = key.partition("/")
        value, _, measure = rest.rpartition("/")
        if name == dimension:
            values[value or UNKNOWN][measure] = number
    rows = [_row(name, of) for name, of in values.items()]
    return sorted(rows, key=lambda row: (-row["watch_s"], -row["sessions"], row["name"]))[:MOST_VALUES]


def _row(name: str, of: dict[str, int]) -> dict[str, Any]:
    watch_ms, stall_ms, judged = of.get("watch_ms", 0), of.get("stall_ms", 0), of.get("judged", 0)
    return {
        "name": name,
        "sessions": of.get("sessions", 0),
        "views": of.get("views", 0),
        "watch_s": seconds(watch_ms),
        "rebuffer_ratio": share(stall_ms, watch_ms + stall_ms),
        "good_share": share(of.get("good", 0), judged),
        "qoe": ratio(of.get("qoe_milli", 0), judged, times=0.001),
    }


def _kbps(name: str) -> int:
    found = _KBPS.search(name)
    return int(found[1]) if found else 0
