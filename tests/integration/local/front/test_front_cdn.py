"""The CDN over HTTP: who gets in, what comes out, how it is cached."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

PLAYLIST = "media/rec_1/v/low/index.m3u8"
CHUNK = "media/rec_1/v/low/00000-a.mp4"
BODY = bytes(range(256)) * 20_000
LONG = "public, max-age=31536000, immutable"


@pytest.fixture
def put(front: Any) -> Callable[..., None]:
    """Write an object into the media bucket."""

    def write(key: str, body: bytes, cache_control: str = LONG, content_type: str = "video/mp4") -> None:
        front.s3.put_object(
            Bucket="headwater-local-media", Key=key, Body=body, CacheControl=cache_control, ContentType=content_type
        )

    return write


def _reads(front: Any, key: str, **headers: str) -> Any:
    return front.http.get(f"/{key}", headers={**front.cookies("media/rec_1/*"), "Accept-Encoding": "", **headers})


def test_a_chunk_is_passed_through_whole(front: Any, put: Callable[..., None]) -> None:
    """With its type, tag and caching rule."""
    put(CHUNK, BODY)
    answer = _reads(front, CHUNK)
    named = [answer.headers[name] for name in ("content-type", "cache-control", "accept-ranges", "x-cache")]
    assert (answer.status_code, answer.content == BODY, named) == (
        200,
        True,
        ["video/mp4", LONG, "bytes", "Miss from headwater-edge"],
    )


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-0", 0, 0), ("bytes=1000-2999", 1000, 2999), ("bytes=-5", 5_119_995, 5_119_999)],
)
def test_ranges_of_a_chunk(front: Any, put: Callable[..., None], asked: str, first: int, last: int) -> None:
    """Segments are byte ranges of chunks."""
    put(CHUNK, BODY)
    answer = _reads(front, CHUNK, Range=asked)
    expected = (206, f"bytes {first}-{last}/{len(BODY)}", BODY[first : last + 1])
    assert (answer.status_code, answer.headers["content-range"], answer.content) == expected


def test_a_range_behind_the_end(front: Any, put: Callable[..., None]) -> None:
    """416, saying how long the object is."""
    put(CHUNK, b"12345")
    answer = _reads(front, CHUNK, Range="bytes=5-")
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */5")


def test_an_empty_object(front: Any, put: Callable[..., None]) -> None:
    """Nothing, but with a length."""
    put(CHUNK, b"")
    answer = _reads(front, CHUNK)
    assert (answer.status_code, answer.headers["content-length"]) == (200, "0")


def test_head_says_the_same_without_a_body(front: Any, put: Callable[..., None]) -> None:
    """For chunks and for playlists."""
    put(CHUNK, BODY)
    put(PLAYLIST, b"#EXTM3U\n", "max-age=60")
    for key, size in ((CHUNK, len(BODY)), (PLAYLIST, 8)):
        answer = front.http.head(f"/{key}", headers=front.cookies())
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(size), b"")


def test_what_a_client_has_is_not_sent_again(front: Any, put: Callable[..., None]) -> None:
    """304 by tag, also by the weak tag of a compressed answer."""
    put(PLAYLIST, b"#EXTM3U\n" * 200, "max-age=60")
    plain, packed = _reads(front, PLAYLIST), _reads(front, PLAYLIST, **{"Accept-Encoding": "gzip"})
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    again = [_reads(front, PLAYLIST, **{"If-None-Match": got.headers["etag"]}) for got in (plain, packed)]
    assert [(got.status_code, got.content) for got in again] == [(304, b""), (304, b"")]


def test_if_range_with_another_tag_sends_everything(front: Any, put: Callable[..., None]) -> None:
    """Pieces of two versions are never joined."""
    put(CHUNK, b"12345")
    assert _reads(front, CHUNK, Range="bytes=1-2", **{"If-Range": '"other"'}).content == b"12345"


def test_playlists_are_compressed_chunks_are_not(front: Any, put: Callable[..., None]) -> None:
    """Only for clients that ask."""
    text = b"#EXTINF:1.0,\n" * 100
    put(PLAYLIST, text, "max-age=60", "application/vnd.apple.mpegurl")
    put(CHUNK, text)
    with front.http.stream("GET", f"/{PLAYLIST}", headers={**front.cookies(), "Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert (gzip.decompress(raw) == text, len(raw) < len(text)) == (True, True)
    plain, chunk = _reads(front, PLAYLIST), _reads(front, CHUNK, **{"Accept-Encoding": "gzip"})
    codings = [got.headers.get("content-encoding") for got in (plain, chunk)]
    assert (codings, plain.headers["vary"], plain.content) == ([None, None], "Accept-Encoding", text)


def test_fresh_answers_come_from_the_edge(front: Any, put: Callable[..., None]) -> None:
    """Until max-age is over, whatever happens in the bucket."""
    put(PLAYLIST, b"one", "max-age=60")
    first = _reads(front, PLAYLIST)
    put(PLAYLIST, b"two", "max-age=60")
    second = _reads(front, PLAYLIST)
    states = [got.headers["x-cache"].split()[0] for got in (first, second)]
    assert (states, second.content, "age" in second.headers) == (["Miss", "Hit"], b"one", True)


def test_stale_answers_are_checked_with_the_bucket(front: Any, put: Callable[..., None]) -> None:
    """Unchanged: kept and said so. Changed: the new one."""
    put(PLAYLIST, b"one", "no-cache")
    first, second = _reads(front, PLAYLIST), _reads(front, PLAYLIST)
    put(PLAYLIST, b"two", "no-cache")
    third = _reads(front, PLAYLIST)
    states = [(got.headers["x-cache"].split()[0], got.content) for got in (first, second, third)]
    assert states == [("Miss", b"one"), ("RefreshHit", b"one"), ("Miss", b"two")]


def test_a_deleted_object_is_gone_though_its_description_is_fresh(front: Any, put: Callable[..., None]) -> None:
    """The bytes are asked for each time."""
    put(CHUNK, BODY)
    assert _reads(front, CHUNK, Range="bytes=0-9").status_code == 206
    front.s3.delete_object(Bucket="headwater-local-media", Key=CHUNK)
    assert [_reads(front, CHUNK, Range="bytes=0-9").status_code for _ in range(2)] == [404, 404]


@pytest.fixture
def cloudfront(front: Any) -> Any:
    """CloudFront's own client, with the keys of the front."""
    aws = front.keys.aws
    return boto3.client(
        "cloudfront",
        endpoint_url=front.url,
        region_name=aws.region,
        aws_access_key_id=aws.access_key_id,
        aws_secret_access_key=aws.secret_access_key,
        aws_session_token=aws.session_token or None,
    )


