"""Makes what the functions expect: buckets and their notifications, queues, tables, secrets. Safe to repeat."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from headwater.local.environment import Site, Stack, stack_environment
from headwater.local.presign import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from headwater.local.environment import QueueSpec

_RETENTION_S = 14 * 86400
_CREATE_TABLES = "from chalicelib.adapters.tables import create_all; create_all()"
_THERE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class ProvisionError(Exception):
    """Something the stack needs could not be made; the message says what and why."""


def provision(endpoint: str, stack: Stack, secrets: Mapping[str, str], credentials: Credentials | None = None) -> None:
    """Make everything of `stack` at an emulator; `secrets` are ids and string values. Blocks for about a second."""
    held = credentials or Credentials("headwater", "local", stack.region)
    session = Session(held.access_key_id, held.secret_access_key, held.session_token or None, stack.region)

    def client(service: str) -> Any:
        # Path style: there is no DNS for bucket names on loopback
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2})
        return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]

    with ThreadPoolExecutor(1) as pool:
        tables = pool.submit(_create_tables, endpoint, stack, held)
        sqs, s3 = client("sqs"), client("s3")
        for queue in stack.queues:
            _create_queue(sqs, stack, queue)
        for bucket in (stack.source_bucket, stack.media_bucket):
            _create_bucket(s3, bucket, stack.region)
        _notify(s3, stack)
        _put_secrets(client("secretsmanager"), secrets)
        tables.result()


def _create_queue(sqs: SQSClient, stack: Stack, queue: QueueSpec) -> None:
    # Senders name each message themselves: without that, two that are alike within five minutes would be one
    kind = {"FifoQueue": "true", "ContentBasedDeduplication": "false"} if queue.fifo else {}
    kept: Any = {"MessageRetentionPeriod": str(_RETENTION_S), **kind}
    sqs.create_queue(QueueName=queue.dead_letters, Attributes=kept)
    redrive = {"deadLetterTargetArn": stack.queue_arn(queue.dead_letters), "maxReceiveCount": queue.receives}
    sqs.create_queue(
        QueueName=queue.name,
        Attributes={
            "VisibilityTimeout": str(queue.visibility_s),
            "RedrivePolicy": json.dumps(redrive),
            **kept,
        },
    )


def _create_bucket(s3: S3Client, name: str, region: Any) -> None:
    try:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE:
            raise


def _notify(s3: S3Client, stack: Stack) -> None:
    prefixes = {"uploads": ("sources/", stack.uploads), "live": ("ingest/", stack.live)}
    s3.put_bucket_notification_configuration(
        Bucket=stack.source_bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": name,
                    "QueueArn": stack.queue_arn(queue.name),
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
                }
                for name, (prefix, queue) in prefixes.items()
            ]
        },
    )


def _put_secrets(manager: Any, secrets: Mapping[str, str]) -> None:
    for name, value in secrets.items():
        try:
            if manager.get_secret_value(SecretId=name)["SecretString"] != value:
                manager.put_secret_value(SecretId=name, SecretString=value)
        except manager.exceptions.ResourceNotFoundException:
            manager.create_secret(Name=name, SecretString=value)


def _create_tables(endpoint: str, stack: Stack, held: Credentials) -> None:
    """Let the application create its own tables, in a process that sees the functions' settings and not ours."""
    site = Site(endpoint, endpoint, "", held.access_key_id, held.secret_access_key)
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    env |= {"AWS_SESSION_TOKEN": held.session_token} if held.session_token else {}
    command = [sys.executable, "-c", _CREATE_TABLES]
    done = subprocess.run(
        command, env={**env, **stack_environment(stack, site)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProvisionError(f"the tables could not be created: {done.stderr.strip()[-1000:]}")
