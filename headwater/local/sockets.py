"""One WebSocket under API Gateway's rules: idle and total time, sizes, and a bound on what waits to be sent."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from headwater.local.frames import FrameWatch, close_frame, text_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from headwater.local.socket_events import Peer

KIB = 1024
_HANDSHAKE_S = 1.0


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """API Gateway's quotas, in seconds and bytes; `unsent` is ours: what may wait for a client that reads slowly."""

    idle_s: float = 600.0
    lifetime_s: float = 7200.0
    frame: int = 32 * KIB
    message: int = 128 * KIB
    unsent: int = 512 * KIB


class Socket:
    """An open connection. Sending never waits: a client that does not read is cut off."""

    def __init__(self, peer: Peer, limits: SocketLimits) -> None:
        self.peer = peer
        self.active_at = time.time()
        self.code: int = WSCloseCode.ABNORMAL_CLOSURE
        self.reason = ""
        self._limits = limits
        self._ws = web.WebSocketResponse(
            timeout=_HANDSHAKE_S, autoclose=False, compress=False, max_msg_size=limits.message
        )
        self._transport: asyncio.Transport | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._closing = False

    async def open(self, request: web.BaseRequest) -> web.StreamResponse:
        """Switch protocols; raises what aiohttp raises when the client has gone."""
        await self._ws.prepare(request)
        self._transport = request.transport
        protocol = request.protocol
        protocol._payload_parser = FrameWatch(  # noqa: SLF001  aiohttp has no hook for frames
            protocol._payload_parser,  # noqa: SLF001
            self._limits.frame,
            self._heard,
            lambda: self.close(WSCloseCode.MESSAGE_TOO_BIG, "Frame too large"),
        )
        loop = asyncio.get_running_loop()
        over = loop.call_later(self._limits.lifetime_s, self.close, WSCloseCode.GOING_AWAY, "Connection too old")
        self._timers = [over, loop.call_later(self._limits.idle_s, self._check_idle)]
        return self._ws

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Yield what the client says until the connection is over."""
        while True:
            message = await self._ws.receive()
            if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                yield message.data
                continue
            if self._closing and self._transport is not None:
                self._transport.close()  # that was the answer to our goodbye
            return

    def send(self, data: bytes) -> bool:
        """Send a text; False when the connection is over, or is ended here because too much waits to be sent."""
        transport = self._transport
        if transport is None or self._ws.closed or transport.is_closing() or self._closing:
            return False
        if transport.get_write_buffer_size() + len(data) > self._limits.unsent:
            self.abort(WSCloseCode.TRY_AGAIN_LATER, "Client reads too slowly")
            return False
        transport.write(text_frame(data))
        self.active_at = time.time()
        return True

    def close(self, code: int, reason: str) -> None:
        """Say goodbye and wait a moment for the answer, in the background; the first reason counts."""
        if self._closing or self._transport is None or self._transport.is_closing():
            return
        self._closing, self.code, self.reason = True, code, reason
        self._transport.write(close_frame(code, reason))
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(_HANDSHAKE_S, self._transport.abort))

    def abort(self, code: int, reason: str) -> None:
        """Cut the line."""
        self.code, self.reason = code, reason
        if self._transport is not None:
            self._transport.abort()

    def ended(self) -> None:
        """Take note that all is over, and leave nothing behind."""
        for timer in self._timers:
            timer.cancel()
        if not self.reason and self._ws.close_code is not None:
            self.code = self._ws.close_code

    def _heard(self) -> None:
        self.active_at = time.time()

    def _check_idle(self) -> None:
        left = self.active_at + self._limits.idle_s - time.time()
        if left <= 0:
            self.close(WSCloseCode.GOING_AWAY, "Going away")
            return
        self._timers[1] = asyncio.get_running_loop().call_later(left, self._check_idle)
