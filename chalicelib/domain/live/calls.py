"""What goes out to viewers of live streams on its way: to their queue, and to their connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """What one connection gets: texts in order, then, if asked for, its end. Without either: whether it is there."""

    connection_id: str
    texts: tuple[bytes, ...] = ()
    close: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls may begin: `burst` at once, then `rate` a second."""

    rate: float
    burst: float

    def begins_after_s(self, index: int) -> float:
        """Return when the call of that index, from 0, may begin: seconds after the first."""
        return max(0.0, (index + 1 - self.burst) / self.rate)

    def shared(self, among: int) -> Pace:
        """Return the part of one of several who call side by side."""
        return Pace(self.rate / among, self.burst / among)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of calls: how many texts went out, whose connection is gone, who did not take theirs in time."""

    sent: int = 0
    gone: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ordered:
    """A message for a queue that keeps the order of each group; `name` makes a second sending of it one with it."""

    group: str
    name: str
    body: str
