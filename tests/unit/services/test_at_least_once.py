"""The pipeline under duplicates and deaths: a stand-in encoder, but the real services, plans and playlists."""

from __future__ import annotations

import itertools
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support.fakes import FakeHold, FakeProbe
from support.media import RECORDING_ID, audio, recording, source, video
from support.pipeline import Pipeline
from support.stand_in import Died, Killer, StandInEncoder, stand_in

from chalicelib.domain.encoding import planned_frames, video_timescale
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.keys import master_key, media_prefix, source_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, Permanent, Transient

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.job import Job


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Seven seconds of picture and sound, ladder of one rung, three messages and that of the poster."""
    small = video(640, 360, 30, duration_s=Fraction(7))
    built = Pipeline(tmp_path, probe=FakeProbe(source(7, picture=small, sound=audio())))
    built.encoder = built.worker.encoder
    return stand_in(built)


def check_whole(pipeline: Pipeline) -> None:
    """Everything a finished recording promises."""
    job = next(iter(pipeline.jobs.rows.values()))
    assert pipeline.recording.status is RecordingStatus.READY
    assert job.status is JobStatus.COMPLETED
    tasks = pipeline.jobs.tasks(job.id)
    assert [t.status for t in tasks] == [TaskStatus.DONE] * job.plan.tasks_total
    assert job.tasks_done == job.plan.tasks_total
    named = {t.result.key for t in tasks if t.result and t.result.key}
    chunks = {key for key in pipeline.media.bodies if key.endswith((".mp4", ".jpg"))}
    assert named <= chunks
    for key, versions in pipeline.media.history.items():
        if "/index-" in key:
            for before, after in itertools.pairwise(versions):
                assert after.startswith(before)
            assert versions[-1].endswith(b"#EXT-X-ENDLIST\n")
    check_stills(pipeline, job)
    assert b"EXT-X-STREAM-INF" in pipeline.media.bodies[master_key(RECORDING_ID)]


def check_stills(pipeline: Pipeline, job: Job) -> None:
    """The poster is named and there; so is the thumbnail track, with a tile for every segment, and it only grew."""
    recording = pipeline.recording
    assert {recording.poster, recording.storyboard} <= set(pipeline.media.bodies)
    versions = pipeline.media.history[recording.storyboard]
    for before, after in itertools.pairwise(versions):
        assert after.startswith(before)
    segments = sum(chunk.segments for chunk in job.plan.chunks)
    assert versions[-1].count(b"#xywh=") == segments
    folder = recording.storyboard.rpartition("/")[0]
    for sprite in re.findall(r"^(.+)#xywh=", versions[-1].decode(), re.MULTILINE):
        assert f"{folder}/{sprite}" in pipeline.media.bodies


def test_a_plain_run(pipeline: Pipeline) -> None:
    """One upload, four messages, a ready recording; nothing is written that is not named."""
    pipeline.upload(b"media")
    assert len(pipeline.queue.messages) == 4
    pipeline.work()
    check_whole(pipeline)
    assert len([k for k in pipeline.media.bodies if k.endswith(".mp4")]) == 4
    assert all(key.startswith(media_prefix(RECORDING_ID)) for key in pipeline.media.bodies)


def test_every_message_and_event_twice(pipeline: Pipeline) -> None:
    """Duplicates encode nothing again and change nothing."""
    pipeline.upload(b"media")
    pipeline.event()
    assert len(pipeline.queue.messages) == 4
    doubled = [m for m in pipeline.queue.messages for _ in range(2)]
    pipeline.queue.messages.clear()
    pipeline.queue.messages.extend(doubled)
    pipeline.work()
    check_whole(pipeline)
    assert pipeline.encoder.runs == 3  # type: ignore[attr-defined]
    pipeline.event()
    assert not pipeline.queue.messages


def test_messages_in_any_order(pipeline: Pipeline) -> None:
    """The last chunk first: nothing is announced before the hole in front of it is closed."""
    pipeline.upload(b"media")
    pipeline.queue.messages.reverse()
    pipeline.step()
    assert not [k for k in pipeline.media.bodies if k.endswith(".m3u8")]
    pipeline.work()
    check_whole(pipeline)


def run_with_redelivery(pipeline: Pipeline, body: bytes) -> int:
    """Deliver event and messages until they are acknowledged, as the queues do. Returns how often it died."""
    deaths = 0
    for _ in range(10):
        try:
            pipeline.upload(body) if not pipeline.recordings.rows else pipeline.event()
            break
        except Died:
            deaths += 1
    for _ in range(60):
        if not pipeline.queue.messages:
            break
        message = pipeline.queue.messages[0]
        try:
            pipeline.step()
        except (Died, Transient) as end:
            deaths += isinstance(end, Died)
            pipeline.queue.messages.append(message)
            pipeline.clock.time += 61
    return deaths


@pytest.mark.parametrize("before", [True, False])
def test_death_at_every_write(tmp_path: Path, *, before: bool) -> None:
    """Killed before or after each single write, the recording is ready all the same and nothing is counted twice."""
    at, died = 0, 1
    while died:
        at += 1
        small = video(640, 360, 30, duration_s=Fraction(7))
        probe = FakeProbe(source(7, picture=small, sound=audio()))
        pipeline = stand_in(Pipeline(tmp_path, probe=probe))
        Killer(pipeline, at, before=before)
        died = run_with_redelivery(pipeline, b"media")
        check_whole(pipeline)
    assert at > 30


def test_two_workers_on_one_task(pipeline: Pipeline) -> None:
    """While one encodes, the other is told to wait; a worker whose lease was taken over commits nothing twice."""
    pipeline.upload(b"media")
    pipeline.step()
    message = pipeline.queue.messages[0]
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)

    def meanwhile() -> None:
        encoder.during = lambda: None
        pipeline.queue.messages.appendleft(message)
        with pytest.raises(Transient):
            pipeline.step()
        pipeline.clock.time += 31
        pipeline.queue.messages.appendleft(message)
        pipeline.step()

    encoder.during = meanwhile
    pipeline.step()
    pipeline.work()
    check_whole(pipeline)
    assert encoder.runs == 4


def test_a_commit_whose_answer_is_lost_keeps_its_object(pipeline: Pipeline) -> None:
    """Told that it lost although it won, a worker does not remove the chunk that the playlist will name."""
    commit = pipeline.jobs.commit

    def unheard(*args: Any, **kwargs: Any) -> bool:
        commit(*args, **kwargs)
        return False

    pipeline.jobs.commit = unheard  # type: ignore[method-assign]
    pipeline.upload(b"media")
    pipeline.work()
    check_whole(pipeline)


def test_failures_are_tried_again_and_then_given_up(pipeline: Pipeline) -> None:
    """A failing encoder frees its task at once; after max_attempts the recording ends with a reason."""
    pipeline.upload(b"media")
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    encoder.fail = [Transient("encode_interrupted", "exit 1")] * 4
    message = pipeline.queue.messages[0]
    for _ in range(4):
        pipeline.queue.messages.appendleft(message)
        hold = FakeHold()
        with pytest.raises(Transient):
            pipeline.step(hold)
        assert hold.kept[-1] < 10
    pipeline.step()
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "encode_failed")
    runs = encoder.runs
    pipeline.work()
    assert encoder.runs == runs


def test_a_source_that_ends_early_is_said_to_be_cut_off(pipeline: Pipeline) -> None:
    """Frames that are promised and missing end the recording with a stable code and a sentence."""
    pipeline.upload(b"media")
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    encoder.fail = []
    job = next(iter(pipeline.jobs.rows.values()))
    chunk = job.plan.chunks[-1]
    assert planned_frames(job.plan, job.plan.video[0], chunk) == 120
    assert video_timescale(Fraction(30_000, 1001)) == 30_000
    probe = FakeProbe(source(60, picture=video(640, 360, 30), sound=None))
    longer = stand_in(Pipeline(pipeline.scratch, probe=probe))
    longer.upload(b"media")
    cut = longer.encoder
    assert isinstance(cut, StandInEncoder)
    short = job
    cut.plan = lambda: short
    longer.work()
    assert (longer.recording.status, longer.recording.error_code) == (RecordingStatus.ERRORED, "source_truncated")
    assert "60.0 s" in longer.recording.error_detail


def test_an_unusable_source_ends_errored_and_queues_nothing(tmp_path: Path) -> None:
    """What the probe refuses is told to the user, once, and no work is made of it."""
    refusal = Permanent("source_not_media", "Not a video.")
    pipeline = Pipeline(tmp_path, probe=FakeProbe(refusal))
    assert pipeline.upload(b"text") is None
    assert pipeline.event() is None
    assert pipeline.recording.status is RecordingStatus.ERRORED
    assert (pipeline.recording.error_code, pipeline.recording.error_detail) == ("source_not_media", "Not a video.")
    assert not pipeline.queue.messages


def test_giving_up_tells_why_and_can_be_taken_back(tmp_path: Path) -> None:
    """A recording that could not be started ends errored; asking for its job later starts it after all."""
    probe = FakeProbe(Transient("probe_timeout", "Slow."))
    pipeline = Pipeline(tmp_path, probe=probe)
    with pytest.raises(Transient):
        pipeline.upload(b"media")
    pipeline.transcoder.give_up(RECORDING_ID)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "start_failed")
    probe.answer = source(7, picture=video(640, 360, 30), sound=audio())
    stand_in(pipeline)
    pipeline.transcoder.queue_job(pipeline.recording, None)
    pipeline.work()
    check_whole(pipeline)


def test_what_was_given_up_unseen_can_be_started(pipeline: Pipeline) -> None:
    """Even the object's HEAD failed each time: asking for the job looks at it, and it plays."""
    pipeline.recordings.create(recording(source_version=""))
    pipeline.transcoder.give_up(RECORDING_ID)
    assert pipeline.recording.error_code == "start_failed"
    with pytest.raises(Conflict):
        pipeline.transcoder.queue_job(pipeline.recording, None)
    pipeline.source.put_bytes(source_key(RECORDING_ID), b"media", content_type="video/mp4", cache_control="none")
    pipeline.transcoder.queue_job(pipeline.recording, None)
    pipeline.event()
    pipeline.work()
    check_whole(pipeline)


