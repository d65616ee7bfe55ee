"""In-memory ports with the semantics the adapters promise; the integration tests hold the real ones to the same."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.domain.job import CLOCKS_S, Job, JobStatus, Task, TaskStatus
from chalicelib.domain.listing import Order, arranged, holds
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.ports import ObjectHead, UploadedPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chalicelib.domain.caption_tracks import CaptionTrack
    from chalicelib.domain.cost import Bill
    from chalicelib.domain.job import ChunkResult
    from chalicelib.domain.media import SourceMedia
    from chalicelib.domain.recording import Recording


@dataclass
class FakeClock:
    """Stands still until told; tokens count up."""

    time: float = 1_800_000_000.0
    tokens: Iterator[int] = field(default_factory=count)

    def now(self) -> float:
        return self.time

    def token(self) -> str:
        return f"{next(self.tokens):010d}{'0' * 10}"


@dataclass
class FakeRecordings:
    """The recordings table."""

    clock: FakeClock
    rows: dict[str, Recording] = field(default_factory=dict)

    def get(self, recording_id: str) -> Recording | None:
        return self.rows.get(recording_id)

    def create(self, recording: Recording) -> bool:
        if recording.id in self.rows:
            return False
        self.rows[recording.id] = recording
        return True

    def update(
        self,
        recording_id: str,
        *,
        expect: Sequence[RecordingStatus] | None = None,
        only_if: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> Recording | None:
        row = self.rows.get(recording_id)
        if row is None or (expect is not None and row.status not in expect):
            return None
        if any(getattr(row, name) != value for name, value in (only_if or {}).items()):
            return None
        self.rows[recording_id] = replace(row, **({"updated_at": self.clock.now()} | changes))
        return self.rows[recording_id]

    def name_stills(self, recording_id: str, source_version: str, **keys: str) -> Recording | None:
        row = self.rows.get(recording_id)
        if row is None or row.status is RecordingStatus.DELETING or row.source_version != source_version:
            return None
        return self.update(recording_id, **keys)

    def swap_captions(
        self,
        recording_id: str,
        before: tuple[CaptionTrack, ...],
        after: tuple[CaptionTrack, ...],
        *,
        version: str | None = None,
    ) -> Recording | None:
        row = self.rows.get(recording_id)
        if row is None or row.status is RecordingStatus.DELETING or row.captions != before:
            return None
        more = {} if version is None else {"captions_version": version}
        return self.update(recording_id, captions=after, **more)

    def delete(self, recording_id: str) -> None:
        self.rows.pop(recording_id, None)

    def by_owner(
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
        order = Order.OLDEST if oldest_first else Order.CREATED
        mine = [
            row
            for row in arranged(self.rows.values(), order)
            if row.owner == owner
            and row.status is not RecordingStatus.DELETING
            and status in {None, row.status}
            and room_id in {None, row.room_id}
            and holds(search, row.title, row.filename)
        ]
        start = int(cursor or 0)
        return mine[start : start + limit], str(start + limit) if start + limit < len(mine) else None

    def by_status(self, status: RecordingStatus, *, limit: int) -> list[Recording]:
        return [r for r in sorted(self.rows.values(), key=lambda r: r.created_at) if r.status is status][:limit]


@dataclass
class FakeJobs:
    """The transcoding_jobs and encode_tasks tables."""

    rows: dict[str, Job] = field(default_factory=dict)
    task_rows: dict[tuple[str, str, int], Task] = field(default_factory=dict)
    hedges: dict[tuple[str, str, int], tuple[str, float]] = field(default_factory=dict)

    def get(self, job_id: str) -> Job | None:
        return self.rows.get(job_id)

    def create(self, job: Job) -> bool:
        if job.id in self.rows:
            return False
        self.rows[job.id] = job
        return True

    def update(self, job_id: str, *, expect: Sequence[JobStatus] | None = None, **changes: Any) -> Job | None:
        row = self.rows.get(job_id)
        if row is None or (expect is not None and row.status not in expect):
            return None
        self.rows[job_id] = replace(row, **changes)
        return self.rows[job_id]

    def by_recording(self, recording_id: str) -> list[Job]:
        return sorted((j for j in self.rows.values() if j.recording_id == recording_id), key=lambda j: -j.created_at)

    def by_status(self, status: JobStatus, *, limit: int) -> list[Job]:
        return [j for j in self.rows.values() if j.status is status][:limit]

    def delete(self, job_id: str) -> None:
        self.rows.pop(job_id, None)
        for key in [k for k in self.task_rows if k[0] == job_id]:
            del self.task_rows[key]

    def tasks(self, job_id: str, rendition_id: str | None = None) -> list[Task]:
        keys = sorted(k for k in self.task_rows if k[0] == job_id and rendition_id in {None, k[1]})
        return [self.task_rows[key] for key in keys]

    def task(self, job_id: str, rendition_id: str, chunk: int) -> Task | None:
        return self.task_rows.get((job_id, rendition_id, chunk))

    def lease_hedge(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> bool:
        row, held = self.task(job_id, rendition_id, chunk), self.hedges.get((job_id, rendition_id, chunk))
        joined = held and held[0] != attempt and now <= held[1] <= until + CLOCKS_S
        if row is None or row.status is not TaskStatus.LEASED or joined:
            return False
        self.hedges[job_id, rendition_id, chunk] = (attempt, until)
        return True

    def heartbeat_hedge(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float) -> bool:
        row, held = self.task(job_id, rendition_id, chunk), self.hedges.get((job_id, rendition_id, chunk))
        if row is None or row.status is not TaskStatus.LEASED or not held or held[0] != attempt:
            return False
        self.hedges[job_id, rendition_id, chunk] = (attempt, until)
        return True

    def lease(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> Task | None:
        key = (job_id, rendition_id, chunk)
        row = self.task_rows.get(key)
        if row is not None and row.status is TaskStatus.DONE:
            return row
        if row is not None and now < row.lease_until <= until + CLOCKS_S and row.attempt != attempt:
            return None
        attempts = row.attempts + 1 if row else 1
        held = Task(job_id, rendition_id, chunk, TaskStatus.LEASED, attempt, attempts, until, started_at=now)
        self.task_rows[key] = held
        return self.task_rows[key]

    def heartbeat(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float, progress: int, fps: float
    ) -> bool:
        key = (job_id, rendition_id, chunk)
        row = self.task_rows.get(key)
        if row is None or row.status is not TaskStatus.LEASED or row.attempt != attempt:
            return False
        self.task_rows[key] = replace(row, lease_until=until, progress=progress, fps=fps)
        return True

    def release(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str) -> None:
        key = (job_id, rendition_id, chunk)
        row = self.task_rows.get(key)
        if row is not None and row.status is TaskStatus.LEASED and row.attempt == attempt:
            self.task_rows[key] = replace(row, lease_until=0.0)

    def forget_attempts(self, job_id: str) -> None:
        for task in self.tasks(job_id):
            if task.status is not TaskStatus.DONE:
                del self.task_rows[job_id, task.rendition_id, task.chunk]

    def commit(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, result: ChunkResult, now: float
    ) -> bool:
        job, key = self.rows.get(job_id), (job_id, rendition_id, chunk)
        row = self.task_rows.get(key)
        if job is None or job.status.terminal or (row is not None and row.status is TaskStatus.DONE):
            return False
        row = row or Task(job_id, rendition_id, chunk, TaskStatus.DONE, attempt, 1)
        done = {"status": TaskStatus.DONE, "attempt": attempt, "lease_until": 0.0, "finished_at": now}
        self.task_rows[key] = replace(row, **done, result=result)
        self.rows[job_id] = replace(job, tasks_done=job.tasks_done + 1)
        return True


@dataclass
class FakeLedger:
    """The job_bills table."""

    rows: dict[tuple[str, str], Bill] = field(default_factory=dict)

    def record(self, bill: Bill) -> None:
        known = self.rows.get((bill.job_id, bill.id))
        if known is None or known.ms <= bill.ms:
            self.rows[bill.job_id, bill.id] = bill

    def bills(self, job_id: str) -> list[Bill]:
        return [self.rows[key] for key in sorted(self.rows) if key[0] == job_id]

    def delete(self, job_id: str) -> None:
        for key in [key for key in self.rows if key[0] == job_id]:
            del self.rows[key]


@dataclass
class FakeObjects:
    """One bucket; `history` keeps every body ever written under a key."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    heads: dict[str, ObjectHead] = field(default_factory=dict)
    history: dict[str, list[bytes]] = field(default_factory=dict)
    written: dict[str, float] = field(default_factory=dict)
    time: Callable[[], float] = lambda: 0.0
    url: str = "http://127.0.0.1:1/"

    def head(self, key: str) -> ObjectHead | None:
        return self.heads.get(key)

    def get(self, key: str) -> bytes | None:
        return self.bodies.get(key)

    def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str) -> None:
        self.put_bytes(key, path.read_bytes(), content_type=content_type, cache_control=cache_control)

    def put_bytes(
        self, key: str, body: bytes, *, content_type: str, cache_control: str, metadata: dict[str, str] | None = None
    ) -> None:
        assert cache_control
        self.bodies[key] = body
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        self.heads[key] = ObjectHead(len(body), etag, content_type, metadata or {})
        self.history.setdefault(key, []).append(body)
        self.written[key] = self.time()

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
        current = self.heads.get(key)
        if (current.etag if current else None) != expect_etag:
            return False
        self.put_bytes(key, body, content_type=content_type, cache_control=cache_control, metadata=metadata)
        return True

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.bodies.pop(key, None)
            self.heads.pop(key, None)

    def list_keys(self, prefix: str) -> Iterator[str]:
        return iter([key for key in self.bodies if key.startswith(prefix)])

    def list_dated(self, prefix: str) -> Iterator[tuple[str, float]]:
        return iter([(key, self.written[key]) for key in self.bodies if key.startswith(prefix)])

    def read_url(self, key: str, *, ttl_s: int, filename: str | None = None, public: bool = False) -> str:
        assert ttl_s > 0
        return f"{self.url}{key}?{filename or ''}{public or ''}"


