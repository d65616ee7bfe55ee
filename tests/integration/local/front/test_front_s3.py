"""Presigned S3 at the origin: uploads part by part, refusals in S3's words, browsers."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

SOURCE = "headwater-local-source"
KEY = "sources/rec_1/original"
PART = b"p" * (5 * 1024 * 1024)


def _part_url(front: Any, upload_id: str, number: int, size: int, ttl_s: int = 60) -> str:
    params = {"Bucket": SOURCE, "Key": KEY, "UploadId": upload_id, "PartNumber": number, "ContentLength": size}
    return str(front.presigner().generate_presigned_url("upload_part", Params=params, ExpiresIn=ttl_s))


def _read_url(front: Any, **params: str) -> str:
    return str(front.presigner().generate_presigned_url("get_object", Params={"Bucket": SOURCE, "Key": KEY, **params}))


def test_a_multipart_upload_goes_through(front: Any) -> None:
    """Two parts through the front, joined by the service, read back by range."""
    upload_id = front.s3.create_multipart_upload(Bucket=SOURCE, Key=KEY)["UploadId"]
    parts = []
    for number, body in ((1, PART), (2, b"tail")):
        answer = httpx.put(_part_url(front, upload_id, number, len(body)), content=body)
        assert answer.status_code == 200
        parts.append({"PartNumber": number, "ETag": answer.headers["etag"]})
    front.s3.complete_multipart_upload(Bucket=SOURCE, Key=KEY, UploadId=upload_id, MultipartUpload={"Parts": parts})
    answer = httpx.get(_read_url(front), headers={"Range": f"bytes={len(PART) - 1}-"})
    assert (answer.status_code, answer.content) == (206, b"ptail")


def test_an_empty_part(front: Any) -> None:
    """An empty recording is one part of no bytes."""
    upload_id = front.s3.create_multipart_upload(Bucket=SOURCE, Key=KEY)["UploadId"]
    url = _part_url(front, upload_id, 1, 0)
    assert httpx.put(url, content=b"", headers={"Content-Length": "0"}).status_code == 200


@pytest.mark.parametrize(
    ("size", "ttl_s", "path", "expected"),
    [
        (4, 60, KEY, (403, "SignatureDoesNotMatch")),
        (5, 60, "sources/rec_2/original", (403, "SignatureDoesNotMatch")),
    ],
)
def test_a_part_is_what_was_signed(front: Any, size: int, ttl_s: int, path: str, expected: tuple[int, str]) -> None:
    """Neither longer nor elsewhere; nothing is stored."""
    upload_id = front.s3.create_multipart_upload(Bucket=SOURCE, Key=KEY)["UploadId"]
    url = _part_url(front, upload_id, 1, size, ttl_s).replace(KEY, path)
    answer = httpx.put(url, content=b"12345")
    assert (answer.status_code, f"<Code>{expected[1]}</Code>" in answer.text) == (expected[0], True)
    assert "Parts" not in front.s3.list_parts(Bucket=SOURCE, Key=KEY, UploadId=upload_id)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_unsigned_requests_are_denied(front: Any, method: str) -> None:
    """Reading, writing, listing."""
    front.s3.put_object(Bucket=SOURCE, Key=KEY, Body=b"secret")
    for path in (f"/{SOURCE}/{KEY}", f"/{SOURCE}/", f"/{SOURCE}/?list-type=2"):
        assert front.http.request(method, path).status_code == 403


def test_the_operations_parameters_reach_s3(front: Any) -> None:
    """A download gets its file name; what people uploaded cannot run as a page here."""
    front.s3.put_object(Bucket=SOURCE, Key=KEY, Body=b"<script>", ContentType="text/html")
    answer = httpx.get(_read_url(front, ResponseContentDisposition='attachment; filename="a b.mp4"'))
    assert answer.headers["content-disposition"] == 'attachment; filename="a b.mp4"'
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_bodies_of_unknown_length_are_not_implemented(front: Any) -> None:
    """As in S3; moto would take them."""
    url = str(front.presigner().generate_presigned_url("put_object", Params={"Bucket": SOURCE, "Key": KEY}))
    answer = httpx.put(url, content=iter([b"1", b"2"]))
    assert (answer.status_code, "<Code>NotImplemented</Code>" in answer.text) == (501, True)


def test_a_refused_body_is_not_waited_for(front: Any) -> None:
    """A client that asks before sending hears no at once."""
    where = urlsplit(front.url)
    connection = http.client.HTTPConnection(where.netloc, timeout=5)
    connection.putrequest("PUT", f"/{SOURCE}/{KEY}")
    connection.putheader("Content-Length", "1000000000")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    assert status == 403


def test_an_accepted_body_is_asked_for(front: Any) -> None:
    """A client that waits for 100 Continue before it sends a large part gets it (curl does)."""
    url = urlsplit(str(front.presigner().generate_presigned_url("put_object", Params={"Bucket": SOURCE, "Key": KEY})))
    connection = http.client.HTTPConnection(url.netloc, timeout=5)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", "3")
    connection.putheader("Expect", "100-continue")
    connection.endheaders()
    assert connection.sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.send(b"abc")
    assert connection.getresponse().status == 200
    connection.close()
    assert front.s3.get_object(Bucket=SOURCE, Key=KEY)["Body"].read() == b"abc"


@pytest.mark.parametrize(("name", "expected"), [("127.0.0.1", 200), ("localhost", 200), ("evil.example", 403)])
def test_browsers_may_upload_from_our_pages_only(front: Any, name: str, expected: int) -> None:
    """By whichever name the page was opened."""
    origin = front.url.replace("127.0.0.1", name)
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    answer = front.http.options(f"/{SOURCE}/{KEY}", headers=asked)
    allowed = answer.headers.get("access-control-allow-origin")
    assert (answer.status_code, allowed) == (expected, origin if expected == 200 else None)


def test_browsers_may_read_the_etag(front: Any) -> None:
    """Also of a refusal: without these headers a page cannot tell why it failed."""
    answer = front.http.get(f"/{SOURCE}/{KEY}", headers={"Origin": front.url})
    assert "ETag" in answer.headers["access-control-expose-headers"]
