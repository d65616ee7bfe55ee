"""Policy tables made by hand, for tests of the engine."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

AXES: dict[str, dict[str, float]] = {
    "volatility": {"first": 0.0, "step": 0.5, "count": 2},
    "slow": {"first": 4.0, "step": 1.0, "count": 6},
    "offset": {"first": -1.0, "step": 1.0, "count": 3},
    "buffer": {"first": 1.0, "step": 1.0, "count": 4},
}
Node = tuple[int, int, int, int, int, int]
"""Distance, volatility, slow level, offset, rung, buffer."""


def number_of(node: Node) -> int:
    """Return a value that no other node has."""
    distance, volatility, slow, offset, rung, buffer = node
    return ((((distance * 2 + volatility) * 6 + slow) * 3 + offset) * 3 + rung) * 4 + buffer


def table_file(worth: Callable[[Node], int] = number_of, **changed: Any) -> str:
    """Return a file's text: rungs 500, 1000, 2000, two-second segments, 30 s of buffer."""
    counts = (2, *(int(AXES[name]["count"]) for name in ("volatility", "slow", "offset")), 3, 4)
    nodes: list[tuple[int, ...]] = [()]
    for count in counts:
        nodes = [(*node, i) for node in nodes for i in range(count)]
    values = array("h", (worth(node) for node in nodes))  # type: ignore[arg-type]  # six parts, by now
    errors = {"weights": [0.25, 0.5, 0.25], "volatility_edges": [0.2], "offset_edges": [], "values": [
        [[[-0.1, 0.0, 0.1]], [[-0.8, 0.0, 0.4]]], [[[-0.2, 0.0, 0.2]], [[-1.0, -0.1, 0.5]]],
    ]}  # fmt: skip
    return json.dumps({
        "version": 1, "kbps": [500, 1000, 2000], "segment_s": 2, "max_buffer_s": 30, "far_s": 0.06, "grid": AXES,
        "errors": errors, "values": b64encode(values.tobytes()).decode(), "scale": 0.01, **changed,
    })  # fmt: skip
