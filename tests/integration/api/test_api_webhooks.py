"""From a change of a recording to a receiver that checks the signature, over the real tables and queues."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from support.receiver import Receiver

from chalicelib import config, container, webhook_container
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.webhooks.messages import DeliverMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Api

PATH = "/v1/webhooks"


@pytest.fixture
def receiver(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Serve on loopback, which the API lets webhooks go to."""
    del api
    monkeypatch.setenv("HEADWATER_WEBHOOK_LOCAL_TARGETS", "true")
    forget()
    with Receiver() as serving:
        yield serving


def forget() -> None:
    """Read the settings anew."""
    config.settings.cache_clear()
    container.reset()
    webhook_container.reset()


def subscribe(api: Api, receiver: Receiver, *events: str) -> tuple[str, str]:
    """Make a webhook; returns its path and secret."""
    made = api.call("POST", PATH, {"url": receiver.url, "events": list(events) or ["*"]})
    assert made.status_code == 201, made.body
    return f"{PATH}/{made.json_body['webhook']['id']}", made.json_body["secret"]


def test_a_change_reaches_the_receiver(api: Api, receiver: Receiver) -> None:
    """Once for each change, signed, under an id that stays; the log has it, and the webhook says it went well."""
    path, secret = subscribe(api, receiver, "recording.ready", "recording.deleted")
    recording_id = api.uploaded()
    container.recordings().update(recording_id, status=RecordingStatus.PLAYABLE)
    container.recordings().update(recording_id, expect=[RecordingStatus.PLAYABLE], status=RecordingStatus.READY)
    container.recordings().update(recording_id, status=RecordingStatus.READY)
    api.tell()
    api.call("DELETE", f"/v1/recordings/{recording_id}")
    api.tell()
    ready, deleted = receiver.received
    assert (ready.verified(secret), deleted.verified(secret), ready.verified("whsec_AAAA")) == (True, True, False)
    assert [one.json["type"] for one in receiver.received] == ["recording.ready", "recording.deleted"]
    assert ready.json["data"]["recording"]["id"] == recording_id
    assert ready.headers["webhook-id"] != deleted.headers["webhook-id"]
    log = api.call("GET", f"{path}/deliveries").json_body["deliveries"]
    assert [(one["type"], one["status"]) for one in log] == [
        ("recording.deleted", "delivered"),
        ("recording.ready", "delivered"),
    ]
    assert [one["event_id"] for one in log] == [deleted.headers["webhook-id"], ready.headers["webhook-id"]]
    assert api.call("GET", path).json_body["last"]["status"] == "delivered"


