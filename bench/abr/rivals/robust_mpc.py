"""RobustMPC: the best plan for the next five segments under the least throughput to be expected.

Yin, Jindal, Sekar and Sinopoli, "A Control-Theoretic Approach for Dynamic Adaptive Video Streaming over HTTP"
(SIGCOMM 2015). Throughput is the harmonic mean of the last five segments, divided by one plus the largest relative
error of the last five predictions. Sizes are known, plans are all tried, and the objective is the linear quality that
it is judged by.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from .rule import Rule, harmonic_mean, request_kbps

if TYPE_CHECKING:
    from ..simulator import Record

HORIZON, SAMPLES = 5, 5
STALL, UNIT_S = 4.3, 4.0


class RobustMpc(Rule):
    """All plans of five levels, simulated at one throughput."""

    def begin(self) -> None:
        """List the plans."""
        self.plans = np.array(list(product(range(len(self.kbps)), repeat=HORIZON)))
        self.mbps = np.array(self.kbps) / 1000
        self.bits = np.array(self.sizes)
        self.predicted = 0.0
        self.errors: list[float] = []

    def throughput(self, history: list[Record]) -> float:
        """The robust prediction, kbit/s."""
        rates = [request_kbps(record) for record in history[-SAMPLES:]]
        if self.predicted:
            self.errors.append(abs(self.predicted - rates[-1]) / rates[-1])
        self.predicted = harmonic_mean(rates)
        return self.predicted / (1 + max(self.errors[-SAMPLES:], default=0.0))

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The first level of the best plan; the lowest before anything is known."""
        if last_level is None:
            return 0
        kbps, index = self.throughput(history), len(history)
        ahead = min(HORIZON, len(self.bits) - index)
        plans = self.plans[: len(self.kbps) ** ahead, HORIZON - ahead :]
        buffer, worth = np.full(len(plans), buffer_s), np.zeros(len(plans))
        before = np.full(len(plans), self.mbps[last_level])
        for step in range(ahead):
            levels = plans[:, step]
            took = self.bits[index + step][levels] / (kbps * 1000)
            shown = self.mbps[levels]
            worth += shown * self.segment_s / UNIT_S - STALL * np.maximum(took - buffer, 0) - np.abs(shown - before)
            buffer = np.minimum(np.maximum(buffer - took, 0) + self.segment_s, self.max_buffer_s - self.segment_s)
            before = shown
        return int(plans[int(np.argmax(worth)), 0])
