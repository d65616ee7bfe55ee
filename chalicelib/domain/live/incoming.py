"""What players say over their WebSocket, read and held to its limits. docs/live-protocol.md says how it is used."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.live.protocol import AUTO
from chalicelib.errors import BadRequest

MAX_INCOMING = 4096
"""Bytes of a message we read: the longest honest one has a few hundred."""
QUALITY = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_MSN = 2**53
"""The largest whole number that every JSON reader keeps exact."""
_MAX_SECONDS = 24 * 3600.0
_MAX_COUNT = 1_000_000


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Send me what is published. `after` is the last media sequence the player has; None for a player that begins."""

    quality: str = AUTO
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether we are there."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a player saw since its last report. None is not known."""

    latency_s: float | None = None
    """Seconds from capture to playhead."""
    buffer_s: float | None = None
    rendition: str | None = None
    stalls: int = 0
    bandwidth_kbps: float | None = None


Incoming = Subscribe | Ping | Report


def parse(text: str) -> Incoming:
    """Read a player's message; raises BadRequest: message_too_large, message_malformed, message_unknown."""
    if len(text.encode("utf-8", "replace")) > MAX_INCOMING:
        raise BadRequest("message_too_large", f"A message to the server may have up to {MAX_INCOMING} bytes.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise _malformed("A message is one JSON object.") from None
    if not isinstance(data, dict):
        raise _malformed("A message is one JSON object.")
    kind = data.get("type")
    if kind == "subscribe":
        return _subscribe(data)
    if kind == "report":
        return _report(data)
    if kind == "ping":
        return Ping()
    raise BadRequest("message_unknown", "`type` must be subscribe, ping or report.")


def _subscribe(data: dict[str, Any]) -> Subscribe:
    after = data.get("after")
    if after is not None and (not _whole(after) or not -1 <= after <= MAX_MSN):
        raise _malformed("`after` must be a media sequence number or null.")
    return Subscribe(_name(data.get("quality", AUTO), "quality"), after)


def _report(data: dict[str, Any]) -> Report:
    rendition, stalls = data.get("rendition"), data.get("stalls", 0)
    if not _whole(stalls) or not 0 <= stalls <= _MAX_COUNT:
        raise _malformed("`stalls` must be a whole number.")
    return Report(
        latency_s=_number(data, "latency_s", _MAX_SECONDS),
        buffer_s=_number(data, "buffer_s", _MAX_SECONDS),
        rendition=None if rendition is None else _name(rendition, "rendition"),
        stalls=stalls,
        bandwidth_kbps=_number(data, "bandwidth_kbps", 1e9),
    )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or QUALITY.fullmatch(value) is None:
        raise _malformed(f"`{what}` must be auto or the id of a rendition.")
    return value


def _number(data: dict[str, Any], name: str, most: float) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _malformed(f"`{name}` must be a number.")
    return min(max(float(value), 0.0), most)


def _malformed(detail: str) -> BadRequest:
    return BadRequest("message_malformed", detail)
