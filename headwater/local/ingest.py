"""`PUT /ingest/{stream}/{key}/...`: a bare encoder's segments, let in by an authorizer and stored in S3.

On AWS API Gateway does it: a REQUEST authorizer, uncached, whose context names the object that the body becomes.
"""

from __future__ import annotations

import logging
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from chalicelib.config import MIB
from headwater.local import rest_events
from headwater.local.authorization import AuthorizerFailed, Grant, parse_grant, policy_allows
from headwater.local.replies import problem, read_body

if TYPE_CHECKING:
    from headwater.local.authorization import Functions, Invocation
    from headwater.local.targets import Target
    from headwater.local.upstream import Upstream

logger = logging.getLogger(__name__)

PREFIX = "/ingest/"
FUNCTION = "ingest_authorizer"
MAX_BODY = 10 * MIB
"""API Gateway's limit for a body, in bytes."""
_RESOURCE = "/ingest/{stream}/{key}/{name+}"
_TYPES = {"m4s": "video/iso.segment", "mp4": "video/mp4", "ts": "video/mp2t"}
_LEAST_PARTS = 3
_ABSENT = frozenset({"stream_not_found", "no_such_route"})


def without_key(path: str) -> str:
    """Return a path as logs may show it: a stream key opens its stream to whoever reads it."""
    stream = path.removeprefix(PREFIX).partition("/")[0]
    return f"{PREFIX}{stream}/..." if path.startswith(PREFIX) else path


class IngestGateway:
    """Asks for each upload where it goes, and stores it there."""

    def __init__(self, functions: Functions, upstream: Upstream, bucket: str) -> None:
        self._functions = functions
        self._upstream = upstream
        self._bucket = bucket

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one upload."""
        response = await self._answer(request, target)
        if response.status >= 400:  # noqa: PLR2004  a body that nobody read must not be taken for a request
            response.force_close()
        return response

    async def _answer(self, request: web.BaseRequest, target: Target) -> web.Response:
        parts = target.path.removeprefix(PREFIX).split("/")
        refused = _misplaced(request.method, parts)
        if refused is not None:
            return refused
        try:
            # First, as API Gateway does: ffmpeg hangs up behind its last byte, and aiohttp then drops what nobody read.
            body = await read_body(request, MAX_BODY)
            if body is None:
                return problem(413, "payload_too_large", f"A segment may have up to {MAX_BODY} bytes.")
            grant = await self._authorize(request, target, parts)
        except ConnectionError:
            logger.info("an encoder hung up before the end of its upload")
            return problem(400, "body_incomplete", "The upload ended too early.")
        except AuthorizerFailed as error:
            logger.warning("authorizer %s failed: %s", FUNCTION, error)
            return problem(500, "internal_error", "The stream key could not be checked.")
        if isinstance(grant, web.Response):
            return grant
        thrown_away = "discard" in grant.context
        return await self._store("" if thrown_away else grant.context.get("key", ""), body)

    async def _authorize(self, request: web.BaseRequest, target: Target, parts: list[str]) -> Grant | web.Response:
        """Return what the authorizer allows, or its refusal."""
        event = _event(request, target, parts)
        outcome: Invocation = await self._functions.invoke(FUNCTION, event)
        if outcome.error is not None:
            raise AuthorizerFailed(str(outcome.error.get("errorType", "error")))
        if outcome.timed_out or outcome.payload is None:
            raise AuthorizerFailed("no answer in time")
        grant = parse_grant(outcome.payload)
        if policy_allows(grant.policy, event["methodArn"]):
            return grant
        code, detail = grant.context.get("code", "ingest_refused"), grant.context.get("detail", "")
        return problem(404 if code in _ABSENT else 403, code, detail or "This address takes nothing.")

    async def _store(self, key: str, body: bytes) -> web.Response:
        """Store what has a name; what has none, an encoder's own playlist, was only to be taken."""
        if not key:
            return web.Response(status=200)
        headers = {"Content-Length": str(len(body)), "Content-Type": _TYPES.get(key.rpartition(".")[2], "video/mp4")}
        path = f"/{self._bucket}/{quote(key)}"
        async with self._upstream.request("PUT", path, "", headers, body) as answer:
            await answer.read()
            if answer.ok:
                return web.Response(status=200)
            logger.warning("storing %s: the emulator answered %d", key, answer.status)
            return problem(502, "internal_error", "The segment could not be stored.")


def _misplaced(method: str, parts: list[str]) -> web.Response | None:
    if len(parts) < _LEAST_PARTS or not all(parts):
        return problem(404, "no_such_route", "Segments go to /ingest/{stream}/{key}/{name}.")
    if method == "DELETE":
        # Encoders also ask to have their old segments deleted: those are ours to keep.
        return web.Response(status=204)
    if method not in {"PUT", "POST"}:
        return problem(405, "method_not_allowed", "Segments are sent with PUT.", {"Allow": "PUT, POST, DELETE"})
    return None


def _event(request: web.BaseRequest, target: Target, parts: list[str]) -> dict[str, Any]:
    """Return the event of a REQUEST authorizer; API Gateway gives it everything but the body."""
    headers = dict(request.headers.items())
    method, stage = request.method, rest_events.STAGE
    stream, key, *name = parts
    return {
        "type": "REQUEST",
        "methodArn": rest_events.method_arn(method, target.path),
        "resource": _RESOURCE,
        "path": target.path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {header: [value] for header, value in headers.items()},
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {"stream": stream, "key": key, "name": "/".join(name)},
        "stageVariables": {},
        "requestContext": {
            "accountId": rest_events.ACCOUNT,
            "apiId": rest_events.API_ID,
            "stage": stage,
            "requestId": str(uuid.uuid4()),
            "resourcePath": _RESOURCE,
            "httpMethod": method,
            "path": f"/{stage}{target.path}",
            "requestTimeEpoch": int(time.time() * 1000),
            "identity": {"sourceIp": request.remote or "127.0.0.1", "userAgent": headers.get("User-Agent")},
        },
    }
