"""Turning task rows into what a person wants to know: how far, how fast, playable up to where."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import planned_frames
from chalicelib.domain.job import JobStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import Job, JobPlan, Rendition, Task


@dataclass(frozen=True, slots=True)
class RenditionProgress:
    """One rendition: `done_s` seconds encoded in all, `available_s` without a hole from the start.

    Just now, over all who work on it: `fps` frames, and `speed` seconds of media, encoded a second.
    """

    rendition: Rendition
    chunks_done: int
    done_s: float
    available_s: float
    percent: float
    fps: float
    speed: float = 0.0

    @property
    def status(self) -> JobStatus:
        """Pending, in-progress or completed."""
        if self.percent >= 100:  # noqa: PLR2004
            return JobStatus.COMPLETED
        return JobStatus.IN_PROGRESS if self.done_s or self.speed else JobStatus.PENDING


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A whole job; `percent` weighs each rendition by the work it is."""

    percent: float
    renditions: tuple[RenditionProgress, ...]


class ProgressTracker:
    """Computes a job's progress from its tasks. Stateless between calls; times are Unix seconds."""

    def __init__(self, job: Job, tasks: Sequence[Task], now: float) -> None:
        self._job = job
        self._plan = job.plan
        self._tasks = {(t.rendition_id, t.chunk): t for t in tasks}
        self._now = now

    def progress(self) -> JobProgress:
        """Return the job's progress at the moment given."""
        renditions = tuple(self._of(r) for r in self._plan.renditions)
        work = [_work(r.rendition) for r in renditions]
        total = sum(work) or 1.0
        percent = round(sum(r.percent * w for r, w in zip(renditions, work, strict=True)) / total, 1)
        whole = all(r.status is JobStatus.COMPLETED for r in renditions)
        return JobProgress(100.0 if whole else min(99.9, percent), renditions)

    def _of(self, rendition: Rendition) -> RenditionProgress:
        whole = self._job.status is JobStatus.COMPLETED
        done = available = 0.0
        chunks_done = 0
        fps = speed = 0.0
        unbroken = True
        for chunk in self._plan.chunks:
            length = chunk_seconds(self._plan, chunk)
            task = self._tasks.get((rendition.id, chunk.index))
            if whole or (task is not None and task.status is TaskStatus.DONE):
                done, chunks_done = done + length, chunks_done + 1
                available += length if unbroken else 0.0
                continue
            unbroken = False
            if task is not None and task.lease_until > self._now:
                done += min(length, _running_seconds(self._plan, rendition, chunk, task))
                fps += task.fps
                speed += _speed(rendition, task, self._now)
        total = sum(chunk_seconds(self._plan, c) for c in self._plan.chunks) or 1.0
        complete = chunks_done == len(self._plan.chunks)
        percent = 100.0 if complete else min(99.9, 100 * done / total)
        return RenditionProgress(
            rendition, chunks_done, done, available, round(percent, 1), round(fps, 1), round(speed, 2)
        )


def chunk_seconds(plan: JobPlan, chunk: Chunk) -> float:
    """Length of a chunk; the last one ends with the source."""
    full = chunk.segments * plan.segment_s
    return float(min(full, max(Fraction(0), plan.media.duration_s - chunk.start_s(plan.segment_s))))


def _running_seconds(plan: JobPlan, rendition: Rendition, chunk: Chunk, task: Task) -> float:
    """How much of a leased chunk is behind it: frames of it for video, milliseconds of the whole sound for audio."""
    if rendition.kind == "audio":
        return max(0.0, task.progress / 1000 - float(chunk.start_s(plan.segment_s)))
    return chunk_seconds(plan, chunk) * task.progress / planned_frames(plan, rendition, chunk)


def _speed(rendition: Rendition, task: Task, now: float) -> float:
    """Seconds of media a second: a picture's from its frames, a sound's on average since its attempt began."""
    if rendition.kind == "video":
        return task.fps / float(rendition.frame_rate) if rendition.frame_rate else 0.0
    elapsed_s = now - task.started_at if task.started_at else 0.0
    return task.progress / 1000 / elapsed_s if elapsed_s > 0 else 0.0


def _work(rendition: Rendition) -> float:
    """Relative encoding effort: pixels a second; sound is about a hundredth of the smallest picture."""
    return 50_000.0 if rendition.kind == "audio" else rendition.pixels
