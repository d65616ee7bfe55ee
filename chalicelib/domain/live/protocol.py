"""headwater.live.v1: what travels over a viewer's WebSocket, as values. docs/live-protocol.md says how it is used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PROTOCOL = "headwater.live.v1"
MAX_MESSAGE = 32 * 1024
"""Bytes of a message we send: API Gateway's largest frame, and what it bills as one message."""
AUTO = "auto"
"""The subscription of a player that chooses by itself."""
REPORT_AFTER_S = 30
"""How often players are asked to report."""


@dataclass(frozen=True, slots=True)
class Message:
    """Something the server says."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, `type` first."""
        name = type(self).__name__
        return {"type": name.lower()} | asdict(self)

    def dumps(self) -> str:
        """Return the frame's text."""
        return json.dumps(self.to_dict(), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Quality:
    """A rung that can be subscribed to."""

    id: str
    name: str
    bitrate_kbps: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Welcome(Message):
    """The answer to a subscription. `edge` is -1 while nothing has been published.

    `resume`: "ok" when all after the player's last segment follows; "reset" when it has to fetch playlists anew.
    """

    connection: str
    stream: str
    status: str
    target_s: int
    qualities: tuple[Quality, ...]
    edge: int
    first: int
    resume: str
    report_after_s: int = REPORT_AFTER_S
    protocol: str = PROTOCOL


@dataclass(frozen=True, slots=True)
class Segment(Message):
    """What was published: entries as `playlists.entry_json` makes them, in order, none left out between them."""

    stream: str
    first: int
    """Media sequence of the playlist now: entries below it are no longer in it."""
    dsn: int
    rendition: str
    url: str | None
    """Absolute path of the newest entry in the subscribed rendition; None for "auto"."""
    entries: tuple[dict[str, Any], ...]
    sent_at: float


@dataclass(frozen=True, slots=True)
class Advice(Message):
    """A rung to play."""

    recommended: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stats(Message):
    """Who watches."""

    viewers: int
    peak: int
    by_quality: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status(Message):
    """The encoder went away, or is back."""

    status: str


@dataclass(frozen=True, slots=True)
class Ended(Message):
    """The stream is over; the server closes the connection after this."""

    recording: str
    master_url: str
    playback_url: str


@dataclass(frozen=True, slots=True)
class Pong(Message):
    """Here."""


@dataclass(frozen=True, slots=True)
class Error(Message):
    """A message that was not understood or not allowed; the connection stays open."""

    code: str
    detail: str


def in_frames(message: Segment, entries: Sequence[dict[str, Any]], most: int = MAX_MESSAGE) -> list[str]:
    """Return `entries` as one or more texts like `message`, each up to `most` bytes of ASCII, in order."""
    bare = len(_of(message, ()).dumps()) + 256  # the newest entry's name is in `url` as well
    texts, kept, size = [], list[dict[str, Any]](), bare
    for entry in entries:
        length = len(json.dumps(entry, separators=(",", ":"))) + 1
        if kept and size + length > most:
            texts.append(_of(message, kept).dumps())
            kept, size = [], bare
        kept.append(entry)
        size += length
    return [*texts, _of(message, kept).dumps()] if kept else texts


def _of(message: Segment, entries: Sequence[dict[str, Any]]) -> Segment:
    folder = None if message.url is None else message.url.rpartition("/")[0]
    url = f"{folder}/{entries[-1]['name']}" if folder is not None and entries else message.url
    return Segment(message.stream, message.first, message.dsn, message.rendition, url, tuple(entries), message.sent_at)
