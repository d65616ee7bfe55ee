"""A live programme's playlists as text, and its entries as the JSON that is pushed to players.

Both come from the same rounded numbers. A player that holds the pushed entries writes the very text that the server
does: the header of `media_playlist`, with the `first` and `dsn` it was told, and for each entry of `entry_json` in turn

    #EXT-X-DISCONTINUITY                  if `disc`
    #EXT-X-MAP:URI="{init}"               if `init` is not that of the entry listed before it, or there is none
    #EXT-X-PROGRAM-DATE-TIME:{pdt}
    #EXT-X-GAP                            if `gap`, and in the playlist of the sound also if `a` is null
    #EXTINF:{seconds},                    five decimals, of `d`; in the playlist of the sound of `a`, unless it is null
    {name}

joined by newlines, and after the stream's end `#EXT-X-ENDLIST`; the last line ends in a newline as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.bandwidth import Bandwidth, measure
from chalicelib.domain.documents import iso
from chalicelib.domain.iframes import key_frames
from chalicelib.domain.job import ChunkResult, Segment
from chalicelib.domain.live.cursor import Cursor
from chalicelib.domain.live.entry import DECIMALS, Entry, fits
from chalicelib.domain.live.keys import part_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.window import LiveWindow

AUDIO = "audio"
VERSION = 8
"""What EXT-X-GAP needs."""


def media_playlist(window: LiveWindow, kind: str) -> str:
    """Sliding playlist of every rendition of a `kind`, "video" or "audio"; no PLAYLIST-TYPE (R 6.2.2)."""
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{window.target_s}",
        f"#EXT-X-MEDIA-SEQUENCE:{window.media_sequence}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuity_sequence}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        *_listed(window.entries, kind),
    ]
    if window.ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def entry_lines(entry: Entry, previous_init: str, kind: str) -> Iterator[str]:
    """Yield the lines of one entry of a `kind`; `previous_init` is that of the entry before it, "" at the top."""
    silent = kind == AUDIO and not entry.audio_s
    seconds = entry.audio_s if kind == AUDIO and not silent else entry.duration_s
    if entry.discontinuity:
        yield "#EXT-X-DISCONTINUITY"
    if entry.init != previous_init:
        yield f'#EXT-X-MAP:URI="{entry.init}"'
    yield f"#EXT-X-PROGRAM-DATE-TIME:{iso(entry.pdt)}"
    if entry.gap or silent:
        yield "#EXT-X-GAP"
    yield f"#EXTINF:{float(seconds):.{DECIMALS}f},"
    yield entry.name


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as players are told of it; the module says how it becomes text again."""
    return {
        "msn": entry.msn,
        "name": entry.name,
        "init": entry.init,
        "d": float(entry.duration_s),
        "a": float(entry.audio_s) if entry.audio_s else None,
        "pdt": iso(entry.pdt),
        "disc": entry.discontinuity,
        "gap": entry.gap,
    }


def recording_entries(segments: Iterable[PackagedSegment], target_s: int) -> list[Entry]:
    """List a whole stream, in order of run and number; what was lost is left out, behind a discontinuity."""
    cursor, entries = Cursor(), list[Entry]()
    for segment in segments:
        if fits(segment, target_s):
            cursor, made = cursor.after(segment)
            entries += made
    return entries


def recording_playlist(segments: Iterable[PackagedSegment], kind: str, *, target_s: int) -> str:
    """Playlist of a finished stream, for every rendition of a `kind`: what viewers saw, and what came too late."""
    lines = [*_head("VOD", target_s), "#EXT-X-INDEPENDENT-SEGMENTS"]
    return "\n".join([*lines, *_listed(recording_entries(segments, target_s), kind), "#EXT-X-ENDLIST"]) + "\n"


def iframe_playlist(segments: Sequence[PackagedSegment], rendition_id: str, *, target_s: int) -> str:
    """Playlist of a finished rendition's key frames; "" where they are not known (sound has none)."""
    cut = key_frames(as_chunks(segments, rendition_id, target_s))
    sizes = {chunk.key: chunk.size for chunk in cut}
    lines = [*_head("VOD", target_s), "#EXT-X-I-FRAMES-ONLY"]
    init = ""
    for entry in recording_entries(segments, target_s) if cut else ():
        *head, name = entry_lines(entry, init, "video")
        lines += [*head, f"#EXT-X-BYTERANGE:{sizes[name]}@0", name]
        init = entry.init
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n" if cut else ""


def recording_bandwidth(segments: Sequence[PackagedSegment], rendition_id: str, target_s: int) -> Bandwidth:
    """Measure a finished rendition."""
    return measure(as_chunks(segments, rendition_id, target_s), target_s)


def as_chunks(segments: Sequence[PackagedSegment], rendition_id: str, target_s: int) -> list[ChunkResult]:
    """Return a rendition's pieces in the words of transcoding: one chunk for each, named by its file."""
    return [
        ChunkResult(
            key=part_name(segment.stem, part),
            size=piece.key_frame,
            init_size=0,
            init_sha=rendition.init_tag,
            codec=rendition.codec,
            timescale=piece.duration_s.denominator,
            start=0,
            segments=(Segment(0, piece.size, piece.duration_s.numerator, piece.key_frame),),
            frames=0,
        )
        for segment in segments
        if fits(segment, target_s)
        for rendition in segment.renditions
        if rendition.rendition_id == rendition_id
        for part, piece in enumerate(rendition.pieces)
    ]


def _head(playlist_type: str, target_s: int) -> list[str]:
    return [
        "#EXTM3U",
        f"#EXT-X-VERSION:{VERSION}",
        f"#EXT-X-TARGETDURATION:{target_s}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        f"#EXT-X-PLAYLIST-TYPE:{playlist_type}",
    ]


def _listed(entries: Iterable[Entry], kind: str) -> Iterator[str]:
    init = ""
    for entry in entries:
        yield from entry_lines(entry, init, kind)
        init = entry.init
