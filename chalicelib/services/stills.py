"""Making a recording's poster. It is an extra: whatever goes wrong here, the recording plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.cost import Request
from chalicelib.domain.job import JobStatus
from chalicelib.domain.jpeg import jpeg_size
from chalicelib.domain.keys import poster_key
from chalicelib.domain.poster import POSTER_TYPE, poster_commands, poster_tag
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent, Transient
from chalicelib.services.billing import SOURCE_READS, Meter, over_limit
from chalicelib.services.ports import Cancelled
from chalicelib.services.tidying import ask_to_tidy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Job
    from chalicelib.domain.messages import PosterMessage
    from chalicelib.services.billing import Rates
    from chalicelib.services.ports import Clock, Encoder, Jobs, Ledger, MessageHold, Objects, Queue, Recordings

_FOR_GOOD = "public, max-age=31536000, immutable"
_HOLD_S = 60
_KEEP_EVERY_S = 15
_MARGIN_S = 10
_ID_CHARS = 10
_MESSAGE = 3
"""Requests of a message: sent, received, deleted."""
_UNWANTED = (JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class PosterMaker:
    """Carries out poster messages. `scratch` is the only folder it may write."""

    recordings: Recordings
    jobs: Jobs
    source: Objects
    media: Objects
    encoder: Encoder
    ledger: Ledger
    lifecycle_queue: Queue
    clock: Clock
    rates: Rates
    scratch: str

    def handle(self, message: PosterMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Make the poster of a job's source, or find it made or unwanted. `remaining_s` is what the function has left.

        Raises Permanent("poster_failed") when the source gives none.
        """
        began = self.clock.now()
        job = self.jobs.get(message.job_id)
        if job is None or job.status in _UNWANTED or not self._wanted(job):
            return
        if over_limit(job, self.ledger, self.rates.prices):
            return
        meter = Meter(self.ledger, self.clock, self.rates, job.id, self.clock.token()[:_ID_CHARS], began)
        meter.count(Request.SQS, _MESSAGE)
        try:
            self._poster(job, hold, began + remaining_s - _MARGIN_S, meter)
        finally:
            if self.jobs.get(job.id) is not None:
                meter.write()

    def _poster(self, job: Job, hold: MessageHold, deadline: float, meter: Meter) -> None:
        key = poster_key(job.recording_id, job.plan.source_version, poster_tag())
        if self.media.head(key) is None:
            with TemporaryDirectory(dir=self.scratch) as folder:
                path = Path(folder) / "poster.jpg"
                try:
                    self._make(job, path, hold, deadline, meter)
                except Cancelled:
                    return
                ask_to_tidy(self.lifecycle_queue, job.recording_id)
                self.media.put_file(key, path, content_type=POSTER_TYPE, cache_control=_FOR_GOOD)
                meter.stored_bytes += path.stat().st_size
            meter.count(Request.S3_PUT)
        meter.count(Request.DYNAMODB_WRITE)
        if self.recordings.name_stills(job.recording_id, job.plan.source_version, poster=key) is None:
            self.media.delete([key])  # deleted or overwritten meanwhile

    def _wanted(self, job: Job) -> bool:
        recording = self.recordings.get(job.recording_id)
        if recording is None or recording.status is RecordingStatus.DELETING:
            return False
        key = poster_key(recording.id, job.plan.source_version, poster_tag())
        return recording.source_version == job.plan.source_version and recording.poster != key

    def _make(self, job: Job, path: Path, hold: MessageHold, deadline: float, meter: Meter) -> None:
        url = self.source.read_url(job.plan.source_key, ttl_s=int(max(1.0, deadline - self.clock.now())) + 60)
        said = ""
        for command in poster_commands(job.plan, url=url, output=str(path)):
            meter.count(Request.S3_GET, SOURCE_READS)
            try:
                self._run(job, command, hold, deadline)
                jpeg_size(path.read_bytes())
            except (Transient, Permanent, FileNotFoundError) as error:
                said = str(error)
            else:
                return
        raise Permanent("poster_failed", f"No poster of {job.recording_id}: {said}")

    def _run(self, job: Job, command: Sequence[str], hold: MessageHold, deadline: float) -> None:
        kept = 0.0

        def beat(_frames: int, _fps: float, /) -> bool:
            nonlocal kept
            if self.clock.now() - kept >= _KEEP_EVERY_S:
                kept = self.clock.now()
                hold.keep(_HOLD_S)
                return self._wanted(job)
            return True

        self.encoder.run_to_file(command, timeout_s=max(1.0, deadline - self.clock.now()), beat=beat)
