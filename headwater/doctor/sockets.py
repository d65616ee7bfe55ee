"""A viewer's socket, there and back: a stream that nobody sees is started, watched, and removed."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp

from headwater.client.errors import ClientError
from headwater.doctor.findings import bad, good, odd
from headwater.doctor.journey import TITLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headwater.client.api import Api
    from headwater.doctor.findings import Finding

WITHIN_S = 90.0
"""For the handshake and two answers, with cold starts of all three socket functions."""
SLOW_S = 5.0
_DO = "Read the logs of websocket_connect and websocket_message; a proxy has to let `Upgrade: websocket` through."


def sockets(api: Api) -> Iterator[Finding]:
    """Start a stream, talk over its socket, and take both away again."""
    try:
        recording_id = str(api.create({"title": TITLE, "live": True})["recording"]["id"])
    except ClientError as error:
        yield bad(
            "live", f"A live recording cannot be made: {error}", "Use a publisher's token, or an administrator's."
        )
        return
    try:
        api.start_live(recording_id, {})
        url = api.seat(recording_id)["websocket_url"]
        poll = odd("socket", "Viewers are given no socket and poll.", "Check HEADWATER_LIVE_MAX_SOCKETS.")
        yield _talked(str(url)) if url else poll
    except ClientError as error:
        yield bad("live", f"A stream cannot be started and watched: {error}", "Read the log of the function `api`.")
    finally:
        for undo in (api.stop_live, api.delete):
            with suppress(ClientError):
                undo(recording_id)


def _talked(url: str) -> Finding:
    began = time.monotonic()
    try:
        asyncio.run(asyncio.wait_for(_talk(url), WITHIN_S))
    except (aiohttp.ClientError, OSError, TimeoutError, LookupError, TypeError, ValueError) as error:
        return bad("socket", f"A viewer's socket does not work: {error or type(error).__name__}.", _DO)
    took = time.monotonic() - began
    if took > SLOW_S:
        says = f"A viewer's socket took {took:.0f} s for its answers."
        return odd("socket", says, "Cold starts do that once: look again.")
    return good("socket", f"A viewer's socket opens, welcomes and answers ({took * 1000:.0f} ms).")


async def _talk(url: str) -> None:
    """Subscribe and ping; raises LookupError when another answer comes than the protocol says."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        await socket.send_json({"type": "subscribe", "quality": "auto", "after": None})
        await _hear(socket, "welcome")
        await socket.send_json({"type": "ping"})
        await _hear(socket, "pong")


async def _hear(socket: aiohttp.ClientWebSocketResponse, kind: str) -> None:
    while True:
        message: dict[str, Any] = await socket.receive_json()
        if message.get("type") == kind:
            return
        if message.get("type") == "error":
            raise LookupError(message.get("detail", "an error"))
