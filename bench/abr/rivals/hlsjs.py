"""hls.js 1.x: its AbrController, with the configuration it comes with.

The lower of a fast and a slow mean of throughput (half-lives 3 and 9 s, in time spent downloading), 0.95 of it to stay
or go down, 0.7 to go up, and the segment must come before the buffer runs out; if none would, one that stalls for no
more than 4 s. In flight, half a segment's length after the request, a download that would come after the buffer is
empty gives way to the highest rung that comes in time. Playlists, which a real player also loads, cost nothing here,
and live is judged by its buffer like the rest.
"""

from __future__ import annotations

from math import exp, sqrt
from typing import TYPE_CHECKING

from .rule import Ewma, Rule

if TYPE_CHECKING:
    from ..simulator import Progress, Record

FAST_S, SLOW_S, DEFAULT_KBPS, DEFAULT_TTFB_S = 3.0, 9.0, 500.0, 0.1
DOWN, UP, STARVATION_S, SHORTEST_S, SHORTEST_TTFB_S = 0.95, 0.7, 4.0, 0.05, 0.005


class HlsJs(Rule):
    """Dual-EWMA throughput, held against the buffer."""

    def begin(self) -> None:
        """The estimate is 500 kbit/s until the first segment."""
        self.default = DEFAULT_KBPS
        self.forget()

    def forget(self) -> None:
        """Start the means anew."""
        self.fast, self.slow, self.ttfb = Ewma(FAST_S), Ewma(SLOW_S), Ewma(SLOW_S)

    def sample(self, seconds: float, bits: float) -> None:
        """A transfer, finished or given up."""
        seconds = max(seconds, SHORTEST_S)
        for mean in (self.fast, self.slow):
            mean.add(seconds, bits / seconds / 1000)

    def estimate(self) -> float:
        """The lower mean, in kbit/s."""
        return min(self.fast.mean(), self.slow.mean()) if self.fast.weight > 0 else self.default

    def wait_s(self) -> float:
        """Time to the first byte that is expected."""
        return self.ttfb.mean() if self.ttfb.weight > 0 else DEFAULT_TTFB_S

    def best(self, last: int, within_s: float, down: float, up: float, top: int | None = None) -> int | None:
        """The highest level that the link carries and that comes in time."""
        kbps = self.estimate()
        for level in range(self.top if top is None else top, -1, -1):
            usable = kbps * (up if level > last else down)
            if usable >= self.kbps[level] and self.wait_s() + self.kbps[level] * self.segment_s / usable < within_s:
                return level
        return None

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """No stall if that can be, else a short one."""
        del history
        if last_level is None:
            return self.best(0, STARVATION_S, 1, 1) or 0
        found = self.best(last_level, buffer_s, DOWN, UP) if buffer_s > 0 else None
        if found is None:
            found = self.best(last_level, buffer_s + min(self.segment_s, STARVATION_S), DOWN, UP)
        return found or 0

    def on_segment(self, record: Record) -> None:
        """Take it into the means."""
        wait = record["ttfb_ms"] / 1000
        self.ttfb.add(sqrt(2) * exp(-(wait**2) / 2), max(wait, SHORTEST_TTFB_S))
        self.sample(record["duration_ms"] / 1000 - min(wait, self.wait_s()), record["bytes"] * 8)

    def should_abandon(self, progress: Progress) -> int | None:
        """Only if a lower segment comes sooner than what is left of this one."""
        level, buffer, wait, elapsed = progress["level"], progress["buffer_s"], self.wait_s(), progress["elapsed_s"]
        if elapsed <= max(wait, self.segment_s / 2) or progress["got_bits"] <= 0:
            return None
        kbps = progress["got_bits"] / max(elapsed - progress["ttfb_s"], 1e-3) / 1000
        left = (progress["size_bits"] - progress["got_bits"]) / kbps / 1000
        if left <= buffer:
            return None
        for lower in range(level - 1, -1, -1):
            needed = wait + self.kbps[lower] * self.segment_s / kbps
            if lower == 0 or needed < min(buffer, self.segment_s + wait):
                break
        if needed >= left or needed > 10 * self.segment_s:
            return None
        self.sample(elapsed - min(wait, progress["ttfb_s"]), progress["got_bits"])
        if self.estimate() * UP > self.kbps[lower]:
            self.default = self.kbps[lower]
            self.forget()
        found = self.best(level, buffer, 1, 1, top=lower)
        return lower if found is None else found
