"""What is said about a job, from the first second to the last."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.fakes import FakeProbe
from support.media import RECORDING_ID, audio, recording, source, video
from support.pipeline import Pipeline
from support.work import do, do_all

from chalicelib.domain.job import Priority
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent
from chalicelib.services.transcoding import Wishes

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.job import Job

SMALL = EncodingProfile("small", 320, 180, 100, 24)
DOCUMENT = {
    *("recording_id", "title", "job_id", "recording_status", "status", "stage", "percent", "playable", "duration_s"),
    *("segment_s", "error", "created_at", "playable_at", "finished_at", "renditions"),
    *("eta_s", "priority", "max_cost_usd", "cost", "poster_url", "storyboard_url"),
}
RENDITION = {
    *("id", "name", "kind", "width", "height", "bitrate_kbps", "frame_rate", "percent", "fps", "speed", "available_s"),
    *("chunks_done", "chunks_total", "vmaf", "status"),
}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A minute of picture in three rungs, and sound."""
    return Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))


def start(pipeline: Pipeline) -> Job:
    """Upload; returns the job."""
    job = pipeline.upload(b"media")
    assert job is not None
    return job


def document(pipeline: Pipeline) -> dict[str, Any]:
    """The progress document, through JSON as a client gets it."""
    plain: dict[str, Any] = json.loads(json.dumps(pipeline.transcoder.get_progress(pipeline.recording)))
    assert set(plain) == DOCUMENT
    assert all(set(r) == RENDITION for r in plain["renditions"])
    return plain


def test_before_there_is_a_job(pipeline: Pipeline) -> None:
    """Everything is there, and empty."""
    pipeline.recordings.create(recording(status=RecordingStatus.UPLOADING, source_version=""))
    seen = document(pipeline)
    assert (seen["job_id"], seen["status"], seen["percent"], seen["playable"]) == (None, "pending", 0, False)
    assert (seen["renditions"], seen["error"], seen["created_at"], seen["duration_s"]) == ([], None, None, None)


def test_progress_from_the_first_second_to_the_last(pipeline: Pipeline) -> None:
    """Pending, in progress, playable, completed: times, seconds and percent agree at each."""
    job = start(pipeline)
    seen = document(pipeline)
    assert (seen["recording_status"], seen["status"], seen["percent"]) == ("processing", "in-progress", 0)
    assert (seen["duration_s"], seen["segment_s"], seen["created_at"]) == (60, 2, "2027-01-15T08:00:00.000Z")
    assert [r["kind"] for r in seen["renditions"]] == ["audio", "video", "video", "video"]
    assert (seen["renditions"][0]["width"], seen["renditions"][0]["frame_rate"]) == (None, None)
    assert (seen["renditions"][1]["width"], seen["renditions"][1]["frame_rate"]) == (640, 24)
    pipeline.clock.time += 5
    for rendition in job.plan.renditions[:2]:
        do(pipeline, job, rendition, 0)
    seen = document(pipeline)
    assert (seen["playable"], seen["playable_at"], seen["finished_at"]) == (True, "2027-01-15T08:00:05.000Z", None)
    assert [r["available_s"] for r in seen["renditions"]] == [2, 2, 0, 0]
    assert [r["status"] for r in seen["renditions"]] == ["in-progress", "in-progress", "pending", "pending"]
    assert 0 < seen["percent"] < 5


def test_how_long_it_will_still_take(pipeline: Pipeline) -> None:
    """Unknown until a piece is done, then seconds; unknown again once it has ended."""
    job = start(pipeline)
    assert document(pipeline)["eta_s"] is None
    began = pipeline.clock.time
    for rendition in job.plan.renditions:
        for chunk in (0, 1):
            pipeline.jobs.lease(job.id, rendition.id, chunk, attempt="a", now=began, until=began + 30)
    pipeline.clock.time += 4
    for rendition in job.plan.renditions:
        do(pipeline, job, rendition, 0, now=began + 4)
    seen = document(pipeline)["eta_s"]
    assert seen is not None
    assert 0 < seen < 600
    pipeline.control.cancel(pipeline.recording)
    assert document(pipeline)["eta_s"] is None


