"""A link between origin and browser that carries only so much, as a trace says: one for all responses, like a modem."""

from __future__ import annotations

import csv
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PIECE = 2048
"""Bytes that go at once: responses share the link piece by piece."""
_LEAST_KBPS = 1.0


@dataclass(frozen=True)
class Trace:
    """Steps of (seconds, kbit/s), repeated without end, and the time a request takes to arrive."""

    steps: tuple[tuple[float, float], ...]
    latency_s: float = 0.02

    @classmethod
    def steady(cls, kbps: float, latency_s: float = 0.02) -> Trace:
        """Return a link that never changes."""
        return cls(((3600.0, kbps),), latency_s)

    @classmethod
    def read(cls, path: Path) -> Trace:
        """Read columns duration_ms, bandwidth_kbps, latency_ms."""
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        steps = tuple((float(row["duration_ms"]) / 1000, float(row["bandwidth_kbps"])) for row in rows)
        return cls(steps, sum(float(row["latency_ms"]) for row in rows) / len(rows) / 1000)

    def finish(self, begin_s: float, bits: float) -> float:
        """When bits are through that begin at `begin_s`; seconds since the trace's begin."""
        at_s, left = begin_s, bits
        for until_s, kbps in self._from(begin_s):
            carried = 1000 * max(_LEAST_KBPS, kbps) * (until_s - at_s)
            if carried >= left:
                return at_s + left / (1000 * max(_LEAST_KBPS, kbps))
            left -= carried
            at_s = until_s
        raise AssertionError  # a trace never ends

    def _from(self, at_s: float) -> Iterator[tuple[float, float]]:
        """Steps as (end, kbit/s) from the one that holds `at_s` on."""
        length = sum(seconds for seconds, _ in self.steps)
        end_s = at_s - at_s % length
        while True:
            for seconds, kbps in self.steps:
                end_s += seconds
                if end_s > at_s:
                    yield end_s, kbps


@dataclass
class Link:
    """A trace as it goes on; every piece waits for those before it."""

    trace: Trace
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _begun: float | None = None
    _free_s: float = 0.0

    def pieces(self, body: bytes) -> Iterator[bytes]:
        """Give a response's bytes when they have come through; whoever hangs up takes no more."""
        time.sleep(self.trace.latency_s)
        for first, last in pairwise([*range(0, len(body), PIECE), len(body)]):
            self._wait(8 * (last - first))
            yield body[first:last]

    def change(self, trace: Trace) -> None:
        """Carry on as another trace says, from its beginning."""
        with self._lock:
            self.trace, self._begun, self._free_s = trace, time.monotonic(), 0.0

    def _wait(self, bits: int) -> None:
        with self._lock:
            now = time.monotonic()
            self._begun = now if self._begun is None else self._begun
            self._free_s = self.trace.finish(max(self._free_s, now - self._begun), bits)
            wait_s = self._begun + self._free_s - now
        time.sleep(max(0.0, wait_s))


def mean_kbps(steps: Sequence[tuple[float, float]]) -> float:
    """Mean rate of a trace."""
    return sum(seconds * kbps for seconds, kbps in steps) / sum(seconds for seconds, _ in steps)
