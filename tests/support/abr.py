"""Reports of a link, for tests of adaptive sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr import Cleaned, Outcome, SegmentMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.abr import AdaptiveBitrateManager


def report(
    index: int, level: int, kbps: float, *, ladder: tuple[int, ...] = (250, 500, 1000, 2000, 4000), **more: Any
) -> SegmentMetrics:
    """A complete two-second segment that came at this rate, 40 ms after it was asked for."""
    size = round(ladder[level] * 250)
    told = SegmentMetrics(index=index, level=level, bytes=size, duration_ms=40 + 8 * size / kbps, ttfb_ms=40)
    return replace(told, **more)


def transfer(kbps: float | None, *, ttfb_s: float | None = 0.04, **more: Any) -> Cleaned:
    """A believed transfer of one second."""
    told = Cleaned(
        index=0, level=0, bytes=round((kbps or 0) * 125), duration_s=1.0, ttfb_s=ttfb_s, body_s=1.0, kbps=kbps,
        buffer_before_s=None, buffer_after_s=None, stall_s=0.0, dropped_frames=0, total_frames=0, played_level=0,
        t_ms=None, outcome=Outcome.COMPLETE,
    )  # fmt: skip
    return replace(told, **more)


def play(manager: AdaptiveBitrateManager, link_kbps: Iterable[float], *, first: int = 0) -> list[int]:
    """Fetch what the manager chooses, one segment for each bandwidth; return the bitrates chosen."""
    chosen = []
    for index, kbps in enumerate(link_kbps, first):
        level = manager.select_quality()
        chosen.append(level.kbps)
        manager.record_segment_metrics(report(index, level.index, kbps, ladder=manager.config.profile.kbps))
    return chosen