def test_how_fast_each_rendition_is(pipeline: Pipeline) -> None:
    """A picture by its frames just now, a sound by what its attempt has behind it; nothing when nobody is at it."""
    job = start(pipeline)
    sound, low, *_ = job.plan.renditions
    began = pipeline.clock.time
    for rendition in (sound, low):
        pipeline.jobs.lease(job.id, rendition.id, 0, attempt="a", now=began, until=began + 30)
    pipeline.jobs.heartbeat(job.id, sound.id, 0, attempt="a", until=began + 30, progress=1000, fps=0.0)
    pipeline.jobs.heartbeat(job.id, low.id, 0, attempt="a", until=began + 30, progress=12, fps=60.0)
    pipeline.clock.time += 2
    assert [(r["fps"], r["speed"]) for r in document(pipeline)["renditions"]] == [(0, 0.5), (60, 2.5), (0, 0), (0, 0)]
    pipeline.clock.time += 60
    assert [r["speed"] for r in document(pipeline)["renditions"]] == [0, 0, 0, 0]


def test_wishes_are_told_and_money_only_to_the_owner(pipeline: Pipeline) -> None:
    """Whoever may watch sees how urgent it is, not what it may cost."""
    pipeline.upload(b"media")
    pipeline.transcoder.queue_job(pipeline.recording, [SMALL], Wishes(Priority.HIGH, 0.5))
    seen = document(pipeline)
    assert (seen["priority"], seen["max_cost_usd"], seen["cost"]) == ("high", None, None)
    owners = pipeline.transcoder.get_progress(pipeline.recording, owner=True)
    assert (owners["priority"], owners["max_cost_usd"]) == ("high", 0.5)


def test_only_what_is_watched_and_listened_to_is_listed(pipeline: Pipeline) -> None:
    """What else a job makes counts as work, and is nobody's rendition."""
    job = start(pipeline)
    other = replace(job.plan.renditions[-1], id="other", kind="storyboard")
    plan = replace(job.plan, renditions=(*job.plan.renditions, other))
    pipeline.jobs.update(job.id, plan=plan)
    assert [r["kind"] for r in document(pipeline)["renditions"]] == ["audio", "video", "video", "video"]


def test_progress_of_a_finished_job_needs_no_tasks(pipeline: Pipeline) -> None:
    """Their rows may have expired; asking is cheap."""
    job = start(pipeline)
    do_all(pipeline, job)
    pipeline.jobs.task_rows.clear()
    seen = document(pipeline)
    assert (seen["recording_status"], seen["status"], seen["percent"]) == ("ready", "completed", 100)
    assert [(r["percent"], r["available_s"], r["chunks_done"]) for r in seen["renditions"]] == [(100, 60, 5)] * 4
    assert seen["finished_at"] == "2027-01-15T08:00:00.000Z"


def test_stills_are_named_once_they_are_there(pipeline: Pipeline) -> None:
    """Paths of this origin; null before."""
    job = start(pipeline)
    assert (document(pipeline)["poster_url"], document(pipeline)["storyboard_url"]) == (None, None)
    do_all(pipeline, job)
    pipeline.recordings.update(RECORDING_ID, poster="media/x/poster.jpg")
    seen = document(pipeline)
    assert seen["poster_url"] == "/media/x/poster.jpg"
    assert seen["storyboard_url"] == f"/{pipeline.recording.storyboard}"
    assert seen["storyboard_url"].endswith(".vtt")


def test_failure_is_told_with_its_reason(pipeline: Pipeline) -> None:
    """The same words on recording and job."""
    job = start(pipeline)
    pipeline.worker.fail(job, Permanent("source_truncated", "Cut off."))
    seen = document(pipeline)
    assert (seen["recording_status"], seen["status"]) == ("errored", "failed")
    assert seen["error"] == {"code": "source_truncated", "detail": "Cut off."}


def test_a_refused_source_has_failed_without_a_job(pipeline: Pipeline) -> None:
    """There never was one."""
    pipeline.probe.answer = Permanent("source_not_media", "No.")  # type: ignore[attr-defined]
    assert pipeline.upload(b"text") is None
    seen = document(pipeline)
    assert (seen["job_id"], seen["status"], seen["error"]["code"]) == (None, "failed", "source_not_media")
