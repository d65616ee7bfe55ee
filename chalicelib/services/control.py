"""An owner's say over a job: cancel it, or let it go on after its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.job import COST_LIMIT_REACHED, JOB_CANCELLED, JobStatus
from chalicelib.errors import Conflict
from chalicelib.services.publishing import cancelled_sentence
from chalicelib.services.tidying import ask_to_tidy

if TYPE_CHECKING:
    from chalicelib.domain.job import Job
    from chalicelib.domain.recording import Recording
    from chalicelib.services.fanout import TranscodingQueue
    from chalicelib.services.ports import Clock, Jobs
    from chalicelib.services.publishing import Publisher

_OPEN = (JobStatus.PENDING, JobStatus.IN_PROGRESS)
_STOPPED = (JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class CostLimit:
    """What a job may cost from now on, in USD; None: whatever it takes."""

    usd: float | None


@dataclass(frozen=True, slots=True)
class JobControl:
    """Both calls may be repeated, race with the job's workers and each other, and die between two writes."""

    jobs: Jobs
    publisher: Publisher
    queue: TranscodingQueue
    clock: Clock

    def cancel(self, recording: Recording) -> None:
        """End the recording's running job; one that is cancelled already is fine.

        Raises Conflict("job_not_running") when there is none, or it has completed or failed.
        """
        job = self._job(recording)
        if job is not None and job.status in _OPEN:
            ask_to_tidy(self.publisher.lifecycle_queue, recording.id)
            # The job first: from here on no commit succeeds and every heartbeat says stop. Should we die now, every
            # message that is dropped and every worker that stops does the rest, and so does cancelling again.
            self.jobs.update(
                job.id,
                expect=_OPEN,
                status=JobStatus.CANCELLED,
                finished_at=self.clock.now(),
                error_code=JOB_CANCELLED,
                error_detail=cancelled_sentence(recording.id),
            )
            job = self.jobs.get(job.id)
        if job is None or job.status is not JobStatus.CANCELLED:
            raise Conflict("job_not_running", "There is no encoding to cancel: none was started, or it has ended.")
        self.publisher.settle_cancelled(job)

    def retry(self, recording: Recording, limit: CostLimit | None = None) -> Job:
        """Let a failed or cancelled job go on with what is missing; returns it. Done tasks stay done and counted.

        `limit` replaces what it may cost; without one that stays. Raises Conflict("job_not_failed") for any other job,
        and when there is none, Conflict("cost_limit_reached") when it would stop at once for its cost.
        """
        job = self._job(recording)
        if job is None or not (job.status in _STOPPED or _interrupted(job)):
            raise Conflict("job_not_failed", "Only an encoding that failed or was cancelled can be retried.")
        limit = limit or CostLimit(job.max_cost_usd)
        _check_raised(job, limit)
        # While the job is ended nobody takes a task: rows that go now are taken up from the first attempt on.
        self.jobs.forget_attempts(job.id)
        # `fanned_out` False is what makes the sweep send the messages should we die before we do.
        self.jobs.update(
            job.id,
            expect=_STOPPED,
            status=JobStatus.IN_PROGRESS,
            fanned_out=False,
            touched_at=self.clock.now(),
            finished_at=None,
            max_cost_usd=limit.usd,
            error_code="",
            error_detail="",
        )
        open_ = self.jobs.get(job.id)
        if open_ is None or open_.status.terminal:
            raise Conflict("job_not_failed", "The encoding was cancelled or deleted at this very moment.")
        self.publisher.resume(open_)
        self.queue.send(open_)
        return self.jobs.get(job.id) or open_

    def _job(self, recording: Recording) -> Job | None:
        """Return the recording's job, unless it is about a source that another one has replaced."""
        job = self.jobs.get(recording.job_id) if recording.job_id else None
        return job if job and job.plan.source_version == recording.source_version else None


def _interrupted(job: Job) -> bool:
    """A retry whose messages were not sent: calling again, as one does after an error, sends them."""
    return job.status is JobStatus.IN_PROGRESS and not job.fanned_out


def _check_raised(job: Job, limit: CostLimit) -> None:
    """What stopped at its limit needs a higher one: nothing is begun below what it has cost already."""
    if job.error_code != COST_LIMIT_REACHED or job.max_cost_usd is None or limit.usd is None:
        return
    if limit.usd <= job.max_cost_usd:
        sentence = f"Its encoding has cost the {job.max_cost_usd:g} USD that were allowed: allow more than that."
        raise Conflict("cost_limit_reached", sentence)
