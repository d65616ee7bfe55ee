"""Playlists under races, and who may replace whose master."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from support.fakes import FakeObjects, FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.work import commit, do, do_all

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import iframes_key, master_key, playlist_key, storyboard_key
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chalicelib.domain.job import Job, Rendition

SMALL = EncodingProfile("small", 320, 180, 100, 24)
MASTER = master_key(RECORDING_ID)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A minute of picture in three rungs, and sound."""
    return Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))


@pytest.fixture
def job(pipeline: Pipeline) -> Job:
    """Its job, with everything still to do."""
    started = pipeline.upload(b"media")
    assert started is not None
    return started


def story(job: Job) -> Rendition:
    """The thumbnails."""
    assert job.plan.storyboard is not None
    return job.plan.storyboard


def sound(job: Job) -> Rendition:
    """The audio rendition."""
    assert job.plan.audio is not None
    return job.plan.audio


def playlist(pipeline: Pipeline, job: Job, rendition: Rendition) -> Any:
    """A rendition's playlist as a player reads it; None before there is one."""
    text = pipeline.media.get(playlist_key(RECORDING_ID, job.plan.source_version, rendition.id, job.id))
    return m3u8.loads(text.decode()) if text else None


def variants(pipeline: Pipeline) -> list[str]:
    """The rungs that the master lists, in the order of their names."""
    text = pipeline.media.get(MASTER)
    listed = m3u8.loads(text.decode()).playlists if text else []
    return sorted(p.uri.split("/")[-2] for p in listed if p.stream_info.resolution)


def before_each_replace(media: FakeObjects, act: Callable[[str], None]) -> None:
    """Let somebody else act between this worker's look and its write."""
    write = media.replace

    def replace_late(key: str, body: bytes, **more: Any) -> bool:
        act(key)
        return write(key, body, **more)

    media.replace = replace_late  # type: ignore[method-assign]


def test_nothing_is_announced_before_a_viewer_could_use_it(pipeline: Pipeline, job: Job) -> None:
    """The master waits for sound and the lowest rung; a higher rung alone is not enough."""
    low, _, high = job.plan.video
    do(pipeline, job, high, 0)
    do(pipeline, job, sound(job), 0)
    assert (variants(pipeline), pipeline.recording.status) == ([], RecordingStatus.PROCESSING)
    do(pipeline, job, low, 0)
    assert (variants(pipeline), pipeline.recording.status) == (sorted([low.id, high.id]), RecordingStatus.PLAYABLE)
    stored = pipeline.jobs.get(job.id)
    assert stored is not None
    assert stored.playable_at == pipeline.clock.time


def test_a_master_only_gains_variants_until_it_is_final(pipeline: Pipeline, job: Job) -> None:
    """Also when the news comes twice and late."""
    seen: list[set[str]] = []
    for chunk in job.plan.chunks:
        for rendition in job.plan.renditions:
            do(pipeline, job, rendition, chunk.index)
            pipeline.publisher.chunk_committed(job.id, rendition.id, 0)
            seen.append(set(variants(pipeline)))
    assert all(before <= after for before, after in pairwise(seen))
    assert seen[-1] == {r.id for r in job.plan.video}
    assert pipeline.recording.status is RecordingStatus.READY


def test_a_writer_that_comes_second_looks_again(pipeline: Pipeline, job: Job) -> None:
    """If-Match fails, the playlist is made anew and holds what both have done."""
    low = job.plan.video[0]
    do(pipeline, job, low, 0)
    commit(pipeline, job, low, 1)
    rival = replace(pipeline.publisher, media=FakeObjects(pipeline.media.bodies, pipeline.media.heads))
    rounds = iter([True])

    def meanwhile(_key: str) -> None:
        if next(rounds, False):
            commit(pipeline, job, low, 2)
            rival.publish_rendition(job, low.id)

    before_each_replace(pipeline.media, meanwhile)
    pipeline.publisher.publish_rendition(job, low.id)
    assert len(playlist(pipeline, job, low).segments) == 1 + 2 + 4


