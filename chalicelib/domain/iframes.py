"""I-frame playlists (A6): the first picture of every segment, for scrubbing and for fast forward."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.playlist import VERSION, entries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import ChunkResult


def key_frames(chunks: Sequence[ChunkResult]) -> list[ChunkResult]:
    """Each segment cut off after its first picture, which is shown for as long as the segment lasts.

    Empty unless that is known of every segment: chunks made before it was noted get no playlist, not a wrong one.
    """
    if not all(segment.key_frame for chunk in chunks for segment in chunk.segments):
        return []
    return [replace(c, segments=tuple(replace(s, size=s.key_frame) for s in c.segments)) for c in chunks]


def iframe_playlist(chunks: Sequence[ChunkResult], *, target_s: int) -> str:
    """VOD playlist of a finished rendition's key frames; "" where they are not known.

    A range goes from the moof to the end of its first sample (R 4.4.3.6), EXTINF to the next key frame.
    """
    cut = key_frames(chunks)
    if not cut:
        return ""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{target_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-I-FRAMES-ONLY",
        *entries(cut),
        "#EXT-X-ENDLIST",
    ]
    return "\n".join(lines) + "\n"
