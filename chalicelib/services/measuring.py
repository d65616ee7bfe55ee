"""Looking at a finished job's quality when its owner asks: some seconds of every rung against the source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.cost import Request
from chalicelib.domain.job import JobStatus
from chalicelib.domain.messages import MeasureMessage
from chalicelib.domain.vmaf import mean, read_vmaf, sample_chunks, vmaf_command
from chalicelib.errors import Conflict
from chalicelib.services.billing import SOURCE_READS, Meter
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import Job, Priority, Rendition
    from chalicelib.domain.recording import Recording
    from chalicelib.services.billing import Rates
    from chalicelib.services.ports import Clock, Encoder, Jobs, Ledger, MessageHold, Objects, Queue

_HOLD_S = 60
_MARGIN_S = 10
_URL_TTL_S = 900


@dataclass(frozen=True, slots=True)
class QualityRequests:
    """What an owner may ask."""

    jobs: Jobs
    queues: Mapping[Priority, Queue]

    def ask(self, recording: Recording) -> bool:
        """Have the recording's job looked at; False when its result is there already.

        Raises Conflict("job_not_completed") for a job that is not whole, and when there is none.
        """
        job = self.jobs.get(recording.job_id) if recording.job_id else None
        if job is None or job.status is not JobStatus.COMPLETED:
            raise Conflict("job_not_completed", "Quality is measured on a finished encoding; wait for its end.")
        if not job.plan.video:
            raise Conflict("no_picture", "This recording has no picture whose quality could be measured.")
        if job.vmaf:
            return False
        # Asked twice before the first answer: measured twice, with the same result.
        self.queues[job.priority].send([MeasureMessage(job.id).dumps()], group=recording.id)
        return True


@dataclass(frozen=True, slots=True)
class QualityWorker:
    """Carries out measure messages. Raises Transient when the message should come again."""

    jobs: Jobs
    source: Objects
    media: Objects
    encoder: Encoder
    ledger: Ledger
    clock: Clock
    rates: Rates
    scratch: str

    def handle(self, message: MeasureMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Measure every rung and note the scores on the job; nothing happens when that was done, or it is gone."""
        job = self.jobs.get(message.job_id)
        if job is None or job.status is not JobStatus.COMPLETED or job.vmaf:
            return
        now = self.clock.now()
        meter = Meter(self.ledger, self.clock, self.rates, job.id, f"vmaf-{self.clock.token()[:10]}", now)
        run = _Run(self, job, hold, meter, now + remaining_s)
        try:
            scores = {
                rung.id: mean([s for chunk in sample_chunks(job.plan) for s in run.scores(rung, chunk)])
                for rung in job.plan.video
            }
        except Cancelled:
            return
        finally:
            if self.jobs.get(job.id) is not None:
                meter.write()
        self.jobs.update(job.id, expect=[JobStatus.COMPLETED], vmaf=scores)


@dataclass(frozen=True, slots=True)
class _Run:
    worker: QualityWorker
    job: Job
    hold: MessageHold
    meter: Meter
    deadline: float

    def scores(self, rendition: Rendition, chunk: Chunk) -> list[float]:
        """Scores of one sample's frames; raises Cancelled when the job is gone."""
        worker, plan = self.worker, self.job.plan
        row = worker.jobs.task(self.job.id, rendition.id, chunk.index)
        if row is None or row.result is None:
            raise Cancelled
        with TemporaryDirectory(dir=worker.scratch) as folder:
            log = Path(folder) / "vmaf.json"
            command = vmaf_command(
                plan,
                rendition,
                chunk,
                source_url=worker.source.read_url(plan.source_key, ttl_s=_URL_TTL_S),
                chunk_url=worker.media.read_url(row.result.key, ttl_s=_URL_TTL_S),
                log=str(log),
            )
            self.meter.count(Request.S3_GET, 2 * SOURCE_READS)
            left_s = max(1.0, self.deadline - worker.clock.now() - _MARGIN_S)
            worker.encoder.run_to_file(command, timeout_s=left_s, beat=self._beat)
            return read_vmaf(log.read_text())

    def _beat(self, _frames: int, _fps: float, /) -> bool:
        self.hold.keep(_HOLD_S)
        return self.worker.jobs.get(self.job.id) is not None
