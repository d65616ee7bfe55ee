"""One attempt of one worker: take over or lease, stay alive, commit. Safe to die between any two of its writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from chalicelib.domain.cost import Request
from chalicelib.domain.estimate import FLOOR_S, stragglers
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.keys import chunk_key
from chalicelib.domain.messages import EncodeMessage
from chalicelib.errors import Permanent, Transient
from chalicelib.services.billing import SOURCE_READS, over_limit
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.job import ChunkResult, Job, Rendition
    from chalicelib.services.billing import Meter
    from chalicelib.services.encoding import EncodeWorker
    from chalicelib.services.ports import MessageHold

WORKING = (JobStatus.PENDING, JobStatus.IN_PROGRESS)
VIDEO_TYPE, AUDIO_TYPE = "video/mp4", "audio/mp4"
FOR_GOOD = "public, max-age=31536000, immutable"
_MARGIN_S = 10
_PUTS = 2
"""The chunk and its rendition's playlist."""
_TRANSACTION = 4
"""Write units of a commit: two rows in a transaction."""
_RETRY_S = 2


class CostLimit(Exception):
    """The job has cost what it may: no task of it is begun any more."""


class _State(Enum):
    """What a worker finds when it reaches for a task."""

    MINE = auto()
    DONE = auto()
    BUSY = auto()


