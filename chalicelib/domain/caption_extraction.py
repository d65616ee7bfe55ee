"""Text subtitles inside a source: the command that takes them out, and the tracks they become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.caption_tracks import CaptionKind, CaptionTrack, Origin, label_of
from chalicelib.domain.captions import MAX_BYTES
from chalicelib.domain.encoding import input_options
from chalicelib.domain.languages import display_name, from_file
from chalicelib.domain.media import Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.media import SourceMedia, SubtitleTrack


def text_tracks(media: SourceMedia) -> tuple[SubtitleTrack, ...]:
    """The tracks that are words; pictures of words (Blu-ray, DVD, DVB) would have to be read by a machine."""
    return tuple(track for track in media.subtitles if track.text)


def output_name(track: SubtitleTrack) -> str:
    """Name of the file that the command writes for a track."""
    return f"{track.index}.vtt"


def extract_command(media: SourceMedia, *, url: str, folder: str) -> list[str]:
    """Arguments (without the program) that write every text track into `folder` as WebVTT, in the source's own time.

    In one pass: what is between the words has to be read anyway, where a container has no index of them.
    """
    outputs: list[str] = []
    for track in text_tracks(media):
        outputs += ["-map", f"0:s:{track.index}", "-c:s", "webvtt"]
        # Twice what is taken: the reader says that a file is too large, and no file fills the disk.
        outputs += ["-fs", str(2 * MAX_BYTES), "-f", "webvtt", f"{folder}/{output_name(track)}"]
    return [
        *("-y", "-v", "error", "-nostdin", "-progress", "pipe:1", "-stats_period", "0.5"),
        *input_options(media, url),
        *("-i", url, "-map_metadata", "-1", "-map_chapters", "-1"),
        *outputs,
    ]


def embedded_tracks(tracks: Sequence[SubtitleTrack]) -> list[CaptionTrack]:
    """Return what tracks of a file become, each of a language of its own: the second English one is `en-x-2`.

    None is the default: most programs set that flag without anybody having asked for it.
    """
    made: dict[str, CaptionTrack] = {}
    for track in tracks:
        tag = from_file(track.language)
        count = 1 + sum(language.split("-x-")[0] == tag for language in made)
        language = tag if count == 1 else f"{tag}-x-{count}"
        name = display_name(tag) + (f" {count}" if count > 1 else "") + (" (forced)" if track.forced else "")
        kind = CaptionKind.CAPTIONS if track.role is Role.CAPTIONS else CaptionKind.SUBTITLES
        label = label_of(track.title or name, tag)
        made[language] = CaptionTrack(language, label, "", "", 0, kind, origin=Origin.EMBEDDED)
    return list(made.values())
