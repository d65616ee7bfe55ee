"""What waits to be delivered, and in which order. Pure: the spool keeps it on disk.

A run is one unbroken stretch of an encoder's stream: one epoch, once it is claimed. Runs are delivered one after the
other, since claiming an epoch ends the one before it.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

_NAME = re.compile(r"([0-9]{8,12})-([0-9]{1,9})-([0-9]{1,15})\.ts")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment on disk that was not acknowledged yet."""

    run: int
    n: int
    size: int
    duration_s: float
    began_at: float
    """Unix seconds at which its first frame was captured."""

    @property
    def ended_at(self) -> float:
        """Unix seconds at which its last frame was captured."""
        return self.began_at + self.duration_s

    @property
    def filename(self) -> str:
        """Its name in the run's folder, which says all there is to know of it."""
        return f"{self.n:08d}-{round(self.duration_s * 1000)}-{round(self.began_at * 1000)}.ts"

    @property
    def name(self) -> str:
        """Its name at the server."""
        return f"{self.n}.ts"

    @classmethod
    def parse(cls, run: int, filename: str, size: int) -> Segment | None:
        """Read what `filename` says; None for a file of another kind."""
        found = _NAME.fullmatch(filename)
        return cls(run, int(found[1]), size, int(found[2]) / 1000, int(found[3]) / 1000) if found else None


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim an epoch for this run; its first segment was captured from `first_pdt` on."""

    run: int
    first_pdt: float


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver these segments of one epoch, the oldest first."""

    epoch: int
    segments: tuple[Segment, ...]


Work: TypeAlias = Claim | Send


@dataclass(slots=True)
class Run:
    """A run's epoch, None before it is claimed, and its segments in order."""

    id: int
    epoch: int | None = None
    segments: deque[Segment] = field(default_factory=deque)


class Backlog:
    """Runs and segments that wait, at most `max_bytes` of them."""

    def __init__(self, max_bytes: int) -> None:
        """Begin empty."""
        self._max_bytes = max_bytes
        self._runs: deque[Run] = deque()
        self._flying: set[tuple[int, int]] = set()
        self.size = 0
        """Bytes."""

    def __len__(self) -> int:
        return sum(len(run.segments) for run in self._runs)

    @property
    def seconds(self) -> float:
        """How much of the programme waits."""
        return sum(segment.duration_s for run in self._runs for segment in run.segments)

    @property
    def oldest(self) -> Segment | None:
        """The next to go."""
        return next((run.segments[0] for run in self._runs if run.segments), None)

    @property
    def newest(self) -> int:
        """The run that is being recorded, or was last; -1 before the first."""
        return self._runs[-1].id if self._runs else -1

    def begin(self, run: int, epoch: int | None = None) -> None:
        """Add a run; those before it get no more segments."""
        self._runs.append(Run(run, epoch))

    def add(self, segment: Segment) -> list[Segment]:
        """Append a segment to the newest run; returns the oldest ones that had to go to make room."""
        self._runs[-1].segments.append(segment)
        self.size += segment.size
        return self._make_room()

    def _make_room(self) -> list[Segment]:
        dropped: list[Segment] = []
        waiting = [segment for run in self._runs for segment in run.segments if not self._is_flying(segment)]
        for segment in waiting[:-1]:
            if self.size <= self._max_bytes:
                break
            self._remove(segment)
            dropped.append(segment)
        return dropped

    def next(self, limit: int) -> Work | None:
        """Return what to do next, at most `limit` segments of it; None while nothing waits. Sent ones are in flight."""
        for run in self._runs:
            if not run.segments:
                continue
            if run.epoch is None:
                return Claim(run.id, run.segments[0].began_at)
            chosen = tuple(run.segments)[:limit]
            self._flying = {(segment.run, segment.n) for segment in chosen}
            return Send(run.epoch, chosen)
        return None

    def landed(self) -> None:
        """Nothing is in flight any more."""
        self._flying = set()

    def claimed(self, run: int, epoch: int) -> None:
        """Note a run's epoch."""
        self._run(run).epoch = epoch

    def acknowledged(self, segment: Segment) -> None:
        """Forget a segment that was delivered."""
        self._remove(segment)

    def given_up(self, run: int) -> list[Segment]:
        """Forget all that waits of a run; returns it."""
        lost = list(self._run(run).segments)
        for segment in lost:
            self._remove(segment)
        return lost

    def finished(self) -> list[int]:
        """Forget the runs that are over and delivered; returns them."""
        over = [run.id for run in list(self._runs)[:-1] if not run.segments]
        self._runs = deque(run for run in self._runs if run.id not in over)
        return over

    def epoch_of(self, run: int) -> int | None:
        """Return a run's epoch, None before it is claimed."""
        return self._run(run).epoch

    def _is_flying(self, segment: Segment) -> bool:
        return (segment.run, segment.n) in self._flying

    def _run(self, run: int) -> Run:
        return next(known for known in self._runs if known.id == run)

    def _remove(self, segment: Segment) -> None:
        self._run(segment.run).segments.remove(segment)
        self.size -= segment.size
