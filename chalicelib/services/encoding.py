"""Doing one message's work: lease, encode, verify, upload, commit, announce. Safe to die between any two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.cost import Request
from chalicelib.domain.job import COST_LIMIT_REACHED, JobStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent, Transient
from chalicelib.services.attempt import WORKING, Attempt, CostLimit
from chalicelib.services.audio_task import encode_audio
from chalicelib.services.billing import Meter
from chalicelib.services.gauging import JobGauges
from chalicelib.services.ports import Cancelled
from chalicelib.services.publishing import ownership, shows
from chalicelib.services.tidying import ask_to_tidy
from chalicelib.services.video_task import encode_video, take_over

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.job import Job, Priority
    from chalicelib.domain.messages import EncodeMessage
    from chalicelib.services.billing import Rates
    from chalicelib.services.ports import Clock, Encoder, Gauge, Jobs, Ledger, MessageHold, Objects, Queue, Recordings
    from chalicelib.services.publishing import Publisher

_ATTEMPT_CHARS = 10
_MESSAGE = 3
"""Requests of a message: sent, received, deleted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use: times in seconds, `scratch` the only folder it may write."""

    lease_s: int
    max_attempts: int
    scratch: str
    preset: str
    threads: int


@dataclass(frozen=True, slots=True)
class EncodeWorker:
    """Carries out encode messages. Raises Transient when the message should come again."""

    recordings: Recordings
    jobs: Jobs
    source: Objects
    media: Objects
    encoder: Encoder
    publisher: Publisher
    queues: Mapping[Priority, Queue]
    ledger: Ledger
    clock: Clock
    limits: Limits
    rates: Rates
    gauge: Gauge

    def handle(self, message: EncodeMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Do the message's work, or find it done or unwanted. `remaining_s` is what the function has left."""
        job = self.jobs.get(message.job_id)
        if job is None or job.status not in WORKING:
            self.publisher.settle_cancelled(job)
            return
        try:
            members = tuple(job.plan.rendition(name) for name in message.renditions)
        except KeyError as error:
            raise Permanent("message_malformed", f"Job {job.id} has no rendition {error}.") from None
        known = range(len(job.plan.chunks))
        chunks = tuple(c for c in message.chunks if c in known)
        token, now = self.clock.token()[:_ATTEMPT_CHARS], self.clock.now()
        meter = Meter(self.ledger, self.clock, self.rates, job.id, token, now)
        meter.count(Request.SQS, _MESSAGE)
        attempt = Attempt(self, job, members, hold, token, now + remaining_s, meter, hedge=message.hedge)
        try:
            self._do(attempt, chunks)
        except Cancelled:
            self._stopped(attempt, chunks)
        except CostLimit:
            self._stop_for_cost(job)
        except Permanent as error:
            self.fail(job, error)
        finally:
            if self.jobs.get(job.id) is not None:  # after a delete nobody would remove the bill any more
                meter.write()
        self._rest(job.id)
        JobGauges(self.ledger, self.rates.prices, self.gauge).tell(self.jobs.get(job.id), since=now)

    def _stop_for_cost(self, job: Job) -> None:
        """Say it at once; what others are encoding is paid for already, and goes on to its end."""
        detail = (
            f"Its encoding has cost the {job.max_cost_usd} USD that were allowed. What is done is kept:"
            f" `headwater retry {job.recording_id} --max-cost USD` goes on with another limit."
        )
        self.jobs.update(job.id, expect=WORKING, error_code=COST_LIMIT_REACHED, error_detail=detail)

    def _rest(self, job_id: str) -> None:
        """End a job that may not cost any more as soon as nobody works on it."""
        job = self.jobs.get(job_id)
        if job is None or job.status not in WORKING or job.error_code != COST_LIMIT_REACHED:
            return
        now = self.clock.now()
        if any(task.lease_until > now for task in self.jobs.tasks(job_id)):
            return
        ask_to_tidy(self.publisher.lifecycle_queue, job.recording_id)
        self.jobs.update(job_id, expect=WORKING, status=JobStatus.CANCELLED, finished_at=now)
        self.publisher.settle_cancelled(self.jobs.get(job_id))

    def _do(self, attempt: Attempt, chunks: tuple[int, ...]) -> None:
        if any(member.kind == "audio" for member in attempt.members):
            encode_audio(attempt, chunks)
            return
        if len(chunks) > 1:
            chunks = take_over(attempt, chunks)
        for chunk in chunks:
            encode_video(attempt, chunk)

    def _stopped(self, attempt: Attempt, chunks: tuple[int, ...]) -> None:
        """Told to stop: the job is over, or somebody else has the task now and may have died since."""
        job = self.jobs.get(attempt.job.id)
        if job is not None and job.status in WORKING and attempt.undone(chunks):
            raise Transient("task_overtaken", "Another worker has taken this task; the message waits for its end.")
        self.publisher.settle_cancelled(job)

    def fail(self, job: Job, error: Permanent) -> None:
        """The job can never succeed: say so on job and recording. Segments already announced stay where they are."""
        recording = self.recordings.get(job.recording_id)
        if shows(recording, job):
            self.recordings.update(
                recording.id,
                expect=[RecordingStatus.PROCESSING, RecordingStatus.PLAYABLE],
                only_if=ownership(job),
                status=RecordingStatus.ERRORED,
                error_code=error.code,
                error_detail=error.detail,
            )
        ask_to_tidy(self.publisher.lifecycle_queue, job.recording_id)
        # The job last: as long as it is open, a message that comes again says it again.
        self.jobs.update(
            job.id,
            expect=WORKING,
            status=JobStatus.FAILED,
            finished_at=self.clock.now(),
            error_code=error.code,
            error_detail=error.detail,
        )
