"""Answers the router gives by itself: problem documents, AWS-style XML errors, bodies read under a limit."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


def problem(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """RFC 9457 document with a stable `code` and a sentence for a person."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def document(body: object, *, cache_control: str = "no-store") -> web.Response:
    """JSON answer."""
    return web.Response(
        body=json.dumps(body).encode(), content_type="application/json", headers={"Cache-Control": cache_control}
    )


def xml_error(status: int, code: str, message: str, extra: Mapping[str, str] | None = None) -> web.Response:
    """Error document as S3 and CloudFront write it; `extra` adds elements."""
    fields = {"Code": code, "Message": message, **(extra or {})}
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return web.Response(
        status=status,
        body=f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode(),
        content_type="application/xml",
        headers={"Cache-Control": "no-store"},
    )


async def send_continue(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send its body; called only once the request is acceptable."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def read_body(request: web.BaseRequest, limit: int) -> bytes | None:
    """Read the body; None as soon as it is known to exceed `limit` bytes."""
    if (request.content_length or 0) > limit:
        return None
    await send_continue(request)
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)
