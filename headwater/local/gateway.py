"""The REST API in front of the `api` function, with API Gateway's limits and this product's problem documents."""

from __future__ import annotations

import asyncio
import gzip
import logging
import time
import uuid
from typing import TYPE_CHECKING

from aiohttp import web

from chalicelib.config import MIB
from headwater.local import authorization, rest_events
from headwater.local.http_rules import accepts_gzip
from headwater.local.replies import problem, read_body
from headwater.local.rest_events import BadAnswer, RestRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwater.local.authorization import AuthorizerSpec, Functions, Invocation
    from headwater.local.rest_routes import Match, Route, RouteTable
    from headwater.local.targets import Target

logger = logging.getLogger(__name__)

MAX_BODY = 10 * MIB
"""API Gateway's limit for a request body, in bytes; Lambda's own limit of 6 MB usually strikes first."""
INTEGRATION_TIMEOUT_S = 29.0
FUNCTION = "api"


class RestGateway:
    """Turns HTTP requests into events for the `api` function and its answers back."""

    def __init__(
        self,
        functions: Functions,
        routes: RouteTable,
        authorizers: Mapping[str, AuthorizerSpec],
        *,
        timeout_s: float = INTEGRATION_TIMEOUT_S,
        compress_from: int | None = None,
    ) -> None:
        """Take the declared routes, the authorizers they name, and from how many bytes on answers are compressed."""
        self._functions = functions
        self._routes = routes
        self._specs = authorizers
        self._timeout_s = timeout_s
        self._compress_from = compress_from
        self._authorizers = authorization.TokenAuthorizers(functions, time.monotonic)

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer one request; `target.path` is without the stage."""
        match = self._routes.match(request.method, target.path)
        if match is None:
            return problem(404, "no_such_route", f"There is nothing at {target.path}.")
        if match.route is None:
            allow = ", ".join(match.allowed)
            detail = f"{request.method} is not possible here, only {allow}."
            return problem(405, "method_not_allowed", detail, {"Allow": allow})
        headers = _with_forwarding(request)
        bare = RestRequest(request.method, target.path, target.query, headers, b"", request.remote or "127.0.0.1")
        context = await self._authorize(match.route, bare)
        if isinstance(context, web.Response):
            return context
        body = await read_body(request, MAX_BODY)
        if body is None or len(body) > rest_events.MAX_PAYLOAD:
            return _too_large()
        full = RestRequest(bare.method, bare.path, bare.query, bare.headers, body, bare.source_ip)
        return await self._call(full, match, context)

    async def _authorize(self, route: Route, request: RestRequest) -> dict[str, str] | web.Response | None:
        if route.authorizer is None:
            return None
        spec = self._specs[route.authorizer]
        arn = rest_events.method_arn(request.method, request.path)
        try:
            return await self._authorizers.authorize(spec, request.header(spec.header), arn)
        except authorization.NotAuthenticated:
            detail = "Send a valid, unexpired token as 'Authorization: Bearer ...'."
            return problem(401, "unauthorized", detail, {"WWW-Authenticate": "Bearer"})
        except authorization.NotAllowed:
            return problem(403, "forbidden", "This token does not allow that.")
        except authorization.AuthorizerFailed as error:
            logger.warning("authorizer %s failed: %s", spec.function, error)
            return problem(500, "internal_error", "The token could not be checked.")

    async def _call(self, request: RestRequest, match: Match, context: dict[str, str] | None) -> web.Response:
        request_id = str(uuid.uuid4())
        event = rest_events.rest_event(request, match, request_id=request_id, now=time.time(), authorizer=context)
        # The function goes on after the gateway gave up, as on AWS: hence a task of its own.
        task = asyncio.ensure_future(self._functions.invoke(FUNCTION, event))
        done, _ = await asyncio.wait({task}, timeout=self._timeout_s)
        if not done:
            task.add_done_callback(_quiet)
            return problem(504, "internal_error", "The request took too long.", {"x-amzn-RequestId": request_id})
        response = _answer(task.result())
        self._compress(response, request.header("Accept-Encoding"))
        response.headers["x-amzn-RequestId"] = request_id
        return response

    def _compress(self, response: web.Response, accepted: str | None) -> None:
        """Compress what is long enough, for clients that ask: the multivariant playlist among it (A10.1)."""
        body = response.body
        if self._compress_from is None or not isinstance(body, bytes) or len(body) < self._compress_from:
            return
        if "Content-Encoding" not in response.headers and accepts_gzip(accepted):
            response.body = gzip.compress(body, mtime=0)
            response.headers["Content-Encoding"] = "gzip"


def _answer(outcome: Invocation) -> web.Response:
    if outcome.timed_out:
        return problem(504, "internal_error", "The request took too long.")
    if outcome.error is not None or outcome.payload is None:
        logger.warning("function %s failed: %s", FUNCTION, outcome.error)
        return problem(502, "internal_error", "The request failed inside the service.")
    try:
        answer = rest_events.rest_answer(outcome.payload)
    except BadAnswer as error:
        logger.warning("function %s answered badly: %s", FUNCTION, error)
        return problem(502, "internal_error", "The service gave an answer that makes no sense.")
    response = web.Response(status=answer.status, body=answer.body)
    for name, value in answer.headers:
        response.headers.add(name, value)
    # What API Gateway says of an answer that says nothing itself.
    response.headers.setdefault("Content-Type", "application/json")
    return response


def _quiet(task: asyncio.Future[Invocation]) -> None:
    if not task.cancelled():
        task.exception()


def _too_large() -> web.Response:
    response = problem(413, "payload_too_large", "The request body is larger than 6 MB.")
    response.force_close()
    return response


def _with_forwarding(request: web.BaseRequest) -> list[tuple[str, str]]:
    """Return the client's headers with those that API Gateway sets in place of whatever the client claimed."""
    port = request.host.rpartition(":")[2]
    ours = {
        "X-Forwarded-For": request.remote or "127.0.0.1",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Port": port if port.isdigit() else "80",
    }
    claimed = {name.lower() for name in ours}
    kept = [(name, value) for name, value in request.headers.items() if name.lower() not in claimed]
    return [*kept, *ours.items()]
