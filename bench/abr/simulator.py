"""One viewing session, simulated: a controller picks rungs, a trace carries them, a buffer drains.

A request waits one round trip, then data flows at the trace's bandwidth. Playing starts after one segment; the start-up
is three round trips (connection and playlist) and that segment. While playing the buffer drains; empty, it stalls until
the segment in flight is there. Before a request there must be room for the segment: the player waits otherwise.
Everything is exact (no ticks) but the question whether to abandon, which is asked every `poll_s` of data in flight.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .traces import Trace

Record = dict[str, Any]
"""A finished segment: index, level, bytes, duration_ms (its last request, waiting for the first byte included),
ttfb_ms, throughput_kbps, buffer_before_s (at its first request), buffer_after_s, stall_s (while it was fetched), t_ms
(when it had arrived, on the session's clock), abandoned (levels given up before)."""
Progress = dict[str, Any]
"""A download in flight: index, level, size_bits, got_bits, elapsed_s (since the request), ttfb_s, buffer_s."""
START_ROUND_TRIPS = 3
SPREAD, CAP, OWN = math.sqrt(math.log(1 + 0.2**2)), 1.6, 0.1
"""Segment sizes: log-normal with mean 1 and cv 0.2, cut at 1.6; a tenth of the variance is each level's own."""


class Controller(Protocol):
    """What picks rungs. It may also have `on_segment(record)`, `should_abandon(progress)` and `on_wait(seconds)`."""

    def reset(
        self, ladder_kbps: Sequence[int], segment_s: float, max_buffer_s: float, info: dict[str, Any] | None = None
    ) -> None:
        """Begin a session; `info["sizes_bits"][segment][level]` are the sizes to come."""

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """Level of the next segment; `last_level` is None before the first."""


@dataclass(frozen=True, slots=True)
class Config:
    """A kind of session."""

    name: str
    segment_s: float
    max_buffer_s: float
    ladder_kbps: tuple[int, ...] = (500, 1000, 2000, 4000)
    content_s: float = 360.0
    poll_s: float = 0.1
    whole_request: bool = False
    """Throughput counts the wait for the first byte too; otherwise only the time in which data flowed."""

    @property
    def segments(self) -> int:
        """How many segments the content has."""
        return round(self.content_s / self.segment_s)


VOD4, VOD2 = Config("vod4", 4, 30), Config("vod2", 2, 30)
LIVE4, LIVE2 = Config("live4", 4, 12), Config("live2", 2, 12)
PRODUCT = Config("product", 2, 60, (250, 500, 1000, 2000, 4000))
CONFIGS = (VOD4, VOD2, LIVE4, LIVE2, PRODUCT)


@dataclass(slots=True)
class Session:
    """What a viewer got: the segments, and the start-up in seconds."""

    config: Config
    startup_s: float = 0.0
    records: list[Record] = field(default_factory=list)
    wasted_bits: float = 0.0
    """Of downloads that were abandoned."""

    @property
    def levels(self) -> list[int]:
        """The rung of each segment."""
        return [record["level"] for record in self.records]

    @property
    def stalls_s(self) -> list[float]:
        """Seconds of stalling just before each segment is shown."""
        return [record["stall_s"] for record in self.records]


def segment_sizes(config: Config, seed: str) -> list[list[float]]:
    """Bits of each segment at each level; one factor a segment, with a small part of each level's own."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    sizes = []
    for _ in range(config.segments):
        common = math.sqrt(1 - OWN) * dice.gauss(0, 1)
        own = [math.sqrt(OWN) * dice.gauss(0, 1) for _ in config.ladder_kbps]
        factors = [min(math.exp(SPREAD * (common + z) - SPREAD**2 / 2), CAP) for z in own]
        sizes.append([kbps * 1000 * config.segment_s * f for kbps, f in zip(config.ladder_kbps, factors, strict=True)])
    return sizes


class _Run:
    """A session under way: the clock, the buffer, and the request in flight."""

    def __init__(
        self, trace: Trace, config: Config, sizes: list[list[float]], controller: Controller, offset: float
    ) -> None:
        self.trace, self.config, self.sizes, self.controller = trace, config, sizes, controller
        self.offset, self.now, self.buffer, self.stalled = offset, 0.0, 0.0, 0.0
        self.playing = False
        self.ask = getattr(controller, "should_abandon", None)
        self.session = Session(config)

    def pass_time(self, seconds: float) -> None:
        """Let the clock run: a playing buffer drains, an empty one stalls."""
        self.now += seconds
        if self.playing:
            self.stalled += max(seconds - self.buffer, 0.0)
            self.buffer = max(self.buffer - seconds, 0.0)

    def make_room(self) -> None:
        """Wait until the next segment fits."""
        wait = self.buffer + self.config.segment_s - self.config.max_buffer_s
        if self.playing and wait > 0:
            self.pass_time(wait)
            if (told := getattr(self.controller, "on_wait", None)) is not None:
                told(wait)

    def level(self, level: object) -> int:
        """What the controller said, if it is a rung."""
        if not isinstance(level, int) or not 0 <= level < len(self.config.ladder_kbps):
            raise ValueError(
                f"{type(self.controller).__name__} chose {level!r} of {len(self.config.ladder_kbps)} levels"
            )
        return level

    def given_up(self, index: int, level: int, ttfb: float, end: float) -> tuple[float, int] | None:
        """(seconds after the request, lower level) at which the controller abandons it, if it does."""
        if self.ask is None or level == 0:
            return None
        start = self.offset + self.now
        before, poll = self.trace.carried(start + ttfb), self.config.poll_s
        tick = math.floor(ttfb / poll) + 1
        while (elapsed := tick * poll) < end:
            tick += 1
            lower = self.ask({
                "index": index, "level": level, "size_bits": self.sizes[index][level],
                "got_bits": self.trace.carried(start + elapsed) - before, "elapsed_s": elapsed, "ttfb_s": ttfb,
                "buffer_s": max(self.buffer - elapsed, 0.0) if self.playing else 0.0,
            })  # fmt: skip
            if lower is not None and self.level(lower) < level:
                return elapsed, lower
        return None

    def fetch(self, index: int, level: int) -> Record:
        """Download a segment, abandoning as often as the controller wants."""
        before, self.stalled, abandoned = self.buffer, 0.0, []
        while True:
            start = self.offset + self.now
            ttfb, bits = self.trace.latency_s(start), self.sizes[index][level]
            began = self.trace.carried(start + ttfb)
            took = self.trace.moment(began + bits) - start
            if (lower := self.given_up(index, level, ttfb, took)) is None:
                break
            self.session.wasted_bits += self.trace.carried(start + lower[0]) - began
            abandoned.append(level)
            self.pass_time(lower[0])
            level = lower[1]
        self.pass_time(took)
        self.buffer += self.config.segment_s
        return {
            "index": index, "level": level, "bytes": bits / 8, "duration_ms": took * 1000, "ttfb_ms": ttfb * 1000,
            "throughput_kbps": bits / (took if self.config.whole_request else max(took - ttfb, 1e-6)) / 1000,
            "buffer_before_s": before, "buffer_after_s": self.buffer, "stall_s": self.stalled,
            "t_ms": self.now * 1000, "abandoned": tuple(abandoned),
        }  # fmt: skip

    def run(self) -> Session:
        """All segments, first to last."""
        told = getattr(self.controller, "on_segment", None)
        records = self.session.records
        self.now = START_ROUND_TRIPS * self.trace.latency_s(self.offset)
        for index in range(len(self.sizes)):
            self.make_room()
            last = records[-1]["level"] if records else None
            record = self.fetch(index, self.level(self.controller.choose(self.buffer, last, records)))
            if not self.playing:
                self.playing, self.session.startup_s = True, self.now
            records.append(record)
            if told is not None:
                told(record)
        return self.session


def simulate(trace: Trace, config: Config, controller: Controller, *, seed: str = "", offset_s: float = 0.0) -> Session:
    """One session from an offset into the trace; the same trace and seed give the same segment sizes to everyone."""
    sizes = segment_sizes(config, f"{seed}/{config.name}/{trace.id}")
    controller.reset(config.ladder_kbps, config.segment_s, config.max_buffer_s, {"sizes_bits": sizes})
    return _Run(trace, config, sizes, controller, offset_s).run()
