"""From a source to a job, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from support.fakes import FakeProbe
from support.media import RECORDING_ID, audio, recording, source, video
from support.pipeline import Pipeline
from support.work import commit, do, do_all

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import source_key
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chalicelib.domain.job import Job

SMALL = EncodingProfile("small", 320, 180, 100, 24)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A minute of picture in three rungs, and sound."""
    return Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))


def start(pipeline: Pipeline) -> Job:
    """Upload; returns the job."""
    job = pipeline.upload(b"media")
    assert job is not None
    return job


def conflict(call: Callable[[], object]) -> str:
    """The code of the conflict that a call ends in."""
    with pytest.raises(Conflict) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize(
    ("width", "more", "code"),
    [
        (8, {}, "source_too_small_picture"),
        (9000, {}, "source_too_large_picture"),
        (64, {"duration": 43_201}, "source_too_long"),
    ],
)
def test_what_is_probed_is_checked(pipeline: Pipeline, width: int, more: dict[str, Any], code: str) -> None:
    """Before anything is planned."""
    pipeline.probe.answer = source(**{"duration": 5, "picture": video(width, 4320)} | more)  # type: ignore[attr-defined]
    assert pipeline.upload(b"media") is None
    assert (pipeline.recording.error_code, len(pipeline.queue.messages)) == (code, 0)


def test_a_probe_that_should_be_tried_again_leaves_the_recording_open(pipeline: Pipeline) -> None:
    """The event comes again; then it works."""
    good, pipeline.probe.answer = pipeline.probe.answer, Transient("probe_timeout", "Slow.")  # type: ignore[attr-defined]
    with pytest.raises(Transient):
        pipeline.upload(b"media")
    assert pipeline.recording.status is RecordingStatus.PROCESSING
    pipeline.probe.answer = good  # type: ignore[attr-defined]
    assert pipeline.event() is not None


@pytest.mark.parametrize("gone", [True, False])
def test_nobody_wants_it(pipeline: Pipeline, gone: bool) -> None:  # noqa: FBT001  parametrized
    """An object without a recording, or of one that is being deleted, starts nothing."""
    if not gone:
        pipeline.recordings.create(recording(status=RecordingStatus.DELETING))
    pipeline.source.put_bytes(f"sources/{RECORDING_ID}/original", b"x", content_type="x", cache_control="x")
    assert pipeline.event() is None
    assert (pipeline.probe.calls, len(pipeline.queue.messages)) == (0, 0)  # type: ignore[attr-defined]


def test_a_new_source_is_a_new_job(pipeline: Pipeline) -> None:
    """Another object under the same key is another version; renditions of both never mix."""
    first = start(pipeline)
    pipeline.recordings.update(RECORDING_ID, error_code="old", error_detail="Old.")
    pipeline.source.put_bytes(f"sources/{RECORDING_ID}/original", b"other", content_type="x", cache_control="x")
    second = pipeline.event()
    assert second is not None
    assert second.id != first.id
    assert second.plan.source_version != first.plan.source_version
    assert (pipeline.recording.job_id, pipeline.recording.error_code) == (second.id, "")


def test_nothing_is_queued_before_the_upload_has_ended(pipeline: Pipeline) -> None:
    """Whatever is asked for."""
    uploading = recording(status=RecordingStatus.UPLOADING, source_version="")
    assert conflict(lambda: pipeline.transcoder.queue_job(uploading, None)) == "source_not_uploaded"
    waiting = recording(source_version="")
    assert conflict(lambda: pipeline.transcoder.queue_job(waiting, [SMALL])) == "source_not_uploaded"


def test_an_unusable_source_cannot_be_queued(pipeline: Pipeline) -> None:
    """The recording says why, still."""
    pipeline.probe.answer = Permanent("source_unreadable", "Damaged.")  # type: ignore[attr-defined]
    assert pipeline.upload(b"media") is None
    assert conflict(lambda: pipeline.transcoder.queue_job(pipeline.recording, [SMALL])) == "source_refused"
    assert pipeline.recording.error_code == "source_unreadable"


def test_one_look_at_a_source_is_enough(pipeline: Pipeline) -> None:
    """Another job on the same source is planned from what the first probe found."""
    first = start(pipeline)
    second, _ = pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    assert second.plan.media == first.plan.media
    assert pipeline.probe.calls == 1  # type: ignore[attr-defined]


