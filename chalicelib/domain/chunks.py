"""Cutting a timeline into chunks (parallel encoding) of whole segments (delivery)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

HEAD = (1, 2, 4, 8)
"""Segments in the first chunks: playing starts after one segment and stays ahead while chunks grow."""
FULL = 15
"""Segments in a full chunk: 30 s, where chunking costs about 5 % CPU over one pass (ENCODING §5)."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """`segments` whole segments from `first_segment` on; the last chunk's last segment may be shorter."""

    index: int
    first_segment: int
    segments: int

    def start_s(self, segment_s: Fraction) -> Fraction:
        """Seconds from the first video frame."""
        return self.first_segment * segment_s


def plan_chunks(duration_s: Fraction, segment_s: Fraction) -> tuple[Chunk, ...]:
    """Cover `duration_s` with chunks of 1, 2, 4, 8, then 15 segments.

    A tail shorter than one segment stays with the segments before it, so that a duration that was
    rounded up by the container can never plan a chunk without frames.
    """
    total = max(1, ceil(duration_s / segment_s))
    whole = max(1, int(duration_s / segment_s))
    chunks: list[Chunk] = []
    first = 0
    while first < whole:
        size = HEAD[len(chunks)] if len(chunks) < len(HEAD) else FULL
        if first + size >= whole:
            size = total - first
        chunks.append(Chunk(len(chunks), first, size))
        first += size
    return tuple(chunks)
