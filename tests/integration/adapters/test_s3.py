"""S3 objects and uploads against moto, and the URLs we sign."""

from __future__ import annotations

import hashlib
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import clients, s3
from chalicelib.adapters.s3 import S3Objects, S3Uploads
from chalicelib.config import settings
from chalicelib.errors import Conflict, Transient
from chalicelib.services.ports import ObjectHead, UploadedPart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("bucket")
BUCKET = "headwater-local-media"
ETAG = hashlib.md5(b"#EXTM3U\n", usedforsecurity=False).hexdigest()
MIB = 1024 * 1024
PLAYLIST: dict[str, Any] = {"content_type": "application/vnd.apple.mpegurl", "cache_control": "max-age=1"}


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> None:
    """Make the bucket in moto."""
    request.getfixturevalue("aws")
    clients.s3().create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


@pytest.fixture
def objects() -> S3Objects:
    """Return the bucket's objects."""
    return S3Objects(BUCKET)


@pytest.fixture
def uploads() -> S3Uploads:
    """Return the bucket's uploads."""
    return S3Uploads(BUCKET)


@pytest.fixture
def public_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Tell that people reach S3 elsewhere, at an address where nobody answers."""
    monkeypatch.setenv("HEADWATER_S3_PUBLIC_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()
    yield "http://127.0.0.1:9"
    settings.cache_clear()


def test_absent_objects_are_none(objects: S3Objects) -> None:
    """Neither head nor get raises, and deleting is quiet."""
    objects.delete(["nothing"])
    objects.delete([])

    assert objects.head("nothing") is None
    assert objects.get("nothing") is None


def test_bytes_read_as_written(objects: S3Objects) -> None:
    """Body, type and size; the ETag without quotes, as S3's events have it."""
    objects.put_bytes("a/b.m3u8", b"#EXTM3U\n", **PLAYLIST)

    assert objects.get("a/b.m3u8") == b"#EXTM3U\n"
    assert objects.head("a/b.m3u8") == ObjectHead(8, ETAG, PLAYLIST["content_type"], {})
    assert clients.s3().head_object(Bucket=BUCKET, Key="a/b.m3u8")["CacheControl"] == "max-age=1"


