"""Bare encoders at the origin: let in by the authorizer, stored where it says, however rudely they leave."""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest

SOURCE, STORED = "headwater-local-source", "ingest/live_1/1/0.m4s"
PATH = "/ingest/live_1/sk_1/s0.m4s"
BODY = bytes(range(256)) * 40


@pytest.fixture
def encoder(front: Any) -> Any:
    """A front whose authorizer says what the test has it say; half a tenth of a second late, as the real one."""
    kind: Any = type(front.functions).invoke.__globals__["Outcome"]

    def say(effect: str = "Allow", **context: str) -> Any:
        statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": ["*"]}
        grant = {"principalId": "live_1", "context": context, "policyDocument": {"Statement": [statement]}}
        front.functions.answers["ingest_authorizer"] = lambda _: kind(json.dumps(grant).encode())
        return front

    front.functions.delay_s = 0.05
    front.say = say
    return front


def keys(front: Any) -> list[str]:
    """What is stored."""
    return [item["Key"] for item in front.s3.list_objects_v2(Bucket=SOURCE).get("Contents", [])]


def test_a_segment_is_stored_where_the_authorizer_says(encoder: Any) -> None:
    """Whole, and the authorizer sees the path, the parts of it, and no body."""
    encoder.say(bucket=SOURCE, key=STORED)
    assert encoder.http.put(PATH, content=iter([BODY[:100], BODY[100:]])).status_code == 200
    assert encoder.s3.get_object(Bucket=SOURCE, Key=STORED)["Body"].read() == BODY
    ((name, event),) = encoder.functions.events
    seen = (name, event["path"], event["pathParameters"], "body" in event)
    assert seen == ("ingest_authorizer", PATH, {"stream": "live_1", "key": "sk_1", "name": "s0.m4s"}, False)


def test_an_encoder_that_hangs_up_behind_its_last_byte(encoder: Any) -> None:
    """As ffmpeg does, which asks for no answer: what it has sent is stored all the same."""
    encoder.say(bucket=SOURCE, key=STORED)
    address = urlsplit(encoder.url)
    head = f"PUT {PATH} HTTP/1.1\r\nHost: {address.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n{len(BODY):x}\r\n"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head.encode() + BODY + b"\r\n0\r\n\r\n")
    deadline = time.monotonic() + 60
    while not keys(encoder):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert encoder.s3.get_object(Bucket=SOURCE, Key=STORED)["Body"].read() == BODY


def test_an_encoder_that_dies_in_the_middle(encoder: Any) -> None:
    """Half a segment is none."""
    encoder.say(bucket=SOURCE, key=STORED)
    address = urlsplit(encoder.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"PUT {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf".encode())
    assert encoder.http.get("/ingest/x").status_code == 404
    assert (keys(encoder), encoder.functions.events) == ([], [])


def test_a_playlist_is_taken_and_goes_nowhere(encoder: Any) -> None:
    """So does the wish to have old segments deleted, about which nobody is asked."""
    encoder.say(discard="true", bucket=SOURCE, key="discarded/playlist")
    assert encoder.http.put("/ingest/live_1/sk_1/live.m3u8", content=b"#EXTM3U").status_code == 200
    assert encoder.http.delete(PATH).status_code == 204
    assert (keys(encoder), len(encoder.functions.events)) == ([], 1)


@pytest.mark.parametrize(
    ("context", "status"), [({"code": "stream_stopped", "detail": "Over."}, 403), ({"code": "stream_not_found"}, 404)]
)
def test_a_refusal_says_why(encoder: Any, context: dict[str, str], status: int) -> None:
    """With the authorizer's own code."""
    encoder.say("Deny", **context)
    answer = encoder.http.put(PATH, content=BODY)
    assert (answer.status_code, answer.json()["code"], keys(encoder)) == (status, context["code"], [])


def test_what_is_too_large(encoder: Any) -> None:
    """Known from its head: nobody waits for the rest."""
    encoder.say(bucket=SOURCE, key=STORED)
    sent = {"Content-Length": str(10 * 1024 * 1024 + 1)}
    status, _ = encoder.raw("PUT", PATH, sent)
    assert (status, keys(encoder), encoder.functions.events) == (413, [], [])
