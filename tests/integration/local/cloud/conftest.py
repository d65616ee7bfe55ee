"""A real emulator process and clients that talk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session
from botocore.config import Config

from headwater.local.aws import REGION, AwsEmulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Cloud:
    """One running emulator."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self.emulator = AwsEmulator()
        self.endpoint = self.emulator.start(data_dir)

    def client(self, service: str) -> Any:
        """Return a boto3 client for it."""
        session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        config = Config(s3={"addressing_style": "path"}, signature_version="s3v4" if service == "s3" else None)
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def bucket(self, name: str) -> Any:
        """Create a bucket; returns the S3 client."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return s3

    def queue(self, name: str, **attributes: str) -> tuple[Any, str]:
        """Create a queue; returns the SQS client and the queue's URL."""
        sqs = self.client("sqs")
        return sqs, sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def table(self, name: str) -> Any:
        """Create a table with the string key `id`; returns the DynamoDB client."""
        tables = self.client("dynamodb")
        tables.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return tables


@pytest.fixture
def start_cloud() -> Iterator[Callable[..., Cloud]]:
    """Start emulators that are stopped when the test ends."""
    started: list[Cloud] = []

    def start(data_dir: Path | None = None) -> Cloud:
        started.append(Cloud(data_dir))
        return started[-1]

    yield start
    for cloud in started:
        cloud.emulator.stop()


@pytest.fixture(scope="module")
def shared_cloud() -> Iterator[Cloud]:
    """One emulator for a module; tests use names of their own."""
    running = Cloud()
    yield running
    running.emulator.stop()


@pytest.fixture
def cloud(request: pytest.FixtureRequest, start_cloud: Callable[..., Cloud], shared_cloud: Cloud) -> Cloud:
    """The module's emulator, or a new one for a test that is tried again: in that of its first try things were left."""
    return start_cloud() if getattr(request.node, "execution_count", 1) > 1 else shared_cloud
