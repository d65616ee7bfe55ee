"""Which routes count against which rate: read by the gate in `entrypoints/limits`, by tests, by docs/security.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.rates import Kind, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

_R = "/v1/recordings/{recording_id}"
_H = "/v1/webhooks/{webhook_id}"
_L = "/v1/live/{stream_id}"

CALLS: Mapping[tuple[str, str], Kind] = {
    ("POST", "/v1/recordings"): Kind.MAKE,
    ("POST", f"{_R}/stream/start-live"): Kind.MAKE,
    ("POST", "/v1/webhooks"): Kind.MAKE,
    ("GET", f"{_R}/upload"): Kind.UPLOAD,
    ("POST", f"{_R}/upload/complete"): Kind.UPLOAD,
    ("PATCH", _R): Kind.WORK,
    ("DELETE", _R): Kind.WORK,
    ("POST", f"{_R}/transcode/quality"): Kind.WORK,
    ("POST", f"{_R}/transcode/retry"): Kind.WORK,
    ("POST", f"{_R}/transcode/vmaf"): Kind.WORK,
    ("DELETE", f"{_R}/transcode"): Kind.WORK,
    ("POST", f"{_R}/download/{{rendition}}"): Kind.WORK,
    ("PUT", f"{_R}/captions/{{language}}"): Kind.WORK,
    ("DELETE", f"{_R}/captions/{{language}}"): Kind.WORK,
    ("DELETE", f"{_R}/stream/live/viewers/{{connection_id}}"): Kind.WORK,
    ("PATCH", _H): Kind.WORK,
    ("DELETE", _H): Kind.WORK,
    ("POST", f"{_H}/rotate"): Kind.WORK,
    ("POST", f"{_H}/test"): Kind.WORK,
    ("POST", f"{_H}/deliveries/{{delivery_id}}/redeliver"): Kind.WORK,
    ("DELETE", "/v1/users/{subject}/data"): Kind.WORK,
    ("POST", "/v1/dead-letters/{queue}/requeue"): Kind.WORK,
    ("GET", "/v1/diagnosis"): Kind.LOOK,
    ("GET", "/v1/analytics/overview"): Kind.LOOK,
    ("GET", "/v1/analytics/live"): Kind.LOOK,
    ("GET", f"{_R}/analytics"): Kind.LOOK,
    ("GET", f"{_R}/analytics/sessions"): Kind.LOOK,
    ("GET", f"{_R}/analytics/sessions/{{session}}"): Kind.LOOK,
    ("GET", f"{_R}/analytics/attendance"): Kind.LOOK,
    ("GET", "/v1/rooms/{room}/attendance"): Kind.LOOK,
}
"""Counted by the person who calls, before anything else is done. To stop a stream is free: it ends what costs."""

INSIDE: Mapping[tuple[str, str], Kind] = {
    ("GET", "/v1/recordings"): Kind.LOOK,
    ("POST", f"{_L}/epochs"): Kind.FEED,
    ("POST", f"{_L}/uploads"): Kind.FEED,
    ("GET", f"{_R}/stream/master.m3u8"): Kind.WATCH,
    ("GET", f"{_R}/stream/live"): Kind.WATCH,
    ("GET", f"{_R}/quality/recommended"): Kind.WATCH,
    ("POST", f"{_R}/sessions/{{session}}/events"): Kind.WATCH,
}
"""Counted by the route itself, which knows whom to count, or whether: a list only when it searches or sorts, a session
once, when it is new, an encoder by its stream once it has shown the key."""

_WHAT = {
    Kind.MAKE: "a person",
    Kind.UPLOAD: "a person",
    Kind.WORK: "a person",
    Kind.LOOK: "a person; a list only when it searches, or sorts by title or length",
    Kind.FEED: "a stream",
    Kind.WATCH: "a person; who shows no token by address (IPv4) or /64 (IPv6). A session counts once",
    Kind.SAY: "a socket, by each instance of the function",
}


def markdown() -> str:
    """Return the table as docs/security.md shows it, without a last line break."""
    rows = ["| Rate | Calls at once | A minute | Of | For |", "|---|---|---|---|---|"]
    for kind in Kind:
        rate = Rates().of(kind)
        named = [f"`{method} {path}`" for (method, path), of in {**CALLS, **INSIDE}.items() if of is kind]
        routes = " ".join(named) or "messages of viewers"
        rows.append(f"| `{kind}` | {rate.burst} | {rate.per_minute} | {_WHAT[kind]} | {routes} |")
    return "\n".join(rows)