def test_giving_up_on_a_second_source_is_told_too(pipeline: Pipeline) -> None:
    """The job of the source that was overwritten says nothing about the new one."""
    pipeline.upload(b"media")
    pipeline.work()
    pipeline.source.put_bytes(source_key(RECORDING_ID), b"other", content_type="video/mp4", cache_control="none")
    assert isinstance(pipeline.probe, FakeProbe)
    media, pipeline.probe.answer = pipeline.probe.answer, Transient("probe_timeout", "Slow.")
    with pytest.raises(Transient):
        pipeline.event()
    pipeline.transcoder.give_up(RECORDING_ID)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "start_failed")
    pipeline.probe.answer = media
    job, created = pipeline.transcoder.queue_job(pipeline.recording, None)
    assert (created, pipeline.recording.job_id) == (True, job.id)


def test_deleting_stops_the_work(pipeline: Pipeline) -> None:
    """Once the job's rows are gone, messages are dropped and a running encode removes what it wrote."""
    pipeline.upload(b"media")
    pipeline.step()
    encoder = pipeline.encoder
    assert isinstance(encoder, StandInEncoder)
    job = next(iter(pipeline.jobs.rows.values()))
    kept = set(pipeline.media.bodies)
    encoder.during = lambda: pipeline.jobs.delete(job.id)
    encoder.plan = lambda: job
    pipeline.step()
    assert set(pipeline.media.bodies) == kept
    pipeline.work()
    assert encoder.runs == 2


def test_lost_messages_are_sent_again(pipeline: Pipeline) -> None:
    """A job that is silent for twenty minutes gets its missing messages again, and only those."""
    pipeline.upload(b"media")
    pipeline.step()
    pipeline.queue.messages.clear()
    assert pipeline.transcoder.resume_stalled(10) == 0
    pipeline.clock.time += 21 * 60
    assert pipeline.transcoder.resume_stalled(10) == 1
    assert len(pipeline.queue.messages) == 3
    pipeline.work()
    check_whole(pipeline)
    assert pipeline.transcoder.resume_stalled(10) == 0


def test_a_second_identical_request_is_the_same_job(pipeline: Pipeline) -> None:
    """Asking for what is there makes nothing new."""
    first = pipeline.upload(b"media")
    job, created = pipeline.transcoder.queue_job(pipeline.recording, None)
    assert first is not None
    assert (job.id, created) == (first.id, False)
    assert len(pipeline.queue.messages) == 4