def test_profiles_are_the_request_not_their_names(pipeline: Pipeline) -> None:
    """The same boxes under another name are the same job; other boxes are another one, of one message a chunk.

    Beside these, one for the sound and one for the poster.
    """
    start(pipeline)
    pipeline.queue.messages.clear()
    first, created = pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    assert created
    assert [group for _, group, _ in pipeline.queue.messages] == [RECORDING_ID] * (2 + len(first.plan.chunks))
    again, created = pipeline.transcoder.queue_job(pipeline.recording, [replace(SMALL, name="tiny")])
    assert (again.id, created) == (first.id, False)
    other, created = pipeline.transcoder.queue_job(pipeline.recording, [replace(SMALL, bitrate_kbps=101)])
    assert (other.id != first.id, created) == (True, True)
    assert pipeline.recording.job_id == other.id


def test_the_rescue_rung_is_part_of_the_default_only(tmp_path: Path) -> None:
    """An installation may turn it off."""
    pipeline = Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video())))
    assert [r.bitrate_kbps for r in start(pipeline).plan.video] == [250, 500, 1000, 2000, 4000]
    without = replace(pipeline.transcoder, rescue_rung=False)
    job, created = without.queue_job(pipeline.recording, None)
    assert ([r.bitrate_kbps for r in job.plan.video], created) == ([500, 1000, 2000, 4000], True)


def test_the_encoder_is_part_of_the_address(pipeline: Pipeline) -> None:
    """Another build or preset never mixes with old chunks."""
    job = start(pipeline)
    other, created = replace(pipeline.transcoder, encoder={"build": "next"}).queue_job(pipeline.recording, None)
    assert created
    assert not {r.id for r in job.plan.renditions} & {r.id for r in other.plan.renditions}


def master(pipeline: Pipeline, *, planned: bool = False) -> Any:
    """The multivariant playlist that a viewer gets."""
    return m3u8.loads(pipeline.transcoder.generate_master_playlist(pipeline.recording, planned=planned))


def test_no_master_before_the_first_seconds(pipeline: Pipeline) -> None:
    """Not even a planned one: nothing in it could be played."""
    pipeline.recordings.create(recording(source_version=""))
    assert conflict(lambda: master(pipeline)) == "not_playable_yet"
    start(pipeline)
    for planned in (True, False):
        assert conflict(lambda p=planned: master(pipeline, planned=p)) == "not_playable_yet"  # type: ignore[misc]


def test_a_planned_master_lists_rungs_to_come(pipeline: Pipeline) -> None:
    """For players that follow progress; the others get what is there."""
    job = start(pipeline)
    for rendition in job.plan.renditions[:2]:
        do(pipeline, job, rendition, 0)
    assert len(master(pipeline).playlists) == 1
    listed = master(pipeline, planned=True).playlists
    assert [p.stream_info.resolution for p in listed] == [(r.width, r.height) for r in job.plan.video]
    for rendition, variant in zip(job.plan.video, listed, strict=True):
        assert variant.stream_info.bandwidth >= rendition.bitrate_kbps * 1000
        assert variant.stream_info.codecs.startswith("avc1.64")


def test_a_ready_recording_keeps_its_master_while_another_job_works(pipeline: Pipeline) -> None:
    """Asked either way."""
    do_all(pipeline, start(pipeline))
    whole = master(pipeline).dumps()
    pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    assert master(pipeline).dumps() == master(pipeline, planned=True).dumps() == whole


def test_a_playable_recording_stays_playable_when_another_job_takes_over(pipeline: Pipeline) -> None:
    """What was there can be watched until the new job has its own first seconds."""
    job = start(pipeline)
    for rendition in job.plan.renditions[:2]:
        do(pipeline, job, rendition, 0)
    pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    assert len(master(pipeline, planned=True).playlists) == 1


def test_an_errored_recording_has_no_master(pipeline: Pipeline) -> None:
    """Even if its beginning was announced."""
    job = start(pipeline)
    for rendition in job.plan.renditions[:2]:
        do(pipeline, job, rendition, 0)
    pipeline.worker.fail(job, Permanent("source_truncated", "Cut off."))
    assert conflict(lambda: master(pipeline)) == "recording_errored"


def test_a_job_whose_end_got_lost_is_ended(pipeline: Pipeline) -> None:
    """Every task is done, but nobody said so: the sweep sends something that makes a worker say it."""
    job = start(pipeline)
    pipeline.queue.messages.clear()
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks:
            commit(pipeline, job, rendition, chunk.index)
    pipeline.clock.time += 21 * 60
    assert pipeline.transcoder.resume_stalled(10) == 1
    pipeline.work()
    assert pipeline.recording.status is RecordingStatus.READY


def test_jobs_at_work_are_left_alone(pipeline: Pipeline) -> None:
    """A lease that runs is a sign of life, however long ago the messages were sent."""
    job = start(pipeline)
    pipeline.clock.time += 21 * 60
    now = pipeline.clock.time
    pipeline.jobs.lease(job.id, job.plan.video[0].id, 0, attempt="a", now=now, until=now + 30)
    assert pipeline.transcoder.resume_stalled(10) == 0
    pipeline.clock.time += 31
    assert pipeline.transcoder.resume_stalled(10) == 1


