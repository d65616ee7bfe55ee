"""From a planned job to messages in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.caption_extraction import text_tracks
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.messages import EncodeMessage, ExtractMessage, PosterMessage
from chalicelib.domain.schedule import work_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.job import Job, Priority
    from chalicelib.services.ports import Clock, Jobs, Queue


@dataclass(frozen=True, slots=True)
class TranscodingQueue:
    """Sends a job's work: one message a task, in the order in which it is wanted, fair between recordings."""

    jobs: Jobs
    queues: Mapping[Priority, Queue]
    clock: Clock

    def send(self, job: Job) -> None:
        """Send everything that is not done. Sending twice is harmless: done work is recognised by its worker."""
        done = {(t.rendition_id, t.chunk) for t in self.jobs.tasks(job.id) if t.status is TaskStatus.DONE}
        order = self._order(job)
        missing = [(rs, chunks) for rs, chunks in order if not all((r, c) in done for r in rs for c in chunks)]
        # Nothing is missing, yet the job is open: its end got lost, and any message makes a worker say it again.
        bodies = [EncodeMessage(job.id, renditions, chunks).dumps() for renditions, chunks in missing or order[-1:]]
        if text_tracks(job.plan.media):
            # After what a viewer waits for, as it reads the whole file; before the rest, as captions are wanted early.
            bodies.insert(len(job.plan.streams), ExtractMessage(job.id).dumps())
        if missing:
            bodies.insert(_poster_place(job, missing), PosterMessage(job.id).dumps())
        self.jobs.update(job.id, expect=[JobStatus.PENDING], status=JobStatus.IN_PROGRESS, started_at=self.clock.now())
        self.queues[job.priority].send(bodies, group=job.recording_id)
        self.jobs.update(job.id, fanned_out=True, touched_at=self.clock.now())

    def _order(self, job: Job) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        """The work in order; what a finished job has whole is one message a rendition: nothing is encoded of it."""
        donors = [donor for name in job.earlier if (donor := self.jobs.get(name))]
        finished = [donor for donor in donors if donor.status is JobStatus.COMPLETED]
        ids = [rendition.id for rendition in job.plan.renditions]
        cached = [name for name in ids if any(job.may_take_over(donor, name) for donor in finished)]
        whole = tuple(chunk.index for chunk in job.plan.chunks)
        order = [
            (tuple(r for r in renditions if r not in cached), chunks) for renditions, chunks in work_order(job.plan)
        ]
        return [((name,), whole) for name in cached] + [entry for entry in order if entry[0]]


def _poster_place(job: Job, order: Sequence[tuple[tuple[str, ...], tuple[int, ...]]]) -> int:
    """Right behind what a viewer waits for: the lowest rung's first chunk, or the sound where that is all."""
    first = (job.plan.video or job.plan.audios)[0].id
    return 1 + next((place for place, (ids, chunks) in enumerate(order) if first in ids and 0 in chunks), -1)
