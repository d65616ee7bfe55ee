"""Cancelling and retrying against workers, each other and death at every write."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from support.control import check_at_rest, check_conflict, check_whole, give_up, job_of, seven_seconds
from support.fakes import FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import Died, Killer, StandInEncoder
from support.work import do

from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.keys import playlist_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chalicelib.domain.recording import Recording


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Seven seconds of picture and sound, one rung, three messages, no FFmpeg."""
    return seven_seconds(tmp_path)


@pytest.fixture
def ladder(tmp_path: Path) -> Pipeline:
    """A minute of three rungs and sound; tasks are committed by hand."""
    return Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))


def test_an_announcement_that_comes_after_the_cancel(ladder: Pipeline) -> None:
    """A worker that had looked before writes its longer playlist after: it ends it too, and the recording with it."""
    job = ladder.upload(b"media")
    assert job is not None
    low = job.plan.video[0]
    for rendition in job.plan.renditions:
        do(ladder, job, rendition, 0)
    key = playlist_key(RECORDING_ID, job.plan.source_version, low.id, job.id)
    write = ladder.media.replace
    cancelled: list[str] = []

    def replace_late(name: str, body: bytes, **more: Any) -> bool:
        if name == key and not cancelled:
            cancelled.append(name)
            ladder.control.cancel(ladder.recording)
        return write(name, body, **more)

    ladder.media.replace = replace_late  # type: ignore[method-assign]
    do(ladder, job, low, 1)
    assert cancelled == [key]
    check_at_rest(ladder)
    assert m3u8.loads(ladder.media.bodies[key].decode()).is_endlist


def test_the_last_commit_and_the_cancel_at_once(pipeline: Pipeline) -> None:
    """Cancelled between the last commit and its announcement: whole playlists end as such, and a retry completes it."""
    pipeline.upload(b"media")
    commit = pipeline.jobs.commit

    def commit_late(*where: Any, **what: Any) -> bool:
        made = commit(*where, **what)
        if job_of(pipeline).tasks_done == job_of(pipeline).plan.tasks_total:
            pipeline.control.cancel(pipeline.recording)
        return made

    pipeline.jobs.commit = commit_late  # type: ignore[method-assign]
    pipeline.work()
    check_at_rest(pipeline)
    pipeline.jobs.commit = commit  # type: ignore[method-assign]
    pipeline.control.retry(pipeline.recording)
    assert len(pipeline.queue.messages) == 1
    pipeline.work()
    check_whole(pipeline)


def test_a_retry_overtakes_the_cancel(pipeline: Pipeline) -> None:
    """The job goes on while the cancel is still writing: in the end there is no error left."""
    pipeline.upload(b"media")
    update = pipeline.recordings.update

    def update_late(*row: Any, **changes: Any) -> Any:
        pipeline.recordings.update = update  # type: ignore[method-assign]
        pipeline.control.retry(pipeline.recording)
        return update(*row, **changes)

    pipeline.recordings.update = update_late  # type: ignore[method-assign]
    pipeline.control.cancel(pipeline.recording)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.PROCESSING, "")
    pipeline.work()
    check_whole(pipeline)


def test_retrying_twice_sends_at_most_duplicates(pipeline: Pipeline) -> None:
    """A second call, and one that begins before the first has sent anything: every task is still counted once."""
    pipeline.upload(b"media")
    pipeline.step()
    pipeline.control.cancel(pipeline.recording)
    pipeline.control.retry(pipeline.recording)
    check_conflict(lambda: pipeline.control.retry(pipeline.recording), "job_not_failed")
    pipeline.jobs.update(job_of(pipeline).id, fanned_out=False)
    pipeline.control.retry(pipeline.recording)
    pipeline.work()
    check_whole(pipeline)


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_cancel_that_dies_anywhere(tmp_path: Path, steps: int, *, before: bool, repeated: bool) -> None:
    """Killed at each write, repeated by its caller or left to the workers: it is not cancelled, or wholly so."""
    at, died = 0, True
    while died:
        at += 1
        pipeline = seven_seconds(tmp_path)
        pipeline.upload(b"media")
        for _ in range(steps):
            pipeline.step()
        died = dies(pipeline, at, pipeline.control.cancel, before=before)
        if died and repeated:
            pipeline.control.cancel(pipeline.recording)
        pipeline.work()
        if job_of(pipeline).status is JobStatus.COMPLETED:
            # It has only asked for the leftovers to be removed.
            assert (at, before) in {(1, True), (1, False), (2, True)}
            assert not repeated
            check_whole(pipeline)
        else:
            check_at_rest(pipeline)
    assert at > 2


def dies(pipeline: Pipeline, at: int, call: Callable[[Recording], object], *, before: bool) -> bool:
    """Make a call that is killed at a write; whether it came that far."""
    killer = Killer(pipeline, at, before=before)
    try:
        call(pipeline.recording)
    except Died:
        return True
    finally:
        killer.at = 0
    return False


@pytest.mark.parametrize("repeated", [True, False])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("failed", [True, False])
def test_a_retry_that_dies_anywhere(tmp_path: Path, *, failed: bool, before: bool, repeated: bool) -> None:
    """Killed at each write, repeated by its caller or found by the sweep: it ends whole, or never began."""
    at, died = 0, True
    while died:
        at += 1
        pipeline = seven_seconds(tmp_path)
        pipeline.upload(b"media")
        pipeline.step()
        encoder = pipeline.encoder
        assert isinstance(encoder, StandInEncoder)
        if failed:
            give_up(pipeline, encoder)
        else:
            pipeline.step()
            pipeline.control.cancel(pipeline.recording)
        pipeline.work()
        died = dies(pipeline, at, pipeline.control.retry, before=before)
        if died and repeated:
            with suppress(Conflict):  # it may have died when all was done
                pipeline.control.retry(pipeline.recording)
        pipeline.clock.time += 21 * 60
        pipeline.transcoder.resume_stalled(10)
        pipeline.work()
        if not job_of(pipeline).status.terminal or job_of(pipeline).status is JobStatus.COMPLETED:
            check_whole(pipeline)
        else:
            assert not repeated
            assert pipeline.recording.error_code == ("encode_failed" if failed else "job_cancelled")
    assert at > 4


def test_a_retry_wants_every_task_anew_only_once(pipeline: Pipeline) -> None:
    """Leases of workers that were stopped do not hold it up: the first message after it is done at once."""
    pipeline.upload(b"media")
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    encoder.during = lambda: pipeline.control.cancel(pipeline.recording)
    pipeline.step()
    assert [t.status for t in pipeline.jobs.tasks(job_of(pipeline).id)] == [TaskStatus.LEASED]
    encoder.during = lambda: None
    pipeline.queue.messages.clear()
    pipeline.control.retry(pipeline.recording)
    pipeline.work()
    check_whole(pipeline)
