"""How much of a player's report is believed: refused with a stable reason, clamped, or taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.abr.metrics import (
    Cleaned,
    Outcome,
    Refusal,
    RefusalReason,
    Seen,
    SegmentMetrics,
    body_time,
    bounded,
    number,
    rate_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import ABRConfig

MAX_KBPS = 10_000_000
"""10 Gbit/s: no viewer's network; a clock or a counter is wrong."""
INSTANT_MS = 3.0
"""A whole request in less comes from a cache on the device."""
SMALL_BYTES = 4096
"""So little is gone before a connection has reached its speed, unless it took a second or more."""
_SLOW_MS = 1000.0
_OVERSIZE = 4
"""No segment has more than so many times its level's ceiling, plus what a header or an init segment adds."""
_SLACK_BYTES = 65_536
_MAX_DURATION_MS = 600_000.0
_MAX_INDEX = 10_000_000
_MAX_STEP_MS = 3_600_000.0
"""A clock that leaps further is believed only when a second report agrees with it."""
_EARLY_MS = 5_000.0
"""How far a player's clock may be ahead of ours."""
_MAX_FPS = 240


def clean(metrics: SegmentMetrics, previous: Seen, config: ABRConfig, now_ms: float | None = None) -> Cleaned | Refusal:
    """Believe, clamp or refuse one report. Never raises, whatever the fields hold.

    `now_ms`: the session's age by a clock of ours, when there is one.
    """
    plain = {name: number(getattr(metrics, name)) for name in ("index", "level", "bytes", "duration_ms")}
    reason = _unfit(plain, metrics.outcome, config)
    if reason is None:
        reason = _size_unfit(plain, config)
    if reason is not None:
        return Refusal(reason, previous)
    stray = _stray(int(plain["index"] or 0), metrics.t_ms, previous, now_ms)
    if stray is not None:
        return stray
    return _believe(metrics, config)


def _unfit(plain: Mapping[str, float | None], outcome: object, config: ABRConfig) -> RefusalReason | None:
    """Judge the four numbers everything rests on, each alone."""
    index, level, size, duration_ms = plain["index"], plain["level"], plain["bytes"], plain["duration_ms"]
    if index is None or level is None or size is None or duration_ms is None:
        return RefusalReason.NOT_A_NUMBER
    checks = (
        (min(index, level, size, duration_ms) < 0, RefusalReason.NEGATIVE),
        (not isinstance(outcome, str) or outcome not in _OUTCOMES, RefusalReason.UNKNOWN_OUTCOME),
        (index > _MAX_INDEX or index != int(index), RefusalReason.UNKNOWN_SEGMENT),
        (level > config.profile.top or level != int(level), RefusalReason.UNKNOWN_LEVEL),
        (duration_ms == 0, RefusalReason.ZERO_DURATION),
        (duration_ms > _MAX_DURATION_MS, RefusalReason.ABSURD_DURATION),
        (size == 0 and outcome == Outcome.COMPLETE, RefusalReason.NO_BYTES),
    )
    return next((reason for wrong, reason in checks if wrong), None)


_OUTCOMES = frozenset(Outcome)


def _size_unfit(plain: Mapping[str, float | None], config: ABRConfig) -> RefusalReason | None:
    """Judge size and time together, once each is fit alone."""
    level, size, duration_ms = int(plain["level"] or 0), plain["bytes"] or 0.0, plain["duration_ms"] or 0.0
    ceiling = config.profile[level].kbps * 125 * config.segment_s
    if size > _OVERSIZE * ceiling + _SLACK_BYTES:
        return RefusalReason.BYTES_NOT_OF_LEVEL
    if duration_ms >= INSTANT_MS and 8 * size > MAX_KBPS * duration_ms:
        return RefusalReason.ABSURD_RATE
    return None


def _stray(index: int, reported: object, previous: Seen, now_ms: float | None) -> Refusal | None:
    """Refuse repeats, what comes late, and clocks that leap. Going back in the recording with time going on is fine."""
    t_ms = number(reported)
    if reported is not None and (t_ms is None or t_ms < 0):
        reason = RefusalReason.NOT_A_NUMBER if t_ms is None else RefusalReason.NEGATIVE
        return Refusal(reason, previous)
    if t_ms is not None and now_ms is not None and t_ms > now_ms + _EARLY_MS:
        return Refusal(RefusalReason.FUTURE, previous)
    if index == previous.index and previous.complete:
        return Refusal(RefusalReason.DUPLICATE, previous)
    if t_ms is None or previous.t_ms is None:
        late = previous.index is not None and index < previous.index
        return Refusal(RefusalReason.OUT_OF_ORDER, previous) if late else _leap(t_ms, 0.0, previous, now_ms)
    if t_ms < previous.t_ms:
        return Refusal(RefusalReason.OUT_OF_ORDER, previous)
    return _leap(t_ms, previous.t_ms, previous, now_ms)


def _leap(t_ms: float | None, last_ms: float, previous: Seen, now_ms: float | None) -> Refusal | None:
    """Doubt the first report after a leap of an hour, unless our own clock vouches for it."""
    if t_ms is None or now_ms is not None or t_ms - last_ms <= _MAX_STEP_MS:
        return None
    if previous.doubted_ms is not None and 0 <= t_ms - previous.doubted_ms <= _MAX_STEP_MS:
        return None
    return Refusal(RefusalReason.FUTURE, replace(previous, doubted_ms=t_ms))


def _believe(metrics: SegmentMetrics, config: ABRConfig) -> Cleaned:
    """Clamp what is left: buffers, stalls, frames and the first byte's time."""
    size, duration_ms = int(metrics.bytes), float(metrics.duration_ms)
    ttfb_ms = bounded(metrics.ttfb_ms, 0, duration_ms)
    body_ms = body_time(duration_ms, ttfb_ms or 0.0)
    total = int(bounded(metrics.total_frames, 0, _MAX_FPS * config.max_buffer_s) or 0)
    ceiling_s = config.max_buffer_s + config.segment_s
    return Cleaned(
        index=int(metrics.index),
        level=int(metrics.level),
        bytes=size,
        duration_s=duration_ms / 1000,
        ttfb_s=ttfb_ms / 1000 if ttfb_ms else None,
        body_s=body_ms / 1000,
        kbps=min(rate_of(size, duration_ms, ttfb_ms) or MAX_KBPS, MAX_KBPS)
        if _telling(size, duration_ms, body_ms)
        else None,
        buffer_before_s=bounded(metrics.buffer_before_s, 0, ceiling_s),
        buffer_after_s=bounded(metrics.buffer_after_s, 0, ceiling_s),
        stall_s=bounded(metrics.stall_s, 0, _MAX_DURATION_MS / 1000) or 0.0,
        dropped_frames=int(bounded(metrics.dropped_frames, 0, total) or 0),
        total_frames=total,
        played_level=_played(metrics, config),
        t_ms=number(metrics.t_ms),
        outcome=Outcome(metrics.outcome),
    )


def _played(metrics: SegmentMetrics, config: ABRConfig) -> int:
    played = number(metrics.played_level)
    known = played is not None and 0 <= played <= config.profile.top and played == int(played)
    return int(played if known and played is not None else metrics.level)


def _telling(size: int, duration_ms: float, body_ms: float) -> bool:
    """True when size and time say something about the link."""
    if not size or duration_ms < INSTANT_MS:
        return False
    return size >= SMALL_BYTES or body_ms >= _SLOW_MS
