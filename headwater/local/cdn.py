"""The CDN in front of the media bucket: signed cookies, edge cache, validators, ranges, compression of playlists."""

from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiohttp import web

from headwater.local.edge_cache import EdgeCache, Entry, Meta
from headwater.local.http_rules import RangeNotSatisfiable, accepts_gzip, is_unchanged, parse_range, range_applies
from headwater.local.replies import problem, xml_error
from headwater.local.signed_cookies import CookieRefused, check_cookies, check_link, parse_cookies, signed_link
from headwater.local.targets import safe_path
from headwater.local.upstream import relay

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from headwater.local.targets import Target
    from headwater.local.upstream import Upstream

PREFIX = "media/"
_HIT, _REFRESHED, _MISS = (f"{state} from headwater-edge" for state in ("Hit", "RefreshHit", "Miss"))
_COMPRESSIBLE = (".m3u8", ".vtt")
_MIN_GZIP = 500
_HTTP_OK = 200
_NOT_MODIFIED = 304
_PARTIAL = 206


@dataclass(frozen=True, slots=True)
class CdnConfig:
    """`public_url` is the origin policies are signed for, whatever name the client used for this machine."""

    public_url: str
    bucket: str
    keys: Mapping[str, RSAPublicKey]


class Cdn:
    """Answers GET and HEAD below /media/."""

    def __init__(self, config: CdnConfig, upstream: Upstream) -> None:
        """Start with an empty cache."""
        self._config = config
        self._upstream = upstream
        self._cache = EdgeCache()
        self._fetching: dict[str, asyncio.Task[tuple[Entry, str] | None]] = {}

    def forget(self, pattern: str) -> None:
        """Drop what is kept below `/media/ID/*`, or of one path."""
        self._cache.drop_all(pattern.lstrip("/"))

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request."""
        if request.method not in {"GET", "HEAD"}:
            allow = {"Allow": "GET, HEAD"}
            return problem(405, "method_not_allowed", "Media can only be read.", allow)
        key = safe_path(target.path)
        if key is None or not key.startswith(PREFIX):
            return xml_error(403, "AccessDenied", "Access denied")
        query = f"?{target.query}" if target.query else ""
        try:
            url = f"{self._config.public_url}{target.path}"
            if (link := signed_link(target.query)) is not None:
                check_link(link, self._config.keys, url=url, now=time.time())
            else:
                check_cookies(
                    parse_cookies(request.headers.get("Cookie", "")),
                    self._config.keys,
                    url=f"{url}{query}",
                    now=time.time(),
                    source_ip=request.remote or "127.0.0.1",
                )
        except CookieRefused as refused:
            return xml_error(403, refused.code, refused.message)
        return await self._serve(request, key)

    async def _serve(self, request: web.BaseRequest, key: str) -> web.StreamResponse:
        found = await self._find(key)
        if found is None:
            return xml_error(404, "NoSuchKey", "The specified key does not exist.")
        entry, cache_state = found
        headers = _headers(entry.meta, cache_state)
        if cache_state == _HIT:
            headers["Age"] = str(entry.age_s(time.monotonic()))
        if key.endswith(_COMPRESSIBLE):
            headers["Vary"] = "Accept-Encoding"
        if is_unchanged(request.headers.get("If-None-Match"), entry.meta.etag):
            del headers["Content-Type"]
            return web.Response(status=_NOT_MODIFIED, headers=headers)
        try:
            span = _asked_range(request, entry.meta)
        except RangeNotSatisfiable:
            refused = xml_error(416, "InvalidRange", "The requested range is not satisfiable")
            refused.headers["Content-Range"] = f"bytes */{entry.meta.size}"
            return refused
        if entry.body is None:
            return await self._stream(request, key, entry.meta, span, headers)
        compressible = span is None and key.endswith(_COMPRESSIBLE) and len(entry.body) >= _MIN_GZIP
        if compressible and accepts_gzip(request.headers.get("Accept-Encoding")):
            return await self._compressed(key, entry, headers)
        return _from_memory(entry.body, span, headers)

    async def _find(self, key: str) -> tuple[Entry, str] | None:
        """Return what is known of an object, asking the bucket once however many wait for it; None: no such object."""
        entry = self._cache.get(key)
        if entry is not None and entry.is_fresh(time.monotonic()):
            return entry, _HIT
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.create_task(self._fetch(key, entry))
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        return await asyncio.shield(task)

    async def _fetch(self, key: str, stale: Entry | None) -> tuple[Entry, str] | None:
        """Read a playlist whole, of anything else the description only."""
        whole = key.endswith(_COMPRESSIBLE)
        headers = {"If-None-Match": stale.meta.etag} if stale is not None and stale.body is not None else {}
        asked_at = time.monotonic()
        async with self._upstream.object("GET" if whole else "HEAD", self._config.bucket, key, headers) as answer:
            if stale is not None and answer.status == _NOT_MODIFIED:
                return self._cache.put(key, replace(stale, stored_at=asked_at)), _REFRESHED
            if answer.status != _HTTP_OK:
                self._cache.drop(key)
                return None
            body = await answer.read() if whole else None
            entry = Entry(_meta(answer, body), body, asked_at)
        return self._cache.put(key, entry), _MISS

    async def _compressed(self, key: str, entry: Entry, headers: dict[str, str]) -> web.Response:
        body = entry.gzipped
        if body is None:
            body = await asyncio.to_thread(gzip.compress, entry.body or b"", 6, mtime=0)
            if self._cache.get(key) is entry:
                self._cache.put(key, replace(entry, gzipped=body))
        # CloudFront weakens the validator of what it compresses: the bytes differ, the meaning does not.
        headers |= {"Content-Encoding": "gzip", "ETag": f"W/{entry.meta.etag}"}
        return _from_memory(body, None, headers)

    async def _stream(
        self, request: web.BaseRequest, key: str, meta: Meta, span: tuple[int, int] | None, headers: dict[str, str]
    ) -> web.StreamResponse:
        """Pass a body through without holding it; If-Match binds the bytes to the description already sent."""
        headers = {name: value for name, value in headers.items() if name != "Age"} | {"X-Cache": _MISS}
        first, last = span or (0, meta.size - 1)
        response = web.StreamResponse(status=_HTTP_OK if span is None else _PARTIAL, headers=headers)
        if span is not None:
            response.headers["Content-Range"] = f"bytes {first}-{last}/{meta.size}"
        response.content_length = last - first + 1
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        asked = {"If-Match": meta.etag} | ({"Range": f"bytes={first}-{last}"} if span is not None else {})
        async with self._upstream.object("GET", self._config.bucket, key, asked) as answer:
            if answer.status not in {_HTTP_OK, _PARTIAL} or answer.content_length != response.content_length:
                self._cache.drop(key)
                return xml_error(404, "NoSuchKey", "The object has gone or changed; ask again.")
            return await relay(request, response, answer)


def _asked_range(request: web.BaseRequest, meta: Meta) -> tuple[int, int] | None:
    if not range_applies(request.headers.get("If-Range"), meta.etag, meta.last_modified):
        return None
    return parse_range(request.headers.get("Range"), meta.size)


def _meta(answer: aiohttp.ClientResponse, body: bytes | None) -> Meta:
    given = answer.headers
    return Meta(
        size=len(body) if body is not None else int(given.get("Content-Length", "0")),
        etag=given.get("ETag", ""),
        content_type=given.get("Content-Type", "binary/octet-stream"),
        cache_control=given.get("Cache-Control", ""),
        last_modified=given.get("Last-Modified", ""),
    )


def _headers(meta: Meta, cache_state: str) -> dict[str, str]:
    named = {
        "Content-Type": meta.content_type,
        "ETag": meta.etag,
        "Last-Modified": meta.last_modified,
        "Cache-Control": meta.cache_control,
    }
    fixed = {
        "Accept-Ranges": "bytes",
        "X-Cache": cache_state,
        # What people upload must never run as a page of this origin.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return {name: value for name, value in named.items() if value} | fixed


def _from_memory(body: bytes, span: tuple[int, int] | None, headers: dict[str, str]) -> web.Response:
    if span is None:
        return web.Response(body=body, headers=headers)
    headers["Content-Range"] = f"bytes {span[0]}-{span[1]}/{len(body)}"
    return web.Response(status=_PARTIAL, body=body[span[0] : span[1] + 1], headers=headers)
