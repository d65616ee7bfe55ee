"""The offline optimum: the best plan of rungs for someone who knows the whole trace and every segment's size.

Dynamic programming over segments. With k segments fetched, a plan is where the clock stands, how long playing has
been held up (start-up and stalls), its last rung and its quality so far; the hold-up is the largest lateness of any
segment, and the buffer follows from clock and hold-up. Plans are gathered in cells of (last rung, buffer, hold-up);
each cell keeps its best one with its exact times, and each (rung, buffer) the best few hold-ups. So what comes out is a
real plan, which is then simulated like any controller: a lower bound of the true optimum, and close to it: cells of a
third the size change the mean quality by less than 0.002.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .metrics import STALL_LINEAR, UNIT_S
from .simulator import START_ROUND_TRIPS, segment_sizes, simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .simulator import Config, Record, Session
    from .traces import Trace

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CELLS, HOLD_CELL_S, HOLD_UPS = 150, 0.25, 6
"""Buffer cells from empty to full; the size of a hold-up cell; hold-ups kept for each (rung, buffer)."""
VERSION = 1
"""Part of the cache's key: another number when the search changes."""


class Plan:
    """A controller that follows a list of levels."""

    def __init__(self, levels: Sequence[int]) -> None:
        """Take the levels of all segments."""
        self.levels = list(levels)

    def reset(
        self, ladder_kbps: Sequence[int], segment_s: float, max_buffer_s: float, info: dict[str, Any] | None = None
    ) -> None:
        """Nothing to prepare."""

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The planned level."""
        del buffer_s, last_level
        return self.levels[len(history)]


class _Link:
    """A trace's arithmetic for many moments at once."""

    def __init__(self, trace: Trace, offset_s: float) -> None:
        steps = np.array(list(trace.rows()))
        self.rate, self.latency, self.offset = steps[:, 1] * 1000, steps[:, 2] / 1000, offset_s
        self.starts = np.concatenate([[0.0], np.cumsum(steps[:, 0] / 1000)])
        self.bits = np.concatenate([[0.0], np.cumsum(steps[:, 0] * steps[:, 1])])

    def arrival(self, asked: Floats, size: Floats) -> Floats:
        """When a segment asked for at a moment has come."""
        length, total = self.starts[-1], self.bits[-1]
        place = (asked + self.offset) % length
        first = asked + self.offset + self.latency[self._step(place)]
        loops, place = np.divmod(first, length)
        step = self._step(place)
        until = loops * total + self.bits[step] + (place - self.starts[step]) * self.rate[step] + size
        loops, rest = np.divmod(until, total)
        step = np.maximum(np.searchsorted(self.bits, rest, side="left") - 1, 0)
        rate = np.maximum(self.rate[step], 1e-9)
        end: Floats = loops * length + self.starts[step] + (rest - self.bits[step]) / rate - self.offset
        return end

    def _step(self, place: Floats) -> Ints:
        found: Ints = np.minimum(np.searchsorted(self.starts, place, side="right"), len(self.rate)) - 1
        return found


class _Search:
    """All kept plans after some segments: parallel arrays of clock, hold-up, rung and worth (less the hold-up)."""

    def __init__(self, trace: Trace, config: Config, sizes: list[list[float]], offset_s: float) -> None:
        self.config, self.sizes, self.link = config, np.array(sizes), _Link(trace, offset_s)
        self.mbps = np.array(config.ladder_kbps) / 1000
        self.clock = np.array([START_ROUND_TRIPS * trace.latency_s(offset_s)])
        self.held, self.worth, self.rung = np.zeros(1), np.zeros(1), np.array([-1])
        self.history: list[tuple[Ints, Ints]] = []
        """Per segment, of every kept plan: which plan it continues, and its rung."""

    def extend(self, index: int) -> None:
        """Add a segment, at every level, to every plan; keep the best of each cell."""
        levels, plans, config = len(self.mbps), len(self.clock), self.config
        parent, rung = np.repeat(np.arange(plans), levels), np.tile(np.arange(levels), plans)
        room = (index + 1) * config.segment_s + self.held - config.max_buffer_s if index else self.clock
        asked = np.maximum(self.clock, room)
        clock = self.link.arrival(asked[parent], self.sizes[index][rung])
        held = np.maximum(self.held[parent], clock - index * config.segment_s)
        worth = self.worth[parent] + self.mbps[rung] * config.segment_s / UNIT_S
        worth -= STALL_LINEAR * (held - self.held[parent])
        if index:
            worth -= np.abs(self.mbps[rung] - self.mbps[self.rung[parent]])
        kept = self._best(rung, (index + 1) * config.segment_s + held - clock, held, worth)
        self.clock, self.held, self.worth, self.rung = clock[kept], held[kept], worth[kept], rung[kept]
        self.history.append((parent[kept], rung[kept]))

    def _best(self, rung: Ints, buffer: Floats, held: Floats, worth: Floats) -> Ints:
        """Which plans to keep."""
        cell = rung * (CELLS + 1) + np.minimum(buffer * CELLS / self.config.max_buffer_s, CELLS).astype(np.int64)
        hold = (held / HOLD_CELL_S).astype(np.int64)
        order = np.lexsort((-worth, cell))
        both = cell[order] * (hold.max() + 1) + hold[order]
        order = order[np.sort(np.unique(both, return_index=True)[1])]
        cells = cell[order]
        began = np.searchsorted(cells, cells, side="left")
        kept: Ints = order[np.arange(len(order)) - began < HOLD_UPS]
        return kept

    def levels(self) -> list[int]:
        """The best plan, from its last segment back."""
        place, found = int(np.argmax(self.worth)), []
        for parent, rung in reversed(self.history):
            found.append(int(rung[place]))
            place = int(parent[place])
        return found[::-1]


def plan(trace: Trace, config: Config, sizes: list[list[float]], *, offset_s: float = 0.0) -> list[int]:
    """Levels of the best plan that the search finds."""
    search = _Search(trace, config, sizes, offset_s)
    for index in range(len(sizes)):
        search.extend(index)
    return search.levels()


def optimum(
    trace: Trace, config: Config, *, seed: str = "", offset_s: float = 0.0, cache: Path | None = None
) -> Session:
    """The session of the best plan; `cache` is a folder where plans are kept by what they were made from."""
    sizes = segment_sizes(config, f"{seed}/{config.name}/{trace.id}")
    source = [VERSION, CELLS, HOLD_CELL_S, HOLD_UPS, offset_s, astuple(config), list(trace.rows()), sizes]
    path = (cache or Path()) / f"{hashlib.sha256(json.dumps(source).encode()).hexdigest()[:32]}.json"
    if cache and path.is_file():
        levels = json.loads(path.read_text(encoding="ascii"))
    else:
        levels = plan(trace, config, sizes, offset_s=offset_s)
    if cache and not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        made = path.with_suffix(f".{os.getpid()}")  # another process may be reading or making the same plan
        made.write_text(json.dumps(levels), encoding="ascii")
        made.replace(path)
    return simulate(trace, config, Plan(levels), seed=seed, offset_s=offset_s)
