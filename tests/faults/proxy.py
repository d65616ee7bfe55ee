"""The proxy between everything and AWS, in a thread of its own: it outlives the router and strikes where it is told."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web
from yarl import URL

from faults.calls import Learned
from faults.connections import owner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from faults.calls import Call
    from faults.strikes import Strike

_OURS = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}
_FINAL_S, _SOON_S = 900, 1
"""The second pass of a delete comes after a quarter of an hour; here it comes at once."""
_PLANNER_S, _HURRIED_S = 150, 20
"""So long a dead planner's message stays hidden; here it does not."""


@dataclass
class Answer:
    """What AWS said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Passing:
    """One request on its way: implements strikes.Line."""

    proxy: Proxy
    request: web.BaseRequest
    call: Call
    answered: Answer | None = None
    response: web.StreamResponse | None = None

    async def forward(self) -> None:
        """Let AWS do it, once."""
        if self.answered is None:
            self.answered = await self.proxy.ask(self.request, self.call)

    async def answer(self, status: int, body: bytes, content_type: str) -> None:
        """Answer in AWS's place."""
        self.answered = Answer(status, [("Content-Type", content_type)], b"" if self._bodyless else body)
        await self.pass_on()

    async def pass_on(self, *, share: float = 1.0) -> None:
        """Hand over the answer, or a share of it and a reset."""
        await self.forward()
        assert self.answered is not None
        said = self.answered
        self.response = web.StreamResponse(status=said.status)
        for name, value in said.headers:
            if name.lower() not in _OURS:
                self.response.headers.add(name, value)
        length = {name.lower(): value for name, value in said.headers}.get("content-length")
        self.response.content_length = int(length) if self._bodyless and length else len(said.body)
        await self.response.prepare(self.request)
        if not self._bodyless and said.body:
            await self.response.write(said.body[: int(len(said.body) * share)])
        if share < 1.0:
            self.cut()
            return
        await self.response.write_eof()

    def cut(self) -> None:
        """Reset the connection."""
        if self.request.transport is not None:
            self.request.transport.abort()
        self.response = self.response or web.StreamResponse()

    def gone(self) -> bool:
        """True once the caller has closed it."""
        return self.request.transport is None or self.request.transport.is_closing()

    def process(self) -> int:
        """Process id of the caller."""
        return owner(self.call.peer, self.proxy.port)

    @property
    def _bodyless(self) -> bool:
        return self.request.method == "HEAD"


@dataclass
class Proxy:
    """Listens on a free port from `start` on. `strikes` may be added to and taken from at any time."""

    learned: Learned = field(default_factory=Learned)
    strikes: list[Strike] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    upstream: str = ""
    port: int = 0

    def start(self) -> None:
        """Begin to listen."""
        ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True).start()
        assert ready.wait(30)

    def stop(self) -> None:
        """Close it."""
        self._loop.call_soon_threadsafe(self._over.set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def arm(self, strikes: Iterable[Strike]) -> None:
        """Add strikes; those added first are asked first."""
        self.strikes = [*self.strikes, *strikes]

    def disarm(self) -> None:
        """Let everything pass."""
        self.strikes = []

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=30)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False) as self._session:
            server = web.Server(self._handle, auto_decompress=False, access_log=None)
            listener = await self._loop.create_server(server, "127.0.0.1", 0)
            self.port = listener.sockets[0].getsockname()[1]
            ready.set()
            await self._over.wait()
            listener.close()
            await server.shutdown(0.1)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:  # who asked was killed
            return web.Response()
        if request.path == "/faults/upstream":
            self.upstream = body.decode()
            return web.Response()
        peer = request.transport.get_extra_info("peername")[1] if request.transport else 0
        url = request.rel_url
        call = self.learned.call(request.method, url.raw_path, url.raw_query_string, request.headers, body, peer)
        self.seen[call.action] += 1
        passing = Passing(self, request, call)
        try:
            await self._pass(passing)
        except (aiohttp.ClientError, ConnectionError, TimeoutError):
            passing.cut()
        assert passing.response is not None
        return passing.response

    async def _pass(self, passing: Passing) -> None:
        for strike in self.strikes:
            marks = self.learned.marks(strike.recording) if strike.recording else set()
            if not strike.takes(passing.call, marks):
                continue
            if await strike.act(passing):
                strike.struck += 1
                strike.said.append(f"{passing.call.actor} {passing.call.action} {passing.call.path[-60:]}")
            else:
                strike.missed()
            return
        await passing.pass_on()

    async def ask(self, request: web.BaseRequest, call: Call) -> Answer:
        """Send the request on, and read the whole answer."""
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _OURS]
        url = URL(f"{self.upstream}{request.raw_path}", encoded=True)
        sent = self._session.request(
            request.method,
            url,
            headers=headers,
            data=_hurried(call),
            allow_redirects=False,
            skip_auto_headers={"Content-Type", "User-Agent", "Accept", "Accept-Encoding"},
        )
        async with sent as answer:
            body = await answer.read()
        self.learned.hear(call, body)
        return Answer(answer.status, list(answer.headers.items()), body)


def _hurried(call: Call) -> bytes:
    """Shorten two waits that are long on purpose, so that a trial need not be."""
    if call.action == "sqs.SendMessageBatch" and b"lifecycle" in call.body:
        request = json.loads(call.body)
        for entry in request["Entries"]:
            if entry.get("DelaySeconds") == _FINAL_S and json.loads(entry["MessageBody"]).get("final"):
                entry["DelaySeconds"] = _SOON_S
        return json.dumps(request).encode()
    if call.action == "sqs.ChangeMessageVisibility" and b"uploads" in call.body:
        request = json.loads(call.body)
        if request["VisibilityTimeout"] == _PLANNER_S:
            request["VisibilityTimeout"] = _HURRIED_S
        return json.dumps(request).encode()
    return call.body
