"""Jobs that are cancelled and go on: how such a recording is made, and what must hold of it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.job import Job, JobStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, Transient
from support.fakes import FakeProbe
from support.media import audio, source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDED = b"#EXT-X-ENDLIST\n"


def seven_seconds(scratch: Path) -> Pipeline:
    """Make that pipeline."""
    small = video(640, 360, 30, duration_s=Fraction(7))
    return stand_in(Pipeline(scratch, probe=FakeProbe(source(7, picture=small, sound=audio()))))


def job_of(pipeline: Pipeline) -> Job:
    """The only job."""
    (job,) = pipeline.jobs.rows.values()
    return job


def playlists(pipeline: Pipeline) -> list[bytes]:
    """Every media playlist as it is now."""
    return [body for key, body in pipeline.media.bodies.items() if "/index-" in key]


def check_whole(pipeline: Pipeline) -> None:
    """Ready without an error, every task done and counted once, and no segment announced was ever taken back."""
    job, recording = job_of(pipeline), pipeline.recording
    assert (recording.status, recording.error_code, recording.error_detail) == (RecordingStatus.READY, "", "")
    assert (job.status, job.error_code) == (JobStatus.COMPLETED, "")
    assert job.tasks_done == len(pipeline.jobs.tasks(job.id)) == job.plan.tasks_total
    for key, versions in pipeline.media.history.items():
        if "/index-" in key:
            assert all(after.startswith(before.removesuffix(ENDED)) for before, after in pairwise(versions))
            assert versions[-1].endswith(ENDED)


def check_at_rest(pipeline: Pipeline) -> None:
    """Cancelled, and nobody waits: errored without a picture, else playable to an end that is announced as one."""
    assert job_of(pipeline).status is JobStatus.CANCELLED
    assert pipeline.recording.error_code == "job_cancelled"
    if pipeline.recording.status is RecordingStatus.PLAYABLE:
        assert all(body.endswith(ENDED) for body in playlists(pipeline))
    else:
        assert pipeline.recording.status is RecordingStatus.ERRORED


def check_conflict(call: Callable[[], object], code: str) -> None:
    """The call is refused with that code."""
    with pytest.raises(Conflict) as refused:
        call()
    assert refused.value.code == code


def give_up(pipeline: Pipeline, encoder: StandInEncoder) -> None:
    """Fail the next message until its job fails."""
    encoder.fail = [Transient("encode_interrupted", "exit 1")] * 4
    message = pipeline.queue.messages[0]
    for _ in range(4):
        pipeline.queue.messages.appendleft(message)
        with pytest.raises(Transient):
            pipeline.step()
    pipeline.step()
