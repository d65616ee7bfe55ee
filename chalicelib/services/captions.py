"""Captions of a recording: taken from people, listed, handed out, removed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.access import Action
from chalicelib.domain.caption_tracks import (
    MAX_TRACKS,
    CaptionKind,
    CaptionTrack,
    label_of,
    track_in,
    track_key,
    with_track,
)
from chalicelib.domain.captions import MIME, read_captions, write_webvtt
from chalicelib.domain.keys import address
from chalicelib.domain.languages import normalised
from chalicelib.errors import BadRequest, Conflict, NotFound, Transient
from chalicelib.services.captioning import CACHE
from chalicelib.services.recordings import find, read_living
from chalicelib.services.tidying import ask_to_tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.access import Caller
    from chalicelib.domain.captions import Cue
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Objects, Recordings
    from chalicelib.services.publishing import Publisher

_RACES = 8
_ATTEMPT_CHARS = 10
_CONTENT_CHARS = 16


@dataclass(frozen=True, slots=True)
class CaptionShelf:
    """The caption files of recordings. Objects come before the row that names them and go after it."""

    recordings: Recordings
    media: Objects
    publisher: Publisher
    clock: Clock

    def store(self, recording_id: str, track: CaptionTrack, cues: Sequence[Cue]) -> str:
        """Write cues as an object of their own; returns its key. One that no row comes to name is removed later."""
        ask_to_tidy(self.publisher.lifecycle_queue, recording_id)
        key = track_key(recording_id, track.language, track.content, self.clock.token()[:_ATTEMPT_CHARS])
        self.media.put_bytes(key, write_webvtt(cues).encode(), content_type=MIME, cache_control=CACHE)
        return key

    def change(
        self, recording_id: str, edit: Callable[[Recording], tuple[CaptionTrack, ...]], *, version: str | None = None
    ) -> Recording:
        """Set the captions to what `edit` makes of the row; it runs again when somebody else was faster.

        Players are told even if nothing changed: whoever calls again may have died before telling them. Raises
        NotFound when the recording is gone.
        """
        for _ in range(_RACES):
            before = read_living(self.recordings, recording_id)
            after = edit(before)
            now: Recording | None = before
            if after != before.captions or version is not None:
                now = self.recordings.swap_captions(recording_id, before.captions, after, version=version)
            if now is not None:
                self.publisher.refresh(recording_id)
                self.discard({track.key for track in before.captions} - {track.key for track in after})
                return now
        raise Transient("captions_contended", "The captions of this recording are being changed by others: try again.")

    def discard(self, keys: set[str]) -> None:
        """Remove caption files that no row names, with their playlists."""
        for key in keys:
            self.media.delete([*self.media.list_keys(key.removesuffix(".vtt"))])


def content_of(cues: Sequence[Cue]) -> str:
    """Return the address of what a caption file says."""
    return address({"webvtt": write_webvtt(cues)}, _CONTENT_CHARS)


def language_of(tag: str) -> str:
    """Return a tag that somebody gave, normalised; raises BadRequest("captions_bad_language")."""
    try:
        return normalised(tag)
    except ValueError as error:
        raise BadRequest("captions_bad_language", f"{error}.") from None


@dataclass(frozen=True, slots=True)
class Offer:
    """A caption file that somebody brings, as bytes, and what to call it."""

    language: str
    body: bytes
    label: str = ""
    kind: CaptionKind = CaptionKind.SUBTITLES
    default: bool = False


@dataclass(frozen=True, slots=True)
class CaptionLibrary:
    """Captions under the rules of access. Everything may be repeated."""

    recordings: Recordings
    shelf: CaptionShelf
    max_duration_s: int

    def put(self, caller: Caller, recording_id: str, offer: Offer) -> tuple[CaptionTrack, bool]:
        """Add or replace the captions of a language; returns them, and whether they are new.

        Raises NotFound, Forbidden, what `read_captions` raises, Conflict("captions_too_many").
        """
        recording = find(self.recordings, caller, recording_id, Action.CHANGE)
        language = language_of(offer.language)
        cues = read_captions(offer.body, max_duration_s=self.max_duration_s)
        label, content = label_of(offer.label, language), content_of(cues)
        draft = CaptionTrack(language, label, "", content, len(cues), offer.kind, offer.default)
        written = ""
        new = False

        def edit(now: Recording) -> tuple[CaptionTrack, ...]:
            nonlocal written, new
            there = track_in(now.captions, language)
            new = there is None
            if new and len(now.captions) >= MAX_TRACKS:
                raise Conflict("captions_too_many", f"A recording may have up to {MAX_TRACKS} captions.")
            # The row names an object of the same content, and our write holds only if it still does.
            if there is not None and there.content == content:
                return with_track(now.captions, replace(draft, key=there.key))
            written = written or self.shelf.store(recording.id, draft, cues)
            return with_track(now.captions, replace(draft, key=written))

        after = self.shelf.change(recording.id, edit)
        track = track_in(after.captions, language) or draft
        if written and track.key != written:
            self.shelf.discard({written})
        return track, new

    def read(self, recording: Recording, language: str) -> tuple[CaptionTrack, str]:
        """Return a track and its WebVTT; raises NotFound("captions_not_found")."""
        tag = language_of(language)
        track = track_in(recording.captions, tag)
        body = self.shelf.media.get(track.key) if track else None
        if track is None or body is None:
            raise _not_found(tag)
        return track, body.decode()

    def remove(self, caller: Caller, recording_id: str, language: str) -> None:
        """Take the captions of a language away; raises NotFound, also "captions_not_found", or Forbidden."""
        recording = find(self.recordings, caller, recording_id, Action.CHANGE)
        tag = language_of(language)
        found = False

        def edit(now: Recording) -> tuple[CaptionTrack, ...]:
            nonlocal found
            found = track_in(now.captions, tag) is not None
            return tuple(track for track in now.captions if track.language != tag)

        self.shelf.change(recording.id, edit)
        if not found:
            raise _not_found(tag)


def _not_found(language: str) -> NotFound:
    return NotFound("captions_not_found", f"This recording has no captions in {language}.")
