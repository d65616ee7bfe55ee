"""One line group of a live playlist, and which packaged segments may become one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.domain.live.packaged import PackagedRendition, PackagedSegment

DECIMALS = 5
"""Of an EXTINF."""
TICKS = 100_000
LONGEST_OVER_S = Fraction("0.49")
"""How much longer than the target duration a piece may be: rounded it is then still no longer (R 4.4.3.1)."""
SHORTEST_S = Fraction("0.001")


@dataclass(frozen=True, slots=True)
class Entry:
    """One segment of a live playlist, or one piece of a gap. Durations are rounded to the EXTINF's five decimals."""

    msn: int
    """Media sequence number."""
    run: int
    n: int
    """Number the encoder gave; of a gap, the first that is missing."""
    part: int
    name: str
    """File in every rendition's folder; a gap's does not exist."""
    init: str
    """File of the init segment that decodes it."""
    duration_s: Fraction
    """Of the picture; of the sound, where there is nothing else."""
    audio_s: Fraction
    """Of the sound; 0 where there is none."""
    pdt: float
    """Unix seconds, to the millisecond, at which its first frame was captured."""
    discontinuity: bool = False
    gap: bool = False

    def to_row(self, init: int) -> list[Any]:
        """Return plain JSON values without `msn`; `init` stands for the name of the init segment."""
        durations = ticks(self.duration_s), ticks(self.audio_s)
        flags = 2 * self.gap + self.discontinuity
        return [self.run, self.n, self.part, self.name, init, *durations, self.pdt, flags]

    @classmethod
    def from_row(cls, row: list[Any], msn: int, inits: list[str]) -> Entry:
        """Read what `to_row` wrote."""
        run, n, part, name, init, duration, audio, pdt, flags = row
        durations = Fraction(duration, TICKS), Fraction(audio, TICKS)
        return cls(msn, run, n, part, name, inits[init], *durations, pdt, bool(flags & 1), bool(flags & 2))


def ticks(duration_s: Fraction) -> int:
    """Return an entry's duration in units of its last decimal. A window has thousands, and fractions are slow."""
    return duration_s.numerator * (TICKS // duration_s.denominator)


def sound_of(segment: PackagedSegment) -> PackagedRendition | None:
    """The rendition that is sound, if the segment has any."""
    return next((r for r in segment.renditions if r.pieces and not r.pieces[0].key_frame), None)


def fits(segment: PackagedSegment, target_s: int) -> bool:
    """True when all pieces may be listed: as many in every rendition, none longer than the target duration allows.

    What does not fit is treated as lost. Packaging asks before it keeps a segment.
    """
    longest = target_s + LONGEST_OVER_S
    pieces = [piece for rendition in segment.renditions for piece in rendition.pieces]
    counts = {len(rendition.pieces) for rendition in segment.renditions}
    return len(counts) == 1 and bool(pieces) and all(SHORTEST_S <= piece.duration_s <= longest for piece in pieces)
