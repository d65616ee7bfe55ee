"""From what a session remembers to what the next choice depends on."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from chalicelib.domain.abr.conditions import NetworkClass
from chalicelib.domain.abr.link import Prior, observe, start
from chalicelib.domain.abr.selector import Situation

if TYPE_CHECKING:
    from chalicelib.domain.abr.levels import ABRConfig
    from chalicelib.domain.abr.link import LinkState
    from chalicelib.domain.abr.state import SessionState

_USUAL_RTT_S = 0.08
"""Until a first byte has been timed."""
_CERTAIN = 1e6
"""Weight of a prior that nothing else is set against."""
_MEASURED = 3
"""Transfers after which the browser's own guess of the connection no longer counts."""


def situation(
    config: ABRConfig, state: SessionState, network: NetworkClass, bandwidth_kbps: float | None = None
) -> Situation:
    """Return how things are, or how they would be had this bandwidth just been measured."""
    latency = state.network.stats.latency_s
    return Situation(
        link=_link(config, state.link, bandwidth_kbps),
        buffer_s=_buffer(config, state, asked=bandwidth_kbps is not None),
        last_level=state.last_level,
        sizes_bits=tuple(8.0 * size for size in state.sizes_bytes or usual_bytes(config)),
        rtt_s=_USUAL_RTT_S if latency is None else latency,
        barred=barred_now(config, state),
        up_streak=state.up_streak,
        settled=bandwidth_kbps is not None and state.buffer_s is None,
        offline=network is NetworkClass.OFFLINE and bandwidth_kbps is None,
    )


def usual_bytes(config: ABRConfig) -> tuple[int, ...]:
    """Return a segment's bytes at each level's ceiling."""
    return tuple(max(1, round(kbps * 125 * config.segment_s)) for kbps in config.profile.kbps)


def barred_now(config: ABRConfig, state: SessionState) -> dict[int, str]:
    """Return the levels that may not be played: by experience first, then the device, then whoever set a cap."""
    limits = state.device.limits(config.profile, measured=state.link.samples >= _MEASURED)
    barred: dict[int, str] = {**limits.barred, **state.tracker.avoided()}
    for name, kbps in sorted(state.caps.items()):
        for level in config.profile.levels[1:]:
            if level.kbps > kbps:
                barred.setdefault(level.index, name)
    return barred


def _link(config: ABRConfig, link: LinkState, bandwidth_kbps: float | None) -> LinkState:
    if bandwidth_kbps is None:
        return link
    known = link if link.samples else start(Prior(log(bandwidth_kbps), _CERTAIN))
    return observe(known, bandwidth_kbps, config.segment_s)


def _buffer(config: ABRConfig, state: SessionState, *, asked: bool) -> float:
    """Return the buffer; unknown, it is empty at a start and half full for who asks about a bandwidth alone."""
    if state.buffer_s is not None:
        return state.buffer_s
    return config.max_buffer_s / 2 if asked else 0.0
