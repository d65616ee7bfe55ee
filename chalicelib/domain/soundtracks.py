"""Which audio renditions a source gets: one for each of its tracks, named as a person would."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.job import Rendition
from chalicelib.domain.keys import address
from chalicelib.domain.languages import UNKNOWN, display_name, from_file
from chalicelib.domain.media import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.media import AudioTrack, SourceMedia

AUDIO_KBPS = 128
AUDIO_RATE = 48_000
_ROLES = {Role.COMMENTARY: "commentary", Role.DESCRIBED: "audio description"}
_SYNC = Fraction(1, 50)
_TAIL = Fraction(1, 30)
"""Seconds, a frame: sound and picture have to be equally long (A8.3)."""
_COPY_KBPS = range(64, 161)


def plan_audio(source: SourceMedia, encoder: Mapping[str, object]) -> list[Rendition]:
    """Return a rendition for each audio track, in the file's order; exactly one is the default."""
    names = _names(source)
    return [_rendition(source, track, name, encoder) for track, name in zip(source.audios, names, strict=True)]


def can_copy_audio(source: SourceMedia, audio: AudioTrack) -> bool:
    """Keep the source's packets only where nothing could go wrong: plain AAC-LC in MP4, in step with the video.

    64-160 kbit/s: above, Apple's A2.9 is broken; below, it is usually HE-AAC under another name. A track with a hole
    is encoded, which fills it: players stop at holes.
    """
    return (
        audio.codec == "aac"
        and audio.profile == "LC"
        and audio.channels == 2  # noqa: PLR2004
        and audio.sample_rate == AUDIO_RATE
        and source.container.startswith("mov")
        and audio.bitrate_kbps in _COPY_KBPS
        and audio.unbroken
        and abs(audio.start_s - source.start_s) <= _SYNC
        and (source.video is None or abs(audio.duration_s - source.duration_s) <= _TAIL)
    )


def _rendition(source: SourceMedia, track: AudioTrack, name: str, encoder: Mapping[str, object]) -> Rendition:
    copied = can_copy_audio(source, track)
    kbps = track.bitrate_kbps if copied else AUDIO_KBPS
    tag = address({"kbps": kbps, "copy": copied, "track": track.index, **encoder}, 8)
    return Rendition(
        id=f"a{track.index or ''}-{kbps}k-{tag}",
        kind="audio",
        name=name,
        bitrate_kbps=kbps,
        copy=copied,
        track=track.index,
        language=from_file(track.language),
        default=track is source.audio,
    )


def _names(source: SourceMedia) -> list[str]:
    """One name for each track, all different: players list them by nothing else."""
    names: list[str] = []
    for track in source.audios:
        label = _label(track)
        names.append(next(name for name in _numbered(label) if name not in names))
    return names


def _numbered(label: str) -> list[str]:
    return [label, *(f"{label} {number}" for number in range(2, 10))]


def _label(track: AudioTrack) -> str:
    """Language and title, where the title does not say the language; then what the track is for."""
    tag = from_file(track.language)
    language = "" if tag == UNKNOWN else display_name(tag)
    title = track.title.replace('"', "'")  # would end the name in a playlist
    parts = [title] if language.casefold() in title.casefold() else [language, title]
    label = " - ".join(part for part in parts if part) or "Audio"
    role = _ROLES.get(track.role, "")
    return f"{label} ({role})" if role and role not in label.casefold() else label
