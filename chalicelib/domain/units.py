"""A job's work as its messages hold it: one unit is what one encoder process makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import planned_frames
from chalicelib.domain.job import TaskStatus
from chalicelib.domain.progress import chunk_seconds
from chalicelib.domain.schedule import work_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import JobPlan, Rendition, Task


@dataclass(frozen=True, slots=True)
class Part:
    """One rendition's share of a unit, with its row. A sound rendition's row is that of its last chunk."""

    rendition: Rendition
    row: Task | None
    done: bool
    cpu_s: float
    """CPU seconds of what is done of it; 0 when not known."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some renditions of one chunk, or one sound rendition whole (then `chunk` is its last). Lengths in seconds."""

    chunk: int
    media_s: float
    parts: tuple[Part, ...]

    @property
    def done(self) -> bool:
        """Everything in it is committed."""
        return all(part.done for part in self.parts)

    @property
    def sound(self) -> bool:
        """It is a whole sound rendition."""
        return self.parts[0].rendition.kind == "audio"

    @property
    def leased(self) -> tuple[Task, ...]:
        """The rows that somebody has taken and nobody has finished; not those that were given back."""
        rows = [part.row for part in self.parts if part.row is not None and not part.done]
        return tuple(row for row in rows if row.status is TaskStatus.LEASED and row.lease_until and row.started_at)

    @property
    def took_s(self) -> float | None:
        """Seconds from lease to last commit; None while it is open and when it was taken over from an earlier job.

        The span of what a second attempt finished says little: what FFmpeg took bounds it.
        """
        rows = self._worked
        if not self.done or not rows:
            return None
        span, wall_s = max(row.finished_at for row in rows) - min(row.started_at for row in rows), self.wall_s
        if not wall_s:
            return span
        return None if span < wall_s / 2 else min(span, 2 * wall_s + 5)

    @property
    def wall_s(self) -> float:
        """Seconds that FFmpeg took; 0 when not known."""
        return max((row.result.wall_s for row in self._worked if row.result is not None), default=0.0)

    @property
    def outside_s(self) -> float | None:
        """Seconds beside FFmpeg's: reading the plan, verifying, storing, committing."""
        took_s = self.took_s
        return max(0.0, took_s - self.wall_s) if took_s and self.wall_s else None

    @property
    def span(self) -> tuple[float, float] | None:
        """When it was begun and ended; None while it is open and when it took no time."""
        rows = self._worked
        if self.took_s is None:
            return None
        return min(row.started_at for row in rows), max(row.finished_at for row in rows)

    @property
    def _worked(self) -> tuple[Task, ...]:
        """The rows that were leased and committed."""
        rows = [part.row for part in self.parts if part.row is not None and part.done]
        return tuple(row for row in rows if 0 < row.started_at < row.finished_at)

    def held(self, now: float) -> bool:
        """Somebody is working on it."""
        return any(row.lease_until > now for row in self.leased)

    def elapsed_s(self, now: float) -> float:
        """Seconds since it was taken; 0 when nobody has it."""
        return max(0.0, now - min((row.started_at for row in self.leased), default=now))

    def fraction(self, plan: JobPlan) -> float:
        """How much of it the running attempt has behind it, 0 to 1. One process reports on one of its rows."""
        if self.sound:
            done_s = max((row.progress for row in self.leased), default=0) / 1000
            return min(1.0, done_s / self.media_s) if self.media_s else 0.0
        chunk = plan.chunks[self.chunk]
        shares = [
            part.row.progress / planned_frames(plan, part.rendition, chunk)
            for part in self.parts
            if part.row is not None and not part.done
        ]
        return min(1.0, max(shares, default=0.0))


def units_of(plan: JobPlan, tasks: Sequence[Task], *, taken: bool = False) -> list[Unit]:
    """Return a job's units in the order of its messages; with `taken` only those that have rows.

    Renditions are taken together, so all of a unit have rows or none has: those without one beside others that have
    were left out of `tasks`, and are left out here.
    """
    rows = {(task.rendition_id, task.chunk): task for task in tasks}
    lengths = [chunk_seconds(plan, chunk) for chunk in plan.chunks]
    units = []
    for names, chunks in work_order(plan):
        if taken and not any((name, chunks[-1]) in rows for name in names):
            continue
        parts = tuple(_part(plan.rendition(name), [rows.get((name, chunk)) for chunk in chunks]) for name in names)
        with_rows = tuple(part for part in parts if part.row is not None)
        units.append(Unit(chunks[-1], sum(lengths[chunk] for chunk in chunks), with_rows or parts))
    return units


def _part(rendition: Rendition, rows: list[Task | None]) -> Part:
    done = all(row is not None and row.status is TaskStatus.DONE for row in rows)
    cpu_s = sum(row.result.cpu_s for row in rows if row is not None and row.result is not None)
    return Part(rendition, rows[-1], done, cpu_s)
