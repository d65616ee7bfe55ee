"""Segments that came before one that precedes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.live.packaged import PackagedSegment


@dataclass(frozen=True, slots=True)
class Held:
    """A segment that waits: since when (Unix seconds), and with which number its run begins."""

    segment: PackagedSegment
    since: float
    first: int

    @property
    def place(self) -> tuple[int, int]:
        """Run and number: the order of the programme."""
        return self.segment.run, self.segment.n


@dataclass(frozen=True, slots=True)
class SegmentBuffer:
    """What waits, in the order of the programme whatever the order of arrival; each segment once."""

    waiting: tuple[Held, ...] = ()

    def __len__(self) -> int:
        return len(self.waiting)

    def __contains__(self, place: object) -> bool:
        return any(held.place == place for held in self.waiting)

    @property
    def head(self) -> Held:
        """The one that is next in the programme; raises IndexError when nothing waits."""
        return self.waiting[0]

    @property
    def since(self) -> float | None:
        """Since when the one that came first has waited (Unix seconds); None when nothing does."""
        return min((held.since for held in self.waiting), default=None)

    def add(self, segment: PackagedSegment, now: float, first: int = 0) -> SegmentBuffer:
        """Let a segment wait."""
        return SegmentBuffer(tuple(sorted((*self.waiting, Held(segment, now, first)), key=lambda held: held.place)))

    def behead(self) -> SegmentBuffer:
        """Return what waits behind the head."""
        return SegmentBuffer(self.waiting[1:])

    def to_list(self) -> list[Any]:
        """Return plain JSON values."""
        return [[held.segment.to_dict(), held.since, held.first] for held in self.waiting]

    @classmethod
    def from_list(cls, data: list[Any]) -> SegmentBuffer:
        """Read what `to_list` wrote."""
        return cls(tuple(Held(PackagedSegment.from_dict(segment), since, first) for segment, since, first in data))
