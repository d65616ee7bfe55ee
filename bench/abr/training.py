"""Training: from traces to a policy table. Same traces, same bytes.

1. Errors: weighted quantiles of ln(bandwidth) minus the fast level, for each kind of link; where few traces were seen,
   drawn towards what holds for the volatility alone.
2. Value iteration over the experience itself (kernel-based reinforcement learning, Ormoneit and Sen 2002): the worth
   of a grid node is the weighted mean, over moments near it, of what truly followed each choice plus the worth of where
   that led. No model of the link comes between; nodes that were never near anything learn from their neighbours.
"""

from __future__ import annotations

import itertools
import json
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from chalicelib.domain.abr.policy import PER_S, STALL_PER_S
from chalicelib.domain.abr.table import VERSION, Axis

from .experience import FAR_S, gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .experience import Experience, Surprise, Way
    from .links import Numbers, States
    from .simulator import Config
    from .traces import Trace

WEIGHTS = (0.01, 0.02, 0.04, 0.08, 0.15, 0.2, 0.2, 0.15, 0.1, 0.05)
VOLATILITY_EDGES, OFFSET_EDGES = (0.15, 0.35), (-1.0, -0.6, -0.3, -0.1, 0.1, 0.3)
VOLATILITY, SLOW, OFFSET = Axis(0.0, 0.2, 5), Axis(4.2, 0.42, 13), Axis(-1.5, 0.35, 8)
STEADY_TRACES = 5
"""A kind seen in so many traces counts as much as the volatility's own errors."""
DISCOUNT, SPAN_S = 0.98, 240
"""What four seconds of content later is worth, and how much content is iterated over."""
RECONSIDERED = (0.1, 0.25, 0.5, 0.75)
"""Parts of the iteration before which giving up is thought over."""
BORROWED = (0.1, 0.03, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01)
"""How much a node's neighbours count beside its own moments, ring by ring."""
STEPS = 32_000


def train(traces: Sequence[Trace], config: Config) -> str:
    """Return the table as its file's text."""
    lived = gather(traces, config, SLOW)
    return _written(config, errors(lived.surprise), _Plan(lived, config).values())


def errors(surprise: Surprise) -> NDArray[np.float64]:
    """Quantiles by distance, volatility, offset: harmonic means within each weight's part, so that times are right."""
    before, error, trace = surprise.before, surprise.error, surprise.trace
    spread = (before.far, np.searchsorted(VOLATILITY_EDGES, before.volatility, side="right"))
    offset = np.searchsorted(OFFSET_EDGES, before.level - before.slow, side="right")
    found = np.zeros((2, len(VOLATILITY_EDGES) + 1, len(OFFSET_EDGES) + 1, len(WEIGHTS)))
    everything = _quantiles(error)
    for far in range(found.shape[0]):
        for volatility in range(found.shape[1]):
            here = (spread[0] == far) & (spread[1] == volatility)
            usual = _drawn(error[here], trace[here], everything)
            for cell in range(found.shape[2]):
                near = here & (offset == cell)
                found[far, volatility, cell] = _drawn(error[near], trace[near], usual)
    return found


def _drawn(error: Numbers, trace: NDArray[np.intp], usual: Numbers) -> Numbers:
    if len(error) < 3 * len(WEIGHTS):
        return usual
    part = len(np.unique(trace)) / (len(np.unique(trace)) + STEADY_TRACES)
    return part * _quantiles(error) + (1 - part) * usual


def _quantiles(error: Numbers) -> Numbers:
    ordered = np.sort(np.maximum(error, -5.0))
    ends, last = np.rint(np.cumsum((0.0, *WEIGHTS)) * len(ordered)).astype(int), len(ordered) - 1
    parts = [ordered[min(a, last) : max(b, min(a, last) + 1)] for a, b in itertools.pairwise(ends)]
    return np.array([-np.log(np.mean(np.exp(-part))) for part in parts])


@dataclass(slots=True)
class _Ahead:
    """Where a choice leads from each moment and each node of the buffer: reward and worth to look up."""

    cells: sparse.csr_matrix
    node: NDArray[np.int32]
    way: Numbers
    lost: Numbers
    """Quality lost to standing still."""