def forget(cloudfront: Any, paths: str, reference: str, distribution: str = "EMBEDDED") -> int:
    """Ask for an invalidation as functions do; returns the status."""
    batch = {"Paths": {"Quantity": 1, "Items": [paths]}, "CallerReference": reference}
    try:
        answer = cloudfront.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    except ClientError as error:
        answer = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_what_is_to_be_forgotten_is_asked_for_again(front: Any, put: Callable[..., None], cloudfront: Any) -> None:
    """That folder and no other; the same reference again does nothing, another distribution is none of ours."""
    put(PLAYLIST, b"one", "max-age=600")
    _reads(front, PLAYLIST)
    folder = f"/{PLAYLIST.rpartition('/')[0]}"
    front.s3.delete_object(Bucket="headwater-local-media", Key=PLAYLIST)
    assert forget(cloudfront, f"{folder[:-1]}/*", "a") == 201
    assert forget(cloudfront, f"{folder}/*", "b", "ANOTHER") == 404
    assert _reads(front, PLAYLIST).content == b"one"
    assert forget(cloudfront, f"{folder}/*", "c") == 201
    assert _reads(front, PLAYLIST).status_code == 404
    put(PLAYLIST, b"two", "max-age=600")
    _reads(front, PLAYLIST)
    assert forget(cloudfront, f"{folder}/*", "c") == 201
    assert _reads(front, PLAYLIST).headers["x-cache"].startswith("Hit")


