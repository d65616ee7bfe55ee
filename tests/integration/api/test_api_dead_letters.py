"""Dead letters over HTTP, on moto's queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib import container
from chalicelib.adapters import clients
from chalicelib.config import settings
from chalicelib.domain.job import JobStatus
from chalicelib.domain.messages import EncodeMessage, parse_message

if TYPE_CHECKING:
    from conftest import Api

PATH = "/v1/dead-letters"
ADMIN = {"user": "root", "role": "admin"}


def bury(api: Api, queue: str, *bodies: str, group: str = "rec_a") -> None:
    """Put messages where SQS puts those that were received too often."""
    url = api.queue_urls[queue] + "-dead"
    for body in bodies:
        clients.sqs().send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)


def test_every_queue_is_listed(api: Api) -> None:
    """With a number, and an age where there is something."""
    bury(api, "encode", "a", "b")
    queues = api.call("GET", PATH, **ADMIN).json_body["queues"]
    assert {entry["queue"]: entry["messages"] for entry in queues} == {
        "uploads": 0,
        "encode": 2,
        "encode-high": 0,
        "lifecycle": 0,
        "prepare": 0,
        "live": 0,
        "broadcast": 0,
        "webhooks": 0,
    }
    (encode,) = [entry for entry in queues if entry["queue"] == "encode"]
    assert 0 <= encode["oldest_s"] < 60
    assert [entry["oldest_s"] for entry in queues if not entry["messages"]] == [None] * 7


def test_the_work_of_a_failed_job_comes_back(api: Api) -> None:
    """Buried, retried, requeued: it is the job's work again, and nothing is left among the dead."""
    recording_id = api.uploaded()
    path = f"/v1/recordings/{recording_id}"
    work = api.messages("encode")
    recording = container.recordings().get(recording_id)
    assert recording is not None
    container.jobs().update(recording.job_id, status=JobStatus.FAILED, error_code="encode_failed")
    bury(api, "encode", *work, group=recording_id)
    assert api.call("POST", f"{path}/transcode/retry").status_code == 202
    clients.sqs().purge_queue(QueueUrl=api.queue_urls["encode"])
    answer = api.call("POST", f"{PATH}/encode/requeue", **ADMIN)
    assert (answer.status_code, answer.json_body) == (200, {"queue": "encode", "moved": len(work), "left": 0})
    back = api.messages("encode")
    assert sorted(back) == sorted(work)
    message = parse_message(back[0])
    assert isinstance(message, EncodeMessage)
    job = container.jobs().get(message.job_id)
    assert job is not None
    assert job.status is JobStatus.IN_PROGRESS
    assert api.call("POST", f"{PATH}/encode/requeue", **ADMIN).json_body["moved"] == 0


@pytest.mark.parametrize(("method", "path"), [("GET", PATH), ("POST", f"{PATH}/encode/requeue")])
def test_administrators_only(api: Api, method: str, path: str) -> None:
    """Everybody else is told so, or that a token is needed."""
    assert api.call(method, path, user=None).status_code == 401
    for role in ("publisher", "viewer"):
        answer = api.call(method, path, role=role)
        assert (answer.status_code, answer.json_body["code"]) == (403, "forbidden_role")


def test_a_queue_that_is_not_there(api: Api) -> None:
    """404, and the names that are."""
    answer = api.call("POST", f"{PATH}/encoder/requeue", **ADMIN)
    assert (answer.status_code, answer.json_body["code"]) == (404, "queue_not_found")
    assert all(name in answer.json_body["detail"] for name in settings().queue_urls)
