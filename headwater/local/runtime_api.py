"""The Lambda Runtime API for one worker: the worker asks for the next event and posts what came of it."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

_PREFIX = "/2018-06-01/runtime"
MAX_PAYLOAD = 6 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Event:
    """One invocation as the worker gets it: JSON bytes, when it must be done (Unix seconds) and of which function."""

    request_id: str
    body: bytes
    deadline: float
    arn: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the worker posted: the response's bytes, or Lambda's error document."""

    payload: bytes | None
    error: dict[str, Any] | None


class RuntimeApi:
    """One listener. `ready` ends when the worker first asks for an event, with its error if it could not start."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[dict[str, Any] | None] = loop.create_future()
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._outcomes: dict[str, asyncio.Future[Outcome]] = {}
        self._server: asyncio.Server | None = None
        self._web: web.Server | None = None

    async def start(self) -> str:
        """Listen on a free loopback port; returns host:port for AWS_LAMBDA_RUNTIME_API."""
        self._web = web.Server(self._handle)
        self._server = await asyncio.get_running_loop().create_server(self._web, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def submit(self, event: Event) -> asyncio.Future[Outcome]:
        """Hand an event to the worker; the future is its outcome."""
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._outcomes[event.request_id] = outcome
        self._events.put_nowait(event)
        return outcome

    async def stop(self) -> None:
        """Stop listening; whatever is still open is dropped."""
        if self._server is not None:
            self._server.close()
        if self._web is not None:
            # Not 0: aiohttp takes that for no limit, and a worker that waits for work never finishes its request
            await self._web.shutdown(0.1)
        for outcome in self._outcomes.values():
            outcome.cancel()
        self._outcomes.clear()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix(_PREFIX)
        if request.method == "GET" and path == "/invocation/next":
            return await self._next()
        body = await request.content.read()
        if request.method == "POST" and path == "/init/error":
            self._started(_error(body))
            return web.json_response({"status": "OK"}, status=HTTPStatus.ACCEPTED)
        posts: dict[str, Callable[[bytes], Outcome]] = {"response": _response, "error": _failure}
        _, _, tail = path.partition("/invocation/")
        request_id, _, kind = tail.partition("/")
        outcome = self._outcomes.pop(request_id, None)
        if request.method != "POST" or kind not in posts or outcome is None or outcome.done():
            return web.json_response({"errorType": "InvalidRequestID"}, status=HTTPStatus.BAD_REQUEST)
        outcome.set_result(posts[kind](body))
        return web.json_response({"status": "OK"}, status=HTTPStatus.ACCEPTED)

    def _started(self, error: dict[str, Any] | None) -> None:
        if not self.ready.done():
            self.ready.set_result(error)

    async def _next(self) -> web.StreamResponse:
        self._started(None)
        event = await self._events.get()
        return web.Response(
            body=event.body,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": event.request_id,
                "Lambda-Runtime-Deadline-Ms": str(int(event.deadline * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": event.arn,
                "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            },
        )


def _response(body: bytes) -> Outcome:
    if len(body) > MAX_PAYLOAD:
        text = f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
        return Outcome(None, {"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"})
    return Outcome(body, None)


def _failure(body: bytes) -> Outcome:
    return Outcome(None, _error(body))


def _error(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"errorMessage": "", "errorType": "Runtime.Unknown"}