def test_nobody_else_has_anything_forgotten(front: Any) -> None:
    """A request without a good signature is refused, whatever it asks for."""
    path = "/2020-05-31/distribution/EMBEDDED/invalidation"
    assert front.http.post(path, content=b"<Path>/media/*</Path>").status_code == 403
    assert front.http.get(path).status_code == 404


def test_a_replaced_chunk_is_never_mixed(front: Any, put: Callable[..., None]) -> None:
    """The description of the old one does not go with bytes of the new one."""
    put(CHUNK, b"a" * 100)
    _reads(front, CHUNK)
    put(CHUNK, b"b" * 100)
    first, second = _reads(front, CHUNK), _reads(front, CHUNK)
    assert (first.status_code, second.content) == (404, b"b" * 100)


def test_viewers_that_come_together_ask_the_bucket_once(front: Any, put: Callable[..., None]) -> None:
    """Nobody gets an error, everybody the same."""
    put(PLAYLIST, b"#EXTM3U\n" * 100, "no-cache")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: _reads(front, PLAYLIST), range(24)))
    assert {(got.status_code, got.content) for got in answers} == {(200, b"#EXTM3U\n" * 100)}


@pytest.mark.parametrize(
    ("resource", "ttl_s", "expected"),
    [
        ("media/rec_1/*", 60, 200),
        ("media/rec_2/*", 60, 403),
        ("media/rec_1/*", -1, 403),
        ("media/rec_1/v/low/*.mp4", 60, 403),
    ],
)
def test_cookies_are_for_one_recording_and_a_time(
    front: Any, put: Callable[..., None], resource: str, ttl_s: int, expected: int
) -> None:
    """As CloudFront's policies say."""
    put(PLAYLIST, b"#EXTM3U", "max-age=60")
    answer = front.http.get(f"/{PLAYLIST}", headers=front.cookies(resource, ttl_s=ttl_s))
    assert answer.status_code == expected


def test_without_cookies_there_is_cloudfronts_error(front: Any, put: Callable[..., None]) -> None:
    """Also when the edge has the object."""
    put(PLAYLIST, b"#EXTM3U", "max-age=60")
    _reads(front, PLAYLIST)
    answer = front.http.get(f"/{PLAYLIST}")
    assert (answer.status_code, "<Code>MissingKey</Code>" in answer.text) == (403, True)


def test_the_name_of_this_machine_does_not_matter(front: Any, put: Callable[..., None]) -> None:
    """Policies are signed for 127.0.0.1; people type localhost."""
    put(PLAYLIST, b"#EXTM3U", "max-age=60")
    host = {"Host": front.url.replace("http://127.0.0.1", "localhost")}
    assert _reads(front, PLAYLIST, **host).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        *("/media/../private/x", "/media/%2e%2e/private/x", "/media/rec_1/..%2f..%2fprivate/x", "/media//private/x"),
        *("/media/rec_1%2f..%2f..%2fprivate%2fx", "/media/", "/media/rec_1/", "/media/%5c..%5cprivate"),
    ],
)
def test_only_media_is_reachable(front: Any, put: Callable[..., None], target: str) -> None:
    """Whatever the spelling, even with cookies for everything."""
    put("private/x", b"secret")
    status, body = front.raw("GET", target, front.cookies())
    assert (status in {403, 404}, b"secret" in body) == (True, False)


def test_media_is_read_only(front: Any) -> None:
    """A CDN has no other methods."""
    answer = front.http.put(f"/{PLAYLIST}", headers=front.cookies(), content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_uploaded_pages_cannot_run_here(front: Any, put: Callable[..., None]) -> None:
    """Media and console share an origin: what comes from the bucket is sandboxed."""
    put("media/rec_1/x.html", b"<script>alert(1)</script>", content_type="text/html")
    answer = _reads(front, "media/rec_1/x.html")
    seen = (answer.headers["content-security-policy"], answer.headers["x-content-type-options"])
    assert seen == ("sandbox; default-src 'none'", "nosniff")
