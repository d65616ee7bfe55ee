"""A job that is done says how fast it was and what a minute of it cost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeProbe
from support.media import audio, source, video
from support.pipeline import Pipeline
from support.stand_in import stand_in

from chalicelib.domain.cost import PICO, receipt
from chalicelib.domain.gauges import COST_PER_MINUTE, ENCODE_SPEED
from chalicelib.domain.job import JobStatus
from chalicelib.services.gauging import JobGauges

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.job import Job


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Twenty seconds of 720p and sound, and an encoder that takes no time."""
    picture = video(1280, 720, 24, duration_s=Fraction(20))
    media = source(20, picture=picture, sound=audio(duration_s=Fraction(20)))
    return stand_in(Pipeline(tmp_path, probe=FakeProbe(media)))


def done(pipeline: Pipeline) -> Job:
    """Encode a recording to its end."""
    pipeline.upload(b"media")
    pipeline.clock.time += 5
    pipeline.work()
    (job,) = pipeline.jobs.rows.values()
    assert job.status is JobStatus.COMPLETED
    return job


def test_a_finished_job_tells_once(pipeline: Pipeline) -> None:
    """The message that ends it does; those before it say nothing."""
    job = done(pipeline)
    assert {name: len(values) for name, values in pipeline.gauges.items()} == {ENCODE_SPEED: 1, COST_PER_MINUTE: 1}
    assert job.started_at is not None
    assert job.finished_at is not None
    assert pipeline.gauges[ENCODE_SPEED] == [20 / max(0.001, job.finished_at - job.started_at)]
    spent = receipt(pipeline.ledger.bills(job.id), pipeline.prices).total / PICO
    assert pipeline.gauges[COST_PER_MINUTE] == [pytest.approx(spent / (float(job.plan.media.duration_s) / 60))]


def test_a_message_that_comes_late_tells_nothing(pipeline: Pipeline) -> None:
    """The job was over before it came."""
    job = done(pipeline)
    told: list[str] = []
    gauges = JobGauges(pipeline.ledger, pipeline.prices, lambda name, _: told.append(name))
    gauges.tell(job, since=(job.finished_at or 0) + 1)
    gauges.tell(replace(job, status=JobStatus.FAILED), since=0)
    gauges.tell(None, since=0)
    assert told == []
