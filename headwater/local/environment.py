"""Names of the stack's resources, and the environment a function sees: Lambda's own variables and Headwater's."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.local.aws import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from headwater.local.declarations import FunctionSpec

DEAD = "-dead"
FIFO = ".fifo"
"""What SQS wants the names of queues that keep the order to end with."""
DISTRIBUTION = "EMBEDDED"
"""The id of the embedded CDN."""
LIVE_PROFILES = "low,high"
"""A laptop encodes two rungs as fast as they come."""
_LAYERS = {"ffmpeg": ("HEADWATER_FFMPEG", "bin/ffmpeg"), "probe": ("HEADWATER_PROBE_PATH", "python")}


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """One queue: `visibility_s` is how long a received message stays hidden, then up to `receives` tries in all."""

    name: str
    visibility_s: int
    receives: int

    @property
    def dead_letters(self) -> str:
        """Name of the queue where messages end that failed too often, of the same kind."""
        return self.name.removesuffix(FIFO) + DEAD + (FIFO if self.fifo else "")

    @property
    def fifo(self) -> bool:
        """True for a queue that keeps the order of each group."""
        return self.name.endswith(FIFO)


@dataclass(frozen=True, slots=True)
class Stack:
    """The resources of one stage."""

    stage: str = "local"
    account: str = ACCOUNT
    region: str = REGION

    @property
    def prefix(self) -> str:
        """What every name of this stage starts with."""
        return f"headwater-{self.stage}-"

    @property
    def source_bucket(self) -> str:
        """Bucket of uploaded originals."""
        return self.prefix + "source"

    @property
    def media_bucket(self) -> str:
        """Bucket of what the CDN serves."""
        return self.prefix + "media"

    @property
    def uploads(self) -> QueueSpec:
        """Queue of S3's notifications."""
        return QueueSpec(self.prefix + "uploads", 720, 10)

    @property
    def encode(self) -> QueueSpec:
        """Queue of encode tasks."""
        return QueueSpec(self.prefix + "encode", 900, 20)

    @property
    def encode_high(self) -> QueueSpec:
        """Queue of encode tasks that go before others."""
        return QueueSpec(self.prefix + "encode-high", 900, 20)

    @property
    def lifecycle(self) -> QueueSpec:
        """Queue of deletions and other slow housekeeping."""
        return QueueSpec(self.prefix + "lifecycle", 1800, 10)

    @property
    def prepare(self) -> QueueSpec:
        """Queue of work on whole files."""
        return QueueSpec(self.prefix + "prepare", 900, 10)

    @property
    def live(self) -> QueueSpec:
        """Queue of what encoders sent, and of streams to finish."""
        return QueueSpec(self.prefix + "live", 360, 10)

    @property
    def broadcast(self) -> QueueSpec:
        """Queue of what viewers are to hear, in order for each shard of them."""
        return QueueSpec(self.prefix + "broadcast" + FIFO, 360, 3)

    @property
    def webhooks(self) -> QueueSpec:
        """Queue of what is to be told, and of deliveries."""
        return QueueSpec(self.prefix + "webhooks", 360, 10)

    @property
    def queues(self) -> tuple[QueueSpec, ...]:
        """All queues but the dead-letter ones."""
        vod = self.uploads, self.encode, self.encode_high, self.lifecycle, self.prepare
        return *vod, self.live, self.broadcast, self.webhooks

    @property
    def cdn_key_secret(self) -> str:
        """Secrets Manager id of the PEM key that signs CloudFront cookies."""
        return self.prefix + "cdn-key"

    @property
    def grant_key_secret(self) -> str:
        """Secrets Manager id of the HMAC key that signs playback links."""
        return self.prefix + "grant-key"

    def queue_url(self, endpoint: str, queue: QueueSpec) -> str:
        """Return a queue's address at an emulator."""
        return f"{endpoint}/{self.account}/{queue.name}"

    def queue_arn(self, name: str) -> str:
        """Return a queue's ARN."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{name}"


@dataclass(frozen=True, slots=True)
class Site:
    """Where one running stack is: the emulator's endpoint, the public origin, and its keys.

    The emulator takes any credentials; the origin checks what functions presign against these.
    """

    aws_endpoint: str
    public_url: str
    cdn_key_pair_id: str = ""
    access_key_id: str = "headwater"
    secret_access_key: str = "headwater-local"  # noqa: S105  opens nothing but an emulator on loopback


def stack_environment(stack: Stack, site: Site) -> dict[str, str]:
    """Return what every function of the stack is told: where AWS is, and each setting that differs from its default."""
    return {
        "AWS_ENDPOINT_URL": site.aws_endpoint,
        "AWS_ACCESS_KEY_ID": site.access_key_id,
        "AWS_SECRET_ACCESS_KEY": site.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": stack.region,
        "AWS_DEFAULT_REGION": stack.region,
        "HEADWATER_STAGE": stack.stage,
        "HEADWATER_PUBLIC_URL": site.public_url,
        "HEADWATER_SOURCE_BUCKET": stack.source_bucket,
        "HEADWATER_MEDIA_BUCKET": stack.media_bucket,
        "HEADWATER_TABLE_PREFIX": stack.prefix,
        "HEADWATER_UPLOADS_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.uploads),
        "HEADWATER_ENCODE_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.encode),
        "HEADWATER_ENCODE_HIGH_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.encode_high),
        "HEADWATER_LIFECYCLE_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.lifecycle),
        "HEADWATER_PREPARE_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.prepare),
        "HEADWATER_LIVE_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.live),
        "HEADWATER_BROADCAST_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.broadcast),
        "HEADWATER_WEBHOOKS_QUEUE_URL": stack.queue_url(site.aws_endpoint, stack.webhooks),
        "HEADWATER_WEBHOOK_LOCAL_TARGETS": "true",
        "HEADWATER_LIVE_PROFILES": os.environ.get("HEADWATER_LIVE_PROFILES", LIVE_PROFILES),
        "HEADWATER_WEBSOCKET_ENDPOINT": f"{site.public_url}/ws",
        "HEADWATER_WEBSOCKET_PUBLIC_URL": f"{site.public_url.replace('http', 'ws', 1)}/ws",
        "HEADWATER_S3_PUBLIC_ENDPOINT": site.public_url,
        "HEADWATER_JWT_ISSUER": f"{site.public_url}/dev",
        "HEADWATER_JWT_AUDIENCE": "headwater",
        "HEADWATER_JWKS_URL": f"{site.public_url}/dev/jwks.json",
        "HEADWATER_CDN_KEY_PAIR_ID": site.cdn_key_pair_id,
        "HEADWATER_CDN_PRIVATE_KEY_SECRET": stack.cdn_key_secret,
        "HEADWATER_CDN_DISTRIBUTION": DISTRIBUTION,
        # The embedded CDN is no part of the emulator.
        "AWS_ENDPOINT_URL_CLOUDFRONT": site.public_url,
        "HEADWATER_GRANT_SECRET": stack.grant_key_secret,
        "HEADWATER_LOG_LEVEL": os.environ.get("HEADWATER_LOG_LEVEL", "INFO"),
        "HEADWATER_RATES": os.environ.get("HEADWATER_RATES", "{}"),
    }


def layer_environment(declared: Iterable[str], folder: Path) -> dict[str, str]:
    """Point at what the declared layers would put into /opt, in `folder`; a layer not declared is not there either."""
    found = {}
    for reference in declared:
        for layer, (variable, path) in _LAYERS.items():
            if layer in re.split(r"\W+", reference):
                found[variable] = str(folder / layer / path)
    return found


def worker_environment(
    spec: FunctionSpec, shared: Mapping[str, str], *, root: Path, scratch: Path, runtime_api: str
) -> dict[str, str]:
    """Return the whole environment of one worker: nothing of the router's own leaks into it."""
    name = f"headwater-{shared.get('HEADWATER_STAGE', 'local')}-{spec.name}"
    lambda_ = {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": scratch.name,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(root),
        "_HANDLER": spec.handler,
    }
    system = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": str(root),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(scratch),
        "HOME": str(scratch),
        "HEADWATER_SCRATCH_DIR": str(scratch),
    }
    # Deployment fills in references such as ${aws_sqs_queue.encode.url}; here the stack's own values stand for them
    declared = {key: value for key, value in spec.environment.items() if "${" not in value}
    return {**declared, **shared, **lambda_, **system}
