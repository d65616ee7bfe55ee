"""The trained table: how transfers differ from what was expected, and what every situation is worth.

A file per configuration, JSON, the same for Python and for the player (`bench/abr/training.py` writes it). Values are
16-bit steps over a grid of six axes: far or near server, volatility, slow level, fast minus slow level, last rung, and
buffer, whose nodes lie closer where it is short.
"""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode
from dataclasses import dataclass
from math import sqrt
from typing import Any

VERSION = 1
_LEAST_NODES = 2


@dataclass(frozen=True, slots=True)
class Axis:
    """Nodes at `first + step · i`, i from 0 to count - 1."""

    first: float
    step: float
    count: int

    def position(self, x: float) -> tuple[int, float]:
        """Return the node below, and the part of the way to the next; beyond the ends, the ends."""
        at = min(max((x - self.first) / self.step, 0.0), self.count - 1.0)
        node = min(int(at), self.count - 2)
        return node, at - node


@dataclass(frozen=True, slots=True)
class Errors:
    """ln(bandwidth) of a transfer minus the fast level: weighted quantiles, by distance, volatility and position."""

    weights: tuple[float, ...]
    volatility_edges: tuple[float, ...]
    offset_edges: tuple[float, ...]
    values: tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]

    def of(self, far: int, volatility: float, offset: float) -> tuple[float, ...]:
        """Return the quantiles for a link's kind; `offset` is its fast minus its slow level."""
        return self.values[far][_class(volatility, self.volatility_edges)][_class(offset, self.offset_edges)]


@dataclass(frozen=True, slots=True)
class Table:
    """Everything a policy needs for one ladder, segment duration and buffer."""

    kbps: tuple[int, ...]
    segment_s: float
    max_buffer_s: float
    far_s: float
    """A server whose first byte takes at least so long is far: most such links are mobile ones of older kinds."""
    errors: Errors
    volatility: Axis
    slow: Axis
    offset: Axis
    buffer: Axis
    """Over √(seconds + 1)."""
    values: array[int]
    """Steps, in the order of the axes: distance, volatility, slow, offset, rung, buffer."""
    scale: float
    """What a step is worth, in linear quality."""

    def buffer_position(self, seconds: float) -> tuple[int, float]:
        """Return the buffer's node, and the part of the way to the next."""
        return self.buffer.position(sqrt(seconds + 1.0))

    def corners(self, far: int, volatility: float, slow: float, offset: float) -> list[tuple[int, float]]:
        """Return the eight cells around a link's state, as offsets into the values, each with its weight."""
        vi, vf = self.volatility.position(volatility)
        si, sf = self.slow.position(slow)
        oi, of = self.offset.position(offset)
        size = len(self.kbps) * self.buffer.count
        found = []
        for v, wv in ((vi, 1.0 - vf), (vi + 1, vf)):
            row = (far * self.volatility.count + v) * self.slow.count
            for s, ws in ((si, 1.0 - sf), (si + 1, sf)):
                cell = ((row + s) * self.offset.count + oi) * size
                found.append((cell, wv * ws * (1.0 - of)))
                found.append((cell + size, wv * ws * of))
        return found


def parse(text: str | bytes) -> Table:
    """Read a table; ValueError when the file is of another version or does not hold what it says."""
    data = json.loads(text)
    version = data.get("version") if isinstance(data, dict) else None
    if version != VERSION:
        raise ValueError(f"a policy table of version {version!r}, not {VERSION}")
    try:
        return _table(data)
    except (KeyError, TypeError, AttributeError, OverflowError) as wrong:
        raise ValueError(f"a policy table without what it needs: {wrong!r}") from None


def _table(data: dict[str, Any]) -> Table:
    grid, errors = data["grid"], data["errors"]
    values = array("h", b64decode(data["values"]))
    if sys.byteorder == "big":
        values.byteswap()
    axes = {name: Axis(*(grid[name][part] for part in ("first", "step", "count"))) for name in _AXES}
    table = Table(
        kbps=tuple(data["kbps"]), segment_s=float(data["segment_s"]), max_buffer_s=float(data["max_buffer_s"]),
        far_s=float(data["far_s"]), errors=_errors(errors), values=values, scale=float(data["scale"]), **axes,
    )  # fmt: skip
    cells = 2 * len(table.kbps)
    for name, axis in axes.items():
        if axis.count < _LEAST_NODES or not axis.step > 0:
            raise ValueError(f"a policy table whose {name} is no axis")
        cells *= axis.count
    if len(values) != cells:
        raise ValueError(f"a policy table of {len(values)} values, not {cells}")
    return table


_AXES = ("volatility", "slow", "offset", "buffer")


def _errors(data: dict[str, Any]) -> Errors:
    values = tuple(
        tuple(tuple(tuple(float(e) for e in row) for row in by_offset) for by_offset in by_volatility)
        for by_volatility in data["values"]
    )
    found = Errors(tuple(data["weights"]), tuple(data["volatility_edges"]), tuple(data["offset_edges"]), values)
    shape = 2, len(found.volatility_edges) + 1, len(found.offset_edges) + 1, len(found.weights)
    actual = {(len(values), len(kinds), len(row), len(e)) for kinds in values for row in kinds for e in row}
    if actual != {shape}:
        raise ValueError(f"a policy table whose errors are of {sorted(actual)}, not {shape}")
    return found


def _class(x: float, edges: tuple[float, ...]) -> int:
    """Return how many edges x has reached."""
    found = 0
    for edge in edges:
        if x >= edge:
            found += 1
    return found
