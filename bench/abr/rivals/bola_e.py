"""BOLA-E: BOLA as dash.js runs it.

Spiteri, Sitaraman and Sparacio, "From Theory to Practice: Improving Bitrate Adaptation in the DASH Reference Player"
(MMSys 2018): a placeholder buffer that stands in for what could have been buffered (so that it starts high and holds in
short buffers), no step up beyond what the throughput carries (BOLA-O), the insufficient
buffer rule, and abandonment by the same scores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bola import Bola
from .rule import DashThroughput, in_flight_kbps

if TYPE_CHECKING:
    from ..simulator import Progress, Record

LOW_S, LEVEL_S = 10.0, 2.0
"""Buffer below which the lowest level is right, and what every level adds to the target at least."""
SAFETY_FIRST, SAFETY = 0.9, 0.5


class BolaE(Bola):
    """Scores on the buffer and a placeholder."""

    def begin(self) -> None:
        """V and gamma p put the lowest level below 10 s and the highest just below the target."""
        super().begin()
        target = max(self.max_buffer_s, LOW_S + LEVEL_S * len(self.kbps))
        self.utility = [utility + 1 for utility in self.utility]
        self.gp = (self.utility[-1] - 1) / (target / LOW_S - 1)
        self.v = LOW_S / self.gp
        self.placeholder, self.safety, self.started, self.last = 0.0, SAFETY_FIRST, False, 0
        self.link = DashThroughput(self.segment_s)

    def least_buffer(self, level: int) -> float:
        """Buffer from which on the level beats every lower one."""
        rate, worth = self.kbps[level], self.utility[level]
        lower = zip(self.kbps[:level], self.utility[:level], strict=True)
        return max((self.v * (self.gp + (rate * u - r * worth) / (rate - r)) for r, u in lower), default=0.0)

    def most_buffer(self, level: int) -> float:
        """Buffer at which nothing is to be fetched at this level."""
        return self.v * (self.utility[level] + self.gp)

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The lowest first, then what the throughput carries, then by score."""
        del last_level, history
        if not self.link.known:
            return 0
        carried = self.sustainable(self.link.kbps, self.link.latency_s)
        if not self.started:
            self.started = True
            self.placeholder = max(0.0, self.least_buffer(carried) - buffer_s)
            return carried
        level = self.by_buffer(buffer_s + self.placeholder)
        if level > self.last and level > carried:
            level = max(self.last, carried)
        excess = max(buffer_s + self.placeholder - self.most_buffer(level), 0.0)
        self.placeholder = max(self.placeholder - excess, 0.0)
        return self.within_buffer(level, buffer_s)

    def within_buffer(self, level: int, buffer_s: float) -> int:
        """The insufficient buffer rule: a segment must come while half of the buffer plays."""
        safe = self.safety * (buffer_s - self.link.latency_s) * self.link.kbps
        self.safety = max(self.safety * SAFETY_FIRST, SAFETY)
        for lower in range(level):
            if self.kbps[lower + 1] * self.segment_s > safe:
                self.placeholder = min(self.placeholder, max(0.0, self.least_buffer(lower) - buffer_s))
                return lower
        return level

    def on_wait(self, seconds: float) -> None:
        """Time that the player lets pass is not the link's fault."""
        self.placeholder += seconds

    def on_segment(self, record: Record) -> None:
        """Keep the placeholder within what the level just fetched allows."""
        self.link.add(record)
        self.last = record["level"]
        at_request = record["buffer_after_s"] + record["duration_ms"] / 1000
        self.placeholder = min(self.placeholder, max(0.0, self.most_buffer(self.last) - at_request))
        if record["buffer_after_s"] > 0:
            self.placeholder = max(self.placeholder, self.least_buffer(self.last) - at_request, 0.0)

    def should_abandon(self, progress: Progress) -> int | None:
        """By score, allowing for the round trip of a new request."""
        wait = progress["ttfb_s"]
        buffer = max(0.0, progress["buffer_s"] + self.placeholder - wait)
        left = progress["size_bits"] - progress["got_bits"] - wait * in_flight_kbps(progress) * 1000
        found = self.better(progress, left, buffer)
        if found is not None:
            want = self.least_buffer(found) if found else LOW_S
            self.placeholder = min(self.placeholder, max(0.0, want - progress["buffer_s"]))
        return found