@dataclass
class FakeUploads:
    """Multipart uploads that end up in `objects`."""

    objects: FakeObjects
    open: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def begin(self, key: str, *, content_type: str) -> str:
        assert content_type
        upload_id = f"upload-{key}-{len(self.open)}"
        self.open[upload_id] = {}
        return upload_id

    def part_url(self, key: str, upload_id: str, number: int, *, size: int, ttl_s: int) -> str:
        return f"https://s3.test/{key}?uploadId={upload_id}&partNumber={number}&size={size}&ttl={ttl_s}"

    def parts(self, key: str, upload_id: str) -> list[UploadedPart] | None:
        assert key
        held = self.open.get(upload_id)
        if held is None:
            return None
        return [UploadedPart(n, len(body), f'"{n}"') for n, body in sorted(held.items())]

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        held = self.open.pop(upload_id, None)
        if held is None:
            raise Conflict("upload_gone", "The upload is over.")
        body = b"".join(held[part.number] for part in parts)
        self.objects.put_bytes(key, body, content_type="video/mp4", cache_control="none")

    def abort(self, key: str, upload_id: str) -> None:
        assert key
        self.open.pop(upload_id, None)


@dataclass
class FakeQueue:
    """One queue; `messages` are (body, group, delay)."""

    messages: deque[tuple[str, str, int]] = field(default_factory=deque)

    def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
        self.messages.extend((body, group, delay_s) for body in bodies)


@dataclass
class FakeProbe:
    """Answers with what it was given; an exception is raised."""

    answer: SourceMedia | Exception
    calls: int = 0

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        assert url
        assert size_bytes >= 0
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class FakeHold:
    """Remembers how long the message was hidden each time."""

    kept: list[int] = field(default_factory=list)

    def keep(self, seconds: int) -> None:
        self.kept.append(seconds)
