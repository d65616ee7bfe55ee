"""@connections of API Gateway, fast: thousands of small posts a second over some keep-alive connections.

boto3 spends over a millisecond of CPU on each; this spends less than a tenth of that (LIVE, section 5).
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import ssl
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from chalicelib.adapters.call_signing import CallSigner
from chalicelib.adapters.http_line import HttpLine
from chalicelib.domain.live.calls import Delivery, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.domain.live.calls import Call
    from chalicelib.services.ports import Clock

IN_FLIGHT = 100
AT_ONCE = Pace(1.0, float("inf"))
CALL_S = 2.0
"""What one request may take."""
STRAGGLE_S = 1.0
"""What the slowest may take once nobody waits for a turn any more: the next announcement waits for them."""
_RETRY_S = 0.15
_GONE = 410
_THROTTLED = 429
_SERVER_ERROR = 500
_SUCCESS = 2
_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class _Tally:
    sent: int = 0
    gone: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


class SocketPush:
    """Implements viewer_ports.Sockets. Keeps its event loop and idle lines from one invocation to the next."""

    def __init__(
        self, endpoint: str, credentials: Callable[[], Any], region: str, clock: Clock, *, in_flight: int = IN_FLIGHT
    ) -> None:
        """`endpoint` is where `/@connections` lies, without a trailing slash."""
        parts = urlsplit(endpoint)
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme or "https"]
        self._path = parts.path
        self._netloc = parts.netloc
        self._signer = CallSigner(credentials, parts.netloc, region, "execute-api")
        self._clock = clock
        self._in_flight = in_flight
        self._runner: asyncio.Runner | None = None
        self._one_at_a_time = threading.Lock()
        self._idle: deque[HttpLine] = deque()
        self._shas: dict[bytes, str] = {}

    def deliver(self, calls: Sequence[Call], *, within_s: float, pace: Pace | None = None) -> Delivery:
        """Make all calls side by side, no faster than `pace`; what is not done after `within_s` is given up."""
        if not calls:
            return Delivery()
        with self._one_at_a_time:
            return self._run(calls, within_s, pace or AT_ONCE)

    def _run(self, calls: Sequence[Call], within_s: float, pace: Pace) -> Delivery:
        if self._runner is None:
            self._runner = asyncio.Runner()
        self._shas = {text: hashlib.sha256(text).hexdigest() for text in {t for call in calls for t in call.texts}}
        tally = self._runner.run(self._deliver(calls, within_s, pace))
        return Delivery(tally.sent, tuple(tally.gone), tuple(tally.slow))

    def close(self) -> None:
        """Cut every idle line and end the loop."""
        while self._idle:
            self._idle.pop().close()
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    async def _deliver(self, calls: Sequence[Call], within_s: float, pace: Pace) -> _Tally:
        tally, waiting, began = _Tally(), enumerate(calls), asyncio.get_running_loop().time()
        workers = [
            asyncio.create_task(self._work(waiting, tally, pace, began))
            for _ in range(min(self._in_flight, len(calls)))
        ]
        # The first to find no call left has seen the last one taken: those still out are stragglers.
        _, late = await asyncio.wait(workers, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        if len(late) < len(workers):
            _, late = await asyncio.wait(workers, timeout=min(within_s, STRAGGLE_S))
        for worker in late:
            worker.cancel()
        if late:
            await asyncio.gather(*late, return_exceptions=True)
        tally.slow += [call.connection_id for _, call in waiting]
        for worker in workers:
            if not worker.cancelled():
                worker.result()
        return tally

    async def _work(self, calls: Iterator[tuple[int, Call]], tally: _Tally, pace: Pace, began: float) -> None:
        """Take one call after the other; who is slow costs this worker alone."""
        for index, call in calls:
            try:
                await asyncio.sleep(max(0.0, began + pace.begins_after_s(index) - asyncio.get_running_loop().time()))
                async with asyncio.timeout(CALL_S * max(1, len(call.texts))):
                    status = await self._make(call, tally)
            except (TimeoutError, OSError, ssl.SSLError):
                status = 0
            except asyncio.CancelledError:
                tally.slow.append(call.connection_id)
                raise
            if status == _GONE:
                tally.gone.append(call.connection_id)
            elif status // 100 != _SUCCESS:
                tally.slow.append(call.connection_id)

    async def _make(self, call: Call, tally: _Tally) -> int:
        """Return the last status: that of the first request that failed, if any did."""
        status = 200
        for text in call.texts:
            status = await self._ask("POST", call.connection_id, text)
            if status // 100 != _SUCCESS:
                return status
            tally.sent += 1
        if call.close:
            return await self._ask("DELETE", call.connection_id)
        return status if call.texts else await self._ask("GET", call.connection_id)

    async def _ask(self, method: str, connection_id: str, body: bytes = b"") -> int:
        """Ask, and once more when the gateway is busy or fails."""
        status = await self._ask_once(method, connection_id, body)
        if status == _THROTTLED or status >= _SERVER_ERROR:
            await asyncio.sleep(random.uniform(_RETRY_S / 2, _RETRY_S))  # noqa: S311  jitter, no secret
            status = await self._ask_once(method, connection_id, body)
        return status

    async def _ask_once(self, method: str, connection_id: str, body: bytes) -> int:
        request = self._request(method, connection_id, body)
        while True:
            line = await self._line()
            served = line.served
            try:
                status = await line.ask(request)
            except ConnectionError:
                line.close()
                if not served:
                    raise
                continue  # it was closed while it lay idle: the next one, at last a new one, tells
            except BaseException:
                line.close()  # its answer may still come, and would be taken for the next one's
                raise
            if line.usable:
                self._idle.append(line)
            else:
                line.close()
            return status

    def _request(self, method: str, connection_id: str, body: bytes) -> bytes:
        path = f"{self._path}/@connections/{quote(connection_id, safe='')}"
        sha = self._shas.get(body) or hashlib.sha256(body).hexdigest()
        signed = self._signer.headers(method, path, sha, self._clock.now())
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._netloc}\r\n{signed}content-length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def _line(self) -> HttpLine:
        while self._idle:
            line = self._idle.pop()
            if line.usable:
                return line
            line.close()
        context = ssl.create_default_context() if self._secure else None
        _, line = await asyncio.get_running_loop().create_connection(HttpLine, self._host, self._port, ssl=context)
        return line