@pytest.mark.parametrize("multipart_from", [1, 64 * MIB])
def test_files_are_uploaded(
    objects: S3Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, multipart_from: int
) -> None:
    """In one piece or in parts, with their headers."""
    monkeypatch.setattr(s3, "MULTIPART_FROM", multipart_from)
    body = bytes(range(256)) * (20 * MIB // 256)
    path = tmp_path / "chunk.mp4"
    path.write_bytes(body)
    objects.put_file("chunk.mp4", path, content_type="video/mp4", cache_control="max-age=31536000")
    head = clients.s3().head_object(Bucket=BUCKET, Key="chunk.mp4")

    assert objects.get("chunk.mp4") == body
    assert (head["ContentType"], head["CacheControl"]) == ("video/mp4", "max-age=31536000")
    assert ("-2" in head["ETag"]) is (multipart_from == 1)


def test_replace_only_what_was_read(objects: S3Objects) -> None:
    """Absent first, then only over the version that was seen; metadata goes with it."""
    assert objects.replace("p", b"1", metadata={"rev": "1"}, expect_etag=None, **PLAYLIST) is True
    assert objects.replace("p", b"x", metadata={}, expect_etag=None, **PLAYLIST) is False
    first = objects.head("p")
    assert first is not None
    assert first.metadata == {"rev": "1"}

    assert objects.replace("p", b"2", metadata={"rev": "2"}, expect_etag=first.etag, **PLAYLIST) is True
    assert objects.replace("p", b"x", metadata={}, expect_etag=first.etag, **PLAYLIST) is False
    assert objects.replace("gone", b"x", metadata={}, expect_etag=first.etag, **PLAYLIST) is False
    assert objects.get("p") == b"2"
    assert objects.get("gone") is None


def test_list_and_delete_by_the_thousand(objects: S3Objects) -> None:
    """Listing pages through, deleting goes in batches, other prefixes stay."""
    keys = [f"media/rec_1/{n:04d}" for n in range(1005)]
    for key in keys:
        clients.s3().put_object(Bucket=BUCKET, Key=key, Body=b"")
    objects.put_bytes("media/rec_10/x", b"", **PLAYLIST)

    assert list(objects.list_keys("media/rec_1/")) == keys
    objects.delete(objects.list_keys("media/rec_1/"))
    assert list(objects.list_keys("media/")) == ["media/rec_10/x"]


def test_a_list_says_when_objects_were_written(objects: S3Objects) -> None:
    """Unix seconds, of those under the prefix."""
    before = time.time()
    for key in ("of/one", "of/two", "other"):
        objects.put_bytes(key, b"x", content_type="text/plain", cache_control="no-store")
    listed = dict(objects.list_dated("of/"))
    assert set(listed) == {"of/one", "of/two"}
    assert all(before - 2 <= at <= time.time() + 2 for at in listed.values())


def test_a_missing_bucket_is_our_mistake() -> None:
    """It is not hidden behind a retry."""
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3Objects("headwater-nowhere").put_bytes("k", b"", **PLAYLIST)


def test_read_urls_open_the_object(objects: S3Objects) -> None:
    """A worker's URL is for AWS's own regional endpoint; a download has a name old and new browsers read."""
    objects.put_bytes("k", b"body", **PLAYLIST)
    parts = urlsplit(objects.read_url("k", ttl_s=60, filename='Vorlesung "1" ä.mp4'))
    query = parse_qs(parts.query)

    assert parts.netloc == f"{BUCKET}.s3.eu-central-1.amazonaws.com"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert query["response-content-disposition"] == [
        "attachment; filename=\"Vorlesung _1_ _.mp4\"; filename*=UTF-8''Vorlesung%20%221%22%20%C3%A4.mp4"
    ]


def test_people_get_urls_for_their_endpoint(objects: S3Objects, public_endpoint: str) -> None:
    """Path-style, at the address a browser reaches; signing talks to nobody, or this would fail."""
    own = urlsplit(objects.read_url("a b/k", ttl_s=60))
    public = urlsplit(objects.read_url("a b/k", ttl_s=60, public=True))

    assert f"{public.scheme}://{public.netloc}" == public_endpoint
    assert public.path == f"/{BUCKET}/a%20b/k"
    assert own.netloc.endswith("amazonaws.com")


def test_a_multipart_upload(uploads: S3Uploads, objects: S3Objects) -> None:
    """Begin, send through the presigned URLs, list, complete; then it is over."""
    upload = uploads.begin("sources/r/original", content_type="video/mp4")
    assert uploads.parts("sources/r/original", upload) == []
    bodies = [b"a" * 5 * MIB, b"b"]
    for number in (2, 1):
        clients.s3().upload_part(
            Bucket=BUCKET, Key="sources/r/original", UploadId=upload, PartNumber=number, Body=bodies[number - 1]
        )
    parts = uploads.parts("sources/r/original", upload)
    assert parts is not None
    uploads.complete("sources/r/original", upload, parts)

    assert [(part.number, part.size) for part in parts] == [(1, 5 * MIB), (2, 1)]
    assert all('"' not in part.etag for part in parts)
    head = objects.head("sources/r/original")
    assert head is not None
    assert (head.size, head.content_type) == (5 * MIB + 1, "video/mp4")


def test_many_parts_are_all_listed(uploads: S3Uploads) -> None:
    """More than one page of them."""
    upload = uploads.begin("k", content_type="video/mp4")
    for number in range(1, 1006):
        clients.s3().upload_part(Bucket=BUCKET, Key="k", UploadId=upload, PartNumber=number, Body=b"")

    assert [part.number for part in uploads.parts("k", upload) or []] == list(range(1, 1006))


def test_an_upload_that_is_over_is_gone(uploads: S3Uploads) -> None:
    """Listing says so, aborting is quiet."""
    upload = uploads.begin("k", content_type="video/mp4")
    uploads.abort("k", upload)
    uploads.abort("k", upload)

    assert uploads.parts("k", upload) is None


def fail_completion(code: str, status: int) -> None:
    """Make S3 answer the next completions with an error."""
    answer = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    clients.s3().meta.events.register(
        "before-call.s3.CompleteMultipartUpload", lambda **_: (SimpleNamespace(status_code=status), answer)
    )


@pytest.mark.parametrize(("code", "status"), [("NoSuchUpload", 404), ("InternalError", 500)])
def test_completing_what_is_over_conflicts(uploads: S3Uploads, code: str, status: int) -> None:
    """Also when S3 says only that it failed, after having joined the parts."""
    upload = uploads.begin("k", content_type="video/mp4")
    uploads.abort("k", upload)
    fail_completion(code, status)

    with pytest.raises(Conflict, match="upload_gone"):
        uploads.complete("k", upload, [UploadedPart(1, 1, "0" * 32)])


def test_a_completion_that_failed_may_be_tried_again(uploads: S3Uploads) -> None:
    """The upload is still there, so this is S3's trouble and not the caller's."""
    upload = uploads.begin("k", content_type="video/mp4")
    fail_completion("InternalError", 500)

    with pytest.raises(Transient, match="aws_unavailable"):
        uploads.complete("k", upload, [UploadedPart(1, 1, "0" * 32)])


def test_parts_that_do_not_fit_conflict(uploads: S3Uploads) -> None:
    """A part that S3 does not hold is the caller's error, with a code."""
    upload = uploads.begin("k", content_type="video/mp4")
    clients.s3().upload_part(Bucket=BUCKET, Key="k", UploadId=upload, PartNumber=1, Body=b"x")

    with pytest.raises(Conflict, match="upload_incomplete"):
        uploads.complete("k", upload, [UploadedPart(1, 1, "0" * 32)])


def test_part_urls_are_bound_to_number_and_size(uploads: S3Uploads, public_endpoint: str) -> None:
    """The length is among the signed headers, so S3 refuses a body of any other size; nothing else must be sent."""
    url = uploads.part_url("sources/r/original", "up-1", 7, size=8 * MIB, ttl_s=600)
    query = parse_qs(urlsplit(url).query)

    assert url.startswith(f"{public_endpoint}/{BUCKET}/sources/r/original?")
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert (query["partNumber"], query["uploadId"], query["X-Amz-Expires"]) == (["7"], ["up-1"], ["600"])
    assert url != uploads.part_url("sources/r/original", "up-1", 7, size=8 * MIB + 1, ttl_s=600)
    assert not {name for name in query if "checksum" in name.lower()}


def test_an_upload_begins_without_demanding_checksums(uploads: S3Uploads) -> None:
    """A browser sends plain bytes: an upload created with an algorithm would refuse them."""
    seen: list[dict[str, Any]] = []
    clients.s3().meta.events.register(
        "before-call.s3.CreateMultipartUpload", lambda params, **_: seen.append(dict(params["headers"]))
    )
    uploads.begin("k", content_type="video/mp4")

    assert [[name for name in headers if "checksum" in name.lower()] for headers in seen] == [[]]


def test_uploads_below_a_prefix_are_dropped(uploads: S3Uploads) -> None:
    """Those that no row names any more, however many; those of others stay, and again there is nothing to do."""
    mine = [
        uploads.begin(key, content_type="video/mp4") for key in ("sources/a/original", "sources/a/x", "sources/a/x")
    ]
    other = uploads.begin("sources/ab/original", content_type="video/mp4")
    for _ in range(2):
        uploads.abort_below("sources/a/")
    left = clients.s3().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    assert len(mine) == 3
    assert [upload["UploadId"] for upload in left] == [other]
