"""A hall for live viewers: the real gateway and the real handlers, an emulator behind them, sockets in front."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

import app
from chalicelib import container, live_container
from chalicelib.config import settings
from chalicelib.domain.job import Rendition
from chalicelib.domain.live.keys import window_key
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.entrypoints.on_broadcast import on_broadcast
from headwater.local.declarations import Subscription
from headwater.local.event_sources import QueuePoller
from headwater.local.listener import serving
from headwater.local.targets import parse_target
from headwater.local.websocket import WebSocketGateway
from support.lambda_events import Context
from support.live import segment

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

    from chalicelib.domain.live.entry import Entry
    from headwater.local.keys import LocalKeys
    from headwater.local.sockets import SocketLimits

log = logging.getLogger(__name__)
HANDLERS: dict[str, Callable[..., Any]] = {
    "websocket_connect": app.ws_connect,
    "websocket_message": app.ws_message,
    "websocket_disconnect": app.ws_disconnect,
    "on_broadcast": on_broadcast,
}
WITHIN_S = 60.0


@dataclass
class Outcome:
    """How a call ended."""

    payload: bytes | None = None
    error: dict[str, Any] | None = None
    timed_out: bool = False


@dataclass
class Handlers:
    """The product's functions in threads of this process; counts what runs."""

    calls: list[str] = field(default_factory=list)
    running: int = 0

    def concurrency(self, _name: str) -> int:
        """Two of each."""
        return 2

    async def invoke(self, name: str, event: object) -> Outcome:
        """Run a handler to its end."""
        self.calls.append(name)
        self.running += 1
        try:
            answer = await asyncio.to_thread(HANDLERS[name], event, Context())
            return Outcome(json.dumps(answer).encode())
        except Exception as error:
            log.exception("%s failed", name)  # pytest shows it beside the 502 that the client gets
            return Outcome(error={"errorType": type(error).__name__, "errorMessage": str(error)})
        finally:
            self.running -= 1


@dataclass
class Watcher:
    """One client, which notes all it hears."""

    ws: aiohttp.ClientWebSocketResponse
    heard: list[dict[str, Any]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen."""
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.ws:
            self.heard.append(json.loads(message.data))
            self._news.set()
        self._news.set()

    async def say(self, **message: Any) -> None:
        """Send a message."""
        await self.ws.send_str(json.dumps(message))

    async def until(self, holds: Callable[[Watcher], Any], within_s: float = WITHIN_S) -> None:
        """Listen until something holds of this client."""
        async with asyncio.timeout(within_s):
            while not holds(self):
                self._news.clear()
                await self._news.wait()

    async def closed(self, within_s: float = WITHIN_S) -> int | None:
        """Wait for the end; returns the close code."""
        if self._reading is not None:
            await asyncio.wait_for(asyncio.shield(self._reading), within_s)
        return self.ws.close_code

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the messages of one type."""
        return [message for message in self.heard if message["type"] == kind]

    @property
    def msns(self) -> list[int]:
        """Media sequences in the order they came."""
        return [entry["msn"] for message in self.of("segment") for entry in message["entries"]]


@dataclass
class Hall:
    """An open hall and the stream on its stage."""

    url: str
    gateway: WebSocketGateway
    handlers: Handlers
    stream: LiveStream
    state: LiveState
    session: aiohttp.ClientSession

    def ticket(self, viewer: str = "") -> str:
        """Return a token."""
        return live_container.audience().subscribe_to_live(self.stream, viewer)

    async def enter(self, token: str | None = None) -> Watcher:
        """Connect; raises aiohttp.WSServerHandshakeError when refused."""
        shown = await asyncio.to_thread(self.ticket) if token is None else token
        watcher = Watcher(await self.session.ws_connect(f"{self.url}/ws", params={"token": shown}))
        watcher.start()
        return watcher

    async def watch(self, quality: str = "auto", after: int | None = None) -> Watcher:
        """Connect and subscribe."""
        watcher = await self.enter()
        await watcher.say(type="subscribe", quality=quality, after=after)
        await watcher.until(lambda one: one.of("welcome"))
        return watcher

    async def fill(self, count: int, quality: str = "auto") -> list[Watcher]:
        """Let so many in and have them subscribe, some at a time: a busy machine has to answer in time."""
        door = asyncio.Semaphore(8)

        async def come() -> Watcher:
            async with door:
                return await self.watch(quality)

        return await asyncio.gather(*(come() for _ in range(count)))

    def publish(self, count: int = 1) -> tuple[Entry, ...]:
        """Package the next segments, write the state, and tell everybody."""
        before = self.state.window.edge
        for _ in range(count):
            n = self.state.window.edge + 1
            self.state = self.state.accept(segment(n, stream_id=self.stream.id), now=container.clock().now())
        body = json.dumps(self.state.to_dict()).encode()
        key = window_key(self.stream.id)
        container.source_objects().put_bytes(key, body, content_type="application/json", cache_control="no-store")
        entries = self.state.added_since(before)
        live_container.announcer().announce_entries(self.state, entries)
        return entries

    async def counts(self) -> Any:
        """Return the stream's counts."""
        return await asyncio.to_thread(live_container.viewers().counts, self.stream.id)

    async def settle(self, holds: Callable[[Any], bool]) -> Any:
        """Wait until the counts are as they should be; returns them."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(counts := await self.counts()):  # noqa: ASYNC110  other processes set no events
                await asyncio.sleep(0.05)
        return counts


def new_stream() -> LiveStream:
    """Return a stream that is on, of its own: tables and queue outlive a test."""
    clock = container.clock()
    token = clock.token()
    status = StreamStatus.ACTIVE
    return LiveStream(f"live_{token}", f"room-{token}", "ann", f"rec_{token}", status, clock.now(), key_sha="00")


def begun(stream: LiveStream) -> LiveState:
    """Return the state before the first segment, on a ladder of two rungs."""
    rungs = [
        Rendition("a-128k-0", "audio", "Audio", 128),
        Rendition("v-640x360-250k-0", "video", "360p 250k", 250, 640, 360),
        Rendition("v-1280x720-500k-0", "video", "720p 500k", 500, 1280, 720),
    ]
    return LiveState.begin(stream, rungs)


@asynccontextmanager
async def open_hall(
    listener: socket.socket, url: str, keys: LocalKeys, endpoint: str, limits: SocketLimits | None = None
) -> AsyncIterator[Hall]:
    """Run gateway, functions and the poller of their queue, with a stream on."""
    handlers = Handlers()
    gateway = WebSocketGateway(handlers, keys.aws, limits)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await gateway.handle(request, parse_target(request.raw_path))

    stream = new_stream()
    await asyncio.to_thread(live_container.streams().start, stream)
    queue = Subscription(settings().broadcast_queue_url.rpartition("/")[2], "on_broadcast", 1, None)
    poller = QueuePoller(endpoint, queue, handlers)  # type: ignore[arg-type]  # as much of a service as it needs
    async with AsyncExitStack() as exits:
        await exits.enter_async_context(serving(listener, handle))
        exits.push_async_callback(gateway.stop)
        await poller.start()
        exits.push_async_callback(poller.stop)
        connector = aiohttp.TCPConnector(limit=0)
        session = await exits.enter_async_context(aiohttp.ClientSession(connector=connector))
        yield Hall(url, gateway, handlers, stream, begun(stream), session)
