"""What the functions of live streams tell each other: JSON with a version, like `domain.messages`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from chalicelib.errors import Permanent, Transient

MESSAGE_VERSION = 1


@dataclass(frozen=True, slots=True)
class IngestMessage:
    """Look at an ingested object again, as if it had just landed. `at` is when it did (Unix seconds)."""

    key: str
    at: float

    def dumps(self) -> str:
        """Return the queue's text."""
        return _text("live-ingest", asdict(self))


@dataclass(frozen=True, slots=True)
class TickMessage:
    """See whether what a stream's window waits for has been waited for long enough."""

    stream_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return _text("live-tick", asdict(self))


@dataclass(frozen=True, slots=True)
class FinishMessage:
    """Make a recording of a stream that was stopped. `tries` counts how often it has waited for segments."""

    stream_id: str
    tries: int = 0

    def dumps(self) -> str:
        """Return the queue's text."""
        return _text("live-finish", asdict(self))


@dataclass(frozen=True, slots=True)
class StillsMessage:
    """Make poster and thumbnails of a finished stream."""

    stream_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return _text("live-stills", asdict(self))


@dataclass(frozen=True, slots=True)
class AnnounceMessage:
    """What the viewers of one shard are to hear: new entries, another status, or the end.

    `entries` are as `playlists.entry_json` makes them; `first` and `dsn` are the media sequence and the
    discontinuity sequence of the playlist that lists them. `status` is "" unless it changed.
    """

    stream_id: str
    recording_id: str
    shard: int
    first: int = 0
    dsn: int = 0
    entries: tuple[dict[str, Any], ...] = field(default=())
    status: str = ""
    ended: bool = False

    def dumps(self) -> str:
        """Return the queue's text."""
        return _text("live-announce", asdict(self))


LiveMessage = IngestMessage | TickMessage | FinishMessage | StillsMessage | AnnounceMessage


def is_live_message(body: str) -> bool:
    """True for a text that one of these wrote; S3's notifications lie in the same queue."""
    try:
        return str(json.loads(body).get("kind", "")).startswith("live-")
    except (ValueError, AttributeError, RecursionError):
        return False


def parse_live_message(body: str) -> LiveMessage:
    """Read any of these messages; raises Permanent("message_malformed") for anything else.

    Raises Transient("message_too_new") for a later version's, which waits for its reader.
    """
    try:
        data: dict[str, Any] = json.loads(body)
        if data["v"] > MESSAGE_VERSION:
            raise Transient("message_too_new", f"Message version {data['v']} is newer than {MESSAGE_VERSION}.")
        match data["kind"]:
            case "live-ingest":
                return IngestMessage(str(data["key"]), float(data["at"]))
            case "live-tick":
                return TickMessage(str(data["stream_id"]))
            case "live-finish":
                return FinishMessage(str(data["stream_id"]), int(data.get("tries", 0)))
            case "live-stills":
                return StillsMessage(str(data["stream_id"]))
            case "live-announce":
                return _announce(data)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Permanent("message_malformed", f"Not a message of ours: {error!r}") from None
    raise Permanent("message_malformed", f"Unknown kind of message: {data['kind']!r}")


def _announce(data: dict[str, Any]) -> AnnounceMessage:
    entries = data["entries"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TypeError("entries")
    return AnnounceMessage(
        stream_id=str(data["stream_id"]),
        recording_id=str(data["recording_id"]),
        shard=int(data["shard"]),
        first=int(data["first"]),
        dsn=int(data["dsn"]),
        entries=tuple(entries),
        status=str(data["status"]),
        ended=bool(data["ended"]),
    )


def _text(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"v": MESSAGE_VERSION, "kind": kind} | fields, separators=(",", ":"))
