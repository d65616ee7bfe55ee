"""One keep-alive HTTP/1.1 connection that asks one thing at a time and wants to know only the status."""

from __future__ import annotations

import asyncio
import re

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\n(?:connection: *close|transfer-encoding:)", re.IGNORECASE)
_END = b"\r\n\r\n"
_NO_CONTENT = 204


class HttpLine(asyncio.Protocol):
    """Raises ConnectionError when the other side goes away or talks nonsense."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.served = 0
        """Answers so far: a line that has served may have been closed by the other side meanwhile."""
        self._reusable = True
        self._answer: asyncio.Future[int] | None = None
        self._received = bytearray()

    @property
    def usable(self) -> bool:
        """True while another request may be sent."""
        return self._reusable and self.transport is not None and not self.transport.is_closing()

    async def ask(self, request: bytes) -> int:
        """Send a request; returns the status of its answer."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionError("the connection is closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._received.clear()
        self.transport.write(request)
        try:
            return await self._answer
        finally:
            self._answer = None

    def close(self) -> None:
        """Cut the connection."""
        self._reusable = False
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self.transport = transport  # type: ignore[assignment]  # a stream's transport both reads and writes

    def data_received(self, data: bytes) -> None:
        """Collect an answer."""
        if self._answer is None or self._answer.done():
            self.close()  # nobody asked
            return
        self._received += data
        end = self._received.find(_END)
        if end < 0:
            return
        head = bytes(self._received[: end + 2])
        status, length = _STATUS.match(head), _LENGTH.search(head)
        if status is None:
            self._answer.set_exception(ConnectionError("that was not HTTP"))
            return
        code = int(status.group(1))
        known = length is not None or code == _NO_CONTENT
        self._reusable = known and _CLOSES.search(head) is None
        if not self._reusable or len(self._received) >= end + len(_END) + (int(length.group(1)) if length else 0):
            self.served += 1
            self._answer.set_result(code)

    def eof_received(self) -> bool:
        """Let the transport close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._reusable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"the connection was lost: {exc!r}"))
