"""moto's S3 with bodies on disk, an index that survives, and the places where it differs from S3 put right.

Put right: one event per completed multipart upload (moto sends two), NoSuchUpload for an upload that is over (moto
answers 500), conditional writes that cannot both win, and joining parts without holding the object in memory.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections import defaultdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.core.common_models import BaseModel
from moto.s3 import models, responses
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML, NoSuchUpload
from moto.settings import S3_UPLOAD_PART_MIN_SIZE
from requests.structures import CaseInsensitiveDict

from headwater.local.bodies import BodyFile, BodyFolder, StoredBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from headwater.local.persistence import Store

_READS = {"GET", "HEAD", "OPTIONS"}


class DurableS3(models.S3Backend):
    """The backend: every change is noted, and committed when the request that made it ends."""

    index: ObjectIndex

    @property
    def _url_module(self) -> Any:
        # moto finds its routes by the backend's module, which would be ours
        return __import__("moto.s3.urls", fromlist=["url_bases", "url_paths"])

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> models.FakeBucket:
        """Create the bucket and fill it with what it held before a restart."""
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        self.index.restore(bucket)
        return bucket

    def put_object(self, *args: Any, **kwargs: Any) -> models.FakeKey:
        """Store an object; for a multipart upload its own event follows, so this one is left out."""
        if kwargs.get("multipart") is not None:
            kwargs["disable_notification"] = True
        return super().put_object(*args, **kwargs)

    def create_multipart_upload(self, bucket_name: str, key_name: str, *args: Any) -> models.FakeMultipart:
        """Begin an upload and note it."""
        upload = super().create_multipart_upload(bucket_name, key_name, *args)
        values = (upload.id, bucket_name, key_name, json.dumps(dict(upload.metadata)))
        self.index.note("INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?)", values)
        return upload

    def upload_part(self, bucket_name: str, multipart_id: str, part_id: int, value: bytes) -> models.FakeKey:
        """Store one part and note it."""
        self._require_upload(bucket_name, multipart_id)
        part = super().upload_part(bucket_name, multipart_id, part_id, value or b"")
        values = (multipart_id, part_id, part._value_buffer.name, part.size, part.etag.strip('"'))  # noqa: SLF001
        self.index.note("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?)", values)
        return part

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Iterator[tuple[int, str]]
    ) -> models.FakeKey | None:
        """Join the parts; the upload is over."""
        self._require_upload(bucket_name, multipart_id)
        key = super().complete_multipart_upload(bucket_name, multipart_id, body)
        self._forget_upload(multipart_id)
        return key

    def abort_multipart_upload(self, bucket_name: str, multipart_id: str) -> None:
        """Drop the upload and its parts."""
        super().abort_multipart_upload(bucket_name, multipart_id)
        self._forget_upload(multipart_id)

    def _require_upload(self, bucket_name: str, multipart_id: str) -> None:
        if multipart_id not in self.get_bucket(bucket_name).multiparts:
            raise NoSuchUpload(upload_id=multipart_id)

    def _forget_upload(self, multipart_id: str) -> None:
        self.index.note("DELETE FROM uploads WHERE id = ?", (multipart_id,))
        self.index.note("DELETE FROM parts WHERE upload = ?", (multipart_id,))


class JoinedMultipart(models.FakeMultipart):
    """A multipart upload that is joined from file to file."""

    def complete(self, body: Iterator[tuple[int, str]]) -> tuple[Any, str, None]:
        """Check the list of parts as S3 does and join them; returns (body, ETag, no checksum)."""
        chosen = [self._checked(number, etag) for number, etag in body]
        if not chosen:
            raise MalformedXML
        if any(part.size < S3_UPLOAD_PART_MIN_SIZE for part in chosen[:-1]):
            raise EntityTooSmall
        digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in chosen)
        etag = f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(chosen)}"
        names = [part._value_buffer.name for part in chosen if part.size]  # noqa: SLF001
        return BodyFile.folder.join(names), etag, None

    def _checked(self, number: int, etag: str) -> models.FakeKey:
        part = self.parts.get(number)
        if part is None or part.etag.strip('"') != etag.replace('"', ""):
            raise InvalidPart
        return part


class ObjectIndex:
    """Keeps the store's rows about objects and uploads in step with moto's memory."""

    def __init__(self, store: Store, bodies: BodyFolder) -> None:
        self._store = store
        self._bodies = bodies
        self._local = threading.local()

    def note(self, sql: str, values: Iterable[object]) -> None:
        """Add a statement to what this thread's request commits."""
        self._notes().append((sql, tuple(values)))

    def _notes(self) -> list[tuple[str, tuple[object, ...]]]:
        notes: list[tuple[str, tuple[object, ...]]] | None = getattr(self._local, "notes", None)
        if notes is None:
            notes = self._local.notes = []
        return notes

    def commit(self, bucket: models.FakeBucket | None, key_name: str | None) -> None:
        """Write what a request changed in one transaction, then remove the bodies nothing names any more."""
        key = bucket.keys.get(key_name) if bucket is not None and key_name else None
        if isinstance(key, models.FakeKey):
            self.note("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)", _row(key))
        doomed = self._bodies.doomed()
        for name in doomed:
            self.note("DELETE FROM objects WHERE body = ?", (name,))
            self.note("DELETE FROM parts WHERE body = ?", (name,))
        notes, self._local.notes = self._notes(), []
        if notes:
            self._store.write(*notes)
        self._bodies.remove(doomed)

    def restore(self, bucket: models.FakeBucket) -> None:
        """Fill a new bucket with its objects and unfinished uploads."""
        for row in self._store.read("SELECT * FROM objects WHERE bucket = ?", bucket.name):
            bucket.keys[row[1]] = _key(bucket, row)
        for upload_id, _, key_name, headers in self._store.read("SELECT * FROM uploads WHERE bucket = ?", bucket.name):
            upload = models.FakeMultipart(
                key_name, CaseInsensitiveDict(json.loads(headers)), bucket.account_id, bucket.region_name
            )
            upload.id = upload_id
            for _, number, body, size, _ in self._store.read("SELECT * FROM parts WHERE upload = ?", upload_id):
                upload.set_part(number, StoredBody(body, size))  # type: ignore[arg-type]  # BodyFile takes both
            bucket.multiparts[upload_id] = upload

    def sweep(self) -> None:
        """Remove body files no row names, once, before anything is served."""
        names = self._store.read("SELECT body FROM objects UNION SELECT body FROM parts")
        self._bodies.remove_others({name for (name,) in names})


