"""Names of a live stream's objects: built and parsed here, nowhere else.

What encoders send lands in the source bucket under `ingest/`; the state of the window beside it under `windows/`;
what viewers fetch lies in the media bucket under `media/{recording}/live/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.domain.keys import media_prefix
from chalicelib.domain.live.stream import Container

INGEST = "ingest/"
STREAM_ID = re.compile(r"live_[0-9a-z]{20}")
INIT = "init.mp4"
_EXTENSIONS = {"m4s": Container.FMP4, "mp4": Container.FMP4, "ts": Container.MPEGTS}
_SEGMENT_NAME = re.compile(r"(?:.*?[^0-9])?([0-9]{1,12})\.(m4s|mp4|ts)")
_INGESTED = re.compile(rf"{INGEST}({STREAM_ID.pattern})/([0-9]{{1,9}})/(init\.mp4|([0-9]{{1,12}})\.(m4s|mp4|ts))")


@dataclass(frozen=True, slots=True)
class Ingested:
    """An object an encoder sent: its stream, epoch, and number (None: the init segment)."""

    stream_id: str
    epoch: int
    n: int | None
    container: Container
    key: str


def is_stream_id(text: str) -> bool:
    """True for an id we could have made."""
    return STREAM_ID.fullmatch(text) is not None


def ingest_prefix(stream_id: str) -> str:
    """Everything the encoders of one stream sent."""
    return f"{INGEST}{stream_id}/"


def epoch_prefix(stream_id: str, epoch: int) -> str:
    """Where one epoch writes; nothing that comes after another epoch has been claimed reads it."""
    return f"{ingest_prefix(stream_id)}{epoch}/"


def parse_ingested(key: str) -> Ingested | None:
    """Inverse of `epoch_prefix` with a name; None for what is none of ours."""
    match = _INGESTED.fullmatch(key)
    if match is None:
        return None
    stream_id, epoch, name, number, extension = match.groups()
    container = Container.FMP4 if name == INIT else _EXTENSIONS[extension]
    return Ingested(stream_id, int(epoch), None if name == INIT else int(number), container, key)


def segment_number(filename: str) -> tuple[int, Container] | None:
    """Number and container of a name an encoder chose (`s00012.m4s`, `live7.ts`); None for anything else."""
    match = _SEGMENT_NAME.fullmatch(filename)
    return (int(match.group(1)), _EXTENSIONS[match.group(2)]) if match else None


def window_key(stream_id: str) -> str:
    """Key, in the source bucket, of a stream's state."""
    return f"windows/{stream_id}.json"


def live_prefix(recording_id: str) -> str:
    """Folder of everything a live stream publishes."""
    return f"{media_prefix(recording_id)}live/"


def live_rendition_prefix(recording_id: str, rendition_id: str) -> str:
    """Folder of one rendition's segments and playlists. Names in it are the same for all renditions."""
    return f"{live_prefix(recording_id)}{rendition_id}/"


def live_playlist_key(recording_id: str, rendition_id: str) -> str:
    """Key of a rendition's sliding playlist."""
    return f"{live_rendition_prefix(recording_id, rendition_id)}live.m3u8"


def recording_playlist_key(recording_id: str, rendition_id: str) -> str:
    """Key of a rendition's whole playlist, written once the stream is over."""
    return f"{live_rendition_prefix(recording_id, rendition_id)}recording.m3u8"


def live_iframes_key(recording_id: str, rendition_id: str) -> str:
    """Key of a finished rendition's I-frame playlist."""
    return f"{live_rendition_prefix(recording_id, rendition_id)}iframes.m3u8"


def segment_stem(run: int, n: int, attempt: str) -> str:
    """What the names of one packaged segment's parts begin with, the same in every rendition.

    `attempt` keeps two workers on one segment apart.
    """
    return f"{run:03d}-{n:08d}-{attempt}"


def part_name(stem: str, part: int) -> str:
    """File name of one part of a packaged segment."""
    return f"{stem}-{part}.m4s"


def init_name(stem: str) -> str:
    """File name of the init segment that came with a packaged segment."""
    return f"{stem}-init.mp4"
