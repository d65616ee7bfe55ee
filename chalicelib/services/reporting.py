"""What anybody may ask about a job: the progress document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.chunk_map import chunk_letters
from chalicelib.domain.documents import PLAYED, iso, played, rendition_document, still_links
from chalicelib.domain.estimate import eta_s
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.progress import ProgressTracker, RenditionProgress, chunk_seconds
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Job, Task
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Jobs


def progress_document(recording: Recording, jobs: Jobs, now: float, *, owner: bool) -> dict[str, Any]:
    """Return the progress document (docs/api.md) at `now` (Unix seconds); money is for its `owner` only.

    Reads the job and, unless it is completed, its tasks. `cost` is left to the receipts.
    """
    job = jobs.get(recording.job_id) if recording.job_id else None
    error_code = recording.error_code or (job.error_code if job else "")
    error_detail = recording.error_detail or (job.error_detail if job else "")
    document: dict[str, Any] = {
        "recording_id": recording.id,
        "title": recording.title,
        "recording_status": recording.status.value,
        "job_id": job.id if job else None,
        "status": job.status.value if job else _status_without_job(recording),
        "stage": recording.stage or None,
        "percent": 0.0,
        "eta_s": None,
        "priority": job.priority.value if job else None,
        "max_cost_usd": job.max_cost_usd if job and owner else None,
        "cost": None,
        "playable": recording.status in {RecordingStatus.PLAYABLE, RecordingStatus.READY},
        "duration_s": recording.duration_s or None,
        "segment_s": float(job.plan.segment_s) if job else None,
        "error": {"code": error_code, "detail": error_detail} if error_code else None,
        "created_at": iso(job.created_at) if job and job.created_at else None,
        "playable_at": iso(job.playable_at) if job and job.playable_at else None,
        "finished_at": iso(job.finished_at) if job and job.finished_at else None,
        **still_links(recording),
        "renditions": [],
    }
    if job is not None:
        tasks = [] if job.status is JobStatus.COMPLETED else jobs.tasks(job.id)
        if job.status.terminal:  # a lease outlives the worker that was told to stop
            tasks = [task for task in tasks if task.status is TaskStatus.DONE]
        progress = ProgressTracker(job, tasks, now).progress()
        document["percent"] = progress.percent
        document["eta_s"] = _eta_s(job, tasks, now)
        shown = [r for r in progress.renditions if r.rendition.kind in PLAYED]
        document["renditions"] = [_rendition(r, job) for r in shown]
    return document


def chunks_document(recording: Recording, jobs: Jobs, now: float) -> dict[str, Any]:
    """Return which pieces of which rendition are done at `now` (docs/api.md); one read of the job, one of its tasks."""
    job = jobs.get(recording.job_id) if recording.job_id else None
    if job is None:
        nothing: dict[str, Any] = {"segment_s": None, "chunks": [], "renditions": []}
        return {"job_id": None, "status": _status_without_job(recording), **nothing}
    plan = job.plan
    letters = chunk_letters(job, [] if job.status is JobStatus.COMPLETED else jobs.tasks(job.id), now)
    pieces = [(float(chunk.start_s(plan.segment_s)), chunk_seconds(plan, chunk)) for chunk in plan.chunks]
    return {
        "job_id": job.id,
        "status": job.status.value,
        "segment_s": float(plan.segment_s),
        "chunks": [{"start_s": round(start, 3), "duration_s": round(length, 3)} for start, length in pieces],
        "renditions": [
            {"id": r.id, "name": r.name, "kind": r.kind, "chunks": letters[r.id]} for r in played(plan.renditions)
        ],
    }


def _eta_s(job: Job, tasks: Sequence[Task], now: float) -> float | None:
    left_s = None if job.status.terminal else eta_s(job, tasks, now)
    return None if left_s is None else round(left_s, 1)


def _status_without_job(recording: Recording) -> str:
    failed = recording.status is RecordingStatus.ERRORED
    return (JobStatus.FAILED if failed else JobStatus.PENDING).value


def _rendition(progress: RenditionProgress, job: Job) -> dict[str, Any]:
    return rendition_document(progress.rendition) | {
        "percent": progress.percent,
        "fps": progress.fps,
        "speed": progress.speed,
        "available_s": round(progress.available_s, 3),
        "chunks_done": progress.chunks_done,
        "chunks_total": len(job.plan.chunks),
        "vmaf": (job.vmaf or {}).get(progress.rendition.id),
        "status": progress.status.value,
    }
