"""A job as a picture: one letter for each piece of each rendition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.job import JobStatus, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Job, Rendition, Task

WAITING, RUNNING, DONE, FAILED = ".rdf"


def chunk_letters(job: Job, tasks: Sequence[Task], now: float) -> dict[str, str]:
    """Return rendition id to a letter a chunk, in order, at `now` (Unix seconds).

    `.` waits, `r` is being encoded, `d` is done; `f` was begun and never finished by a job that failed.
    """
    return {r.id: _row(job, r, {t.chunk: t for t in tasks if t.rendition_id == r.id}, now) for r in job.plan.renditions}


def _row(job: Job, rendition: Rendition, tasks: dict[int, Task], now: float) -> str:
    if job.status is JobStatus.COMPLETED:
        return DONE * len(job.plan.chunks)
    letters = "".join(_letter(job, tasks.get(chunk.index), now) for chunk in job.plan.chunks)
    return _first_missing(letters) if rendition.kind == "audio" else letters


def _letter(job: Job, task: Task | None, now: float) -> str:
    if task is None:
        return WAITING
    if task.status is TaskStatus.DONE:
        return DONE
    if job.status.terminal:  # a lease outlives the worker that was told to stop
        return FAILED if job.status is JobStatus.FAILED and task.attempts else WAITING
    return RUNNING if task.lease_until > now else WAITING


def _first_missing(letters: str) -> str:
    """Sound is one process, whose one lease is on its last piece: what it is at is the first that is missing."""
    at = next((letter for letter in letters if letter in (RUNNING, FAILED)), "")
    if not at:
        return letters
    return letters.replace(at, WAITING).replace(WAITING, at, 1)
