"""Pictures of two plain colours, and what a viewer would see of them afterwards."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import m3u8

from chalicelib.domain.keys import master_key
from support.hls import joined
from support.media import RECORDING_ID
from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from support.pipeline import Pipeline

RED, BLUE = (192, 48, 32), (32, 80, 176)
Colour = tuple[int, ...]


@dataclass(frozen=True)
class Shown:
    """One variant: size and rate as announced and as decoded, and the colours at four places."""

    size: tuple[int, int]
    rate: float
    frames: int
    tags: str
    left: Colour
    right: Colour
    top: Colour
    bottom: Colour


def patches(size: str = "320x180", rate: object = 25, seconds: float = 1) -> tuple[str, ...]:
    """Arguments for a picture that is red on its left half and blue on its right, in exact RGB."""
    width, height = map(int, size.split("x"))
    half = f"{width // 2}x{height}"
    rest = f"{width - width // 2}x{height}"
    red, blue = ("0x" + "".join(f"{c:02X}" for c in colour) for colour in (RED, BLUE))
    graph = (
        f"color={red}:s={half}:r={rate}:d={seconds},format=gbrp[a];"
        f"color={blue}:s={rest}:r={rate}:d={seconds},format=gbrp[b];[a][b]hstack"
    )
    return ("-f", "lavfi", "-i", graph)


def coded(matrix: str, pixels: str = "yuv420p", *, said: bool = True, full: bool = False) -> tuple[str, ...]:
    """Filter arguments that code the picture by a matrix and say so, or keep it to themselves."""
    name = {"bt601": "smpte170m"}.get(matrix, matrix) if said else "unknown"
    tags = f"setparams=colorspace={name}:color_primaries={name}:color_trc={name}"
    return ("-vf", f"scale=out_color_matrix={matrix}:out_range={'pc' if full else 'tv'},format={pixels},{tags}")


def shown(pipeline: Pipeline) -> list[Shown]:
    """Each variant with a picture, smallest first, as a player would show it."""
    bodies = pipeline.media.bodies
    master = m3u8.loads(bodies[master_key(RECORDING_ID)].decode())
    variants = [p for p in master.playlists if p.stream_info.resolution]
    found = []
    for variant in sorted(variants, key=lambda p: (p.stream_info.resolution, p.stream_info.bandwidth)):
        info = variant.stream_info
        media = joined(bodies, variant.uri[1:])
        raw = decode(media, "scale=8:8:flags=area,format=rgb24")
        frame = raw[(len(raw) // 192 // 2) * 192 :][:192]
        left, right, top, bottom = (_mean(frame, xs, ys) for xs, ys in _PLACES)
        size, tags = _header(media)
        assert size == info.resolution
        found.append(Shown(size, info.frame_rate, len(raw) // 192, tags, left, right, top, bottom))
    return found


_PLACES = [([1, 2], [3, 4]), ([5, 6], [3, 4]), ([3, 4], [1, 2]), ([3, 4], [5, 6])]


def near(one: Colour, other: Colour, tolerance: int = 8) -> bool:
    """True when nobody would tell the colours apart."""
    return all(abs(a - b) <= tolerance for a, b in zip(one, other, strict=True))


def _mean(frame: bytes, xs: list[int], ys: list[int]) -> Colour:
    spots = [frame[(y * 8 + x) * 3 :][:3] for x in xs for y in ys]
    return tuple(sum(spot[c] for spot in spots) // len(spots) for c in range(3))


def decode(media: bytes, filters: str) -> bytes:
    """Decode all pictures through filters; raw bytes."""
    command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-fps_mode", "passthrough", "-vf", filters]
    command += ["-f", "rawvideo", "pipe:1"]
    return subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout


def _header(media: bytes) -> tuple[tuple[int, int], str]:
    """Size, and what the bitstream says of its pixels."""
    command = [FFMPEG, "-hide_banner", "-f", "mp4", "-i", "pipe:0", "-c", "copy", "-f", "null", "-"]
    text = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stderr.decode()
    line = re.search(r"Video: h264.*?, (yuv[^(]*\([^)]*\)), (\d+)x(\d+)", text)
    assert line is not None, text
    return (int(line[2]), int(line[3])), line[1]
