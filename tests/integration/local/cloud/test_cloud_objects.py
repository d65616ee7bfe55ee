"""S3 as the emulator serves it."""

from __future__ import annotations

import concurrent.futures
import http.client
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

MIB = 1024 * 1024


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _multipart(s3: Any, bucket: str, key: str, parts: list[bytes]) -> dict[str, Any]:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="video/mp4")["UploadId"]
    tags = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=part)["ETag"],
        }
        for number, part in enumerate(parts, 1)
    ]
    arguments = {"Bucket": bucket, "Key": key, "UploadId": upload, "MultipartUpload": {"Parts": tags}}
    s3.complete_multipart_upload(**arguments)
    return arguments


def test_an_object_comes_back_with_its_headers(cloud: Any) -> None:
    """Body, type, cache control and metadata survive the detour through a file."""
    s3 = cloud.bucket("headers")
    s3.put_object(
        Bucket="headers", Key="a b/ü.m3u8", Body=b"#EXTM3U\n", ContentType="x/y", CacheControl="no-store",
        Metadata={"version": "7"},
    )  # fmt: skip
    found = s3.get_object(Bucket="headers", Key="a b/ü.m3u8")
    assert found["Body"].read() == b"#EXTM3U\n"
    assert (found["ContentType"], found["CacheControl"], found["Metadata"]) == ("x/y", "no-store", {"version": "7"})


@pytest.mark.parametrize(
    ("header", "expected", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=4-400", b"456789", "bytes 4-9/10"),
    ],
)
def test_ranges(cloud: Any, header: str, expected: bytes, content_range: str) -> None:
    """A range of bytes is exactly that range."""
    name = f"ranges-{abs(hash(header)) % 10**9}"
    s3 = cloud.bucket(name)
    s3.put_object(Bucket=name, Key="k", Body=b"0123456789")
    found = s3.get_object(Bucket=name, Key="k", Range=header)
    assert (found["Body"].read(), found["ContentRange"]) == (expected, content_range)


def test_a_range_past_the_end_is_refused(cloud: Any) -> None:
    """416 as on S3."""
    s3 = cloud.bucket("past-the-end")
    s3.put_object(Bucket="past-the-end", Key="k", Body=b"0123456789")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="past-the-end", Key="k", Range="bytes=10-12")
    assert _code(caught.value) == "InvalidRange"


def test_a_known_object_is_not_sent_again(cloud: Any) -> None:
    """If-None-Match answers 304, If-Match with another tag 412."""
    s3 = cloud.bucket("conditions")
    tag = s3.put_object(Bucket="conditions", Key="k", Body=b"x")["ETag"]
    with pytest.raises(ClientError) as same:
        s3.get_object(Bucket="conditions", Key="k", IfNoneMatch=tag)
    with pytest.raises(ClientError) as other:
        s3.get_object(Bucket="conditions", Key="k", IfMatch='"0"')
    assert (_code(same.value), _code(other.value)) == ("304", "PreconditionFailed")


def test_nobody_reads_without_a_signature(cloud: Any) -> None:
    """The short way for reads does not open what moto would close."""
    s3 = cloud.bucket("closed")
    s3.put_object(Bucket="closed", Key="k", Body=b"x")
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc)
    connection.request("GET", "/closed/k")
    assert connection.getresponse().status == 403
    connection.close()


def test_only_one_conditional_write_wins(cloud: Any) -> None:
    """Of many writers that saw the same version, one replaces it."""
    s3 = cloud.bucket("one-winner")
    seen = s3.put_object(Bucket="one-winner", Key="k", Body=b"0")["ETag"]

    def replace(number: int) -> bool:
        try:
            s3.put_object(Bucket="one-winner", Key="k", Body=f"writer {number}".encode(), IfMatch=seen)
        except ClientError:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        won = list(pool.map(replace, range(24)))
    body = s3.get_object(Bucket="one-winner", Key="k")["Body"].read()
    assert [number for number, win in enumerate(won) if win] == [int(body.split()[1])]


def test_a_multipart_upload_is_the_sum_of_its_parts_and_sends_one_event(cloud: Any) -> None:
    """Body, composite tag and exactly one notification."""
    sqs, queue = cloud.queue("events")
    s3 = cloud.bucket("parts")
    s3.put_bucket_notification_configuration(
        Bucket="parts",
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": "arn:aws:sqs:eu-central-1:123456789012:events", "Events": ["s3:ObjectCreated:*"]}
            ]
        },
    )
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"tail"]
    _multipart(s3, "parts", "sources/rec/original", parts)
    found = s3.get_object(Bucket="parts", Key="sources/rec/original")
    assert (found["Body"].read() == b"".join(parts), found["ETag"][-3:-1], found["ContentType"]) == (
        True, "-3", "video/mp4",
    )  # fmt: skip
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    names = [record["eventName"] for message in messages for record in json.loads(message["Body"]).get("Records", [])]
    assert names == ["ObjectCreated:CompleteMultipartUpload"]


def test_an_upload_that_is_over_is_unknown(cloud: Any) -> None:
    """Parts for a finished or aborted upload are refused with S3's code."""
    s3 = cloud.bucket("over")
    upload = s3.create_multipart_upload(Bucket="over", Key="k")["UploadId"]
    s3.abort_multipart_upload(Bucket="over", Key="k", UploadId=upload)
    with pytest.raises(ClientError) as part:
        s3.upload_part(Bucket="over", Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    with pytest.raises(ClientError) as complete:
        s3.complete_multipart_upload(
            Bucket="over", Key="k", UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
        )
    assert (_code(part.value), _code(complete.value)) == ("NoSuchUpload", "NoSuchUpload")


@pytest.mark.parametrize(("parts", "code"), [([b"small", b"tail"], "EntityTooSmall"), ([], "MalformedXML")])
def test_a_list_of_parts_is_checked(cloud: Any, parts: list[bytes], code: str) -> None:
    """All parts but the last have 5 MiB, and there is at least one."""
    bucket = f"checked-{code.lower()}"
    with pytest.raises(ClientError) as caught:
        _multipart(cloud.bucket(bucket), bucket, "k", parts)
    assert _code(caught.value) == code


def test_large_objects_are_not_held_in_memory(cloud: Any) -> None:
    """A 64 MiB upload read back in ranges leaves the emulator far smaller than the object."""
    s3 = cloud.bucket("large")
    before = _rss(cloud.emulator.pid)
    _multipart(s3, "large", "k", [os.urandom(8 * MIB)] * 8)
    got = sum(
        len(s3.get_object(Bucket="large", Key="k", Range=f"bytes={n * 4 * MIB}-{(n + 1) * 4 * MIB - 1}")["Body"].read())
        for n in range(16)
    )
    assert got == 64 * MIB
    assert _rss(cloud.emulator.pid) - before < 48 * MIB


def test_deleted_objects_leave_no_file(start_cloud: Any, tmp_path: Path) -> None:
    """Overwritten and deleted bodies go from the disk, one by one and in bulk."""
    s3 = start_cloud(tmp_path / "data").bucket("gone")
    for key in ("a", "b", "c", "c"):
        s3.put_object(Bucket="gone", Key=key, Body=key.encode())
    s3.delete_object(Bucket="gone", Key="a")
    s3.delete_objects(Bucket="gone", Delete={"Objects": [{"Key": "b"}]})
    files = list((tmp_path / "data" / "cloud" / "objects").glob("??/*"))
    assert [file.read_bytes() for file in files] == [b"c"]


def _rss(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
