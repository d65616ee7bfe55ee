"""What API Gateway tells functions about WebSockets: the events of its proxy integration. Pure."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

API_ID = "localws"
STAGE = "api"
_REFUSED = 403


@dataclass(frozen=True, slots=True)
class Peer:
    """One connection as its events name it; `connected_at` in Unix seconds."""

    connection_id: str
    connected_at: float
    domain: str
    source_ip: str
    user_agent: str | None


def connect_event(peer: Peer, headers: Sequence[tuple[str, str]], query: str) -> dict[str, Any]:
    """Return the event of the route $connect."""
    event: dict[str, Any] = _named("headers", "multiValueHeaders", headers)
    pairs = parse_qsl(query, keep_blank_values=True)
    if pairs:
        event |= _named("queryStringParameters", "multiValueQueryStringParameters", pairs)
    return event | {"requestContext": _context(peer, "$connect", "CONNECT"), "isBase64Encoded": False}


def message_event(peer: Peer, body: str, *, binary: bool = False) -> dict[str, Any]:
    """Return the event of the route $default; `body` is base64 when `binary`."""
    context = _context(peer, "$default", "MESSAGE") | {"messageId": uuid.uuid4().hex}
    return {"requestContext": context, "body": body, "isBase64Encoded": binary}


def disconnect_event(peer: Peer, code: int, reason: str) -> dict[str, Any]:
    """Return the event of the route $disconnect."""
    context = _context(peer, "$disconnect", "DISCONNECT")
    context |= {"disconnectStatusCode": code, "disconnectReason": reason}
    headers = [("Host", peer.domain), ("x-api-key", ""), ("X-Forwarded-For", ""), ("x-restapi", "")]
    named = _named("headers", "multiValueHeaders", headers)
    return named | {"requestContext": context, "isBase64Encoded": False}


def refusal(payload: bytes | None) -> int | None:
    """Read what the function of $connect answered: None lets the client in, else the status it gets instead."""
    try:
        answer = json.loads(payload or b"null")
    except ValueError:
        return _REFUSED
    status = answer.get("statusCode") if isinstance(answer, dict) else None
    if not isinstance(status, int):
        return 502
    return None if status // 100 == 2 else status  # noqa: PLR2004  any success


def _context(peer: Peer, route: str, kind: str) -> dict[str, Any]:
    now = time.time()
    request_id = str(uuid.uuid4())
    return {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": request_id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "messageDirection": "IN",
        "stage": STAGE,
        "connectedAt": int(peer.connected_at * 1000),
        "requestTimeEpoch": int(now * 1000),
        "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
        "requestId": request_id,
        "domainName": peer.domain,
        "connectionId": peer.connection_id,
        "apiId": API_ID,
    }


def _named(single: str, multiple: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    grouped: dict[str, list[str]] = {}
    for name, value in pairs:
        grouped.setdefault(name, []).append(value)
    last: Mapping[str, str] = {name: values[-1] for name, values in grouped.items()}
    return {single: last, multiple: grouped}