def test_a_shorter_playlist_never_replaces_a_longer_one(pipeline: Pipeline, job: Job) -> None:
    """A slow worker whose view is old writes nothing."""
    low = job.plan.video[0]
    do(pipeline, job, low, 0)
    tasks = pipeline.jobs.tasks
    old_view = tasks(job.id, low.id)
    do(pipeline, job, low, 1)
    pipeline.jobs.tasks = lambda *_: old_view  # type: ignore[method-assign]
    pipeline.publisher.publish_rendition(job, low.id)
    pipeline.jobs.tasks = tasks  # type: ignore[method-assign]
    assert len(playlist(pipeline, job, low).segments) == 3


@pytest.mark.parametrize("name", ["/index-", "master.m3u8"])
def test_endless_contention_is_tried_again_later(pipeline: Pipeline, job: Job, name: str) -> None:
    """A worker does not turn for ever; its message comes again."""
    commit(pipeline, job, job.plan.video[0], 0)
    commit(pipeline, job, sound(job), 0)
    rounds = iter(range(100))

    def meanwhile(key: str) -> None:
        if name in key:
            text = str(next(rounds)).encode()
            pipeline.media.put_bytes(key, text, content_type="x", cache_control="x", metadata={"chunks": "0"})

    before_each_replace(pipeline.media, meanwhile)
    with pytest.raises(Transient) as end:
        pipeline.publisher.chunk_committed(job.id, job.plan.video[0].id, 0)
    assert end.value.code == "publish_contended"
    assert 1 < next(rounds) < 20


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_job_that_is_over_announces_nothing(pipeline: Pipeline, job: Job, status: JobStatus) -> None:
    """A commit that came just before its end changes nothing any more."""
    commit(pipeline, job, job.plan.video[0], 0)
    pipeline.jobs.update(job.id, status=status)
    pipeline.publisher.chunk_committed(job.id, job.plan.video[0].id, 0)
    pipeline.publisher.chunk_committed("job_unknown", job.plan.video[0].id, 0)
    assert pipeline.media.bodies == {}


def test_everything_ends_together(pipeline: Pipeline, job: Job) -> None:
    """Playlists ended, master final and measured, job and recording moved on, once."""
    do_all(pipeline, job)
    stored = pipeline.jobs.get(job.id)
    assert stored is not None
    assert (stored.status, stored.finished_at) == (JobStatus.COMPLETED, pipeline.clock.time)
    assert pipeline.recording.status is RecordingStatus.READY
    for rendition in job.plan.streams:
        ended = playlist(pipeline, job, rendition)
        assert (ended.is_endlist, len(ended.segments)) == (True, 30)
    before = {key: len(bodies) for key, bodies in pipeline.media.history.items()}
    pipeline.publisher.finish(stored)
    pipeline.publisher.chunk_committed(job.id, job.plan.video[0].id, 0)
    assert before == {key: len(bodies) for key, bodies in pipeline.media.history.items()}


def iframes(job: Job) -> dict[str, str]:
    """Key of every rung's I-frame playlist."""
    return {r.id: iframes_key(RECORDING_ID, job.plan.source_version, r.id, job.id) for r in job.plan.video}


def test_key_frames_are_published_when_all_is_whole(pipeline: Pipeline, job: Job) -> None:
    """One playlist for each rung, named by the final master and not before; written once however often it is told."""
    *first, last = [(r, c.index) for r in job.plan.renditions for c in job.plan.chunks]
    for rendition, chunk in first:
        do(pipeline, job, rendition, chunk)
    assert not set(iframes(job).values()) & set(pipeline.media.bodies)
    do(pipeline, job, *last)
    pipeline.publisher.finish(job)
    master = m3u8.loads(pipeline.media.bodies[MASTER].decode())
    assert [p.uri for p in master.iframe_playlists] == [f"/{key}" for key in iframes(job).values()]
    for key in iframes(job).values():
        assert len(pipeline.media.history[key]) == 1
        assert len(m3u8.loads(pipeline.media.bodies[key].decode()).segments) == 30


