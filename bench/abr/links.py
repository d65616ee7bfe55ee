"""Many links at once: what traces carried and what `chalicelib.domain.abr.link` makes of it, over numpy arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chalicelib.domain.abr import link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .traces import Trace

    Numbers = NDArray[np.float64]
    Indices = NDArray[np.intp]


class Links:
    """Traces side by side on one axis, so that one search finds the step of each."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        rows = [np.array(list(trace.rows())).T for trace in traces]
        self.period = np.array([row[0].sum() / 1000 for row in rows])
        self.total = np.array([(row[0] * row[1]).sum() for row in rows])
        self._gap = float(self.period.max()) + 1
        starts = [np.concatenate([[0.0], np.cumsum(row[0] / 1000)[:-1]]) for row in rows]
        bits = [np.concatenate([[0.0], np.cumsum(row[0] * row[1])[:-1]]) for row in rows]
        self._starts, self._bits = np.concatenate(starts), np.concatenate(bits)
        self._rate = np.maximum(np.concatenate([row[1] for row in rows]) * 1000, 1e-3)
        self._latency = np.concatenate([row[2] for row in rows]) / 1000
        self._by_time = np.concatenate([s + i * self._gap for i, s in enumerate(starts)])
        self._by_bits = np.concatenate([b / t + 2 * i for i, (b, t) in enumerate(zip(bits, self.total, strict=True))])

    def latency(self, which: Indices, at: Numbers) -> Numbers:
        """Round trips in seconds."""
        found: Numbers = self._latency[self._step(which, at % self.period[which])]
        return found

    def _step(self, which: Indices, place: Numbers) -> Indices:
        found: Indices = np.searchsorted(self._by_time, place + which * self._gap, side="right") - 1
        return found

    def carried(self, which: Indices, until: Numbers) -> Numbers:
        """Bits carried from 0 to a moment."""
        loops, place = np.divmod(until, self.period[which])
        step = self._step(which, place)
        found: Numbers = loops * self.total[which] + self._bits[step] + (place - self._starts[step]) * self._rate[step]
        return found

    def moment(self, which: Indices, bits: Numbers) -> Numbers:
        """When so many bits have been carried."""
        loops, rest = np.divmod(bits, self.total[which])
        step = np.searchsorted(self._by_bits, rest / self.total[which] + 2 * which, side="right") - 1
        found: Numbers = loops * self.period[which] + self._starts[step] + (rest - self._bits[step]) / self._rate[step]
        return found


class States:
    """Link states as arrays: level, slow, volatility, number of samples. Far or near is the trace's own."""

    __slots__ = ("far", "level", "samples", "slow", "volatility")

    def __init__(self, level: Numbers, slow: Numbers, volatility: Numbers, samples: Numbers, far: Indices) -> None:
        self.level, self.slow, self.volatility, self.samples, self.far = level, slow, volatility, samples, far

    @classmethod
    def start(cls, far: Indices) -> States:
        """Nobody has used them yet."""
        begin = link.start()
        shape = np.zeros(len(far))
        return cls(shape + begin.level, shape + begin.slow, shape + begin.volatility, shape, far)

    def observed(self, x: Numbers) -> States:
        """Each takes in a transfer of ln(kbps) x, as `link.observe` does."""
        first, n = self.samples == 0, self.samples
        error = np.minimum(np.abs(x - self.level), link.WORST_ERROR)
        level = np.where(first, x + (self.level - x) * link.KEPT_LEVEL, self.level + (x - self.level) * link.FAST)
        slower = self.slow + (x - self.slow) * np.maximum(link.SLOW, 1 / (n + 2))
        slow = np.where(first, x + (self.slow - x) * link.KEPT_SLOW, slower)
        jump = self.volatility + (error - self.volatility) * np.maximum(link.JUMP, 1 / (n + 3))
        return States(level, slow, np.where(first, self.volatility, jump), n + 1, self.far)

    def glimpsed(self, bits: Numbers, seconds: Numbers) -> States:
        """Each takes in a transfer in flight, as `link.glimpse` does."""
        expected = np.exp(self.level)
        x = np.log((bits / 1000 + link.DOUBT_KBIT) / (seconds + link.DOUBT_KBIT / expected))
        x = np.clip(x, np.log(link.LEAST_KBPS), np.log(link.MOST_KBPS))
        level = self.level + (x - self.level) * (seconds / (seconds + link.DOUBT_S))
        return States(level, self.slow, self.volatility, self.samples, self.far)

    def take(self, rows: Indices) -> States:
        """Some of them."""
        return States(self.level[rows], self.slow[rows], self.volatility[rows], self.samples[rows], self.far[rows])

    @staticmethod
    def joined(parts: Sequence[States]) -> States:
        """One after the other."""
        return States(*(np.concatenate([getattr(part, name) for part in parts]) for name in _PARTS))


_PARTS = ("level", "slow", "volatility", "samples", "far")
