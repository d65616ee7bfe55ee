"""What provisioning makes."""

from __future__ import annotations

import json
from typing import Any

from headwater.local.environment import QueueSpec, Stack
from headwater.local.provision import provision


def test_everything_the_functions_expect_is_there_even_when_made_twice(start_cloud: Any) -> None:
    """Buckets, queues with redrive, tables, notification and the current secrets."""
    cloud, stack = start_cloud(), Stack()
    provision(cloud.endpoint, stack, {stack.cdn_key_secret: "first"})
    provision(cloud.endpoint, stack, {stack.cdn_key_secret: "pem"})
    buckets = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
    assert sorted(buckets) == ["headwater-local-media", "headwater-local-source"]
    assert sorted(cloud.client("dynamodb").list_tables()["TableNames"]) == [
        "headwater-local-analytics_rollups",
        "headwater-local-encode_tasks",
        "headwater-local-job_bills",
        "headwater-local-live_connections",
        "headwater-local-live_segments",
        "headwater-local-live_streams",
        "headwater-local-network_history",
        "headwater-local-player_sessions",
        "headwater-local-rate_limits",
        "headwater-local-recordings",
        "headwater-local-session_events",
        "headwater-local-transcoding_jobs",
        "headwater-local-viewer_analytics",
        "headwater-local-webhook_deliveries",
        "headwater-local-webhooks",
    ]
    sqs = cloud.client("sqs")
    encode = sqs.get_queue_attributes(QueueUrl=stack.queue_url(cloud.endpoint, stack.encode), AttributeNames=["All"])
    assert json.loads(encode["Attributes"]["RedrivePolicy"]) == {
        "deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:headwater-local-encode-dead",
        "maxReceiveCount": 20,
    }
    broadcast = cloud_queue(cloud, stack, stack.broadcast)
    dead = sqs.get_queue_attributes(
        QueueUrl=f"{cloud.endpoint}/{stack.account}/headwater-local-broadcast-dead.fifo", AttributeNames=["All"]
    )["Attributes"]
    for attributes in (broadcast, dead):
        assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "false")
    assert json.loads(broadcast["RedrivePolicy"])["deadLetterTargetArn"] == dead["QueueArn"]
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=stack.cdn_key_secret)["SecretString"]
    assert (encode["Attributes"]["VisibilityTimeout"], secret) == ("900", "pem")


def test_what_lands_reaches_the_queue_of_its_prefix(start_cloud: Any) -> None:
    """Uploads theirs, live segments theirs, a window nobody's; the notification names bucket and key."""
    cloud, stack = start_cloud(), Stack()
    provision(cloud.endpoint, stack, {})
    for key in ("sources/rec_1/original", "ingest/live_1/1/0.m4s", "windows/live_1.json"):
        cloud.client("s3").put_object(Bucket=stack.source_bucket, Key=key, Body=b"x")
    assert notified(cloud, stack, stack.uploads) == [("headwater-local-source", "sources%2Frec_1%2Foriginal")]
    assert notified(cloud, stack, stack.live) == [("headwater-local-source", "ingest%2Flive_1%2F1%2F0.m4s")]


def notified(cloud: Any, stack: Stack, queue: QueueSpec) -> list[tuple[str, str]]:
    """Take S3's notifications from a queue; returns buckets and keys."""
    url = stack.queue_url(cloud.endpoint, queue)
    messages = cloud.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    records = [record for message in messages for record in json.loads(message["Body"]).get("Records", [])]
    return [(record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]) for record in records]


def cloud_queue(cloud: Any, stack: Stack, queue: QueueSpec) -> dict[str, str]:
    """Return a queue's attributes."""
    url = stack.queue_url(cloud.endpoint, queue)
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return dict(found["Attributes"])
