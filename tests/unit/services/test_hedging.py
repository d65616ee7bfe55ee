"""A task that hangs is encoded a second time beside the first: whoever commits first has it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeHold, FakeProbe
from support.media import source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder, stand_in

from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.messages import EncodeMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from chalicelib.services.ports import Beat

USUAL_S = 4.0


class Encoder(StandInEncoder):
    """Takes its usual time; `hang` is called instead of the next run's work until it returns."""

    pipeline: Pipeline
    hang: Callable[[Beat], None] | None = None

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Hang, or let the usual time pass and write the file."""
        if self.hang is not None:
            hang, self.hang = self.hang, None
            hang(beat)
            raise Cancelled
        self.pipeline.clock.time += USUAL_S
        return super().run_to_file(arguments, timeout_s=timeout_s, beat=beat)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Two minutes of silent 360p: seven chunks of one rung."""
    picture = video(640, 360, 24, duration_s=Fraction(120))
    built = stand_in(Pipeline(tmp_path, probe=FakeProbe(source(120, picture=picture))))
    encoder = Encoder(built.encoder.plan)  # type: ignore[attr-defined]
    encoder.pipeline = built
    built.encoder = encoder
    object.__setattr__(built.worker, "encoder", encoder)
    return built


def encoder_of(pipeline: Pipeline) -> Encoder:
    """The stand-in."""
    assert isinstance(pipeline.encoder, Encoder)
    return pipeline.encoder


def beats(pipeline: Pipeline, beat: Beat, seconds: float) -> bool:
    """Report no progress for so long; False as soon as the run is told to end."""
    for _ in range(int(seconds / 1.5)):
        pipeline.clock.time += 1.5
        if not beat(0, 0.0):
            return False
    return True


def hedges(pipeline: Pipeline) -> list[EncodeMessage]:
    """Requests for a second attempt that wait in the queue."""
    parsed = [parse_message(body) for body, _, _ in pipeline.queue.messages]
    return [message for message in parsed if isinstance(message, EncodeMessage) and message.hedge]


def check_whole(pipeline: Pipeline) -> None:
    """Ready, and every task committed once."""
    job = pipeline.jobs.rows[pipeline.recording.job_id]
    assert (job.status, pipeline.recording.status) == (JobStatus.COMPLETED, RecordingStatus.READY)
    assert job.tasks_done == job.plan.tasks_total
    named = {task.result.key for task in pipeline.jobs.tasks(job.id) if task.result}
    assert {key for key in pipeline.media.bodies if key.endswith((".mp4", ".jpg"))} - {
        pipeline.recording.poster
    } == named


def test_a_hung_task_is_hedged_and_the_second_attempt_wins(pipeline: Pipeline) -> None:
    """The hung worker asks for help once; when the helper has committed, the hung one is told to end."""
    pipeline.upload(b"media")
    for _ in range(7):
        pipeline.step()
    told: list[bool] = []

    def hang(beat: Beat) -> None:
        told.append(beats(pipeline, beat, 60))
        assert len(hedges(pipeline)) == 1
        pipeline.work()
        told.append(beats(pipeline, beat, 3))

    encoder_of(pipeline).hang = hang
    pipeline.step()
    assert told == [True, False]
    check_whole(pipeline)


def test_the_first_attempt_may_win_after_all(pipeline: Pipeline) -> None:
    """It was only slow: the helper's object goes, the job is counted once."""
    pipeline.upload(b"media")
    for _ in range(7):
        pipeline.step()
    encoder = encoder_of(pipeline)

    def slow(beat: Beat) -> None:
        beats(pipeline, beat, 60)
        message = pipeline.queue.messages.popleft()
        encoder.hang = overtaken
        pipeline.queue.messages.append(message)
        pipeline.step()

    def overtaken(beat: Beat) -> None:
        assert beat(1, 1.0)
        job = pipeline.jobs.rows[pipeline.recording.job_id]
        rows = [t for t in pipeline.jobs.tasks(job.id) if t.status is TaskStatus.LEASED]
        done = next(t.result for t in pipeline.jobs.tasks(job.id) if t.result)
        for row in rows:
            assert pipeline.jobs.commit(job.id, row.rendition_id, row.chunk, attempt=row.attempt, result=done, now=1.0)
        assert not beat(2, 1.0)

    encoder.hang = slow
    pipeline.step()
    job = pipeline.jobs.rows[pipeline.recording.job_id]
    assert job.tasks_done == job.plan.tasks_total == 14
    assert pipeline.queue.messages == type(pipeline.queue.messages)()


def test_only_one_second_attempt(pipeline: Pipeline) -> None:
    """The request delivered twice: the other waits, and finds the task done."""
    pipeline.upload(b"media")
    for _ in range(7):
        pipeline.step()
    encoder = encoder_of(pipeline)
    refused: list[str] = []

    def hang(beat: Beat) -> None:
        beats(pipeline, beat, 60)
        encoder.hang = helper
        pipeline.queue.messages.append(pipeline.queue.messages[0])
        pipeline.step()
        pipeline.step()

    def helper(beat: Beat) -> None:
        assert beat(1, 1.0)
        with pytest.raises(Transient) as caught:
            pipeline.worker.handle(hedges(pipeline)[0], FakeHold(), remaining_s=100)
        refused.append(caught.value.code)
        pipeline.clock.time += 31  # this helper dies here

    encoder.hang = hang
    with pytest.raises(Transient):
        pipeline.step()
    assert refused == ["task_leased"]


def test_no_help_for_what_is_as_slow_as_the_rest(pipeline: Pipeline) -> None:
    """Nothing is known of the first task's peers, and the usual time is no reason to ask."""
    pipeline.upload(b"media")
    pipeline.work()
    assert hedges(pipeline) == []
    check_whole(pipeline)


def test_a_worker_that_lost_its_task_gives_the_message_back(pipeline: Pipeline) -> None:
    """Its lease ran out and another worker took over: should that one die, the message is still there."""
    pipeline.upload(b"media")
    message = parse_message(pipeline.queue.messages[0][0])
    assert isinstance(message, EncodeMessage)

    def freeze(beat: Beat) -> None:
        pipeline.clock.time += 31
        now = pipeline.clock.time
        for rendition in message.renditions:
            assert pipeline.jobs.lease(message.job_id, rendition, 0, attempt="other", now=now, until=now + 30)
        assert not beat(1, 1.0)

    encoder_of(pipeline).hang = freeze
    with pytest.raises(Transient) as caught:
        pipeline.step()
    assert caught.value.code == "task_overtaken"
