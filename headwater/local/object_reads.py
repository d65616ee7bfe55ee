"""Plain GETs of objects, streamed from their files.

moto reads a whole object into memory to answer any range of it, which would make FFmpeg's seeking through a long
recording slow and the emulator large.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from moto.s3.models import FakeKey, s3_backends

from headwater.local.bodies import BodyFile, stream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_OVERRIDE = "response-"
_SIGNING = ("X-Amz-", "x-id")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Anything that needs more than the body and its headers is moto's to answer.
_MOTO_ANSWERS = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_X_AMZ_CHECKSUM_MODE")


class ObjectReads:
    """Answers what it can; everything else (errors, versions, anonymous callers) is left to moto."""

    def __init__(self, account: str) -> None:
        self._account = account

    def respond(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes] | None:
        """Return the body of a GET for an existing object, or None when moto has to answer."""
        query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        key = self._find(environ, query)
        if key is None:
            return None
        if answer := _precondition(environ, key):
            start_response(_line(answer), [("ETag", key.etag), ("Content-Length", "0")])
            return []
        bounds = _bounds(environ.get("HTTP_RANGE"), key.size)
        if bounds is None:
            return None
        name = key._value_buffer.name  # noqa: SLF001
        start, length = bounds
        try:
            body = stream(BodyFile.folder.path(str(name)), start, length) if length else iter(())
        except FileNotFoundError:
            return None
        whole = environ.get("HTTP_RANGE") is None
        status = HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT
        headers = _headers(key, query) | {"Content-Length": str(length)}
        if not whole:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{key.size}"
        start_response(_line(status), list(headers.items()))
        return body

    def _find(self, environ: WSGIEnvironment, query: dict[str, list[str]]) -> FakeKey | None:
        bucket_name, _, key_name = environ["PATH_INFO"].lstrip("/").partition("/")
        plain = all(name.startswith((_OVERRIDE, *_SIGNING)) for name in query)
        signed = "HTTP_AUTHORIZATION" in environ or "X-Amz-Signature" in query
        if not plain or not signed or any(name in environ for name in _MOTO_ANSWERS):
            return None
        bucket = s3_backends[self._account]["aws"].buckets.get(bucket_name)
        # WSGI hands the path over as latin-1; keys are UTF-8
        key = bucket.keys.get(key_name.encode("latin-1").decode("utf-8", "replace")) if bucket and key_name else None
        return key if isinstance(key, FakeKey) else None


def _precondition(environ: WSGIEnvironment, key: FakeKey) -> HTTPStatus | None:
    """Return what If-Match or If-None-Match asks for instead of the body."""
    expected = environ.get("HTTP_IF_MATCH")
    if expected is not None and expected.strip('"') not in {"*", key.etag.strip('"')}:
        return HTTPStatus.PRECONDITION_FAILED
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None and known.strip('"') in {"*", key.etag.strip('"')}:
        return HTTPStatus.NOT_MODIFIED
    return None


def _bounds(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (start, length) of one range of bytes; None when moto should judge it (several, or unsatisfiable)."""
    if header is None:
        return 0, size
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    return (start, end - start + 1) if start <= end else None


def _headers(key: FakeKey, query: dict[str, list[str]]) -> dict[str, str]:
    headers = {name.lower(): str(value) for name, value in key.metadata.items()}
    headers |= {name.removeprefix(_OVERRIDE): values[0] for name, values in query.items() if name.startswith(_OVERRIDE)}
    return headers | {"etag": key.etag, "last-modified": key.last_modified_RFC1123, "accept-ranges": "bytes"}


def _line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"
