"""The two other processes of bench_fanout, gateway and viewers: each talks with its parent in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

import uvloop  # noqa: E402

from headwater.local.declarations import Subscription, load  # noqa: E402
from headwater.local.event_sources import QueuePoller  # noqa: E402
from headwater.local.functions import LambdaService  # noqa: E402
from headwater.local.keys import load_keys  # noqa: E402
from headwater.local.launchers import SourceTree  # noqa: E402
from headwater.local.listener import allow_connections, listen, serving, url_of  # noqa: E402
from headwater.local.targets import parse_target  # noqa: E402
from headwater.local.websocket import WebSocketGateway  # noqa: E402

HANDSHAKE = (
    "GET /ws?token=x HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
AT_ONCE = 50


def say(**words: Any) -> None:
    """Tell the parent."""
    print(json.dumps(words), flush=True)


class Open:
    """Functions that let everybody in and note their names: what is measured is the gateway."""

    def __init__(self) -> None:
        self.names: list[str] = []

    async def invoke(self, _name: str, event: Any) -> Any:
        """Answer at once."""
        context = event["requestContext"]
        if context["eventType"] == "CONNECT":
            self.names.append(context["connectionId"])
        return type("Outcome", (), {"payload": b'{"statusCode": 200}', "error": None, "timed_out": False})


async def gateway(keys: Path, environment: dict[str, str]) -> None:
    """Hold connections; once told where AWS is, also run the real function behind the real queue."""
    allow_connections()
    door = Open()
    held = WebSocketGateway(door, load_keys(keys).aws)

    async def handle(request: Any) -> Any:
        return await held.handle(request, parse_target(request.raw_path))

    listener = listen(0)
    async with serving(listener, handle):
        say(url=url_of(listener))
        while (begun := await asyncio.to_thread(sys.stdin.readline)) == "names\n":
            say(names=door.names)
            door.names = []
        await _with_functions(environment | json.loads(begun))


async def _with_functions(environment: dict[str, str]) -> None:
    functions = LambdaService(load(ROOT, "local"), SourceTree(ROOT, ROOT / "build" / "layers"), environment)
    await functions.start()
    await functions.warm("on_broadcast", 1)
    subscription = Subscription("headwater-local-broadcast.fifo", "on_broadcast", 10, None)
    poller = QueuePoller(environment["AWS_ENDPOINT_URL"], subscription, functions)
    await poller.start()
    say(functions=True)
    await asyncio.to_thread(sys.stdin.readline)
    await poller.stop()
    await functions.stop()


class Viewer(asyncio.Protocol):
    """A socket that counts what comes; one announcement is one frame."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.open = False

    def connection_made(self, transport: Any) -> None:
        """Ask to switch protocols."""
        self.transport = transport
        transport.write(HANDSHAKE.encode())

    def data_received(self, data: bytes) -> None:
        """Note when something came."""
        if not self.open:
            self.open = True
            self.crowd.opened.release()
            return
        self.crowd.received(data.count(b'{"type":"segment"'))


class Crowd:
    """All viewers."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.opened = asyncio.Semaphore(0)
        self.times: list[float] = []

    def received(self, frames: int) -> None:
        """Take announcements; says so when everybody has had one more."""
        now = time.time()
        self.times += [now] * frames
        if len(self.times) >= self.size:
            say(times=self.times[: self.size])
            self.times = self.times[self.size :]


async def viewers(port: int, size: int) -> None:
    """Connect, some at once, and listen until the parent says otherwise."""
    allow_connections()
    crowd, loop = Crowd(size), asyncio.get_running_loop()
    for start in range(0, size, AT_ONCE):
        count = min(AT_ONCE, size - start)
        await asyncio.gather(*(loop.create_connection(lambda: Viewer(crowd), "127.0.0.1", port) for _ in range(count)))
        for _ in range(count):
            await crowd.opened.acquire()
    say(open=size)
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    if sys.argv[1] == "gateway":
        uvloop.run(gateway(Path(sys.argv[2]), dict(os.environ)))
    else:
        uvloop.run(viewers(int(sys.argv[2]), int(sys.argv[3])))
