"""AWS clients: made once per process, on first use, because making one takes tens of milliseconds."""

from __future__ import annotations

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from chalicelib.config import aws_endpoint_url, aws_region, settings
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_MAKING = RLock()
"""Making clients is not thread-safe in botocore; using them is."""


def client(service: str) -> Any:
    """Return the process's client of any AWS service, e.g. `secretsmanager`."""
    with _MAKING:
        return _make(service, "")


def s3() -> S3Client:
    """Return the client that functions use themselves."""
    return cast("S3Client", client("s3"))


def s3_for_people() -> S3Client:
    """Return the client whose only use is to presign for the endpoint a browser reaches."""
    with _MAKING:
        return cast("S3Client", _make("s3", settings().s3_public_endpoint or ""))


def credentials() -> Any:
    """Return access_key, secret_key and token to sign with now: botocore renews those that expire."""
    with _MAKING:
        found = _session().get_credentials()
    if found is None:
        raise Transient("aws_unavailable", "There are no AWS credentials to sign with.")
    return found.get_frozen_credentials()


def sqs() -> SQSClient:
    """Return the queue client."""
    return cast("SQSClient", client("sqs"))


def reset() -> None:
    """Forget every client, so that a test can move to another AWS."""
    with _MAKING:
        _make.cache_clear()
        _session.cache_clear()


@cache
def _session() -> Session:
    from boto3.session import Session  # noqa: PLC0415  a worker that never calls AWS need not pay 100 ms
    from botocore.session import get_session  # noqa: PLC0415  as above

    core = get_session()
    core.register_component("data_loader", _models())
    return Session(botocore_session=core, region_name=aws_region())


@cache
def _models() -> Any:
    """Descriptions of services as they were read, which is most of what making a client takes: for any session."""
    from botocore.session import get_session  # noqa: PLC0415  as above

    return get_session().get_component("data_loader")


@cache
def _make(service: str, endpoint: str) -> Any:
    return _session().client(  # type: ignore[call-overload]  # one function for every service
        service, endpoint_url=endpoint or None, config=_config(service, endpoint)
    )


def _config(service: str, endpoint: str) -> Any:
    from botocore.config import Config  # noqa: PLC0415  as above

    options: dict[str, Any] = {}
    if service == "s3":
        # Other hosts have no DNS for bucket names. On AWS "auto" would presign for the global host,
        # which redirects for buckets outside us-east-1: "virtual" names the region.
        other_host = endpoint or aws_endpoint_url("s3")
        options["s3"] = {"addressing_style": "path" if other_host else "virtual"}
        options["signature_version"] = "s3v4"
    if service == "dynamodb":
        # PynamoDB builds the requests; checking them a second time costs more than sending them.
        options["parameter_validation"] = False
    return Config(
        connect_timeout=3,
        # A long poll takes 20 s, S3 joins large uploads for longer but keeps the line alive.
        read_timeout=5 if service == "dynamodb" else 30,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=16,
        tcp_keepalive=True,
        **options,
    )