def test_a_rung_with_an_old_chunk_has_no_key_frames(pipeline: Pipeline, job: Job) -> None:
    """It was encoded before they were noted; the other rungs have theirs."""
    low, *others = job.plan.video
    *first, last = [(r, c.index) for r in (story(job), sound(job), low, *others) for c in job.plan.chunks]
    for rendition, chunk in first:
        do(pipeline, job, rendition, chunk)
    row = pipeline.jobs.task_rows[job.id, low.id, 2]
    assert row.result is not None
    segments = tuple(replace(s, key_frame=0) for s in row.result.segments)
    pipeline.jobs.task_rows[job.id, low.id, 2] = replace(row, result=replace(row.result, segments=segments))
    do(pipeline, job, *last)
    assert pipeline.recording.status is RecordingStatus.READY
    published = [rung for rung, key in iframes(job).items() if key in pipeline.media.bodies]
    assert published == [r.id for r in others]


def test_growing_playlists_are_kept_for_a_moment_and_finished_ones_longer(pipeline: Pipeline, job: Job) -> None:
    """By the edge: a second against a minute."""
    kept: dict[str, list[str]] = {}
    write = pipeline.media.replace

    def note(key: str, body: bytes, **more: Any) -> bool:
        kept.setdefault(key, []).append(more["cache_control"])
        return write(key, body, **more)

    pipeline.media.replace = note  # type: ignore[method-assign]
    do_all(pipeline, job)
    for values in kept.values():
        assert set(values[:-1]) <= {"public, max-age=1"}
        assert values[-1] == "public, max-age=60"


def second_job(pipeline: Pipeline) -> Job:
    """Somebody asks for one small rung instead."""
    made, created = pipeline.transcoder.queue_job(pipeline.recording, [SMALL])
    assert created
    return made


def test_a_new_job_replaces_a_whole_master_only_when_it_is_whole(pipeline: Pipeline, job: Job) -> None:
    """Viewers keep the full ladder until the new one is complete."""
    do_all(pipeline, job)
    full = variants(pipeline)
    new = second_job(pipeline)
    tasks = [(r, c.index) for r in new.plan.renditions for c in new.plan.chunks]
    for rendition, chunk in tasks[:-1]:
        do(pipeline, new, rendition, chunk)
        assert variants(pipeline) == full
        assert pipeline.recording.status is RecordingStatus.READY
    do(pipeline, new, *tasks[-1])
    assert variants(pipeline) == [new.plan.video[0].id]


def test_an_older_job_that_ends_later_does_not_take_the_master_back(pipeline: Pipeline, job: Job) -> None:
    """What was asked for last is what is shown."""
    new = second_job(pipeline)
    do_all(pipeline, new)
    assert variants(pipeline) == [new.plan.video[0].id]
    older = [r for r in job.plan.renditions if r.id not in {n.id for n in new.plan.renditions}]
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks:
            commit(pipeline, job, rendition, chunk.index, attempt="b")
    pipeline.publisher.chunk_committed(job.id, older[-1].id, 0)
    assert variants(pipeline) == [new.plan.video[0].id]
    stored = pipeline.jobs.get(job.id)
    assert stored is not None
    assert stored.status is JobStatus.COMPLETED


def test_a_new_job_of_an_errored_recording_makes_it_play(pipeline: Pipeline, job: Job) -> None:
    """Its failure was another job's; what the new one finishes is shown."""
    pipeline.worker.fail(job, Permanent("encode_failed", "Given up."))
    assert pipeline.recording.status is RecordingStatus.ERRORED
    new = second_job(pipeline)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.PROCESSING, "")
    do_all(pipeline, new)
    assert (pipeline.recording.status, variants(pipeline)) == (RecordingStatus.READY, [new.plan.video[0].id])


def test_a_deleted_recording_gets_no_master(pipeline: Pipeline, job: Job) -> None:
    """A worker that comes late leaves nothing that says the recording exists."""
    commit(pipeline, job, job.plan.video[0], 0)
    commit(pipeline, job, sound(job), 0)
    pipeline.recordings.delete(RECORDING_ID)
    pipeline.publisher.chunk_committed(job.id, job.plan.video[0].id, 0)
    assert MASTER not in pipeline.media.bodies


def track(pipeline: Pipeline, job: Job) -> str:
    """The thumbnail track; "" when there is none."""
    key = storyboard_key(RECORDING_ID, job.plan.source_version, story(job).id, job.id)
    return pipeline.media.bodies.get(key, b"").decode()