@dataclass(slots=True)
class Attempt:
    """Holds the leases of some renditions' tasks at one chunk, and what belongs to keeping them.

    `deadline` is when the function ends (Unix seconds). A `hedge` joins a task that somebody else holds.
    """

    worker: EncodeWorker
    job: Job
    members: tuple[Rendition, ...]
    hold: MessageHold
    token: str
    deadline: float
    meter: Meter
    hedge: bool = False
    chunk: int = -1
    leased: tuple[Rendition, ...] = ()
    _began: float = 0.0
    _renewed: float = 0.0
    _asked: bool = False
    _donors: dict[str, list[str]] = field(default_factory=dict)

    def take(self, chunk: int) -> tuple[Rendition, ...]:
        """Lease the members' tasks at a chunk; returns those that are to be encoded, none when all are done.

        Raises Transient while somebody else holds one of them, Permanent("encode_failed") after too many attempts,
        CostLimit when the job may not cost any more.
        """
        self._keep()
        adopted = [self.adopt(rendition, chunk) for rendition in self.members]
        if not all(adopted) and over_limit(self.job, self.worker.ledger, self.worker.rates.prices):
            self._refuse_unless_done(chunk)
        reach = self._join if self.hedge else self._lease
        found = [_State.DONE if has else reach(r, chunk) for r, has in zip(self.members, adopted, strict=True)]
        states = dict(zip(self.members, found, strict=True))
        self.chunk, self.leased = chunk, tuple(r for r, state in states.items() if state is _State.MINE)
        for rendition, state in states.items():
            if state is _State.DONE:
                self.worker.publisher.chunk_committed(self.job.id, rendition.id, chunk)
        if _State.BUSY in states.values():
            # All or nothing: a message that is acknowledged must not leave anything undone.
            self.release()
            raise Transient("task_leased", "Another worker is at this task; the message waits for its lease to end.")
        self._began = self._renewed = self.worker.clock.now()
        return self.leased

    def _keep(self) -> None:
        self.hold.keep(self.worker.limits.lease_s)
        self.meter.count(Request.SQS)

    def _refuse_unless_done(self, chunk: int) -> None:
        if self.undone((chunk,)):
            raise CostLimit

    def adopt(self, rendition: Rendition, chunk: int) -> bool:
        """Take over what an earlier job has encoded of the same source with the same parameters; False if nothing."""
        jobs = self.worker.jobs
        for donor in self._donors_of(rendition):
            task = jobs.task(donor, rendition.id, chunk)
            if task is not None and task.status is TaskStatus.DONE and task.result is not None:
                now = self.worker.clock.now()
                jobs.commit(self.job.id, rendition.id, chunk, attempt=self.token, result=task.result, now=now)
                return True
        return False

    def _donors_of(self, rendition: Rendition) -> list[str]:
        if rendition.id not in self._donors:
            found = (self.worker.jobs.get(earlier) for earlier in self.job.earlier)
            self._donors[rendition.id] = [j.id for j in found if j and self.job.may_take_over(j, rendition.id)]
        return self._donors[rendition.id]

    def _lease(self, rendition: Rendition, chunk: int) -> _State:
        jobs, limits, now = self.worker.jobs, self.worker.limits, self.worker.clock.now()
        until = now + limits.lease_s
        self.meter.count(Request.DYNAMODB_WRITE)
        task = jobs.lease(self.job.id, rendition.id, chunk, attempt=self.token, now=now, until=until)
        if task is None:
            return _State.BUSY
        if task.status is TaskStatus.DONE:
            return _State.DONE
        if task.attempts > limits.max_attempts:
            tries = f"{task.attempts - 1} times in a row"
            raise Permanent("encode_failed", f"Encoding {rendition.name} failed {tries} and was given up.")
        return _State.MINE

    def _join(self, rendition: Rendition, chunk: int) -> _State:
        jobs, now = self.worker.jobs, self.worker.clock.now()
        until = now + self.worker.limits.lease_s
        if jobs.lease_hedge(self.job.id, rendition.id, chunk, attempt=self.token, now=now, until=until):
            return _State.MINE
        row = jobs.task(self.job.id, rendition.id, chunk)
        if row is None:
            return self._lease(rendition, chunk)
        return _State.DONE if row.status is TaskStatus.DONE else _State.BUSY

    def beat(self, progress: int, fps: float, /) -> bool:
        """Report, and keep leases and message; False when the task, the job or the recording is gone."""
        jobs, now = self.worker.jobs, self.worker.clock.now()
        if not self._heartbeat(self.leased[0], now, progress, fps):
            return False
        if now - self._renewed >= self.worker.limits.lease_s / 6:
            self._renewed = now
            self._keep()
            self.meter.write()
            for rendition in self.leased[1:]:
                self._heartbeat(rendition, now, progress, fps)
            self._ask_for_help(now)
        job = jobs.get(self.job.id)
        self.meter.count(Request.DYNAMODB_READ)
        return job is not None and job.status in WORKING

    def _heartbeat(self, rendition: Rendition, now: float, progress: int, fps: float) -> bool:
        jobs, until = self.worker.jobs, now + self.worker.limits.lease_s
        self.meter.count(Request.DYNAMODB_WRITE)
        if self.hedge and jobs.heartbeat_hedge(self.job.id, rendition.id, self.chunk, attempt=self.token, until=until):
            return True
        return jobs.heartbeat(
            self.job.id, rendition.id, self.chunk, attempt=self.token, until=until, progress=progress, fps=fps
        )

    def _ask_for_help(self, now: float) -> None:
        """Send for a second attempt, once, when ours takes far longer than others took."""
        if self.hedge or self._asked or now - self._began <= FLOOR_S:
            return
        tasks = self.worker.jobs.tasks(self.job.id, self.leased[0].id)
        if (self.leased[0].id, self.chunk) in stragglers(self.job, tasks, now):
            self._asked = True
            chunks = self._message_chunks()
            message = EncodeMessage(self.job.id, tuple(r.id for r in self.leased), chunks, hedge=True)
            self.worker.queues[self.job.priority].send([message.dumps()], group=self.job.recording_id)

    def _message_chunks(self) -> tuple[int, ...]:
        if self.leased[0].kind == "audio":
            return tuple(range(len(self.job.plan.chunks)))
        return (self.chunk,)

    def guard(self, run: Callable[[], float]) -> tuple[float, float]:
        """Run the encoder; returns (CPU seconds, wall seconds).

        When it fails the leases go back, so that a retry need not wait.
        """
        began = self.worker.clock.now()
        self.meter.count(Request.S3_GET, SOURCE_READS)
        self.meter.write()
        try:
            return run(), self.worker.clock.now() - began
        except Transient:
            self.release()
            self.hold.keep(_RETRY_S)
            raise

    def release(self) -> None:
        """Give the leases back."""
        for rendition in self.leased:
            self.worker.jobs.release(self.job.id, rendition.id, self.chunk, attempt=self.token)

    def commit(self, rendition: Rendition, chunk: int, result: ChunkResult) -> None:
        """First commit wins; whoever comes second, or too late, removes what it wrote."""
        jobs, now = self.worker.jobs, self.worker.clock.now()
        self.meter.count(Request.S3_PUT, _PUTS)
        self.meter.count(Request.DYNAMODB_WRITE, _TRANSACTION)
        self.meter.stored_bytes += result.size
        if not jobs.commit(self.job.id, rendition.id, chunk, attempt=self.token, result=result, now=now):
            self.meter.stored_bytes -= result.size
            self._remove_unless_named(rendition, chunk, result)
            job = jobs.get(self.job.id)
            if job is None or job.status not in WORKING:
                raise Cancelled
        self.worker.publisher.chunk_committed(self.job.id, rendition.id, chunk)

    def _remove_unless_named(self, rendition: Rendition, chunk: int, result: ChunkResult) -> None:
        """Remove the object of an attempt that lost; one whose commit went through unheard is the winner's."""
        row = self.worker.jobs.task(self.job.id, rendition.id, chunk)
        named = row is not None and row.result is not None and row.result.key == result.key
        if result.key and not named:
            self.worker.media.delete([result.key])

    def undone(self, chunks: Sequence[int]) -> bool:
        """True when a task of the message is not done yet."""
        jobs = self.worker.jobs
        rows = [jobs.task(self.job.id, rendition.id, chunk) for rendition in self.members for chunk in chunks]
        return any(row is None or row.status is not TaskStatus.DONE for row in rows)

    def key(self, rendition: Rendition, chunk: int) -> str:
        """Key of what this attempt makes."""
        recording, version = self.job.recording_id, self.job.plan.source_version
        extension = "jpg" if rendition.kind == "storyboard" else "mp4"
        return chunk_key(recording, version, rendition.id, chunk, self.token, extension)

    def left_s(self) -> float:
        """Seconds the encoder may still take."""
        return max(1.0, self.deadline - self.worker.clock.now() - _MARGIN_S)

    def url(self) -> str:
        """Presigned address of the source."""
        return self.worker.source.read_url(self.job.plan.source_key, ttl_s=int(self.left_s()) + 60)