def test_a_job_that_was_never_sent_is_sent_soon(pipeline: Pipeline) -> None:
    """Its creator died between two writes."""
    job = start(pipeline)
    sent = len(pipeline.queue.messages)
    pipeline.queue.messages.clear()
    pipeline.jobs.update(job.id, status=JobStatus.PENDING, fanned_out=False, touched_at=0.0)
    pipeline.clock.time += 60
    assert pipeline.transcoder.resume_stalled(10) == 0
    pipeline.clock.time += 61
    assert pipeline.transcoder.resume_stalled(10) == 1
    assert len(pipeline.queue.messages) == sent


def replace_source(pipeline: Pipeline, body: bytes) -> None:
    """Put another file where the source lies."""
    pipeline.source.put_bytes(source_key(RECORDING_ID), body, content_type="video/mp4", cache_control="none")


def test_an_event_that_comes_again_leaves_the_ladder_that_was_asked_for(pipeline: Pipeline) -> None:
    """S3 tells at least once, perhaps hours later."""
    start(pipeline)
    chosen, _ = pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    again = pipeline.event()
    assert again is not None
    assert (again.id, pipeline.recording.job_id) == (chosen.id, chosen.id)


def test_an_event_that_comes_again_sends_what_was_never_sent(pipeline: Pipeline) -> None:
    """Whoever started the job died before its messages were out."""
    job = start(pipeline)
    pipeline.queue.messages.clear()
    pipeline.jobs.update(job.id, fanned_out=False)
    pipeline.event()
    assert pipeline.queue.messages


def test_an_object_that_is_gone_again_starts_nothing(pipeline: Pipeline) -> None:
    """It was deleted before its event came."""
    start(pipeline)
    pipeline.source.delete([source_key(RECORDING_ID)])
    assert pipeline.event() is None


def test_a_slow_event_does_not_bring_back_an_old_source(pipeline: Pipeline) -> None:
    """While it was under way the file was replaced, and that one's event was faster: it looks again later."""
    pipeline.recordings.create(recording(source_version=""))
    replace_source(pipeline, b"old")
    head = pipeline.source.head

    def head_late(key: str) -> Any:
        found = head(key)
        pipeline.source.head = head  # type: ignore[method-assign]
        replace_source(pipeline, b"newer")
        assert pipeline.event() is not None
        return found

    pipeline.source.head = head_late  # type: ignore[method-assign]
    with pytest.raises(Transient) as lost:
        pipeline.event()
    newer = pipeline.recording
    assert lost.value.code == "recording_contended"
    assert pipeline.event() is not None
    assert (pipeline.recording.source_version, pipeline.recording.job_id) == (newer.source_version, newer.job_id)


def test_of_two_requests_at_once_one_is_asked_again(pipeline: Pipeline) -> None:
    """Each has made its job; what the recording shows is not left to who writes last without having looked."""
    start(pipeline)
    seen = pipeline.recording
    other, _ = pipeline.transcoder.queue_job(seen, [SMALL])
    with pytest.raises(Transient) as lost:
        pipeline.transcoder.queue_job(seen, [replace(SMALL, bitrate_kbps=200)])
    assert (lost.value.code, pipeline.recording.job_id) == ("recording_contended", other.id)
    third, created = pipeline.transcoder.queue_job(pipeline.recording, [replace(SMALL, bitrate_kbps=200)])
    assert (pipeline.recording.job_id, created) == (third.id, False)


@pytest.mark.parametrize("ended", [JobStatus.CANCELLED, JobStatus.FAILED])
def test_asking_again_for_a_ladder_whose_job_was_ended_goes_on_with_it(pipeline: Pipeline, ended: JobStatus) -> None:
    """Another one has been asked for since: without this the recording would show a job that never moves."""
    first = start(pipeline)
    commit(pipeline, first, first.plan.video[0], 0)
    pipeline.jobs.update(first.id, status=ended, error_code="some_reason", finished_at=1.0)
    pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    pipeline.queue.messages.clear()
    again, created = pipeline.transcoder.queue_job(pipeline.recording, None)
    assert (again.id, created, again.status, again.error_code) == (first.id, False, JobStatus.IN_PROGRESS, "")
    assert (again.tasks_done, pipeline.recording.job_id) == (1, first.id)
    do_all_left(pipeline, again)
    assert pipeline.recording.status is RecordingStatus.READY


def do_all_left(pipeline: Pipeline, job: Job) -> None:
    """Whatever is not done yet."""
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks:
            row = pipeline.jobs.task(job.id, rendition.id, chunk.index)
            if row is None or row.result is None:
                do(pipeline, job, rendition, chunk.index)