class _Plan:
    """Value iteration."""

    def __init__(self, lived: Experience, config: Config) -> None:
        self.lived, self.config = lived, config
        self.mbps = np.array(config.ladder_kbps) / 1000
        self.room = config.max_buffer_s - config.segment_s
        self.buffer = buffer_axis(config)
        self.discount = DISCOUNT ** (config.segment_s * PER_S)
        self.seconds = (self.buffer.first + self.buffer.step * np.arange(self.buffer.count)) ** 2 - 1
        self.shape = (2, VOLATILITY.count, SLOW.count, OFFSET.count)
        here = self._cells(lived.before)
        self.back = sparse.csr_matrix(here.multiply(lived.weight[:, None]).T)
        self.seen = np.asarray(self.back.sum(axis=1))
        self.ahead = [self._ahead(way) for way in lived.ways]
        self.instead = [[self._ahead(way) for way in glance.ways] for glance in lived.glances]
        self.glanced = [self._cells(glance.seen) for glance in lived.glances]
        self.given_up: list[list[tuple[int, int, NDArray[np.bool_]]]] = [[] for _ in self.mbps]

    def values(self) -> NDArray[np.float64]:
        """Iterate; the worth of each node by last rung and buffer."""
        cells, rungs = int(np.prod(self.shape)), len(self.mbps)
        change = np.abs(self.mbps[:, None] - self.mbps[None, :])
        worth = np.zeros((cells, self.buffer.count, rungs))
        sweeps = round(SPAN_S / self.config.segment_s)
        reconsidered = {round(part * sweeps) for part in RECONSIDERED}
        for sweep in range(sweeps):
            if sweep in reconsidered:
                self.given_up = [self._reconsidered(level, worth) for level in range(rungs)]
            taken = np.stack([self._worth_of(level, worth) for level in range(rungs)], axis=2)
            worth = (taken[:, :, None, :] - change[None, None]).max(axis=3)
        by_rung: NDArray[np.float64] = worth.transpose(0, 2, 1)
        return by_rung.reshape(*self.shape, rungs, self.buffer.count)

    def _worth_of(self, level: int, worth: NDArray[np.float64]) -> NDArray[np.float64]:
        total = self._follow(self.ahead[level], worth[:, :, level], slice(None))
        for glance, lower, where in self.given_up[level]:
            rows = np.flatnonzero(where.any(axis=1))
            less = (self.mbps[lower] - self.mbps[level]) * self.config.segment_s * PER_S
            other = self._follow(self.instead[glance][lower], worth[:, :, lower], rows) + less
            total[rows] = np.where(where[rows], other, total[rows])
        mean: NDArray[np.float64] = self._borrowed(self.back @ total)
        mean += self.mbps[level] * self.config.segment_s * PER_S
        return mean

    def _follow(self, ahead: _Ahead, worth: NDArray[np.float64], rows: slice | NDArray[np.intp]) -> NDArray[np.float64]:
        nodes = ahead.cells[rows] @ worth
        low = np.take_along_axis(nodes, ahead.node[rows], axis=1)
        high = np.take_along_axis(nodes, ahead.node[rows] + 1, axis=1)
        worth_then: NDArray[np.float64] = self.discount * (low + (high - low) * ahead.way[rows]) - ahead.lost[rows]
        return worth_then

    def _borrowed(self, total: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means over each node's moments and, ever less, over those of its neighbours."""
        ring, seen_ring, seen = total, self.seen, self.seen
        for weight in BORROWED:
            ring, seen_ring = self._neighbours(ring), self._neighbours(seen_ring)
            total, seen = total + weight * ring, seen + weight * seen_ring
        mean: NDArray[np.float64] = total / np.maximum(seen, 1e-12)
        return mean

    def _neighbours(self, nodes: NDArray[np.float64]) -> NDArray[np.float64]:
        grid = nodes.reshape(*self.shape, -1)
        found = np.zeros_like(grid)
        for axis in (1, 2, 3):
            up, down = [slice(None)] * 5, [slice(None)] * 5
            up[axis], down[axis] = slice(1, None), slice(None, -1)
            found[tuple(up)] += grid[tuple(down)]
            found[tuple(down)] += grid[tuple(up)]
        return found.reshape(nodes.shape) / 4

    def _ahead(self, way: Way) -> _Ahead:
        left = self.seconds[None, :] - way.seconds[:, None]
        after = np.minimum(np.maximum(left, 0.0) + self.config.segment_s, self.room)
        place = np.clip((np.sqrt(after + 1) - self.buffer.first) / self.buffer.step, 0, self.buffer.count - 1)
        node = np.minimum(place.astype(np.int32), self.buffer.count - 2)
        return _Ahead(self._cells(way.then), node, place - node, STALL_PER_S * np.maximum(-left, 0.0))

    def _cells(self, states: States) -> sparse.csr_matrix:
        """Weights of the eight nodes around each state."""
        axes = ((VOLATILITY, states.volatility), (SLOW, states.slow), (OFFSET, states.level - states.slow))
        index, weight = states.far.astype(np.intp)[:, None], np.ones((len(states.far), 1))
        for axis, x in axes:
            place = np.clip((x - axis.first) / axis.step, 0, axis.count - 1)
            node = np.minimum(place.astype(np.intp), axis.count - 2)
            part = (place - node)[:, None]
            index = np.concatenate([index * axis.count + node[:, None], index * axis.count + node[:, None] + 1], axis=1)
            weight = np.concatenate([weight * (1 - part), weight * part], axis=1)
        rows = len(states.far)
        return sparse.csr_matrix(
            (weight.ravel(), index.ravel(), np.arange(0, 8 * rows + 1, 8)), shape=(rows, int(np.prod(self.shape)))
        )

    def _reconsidered(self, level: int, worth: NDArray[np.float64]) -> list[tuple[int, int, NDArray[np.bool_]]]:
        """(glance, lower level, moments by buffers) where a download had better be given up.

        What is known at a glance decides, not what the trace holds: the gain expected of it is the mean of the true
        gains over moments whose links looked alike then. The last glance is thought of first, so that an earlier one
        knows what waiting for it is worth.
        """
        going_on, picks = self._follow(self.ahead[level], worth[:, :, level], slice(None)), []
        for number in reversed(range(len(self.lived.glances) if level else 0)):
            pick, going_on = self._second_thoughts(level, number, worth, going_on)
            picks.append((number, pick))
        found, gone = [], np.zeros(going_on.shape, bool)
        for number, pick in reversed(picks):
            found += [(number, lower, (pick == lower) & ~gone) for lower in range(level)]
            gone |= pick >= 0
        return found

    def _second_thoughts(
        self, level: int, number: int, worth: NDArray[np.float64], going_on: NDArray[np.float64]
    ) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
        """Return the lower level to take at a glance, -1 for none, and what comes of deciding so."""
        rows = np.flatnonzero(self.lived.ways[level].seconds > self.lived.glances[number].after_s)
        cells = self.glanced[number][rows]
        back = sparse.csr_matrix(cells.multiply(self.lived.weight[rows, None]).T)
        seen = np.maximum(np.asarray(back.sum(axis=1)), 1e-12)
        best, after = np.zeros((len(rows), going_on.shape[1])), going_on.copy()
        pick = np.full(going_on.shape, -1, np.int8)
        for lower in range(level):
            less = (self.mbps[lower] - self.mbps[level]) * self.config.segment_s * PER_S
            gain = self._follow(self.instead[number][lower], worth[:, :, lower], rows) + less - going_on[rows]
            expected = cells @ ((back @ gain) / seen)
            better = expected > best
            best = np.where(better, expected, best)
            pick[rows] = np.where(better, lower, pick[rows])
            after[rows] = np.where(better, going_on[rows] + gain, after[rows])
        return pick, after


def buffer_axis(config: Config) -> Axis:
    """Nodes over √(seconds + 1), about one second apart where the buffer is short."""
    most = (config.max_buffer_s - config.segment_s + 1) ** 0.5
    count = 8 if config.max_buffer_s < 20 else 12 if config.max_buffer_s < 45 else 16
    return Axis(1.0, round((most - 1) / (count - 1), 6), count)


def _written(config: Config, found: NDArray[np.float64], worth: NDArray[np.float64]) -> str:
    middle = (worth.max() + worth.min()) / 2
    scale = float(worth.max() - worth.min()) / (2 * STEPS)
    steps = np.rint((worth - middle) / scale).astype("<i2")
    axes = {"volatility": VOLATILITY, "slow": SLOW, "offset": OFFSET, "buffer": buffer_axis(config)}
    return json.dumps({
        "version": VERSION, "kbps": config.ladder_kbps, "segment_s": config.segment_s,
        "max_buffer_s": config.max_buffer_s, "far_s": FAR_S,
        "errors": {
            "weights": WEIGHTS, "volatility_edges": VOLATILITY_EDGES, "offset_edges": OFFSET_EDGES,
            "values": np.round(found, 4).tolist(),
        },
        "grid": {name: {"first": a.first, "step": a.step, "count": a.count} for name, a in axes.items()},
        "scale": scale, "values": b64encode(steps.tobytes()).decode(),
    }, separators=(",", ":")) + "\n"  # fmt: skip