def test_the_thumbnail_track_grows_with_what_is_whole(pipeline: Pipeline, job: Job) -> None:
    """No tile behind a hole, none twice; the recording names the track once there is one, and it is no playlist."""
    do(pipeline, job, story(job), 1)
    assert (track(pipeline, job), pipeline.recording.storyboard) == ("", "")
    do(pipeline, job, story(job), 0)
    assert track(pipeline, job).count("#xywh=") == job.plan.chunks[0].segments + job.plan.chunks[1].segments
    assert pipeline.media.heads[pipeline.recording.storyboard].content_type == "text/vtt"
    assert MASTER not in pipeline.media.bodies
    written = len(pipeline.media.history[pipeline.recording.storyboard])
    pipeline.publisher.chunk_committed(job.id, story(job).id, 0)
    assert len(pipeline.media.history[pipeline.recording.storyboard]) == written


def test_a_track_whose_name_got_lost_is_named_by_the_next_message(pipeline: Pipeline, job: Job) -> None:
    """Died between the object and the row: told again, the publisher writes nothing anew and names it."""
    do(pipeline, job, story(job), 0)
    named = pipeline.recording.storyboard
    pipeline.recordings.update(RECORDING_ID, storyboard="")
    pipeline.publisher.chunk_committed(job.id, story(job).id, 0)
    assert pipeline.recording.storyboard == named


def test_a_later_jobs_track_takes_over_when_it_is_whole(pipeline: Pipeline, job: Job) -> None:
    """Until then viewers keep the one that has every tile; a late finisher of the old job changes nothing."""
    do_all(pipeline, job)
    old = pipeline.recording.storyboard
    later, _ = pipeline.transcoder.queue_job(pipeline.recording, [EncodingProfile("small", 320, 180, 100, 24)])
    for chunk in later.plan.chunks[:-1]:
        do(pipeline, later, story(later), chunk.index)
    assert pipeline.recording.storyboard == old
    do(pipeline, later, story(later), later.plan.chunks[-1].index)
    assert later.id in pipeline.recording.storyboard
    pipeline.publisher.chunk_committed(job.id, story(job).id, 0)
    assert later.id in pipeline.recording.storyboard


def test_a_plan_from_before_storyboards_has_none(pipeline: Pipeline, job: Job) -> None:
    """Its job ends as it would have."""
    older = replace(job, plan=replace(job.plan, renditions=job.plan.streams))
    pipeline.jobs.rows[job.id] = older
    do_all(pipeline, older)
    assert (pipeline.recording.status, pipeline.recording.storyboard) == (RecordingStatus.READY, "")


def test_what_a_master_names_is_there(pipeline: Pipeline, job: Job) -> None:
    """Also where whoever committed a rendition has not come to its playlist, or died before."""
    commit(pipeline, job, job.plan.video[0], 0)
    do(pipeline, job, sound(job), 0)
    assert len(variants(pipeline)) == 1
    assert playlist(pipeline, job, job.plan.video[0]).segments


@pytest.mark.parametrize("changed", ["job_id", "source_version"])
def test_a_job_that_was_followed_moves_its_recording_no_more(pipeline: Pipeline, job: Job, changed: str) -> None:
    """Neither when another job was asked for, nor when the source was replaced, which may still be prepared."""
    pipeline.recordings.update(RECORDING_ID, **{changed: "another"})
    do_all(pipeline, job)
    assert pipeline.recording.status is RecordingStatus.PROCESSING
    assert pipeline.media.get(MASTER) is None
    pipeline.worker.fail(job, Permanent("source_truncated", "Cut off."))
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.PROCESSING, "")


def test_a_recording_that_moves_on_at_this_moment_is_left_alone(pipeline: Pipeline, job: Job) -> None:
    """Between the look and the write another job is asked for."""
    for rendition in job.plan.renditions:
        for chunk in job.plan.chunks:
            commit(pipeline, job, rendition, chunk.index)
    update = pipeline.recordings.update

    def update_late(recording_id: str, **changes: Any) -> Any:
        update(recording_id, job_id="another")
        return update(recording_id, **changes)

    pipeline.recordings.update = update_late  # type: ignore[method-assign]
    pipeline.publisher.chunk_committed(job.id, job.plan.video[0].id, 0)
    assert pipeline.recording.status is RecordingStatus.PROCESSING
