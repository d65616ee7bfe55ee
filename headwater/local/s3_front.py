"""S3 at the origin for presigned requests: checks what moto does not, then streams to and from it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from headwater.local.presign import PresignRefused, SignedRequest, check, signer, without_signature
from headwater.local.replies import send_continue, xml_error
from headwater.local.roles import Signers, signers_of
from headwater.local.targets import LOOPBACK_NAMES, safe_path
from headwater.local.upstream import relay

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from headwater.local.presign import Credentials
    from headwater.local.targets import Target
    from headwater.local.upstream import Upstream

_FORWARDED = frozenset(
    {
        *("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
        *("content-type", "content-md5", "content-disposition", "cache-control", "content-encoding"),
    }
)
_RETURNED = frozenset(
    {
        *("content-type", "content-range", "accept-ranges", "etag", "last-modified"),
        *("cache-control", "content-disposition", "content-encoding"),
    }
)
_BODYLESS = frozenset({"GET", "HEAD", "DELETE"})


class S3Front:
    """Path-style S3 for the stack's buckets."""

    def __init__(
        self, buckets: Collection[str], signers: Credentials | Signers, upstream: Upstream, public_url: str
    ) -> None:
        """`public_url` is the origin whose pages may use it from a browser."""
        self._prefixes = tuple(f"/{bucket}/" for bucket in buckets)
        self._signers = signers_of(signers)
        self._upstream = upstream
        self._public_url = public_url

    def serves(self, path: str) -> bool:
        """True for a path in one of the buckets."""
        return path.startswith(self._prefixes)

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request."""
        cors = self._cors(request.headers.get("Origin"))
        if request.method == "OPTIONS":
            return _preflight(request, cors)
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            credentials = self._signers.of(signer(target.query))
            check(SignedRequest(request.method, target.path, target.query, headers), credentials, time.time())
            _check_body(request)
        except PresignRefused as refused:
            response = xml_error(refused.status, refused.code, refused.message, refused.extra)
            response.headers.update(cors)
            if request.method not in _BODYLESS:
                response.force_close()
            return response
        if safe_path(target.path) is None:
            return xml_error(400, "InvalidURI", "Couldn't parse the specified URI.")
        # A link lets its holder do what its signer may, and nothing else
        return await self._forward(request, target, self._upstream.asking_as(credentials), cors)

    async def _forward(
        self, request: web.BaseRequest, target: Target, upstream: Upstream, cors: Mapping[str, str]
    ) -> web.StreamResponse:
        sent = {
            name: value
            for name, value in request.headers.items()
            if name.lower() in _FORWARDED or name.lower().startswith("x-amz-")
        }
        data = None
        if request.method not in _BODYLESS:
            sent["Content-Length"] = request.headers["Content-Length"]
            await send_continue(request)
            data = request.content if request.content_length else b""
        query = without_signature(target.query)
        async with upstream.request(request.method, target.path, query, sent, data) as answer:
            response = web.StreamResponse(status=answer.status, headers={**_returned(answer), **cors})
            if answer.content_length is not None:
                response.content_length = answer.content_length
            return await relay(request, response, answer)

    def _cors(self, origin: str | None) -> dict[str, str]:
        """Return the headers for a page of this origin, by whichever of its names it was opened; none for others."""
        if origin is None or not self._is_ours(origin):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "ETag, Content-Length, Content-Range",
            "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
        }

    def _is_ours(self, origin: str) -> bool:
        if origin == self._public_url:
            return True
        ours = urlsplit(self._public_url)
        try:
            theirs = urlsplit(origin)
            same_port = theirs.port == ours.port
        except ValueError:
            return False
        return same_port and {theirs.hostname, ours.hostname} <= LOOPBACK_NAMES


def _preflight(request: web.BaseRequest, cors: Mapping[str, str]) -> web.Response:
    if not cors or "Access-Control-Request-Method" not in request.headers:
        return xml_error(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
    allowed = {
        "Access-Control-Allow-Methods": "GET, HEAD, PUT",
        "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
        "Access-Control-Max-Age": "3000",
    }
    return web.Response(headers={**cors, **allowed})


def _check_body(request: web.BaseRequest) -> None:
    """Refuse bodies of unknown length as S3 does (moto takes them)."""
    if "Transfer-Encoding" in request.headers:
        message = "A header you provided implies functionality that is not implemented"
        raise PresignRefused(501, "NotImplemented", message, Header="Transfer-Encoding")
    if request.method not in _BODYLESS and "Content-Length" not in request.headers:
        raise PresignRefused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")


def _returned(answer: aiohttp.ClientResponse) -> dict[str, str]:
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() in _RETURNED or name.lower().startswith("x-amz-")
    }
    # What people upload must never run as a page of this origin.
    return {**kept, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
