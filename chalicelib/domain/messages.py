"""Messages between functions: JSON with a version, so that a newer reader understands an older writer."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.media import SourceMedia
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE_VERSION = 3
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
    """Remove every object and row of a recording. `final` is the late second pass that catches stragglers.

    `jobs` are those that the first pass found: what is written of them later is found by nothing else.
    """

    recording_id: str
    final: bool = False
    jobs: tuple[str, ...] = ()

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "delete"} | asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class TidyMessage:
    """Remove what attempts that died have left of a recording's media."""

    recording_id: str

    def dumps(self) -> str:
        """Return the queue's text."""
        return json.dumps({"v": MESSAGE_VERSION, "kind": "tidy"} | asdict(self), separators=(",", ":"))


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
    | TidyMessage
    | ExtractMessage
    | MeasureMessage
    | PrepareMessage
    | JoinMessage
    | StartMessage
)


def parse_message(body: str) -> Message:
    """Read any message; raises Permanent("message_malformed") for anything else.

    Raises Transient("message_too_new") for a later version's: the function that reads it is about to replace this one.
    """
    try:
        data: dict[str, Any] = json.loads(body)
        if data["v"] > MESSAGE_VERSION:
            raise Transient(MESSAGE_TOO_NEW, f"Message version {data['v']} is newer than {MESSAGE_VERSION}.")
        return _READERS[data["kind"]](data)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ArithmeticError) as error:
        raise Permanent("message_malformed", f"Not a message of ours: {error!r}") from None


def _delete(data: dict[str, Any]) -> DeleteMessage:
    jobs = data.get("jobs", [])
    if not isinstance(jobs, list) or not all(isinstance(name, str) for name in jobs):
        raise TypeError("jobs")
    return DeleteMessage(str(data["recording_id"]), bool(data.get("final", False)), tuple(jobs))


def _encode(data: dict[str, Any]) -> EncodeMessage:
    renditions = [data["rendition_id"]] if data["v"] == 1 else data["renditions"]
    if not isinstance(renditions, list) or not all(isinstance(name, str) for name in renditions):
        raise TypeError("renditions")
    chunks = tuple(int(c) for c in data["chunks"])
    return EncodeMessage(str(data["job_id"]), tuple(renditions), chunks, bool(data.get("hedge", False)))


def _prepare(data: dict[str, Any]) -> PrepareMessage:
    media = SourceMedia.from_dict(data["media"])
    return PrepareMessage(str(data["recording_id"]), str(data["source_version"]), media)


_READERS: dict[str, Callable[[dict[str, Any]], Message]] = {
    "encode": _encode,
    "delete": _delete,
    "prepare": _prepare,
    "tidy": lambda data: TidyMessage(str(data["recording_id"])),
    "start": lambda data: StartMessage(str(data["recording_id"])),
    "extract": lambda data: ExtractMessage(str(data["job_id"])),
    "measure": lambda data: MeasureMessage(str(data["job_id"])),
    "poster": lambda data: PosterMessage(str(data["job_id"])),
    "join": lambda data: JoinMessage(str(data["job_id"]), str(data["rendition_id"])),
}
"""By kind, as `dumps` writes it."""
