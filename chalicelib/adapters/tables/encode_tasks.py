"""The encode_tasks table: one row per rendition x chunk, from its first lease on."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, Count, PackedJson, Seconds, Table
from chalicelib.domain.job import ChunkResult, Task, TaskStatus


class TaskItem(Table):
    """One task as stored. `task` is `{rendition_id}#{chunk:05d}`, so rows lie by rendition and chunk."""

    class Meta:
        """Table settings."""

        kind = "encode_tasks"
        billing_mode = BILLING

    job_id = UnicodeAttribute(hash_key=True)
    task = UnicodeAttribute(range_key=True)
    status = UnicodeAttribute()
    attempt = UnicodeAttribute()
    attempts = Count(default=0)
    lease_until = Seconds(default=0.0)
    started_at = Seconds(default=0.0)
    finished_at = Seconds(default=0.0)
    progress = Count(default=0)
    fps = Seconds(default=0.0)
    hedge = UnicodeAttribute(null=True)
    hedge_until = Seconds(null=True)
    result = PackedJson(null=True)


def task_key(rendition_id: str, chunk: int) -> str:
    """Name a task within its job."""
    return f"{rendition_id}#{chunk:05d}"


def task_of(item: TaskItem) -> Task:
    """Read a stored task."""
    rendition_id, chunk = item.task.rsplit("#", 1)
    return Task(
        job_id=item.job_id,
        rendition_id=rendition_id,
        chunk=int(chunk),
        status=TaskStatus(item.status),
        attempt=item.attempt,
        attempts=item.attempts,
        lease_until=item.lease_until,
        started_at=item.started_at,
        finished_at=item.finished_at,
        progress=item.progress,
        fps=item.fps,
        result=ChunkResult.from_dict(item.result) if item.result else None,
    )
