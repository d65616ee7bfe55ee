"""Callers that are nobody, presigned links, and what a role hears of objects that are not there."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError

from headwater.local.aws import REGION
from headwater.local.environment import Stack
from headwater.local.listener import listen, serving, url_of
from headwater.local.presign import Credentials
from headwater.local.provision import provision
from headwater.local.roles import CDN, INGEST, OPERATOR, Roles
from headwater.local.s3_front import S3Front
from headwater.local.targets import parse_target
from headwater.local.upstream import Upstream, open_session
from headwater.local.websocket import WebSocketGateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    Callers = dict[str, Any]

SOURCE, MEDIA = Stack().source_bucket, Stack().media_bucket


def client(service: str, endpoint: str, held: Credentials) -> Any:
    """Return boto3's client with a role's credentials."""
    session = Session(held.access_key_id, held.secret_access_key, held.session_token or None, REGION)
    version = "s3v4" if service == "s3" else None
    config = Config(s3={"addressing_style": "path"}, signature_version=version, retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=endpoint, config=config)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def provisioned(endpoint: str, roles: Roles) -> str:
    """The emulator with everything of the stack in it, made with the operator's role and no other right."""
    provision(endpoint, Stack(), {Stack().cdn_key_secret: "pem"}, roles.control[OPERATOR].credentials)
    return endpoint


@pytest.fixture(scope="module")
def front(provisioned: str, roles: Roles) -> Iterator[str]:
    """The public side of S3 before that emulator, and @connections beside it."""
    listener = listen(0)
    url = url_of(listener)
    loop, started, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            upstream = Upstream(provisioned, await stack.enter_async_context(open_session()))
            s3 = S3Front((SOURCE, MEDIA), roles, upstream, url)

            sockets = WebSocketGateway(cast("Any", None), roles)

            async def answer(request: web.BaseRequest) -> web.StreamResponse:
                part = sockets if request.path.startswith("/ws/") else s3
                return await part.handle(request, parse_target(request.raw_path))

            await stack.enter_async_context(serving(listener, answer))
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(60)
    yield url
    loop.call_soon_threadsafe(over.set)
    thread.join(60)
    loop.close()


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("s3", "get_object", {"Bucket": MEDIA, "Key": "media/r/x"}, "InvalidAccessKeyId"),
        ("sqs", "list_queues", {}, "InvalidClientTokenId"),
        ("dynamodb", "list_tables", {}, "UnrecognizedClientException"),
    ],
)
def test_nobody_is_refused(
    endpoint: str, roles: Roles, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    """A key that no role has, and a role's key without its session."""
    real = roles.functions["api"].credentials
    strangers = [Credentials("AKIASTRANGER", "secret", REGION), Credentials(real.access_key_id, "secret", REGION)]
    for stranger in strangers:
        with pytest.raises(ClientError) as refused:
            getattr(client(service, endpoint, stranger), operation)(**arguments)
        assert refused.value.response["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code"),
    [
        ("s3", "put_object", {"Bucket": SOURCE, "Key": "sources/r/source"}, "AccessDenied"),
        ("sqs", "purge_queue", {"QueueUrl": "http://a/1/headwater-local-encode"}, "AccessDenied"),
        ("dynamodb", "delete_table", {"TableName": "headwater-local-recordings"}, "AccessDeniedException"),
        ("secretsmanager", "get_secret_value", {"SecretId": "headwater-local-cdn-key"}, "AccessDeniedException"),
    ],
)
def test_a_missing_right_is_aws_s_own_error(
    endpoint: str, roles: Roles, service: str, operation: str, arguments: dict[str, Any], code: str
) -> None:
    """With the code that boto3 reads out of each service's format, and a sentence that names role and right."""
    held = roles.functions["on_encode"].credentials
    with pytest.raises(ClientError, match="headwater-local-on_encode is not authorized to perform") as refused:
        getattr(client(service, endpoint, held), operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == code


def test_a_link_lets_its_holder_do_what_its_signer_may(front: str, provisioned: str, roles: Roles) -> None:
    """The same link, signed by who may read sources and by who may not, and one whose token was taken out."""
    key = {"Bucket": SOURCE, "Key": "sources/r/a+b"}
    upload, read, other = (
        client("s3", front, roles.functions[name].credentials) for name in ("api", "on_encode", "on_broadcast")
    )
    put = upload.generate_presigned_url("put_object", Params=key)
    assert httpx.put(put, content=b"bytes", timeout=60).status_code == 200
    got = read.generate_presigned_url("get_object", Params=key)
    assert httpx.get(got, timeout=60).content == b"bytes"
    forbidden = httpx.get(other.generate_presigned_url("get_object", Params=key), timeout=60)
    assert (forbidden.status_code, "<Code>AccessDenied</Code>" in forbidden.text) == (403, True)
    assert httpx.get(httpx.URL(got).copy_remove_param("X-Amz-Security-Token"), timeout=60).status_code == 400
    # FFmpeg reads at the emulator itself, with no front before it
    inside = client("s3", provisioned, roles.functions["on_encode"].credentials)
    assert httpx.get(inside.generate_presigned_url("get_object", Params=key), timeout=60).content == b"bytes"
    outside = client("s3", provisioned, roles.functions["on_broadcast"].credentials)
    assert httpx.get(outside.generate_presigned_url("get_object", Params=key), timeout=60).status_code == 403


@pytest.mark.usefixtures("provisioned")
def test_only_who_may_list_hears_that_there_is_nothing(callers: Callers) -> None:
    """As on S3: to others absent and forbidden look the same."""
    absent = f"arn:aws:s3:::{SOURCE}/sources/nobody/source"
    assert callers["on_upload"].ask("s3:GetObject", absent).status == 404
    answer = callers["on_encode"].ask("s3:GetObject", absent)
    assert (answer.status, answer.refuses("s3:ListBucket")) == (403, True)
    assert callers["on_encode"].ask("s3:GetObject", f"arn:aws:s3:::{MEDIA}/media/nobody").status == 404
    assert callers[CDN].ask("s3:GetObject", f"arn:aws:s3:::{MEDIA}/media/nobody").status == 404


@pytest.mark.usefixtures("provisioned")
def test_what_is_no_function_has_a_role_too(callers: Callers) -> None:
    """Encoders' segments are stored with the gateway's role; it can do nothing else."""
    assert callers[INGEST].ask("s3:PutObject", f"arn:aws:s3:::{SOURCE}/ingest/s/1/0.mp4").status == 200
    assert callers[INGEST].ask("s3:GetObject", f"arn:aws:s3:::{SOURCE}/ingest/s/1/0.mp4").status == 403


def test_viewers_are_posted_to_by_who_may(front: str, roles: Roles) -> None:
    """The gateway answers for the rights on connections: nobody is there, which not every role may find out."""
    heard = set()
    for name, role in roles.functions.items():
        poster = client("apigatewaymanagementapi", f"{front}/ws", role.credentials)
        with pytest.raises(ClientError) as answer:
            poster.post_to_connection(ConnectionId="nobody", Data=b"x")
        heard |= {name} if answer.value.response["Error"]["Code"] == "GoneException" else set()
    assert heard == {"api", "on_broadcast", "on_schedule", "websocket_message"}
