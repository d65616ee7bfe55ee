"""The WebSocket API in front of its three functions, and @connections for those who answer later."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import WSCloseCode, web

from headwater.local import rest_events
from headwater.local.needs import Place
from headwater.local.policies import Need
from headwater.local.presign import SignedRequest
from headwater.local.replies import document, problem, read_body
from headwater.local.roles import Signers, signers_of
from headwater.local.signed_calls import CallRefused, caller, check_call
from headwater.local.socket_events import Peer, connect_event, disconnect_event, message_event, refusal
from headwater.local.sockets import Socket, SocketLimits

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from headwater.local.authorization import Functions
    from headwater.local.presign import Credentials
    from headwater.local.targets import Target

logger = logging.getLogger(__name__)

PATH = "/ws"
CONNECT, MESSAGE, DISCONNECT = "websocket_connect", "websocket_message", "websocket_disconnect"
"""What Chalice calls the functions."""
INTEGRATION_TIMEOUT_S = 29.0
_GOODBYE_S = 5.0
_PLACE = Place(rest_events.ACCOUNT, rest_events.REGION)
_BACKLOG = 16
"""Messages of one client that may wait for its function before it is read on."""
_CONNECTIONS = (f"{PATH}/@connections/", f"{PATH}/%40connections/")


def wants_socket(request: web.BaseRequest) -> bool:
    """True for a request to switch to WebSocket."""
    return request.headers.get("Upgrade", "").strip().lower() == "websocket"


class WebSocketGateway:
    """Holds every open connection of the stack."""

    def __init__(
        self, functions: Functions, signers: Credentials | Signers, limits: SocketLimits | None = None
    ) -> None:
        """Take the functions, who may use @connections, and limits other than API Gateway's."""
        self._functions = functions
        self._signers = signers_of(signers)
        self._limits = limits or SocketLimits()
        self._sockets: dict[str, Socket] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._stopped = False

    @property
    def open(self) -> int:
        """Connections now."""
        return len(self._sockets)

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer a client's handshake, or a function's call of @connections."""
        if target.path.startswith(_CONNECTIONS):
            return await self._answer_call(request, target)
        if not wants_socket(request):
            headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
            return problem(426, "upgrade_required", "This address speaks WebSocket.", headers)
        return await self._connect(request, target)

    async def stop(self) -> None:
        """Say goodbye to everybody; no function hears of it, for they are about to be stopped too."""
        self._stopped = True
        for socket in list(self._sockets.values()):
            socket.close(WSCloseCode.GOING_AWAY, "Going away")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._emptied(), _GOODBYE_S)
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def _emptied(self) -> None:
        while self._sockets:  # noqa: ASYNC110  each goes by itself, a moment from now at the latest
            await asyncio.sleep(0.02)

    async def _connect(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        name = base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()
        peer = Peer(name, time.time(), request.host, request.remote or "127.0.0.1", request.headers.get("User-Agent"))
        event = connect_event(peer, list(request.headers.items()), target.query)
        status = await self._admit(event)
        if status is not None:
            response = web.Response(status=status)
            response.force_close()
            return response
        socket = Socket(peer, self._limits)
        # Before the client hears that it is in: it may be sent something at once.
        self._sockets[name] = socket
        try:
            response_ws = await socket.open(request)
            await self._converse(socket)
            return response_ws
        finally:
            del self._sockets[name]
            socket.ended()
            self._say_goodbye(socket)

    async def _admit(self, event: object) -> int | None:
        try:
            outcome = await asyncio.wait_for(self._functions.invoke(CONNECT, event), INTEGRATION_TIMEOUT_S)
        except TimeoutError:
            return 504
        if outcome.error is not None:
            logger.warning("function %s failed: %s", CONNECT, outcome.error)
            return 502
        return refusal(outcome.payload)

    async def _converse(self, socket: Socket) -> None:
        """Hand messages on, one after the other, while the line goes on being read."""
        waiting: list[asyncio.Task[None]] = []
        async for message in socket.messages():
            binary = isinstance(message, bytes)
            body = base64.b64encode(message).decode() if isinstance(message, bytes) else message
            waiting = [task for task in waiting if not task.done()]
            if len(waiting) == _BACKLOG:
                await asyncio.wait({waiting[0]})
            before = waiting[-1] if waiting else None
            waiting.append(self._spawn(self._tell(MESSAGE, message_event(socket.peer, body, binary=binary), before)))

    def _say_goodbye(self, socket: Socket) -> None:
        if not self._stopped:
            self._spawn(self._tell(DISCONNECT, disconnect_event(socket.peer, socket.code, socket.reason)))

    async def _tell(self, function: str, event: object, after: asyncio.Task[None] | None = None) -> None:
        if after is not None:
            await asyncio.wait({after})
        outcome = await self._functions.invoke(function, event)
        if outcome.error is not None:
            logger.warning("function %s failed: %s", function, outcome.error)

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def _answer_call(self, request: web.BaseRequest, target: Target) -> web.Response:
        name = unquote(target.path.rsplit("/", 1)[1])
        body = await read_body(request, self._limits.message)
        if body is None:
            return _refused(413, "PayloadTooLargeException", "Maximum payload size exceeded")
        headers = {key.lower(): value for key, value in request.headers.items()}
        try:
            self._check_call(SignedRequest(request.method, target.path, target.query, headers), body)
        except CallRefused as refused:
            return _refused(403, "ForbiddenException", str(refused))
        socket = self._sockets.get(name)
        if socket is None or (request.method == "POST" and not socket.send(body)):
            return _refused(410, "GoneException", "Gone")
        if request.method == "POST":
            return web.Response(status=200)
        if request.method == "DELETE":
            socket.close(WSCloseCode.OK, "Connection Closed Normally")
            return web.Response(status=204)
        return document(_view(socket)) if request.method == "GET" else _refused(405, "MethodNotAllowed", "Not possible")

    def _check_call(self, call: SignedRequest, body: bytes) -> None:
        key = caller(call.headers.get("authorization", ""))
        check_call(call, body, self._signers.of(key), time.time())
        resource = f"{rest_events.API_ID}/{rest_events.STAGE}/{call.method}/@connections/{call.path.rsplit('/', 1)[1]}"
        need = Need("execute-api:ManageConnections", _PLACE.arn("execute-api", resource))
        if not self._signers.may(key, need):
            raise CallRefused(f"User is not authorized to perform: {need.action} on resource: {need.resource}")


def _view(socket: Socket) -> dict[str, object]:
    identity = {"sourceIp": socket.peer.source_ip, "userAgent": socket.peer.user_agent}
    times = {"connectedAt": socket.peer.connected_at, "lastActiveAt": socket.active_at}
    iso = {name: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)) for name, at in times.items()}
    return iso | {"identity": identity}


def _refused(status: int, kind: str, message: str) -> web.Response:
    response = document({"message": message})
    response.set_status(status)
    response.headers["x-amzn-ErrorType"] = kind
    if status == 413:  # noqa: PLR2004  what was not read must not be taken for the next request
        response.force_close()
    return response
