"""Who may do what, cell by cell: every route and every other way in, for every kind of caller.

Nothing reads this while it runs. It says the same as `access` a second time, from the outside: a test asks the whole
stack for each cell, another holds docs/security.md to `markdown()`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Who(StrEnum):
    """Callers, by what they show. Bad tokens name the recording's owner, as an administrator."""

    OWNER = "owner"
    FORMER = "owner, now a viewer"
    OTHER = "other publisher"
    VIEWER = "viewer"
    ADMIN = "admin"
    LINK = "link"
    """A playback link and no token."""
    PLAYER = "session token"
    """What a player reports under, and no other token."""
    ENCODER = "stream key"
    """And no token."""
    ANONYMOUS = "anonymous"
    EXPIRED = "expired"
    WRONG_AUDIENCE = "wrong audience"
    WRONG_ALGORITHM = "wrong algorithm"
    """HS256 under the issuer's public key: what a careless library takes."""
    UNSIGNED = "none"
    """`alg: none`."""
    FOREIGN = "foreign key"
    """Everything right, signed by somebody else under the issuer's key id."""


class Answer(StrEnum):
    """What a caller gets: let through, or a refusal."""

    YES = "yes"
    UNKNOWN = "401"
    FORBIDDEN = "403"
    ABSENT = "404"


class Rule(StrEnum):
    """Kinds of routes."""

    OPEN = "open to everybody"
    SIGNED_IN = "own things"
    PUBLISH = "own things, as a publisher"
    KEEP = "a recording one has"
    WORK = "a recording, at a cost"
    WATCH = "watching"
    FOLLOW = "a player's reports"
    FEED = "feeding a stream"
    ADMINISTER = "the installation"
    FORGET = "one's own traces"
    HOOK = "a webhook one has"
    HOOK_WORK = "a webhook, at a cost"
    CONNECT = "the viewers' socket"
    FETCH = "media from the CDN"
    PUT = "the encoders' address"
    NOBODY = "machines only"


_BAD_TOKENS = (Who.EXPIRED, Who.WRONG_AUDIENCE, Who.WRONG_ALGORITHM, Who.UNSIGNED, Who.FOREIGN)


def _row(
    yes: Iterable[Who], else_: Answer, *, forbidden: Iterable[Who] = (), absent: Iterable[Who] = ()
) -> dict[Who, Answer]:
    refused = dict.fromkeys(forbidden, Answer.FORBIDDEN) | dict.fromkeys(absent, Answer.ABSENT)
    return dict.fromkeys(Who, else_) | refused | dict.fromkeys(yes, Answer.YES)


_MINE = (Who.OWNER, Who.FORMER, Who.ADMIN)
_PEOPLE = (Who.OWNER, Who.FORMER, Who.OTHER, Who.VIEWER, Who.ADMIN)
_STRANGERS = (Who.OTHER, Who.VIEWER)

