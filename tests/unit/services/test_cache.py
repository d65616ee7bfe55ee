"""What was encoded once is not encoded again: another ladder on the same source takes it over."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeProbe
from support.media import audio, source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder, stand_in

from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.ladder import DEFAULT_PROFILES
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.schedule import work_order

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.job import Job
    from chalicelib.domain.ladder import EncodingProfile

LOW, NORMAL = DEFAULT_PROFILES[:2]
LENGTH_S = 20


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Twenty seconds of 720p and sound: four chunks."""
    picture = video(1280, 720, 24, duration_s=Fraction(LENGTH_S))
    media = source(LENGTH_S, picture=picture, sound=audio(duration_s=Fraction(LENGTH_S)))
    return stand_in(Pipeline(tmp_path, probe=FakeProbe(media)))


def runs(pipeline: Pipeline) -> int:
    """How often an encoder was started."""
    assert isinstance(pipeline.encoder, StandInEncoder)
    return pipeline.encoder.runs


def ask(pipeline: Pipeline, *profiles: EncodingProfile) -> Job:
    """Ask for a ladder as its owner does."""
    return pipeline.transcoder.queue_job(pipeline.recording, profiles)[0]


def check_ready(pipeline: Pipeline, job: Job) -> Job:
    """The job is the recording's own, complete, and each task counted once."""
    row = pipeline.jobs.get(job.id)
    assert row is not None
    assert (row.status, row.tasks_done) == (JobStatus.COMPLETED, row.plan.tasks_total)
    assert {task.status for task in pipeline.jobs.tasks(job.id)} == {TaskStatus.DONE}
    assert (pipeline.recording.status, pipeline.recording.job_id) == (RecordingStatus.READY, job.id)
    return row


def test_the_same_ladder_again_encodes_nothing(pipeline: Pipeline) -> None:
    """It is the same job, and no message is sent."""
    pipeline.upload(b"media")
    pipeline.work()
    before, job_id = runs(pipeline), pipeline.recording.job_id
    again, created = pipeline.transcoder.queue_job(pipeline.recording, None)
    assert (again.id, created, len(pipeline.queue.messages)) == (job_id, False, 0)
    pipeline.event()
    pipeline.work()
    assert runs(pipeline) == before


def test_a_new_rung_encodes_that_rung(pipeline: Pipeline) -> None:
    """Four chunks of it; the rung and the sound that were there are taken over, object by object."""
    pipeline.upload(b"media")
    pipeline.queue.messages.clear()
    first = ask(pipeline, LOW)
    pipeline.work()
    before = runs(pipeline)
    objects = set(pipeline.media.bodies)
    second = ask(pipeline, LOW, NORMAL)
    pipeline.work()
    assert runs(pipeline) - before == len(second.plan.chunks) == 4
    check_ready(pipeline, second)
    low = first.plan.video[0].id
    keys = [[t.result and t.result.key for t in pipeline.jobs.tasks(job.id, low)] for job in (first, second)]
    assert keys[0] == keys[1]
    new = {key for key in set(pipeline.media.bodies) - objects if key.endswith(".mp4")}
    assert all(second.plan.video[1].id in key for key in new)


def test_a_smaller_ladder_encodes_nothing(pipeline: Pipeline) -> None:
    """Every rung of it is there, in one message a rendition; the poster, asked for again, is there too."""
    pipeline.upload(b"media")
    pipeline.work()
    before = runs(pipeline)
    smaller = ask(pipeline, LOW)
    assert len(pipeline.queue.messages) == len(smaller.plan.renditions) + 1
    pipeline.work()
    assert runs(pipeline) == before
    check_ready(pipeline, smaller)


def test_work_of_a_cancelled_job_counts_too(pipeline: Pipeline) -> None:
    """Cut short after its lowest rung's first chunks, the job still gives what it has."""
    pipeline.upload(b"media")
    for _ in range(4):
        pipeline.step()
    pipeline.control.cancel(pipeline.recording)
    pipeline.queue.messages.clear()
    cancelled = pipeline.recording.job_id
    done = {(t.rendition_id, t.chunk) for t in pipeline.jobs.tasks(cancelled) if t.status is TaskStatus.DONE}
    before = runs(pipeline)
    job = ask(pipeline, LOW, NORMAL)
    known = [(r.id, c.index) for r in job.plan.renditions for c in job.plan.chunks if (r.id, c.index) in done]
    assert known
    pipeline.work()
    check_ready(pipeline, job)
    messages = [(ids, c) for ids, chunks in work_order(job.plan) for c in chunks if ids != (job.plan.audios[0].id,)]
    assert runs(pipeline) - before == sum(any((name, c) not in done for name in ids) for ids, c in messages)


def test_another_source_takes_nothing_over(pipeline: Pipeline) -> None:
    """The same parameters of other bytes are other pictures."""
    pipeline.upload(b"media")
    pipeline.work()
    before = runs(pipeline)
    pipeline.source.put_bytes(
        f"sources/{pipeline.recording.id}/original", b"other media", content_type="video/mp4", cache_control="none"
    )
    job = pipeline.event()
    assert job is not None
    assert job.earlier == ()
    pipeline.work()
    assert runs(pipeline) == 2 * before
    check_ready(pipeline, job)


def test_a_source_cut_otherwise_takes_nothing_over(pipeline: Pipeline) -> None:
    """Chunks of one length cannot stand in a job of another."""
    pipeline.upload(b"media")
    pipeline.work()
    job = pipeline.jobs.rows[pipeline.recording.job_id]
    rendition = job.plan.video[0].id
    longer = dataclasses.replace(job, plan=dataclasses.replace(job.plan, chunks=job.plan.chunks[:-1]))
    assert job.may_take_over(job, rendition)
    assert not longer.may_take_over(job, rendition)
    assert not job.may_take_over(job, "v-unknown")
