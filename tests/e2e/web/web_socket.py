"""The server's side of a WebSocket (RFC 6455), as far as a stand-in needs it: text up to 64 KB."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from io import BufferedIOBase
    from socket import socket

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT = 1
_SHORT = 126


def accept(handler: BaseHTTPRequestHandler) -> None:
    """Answer the handshake; the connection carries frames from then on."""
    digest = hashlib.sha1((handler.headers["Sec-WebSocket-Key"] + _GUID).encode()).digest()  # noqa: S324  as the RFC says
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
    handler.end_headers()
    handler.close_connection = True


def send(connection: socket, message: dict[str, Any]) -> None:
    """Send one message."""
    body = json.dumps(message).encode()
    length = bytes([len(body)]) if len(body) < _SHORT else struct.pack(">BH", _SHORT, len(body))
    connection.sendall(bytes([0x80 | _TEXT]) + length + body)


def read(stream: BufferedIOBase) -> dict[str, Any] | None:
    """Read one masked message; None when the other side closes, ValueError when it is gone."""
    first, second = stream.read(2)
    length = second & 0x7F
    if length == _SHORT:
        (length,) = struct.unpack(">H", stream.read(2))
    mask = stream.read(4)
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(stream.read(length)))
    return json.loads(body) if first & 0x0F == _TEXT else None
