"""Names of objects and ids of jobs: built here and parsed here, nowhere else."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RECORDING_ID = re.compile(r"rec_[0-9a-z]{20}")
_PLAYLIST = re.compile(rf"media/{RECORDING_ID.pattern}/[0-9a-f]+/([^/\s]+)/index-(job_[0-9a-f]+)\.m3u8")
_SOURCE = re.compile(rf"sources/({RECORDING_ID.pattern})/original")


def address(parameters: Mapping[str, Any], length: int = 12) -> str:
    """Return a content address: hex of SHA-256 over canonical JSON, `length` characters."""
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def is_recording_id(text: str) -> bool:
    """True for an id we could have made; anything else is never looked up."""
    return RECORDING_ID.fullmatch(text) is not None


def source_key(recording_id: str) -> str:
    """Key of the uploaded original in the source bucket."""
    return f"{source_prefix(recording_id)}original"


def source_version(size: int, etag: str) -> str:
    """Return the name of one state of a source: another upload under the same key has another."""
    return address({"etag": etag, "size": size})


def source_prefix(recording_id: str) -> str:
    """Everything the source bucket holds of one recording."""
    return f"sources/{recording_id}/"


def prepared_prefix(recording_id: str) -> str:
    """What the keys of all prepared sources of one recording begin with."""
    return f"{source_prefix(recording_id)}prepared-"


def prepared_key(recording_id: str, source_version: str) -> str:
    """Key, in the source bucket, of one version of the source as rewritten for seeking."""
    return f"{prepared_prefix(recording_id)}{source_version}"


def download_key(recording_id: str, source_version: str, rendition_ids: Sequence[str]) -> str:
    """Key, in the source bucket, of renditions joined into one file: where no playback cookie reaches."""
    return f"{source_prefix(recording_id)}downloads/{source_version}-{'+'.join(rendition_ids)}.mp4"


def recording_of_source(key: str) -> str | None:
    """Inverse of `source_key`; None for a key that is not ours."""
    match = _SOURCE.fullmatch(key)
    return match.group(1) if match else None


def media_prefix(recording_id: str) -> str:
    """Everything a viewer may fetch of one recording; also the scope of its playback cookies."""
    return f"media/{recording_id}/"


def master_key(recording_id: str) -> str:
    """Key of the multivariant playlist in the media bucket."""
    return f"{media_prefix(recording_id)}master.m3u8"


def captions_prefix(recording_id: str) -> str:
    """Folder of every caption file of a recording, and of their playlists."""
    return f"{media_prefix(recording_id)}captions/"


def rendition_prefix(recording_id: str, source_version: str, rendition_id: str) -> str:
    """Folder of one rendition of one version of the source."""
    return f"{media_prefix(recording_id)}{source_version}/{rendition_id}/"


def playlist_key(recording_id: str, source_version: str, rendition_id: str, job_id: str) -> str:
    """Key of a rendition's media playlist; each job has its own, as two may work on one rendition at once."""
    return f"{rendition_prefix(recording_id, source_version, rendition_id)}index-{job_id}.m3u8"


def playlists_in(master: str) -> dict[str, str]:
    """Return which media playlists a multivariant playlist names: rendition id to job id."""
    return dict(_PLAYLIST.findall(master))


def iframes_key(recording_id: str, source_version: str, rendition_id: str, job_id: str) -> str:
    """Key of a video rendition's I-frame playlist, beside its media playlist."""
    return f"{rendition_prefix(recording_id, source_version, rendition_id)}iframes-{job_id}.m3u8"


def storyboard_key(recording_id: str, source_version: str, rendition_id: str, job_id: str) -> str:
    """Key of a job's thumbnail track, beside the sprites it names."""
    return f"{rendition_prefix(recording_id, source_version, rendition_id)}storyboard-{job_id}.vtt"


def poster_key(recording_id: str, source_version: str, tag: str) -> str:
    """Key of the still that stands for a recording; `tag` is the address of how it was made."""
    return f"{media_prefix(recording_id)}{source_version}/poster-{tag}.jpg"


def chunk_key(
    recording_id: str, source_version: str, rendition_id: str, chunk: int, attempt: str, extension: str = "mp4"
) -> str:
    """Key of one attempt at one chunk: never written twice, so never overwritten by a late finisher."""
    return f"{rendition_prefix(recording_id, source_version, rendition_id)}{chunk:05d}-{attempt}.{extension}"


def job_id(recording_id: str, source_version: str, parameters: Mapping[str, Any]) -> str:
    """Deterministic id: the same request on the same source is the same job."""
    return f"job_{address({'recording': recording_id, 'source': source_version, **parameters}, 24)}"
