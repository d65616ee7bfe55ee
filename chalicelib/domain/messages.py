"""Messages between functions: JSON with a version, so that a newer reader understands an older writer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.domain.media import SourceMedia
from chalicelib.errors import Permanent, Transient

MESSAGE_VERSION = 2
MESSAGE_TOO_NEW = "message_too_new"
"""Code of a message that waits for a later version to read it: after a rollback, or while one is being deployed."""


@dataclass(frozen=True, slots=True)
class EncodeMessage:
    """Work for one encoder process: all chunks of one audio rendition, or one chunk of some video renditions.

    `hedge` asks for a second attempt beside a first one that takes too long. Version 1 named one `rendition_id`.
    """

    job_id: str
    renditions: tuple[str, ...]
    chunks: tuple[int, ...]
    hedge: bool = False

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "encode"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """Remove every object and row of a recording. `final` is the late second pass that catches stragglers."""

    recording_id: str
    final: bool = False

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "delete"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class ExtractMessage:
    """Take the text subtitles out of a job's source."""

    job_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "extract"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class MeasureMessage:
    """Compare a finished job's rungs with the source."""

    job_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "measure"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class PrepareMessage:
    """Rewrite one version of a source so that it can be seeked; `media` is what a probe found in it."""

    recording_id: str
    source_version: str
    media: SourceMedia

    def dumps(self) -> str:
        """Return the queue's text."""
        fields = {"recording_id": self.recording_id, "source_version": self.source_version}
        body = {"v": MESSAGE_VERSION, "kind": "prepare", **fields, "media": self.media.to_dict()}
        return json.dumps(body, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class JoinMessage:
    """Make one file of a rendition and its sound."""

    job_id: str
    rendition_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "join"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class StartMessage:
    """Look at a recording's source again, as if it had just landed: what was missing for its job is there now."""

    recording_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "start"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class PosterMessage:
    """Make the still that stands for the recording of a job."""

    job_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "poster"} | asdict(self), separators=(",", ":"))


Message = (
    EncodeMessage
    | PosterMessage
    | DeleteMessage
    | ExtractMessage
    | MeasureMessage
    | PrepareMessage
    | JoinMessage
    | StartMessage
)

_OF_A_JOB: dict[str, type[ExtractMessage | MeasureMessage | PosterMessage]] = {
    "extract": ExtractMessage,
    "measure": MeasureMessage,
    "poster": PosterMessage,
}
"""Kinds that say nothing but whose work it is."""


def parse_message(body: str) -> Message:
    """Read any message; raises Permanent("message_malformed") for anything else.

    Raises Transient("message_too_new") for a later version's: the function that reads it is about to replace this one.
    """
    try:
        data: dict[str, Any] = json.loads(body)
        if data["v"] > MESSAGE_VERSION:
            raise Transient(MESSAGE_TOO_NEW, f"Message version {data['v']} is newer than {MESSAGE_VERSION}.")
        if data["kind"] == "encode":
            return _encode(data)
        if data["kind"] in _OF_A_JOB:
            return _OF_A_JOB[data["kind"]](str(data["job_id"]))
        if data["kind"] == "delete":
            return DeleteMessage(str(data["recording_id"]), bool(data.get("final", False)))
        if data["kind"] == "prepare":
            media = SourceMedia.from_dict(data["media"])
            return PrepareMessage(str(data["recording_id"]), str(data["source_version"]), media)
        if data["kind"] == "join":
            return JoinMessage(str(data["job_id"]), str(data["rendition_id"]))
        if data["kind"] == "start":
            return StartMessage(str(data["recording_id"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ArithmeticError) as error:
        raise Permanent("message_malformed", f"Not a message of ours: {error!r}") from None
    raise Permanent("message_malformed", f"Unknown kind of message: {data['kind']!r}")


def _encode(data: dict[str, Any]) -> EncodeMessage:
    renditions = [data["rendition_id"]] if data["v"] == 1 else data["renditions"]
    if not isinstance(renditions, list) or not all(isinstance(name, str) for name in renditions):
        raise TypeError("renditions")
    chunks = tuple(int(c) for c in data["chunks"])
    return EncodeMessage(str(data["job_id"]), tuple(renditions), chunks, bool(data.get("hedge", False)))
