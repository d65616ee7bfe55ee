"""What a player reports of each segment, and what of it is believed.

`duration_ms` runs from the request to the last byte and includes `ttfb_ms`; bandwidth is bytes over the rest of it.
`t_ms` is when the transfer ended, in milliseconds of the session on the player's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_BODY_MS = 10.0
"""Bytes that come in less have waited somewhere: no body is taken as shorter."""
_BURST = 0.05
"""A body that takes a smaller share of the request was gathered by a proxy on the way: the wait was the transfer."""


class Outcome(StrEnum):
    """How a transfer ended."""

    COMPLETE = "complete"
    ABORTED = "aborted"
    """Given up by the player, mostly to fetch a lower level: the bytes so far count."""
    FAILED = "failed"
    """Refused, reset or not found."""
    TIMEOUT = "timeout"


class RefusalReason(StrEnum):
    """Why a report is not believed."""

    NOT_A_NUMBER = "not_a_number"
    NEGATIVE = "negative"
    ZERO_DURATION = "zero_duration"
    NO_BYTES = "no_bytes"
    ABSURD_DURATION = "absurd_duration"
    ABSURD_RATE = "absurd_rate"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNKNOWN_LEVEL = "unknown_level"
    UNKNOWN_SEGMENT = "unknown_segment"
    BYTES_NOT_OF_LEVEL = "bytes_not_of_level"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class SegmentMetrics:
    """One transfer as reported; holds whatever was said. `clean` decides what is believed."""

    index: int
    """Which segment."""
    level: int
    """Index in the profile."""
    bytes: int
    """Received; for an aborted transfer, so far."""
    duration_ms: float
    ttfb_ms: float = 0.0
    """From the request to the first byte."""
    buffer_before_s: float | None = None
    buffer_after_s: float | None = None
    stall_s: float = 0.0
    """How long playback stood still for want of this segment; the start-up is no stall."""
    dropped_frames: int = 0
    total_frames: int = 0
    """Frames shown and dropped since the report before."""
    played_level: int | None = None
    """The level on screen meanwhile, whose frames these are; `level` when it is not said."""
    t_ms: float | None = None
    outcome: str = Outcome.COMPLETE

    @property
    def throughput_kbps(self) -> float:
        """Body bits over body time, in kbit/s; 0 where that is no finite positive number."""
        duration_ms = number(self.duration_ms)
        rate = rate_of(number(self.bytes), duration_ms, bounded(self.ttfb_ms, 0, duration_ms or 0.0))
        return rate if rate is not None else 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SegmentMetrics:
        """Take the fields that are known; what is missing but needed becomes None, which is refused later."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        return cls(**({"index": None, "level": None, "bytes": None, "duration_ms": None} | known))


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A transfer as believed. Seconds and kbit/s; None is not known."""

    index: int
    level: int
    bytes: int
    duration_s: float
    ttfb_s: float | None
    body_s: float
    kbps: float | None
    """None when the transfer says nothing about the link: too small, from a cache, or nothing arrived."""
    buffer_before_s: float | None
    buffer_after_s: float | None
    stall_s: float
    dropped_frames: int
    total_frames: int
    played_level: int
    t_ms: float | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report that changes nothing, and why."""

    reason: RefusalReason
    seen: Seen
    """What to compare the next report with."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was last believed: enough to recognise repeats and strays."""

    index: int | None = None
    t_ms: float | None = None
    complete: bool = True
    doubted_ms: float | None = None
    """Where a clock leapt to that nobody else has confirmed yet."""

    def after(self, cleaned: Cleaned) -> Seen:
        """Return what is known once a transfer is believed."""
        t_ms = self.t_ms if cleaned.t_ms is None else cleaned.t_ms
        return Seen(cleaned.index, t_ms, cleaned.outcome is Outcome.COMPLETE)


def number(value: object) -> float | None:
    """Return a finite float, or None for everything else: NaN, infinities, text, booleans, integers too large."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        plain = float(value)
    except OverflowError:
        return None
    return plain if isfinite(plain) else None


def bounded(value: object, low: float, high: float) -> float | None:
    """Return a finite number moved into [low, high], or None for what is no number."""
    plain = number(value)
    return None if plain is None else min(max(plain, low), high)


def rate_of(size: float | None, duration_ms: float | None, ttfb_ms: float | None) -> float | None:
    """Return kbit/s of the body; None without bytes or time."""
    if size is None or duration_ms is None or size <= 0 or duration_ms <= 0:
        return None
    return number(8 * size / body_time(duration_ms, ttfb_ms or 0.0))


def body_time(duration_ms: float, ttfb_ms: float) -> float:
    """Return the milliseconds the bytes took, at least LEAST_BODY_MS: all of them when they came in one burst."""
    body_ms = duration_ms - ttfb_ms
    return max(body_ms if body_ms >= _BURST * duration_ms else duration_ms, LEAST_BODY_MS)
