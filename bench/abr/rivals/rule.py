"""What the rules share: the session's numbers, and ways of estimating throughput."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..simulator import Progress, Record


class Rule:
    """A rule that remembers its session; times in seconds, rates in kbit/s."""

    def reset(
        self, ladder_kbps: Sequence[int], segment_s: float, max_buffer_s: float, info: dict[str, Any] | None = None
    ) -> None:
        """Take a session's numbers."""
        self.kbps, self.segment_s, self.max_buffer_s = list(ladder_kbps), segment_s, max_buffer_s
        self.sizes: list[list[float]] = (info or {}).get("sizes_bits", [])
        self.top = len(self.kbps) - 1
        self.begin()

    def begin(self) -> None:
        """Forget the session before."""

    def sustainable(self, kbps: float, latency_s: float = 0.0) -> int:
        """The highest level whose nominal segment, round trip included, comes within its own length."""
        room = self.segment_s - latency_s
        return max((n for n, rate in enumerate(self.kbps) if rate * self.segment_s <= kbps * room), default=0)


def body_s(record: Record) -> float:
    """Seconds in which data flowed."""
    return max(float(record["duration_ms"] - record["ttfb_ms"]) / 1000, 1e-6)


def body_kbps(record: Record) -> float:
    """Throughput while data flowed, whatever the history's convention is."""
    return float(record["bytes"]) * 8 / 1000 / body_s(record)


def request_kbps(record: Record) -> float:
    """Throughput of the whole request, waiting included."""
    return float(record["bytes"]) * 8 / float(record["duration_ms"])


def harmonic_mean(rates: Sequence[float]) -> float:
    """Of positive rates."""
    return len(rates) / sum(1 / max(rate, 1e-6) for rate in rates)


class Ewma:
    """An exponentially weighted mean with a half-life, corrected for its start from zero."""

    def __init__(self, half_life: float) -> None:
        """Half-life in the unit of the weights to come."""
        self.half_life, self.value, self.weight = half_life, 0.0, 0.0

    def add(self, weight: float, value: float) -> None:
        """Take a sample in."""
        keep = 0.5 ** (weight / self.half_life)
        self.value = keep * self.value + (1 - keep) * value
        self.weight += weight

    def mean(self) -> float:
        """The estimate; not a number before the first sample."""
        return self.value / (1 - 0.5 ** (self.weight / self.half_life)) if self.weight > 0 else math.nan


class DashThroughput:
    """dash.js's estimate: the lower of a fast and a slow mean of throughput (3 and 8 s), the higher one of latency."""

    def __init__(self, segment_s: float) -> None:
        """Latency's half-lives are as many segments."""
        self._rates = [Ewma(half) for half in (3.0, 8.0)]
        self._waits = [Ewma(half / segment_s) for half in (3.0, 8.0)]

    def add(self, record: Record) -> None:
        """Take a finished segment in."""
        for rate in self._rates:
            rate.add(float(record["duration_ms"]) / 1000, body_kbps(record))
        for wait in self._waits:
            wait.add(1, float(record["ttfb_ms"]) / 1000)

    @property
    def known(self) -> bool:
        """True once there was a segment."""
        return self._rates[0].weight > 0

    @property
    def kbps(self) -> float:
        """The careful one of the two."""
        return min(rate.mean() for rate in self._rates)

    @property
    def latency_s(self) -> float:
        """The careful one of the two."""
        return max(wait.mean() for wait in self._waits)


def in_flight_kbps(progress: Progress) -> float:
    """Throughput of a download so far, its wait for the first byte left out."""
    return float(progress["got_bits"] / max(progress["elapsed_s"] - progress["ttfb_s"], 1e-6) / 1000)
