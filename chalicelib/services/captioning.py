"""Captions in a multivariant playlist, and the playlists its lines name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.caption_tracks import caption_playlist, captioned, playlist_of
from chalicelib.domain.playlist import MIME

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Objects

CACHE = "public, max-age=3600"
"""No key is written twice, but captions that were taken away should not stay at the edge for ever."""


def with_captions(media: Objects, recording: Recording, master: str) -> str:
    """Return `master` with the recording's captions; their playlists are there once it returns.

    They are written here, not with the captions, because only a planned job knows how long the recording is.
    """
    for track in recording.captions if master else ():
        key = playlist_of(track, recording.duration_s)
        if media.head(key) is None:
            body = caption_playlist(track, recording.duration_s).encode()
            media.put_bytes(key, body, content_type=MIME, cache_control=CACHE)
    return captioned(master, recording.captions, recording.duration_s) if master else ""
