"""What provisioning makes."""

from __future__ import annotations

import json
from typing import Any

from headwater.local.environment import Stack
from headwater.local.provision import provision


def test_everything_the_functions_expect_is_there_even_when_made_twice(start_cloud: Any) -> None:
    """Buckets, queues with redrive, tables, notification and the current secrets."""
    cloud, stack = start_cloud(), Stack()
    provision(cloud.endpoint, stack, {stack.cdn_key_secret: "first"})
    provision(cloud.endpoint, stack, {stack.cdn_key_secret: "pem"})
    buckets = [bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]]
    assert sorted(buckets) == ["headwater-local-media", "headwater-local-source"]
    assert sorted(cloud.client("dynamodb").list_tables()["TableNames"]) == [
        "headwater-local-encode_tasks",
        "headwater-local-job_bills",
        "headwater-local-live_streams",
        "headwater-local-network_history",
        "headwater-local-player_sessions",
        "headwater-local-recordings",
        "headwater-local-transcoding_jobs",
        "headwater-local-viewer_analytics",
    ]
    sqs = cloud.client("sqs")
    encode = sqs.get_queue_attributes(QueueUrl=stack.queue_url(cloud.endpoint, stack.encode), AttributeNames=["All"])
    assert json.loads(encode["Attributes"]["RedrivePolicy"]) == {
        "deadLetterTargetArn": "arn:aws:sqs:eu-central-1:123456789012:headwater-local-encode-dead",
        "maxReceiveCount": 20,
    }
    secret = cloud.client("secretsmanager").get_secret_value(SecretId=stack.cdn_key_secret)["SecretString"]
    assert (encode["Attributes"]["VisibilityTimeout"], secret) == ("900", "pem")


def test_an_upload_reaches_the_uploads_queue(start_cloud: Any) -> None:
    """The notification names bucket and key."""
    cloud, stack = start_cloud(), Stack()
    provision(cloud.endpoint, stack, {})
    cloud.client("s3").put_object(Bucket=stack.source_bucket, Key="sources/rec_1/original", Body=b"x")
    queue = stack.queue_url(cloud.endpoint, stack.uploads)
    messages = cloud.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    records = [record for message in messages for record in json.loads(message["Body"]).get("Records", [])]
    names = [(record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]) for record in records]
    assert names == [("headwater-local-source", "sources%2Frec_1%2Foriginal")]
