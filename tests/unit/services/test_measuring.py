"""Asking how good a finished job looks: once, safely repeated, and never for a job that is not whole."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeHold, FakeProbe
from support.media import source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder, stand_in

from chalicelib.domain.messages import MeasureMessage, parse_message
from chalicelib.domain.vmaf import sample_chunks
from chalicelib.errors import Conflict
from chalicelib.services.billing import Rates
from chalicelib.services.measuring import QualityRequests, QualityWorker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.services.ports import Beat


class Comparer(StandInEncoder):
    """Writes the log that libvmaf would write."""

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Two frames of 91 and 93."""
        assert timeout_s > 0
        self._begin(beat)
        graph = arguments[arguments.index("-filter_complex") + 1]
        log = graph.split("log_path=")[1].split(":")[0]
        frames = [{"metrics": {"vmaf": score}} for score in (91, 93)]
        Path(log).write_text(json.dumps({"frames": frames}))
        return 1.0


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A minute of silent 720p, encoded."""
    picture = video(1280, 720, 24, duration_s=Fraction(60))
    built = stand_in(Pipeline(tmp_path, probe=FakeProbe(source(60, picture=picture))))
    built.upload(b"media")
    return built


def requests(pipeline: Pipeline) -> QualityRequests:
    """The owner's side."""
    return QualityRequests(pipeline.jobs, pipeline.worker.queues)


def worker(pipeline: Pipeline, scratch: Path) -> QualityWorker:
    """The encoder's side."""
    comparer = Comparer(lambda: next(iter(pipeline.jobs.rows.values())))
    rates = Rates("on_encode", 3538, pipeline.prices)
    return QualityWorker(
        pipeline.jobs, pipeline.source, pipeline.media, comparer, pipeline.ledger, pipeline.clock, rates, str(scratch)
    )


def test_every_rung_gets_a_score(pipeline: Pipeline, tmp_path: Path) -> None:
    """On the job, and on its bill; asking again finds it."""
    pipeline.work()
    job_id = pipeline.recording.job_id
    bills = len(pipeline.ledger.bills(job_id))
    assert requests(pipeline).ask(pipeline.recording)
    message = parse_message(pipeline.queue.messages.popleft()[0])
    assert message == MeasureMessage(job_id)
    hold = FakeHold()
    worker(pipeline, tmp_path).handle(message, hold, remaining_s=100)
    job = pipeline.jobs.rows[job_id]
    assert job.vmaf == {rung.id: 92.0 for rung in job.plan.video}
    assert hold.kept
    assert len(pipeline.ledger.bills(job_id)) == bills + 1
    assert not requests(pipeline).ask(pipeline.recording)
    shown = pipeline.transcoder.get_progress(pipeline.recording)["renditions"]
    assert {item["vmaf"] for item in shown} == {92.0}


def test_a_message_delivered_twice_measures_once(pipeline: Pipeline, tmp_path: Path) -> None:
    """And one for a job that is gone does nothing."""
    pipeline.work()
    job_id = pipeline.recording.job_id
    measuring = worker(pipeline, tmp_path)
    for _ in range(2):
        measuring.handle(MeasureMessage(job_id), FakeHold(), remaining_s=100)
    job = pipeline.jobs.rows[job_id]
    assert measuring.encoder.runs == len(sample_chunks(job.plan)) * len(job.plan.video) == 6  # type: ignore[attr-defined]
    measuring.handle(MeasureMessage("job_gone"), FakeHold(), remaining_s=100)


def test_a_job_deleted_meanwhile_ends_the_work(pipeline: Pipeline, tmp_path: Path) -> None:
    """Nothing is written for it."""
    pipeline.work()
    job_id = pipeline.recording.job_id
    measuring = worker(pipeline, tmp_path)

    def delete() -> None:
        pipeline.jobs.delete(job_id)

    measuring.encoder.during = delete  # type: ignore[attr-defined]
    measuring.handle(MeasureMessage(job_id), FakeHold(), remaining_s=100)
    assert pipeline.jobs.get(job_id) is None


def test_what_is_not_whole_is_not_measured(pipeline: Pipeline) -> None:
    """The owner is told to wait."""
    with pytest.raises(Conflict) as caught:
        requests(pipeline).ask(pipeline.recording)
    assert caught.value.code == "job_not_completed"
