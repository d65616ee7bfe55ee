"""Cancelling and retrying over HTTP, on the real tables, queue and bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.media import result

from chalicelib import container
from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import chunk_key, playlist_key

if TYPE_CHECKING:
    from conftest import Api

    from chalicelib.domain.job import Job


def job_of(recording_id: str) -> Job:
    """The recording's job as stored."""
    recording = container.recordings().get(recording_id)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    return job


def announce_first_chunks(job: Job) -> None:
    """Commit and publish what a viewer needs to begin, as two workers would."""
    assert job.plan.audio is not None
    for rendition in (job.plan.audio, job.plan.video[0]):
        key = chunk_key(job.recording_id, job.plan.source_version, rendition.id, 0, "a")
        codec = "mp4a.40.2" if rendition.kind == "audio" else "avc1.64001F"
        assert container.jobs().commit(job.id, rendition.id, 0, attempt="a", result=result(key, codec=codec), now=2.0)
        container.publisher().chunk_committed(job.id, rendition.id, 0)


def test_cancel_and_retry_before_there_is_a_picture(api: Api) -> None:
    """204 twice, a reason on the recording; then 202, and the same work is in the queue again."""
    path = f"/v1/recordings/{api.uploaded()}"
    sent = sorted(api.messages("encode"))
    for _ in range(2):
        answer = api.call("DELETE", f"{path}/transcode")
        assert (answer.status_code, answer.body) == (204, b"")
    recording = api.call("GET", path).json_body
    assert (recording["status"], recording["error"]["code"]) == ("errored", "job_cancelled")
    assert api.call("GET", f"{path}/transcode/progress").json_body["status"] == "cancelled"
    retried = api.call("POST", f"{path}/transcode/retry")
    assert (retried.status_code, retried.json_body["status"]) == (202, "in-progress")
    assert sorted(api.messages("encode")) == sent
    recording = api.call("GET", path).json_body
    assert (recording["status"], recording["error"]) == ("processing", None)


def test_cancel_and_retry_of_what_plays(api: Api) -> None:
    """The playlists end, and grow again; nobody waits for a lease, and what is done is kept and counted."""
    recording_id = api.uploaded()
    path, job = f"/v1/recordings/{recording_id}", job_of(recording_id)
    announce_first_chunks(job)
    key = playlist_key(recording_id, job.plan.source_version, job.plan.video[0].id, job.id)
    before = container.media_objects().get(key)
    assert before is not None
    now = container.clock().now()
    container.jobs().lease(job.id, job.plan.video[0].id, 1, attempt="b", now=now, until=now + 60)
    assert api.call("DELETE", f"{path}/transcode").status_code == 204
    assert container.media_objects().get(key) == before + b"#EXT-X-ENDLIST\n"
    recording = api.call("GET", path).json_body
    assert (recording["status"], recording["error"]["code"]) == ("playable", "job_cancelled")
    assert api.call("GET", f"{path}/stream/master.m3u8", planned="1").body.count(b"STREAM-INF") == 1
    assert api.call("POST", f"{path}/transcode/retry").status_code == 202
    assert container.media_objects().get(key) == before
    after = job_of(recording_id)
    assert (after.status, after.tasks_done, after.error_code, after.finished_at) == (JobStatus.IN_PROGRESS, 2, "", None)
    assert [task.chunk for task in container.jobs().tasks(job.id)] == [0, 0]
    assert api.call("GET", path).json_body["error"] is None


def test_the_wrong_moment(api: Api) -> None:
    """409 with a code that says which."""
    path = f"/v1/recordings/{api.create()['recording']['id']}"
    for method, what, code in (
        ("DELETE", "transcode", "job_not_running"),
        ("POST", "transcode/retry", "job_not_failed"),
    ):
        answer = api.call(method, f"{path}/{what}")
        assert (answer.status_code, answer.json_body["code"]) == (409, code)


@pytest.mark.parametrize(("method", "what"), [("DELETE", "transcode"), ("POST", "transcode/retry")])
def test_who_may(api: Api, method: str, what: str) -> None:
    """As for starting one: its owner while a publisher, and an admin; for others there is no such recording."""
    recording_id = api.uploaded(visibility="public")
    path = f"/v1/recordings/{recording_id}/{what}"
    if method == "POST":
        api.call("DELETE", f"/v1/recordings/{recording_id}/transcode")
    assert api.call(method, path, user=None).status_code == 401
    assert api.call(method, path, user="berta").json_body["code"] == "recording_not_found"
    assert api.call(method, path, role="viewer").json_body["code"] == "forbidden_role"
    assert api.call(method, path, user="root", role="admin").status_code in {202, 204}
