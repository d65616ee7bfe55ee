"""WebSocket frames (RFC 6455) beside aiohttp: their sizes as they come in, and whole text frames going out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MASKED = 0x80
_LENGTH = 0x7F
_EXTENDED = {126: 2, 127: 8}
_TEXT = b"\x81"
_CLOSE = b"\x88"


def text_frame(data: bytes) -> bytes:
    """Return an unmasked, final text frame."""
    size = len(data)
    if size < min(_EXTENDED):
        return _TEXT + bytes([size]) + data
    code, width = (126, 2) if size < 1 << 16 else (127, 8)
    return _TEXT + bytes([code]) + size.to_bytes(width, "big") + data


def close_frame(code: int, reason: str) -> bytes:
    """Return the frame that begins the end; `reason` up to 123 bytes."""
    data = code.to_bytes(2, "big") + reason.encode()
    return _CLOSE + bytes([len(data)]) + data


class FrameWatch:
    """Stands before aiohttp's reader, which knows messages but no frames, and hands it all that is allowed.

    `heard` is called for each frame; `oversize` once, for the first longer than `limit` bytes: nothing is read after.
    """

    def __init__(self, reader: Any, limit: int, heard: Callable[[], None], oversize: Callable[[], None]) -> None:
        self._reader = reader
        self._limit = limit
        self._heard = heard
        self._oversize = oversize
        self._head = bytearray()
        self._left = 0
        self._over = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes from the wire; returns whether the stream ended, and what is left over."""
        if not self._over:
            self._scan(data)
        if self._over:
            return False, b""
        ended: tuple[bool, bytes] = self._reader.feed_data(data)
        return ended

    def feed_eof(self) -> None:
        """Take the end of the stream."""
        self._reader.feed_eof()

    def _scan(self, data: bytes) -> None:
        position = 0
        while position < len(data) and not self._over:
            if self._left:
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
            else:
                self._take(data[position])
                position += 1

    def _take(self, byte: int) -> None:
        """Read a frame's header, byte by byte."""
        head = self._head
        head.append(byte)
        if len(head) < 2:  # noqa: PLR2004  the length stands in the second byte
            return
        extended = _EXTENDED.get(head[1] & _LENGTH, 0)
        if len(head) < 2 + extended + (4 if head[1] & _MASKED else 0):
            return
        self._left = int.from_bytes(head[2 : 2 + extended], "big") if extended else head[1] & _LENGTH
        head.clear()
        self._heard()
        if self._left > self._limit:
            self._over = True
            self._oversize()