def _row(key: models.FakeKey) -> tuple[object, ...]:
    modified = key.last_modified.replace(tzinfo=dt.UTC).timestamp()
    etag = key.etag.strip('"')
    body = key._value_buffer.name  # noqa: SLF001
    return key.bucket_name, key.name, body, key.size, etag, modified, json.dumps(dict(key.metadata))


def _key(bucket: models.FakeBucket, row: tuple[Any, ...]) -> models.FakeKey:
    _, name, body, size, etag, modified, headers = row
    value: Any = StoredBody(body, size)
    key = models.FakeKey(name, value, bucket.account_id, bucket.region_name, etag=etag, bucket_name=bucket.name)
    key.last_modified = dt.datetime.fromtimestamp(modified, dt.UTC).replace(tzinfo=None)
    key.set_metadata(json.loads(headers), replace=False)
    return key


def install(store: Store) -> None:
    """Replace moto's S3 with this one, for the whole process."""
    bodies = BodyFolder(store.objects)
    index = ObjectIndex(store, bodies)
    index.sweep()
    BodyFile.folder = bodies
    DurableS3.index = index
    setattr(models, "tempfile", SimpleNamespace(SpooledTemporaryFile=BodyFile))  # noqa: B010  not moto's export
    models.FakeMultipart = JoinedMultipart  # type: ignore[misc]
    models.s3_backends.backend = DurableS3
    _forget_instances()
    locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
    for name in ("_key_response", "_bucket_response"):
        setattr(responses.S3Response, name, _guarded(getattr(responses.S3Response, name), index, locks))


def _forget_instances() -> None:
    # moto remembers every object it ever made, for its own resets: a leak in a process that lives for days
    def new(cls: type[BaseModel], *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]


def _guarded(
    respond: Callable[..., Any], index: ObjectIndex, locks: defaultdict[str, threading.RLock]
) -> Callable[..., Any]:
    """Run writes to one bucket one after the other, so that conditions hold, and commit each before it answers."""

    def guarded(self: responses.S3Response, request: Any, full_url: str) -> Any:
        if request.method in _READS:
            return respond(self, request, full_url)
        with locks[self.bucket_name]:
            try:
                return respond(self, request, full_url)
            finally:
                bucket = self.backend.buckets.get(self.bucket_name)
                index.commit(bucket, self.parse_key_name())

    return guarded
