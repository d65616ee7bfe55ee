"""What the services need from the world, as small Protocols. Adapters implement them; tests fake them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from dataclasses import dataclass
    from pathlib import Path

    from chalicelib.domain.caption_tracks import CaptionTrack
    from chalicelib.domain.cost import Bill
    from chalicelib.domain.job import ChunkResult, Job, JobStatus, Task
    from chalicelib.domain.media import SourceMedia
    from chalicelib.domain.recording import Recording, RecordingStatus
else:
    from dataclasses import dataclass


class Clock(Protocol):
    """Time and chance, so that the domain and tests need neither."""

    def now(self) -> float:
        """Unix seconds."""

    def token(self) -> str:
        """Return 20 random lower-case base-36 characters."""


class Gauge(Protocol):
    """Where figures of our work go; domain/gauges.py has their names."""

    def __call__(self, name: str, value: float, /) -> None:
        """Keep one value, now."""


class Recordings(Protocol):
    """The recordings table. Writes are conditional; a lost race returns False or None, never an exception."""

    def get(self, recording_id: str) -> Recording | None:
        """Read one, strongly consistent, whatever its status."""

    def create(self, recording: Recording) -> bool:
        """Insert; False when the id exists."""

    def update(
        self,
        recording_id: str,
        *,
        expect: Sequence[RecordingStatus] | None = None,
        only_if: Mapping[str, str] | None = None,
        **changes: object,
    ) -> Recording | None:
        """Set fields if it exists and its status is among `expect`; returns the new state, else None.

        `only_if` names fields that must be as given as well, empty text for one that is not set.
        """

    def name_stills(self, recording_id: str, source_version: str, **keys: str) -> Recording | None:
        """Set `poster` or `storyboard` if the source is still that version and it is not being deleted.

        Returns the new state, else None.
        """

    def swap_captions(
        self,
        recording_id: str,
        before: tuple[CaptionTrack, ...],
        after: tuple[CaptionTrack, ...],
        *,
        version: str | None = None,
    ) -> Recording | None:
        """Set the captions if they still are `before` and it is not being deleted; returns the new state, else None.

        `version` is also set when given (`captions_version`).
        """

    def delete(self, recording_id: str) -> None:
        """Remove the row; quiet when there is none."""

    def by_owner(  # noqa: PLR0913  what a list can be narrowed by
        self,
        owner: str,
        *,
        status: str | None,
        room_id: str | None,
        limit: int,
        cursor: str | None,
        search: str = "",
        oldest_first: bool = False,
    ) -> tuple[list[Recording], str | None]:
        """Newest first, without those being deleted; the cursor is opaque text, None at the end.

        `search` keeps those whose title or filename holds its words (domain.listing.holds).
        Raises BadRequest("bad_cursor") for a cursor it did not make.
        """

    def by_status(self, status: RecordingStatus, *, limit: int) -> list[Recording]:
        """Oldest first, eventually consistent: for sweeps."""


class Jobs(Protocol):
    """The transcoding_jobs and encode_tasks tables."""

    def get(self, job_id: str) -> Job | None:
        """Read one, strongly consistent."""

    def create(self, job: Job) -> bool:
        """Insert; False when the id exists."""

    def update(self, job_id: str, *, expect: Sequence[JobStatus] | None = None, **changes: object) -> Job | None:
        """Set fields if the job exists and its status is among `expect`; returns the new state, else None."""

    def by_recording(self, recording_id: str) -> list[Job]:
        """Newest first."""

    def by_status(self, status: JobStatus, *, limit: int) -> list[Job]:
        """Oldest first, eventually consistent."""

    def delete(self, job_id: str) -> None:
        """Remove the job and every task row of it."""

    def tasks(self, job_id: str, rendition_id: str | None = None) -> list[Task]:
        """Rows by rendition and chunk in order, strongly consistent."""

    def task(self, job_id: str, rendition_id: str, chunk: int) -> Task | None:
        """Read one row, strongly consistent; None when nobody has taken the task yet."""

    def lease(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> Task | None:
        """Take a task that is free or whose lease ran out before `now`; counts the attempt.

        Returns the task as leased to `attempt`; the task as done when it is; None when somebody holds it.
        """

    def lease_hedge(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> bool:
        """Join a task that somebody holds, as its only second attempt; the first goes on.

        False when there is nobody to join, or a second attempt already whose own lease has not run out before `now`.
        """

    def heartbeat_hedge(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float) -> bool:
        """Extend a second attempt's lease; False once the task is done or the row is gone or another's."""

    def heartbeat(  # noqa: PLR0913  one write carries all of it
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float, progress: int, fps: float
    ) -> bool:
        """Extend the lease and report; False when `attempt` no longer holds it or the row is gone."""

    def release(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str) -> None:
        """Give a lease back early so that a retry need not wait; quiet when it is not held."""

    def forget_attempts(self, job_id: str) -> None:
        """Remove the rows of tasks that are not done: nobody holds them any more and their attempts count anew."""

    def commit(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, result: ChunkResult, now: float
    ) -> bool:
        """Make the task done with `result` at `now` and count it on the job, in one transaction.

        Conditions: the job exists and is pending or in-progress; the task is not done. The lease need not be
        held any more: first commit wins. Returns False when a condition fails.
        """


class Ledger(Protocol):
    """The job_bills table: what each invocation used for a job."""

    def record(self, bill: Bill) -> None:
        """Write one bill; the same one again, and an older state of it (fewer ms), change nothing."""

    def bills(self, job_id: str) -> list[Bill]:
        """All bills of a job by id, strongly consistent."""

    def delete(self, job_id: str) -> None:
        """Remove a job's bills; quiet when there are none."""


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What HEAD says of an object; `metadata` keys are lower case."""

    size: int
    etag: str
    content_type: str
    metadata: dict[str, str]


class Objects(Protocol):
    """One bucket."""

    def head(self, key: str) -> ObjectHead | None:
        """Return None when there is no such object."""

    def get(self, key: str) -> bytes | None:
        """Return a small object's body, or None."""

    def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str) -> None:
        """Upload a file (multipart when large)."""

    def put_bytes(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """Write a small object."""

    def replace(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str,
        metadata: dict[str, str],
        expect_etag: str | None,
    ) -> bool:
        """Write only if the current ETag is `expect_etag` (None: only if absent); False when it is not."""

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; quiet about absent ones."""

    def list_keys(self, prefix: str) -> Iterator[str]:
        """All keys under a prefix."""

    def list_dated(self, prefix: str) -> Iterator[tuple[str, float]]:
        """All keys under a prefix, with Unix seconds of their writing (whole ones: S3 says no more)."""

    def read_url(self, key: str, *, ttl_s: int, filename: str | None = None, public: bool = False) -> str:
        """Presign a GET; `public` uses the endpoint a browser reaches, `filename` makes it a download."""


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """One part that S3 already holds."""

    number: int
    size: int
    etag: str


class Uploads(Protocol):
    """Multipart uploads into the source bucket."""

    def begin(self, key: str, *, content_type: str) -> str:
        """Start one; returns its upload id."""

    def part_url(self, key: str, upload_id: str, number: int, *, size: int, ttl_s: int) -> str:
        """Presign PUT of one part, bound to its number and its exact size in bytes."""

    def parts(self, key: str, upload_id: str) -> list[UploadedPart] | None:
        """Parts already stored, by number; None when the upload is over or unknown."""

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Join the parts into the object; raises Conflict("upload_gone") when the upload is over or unknown."""

    def abort(self, key: str, upload_id: str) -> None:
        """Drop the parts; quiet when there is nothing to drop."""


class Queue(Protocol):
    """One SQS queue."""

    def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
        """Send in order, in batches of ten; `group` is the fair-queue group. Raises Transient if any was refused."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message taken from a queue: `receipt` is what removes it, `group` its fair-queue group or nothing."""

    body: str
    group: str
    sent_at: float
    """Unix seconds of its first sending."""
    receipt: str


class DeadLetters(Protocol):
    """The queue where the messages of another end that failed too often."""

    def count(self) -> int:
        """About how many there are."""

    def peek(self) -> list[Letter]:
        """Look at up to ten and leave them."""

    def take(self, hide_s: int) -> list[Letter]:
        """Take up to ten, hidden for so many seconds; none when the queue seems to be empty."""

    def drop(self, letters: Sequence[Letter]) -> None:
        """Remove letters that were taken."""


class Probe(Protocol):
    """Finds out what a source is."""

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        """Read headers under time and memory limits; raises Permanent with a code when it is not playable media."""


class Cancelled(Exception):
    """The work in hand is no longer wanted: its lease, its job or its recording is gone."""


class Encoder(Protocol):
    """Runs FFmpeg under limits. `beat` is called at least every two seconds; when it answers False the run is ended.

    Raises Cancelled when `beat` said so, Transient("encode_interrupted") when the process failed or ran out of time.
    """

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Run a command that writes a file; returns its CPU seconds."""

    def run_to_pipe(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, take: Taker) -> float:
        """Run a command whose standard output is fragmented MP4, handed to `take` as it grows."""


class FedEncoder(Protocol):
    """Runs FFmpeg as Encoder does, on media that it reads from its standard input."""

    def run_fed(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, feed: Iterator[bytes]) -> float:
        """Run a command that writes a file from what `feed` yields; returns CPU seconds. Raises what `feed` does."""


class Beat(Protocol):
    """Reports progress and asks whether to go on."""

    def __call__(self, frames: int, fps: float, /) -> bool:
        """Take frames so far and frames per second; False ends the run."""


class Taker(Protocol):
    """Receives output as it is produced."""

    def __call__(self, data: bytes, /) -> None:
        """Take the next bytes, in order."""


class MessageHold(Protocol):
    """The queue message a worker is busy with."""

    def keep(self, seconds: int) -> None:
        """Hide the message from other workers for so long from now."""