def test_the_sweep_tells_what_nobody_hinted_at(api: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function died right after its write: a minute later the event is told all the same."""
    subscribe(api, receiver)
    recording_id = api.create()["recording"]["id"]
    container.recordings().update(recording_id, status=RecordingStatus.READY)
    assert len(api.messages("webhooks")) == 1  # and lost
    later = container.clock().now() + 60
    monkeypatch.setattr(container.clock(), "now", lambda: later)
    assert webhook_container.teller().sweep() == 1
    api.tell()
    assert [one.json["type"] for one in receiver.received] == ["recording.ready"]
    assert webhook_container.teller().sweep() == 0


def test_what_fails_is_sent_again_under_the_same_id(api: Api, receiver: Receiver) -> None:
    """With a time of its own; during a rotation with both signatures."""
    path, old = subscribe(api, receiver)
    new = api.call("POST", f"{path}/rotate").json_body["secret"]
    receiver.answers.extend([(500, {}), (410, {})])
    sent = api.call("POST", f"{path}/test").json_body["delivery"]
    queued = webhook_container.deliveries().get(path.rsplit("/", 1)[1], sent["id"])
    assert queued is not None
    api.tell()
    delivery = webhook_container.deliveries().get(queued.webhook_id, queued.id)
    assert delivery is not None
    assert delivery.tries == 1

    webhook_container.sender().deliver(DeliverMessage("anna", queued.webhook_id, queued.id, 1))
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == sent["event_id"]
    assert [first.verified(secret) for secret in (old, new)] == [True, True]
    hook = api.call("GET", path).json_body
    assert (hook["enabled"], hook["disabled_reason"], hook["last"]["status"]) == (False, "gone", "failed")
    (logged,) = api.call("GET", f"{path}/deliveries").json_body["deliveries"]
    assert (logged["status"], [attempt["status"] for attempt in logged["attempts"]]) == ("failed", [500, 410])
    api.call("PATCH", path, {"enabled": True})
    assert api.call("POST", f"{path}/deliveries/{sent['id']}/redeliver").status_code == 202
    api.tell()
    assert receiver.received[2].headers["webhook-id"] == sent["event_id"]


def test_others_hear_nothing(api: Api, receiver: Receiver) -> None:
    """An owner's events are an owner's, and a removed webhook hears no more."""
    path, _ = subscribe(api, receiver)
    api.create(user="berta")
    container.recordings().update(api.create(user="berta")["recording"]["id"], status=RecordingStatus.READY)
    api.tell()
    api.call("POST", f"{path}/test")
    api.call("DELETE", path)
    api.tell()
    assert receiver.received == []


@pytest.mark.usefixtures("receiver")
def test_the_event_bus_hears_the_same(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the event's type and id, whether or not there are webhooks."""
    events, sqs = boto3.client("events", region_name="eu-central-1"), boto3.client("sqs", region_name="eu-central-1")
    events.create_event_bus(Name="headwater-local-events")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": ["headwater"], "detail-type": ["recording.ready"]})
    events.put_rule(Name="ready", EventBusName="headwater-local-events", EventPattern=pattern)
    events.put_targets(Rule="ready", EventBusName="headwater-local-events", Targets=[{"Id": "q", "Arn": arn}])
    monkeypatch.setenv("HEADWATER_EVENT_BUS", "headwater-local-events")
    forget()
    recording_id = api.create()["recording"]["id"]
    container.recordings().update(recording_id, status=RecordingStatus.PLAYABLE)
    container.recordings().update(recording_id, status=RecordingStatus.READY)
    api.tell()
    (message,) = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    heard: dict[str, Any] = json.loads(message["Body"])
    assert (heard["source"], heard["detail-type"]) == ("headwater", "recording.ready")
    detail = heard["detail"]
    assert (detail["owner"], detail["data"]["recording"]["id"]) == ("anna", recording_id)
    assert detail["id"].startswith("evt_")


def test_streams_are_told_of_from_their_start_to_their_end(api: Api, receiver: Receiver) -> None:
    """With what is known of stream and recording at that moment, and without the stream's key."""
    _, secret = subscribe(api, receiver, "live.started", "live.ended")
    made = api.call("POST", "/v1/recordings", {"title": "Hall", "live": True, "room_id": "hall"})
    path = f"/v1/recordings/{made.json_body['recording']['id']}/stream"
    started = api.call("POST", f"{path}/start-live", {})
    assert started.status_code == 201, started.body
    api.tell()
    assert api.call("DELETE", f"{path}/stop-live").status_code == 200
    assert api.call("DELETE", f"{path}/stop-live").status_code == 200
    api.tell()
    assert [one.json["type"] for one in receiver.received] == ["live.started", "live.ended"]
    first, last = (one.json["data"] for one in receiver.received)
    assert (first["recording"]["status"], first["stream"]["status"], first["stream"]["stopped_at"]) == (
        "live",
        "active",
        None,
    )
    assert (last["stream"]["id"], last["stream"]["status"]) == (first["stream"]["id"], "stopped")
    assert last["stream"]["stopped_at"] is not None
    assert all(one.verified(secret) for one in receiver.received)
    assert started.json_body["ingest"]["key"].encode() not in b"".join(one.body for one in receiver.received)
