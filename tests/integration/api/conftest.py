"""The whole API in this process: Chalice's own gateway in front, moto behind, an issuer beside it."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
import jwt
import pytest
from chalice.test import Client
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from moto import mock_aws
from support.fakes import FakeProbe

import app
from chalicelib import (
    analytics_container,
    config,
    console_container,
    container,
    diagnosis_container,
    live_container,
    webhook_container,
)
from chalicelib.adapters import clients, probe
from chalicelib.adapters.tables import create_all
from chalicelib.domain.keys import source_key
from chalicelib.domain.media import AudioTrack, SourceMedia, VideoTrack
from chalicelib.domain.webhooks.messages import DeliverMessage, TellMessage, parse_webhook_message
from headwater.local.environment import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chalice.test import HTTPResponse

REGION = "eu-central-1"
STACK = Stack()


@pytest.fixture(scope="session")
def signing_key() -> RSAPrivateKey:
    """One key for tokens and cookies: making one takes long."""
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def issuer(signing_key: RSAPrivateKey) -> Iterator[str]:
    """Serve the key's public half; returns the issuer's URL."""
    public = json.loads(RSAAlgorithm.to_jwk(signing_key.public_key())) | {"kid": "k", "use": "sig"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": [public]}).encode())

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Api:
    """A client of the API, with the AWS behind it at hand."""

    client: Client
    key: RSAPrivateKey
    issuer: str
    queue_urls: dict[str, str]

    def token(self, user: str, role: str = "publisher", **claims: Any) -> str:
        """Sign a token."""
        payload = {"iss": self.issuer, "aud": "headwater", "sub": user, "role": role, "exp": time.time() + 60}
        return jwt.encode(payload | claims, self.key, algorithm="RS256", headers={"kid": "k"})

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str | None = "anna",
        role: str = "publisher",
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> HTTPResponse:
        """Send a request; a body that is not bytes is sent as JSON, `user` None sends no token."""
        sent = dict(headers or {})
        if user is not None:
            sent.setdefault("Authorization", f"Bearer {self.token(user, role)}")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if raw:
            sent.setdefault("Content-Type", "application/json")
        url = f"{path}?{urlencode(query)}" if query else path
        return self.client.http.request(method, url, headers=sent, body=raw)

    def create(self, size: int = 3, user: str = "anna", **fields: object) -> dict[str, Any]:
        """Create a recording; returns the answer's body."""
        body = {"title": "Lecture", "filename": "a.mp4", "size_bytes": size, "content_type": "video/mp4", **fields}
        answer = self.call("POST", "/v1/recordings", body, user=user)
        assert answer.status_code == 201, answer.body
        return dict(answer.json_body)

    def put_parts(self, recording_id: str, *parts: bytes) -> None:
        """Upload parts 1.. past the presigned URLs, which moto does not serve in process."""
        recording = container.recordings().get(recording_id)
        assert recording is not None
        for number, body in enumerate(parts, 1):
            clients.s3().upload_part(
                Bucket=config.settings().source_bucket,
                Key=source_key(recording_id),
                UploadId=recording.upload_id,
                PartNumber=number,
                Body=body,
            )

    def uploaded(self, **fields: object) -> str:
        """Create, upload and complete; run what the S3 event would; returns the id."""
        made = self.create(**fields)  # type: ignore[arg-type]
        recording_id = str(made["recording"]["id"])
        self.put_parts(recording_id, b"abc")
        assert self.call("POST", f"/v1/recordings/{recording_id}/upload/complete").status_code == 200
        container.transcoder().start_from_upload(recording_id)
        return recording_id

    def tell(self) -> list[Any]:
        """Handle what waits in the webhooks queue; returns the messages."""
        done = []
        while bodies := self.messages("webhooks"):
            for body in bodies:
                message = parse_webhook_message(body)
                if isinstance(message, TellMessage):
                    webhook_container.teller().tell(message)
                elif isinstance(message, DeliverMessage):
                    webhook_container.sender().deliver(message)
                else:
                    webhook_container.sender().forget(message)
                done.append(message)
        return done

    def messages(self, queue: str) -> list[str]:
        """Take what is in a queue."""
        taken = clients.sqs().receive_message(QueueUrl=self.queue_urls[queue], MaxNumberOfMessages=10)
        return [message["Body"] for message in taken.get("Messages", [])]


def local_client() -> Client:
    """Return Chalice's client, which several threads may use.

    It would put another dictionary in the place of os.environ for each request: requests at once can put back each
    other's, and what was imported before goes on reading the one that nobody sets any more.
    """
    client = Client(app.app, stage_name="local")
    client.http._patched_env_vars = lambda _variables: nullcontext()  # type: ignore[method-assign]
    return client


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, signing_key: RSAPrivateKey, issuer: str) -> Iterator[Api]:
    """Everything the API needs, empty."""
    for name in ("", "_S3", "_SQS", "_DYNAMODB", "_SECRETS_MANAGER"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{name}", raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("HEADWATER_JWT_ISSUER", issuer)
    monkeypatch.setenv("HEADWATER_CDN_KEY_PAIR_ID", "K1")
    monkeypatch.setenv("HEADWATER_CDN_PRIVATE_KEY_SECRET", "headwater-local-cdn-key")
    monkeypatch.setenv("HEADWATER_GRANT_SECRET", "headwater-local-grant-key")
    with mock_aws():
        queue_urls = provision(signing_key)
        for name, url in queue_urls.items():
            monkeypatch.setenv(f"HEADWATER_{name.upper().replace('-', '_')}_QUEUE_URL", url)
        forget()
        create_all()
        monkeypatch.setattr(probe, "PyAvProbe", lambda _library, **_options: FakeProbe(source_media()))
        yield Api(local_client(), signing_key, issuer, queue_urls)
    forget()


def provision(key: RSAPrivateKey) -> dict[str, str]:
    """Create buckets, queues and secrets; returns the queues' URLs."""
    s3 = boto3.client("s3", region_name=REGION)
    for bucket in ("source", "media"):
        s3.create_bucket(Bucket=f"headwater-local-{bucket}", CreateBucketConfiguration={"LocationConstraint": REGION})
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="headwater-local-cdn-key", SecretString=pem)
    secrets.create_secret(Name="headwater-local-grant-key", SecretString="ab" * 32)
    sqs = boto3.client("sqs", region_name=REGION)
    urls = {}
    for queue in STACK.queues:
        kind = {"FifoQueue": "true"} if queue.fifo else {}
        sqs.create_queue(QueueName=queue.dead_letters, Attributes=kind)
        short = queue.name.removeprefix(STACK.prefix).removesuffix(".fifo")
        urls[short] = sqs.create_queue(QueueName=queue.name, Attributes=kind)["QueueUrl"]
    return urls


def forget() -> None:
    """Make settings, clients and services anew."""
    config.settings.cache_clear()
    clients.reset()
    container.reset()
    live_container.reset()
    webhook_container.reset()
    console_container.reset()
    diagnosis_container.reset()
    analytics_container.reset()


def source_media() -> SourceMedia:
    """Four seconds of 720p with sound."""
    video = VideoTrack("h264", 1280, 720, Fraction(25), 0, Fraction(1, 12800), Fraction(4))
    audio = AudioTrack("aac", 48000, 2, duration_s=Fraction(4))
    return SourceMedia("mov,mp4", Fraction(4), 3, seekable=True, video=video, audios=(audio,))


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception], None]:
    """Return a function that makes a container's builder raise."""

    def put(builder: str, error: Exception) -> None:
        def broken() -> None:
            raise error

        monkeypatch.setattr(container, builder, broken)

    return put
