"""What is known of a viewer's link: a fast level, a slow one, how much it jumps, how far away the server is.

Two exponential means of the logarithm of bandwidth (a product of many small causes, so its logarithm is what varies
evenly) and a mean absolute error of the fast one, as Holt-style filters keep them: O(1) whatever the session's length.
`web/assets/abr/link.js` is its twin, operation by operation; the trained tables hold for these constants alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.elementary import exp, log

if TYPE_CHECKING:
    from collections.abc import Mapping

FAST, SLOW, JUMP = 0.6, 0.2, 0.12
"""Gains: how much of a new transfer enters the fast level, the slow one, and the volatility."""
DEFAULT_KBPS = 1500.0
DEFAULT_VOLATILITY = 0.3
WORST_ERROR = 1.5
"""An error above this (a factor of 4.5) says no more about the next one than this does."""
LEAST_KBPS, MOST_KBPS = 1.0, 1e7
MOST_SAMPLES = 1e9
KEPT_LEVEL, KEPT_SLOW = 0.1, 0.3
"""Parts of what was assumed that survive the first transfer."""
_LEAST_S = 0.05
"""A shorter body says less in proportion."""
DOUBT_S, DOUBT_KBIT = 1.0, 50.0
"""A transfer in flight counts half after this time; before, it is mixed with so much at the rate expected."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What earlier sessions on the same network came to: mean of ln(kbps), and how many sessions' worth it is."""

    mean_log_kbps: float
    weight: float


@dataclass(frozen=True, slots=True)
class LinkState:
    """A link after some transfers. Levels are ln(kbps), volatility is in the same unit, `rtt_s` 0 while unknown."""

    level: float
    slow: float
    volatility: float
    samples: int
    rtt_s: float = 0.0

    def to_json(self) -> dict[str, float]:
        """Return plain numbers."""
        return {
            "level": self.level, "slow": self.slow, "volatility": self.volatility,
            "samples": self.samples, "rtt_s": self.rtt_s,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LinkState:
        """Read them back; KeyError, TypeError or ValueError when they are none or cannot be a link's."""
        level, slow = (_within(data[name], log(LEAST_KBPS), log(MOST_KBPS)) for name in ("level", "slow"))
        samples = int(_within(data["samples"], 0.0, MOST_SAMPLES))
        return cls(
            level, slow, _within(data["volatility"], 0.0, WORST_ERROR), samples, _within(data["rtt_s"], 0.0, 60.0)
        )


def _within(value: Any, least: float, most: float) -> float:
    try:
        known = float(value)
    except OverflowError:  # JSON's whole numbers have no limit
        raise ValueError("not a number of a link's") from None
    if not isfinite(known):
        raise ValueError("not a finite number")
    return min(max(known, least), most)


def start(prior: Prior | None = None) -> LinkState:
    """Return a link nobody has used yet; a prior of weight 1 counts as much as the default."""
    level = log(DEFAULT_KBPS)
    if prior is not None and prior.weight > 0:
        mean = min(max(prior.mean_log_kbps, log(LEAST_KBPS)), log(MOST_KBPS))
        level = level + (mean - level) * (prior.weight / (prior.weight + 1.0))
    return LinkState(level, level, DEFAULT_VOLATILITY, 0)


def observe(link: LinkState, kbps: float, seconds: float, rtt_s: float = 0.0) -> LinkState:
    """Take in a finished transfer: mean rate and length in time of its body, wait for its first byte (0: unknown)."""
    if isnan(kbps):
        return link
    x = log(min(max(kbps, LEAST_KBPS), MOST_KBPS))
    n = link.samples
    rtt = _nearer(link.rtt_s, rtt_s)
    if n == 0:
        level = x + (link.level - x) * KEPT_LEVEL
        return LinkState(level, x + (link.slow - x) * KEPT_SLOW, link.volatility, 1, rtt)
    weight = min(seconds / _LEAST_S, 1.0) if seconds > 0 else 0.0
    error = min(abs(x - link.level), WORST_ERROR)
    return LinkState(
        link.level + (x - link.level) * (FAST * weight),
        link.slow + (x - link.slow) * (max(SLOW, 1.0 / (n + 2.0)) * weight),
        link.volatility + (error - link.volatility) * (max(JUMP, 1.0 / (n + 3.0)) * weight),
        n + 1,
        rtt,
    )


def glimpse(link: LinkState, got_bits: float, seconds: float) -> LinkState:
    """Take in a transfer in flight: so many bits of body in so many seconds. Silence counts for ever less."""
    if not seconds > 0 or isnan(got_bits):
        return link
    expected = exp(link.level)
    x = log((got_bits / 1000.0 + DOUBT_KBIT) / (seconds + DOUBT_KBIT / expected))
    x = min(max(x, log(LEAST_KBPS)), log(MOST_KBPS))
    return replace(link, level=link.level + (x - link.level) * (seconds / (seconds + DOUBT_S)))


def as_prior(link: LinkState) -> Prior:
    """Return what this session says to a later one on the same network; at most four of the default's weight."""
    return Prior(link.slow, min(link.samples / 5.0, 4.0))


def _nearer(known_s: float, rtt_s: float) -> float:
    """Follow the shortest waits: a longer one has queues in it, and only slowly becomes the distance."""
    if not rtt_s > 0:
        return known_s
    if known_s <= 0 or rtt_s < known_s:
        return min(rtt_s, 60.0)
    return known_s + (min(rtt_s, 60.0) - known_s) * 0.1
