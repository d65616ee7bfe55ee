"""S3: objects of one bucket, and multipart uploads into it. ETags are handled without their quotes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import code_of, translated
from chalicelib.errors import Conflict, Transient
from chalicelib.services.ports import ObjectHead, UploadedPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MIB = 1024 * 1024
MULTIPART_FROM = 64 * MIB
"""Bytes; below it one PUT is faster and atomic, above it a retry should not start from zero."""
DELETE_BATCH = 1000
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "NoSuchKey"}
_BAD_PARTS = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall"}


class S3Objects:
    """Implements ports.Objects over one bucket."""

    def __init__(self, bucket: str) -> None:
        """Take the bucket's name."""
        self._bucket = bucket

    def head(self, key: str) -> ObjectHead | None:
        """Return None when there is no such object."""
        with translated("Storage"):
            try:
                found = clients.s3().head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise
        metadata = {name.lower(): value for name, value in found["Metadata"].items()}
        return ObjectHead(found["ContentLength"], found["ETag"].strip('"'), found.get("ContentType", ""), metadata)

    def get(self, key: str) -> bytes | None:
        """Return a small object's body, or None."""
        with translated("Storage"):
            try:
                return clients.s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise

    def put_file(self, key: str, path: Path, *, content_type: str, cache_control: str) -> None:
        """Upload a file: one PUT below 64 MiB, else multipart."""
        headers = {"ContentType": content_type, "CacheControl": cache_control}
        with translated("Storage"):
            if path.stat().st_size >= MULTIPART_FROM:
                self._put_parts(key, path, headers)
                return
            with path.open("rb") as body:
                clients.s3().put_object(
                    Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, CacheControl=cache_control
                )

    def put_bytes(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """Write a small object."""
        with translated("Storage"):
            clients.s3().put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, CacheControl=cache_control
            )

    def replace(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str,
        metadata: dict[str, str],
        expect_etag: str | None,
    ) -> bool:
        """Write only if the current ETag is `expect_etag` (None: only if absent); False when it is not.

        False can also mean that the write arrived and only its answer was lost: read again before deciding.
        """
        condition = {"IfNoneMatch": "*"} if expect_etag is None else {"IfMatch": f'"{expect_etag.strip(chr(34))}"'}
        with translated("Storage"):
            try:
                clients.s3().put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body,
                    ContentType=content_type,
                    CacheControl=cache_control,
                    Metadata=metadata,
                    **condition,  # type: ignore[arg-type]  # one of two keyword arguments, both text
                )
            except ClientError as error:
                if code_of(error) in _LOST_RACE:
                    return False
                raise
        return True

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; quiet about absent ones, Transient("aws_unavailable") when S3 kept any."""
        remaining = iter(keys)
        while some := list(islice(remaining, DELETE_BATCH)):
            with translated("Storage"):
                answer = clients.s3().delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in some], "Quiet": True}
                )
            kept = {error.get("Code", "") for error in answer.get("Errors", [])} - _ABSENT
            if kept:
                raise Transient("aws_unavailable", f"Storage did not delete everything ({', '.join(sorted(kept))}).")

    def list_keys(self, prefix: str) -> Iterator[str]:
        """All keys under a prefix, a thousand a request."""
        pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated("Storage"):
            for page in pages:
                yield from (item["Key"] for item in page.get("Contents", []))

    def list_dated(self, prefix: str) -> Iterator[tuple[str, float]]:
        """All keys under a prefix with Unix seconds of their writing, a thousand a request."""
        pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated("Storage"):
            for page in pages:
                yield from ((item["Key"], item["LastModified"].timestamp()) for item in page.get("Contents", []))

    def read_url(self, key: str, *, ttl_s: int, filename: str | None = None, public: bool = False) -> str:
        """Presign a GET; `public` uses the endpoint a browser reaches, `filename` makes it a download."""
        params = {"Bucket": self._bucket, "Key": key}
        if filename is not None:
            params["ResponseContentDisposition"] = _attachment(filename)
        client = clients.s3_for_people() if public else clients.s3()
        return client.generate_presigned_url("get_object", Params=params, ExpiresIn=ttl_s)

    def write_url(self, key: str, *, ttl_s: int) -> str:
        """Presign a PUT of one object at the endpoint that people and their encoders reach."""
        params = {"Bucket": self._bucket, "Key": key}
        return clients.s3_for_people().generate_presigned_url("put_object", Params=params, ExpiresIn=ttl_s)

    def _put_parts(self, key: str, path: Path, headers: dict[str, str]) -> None:
        from s3transfer.manager import TransferConfig, TransferManager  # noqa: PLC0415  only very large files need it

        config = TransferConfig(
            multipart_threshold=MULTIPART_FROM, multipart_chunksize=16 * MIB, max_request_concurrency=4
        )
        with TransferManager(clients.s3(), config) as manager:
            manager.upload(str(path), self._bucket, key, extra_args=headers).result()


class S3Uploads:
    """Implements ports.Uploads: multipart uploads into one bucket."""

    def __init__(self, bucket: str) -> None:
        """Take the bucket's name."""
        self._bucket = bucket

    def begin(self, key: str, *, content_type: str) -> str:
        """Start one; returns its upload id."""
        with translated("Storage"):
            answer = clients.s3().create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)
        return answer["UploadId"]

    def part_url(self, key: str, upload_id: str, number: int, *, size: int, ttl_s: int) -> str:
        """Presign PUT of one part for a browser, bound to its number and its exact size in bytes."""
        params = self._upload(key, upload_id) | {"PartNumber": number, "ContentLength": size}
        return clients.s3_for_people().generate_presigned_url("upload_part", Params=params, ExpiresIn=ttl_s)

    def parts(self, key: str, upload_id: str) -> list[UploadedPart] | None:
        """Parts already stored, by number; None when the upload is over or unknown."""
        pages = clients.s3().get_paginator("list_parts").paginate(**self._upload(key, upload_id))
        with translated("Storage"):
            try:
                found = [part for page in pages for part in page.get("Parts", [])]
            except ClientError as error:
                if code_of(error) == "NoSuchUpload":
                    return None
                raise
        return [UploadedPart(part["PartNumber"], part["Size"], part["ETag"].strip('"')) for part in found]

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> None:
        """Join the parts into the object.

        Raises Conflict: "upload_gone" when the upload is over or unknown, "upload_incomplete" when S3
        refuses the parts.
        """
        named: Any = [{"PartNumber": part.number, "ETag": f'"{part.etag}"'} for part in parts]
        with translated("Storage"):
            try:
                clients.s3().complete_multipart_upload(**self._upload(key, upload_id), MultipartUpload={"Parts": named})
            except ClientError as error:
                if code_of(error) in _BAD_PARTS:
                    raise Conflict("upload_incomplete", f"The parts do not fit ({code_of(error)}).") from None
                # S3 can fail after having joined the parts: then the upload is over, whatever the code says.
                if self.parts(key, upload_id) is None:
                    raise Conflict("upload_gone", "This upload is already over or was never begun.") from None
                raise

    def abort(self, key: str, upload_id: str) -> None:
        """Drop the parts; quiet when there is nothing to drop."""
        with translated("Storage"):
            try:
                clients.s3().abort_multipart_upload(**self._upload(key, upload_id))
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    def abort_below(self, prefix: str) -> None:
        """Drop the parts of all uploads whose keys begin so; quiet when there are none."""
        pages = clients.s3().get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=prefix)
        with translated("Storage"):
            found = [(upload["Key"], upload["UploadId"]) for page in pages for upload in page.get("Uploads", [])]
        for key, upload_id in found:
            self.abort(key, upload_id)

    def _upload(self, key: str, upload_id: str) -> Any:
        return {"Bucket": self._bucket, "Key": key, "UploadId": upload_id}


def _attachment(filename: str) -> str:
    """Name a download for old and new browsers (RFC 6266)."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
