"""The storyboard: one small picture for each segment, a sprite of them for each chunk, and the track that names them.

It is a rendition like others (kind `storyboard`): planned, encoded beside the lowest rung, committed, taken over.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from chalicelib.domain.job import ChunkResult
from chalicelib.domain.jpeg import AS_JPEG, jpeg_size
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan, Rendition

KIND = "storyboard"
MIME = "text/vtt"
SPRITE_TYPE = "image/jpeg"
COLUMNS = 5
"""Tiles in a row: 15 of them, a full chunk, make three rows."""
QUALITY = 5
"""Quantiser of the sprites: 3-6 kB a tile."""


def grid(tiles: int) -> tuple[int, int]:
    """Columns and rows of a sprite."""
    columns = min(COLUMNS, tiles)
    return columns, ceil(tiles / columns)


def tile_filters(frames_per_segment: int) -> list[str]:
    """Filters in front of the scaling: of the frames from a chunk's start on, the first of each segment."""
    return [f"select=not(mod(n\\,{frames_per_segment}))"]


def sprite_filters(tiles: int) -> list[str]:
    """Filters behind the scaling: the tiles side by side.

    A last segment without a frame of its own, where durations were rounded up, repeats the picture before it.
    """
    columns, rows = grid(tiles)
    return [
        AS_JPEG,
        "tpad=stop=1:stop_mode=clone",
        f"tile={columns}x{rows}:nb_frames={tiles}",
    ]


def read_sprite(rendition: Rendition, chunk: Chunk, data: bytes, *, key: str, cpu_s: float) -> ChunkResult:
    """Describe one sprite; raises Permanent("media_malformed") when it is not the picture that was planned."""
    columns, rows = grid(chunk.segments)
    wanted, seen = (columns * rendition.width, rows * rendition.height), jpeg_size(data)
    if seen != wanted:
        raise Permanent("media_malformed", f"A sprite of {seen[0]}x{seen[1]} pixels, not {wanted[0]}x{wanted[1]}.")
    return ChunkResult(
        key=key,
        size=len(data),
        init_size=0,
        init_sha="",
        codec="jpeg",
        timescale=1,
        start=0,
        segments=(),
        frames=chunk.segments,
        cpu_s=cpu_s,
    )


def thumbnail_track(plan: JobPlan, rendition: Rendition, sprites: Sequence[ChunkResult]) -> str:
    """WebVTT of media fragments (`sprite.jpg#xywh=x,y,w,h`) over the chunks from the first on; relative addresses."""
    lines = ["WEBVTT", ""]
    for chunk, sprite in zip(plan.chunks, sprites, strict=False):
        lines += _cues(plan, rendition, chunk, sprite.key.rpartition("/")[2])
    return "\n".join(lines)


def _cues(plan: JobPlan, rendition: Rendition, chunk: Chunk, name: str) -> Iterator[str]:
    columns, _ = grid(chunk.segments)
    width, height = rendition.width, rendition.height
    for tile in range(chunk.segments):
        start = (chunk.first_segment + tile) * plan.segment_s
        end = min(start + plan.segment_s, plan.media.duration_s)
        row, column = divmod(tile, columns)
        if clock(start) < clock(end):
            yield f"{clock(start)} --> {clock(end)}"
            yield f"{name}#xywh={column * width},{row * height},{width},{height}"
            yield ""


def clock(seconds: Fraction) -> str:
    """Time in a WebVTT cue: hours, minutes, seconds, milliseconds."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
