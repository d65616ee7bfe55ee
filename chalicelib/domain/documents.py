"""Pieces that several JSON documents of the API share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.recording import Recording

PLAYED = ("video", "audio")
"""Kinds of renditions that people hear of; what else a job makes is its own business."""


def iso(seconds: float) -> str:
    """Return Unix seconds as ISO 8601 in UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def played(renditions: Iterable[Rendition]) -> list[Rendition]:
    """Return those that are for watching and listening, in the same order."""
    return [rendition for rendition in renditions if rendition.kind in PLAYED]


def rendition_document(rendition: Rendition) -> dict[str, Any]:
    """Return what a rendition is; sizes and frame rate are null for sound."""
    return {
        "id": rendition.id,
        "name": rendition.name,
        "kind": rendition.kind,
        "width": rendition.width or None,
        "height": rendition.height or None,
        "bitrate_kbps": rendition.bitrate_kbps,
        "frame_rate": round(float(rendition.frame_rate), 3) or None,
    }


def still_links(recording: Recording) -> dict[str, Any]:
    """Return where the poster and the thumbnail track lie: paths of this origin that the playback cookies open."""
    return {
        "poster_url": f"/{recording.poster}" if recording.poster else None,
        "storyboard_url": f"/{recording.storyboard}" if recording.storyboard else None,
    }
