"""Figures of a link over its last transfers.

A player sees neither packets nor retransmissions. Latency is the time to the first byte, so it includes the server's
own; loss is the share of requests that failed or timed out, and of transfers that collapsed to a quarter of what was
usual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import Outcome, bounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.metrics import Cleaned

WINDOW = 20
"""Transfers that figures are taken over: O(1) state, 40 s of video."""
_COLLAPSE, _LATELY = 0.25, 5
"""A collapse brings less than a quarter of the last five transfers' median."""
_SHARE_GAIN = 1 / 16
_LATENCY_GAIN, _JITTER_GAIN, _FLOOR_GAIN = 1 / 8, 1 / 4, 1 / 16
"""The first two as in RFC 6298 for a round trip's smoothed mean and deviation."""


@dataclass(frozen=True, slots=True)
class NetworkStats:
    """Figures of a link, in kbit/s, seconds and shares of 1. Immutable; `after` gives the next."""

    kbps: tuple[float, ...] = ()
    """The last transfers' bandwidth, oldest first, at most WINDOW."""
    transfers: int = 0
    """All that were believed, also those that measured no bandwidth."""
    latency_s: float | None = None
    """Decayed mean of the time to the first byte."""
    latency_floor_s: float | None = None
    """Its least, forgetting slowly: what the path costs without queues."""
    jitter_s: float = 0.0
    failure_share: float = 0.0
    collapse_share: float = 0.0
    failures_in_a_row: int = 0
    """Requests lately that brought not a byte."""

    @property
    def mean_kbps(self) -> float:
        """Arithmetic mean over the window; 0 when nothing was measured."""
        return sum(self.kbps) / len(self.kbps) if self.kbps else 0.0

    def percentile(self, share: float) -> float:
        """Bandwidth that this share of the window's transfers stays below, interpolated; 0 when it is empty."""
        if not self.kbps:
            return 0.0
        ranked = sorted(self.kbps)
        place = min(max(share, 0.0), 1.0) * (len(ranked) - 1)
        low = int(place)
        high = min(low + 1, len(ranked) - 1)
        return ranked[low] + (place - low) * (ranked[high] - ranked[low])

    @property
    def variation(self) -> float:
        """Standard deviation over mean; 0 for fewer than two transfers."""
        mean = self.mean_kbps
        if len(self.kbps) < 2 or not mean:  # noqa: PLR2004
            return 0.0
        return sqrt(sum((x - mean) ** 2 for x in self.kbps) / (len(self.kbps) - 1)) / mean

    @property
    def loss(self) -> float:
        """What went wrong of all requests: failed, timed out, or collapsed."""
        return min(1.0, self.failure_share + self.collapse_share)

    @property
    def trend(self) -> float:
        """Relative change of bandwidth from one transfer to the next, by least squares on its logarithm."""
        count = len(self.kbps)
        if count < 3:  # noqa: PLR2004  a line through two points is no trend
            return 0.0
        middle = (count - 1) / 2
        logs = [log(x) for x in self.kbps]
        slope = sum((i - middle) * y for i, y in enumerate(logs)) / sum((i - middle) ** 2 for i in range(count))
        return exp(slope) - 1

    def after(self, transfer: Cleaned) -> NetworkStats:
        """Return the figures with one more transfer."""
        failed = transfer.outcome in {Outcome.FAILED, Outcome.TIMEOUT}
        stats = replace(
            self,
            transfers=self.transfers + 1,
            failure_share=self.failure_share + _SHARE_GAIN * (failed - self.failure_share),
            failures_in_a_row=self.failures_in_a_row + 1 if failed and not transfer.bytes else 0,
        )
        if transfer.ttfb_s is not None and not failed:
            stats = _with_latency(stats, transfer.ttfb_s)
        return stats if transfer.kbps is None else _with_bandwidth(stats, transfer.kbps)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"kbps": list(self.kbps)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NetworkStats:
        """Read what `to_dict` wrote; what is missing or no number becomes what it is at the start."""
        listed = data.get("kbps")
        rates = (bounded(x, 0.1, 1e7) for x in (listed if isinstance(listed, list) else []))
        return cls(
            kbps=tuple(rate for rate in rates if rate is not None)[-WINDOW:],
            transfers=int(bounded(data.get("transfers"), 0, 1e9) or 0),
            latency_s=bounded(data.get("latency_s"), 0, 600),
            latency_floor_s=bounded(data.get("latency_floor_s"), 0, 600),
            jitter_s=bounded(data.get("jitter_s"), 0, 600) or 0.0,
            failure_share=bounded(data.get("failure_share"), 0, 1) or 0.0,
            collapse_share=bounded(data.get("collapse_share"), 0, 1) or 0.0,
            failures_in_a_row=int(bounded(data.get("failures_in_a_row"), 0, 1e9) or 0),
        )


def _with_latency(stats: NetworkStats, ttfb_s: float) -> NetworkStats:
    if stats.latency_s is None or stats.latency_floor_s is None:
        return replace(stats, latency_s=ttfb_s, latency_floor_s=ttfb_s, jitter_s=0.0)
    off = abs(ttfb_s - stats.latency_s)
    return replace(
        stats,
        latency_s=stats.latency_s + _LATENCY_GAIN * (ttfb_s - stats.latency_s),
        latency_floor_s=min(ttfb_s, stats.latency_floor_s + _FLOOR_GAIN * (ttfb_s - stats.latency_floor_s)),
        jitter_s=stats.jitter_s + _JITTER_GAIN * (off - stats.jitter_s),
    )


def _with_bandwidth(stats: NetworkStats, kbps: float) -> NetworkStats:
    lately = sorted(stats.kbps[-_LATELY:])
    collapsed = bool(lately) and kbps < _COLLAPSE * lately[len(lately) // 2]
    kept = (*stats.kbps, max(round(kbps, 1), 0.1))[-WINDOW:]
    share = stats.collapse_share + _SHARE_GAIN * (collapsed - stats.collapse_share)
    return replace(stats, kbps=kept, collapse_share=share)
