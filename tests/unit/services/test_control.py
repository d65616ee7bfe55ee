"""Cancelling jobs and letting them go on: what a viewer sees, what is encoded again, and every death and race."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest
from support.control import ENDED, check_at_rest, check_conflict, check_whole, give_up, job_of, playlists, seven_seconds
from support.fakes import FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder
from support.work import do, do_all

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import master_key
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent
from chalicelib.services.control import CostLimit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Seven seconds of picture and sound, one rung, three messages, no FFmpeg."""
    return seven_seconds(tmp_path)


@pytest.fixture
def ladder(tmp_path: Path) -> Pipeline:
    """A minute of three rungs and sound; tasks are committed by hand."""
    return Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))


def listed(pipeline: Pipeline) -> list[str]:
    """Renditions in the master."""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    return [variant.uri.split("/")[-2] for variant in master.playlists]


def test_cancelled_before_there_is_a_picture(pipeline: Pipeline) -> None:
    """The recording says what happened and how to go on; messages are dropped; cancelling again is fine."""
    pipeline.upload(b"media")
    pipeline.control.cancel(pipeline.recording)
    assert pipeline.recording.status is RecordingStatus.ERRORED
    assert f"headwater retry {RECORDING_ID}" in pipeline.recording.error_detail
    pipeline.work()
    pipeline.event()
    pipeline.control.cancel(pipeline.recording)
    check_at_rest(pipeline)
    assert (pipeline.encoder.runs, pipeline.media.bodies, len(pipeline.queue.messages)) == (0, {}, 0)  # type: ignore[attr-defined]


def test_cancelled_while_it_plays(ladder: Pipeline) -> None:
    """It stays playable and ends where the encoding did; rungs that end earlier leave the master, not the CDN."""
    job = ladder.upload(b"media")
    assert job is not None
    low, middle, high = job.plan.video
    for rendition, chunks in ((job.plan.audio, 3), (low, 3), (middle, 3), (high, 1)):
        assert rendition is not None
        for chunk in range(chunks):
            do(ladder, job, rendition, chunk)
    assert listed(ladder) == [low.id, middle.id, high.id]
    before = dict(ladder.media.bodies)
    ladder.control.cancel(ladder.recording)
    check_at_rest(ladder)
    assert listed(ladder) == [low.id, middle.id]
    assert ladder.transcoder.generate_master_playlist(ladder.recording, planned=True).count("STREAM-INF") == 2
    assert playlists(ladder) == [body + ENDED for key, body in before.items() if "/index-" in key]
    progress = ladder.transcoder.get_progress(ladder.recording)
    assert (progress["status"], progress["recording_status"], progress["playable"]) == ("cancelled", "playable", True)
    assert progress["error"]["code"] == "job_cancelled"


def test_going_on_after_that(ladder: Pipeline) -> None:
    """What was announced grows again, the master has its rungs back, and the end is a whole recording."""
    job = ladder.upload(b"media")
    assert job is not None
    for rendition in job.plan.renditions:
        do(ladder, job, rendition, 0)
    do(ladder, job, job.plan.video[0], 1)
    ladder.control.cancel(ladder.recording)
    assert len(listed(ladder)) == 1
    again = ladder.control.retry(ladder.recording)
    assert (again.status, again.tasks_done, again.fanned_out, again.finished_at) == (
        JobStatus.IN_PROGRESS,
        len(job.plan.renditions) + 1,
        True,
        None,
    )
    assert (ladder.recording.status, ladder.recording.error_code) == (RecordingStatus.PLAYABLE, "")
    assert not any(body.endswith(ENDED) for body in playlists(ladder))
    assert len(listed(ladder)) == 3
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks[1 + (rendition == job.plan.video[0]) :]:
            do(ladder, job, rendition, chunk.index)
    check_whole(ladder)


def test_there_is_nothing_to_cancel(pipeline: Pipeline) -> None:
    """Without a job, after its end, after its failure, and for a job of a source that was replaced."""
    pipeline.upload(b"media")
    recording = pipeline.recording
    no_job = pipeline.recordings.update(RECORDING_ID, job_id="")
    other = pipeline.recordings.update(RECORDING_ID, job_id=recording.job_id, source_version="other")
    pipeline.recordings.update(RECORDING_ID, source_version=recording.source_version)
    assert no_job is not None
    assert other is not None
    for refused in (no_job, other):
        check_conflict(lambda refused=refused: pipeline.control.cancel(refused), "job_not_running")  # type: ignore[misc]
    pipeline.work()
    check_conflict(lambda: pipeline.control.cancel(recording), "job_not_running")
    pipeline.jobs.update(recording.job_id, status=JobStatus.FAILED)
    check_conflict(lambda: pipeline.control.cancel(recording), "job_not_running")
    check_whole_recording = pipeline.recording
    assert (check_whole_recording.status, check_whole_recording.error_code) == (RecordingStatus.READY, "")


