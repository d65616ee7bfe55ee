"""BOLA: rungs from the buffer alone, by Lyapunov optimisation.

Spiteri, Urgaonkar and Sitaraman, "BOLA: Near-Optimal Bitrate Adaptation for Online Videos" (INFOCOM 2016): BOLA-BASIC,
with utility ln(S_m / S_1) and gamma p = 5, and the paper's rule for abandoning a download, which makes it better here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .rule import Rule

if TYPE_CHECKING:
    from ..simulator import Progress, Record

GAMMA_P = 5.0


class Bola(Rule):
    """The level with the largest (V (utility + gamma p) - buffer) / size."""

    def begin(self) -> None:
        """V is such that the top level is left as soon as the buffer has no room for a segment."""
        self.utility = [math.log(kbps / self.kbps[0]) for kbps in self.kbps]
        self.gp = GAMMA_P
        self.v = (self.max_buffer_s - self.segment_s) / (self.utility[-1] + self.gp)

    def score(self, level: int, buffer_s: float, size: float) -> float:
        """Worth of a level for each unit of size."""
        return (self.v * (self.utility[level] + self.gp) - buffer_s) / size

    def by_buffer(self, buffer_s: float) -> int:
        """The level of the largest score; the lowest of equals."""
        return max(range(len(self.kbps)), key=lambda level: self.score(level, buffer_s, self.kbps[level]))

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """Whatever the throughput was."""
        del last_level, history
        return self.by_buffer(buffer_s)

    def should_abandon(self, progress: Progress) -> int | None:
        """What is left of the segment is scored like a segment of that size."""
        return self.better(progress, progress["size_bits"] - progress["got_bits"], progress["buffer_s"])

    def better(self, progress: Progress, left_bits: float, buffer_s: float) -> int | None:
        """A lower level that is less to fetch, and whose score beats the one of what is left."""
        level = progress["level"]
        if progress["got_bits"] <= 0 or left_bits <= 0:
            return None
        best, found = max(self.score(level, buffer_s, left_bits), 0.0), None
        for lower in range(level):
            size = progress["size_bits"] * self.kbps[lower] / self.kbps[level]
            if size < left_bits and (score := self.score(lower, buffer_s, size)) > best:
                best, found = score, lower
        return found
