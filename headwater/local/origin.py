"""The one address of the embedded cloud: sends each request to the part that answers it."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

import chalicelib
from headwater.local import code_flow, ingest, invalidations, websocket
from headwater.local.replies import document, problem
from headwater.local.targets import Target, is_local_host, parse_target
from headwater.local.websocket import wants_socket

if TYPE_CHECKING:
    from headwater.local.s3_front import S3Front

logger = logging.getLogger(__name__)

API_PREFIX = "/api"
_LIVE = re.compile(r"/api/v1/recordings/[^/]+/stream/live")
"""Where a client may ask for a WebSocket as well as at the WebSocket API's own address."""
_API_ROOT_PATHS = frozenset({"/health", "/openapi.json"})


class Part(Protocol):
    """Something that answers requests."""

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Everything behind the address; `api` gets paths without its stage."""

    public_url: str
    api: Part
    cdn: Part
    s3: S3Front
    issuer: Part
    site: Part
    sockets: Part
    ingest: Part
    invalidations: Part

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; whatever goes wrong ends as a problem document."""
        began = time.monotonic()
        target = parse_target(request.raw_path)
        shown = ingest.without_key(target.path)
        try:
            response = await self._dispatch(request, target)
        except aiohttp.ClientError as error:
            logger.warning("%s %s: the emulator did not answer: %r", request.method, shown, error)
            response = problem(502, "internal_error", "A part of the embedded cloud did not answer.")
        except Exception:
            logger.exception("%s %s failed", request.method, shown)
            response = problem(500, "internal_error", "The request failed inside the embedded cloud.")
        took_ms = (time.monotonic() - began) * 1000
        logger.info("%s %s %d %.0f ms", request.method, shown, response.status, took_ms)
        return response

    async def _dispatch(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        if not is_local_host(request.headers.get("Host", ""), urlsplit(self.public_url).netloc):
            return problem(421, "wrong_host", f"This address is {self.public_url}.")
        path = target.path
        if wants_socket(request) and _LIVE.fullmatch(path):
            return await self.sockets.handle(request, target)
        if path == API_PREFIX or path.startswith(f"{API_PREFIX}/"):
            return await self.api.handle(request, Target(path.removeprefix(API_PREFIX) or "/", target.query))
        if path == "/config.json":
            return _config(request, self.public_url)
        return await self._part(path).handle(request, target)

    def _part(self, path: str) -> Part:
        if path in _API_ROOT_PATHS:
            return self.api
        if path == websocket.PATH or path.startswith(f"{websocket.PATH}/"):
            return self.sockets
        if path.startswith("/media/"):
            return self.cdn
        folders = {
            ingest.PREFIX: self.ingest,
            invalidations.PREFIX: self.invalidations,
            "/dev/": self.issuer,
        }
        for prefix, part in folders.items():
            if path.startswith(prefix):
                return part
        return self.s3 if self.s3.serves(path) else self.site


def _config(request: web.BaseRequest, public_url: str) -> web.Response:
    """Tell the pages how to sign in here."""
    if request.method not in {"GET", "HEAD"}:
        allow = {"Allow": "GET, HEAD"}
        return problem(405, "method_not_allowed", "The configuration can only be read.", allow)
    auth = {
        "kind": "oidc",
        "authority": f"{public_url}/dev",
        "client_id": code_flow.CLIENT_ID,
        "scope": code_flow.SCOPE,
        "dev": True,
        "token_url": "/dev/token",
    }
    return document({"stage": "local", "version": chalicelib.__version__, "auth": auth}, cache_control="no-cache")
