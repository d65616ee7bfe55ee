"""The whole front on a free port: moto behind it, a function service that answers what a test tells it to."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import threading
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.config import Config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from headwater.local.authorization import AuthorizerSpec
from headwater.local.cdn import Cdn, CdnConfig
from headwater.local.gateway import RestGateway
from headwater.local.ingest import IngestGateway
from headwater.local.invalidations import Invalidations
from headwater.local.issuer import DevIssuer
from headwater.local.keys import LocalKeys, load_keys
from headwater.local.listener import listen, serving, url_of
from headwater.local.origin import Origin
from headwater.local.rest_routes import Route, RouteTable
from headwater.local.roles import signers_of
from headwater.local.s3_front import S3Front
from headwater.local.static import StaticSite
from headwater.local.upstream import Upstream, open_session
from headwater.local.websocket import WebSocketGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE, MEDIA = "headwater-local-source", "headwater-local-media"


@dataclass
class Outcome:
    """How a call ended."""

    payload: bytes | None = None
    error: dict[str, Any] | None = None
    timed_out: bool = False


@dataclass
class ScriptedFunctions:
    """Answers by function name; a test replaces `answers` entries."""

    answers: dict[str, Callable[[Any], Outcome]] = field(default_factory=dict)
    events: list[tuple[str, Any]] = field(default_factory=list)
    delay_s: float = 0.0

    async def invoke(self, name: str, event: object) -> Outcome:
        """Keep the event, answer after the delay."""
        self.events.append((name, event))
        await asyncio.sleep(self.delay_s)
        return self.answers[name](event)


@dataclass
class Front:
    """A running front and everything a test needs to talk to it."""

    url: str
    keys: LocalKeys
    functions: ScriptedFunctions
    s3: Any
    http: httpx.Client

    def cookies(self, resource: str = "*", *, ttl_s: int = 60) -> dict[str, str]:
        """Return a Cookie header that allows `resource` (a path below the origin)."""
        condition = {"DateLessThan": {"AWS:EpochTime": int(time.time()) + ttl_s}}
        policy = json.dumps({"Statement": [{"Resource": f"{self.url}/{resource}", "Condition": condition}]}).encode()
        signature = self.keys.cdn.sign(policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  CloudFront's format
        values = {
            "CloudFront-Policy": base64.b64encode(policy).decode(),
            "CloudFront-Signature": base64.b64encode(signature).decode(),
        }
        safe = {name: value.translate(str.maketrans("+=/", "-_~")) for name, value in values.items()}
        pairs = {**safe, "CloudFront-Key-Pair-Id": self.keys.cdn_key_pair_id()}
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in pairs.items())}

    def raw(self, method: str, target: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send a request line exactly as written."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        try:
            connection.request(method, target, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def presigner(self) -> Any:
        """S3 client that signs as the functions do, for the public address."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=self.keys.aws.region,
            aws_access_key_id=self.keys.aws.access_key_id,
            aws_secret_access_key=self.keys.aws.secret_access_key,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    """One emulator for the session, on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> LocalKeys:
    """One set of keys for the session: making them is slow."""
    return load_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def web(tmp_path: Any) -> Any:
    """A small web folder, with something outside it."""
    root = tmp_path / "web"
    (root / "assets").mkdir(parents=True)
    (root / "vendor").mkdir()
    (root / "index.html").write_text("<h1>console</h1>")
    (root / "watch.html").write_text("<h1>player</h1>")
    (root / "studio.html").write_text("<h1>studio</h1>")
    (root / "embed.html").write_text("<h1>embed</h1>")
    (root / "recording.html").write_text("<h1>recording</h1>")
    (root / "assets" / "app.js").write_text("export {}")
    (root / "assets" / "secret.key").write_text("not a web file")
    (root / "vendor" / "hls.mjs").write_text("export {}")
    (tmp_path / "outside.js").write_text("outside")
    (root / "assets" / "link.js").symlink_to(tmp_path / "outside.js")
    return root


ROUTES = [
    Route("GET", "/health"),
    Route("GET", "/v1/things/{name}", "authorizer"),
    Route("POST", "/v1/things", "authorizer"),
    Route("GET", "/v1/open"),
]


@pytest.fixture
def front(moto_url: str, keys: LocalKeys, web: Any) -> Iterator[Front]:
    """Run the front in a thread of its own."""
    s3 = boto3.client(
        "s3", endpoint_url=moto_url, region_name="eu-central-1", aws_access_key_id="x", aws_secret_access_key="y"
    )
    for bucket in (SOURCE, MEDIA):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    functions = ScriptedFunctions()
    listener = listen(0)
    url = url_of(listener)
    loop, started, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            upstream = Upstream(moto_url, await stack.enter_async_context(open_session()))
            authorizers = {"authorizer": AuthorizerSpec("authorizer")}
            api = RestGateway(functions, RouteTable(ROUTES), authorizers, timeout_s=0.5, compress_from=500)
            cdn = Cdn(CdnConfig(url, MEDIA, {keys.cdn_key_pair_id(): keys.cdn.public_key()}), upstream)
            s3_front = S3Front((SOURCE, MEDIA), keys.aws, upstream, url)
            sockets, ingest = WebSocketGateway(functions, keys.aws), IngestGateway(functions, upstream, SOURCE)
            issuer, site, told = (
                DevIssuer(keys.issuer, url),
                StaticSite(web, url),
                Invalidations(cdn, signers_of(keys.aws)),
            )
            origin = Origin(url, api, cdn, s3_front, issuer, site, sockets, ingest, told)
            await stack.enter_async_context(serving(listener, origin.handle))
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(90)
    with httpx.Client(base_url=url, timeout=90) as client:
        yield Front(url, keys, functions, s3, client)
    loop.call_soon_threadsafe(over.set)
    thread.join(90)
    loop.close()
    for bucket in (SOURCE, MEDIA):
        for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
        s3.delete_bucket(Bucket=bucket)
