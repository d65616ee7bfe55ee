"""What a job costs is what its invocations used, and a limit on it holds."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeProbe
from support.media import audio, source, video
from support.pipeline import Pipeline
from support.stand_in import Died, StandInEncoder, stand_in

from chalicelib.domain.cost import Request, pico_of, receipt
from chalicelib.domain.job import COST_LIMIT_REACHED, JobStatus
from chalicelib.domain.ladder import DEFAULT_PROFILES
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.control import CostLimit
from chalicelib.services.transcoding import Wishes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chalicelib.domain.job import Job
    from chalicelib.services.ports import Beat

RUN_S = 8.0
GB_S_USD = 0.0000166667
RUN_USD = RUN_S * 3538 / 1024 * GB_S_USD


class Encoder(StandInEncoder):
    """Takes eight seconds for every chunk, with its heartbeats."""

    pipeline: Pipeline

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Let the time pass, then write the file."""
        for _ in range(4):
            self.pipeline.clock.time += RUN_S / 4
            assert beat(1, 1.0)
        return super().run_to_file(arguments, timeout_s=timeout_s, beat=beat)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Twenty seconds of 720p and sound."""
    picture = video(1280, 720, 24, duration_s=Fraction(20))
    media = source(20, picture=picture, sound=audio(duration_s=Fraction(20)))
    built = stand_in(Pipeline(tmp_path, probe=FakeProbe(media)))
    encoder = Encoder(lambda: next(iter(built.jobs.rows.values())))
    encoder.pipeline = built
    built.encoder = encoder
    object.__setattr__(built.worker, "encoder", encoder)
    return built


def start(pipeline: Pipeline, max_cost_usd: float | None = None) -> Job:
    """One rung, sound and the poster: six messages."""
    pipeline.upload(b"media")
    pipeline.queue.messages.clear()
    wishes = Wishes(max_cost_usd=max_cost_usd)
    return pipeline.transcoder.queue_job(pipeline.recording, DEFAULT_PROFILES[:1], wishes)[0]


def spent(pipeline: Pipeline, job: Job) -> int:
    """Pico-dollars so far."""
    return receipt(pipeline.ledger.bills(job.id), pipeline.prices).total


def test_every_message_is_one_bill(pipeline: Pipeline) -> None:
    """Time, requests and what it stored; the receipt is their sum."""
    job = start(pipeline)
    pipeline.work()
    bills = pipeline.ledger.bills(job.id)
    assert sorted(bill.ms for bill in bills) == [1, 1, 8000, 8000, 8000, 8000]
    assert {(bill.function, bill.memory_mb, bill.invocations) for bill in bills} == {("on_encode", 3538, 1)}
    total = receipt(bills, pipeline.prices)
    chunks = [task.result.size for task in pipeline.jobs.tasks(job.id) if task.result]
    assert total.stored_bytes == sum(chunks) + len(pipeline.media.bodies[pipeline.recording.poster])
    assert total.total == sum(bill.total(pipeline.prices) for bill in bills)
    assert total.total > 4 * pico_of(f"{RUN_USD:.12f}")
    assert all(bill.requests[Request.SQS] >= 3 for bill in bills)


def test_a_message_that_found_everything_done_costs_its_moment(pipeline: Pipeline) -> None:
    """Duplicates are billed by AWS, so they are on the receipt."""
    job = start(pipeline)
    again = list(pipeline.queue.messages)
    pipeline.work()
    before = spent(pipeline, job)
    pipeline.queue.messages.extend(again)
    pipeline.work()
    # The job is over: nothing is looked up any more, nothing is written.
    assert spent(pipeline, job) == before


def test_a_worker_that_dies_has_been_billed_to_its_last_heartbeat(pipeline: Pipeline) -> None:
    """Whatever it was doing."""
    job = start(pipeline)
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, Encoder)

    def die() -> None:
        raise Died

    encoder.during = die
    for _ in range(3):
        encoder.pipeline.clock.time += 1
    with pytest.raises(Died):
        pipeline.step()
    assert [bill.ms for bill in pipeline.ledger.bills(job.id)][-1] == 8000


def test_a_limit_stops_new_work_and_keeps_what_is_done(pipeline: Pipeline) -> None:
    """Two chunks' worth is allowed: two are encoded, the recording plays to there and says why."""
    job = start(pipeline, max_cost_usd=RUN_USD * 1.5)
    pipeline.work()
    row = pipeline.jobs.rows[job.id]
    assert (row.status, row.error_code) == (JobStatus.CANCELLED, COST_LIMIT_REACHED)
    recording = pipeline.recording
    assert (recording.status, recording.error_code) == (RecordingStatus.PLAYABLE, COST_LIMIT_REACHED)
    assert "--max-cost" in recording.error_detail
    assert pico_of(f"{RUN_USD * 2:.12f}") < spent(pipeline, job) < pico_of(f"{RUN_USD * 2.5:.12f}")
    playlist = next(body for key, body in pipeline.media.bodies.items() if "/v-" in key and "/index-" in key)
    assert playlist.endswith(b"#EXT-X-ENDLIST\n")


def test_a_limit_before_the_first_picture(pipeline: Pipeline) -> None:
    """Nothing can be played: the recording is errored, with the same words."""
    job = start(pipeline, max_cost_usd=1e-9)
    pipeline.work()
    assert pipeline.jobs.rows[job.id].status is JobStatus.CANCELLED
    assert pipeline.encoder.runs <= 1  # type: ignore[attr-defined]
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, COST_LIMIT_REACHED)


def test_with_a_higher_limit_it_goes_on(pipeline: Pipeline) -> None:
    """Only what is missing is encoded; the error is gone."""
    job = start(pipeline, max_cost_usd=RUN_USD * 1.5)
    pipeline.work()
    runs = pipeline.encoder.runs  # type: ignore[attr-defined]
    for limit in (None, CostLimit(job.max_cost_usd), CostLimit(1e-9)):
        with pytest.raises(Conflict, match="cost_limit_reached"):
            pipeline.control.retry(pipeline.recording, limit)
    pipeline.control.retry(pipeline.recording, CostLimit(1.0))
    pipeline.work()
    assert pipeline.encoder.runs - runs == 2  # type: ignore[attr-defined]
    row = pipeline.jobs.rows[job.id]
    assert (row.status, row.error_code, pipeline.recording.status) == (JobStatus.COMPLETED, "", RecordingStatus.READY)
    assert pipeline.recording.error_code == ""


def test_what_others_are_encoding_is_not_thrown_away(pipeline: Pipeline) -> None:
    """It is paid for: the job ends when the last of them has committed."""
    job = start(pipeline, max_cost_usd=RUN_USD * 0.7)
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, Encoder)

    def meanwhile() -> None:
        encoder.during = lambda: None
        pipeline.step()  # no poster any more
        assert pipeline.recording.poster == ""
        pipeline.step()
        row = pipeline.jobs.rows[job.id]
        assert (row.status, row.error_code) == (JobStatus.IN_PROGRESS, COST_LIMIT_REACHED)

    encoder.during = meanwhile
    pipeline.step()
    row = pipeline.jobs.rows[job.id]
    assert (row.status, row.tasks_done) == (JobStatus.CANCELLED, 6)


def test_no_bill_outlives_its_recording(pipeline: Pipeline) -> None:
    """Deleted while a worker encodes: what it notes at its end would be nobody's to remove."""
    job = start(pipeline)
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, Encoder)

    def delete() -> None:
        pipeline.ledger.delete(job.id)
        pipeline.jobs.delete(job.id)

    encoder.during = delete
    pipeline.step()
    assert pipeline.ledger.bills(job.id) == []
