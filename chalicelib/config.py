"""Frozen settings; the only module that reads the process environment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.cost import PriceTable
from chalicelib.domain.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a function may be told from outside. Times in seconds, sizes in bytes."""

    stage: str = "local"
    public_url: str = "http://127.0.0.1:8787"
    """Origin of console, API, CDN and WebSocket, without a trailing slash."""
    source_bucket: str = "headwater-local-source"
    media_bucket: str = "headwater-local-media"
    table_prefix: str = "headwater-local-"
    uploads_queue_url: str = ""
    encode_queue_url: str = ""
    encode_high_queue_url: str = ""
    lifecycle_queue_url: str = ""
    prepare_queue_url: str = ""
    live_queue_url: str = ""
    broadcast_queue_url: str = ""
    webhooks_queue_url: str = ""
    s3_public_endpoint: str | None = None
    """Where a browser reaches S3; None means AWS's own endpoint."""
    jwt_issuer: str = ""
    jwt_audience: str = "headwater"
    jwks_url: str = ""
    jwt_role_claim: str = "role"
    cdn_key_pair_id: str = ""
    cdn_private_key_secret: str = ""
    """Secrets Manager id of the PEM private key that signs CloudFront cookies."""
    cdn_distribution: str = ""
    """Id of the CloudFront distribution, to be told what is deleted; empty where none stands before the media."""
    grant_secret: str = ""
    """Secrets Manager id of the HMAC key that signs playback links and sessions, and names networks."""
    edge_secret: str = ""
    """Secrets Manager id of what the CDN adds as X-Headwater-Edge: with it, its word for viewers' addresses counts."""
    playback_ttl_s: int = 24 * 3600
    upload_url_ttl_s: int = 12 * 3600
    max_upload_bytes: int = 64 * GIB
    max_duration_s: int = 12 * 3600
    quota_bytes: int = 0
    """Of one person's sources together; 0 for no limit, like those below. Administrators have none."""
    quota_minutes: int = 0
    """Of one person's recordings together."""
    quota_streams: int = 0
    """Of one person, on at once."""
    rates: Rates = field(default_factory=Rates)
    """How often one caller may ask. The environment replaces single ones, `{"make": [200, 60]}`: at once, a minute."""
    rescue_rung: bool = True
    lease_s: int = 30
    max_attempts: int = 4
    ffmpeg: str = "/opt/bin/ffmpeg"
    probe_path: str = "/opt/python"
    """Folder that holds PyAV, put on the path of the probing child process only."""
    encode_preset: str = "faster"
    encode_threads: int = 2
    live_profiles: str = ""
    """Names of a live ladder's rungs, comma-separated, where the start names none; empty for the default ladder."""
    websocket_endpoint: str = ""
    """Where @connections of the viewers' sockets answers, without a trailing slash."""
    websocket_public_url: str = ""
    """Where viewers open their socket (`wss://...`), without a trailing slash; empty: `/ws` of the public address."""
    live_shard_size: int = 2000
    """Viewers of a stream that one message reaches."""
    live_max_sockets: int = 15_000
    """Viewers of a stream that get sockets, the others poll: an account may make 10,000 calls a second."""
    live_push_rate: int = 7500
    """Calls a second to the sockets of one stream: three quarters of what an account may do, unless AWS raised it."""
    event_bus: str = ""
    """Name or ARN of an EventBridge bus that gets what webhooks get; empty for none."""
    webhook_local_targets: bool = False
    """Lets webhooks go to this machine itself. Only the local stack sets it, and only there it counts."""
    scratch_dir: str = "/tmp"  # noqa: S108  Lambda's only writable folder
    log_level: str = "INFO"
    prices: PriceTable = field(default_factory=PriceTable)
    """What AWS charges, for receipts. The environment replaces single prices: `{"lambda_gb_s": "0.0000133334"}`."""

    @property
    def reaches_loopback(self) -> bool:
        """True where webhooks may go to loopback addresses."""
        return self.webhook_local_targets and self.stage == "local"

    @property
    def queue_urls(self) -> dict[str, str]:
        """Every queue's URL by its short name: `encode-high`."""
        ending = "_queue_url"
        found = [name for name in self.__annotations__ if name.endswith(ending)]
        return {name.removesuffix(ending).replace("_", "-"): getattr(self, name) for name in found}

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read HEADWATER_* from `env`; a name that is missing keeps its default.

        Raises ValueError naming the variable when a number or a switch cannot be read.
        """
        values: dict[str, object] = {}
        for name, kind in cls.__annotations__.items():
            raw = env.get(f"HEADWATER_{name.upper()}")
            if raw is None:
                continue
            values[name] = _parse(name, kind, raw)
        return cls(**values)  # type: ignore[arg-type]  # names and kinds come from the class itself


def _parse(name: str, kind: str, raw: str) -> object:
    if kind == "int":
        try:
            return int(raw)
        except ValueError:
            msg = f"HEADWATER_{name.upper()} must be a whole number, not {raw!r}"
            raise ValueError(msg) from None
    if kind == "bool":
        if raw.lower() in {"1", "true", "yes", "on"}:
            return True
        if raw.lower() in {"0", "false", "no", "off"}:
            return False
        msg = f"HEADWATER_{name.upper()} must be true or false, not {raw!r}"
        raise ValueError(msg)
    if kind == "PriceTable":
        return _overridden(PriceTable(), name, raw, "prices in USD")
    return _overridden(Rates(), name, raw, "rates") if kind == "Rates" else raw


def _overridden(table: PriceTable | Rates, name: str, raw: str, what: str) -> PriceTable | Rates:
    try:
        entries = json.loads(raw)
        if not isinstance(entries, dict):
            raise TypeError  # noqa: TRY301  one sentence for whatever is no object
    except (ValueError, TypeError, RecursionError):
        msg = f"HEADWATER_{name.upper()} must be a JSON object of {what}, not {raw!r}"
        raise ValueError(msg) from None
    try:
        return table.overridden(entries)
    except ValueError as error:
        msg = f"HEADWATER_{name.upper()}: {error}"
        raise ValueError(msg) from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the process's settings, read once."""
    return Settings.from_env(os.environ)


def stage() -> str:
    """Return the stage that names queues and functions, readable before anything else is built."""
    return os.environ.get("HEADWATER_STAGE", "local")


def resource_name(kind: str) -> str:
    """Return the deployed name of a queue or table, e.g. `headwater-local-encode`."""
    return f"headwater-{stage()}-{kind}"


def function_name() -> str:
    """Return the name of the function that runs, without the stage; empty outside Lambda."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").removeprefix(resource_name(""))


def serves_api() -> bool:
    """True in the REST API's own function, which Chalice deploys under the application's name alone."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME") in {f"headwater-{stage()}", resource_name("api")}


def will_be_frozen() -> bool:
    """True where Lambda takes a snapshot of this process once it is started, and goes on from that many times."""
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def function_memory_mb() -> int:
    """Return the memory that Lambda gave this function and charges for; its least outside Lambda."""
    return int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"))


def aws_region() -> str | None:
    """Return the region to sign for; Lambda sets AWS_REGION, which botocore alone does not read."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def aws_endpoint_url(service: str) -> str | None:
    """Return where `service` (`s3`, `sqs`, `dynamodb`...) answers when it is not AWS itself."""
    return os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
