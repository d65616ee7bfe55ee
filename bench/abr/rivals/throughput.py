"""The rule of most players' first generation: what came lately will come again.

Jiang, Sekar and Zhang, "Improving fairness, efficiency, and stability in HTTP-based adaptive video streaming with
FESTIVE" (CoNEXT 2012) argue for the harmonic mean; dash.js takes 0.9 of its estimate, and abandons what would take 1.8
times its own length (AbandonRequestsRule; Spiteri, Sitaraman and Sparacio, MMSys 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rule import Rule, body_kbps, harmonic_mean, in_flight_kbps

if TYPE_CHECKING:
    from ..simulator import Progress, Record

SAFETY, SAMPLES = 0.9, 5
GRACE_S, TOO_LONG = 0.5, 1.8


def dash_abandons(rule: Rule, progress: Progress) -> int | None:
    """dash.js's rule: half a second in, a download that will take 1.8 segments gives way to one that comes sooner."""
    kbps, level = in_flight_kbps(progress), progress["level"]
    left_bits = progress["size_bits"] - progress["got_bits"]
    if progress["elapsed_s"] < GRACE_S or progress["got_bits"] <= 0:
        return None
    if progress["elapsed_s"] + left_bits / (kbps * 1000) <= TOO_LONG * rule.segment_s:
        return None
    lower = rule.sustainable(kbps * SAFETY, progress["ttfb_s"])
    size = progress["size_bits"] * rule.kbps[lower] / rule.kbps[level]
    return lower if lower < level and size < left_bits else None


class Throughput(Rule):
    """The highest rung within 0.9 of the harmonic mean of the last five segments."""

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The lowest first."""
        del buffer_s, last_level
        if not history:
            return 0
        kbps = harmonic_mean([body_kbps(record) for record in history[-SAMPLES:]])
        return self.sustainable(SAFETY * kbps, history[-1]["ttfb_ms"] / 1000)

    def should_abandon(self, progress: Progress) -> int | None:
        """As dash.js does."""
        return dash_abandons(self, progress)
