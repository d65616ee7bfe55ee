"""Work done without an encoder: tasks committed by hand, announced by the real publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.keys import chunk_key
from support.media import result

if TYPE_CHECKING:
    from chalicelib.domain.job import Job, Rendition
    from support.pipeline import Pipeline


def commit(
    pipeline: Pipeline, job: Job, rendition: Rendition, chunk: int, *, attempt: str = "a", now: float = 2.0
) -> None:
    """Commit one task as a worker would, without telling anybody."""
    key = chunk_key(job.recording_id, job.plan.source_version, rendition.id, chunk, attempt)
    codec = "mp4a.40.2" if rendition.kind == "audio" else "avc1.64001F"
    made = result(key, segments=job.plan.chunks[chunk].segments, codec=codec)
    assert pipeline.jobs.commit(job.id, rendition.id, chunk, attempt=attempt, result=made, now=now)


def do(pipeline: Pipeline, job: Job, rendition: Rendition, chunk: int, *, now: float = 2.0) -> None:
    """Commit one task and announce it."""
    commit(pipeline, job, rendition, chunk, now=now)
    pipeline.publisher.chunk_committed(job.id, rendition.id, chunk)


def do_all(pipeline: Pipeline, job: Job) -> None:
    """Every task, rendition by rendition."""
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks:
            do(pipeline, job, rendition, chunk.index)
