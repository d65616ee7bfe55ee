"""Viewers' WebSockets: who comes in, what they say, and that they have left. app.py holds the handlers themselves."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib import live_container
from chalicelib.adapters.telemetry import instrumented
from chalicelib.errors import Rejected

if TYPE_CHECKING:
    from chalice.app import WebsocketEvent

log = logging.getLogger(__name__)
_REFUSED = 403


@instrumented
def ws_connect(event: WebsocketEvent) -> Response:
    """Let in whoever shows an unused token (`?token=`); everybody else is refused with 403."""
    query = event.to_dict().get("queryStringParameters") or {}
    try:
        live_container.viewers().join(str(query.get("token") or ""), event.connection_id)
    except Rejected as error:
        log.info("a viewer was refused: %s", error.code)
        return Response("", status_code=_REFUSED)
    return Response("", status_code=200)


@instrumented
def ws_message(event: WebsocketEvent) -> Response:
    """Answer what a viewer says, through its connection."""
    live_container.conversation().hear(event.connection_id, event.body)
    return Response("", status_code=200)


@instrumented
def ws_disconnect(event: WebsocketEvent) -> Response:
    """Count a viewer out."""
    live_container.viewers().leave(event.connection_id)
    return Response("", status_code=200)
