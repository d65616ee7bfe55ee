"""A recording's captions as its row lists them, and as players find them: a playlist each, and lines in the master."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING, Any

from chalicelib.domain.keys import address, captions_prefix
from chalicelib.domain.languages import display_name, public_tag
from chalicelib.domain.stored import known
from chalicelib.domain.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_TRACKS = 32
LABEL_CHARS = 60
GROUP = "captions"
_TRANSCRIBES = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
_OURS = re.compile(r"^#EXT-X-MEDIA:TYPE=SUBTITLES,.*\n", re.MULTILINE)
_OUR_ATTRIBUTE = re.compile(rf',SUBTITLES="{GROUP}"')
_VARIANT = re.compile(r"^#EXT-X-STREAM-INF:.*$", re.MULTILINE)


class CaptionKind(StrEnum):
    """What a track tells, in HTML's words."""

    SUBTITLES = "subtitles"
    """What is said."""
    CAPTIONS = "captions"
    """And what else is to be heard, for those who do not hear it."""


class Origin(StrEnum):
    """Where a track comes from."""

    UPLOADED = "uploaded"
    EMBEDDED = "embedded"
    """In the source file."""


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """One caption file of a recording. `language` is unique among its tracks: a normalised BCP 47 tag."""

    language: str
    label: str
    key: str
    """Of the WebVTT object."""
    content: str
    """Address of what is in it: the same text has the same."""
    cues: int
    kind: CaptionKind = CaptionKind.SUBTITLES
    default: bool = False
    """Shown to viewers who did not choose; at most one of a recording."""
    origin: Origin = Origin.UPLOADED

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CaptionTrack:
        """Read what `to_dict` wrote."""
        return cls(**known(cls, data) | {"kind": CaptionKind(data["kind"]), "origin": Origin(data["origin"])})


def label_of(text: str, language: str) -> str:
    """Return a name for menus and playlists, on one line without double quotes; the language's own for empty text."""
    return one_line(text).replace('"', "'")[:LABEL_CHARS].strip() or display_name(language)


def track_in(tracks: Iterable[CaptionTrack], language: str) -> CaptionTrack | None:
    """Find a track by its language."""
    return next((track for track in tracks if track.language == language), None)


def with_track(tracks: Sequence[CaptionTrack], new: CaptionTrack) -> tuple[CaptionTrack, ...]:
    """Return `tracks` with `new` in place of the one of its language, by language; a new default is the only one."""
    others = [track for track in tracks if track.language != new.language]
    if new.default:
        others = [replace(track, default=False) for track in others]
    return tuple(sorted([*others, new], key=lambda track: track.language))


def with_embedded(tracks: Sequence[CaptionTrack], found: Sequence[CaptionTrack]) -> tuple[CaptionTrack, ...]:
    """Return the uploaded tracks and those of the source that none of them replaces; uploaded defaults come first."""
    merged = tuple(track for track in tracks if track.origin is Origin.UPLOADED)
    for track in found:
        if track_in(merged, track.language) is None and len(merged) < MAX_TRACKS:
            taken = any(other.default for other in merged)
            merged = with_track(merged, replace(track, default=track.default and not taken))
    return merged


def fingerprint(tracks: Iterable[CaptionTrack], duration_s: float) -> str:
    """Return what changes whenever a master's caption lines do."""
    return address({"tracks": [track.to_dict() for track in tracks], "duration": round(duration_s, 3)})


def track_key(recording_id: str, language: str, content: str, attempt: str) -> str:
    """Key of a WebVTT object. `attempt` makes it one writer's own: what a row names, no late finisher can remove."""
    return f"{captions_prefix(recording_id)}{language}-{content}-{attempt}.vtt"


def playlist_of(track: CaptionTrack, duration_s: float) -> str:
    """Key of a track's media playlist: another length of the recording is another playlist."""
    return f"{track.key.removesuffix('.vtt')}-{round(duration_s * 1000)}.m3u8"


def caption_playlist(track: CaptionTrack, duration_s: float) -> str:
    """Return the media playlist: one segment as long as the recording.

    Two hours of speech are a hundred kilobytes; in pieces they would be hundreds of requests, and every cue that
    crosses a border be there twice. A subtitle playlist of type VOD may have a target duration of its own (R 6.2.4).
    """
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:3",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(duration_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f"#EXTINF:{duration_s:.5f},",
        track.key.rsplit("/", 1)[-1],
        "#EXT-X-ENDLIST",
    ]
    return "\n".join(lines) + "\n"


def captioned(master: str, tracks: Sequence[CaptionTrack], duration_s: float) -> str:
    """Return a multivariant playlist with exactly these tracks, whatever captions it listed before.

    They change long after the renditions have been settled, so they are put into the text that is there.
    """
    bare = _OUR_ATTRIBUTE.sub("", _OURS.sub("", master))
    if not tracks:
        return bare
    first = _VARIANT.search(bare)
    at = first.start() if first else len(bare)
    lines = "".join(f"{line}\n" for line in _media_lines(tracks, duration_s))
    variants = _VARIANT.sub(lambda match: f'{match[0]},SUBTITLES="{GROUP}"', bare[at:])
    return bare[:at] + lines + variants


def _media_lines(tracks: Sequence[CaptionTrack], duration_s: float) -> list[str]:
    names: set[str] = set()
    spoken_for = {_combination(track) for track in tracks if track.default}
    lines = []
    for track in tracks:
        # A player may take one unasked; of two that look alike only the first (R 4.4.6.1).
        auto = track.default or _combination(track) not in spoken_for
        spoken_for.add(_combination(track))
        # Of a group no two may have one name (R 4.4.6.1.1).
        name = next(n for n in (track.label, *(f"{track.label} {i}" for i in range(2, 99))) if n not in names)
        names.add(name)
        attributes = [
            "TYPE=SUBTITLES",
            f'GROUP-ID="{GROUP}"',
            f'NAME="{name}"',
            f'LANGUAGE="{public_tag(track.language)}"',
            f"DEFAULT={'YES' if track.default else 'NO'}",
            f"AUTOSELECT={'YES' if auto else 'NO'}",
            "FORCED=NO",
            *([f'CHARACTERISTICS="{_TRANSCRIBES}"'] if track.kind is CaptionKind.CAPTIONS else []),
            f'URI="/{playlist_of(track, duration_s)}"',
        ]
        lines.append("#EXT-X-MEDIA:" + ",".join(attributes))
    return lines


def _combination(track: CaptionTrack) -> tuple[str, CaptionKind]:
    return public_tag(track.language), track.kind
