"""A recording: what a user uploads, and its life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.caption_tracks import CaptionTrack


class RecordingStatus(StrEnum):
    """Where a recording is between the first byte and the last segment."""

    UPLOADING = "uploading"
    WAITING = "waiting"
    """For a live stream to make it; nothing has come yet."""
    LIVE = "live"
    """Its stream is on, or is being made into the recording."""
    PROCESSING = "processing"
    PLAYABLE = "playable"
    """The first chunks can be watched while the rest still encodes."""
    READY = "ready"
    ERRORED = "errored"
    DELETING = "deleting"
    """Answers 404 to everybody; its objects are being removed."""


PREPARING = "preparing"
"""The stage of a recording whose source is being rewritten before its job can be planned."""


class Visibility(StrEnum):
    """Who may watch: `private` the owner and holders of a signed link, `public` anybody."""

    PRIVATE = "private"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as stored. Times are Unix seconds, sizes bytes; `upload_id` is S3's multipart id while uploading."""

    id: str
    owner: str
    title: str
    filename: str
    content_type: str
    size_bytes: int
    status: RecordingStatus
    created_at: float
    updated_at: float
    visibility: Visibility = Visibility.PRIVATE
    room_id: str = ""
    upload_id: str = ""
    part_size_bytes: int = 0
    source_version: str = ""
    job_id: str = ""
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    error_code: str = ""
    error_detail: str = ""
    poster: str = ""
    """Key of the still, of this source version; empty while there is none."""
    storyboard: str = ""
    """Key of the thumbnail track, likewise."""
    captions: tuple[CaptionTrack, ...] = ()
    """By language."""
    captions_version: str = ""
    """The source whose own subtitles have been taken out: done once, so that one who deletes them is rid of them."""
    stage: str = ""
    """What goes on before there is a job: `PREPARING`, or nothing worth telling."""
    stream_id: str = ""
    """The live stream that makes it, or made it; empty for uploads."""

    @property
    def is_live(self) -> bool:
        """True for one that a live stream makes or made: it has no source and no job."""
        return bool(self.stream_id) or self.status in {RecordingStatus.WAITING, RecordingStatus.LIVE}
