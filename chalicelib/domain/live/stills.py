"""Thumbnails and poster of a finished stream, made of the segments that viewers were sent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from chalicelib.domain.jpeg import AS_JPEG, jpeg_options
from chalicelib.domain.ladder import TILE, fit
from chalicelib.domain.live.keys import live_prefix
from chalicelib.domain.live.packaging import fence
from chalicelib.domain.live.stream import Container
from chalicelib.domain.poster import BOX
from chalicelib.domain.storyboard import QUALITY, clock, grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.packaged import PackagedSegment

MOST_TILES = 1200
"""Of a recording: of a long one not every segment has a thumbnail."""
PER_SPRITE = 15
POSTER_AT_MOST_S = 30
POSTER_WINDOW_S = 20
_FPS = 10
_FRAMES = 50
_DARK = 28
"""Mean luma, as for posters of uploads."""
_POSTER_QUALITY = 3
_SIZED = (
    "scale={}:{}:flags=bicubic:out_color_matrix=bt709:out_range=tv,"
    "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709,setsar=1,format=yuv420p"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One thumbnail: the first picture of a segment, shown from `start_s` to `end_s` of the recording."""

    segment: PackagedSegment
    start_s: Fraction
    end_s: Fraction


def tiles(segments: Sequence[PackagedSegment]) -> list[Tile]:
    """Choose the segments that have thumbnails: each, or of a long recording every so manieth."""
    step = -(-len(segments) // MOST_TILES) or 1
    moments = [Fraction(0), *accumulate(segment.duration_s for segment in segments)]
    chosen = range(0, len(segments), step)
    return [Tile(segments[i], moments[i], moments[min(i + step, len(segments))]) for i in chosen]


def sprites(chosen: Sequence[Tile]) -> list[Sequence[Tile]]:
    """Put tiles together to sprites."""
    return [chosen[at : at + PER_SPRITE] for at in range(0, len(chosen), PER_SPRITE)]


def tile_size(rung: Rendition) -> tuple[int, int]:
    """Width and height of a thumbnail in pixels."""
    return fit(rung.width, rung.height, *TILE)


def sprite_command(rung: Rendition, inputs: Sequence[str], output: str) -> list[str]:
    """Arguments that put the first pictures of some files side by side, each file one segment with its header."""
    columns, rows = grid(len(inputs))
    width, height = tile_size(rung)
    arguments = ["-y", "-v", "error", "-nostdin"]
    for path in inputs:
        arguments += [*fence(Container.FMP4), "-i", path]
    firsts = [f"[{i}:v:0]trim=end_frame=1,{_SIZED.format(width, height)}[t{i}]" for i in range(len(inputs))]
    joined = "".join(f"[t{i}]" for i in range(len(inputs)))
    graph = f"{joined}concat=n={len(inputs)},{AS_JPEG},tile={columns}x{rows}:nb_frames={len(inputs)}[still]"
    graph = ";".join([*firsts, graph])
    return [*arguments, "-filter_complex", graph, "-map", "[still]", *jpeg_options(QUALITY), output]


def poster_commands(rung: Rendition, source: str, output: str) -> list[list[str]]:
    """Arguments, best first: the most typical picture that is not dark, then of any, then the first."""
    width, height = fit(rung.width, rung.height, *BOX)
    sized = _SIZED.format(width, height)
    light = f"signalstats,metadata=select:key=lavfi.signalstats.YAVG:value={_DARK}:function=greater,"
    chains = [f"fps={_FPS},{sized},{only}thumbnail=n={_FRAMES}," for only in (light, "")]
    head = ["-y", "-v", "error", "-nostdin", *fence(Container.FMP4), "-i", source, "-filter_complex"]
    tail = ["-map", "[still]", *jpeg_options(_POSTER_QUALITY), output]
    return [[*head, f"[0:v:0]{chain}{AS_JPEG}[still]", *tail] for chain in (*chains, f"{sized},")]


def poster_stretch(segments: Sequence[PackagedSegment]) -> Sequence[PackagedSegment]:
    """The segments a poster is chosen from: a tenth in, up to twenty seconds, decoded by one init segment."""
    total = sum((segment.duration_s for segment in segments), Fraction(0))
    at, first = min(total / 10, Fraction(POSTER_AT_MOST_S)), 0
    while first < len(segments) - 1 and segments[first].duration_s <= at:
        at -= segments[first].duration_s
        first += 1
    stretch: list[PackagedSegment] = []
    for segment in segments[first:]:
        long = sum(s.duration_s for s in stretch) >= POSTER_WINDOW_S
        if long or (stretch and segment.fingerprint != stretch[0].fingerprint):
            break
        stretch.append(segment)
    return stretch


def thumbnail_track(rung: Rendition, chosen: Sequence[Sequence[Tile]], names: Sequence[str]) -> str:
    """WebVTT of media fragments, a cue for each tile; `names` are the sprites' file names, beside the track."""
    lines = ["WEBVTT", ""]
    for sprite, name in zip(chosen, names, strict=True):
        lines += _cues(rung, sprite, name)
    return "\n".join(lines)


def _cues(rung: Rendition, sprite: Sequence[Tile], name: str) -> Iterator[str]:
    columns, _ = grid(len(sprite))
    width, height = tile_size(rung)
    for index, tile in enumerate(sprite):
        row, column = divmod(index, columns)
        if clock(tile.start_s) < clock(tile.end_s):
            yield f"{clock(tile.start_s)} --> {clock(tile.end_s)}"
            yield f"{name}#xywh={column * width},{row * height},{width},{height}"
            yield ""


def stills_prefix(recording_id: str) -> str:
    """Folder of a live recording's poster and thumbnails."""
    return f"{live_prefix(recording_id)}stills/"
