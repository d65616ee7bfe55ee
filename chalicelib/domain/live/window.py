"""The window of a live programme that viewers see.

Whatever arrives, in whatever order, it goes from one legal playlist to the next (R 6.2.2): entries are only added at
its end and taken away at its start.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from chalicelib.domain.live.buffer import SegmentBuffer
from chalicelib.domain.live.cursor import Cursor
from chalicelib.domain.live.entry import TICKS, Entry, fits, ticks
from chalicelib.domain.live.stream import DVR_WINDOW_S, TARGET_S

if TYPE_CHECKING:
    from chalicelib.domain.live.packaged import PackagedSegment

__all__ = ["Entry", "LiveWindow", "SegmentBuffer"]

FEWEST = 6
"""Segments that stay whatever happens (A8.11)."""
LEAST_TARGETS = 3
"""Target durations that stay (R 6.2.2)."""
PATIENCE_TARGETS = 2
"""Target durations for which what comes later waits for what is missing (LIVE §6)."""


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """Immutable: each step returns the next window, or the very same object when nothing changed."""

    target_s: int = TARGET_S
    window_s: int = DVR_WINDOW_S
    """Seconds that stay available: older entries go."""
    entries: tuple[Entry, ...] = ()
    discontinuity_sequence: int = 0
    """Discontinuities that have gone with their entries."""
    held: SegmentBuffer = field(default_factory=SegmentBuffer)
    cursor: Cursor = field(default_factory=Cursor)
    ended: bool = False

    @property
    def media_sequence(self) -> int:
        """Number of the first entry."""
        return self.entries[0].msn if self.entries else 0

    @property
    def edge(self) -> int:
        """Number of the last entry, -1 before the first."""
        return self.cursor.msn - 1

    @property
    def run(self) -> int:
        """Run of the last segment listed, -1 before the first."""
        return self.cursor.run

    @property
    def next_n(self) -> int:
        """Number that is expected next in this run."""
        return self.cursor.next_n

    @property
    def end_s(self) -> Fraction:
        """Media time at which the list ends, in its run's clock."""
        return self.cursor.end_s

    @property
    def length_s(self) -> Fraction:
        """Seconds of picture listed."""
        return sum((entry.duration_s for entry in self.entries), Fraction(0))

    @property
    def deadline(self) -> float | None:
        """When (Unix seconds) `tick` gives up on what is missing; None while nothing waits."""
        since = self.held.since
        return None if since is None else since + PATIENCE_TARGETS * self.target_s

    def accept(self, segment: PackagedSegment, now: float, first: int = 0) -> LiveWindow:
        """Take a packaged segment, in any order and any number of times. `first` is the number its run begins with.

        It is listed when all before it are, or when they have been waited for long enough. The same object returns
        for one that is known, too late for its place, too long to be listed, or after the end.
        """
        place = (segment.run, segment.n)
        late = place < (self.run, self.next_n) or (segment.run > self.run and segment.n < first)
        if self.ended or late or place in self.held or not fits(segment, self.target_s):
            return self
        return replace(self, held=self.held.add(segment, now, first)).tick(now)

    def tick(self, now: float) -> LiveWindow:
        """Give up on what has been missing for two target durations: its time becomes a gap."""
        return self._released(now)

    def end(self, now: float) -> LiveWindow:
        """List all that waits, with gaps for what is missing. Nothing changes the window any more."""
        return self if self.ended else replace(self._released(now, everything=True), ended=True)

    def window_at(self, after_msn: int) -> tuple[Entry, ...] | None:
        """Return the entries after one that a viewer has; None when they are gone, or when that one never was."""
        first = after_msn + 1 - self.media_sequence
        return self.entries[first:] if 0 <= first <= len(self.entries) else None

    def _released(self, now: float, *, everything: bool = False) -> LiveWindow:
        window = self
        while window.held and (everything or window._is_due(now)):
            window = window._listed(window.held.head.segment)
        return _trimmed(window)

    def _is_due(self, now: float) -> bool:
        head = self.held.head
        expected = self.next_n if head.segment.run == self.run else head.first
        return head.segment.n == expected or (self.deadline is not None and now >= self.deadline)

    def _listed(self, segment: PackagedSegment) -> LiveWindow:
        cursor, gaps = self.cursor, list[Entry]()
        missing_s = cursor.missing_s(segment, self.target_s)
        if missing_s:
            cursor, gaps = cursor.after_gap(missing_s, self.target_s)
        cursor, made = cursor.after(segment)
        return replace(self, cursor=cursor, entries=(*self.entries, *gaps, *made), held=self.held.behead())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, small ones: the whole window is written with every segment."""
        inits = list(dict.fromkeys(entry.init for entry in self.entries))
        places = {init: place for place, init in enumerate(inits)}
        return {
            "target_s": self.target_s,
            "window_s": self.window_s,
            "first": self.media_sequence,
            "inits": inits,
            "entries": [entry.to_row(places[entry.init]) for entry in self.entries],
            "discontinuity_sequence": self.discontinuity_sequence,
            "held": self.held.to_list(),
            "cursor": self.cursor.to_dict(),
            "ended": self.ended,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LiveWindow:
        """Read what `to_dict` wrote."""
        rows = enumerate(data["entries"], data["first"])
        return cls(
            target_s=data["target_s"],
            window_s=data["window_s"],
            entries=tuple(Entry.from_row(row, msn, data["inits"]) for msn, row in rows),
            discontinuity_sequence=data["discontinuity_sequence"],
            held=SegmentBuffer.from_list(data["held"]),
            cursor=Cursor.from_dict(data["cursor"]),
            ended=data["ended"],
        )


def _trimmed(window: LiveWindow) -> LiveWindow:
    keep = max(window.window_s, LEAST_TARGETS * window.target_s) * TICKS
    lengths = [ticks(min(entry.duration_s, entry.audio_s or entry.duration_s)) for entry in window.entries]
    left, gone = sum(lengths), 0
    while len(lengths) - gone > FEWEST and left - lengths[gone] >= keep:
        left -= lengths[gone]
        gone += 1
    if not gone:
        return window
    cuts = sum(entry.discontinuity for entry in window.entries[:gone])
    return replace(window, entries=window.entries[gone:], discontinuity_sequence=window.discontinuity_sequence + cuts)