def test_there_is_nothing_to_retry(pipeline: Pipeline) -> None:
    """While it runs, after its end, and without a job."""
    pipeline.upload(b"media")
    check_conflict(lambda: pipeline.control.retry(pipeline.recording), "job_not_failed")
    pipeline.work()
    check_conflict(lambda: pipeline.control.retry(pipeline.recording), "job_not_failed")
    no_job = pipeline.recordings.update(RECORDING_ID, job_id="")
    assert no_job is not None
    check_conflict(lambda: pipeline.control.retry(no_job), "job_not_failed")
    assert not pipeline.queue.messages


def test_a_running_encode_leaves_nothing(pipeline: Pipeline) -> None:
    """Cancelled while the encoder runs: no object, no commit, and the message does not come again."""
    pipeline.upload(b"media")
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    stored, done = set(pipeline.media.bodies), job_of(pipeline).tasks_done
    encoder.during = lambda: pipeline.control.cancel(pipeline.recording)
    pipeline.step()
    assert (set(pipeline.media.bodies), job_of(pipeline).tasks_done) == (stored, done)
    progress = pipeline.transcoder.get_progress(pipeline.recording)
    assert [r["fps"] for r in progress["renditions"]] == [0.0, 0.0]
    check_at_rest(pipeline)


def test_only_what_is_missing_is_done_again(pipeline: Pipeline) -> None:
    """After a failure: two of three messages (and the poster's), attempts counted from one, and a ready recording."""
    pipeline.upload(b"media")
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    give_up(pipeline, encoder)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "encode_failed")
    pipeline.work()
    runs = encoder.runs
    pipeline.control.retry(pipeline.recording)
    assert (len(pipeline.queue.messages), pipeline.recording.error_code) == (3, "")
    pipeline.work()
    check_whole(pipeline)
    assert encoder.runs == runs + 2
    assert {t.attempts for t in pipeline.jobs.tasks(job_of(pipeline).id) if t.chunk == 0} <= {0, 1}


def test_a_retry_may_change_the_limit(pipeline: Pipeline) -> None:
    """Left out it stays, a number replaces it, null lifts it."""
    pipeline.upload(b"media")
    pipeline.jobs.update(job_of(pipeline).id, max_cost_usd=2.0)
    for limit, expected in ((None, 2.0), (CostLimit(1.5), 1.5), (CostLimit(None), None)):
        pipeline.control.cancel(pipeline.recording)
        assert pipeline.control.retry(pipeline.recording, limit).max_cost_usd == expected


def test_a_source_that_cannot_be_used_fails_again(pipeline: Pipeline) -> None:
    """A retry is a fair try: the same reason is there again, and there may be another one."""
    pipeline.upload(b"media")
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    for _ in range(2):
        encoder.fail = [Permanent("source_truncated", "It ends early.")]
        pipeline.work()
        assert (pipeline.recording.status, pipeline.recording.error_code) == (
            RecordingStatus.ERRORED,
            "source_truncated",
        )
        pipeline.control.retry(pipeline.recording)
        assert pipeline.recording.status is RecordingStatus.PROCESSING
    pipeline.work()
    check_whole(pipeline)


def test_a_ready_recording_does_not_mind(ladder: Pipeline) -> None:
    """Another ladder's job is cancelled: the first one stays on show, without an error, and its master stays."""
    first = ladder.upload(b"media")
    assert first is not None
    do_all(ladder, first)
    master = ladder.media.bodies[master_key(RECORDING_ID)]
    small = EncodingProfile("small", 320, 180, 100, 24)
    second, _ = ladder.transcoder.queue_job(ladder.recording, [small])
    do(ladder, second, second.plan.video[0], 0)
    ladder.control.cancel(ladder.recording)
    assert (ladder.recording.status, ladder.recording.error_code) == (RecordingStatus.READY, "")
    assert ladder.media.bodies[master_key(RECORDING_ID)] == master
    assert ladder.transcoder.get_progress(ladder.recording)["error"]["code"] == "job_cancelled"


def test_another_job_takes_the_error_away(ladder: Pipeline) -> None:
    """A recording that plays up to its cancelled end says nothing of it once other rungs are wanted."""
    first = ladder.upload(b"media")
    assert first is not None
    for rendition in first.plan.renditions:
        do(ladder, first, rendition, 0)
    ladder.control.cancel(ladder.recording)
    ladder.transcoder.queue_job(ladder.recording, [EncodingProfile("small", 320, 180, 100, 24)])
    assert (ladder.recording.status, ladder.recording.error_code) == (RecordingStatus.PLAYABLE, "")