CELLS: Mapping[Rule, Mapping[Who, Answer]] = {
    Rule.OPEN: _row(Who, Answer.YES),
    Rule.SIGNED_IN: _row(_PEOPLE, Answer.UNKNOWN),
    Rule.PUBLISH: _row((Who.OWNER, Who.OTHER, Who.ADMIN), Answer.UNKNOWN, forbidden=(Who.FORMER, Who.VIEWER)),
    Rule.KEEP: _row(_MINE, Answer.UNKNOWN, absent=_STRANGERS),
    Rule.WORK: _row((Who.OWNER, Who.ADMIN), Answer.UNKNOWN, forbidden=(Who.FORMER,), absent=_STRANGERS),
    Rule.WATCH: _row((*_MINE, Who.LINK), Answer.UNKNOWN, absent=_STRANGERS),
    Rule.FOLLOW: _row((*_MINE, Who.LINK, Who.PLAYER), Answer.UNKNOWN, absent=_STRANGERS),
    Rule.FEED: _row((Who.ENCODER,), Answer.ABSENT),
    Rule.ADMINISTER: _row((Who.ADMIN,), Answer.UNKNOWN, forbidden=(Who.OWNER, Who.FORMER, Who.OTHER, Who.VIEWER)),
    Rule.FORGET: _row(_MINE, Answer.UNKNOWN, forbidden=_STRANGERS),
    Rule.HOOK: _row((Who.OWNER, Who.FORMER), Answer.UNKNOWN, absent=(Who.OTHER, Who.VIEWER, Who.ADMIN)),
    Rule.HOOK_WORK: _row(
        (Who.OWNER,), Answer.UNKNOWN, forbidden=(Who.FORMER, Who.VIEWER), absent=(Who.OTHER, Who.ADMIN)
    ),
    Rule.CONNECT: _row((*_MINE, Who.LINK), Answer.FORBIDDEN),
    Rule.FETCH: _row((*_MINE, Who.LINK), Answer.FORBIDDEN),
    Rule.PUT: _row((Who.ENCODER,), Answer.ABSENT),
    Rule.NOBODY: _row((), Answer.FORBIDDEN),
}
"""Of a private recording that OWNER made, and of what hangs on it."""

PUBLIC: Mapping[Rule, Mapping[Who, Answer]] = {
    rule: _row([who for who in Who if who not in _BAD_TOKENS], refused)
    for rule, refused in (
        (Rule.WATCH, Answer.UNKNOWN),
        (Rule.FOLLOW, Answer.UNKNOWN),
        (Rule.CONNECT, Answer.FORBIDDEN),
        (Rule.FETCH, Answer.FORBIDDEN),
    )
}
"""The same once the recording is public; nothing else changes. A bad token is refused where none is needed, too."""

_R = "/v1/recordings/{recording_id}"
_H = "/v1/webhooks/{webhook_id}"
_L = "/v1/live/{stream_id}"

