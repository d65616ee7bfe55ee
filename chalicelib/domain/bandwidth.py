"""What renditions ask of a network: measured where they are whole, promised where they are not yet."""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import ChunkResult, Rendition


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """Bits per second, container included: `peak` over any stretch of about one target duration, `average` over all."""

    peak: int
    average: int


def measure(chunks: Sequence[ChunkResult], target_s: int) -> Bandwidth:
    """Measure published chunks: peak over contiguous segments lasting 0.5 to 1.5 target durations (R 4.4.6.2)."""
    # Whole ticks of one scale: twelve hours of six renditions are measured while somebody waits.
    scale = lcm(*{c.timescale for c in chunks})
    segments = [(s.size, s.duration * (scale // c.timescale)) for c in chunks for s in c.segments]
    length = sum(duration for _, duration in segments)
    if not length:
        return Bandwidth(0, 0)
    target, peak = target_s * scale, 0
    for first in range(len(segments)):
        size = span = 0
        for index in range(first, len(segments)):
            bytes_, duration = segments[index]
            size, span = size + bytes_, span + duration
            if 2 * span > 3 * target:
                break
            if 2 * span >= target:
                peak = max(peak, size * 8 * scale // span)
    average = sum(size for size, _ in segments) * 8 * scale // length
    return Bandwidth(max(peak, average), average)


def declared(rendition: Rendition, measured: Bandwidth, *, final: bool) -> Bandwidth:
    """What to declare: the measurement once it is whole, until then never less than the rate control's ceiling."""
    if final:
        return measured
    ceiling = rendition.bitrate_kbps * 1100
    return Bandwidth(max(ceiling, measured.peak), measured.average or rendition.bitrate_kbps * 1000)


def combine(video: Bandwidth, audios: Sequence[Bandwidth]) -> Bandwidth:
    """What is declared covers whatever plays together: the picture, and the largest of its sounds (A9.13)."""
    return Bandwidth(
        video.peak + max((audio.peak for audio in audios), default=0),
        video.average + max((audio.average for audio in audios), default=0),
    )
