"""The function over moto: S3's own events in, tables, playlists and messages out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from support.lambda_events import Context, sqs_event
from support.live import STREAM_ID
from support.media import RECORDING_ID, recording
from support.numbered import numbered, tone
from support.pipeline import FFMPEG

import app
from chalicelib import analytics_container, config, container, live_container, webhook_container
from chalicelib.adapters import clients
from chalicelib.adapters.tables import create_all
from chalicelib.domain.live.keys import epoch_prefix, live_playlist_key
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.domain.live.stream import Container, Epoch, Input, LiveStream, StreamStatus
from chalicelib.domain.recording import RecordingStatus
from headwater.local.environment import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REGION = "eu-central-1"
STACK = Stack()


@pytest.fixture
def function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Call on_live_segment with message bodies; its buckets, tables and queues are moto's."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("HEADWATER_FFMPEG", FFMPEG)
    monkeypatch.setenv("HEADWATER_SCRATCH_DIR", str(tmp_path))
    with mock_aws():
        sqs = boto3.client("sqs", REGION)
        live = sqs.create_queue(QueueName=STACK.live.name)["QueueUrl"]
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
        broadcast = sqs.create_queue(QueueName=STACK.broadcast.name, Attributes=fifo)["QueueUrl"]
        lifecycle = sqs.create_queue(QueueName=STACK.lifecycle.name)["QueueUrl"]
        monkeypatch.setenv("HEADWATER_LIVE_QUEUE_URL", live)
        monkeypatch.setenv("HEADWATER_LIFECYCLE_QUEUE_URL", lifecycle)
        monkeypatch.setenv("HEADWATER_BROADCAST_QUEUE_URL", broadcast)
        forget()
        for bucket in (config.settings().source_bucket, config.settings().media_bucket):
            boto3.client("s3", REGION).create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        create_all()
        handler = app.app.handler_map["on_live_segment"]

        def call(*bodies: str) -> dict[str, Any]:
            event = sqs_event(*bodies)
            for record in event["Records"]:
                record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": "1"}
            answer: dict[str, Any] = handler(event, Context(60_000))
            return answer

        yield call
    forget()


def forget() -> None:
    """Build everything anew."""
    config.settings.cache_clear()
    clients.reset()
    container.reset()
    live_container.reset()
    analytics_container.reset()
    webhook_container.reset()


def created(key: str) -> str:
    """S3's notification of an object."""
    record = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-28T19:00:00.250Z",
        "s3": {"bucket": {"name": "b"}, "object": {"key": key, "size": 1, "eTag": "e"}},
    }
    return json.dumps({"Records": [record]})


def put(key: str, body: bytes) -> str:
    """Land an object; returns its event."""
    clients.s3().put_object(Bucket=config.settings().source_bucket, Key=key, Body=body)
    return created(key)


def begin() -> None:
    """A recording, its stream, and an encoder that has claimed an epoch."""
    container.recordings().create(recording(status=RecordingStatus.LIVE, source_version="", stream_id=STREAM_ID))
    now = container.clock().now()
    stream = LiveStream(STREAM_ID, RECORDING_ID, "ann", RECORDING_ID, StreamStatus.ACTIVE, now, profiles=("low",))
    assert live_container.streams().start(stream)
    epoch = Epoch(1, Input.PRIMARY, Container.FMP4, now)
    assert live_container.streams().replace(stream.claimed(epoch, silent=True))


def test_from_events_to_a_recording(function: Callable[..., dict[str, Any]], cut: Callable[..., list[bytes]]) -> None:
    """A segment before its init segment comes again; after the stop there is a recording with stills."""
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "30", "-c:a", "aac")
    init, *bodies = cut(*numbered(30, 4), *tone(4), *x264)
    begin()
    prefix = epoch_prefix(STREAM_ID, 1)
    events = [put(f"{prefix}{n}.m4s", body) for n, body in enumerate(bodies)]
    assert function(events[0]) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert function(put(f"{prefix}init.mp4", init)) == {"batchItemFailures": []}
    for event in (*events, events[0]):
        assert function(event) == {"batchItemFailures": []}
    state = live_container.states().of(STREAM_ID)
    assert state is not None
    assert (len(state.window.entries), state.health.refused) == (2, {})
    for rendition in state.renditions:
        head = container.media_objects().head(live_playlist_key(RECORDING_ID, rendition.id))
        assert head is not None
        assert (head.content_type, head.metadata) == ("application/vnd.apple.mpegurl", {"state": str(state.version)})
    assert live_container.streams().stop(STREAM_ID, now=container.clock().now())
    function(FinishMessage(STREAM_ID).dumps())
    ready = container.recordings().get(RECORDING_ID)
    assert ready is not None
    assert (ready.status, round(ready.duration_s)) == (RecordingStatus.READY, 4)
    messages = clients.sqs().receive_message(QueueUrl=config.settings().live_queue_url, MaxNumberOfMessages=10)
    for message in messages["Messages"]:
        assert function(message["Body"]) == {"batchItemFailures": []}
    ready = container.recordings().get(RECORDING_ID)
    assert ready is not None
    for key in (ready.poster, ready.storyboard):
        assert container.media_objects().head(key) is not None
    stream = live_container.streams().get(STREAM_ID)
    assert stream is not None
    assert stream.finished_at is not None


def test_what_is_no_message_is_dropped(function: Callable[..., dict[str, Any]]) -> None:
    """Neither a stranger's text nor an object that is no segment comes again."""
    bodies = ["{}", "text", '{"v":1,"kind":"live-unknown"}', created("ingest/strange")]
    assert function(*bodies) == {"batchItemFailures": []}
