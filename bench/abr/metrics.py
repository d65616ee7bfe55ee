"""What a session was worth, and how sure a difference is.

Linear quality of experience, for every 4 s of content: Mbit/s shown, less 4.3 for each second of stalling and start-up,
less the change of Mbit/s at every switch (Yin et al., SIGCOMM 2015). Logarithmic: ln(rate / 500) and 2.66 (Spiteri et
al.). GOOD and STRICT follow Krishnan and Sitaraman (IMC 2012) and industry benchmarks.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .simulator import Config, Session

UNIT_S, STALL_LINEAR, STALL_LOG, LOG_BASE_KBPS = 4.0, 4.3, 2.66, 500
OPENING_S = 20.0


@dataclass(frozen=True, slots=True)
class Scores:
    """A session in numbers."""

    linear: float
    log: float
    opening: float
    """Linear quality of the first 20 s of content."""
    rebuffering: float
    """Seconds stalled, as a share of the seconds spent watching (content and stalls)."""
    stall_s: float
    startup_s: float
    mean_kbps: float
    switches: int


def quality(config: Config, levels: Sequence[int], stalled_s: float, *, log: bool = False) -> float:
    """Mean quality per 4 s of the content of these levels; `stalled_s` is stalling and start-up."""
    if log:
        worth = [math.log(kbps / LOG_BASE_KBPS) for kbps in config.ladder_kbps]
    else:
        worth = [kbps / 1000 for kbps in config.ladder_kbps]
    units = len(levels) * config.segment_s / UNIT_S
    shown = sum(worth[level] for level in levels) * config.segment_s / UNIT_S
    changes = sum(abs(worth[a] - worth[b]) for a, b in pairwise(levels))
    return (shown - (STALL_LOG if log else STALL_LINEAR) * stalled_s - changes) / units


def score(session: Session) -> Scores:
    """All numbers of a session."""
    config, levels, stalls = session.config, session.levels, session.stalls_s
    stall, first = sum(stalls), max(round(OPENING_S / config.segment_s), 1)
    return Scores(
        linear=quality(config, levels, stall + session.startup_s),
        log=quality(config, levels, stall + session.startup_s, log=True),
        opening=quality(config, levels[:first], sum(stalls[:first]) + session.startup_s),
        rebuffering=stall / (len(levels) * config.segment_s + stall),
        stall_s=stall,
        startup_s=session.startup_s,
        mean_kbps=sum(config.ladder_kbps[level] for level in levels) / len(levels),
        switches=sum(a != b for a, b in pairwise(levels)),
    )


def good(scores: Scores, optimum_kbps: float) -> bool:
    """Rebuffering up to 1 %, start-up up to 4 s, mean bitrate from min(1000 kbps, 70 % of the optimum's)."""
    return (
        scores.rebuffering <= 0.01
        and scores.startup_s <= 4
        and scores.mean_kbps >= min(1000.0, 0.7 * optimum_kbps)
    )  # fmt: skip


def strict(scores: Scores, optimum_kbps: float) -> bool:
    """Rebuffering up to 0.5 %, start-up up to 2 s, mean bitrate from min(2000 kbps, 80 % of the optimum's)."""
    return (
        scores.rebuffering <= 0.005
        and scores.startup_s <= 2
        and scores.mean_kbps >= min(2000.0, 0.8 * optimum_kbps)
    )  # fmt: skip


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; not a number for none."""
    return sum(values) / len(values) if values else math.nan


def interval(values: Sequence[float], *, rounds: int = 4000, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean, each value being one trace (a paired difference, say)."""
    dice, count = random.Random(seed), len(values)  # noqa: S311 - repeatable, not secret
    means = sorted(sum(dice.choices(values, k=count)) / count for _ in range(rounds))
    return means[round(0.025 * (rounds - 1))], means[round(0.975 * (rounds - 1))]