ROUTES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/health"): Rule.OPEN,
    ("GET", "/openapi.json"): Rule.OPEN,
    ("GET", "/v1/health"): Rule.OPEN,
    ("GET", "/v1/openapi.json"): Rule.OPEN,
    ("GET", "/v1/recordings"): Rule.SIGNED_IN,
    ("POST", "/v1/recordings"): Rule.PUBLISH,
    ("GET", _R): Rule.KEEP,
    ("PATCH", _R): Rule.KEEP,
    ("DELETE", _R): Rule.KEEP,
    ("GET", f"{_R}/transcode/chunks"): Rule.KEEP,
    ("GET", f"{_R}/download"): Rule.KEEP,
    ("GET", f"{_R}/download/{{rendition}}"): Rule.KEEP,
    ("POST", f"{_R}/download/{{rendition}}"): Rule.KEEP,
    ("PUT", f"{_R}/captions/{{language}}"): Rule.KEEP,
    ("DELETE", f"{_R}/captions/{{language}}"): Rule.KEEP,
    ("DELETE", f"{_R}/stream/stop-live"): Rule.KEEP,
    ("DELETE", f"{_R}/stream/live/viewers/{{connection_id}}"): Rule.KEEP,
    ("GET", f"{_R}/upload"): Rule.WORK,
    ("POST", f"{_R}/upload/complete"): Rule.WORK,
    ("POST", f"{_R}/transcode/quality"): Rule.WORK,
    ("POST", f"{_R}/transcode/retry"): Rule.WORK,
    ("POST", f"{_R}/transcode/vmaf"): Rule.WORK,
    ("DELETE", f"{_R}/transcode"): Rule.WORK,
    ("POST", f"{_R}/stream/start-live"): Rule.WORK,
    ("GET", f"{_R}/analytics"): Rule.WORK,
    ("GET", f"{_R}/analytics/sessions"): Rule.WORK,
    ("GET", f"{_R}/analytics/sessions/{{session}}"): Rule.WORK,
    ("GET", f"{_R}/analytics/attendance"): Rule.WORK,
    ("GET", f"{_R}/transcode/progress"): Rule.WATCH,
    ("GET", f"{_R}/stream/master.m3u8"): Rule.WATCH,
    ("GET", f"{_R}/stream/live"): Rule.WATCH,
    ("GET", f"{_R}/stream/live/stats"): Rule.WATCH,
    ("GET", f"{_R}/captions"): Rule.WATCH,
    ("GET", f"{_R}/captions/{{language}}"): Rule.WATCH,
    ("GET", f"{_R}/quality/recommended"): Rule.FOLLOW,
    ("POST", f"{_R}/sessions/{{session}}/events"): Rule.FOLLOW,
    ("GET", _L): Rule.FEED,
    ("POST", f"{_L}/epochs"): Rule.FEED,
    ("POST", f"{_L}/uploads"): Rule.FEED,
    ("GET", "/v1/analytics/overview"): Rule.PUBLISH,
    ("GET", "/v1/analytics/live"): Rule.PUBLISH,
    ("GET", "/v1/rooms/{room}/attendance"): Rule.PUBLISH,
    ("DELETE", "/v1/users/{subject}/data"): Rule.FORGET,
    ("GET", "/v1/dead-letters"): Rule.ADMINISTER,
    ("POST", "/v1/dead-letters/{queue}/requeue"): Rule.ADMINISTER,
    ("GET", "/v1/diagnosis"): Rule.ADMINISTER,
    ("GET", "/v1/webhooks"): Rule.SIGNED_IN,
    ("POST", "/v1/webhooks"): Rule.PUBLISH,
    ("GET", _H): Rule.HOOK,
    ("DELETE", _H): Rule.HOOK,
    ("GET", f"{_H}/deliveries"): Rule.HOOK,
    ("PATCH", _H): Rule.HOOK_WORK,
    ("POST", f"{_H}/rotate"): Rule.HOOK_WORK,
    ("POST", f"{_H}/test"): Rule.HOOK_WORK,
    ("POST", f"{_H}/deliveries/{{delivery_id}}/redeliver"): Rule.HOOK_WORK,
}
"""Every route of the API, as it is registered."""

DOORS: Mapping[tuple[str, str], Rule] = {
    **{("WS", action): Rule.CONNECT for action in ("$connect", "subscribe", "ping", "report")},
    ("POST", "/ws/@connections/{connection_id}"): Rule.NOBODY,
    ("DELETE", "/ws/@connections/{connection_id}"): Rule.NOBODY,
    ("GET", "/media/{recording_id}/*"): Rule.FETCH,
    ("PUT", "/ingest/{stream_id}/{key}/{name}"): Rule.PUT,
    ("GET", "the source bucket"): Rule.NOBODY,
    ("PUT", "the source bucket"): Rule.NOBODY,
}
"""The ways in beside it. To the socket and the CDN each caller brings what the API gives to it: a ticket, cookies."""


def answer(rule: Rule, who: Who, *, public: bool = False) -> Answer:
    """Look one cell up."""
    row = PUBLIC.get(rule, CELLS[rule]) if public else CELLS[rule]
    return row[who]


def markdown() -> str:
    """Return both tables and the list of routes as docs/security.md shows them, without a last line break."""
    heads = [f"| Of a private recording | {' | '.join(Who)} |", f"|---{'|---' * len(Who)}|"]
    rows = [f"| {rule} | {' | '.join(CELLS[rule][who] for who in Who)} |" for rule in Rule]
    open_ = [f"| {rule}, public | {' | '.join(PUBLIC[rule][who] for who in Who)} |" for rule in PUBLIC]
    lists = ["| Kind | Routes and other ways in |", "|---|---|"]
    for rule in Rule:
        named = [f"`{method} {path}`" for (method, path), kind in {**ROUTES, **DOORS}.items() if kind is rule]
        lists.append(f"| {rule} | {' '.join(named)} |")
    return "\n".join([*heads, *rows, *open_, "", *lists])
