"""JPEG pictures: just enough to know that one is whole, and how large it is (ISO 10918-1, annex B)."""

from __future__ import annotations

import struct

from chalicelib.errors import Permanent

AS_JPEG = "zscale=m=470bg:r=full,format=yuv420p"
"""Filters that give a picture the colours that readers of JPEG take it to have: BT.601, full range (JFIF).

It must say what colours it has, as rungs do. Not `scale`, which loses three levels of brightness on the way.
"""
UNTOLD_AS_JPEG = "scale=out_color_matrix=bt601:out_range=pc,format=yuv420p"
"""The same for RGB and for pictures that may not say."""
_START, _END = b"\xff\xd8", b"\xff\xd9"
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers; the three others in this range are tables."""
_HEADER = 4
_FRAME_HEADER = 9


def jpeg_options(quality: int) -> list[str]:
    """FFmpeg's options for one picture in one file; `quality` is the quantiser, 2 (best) to 31."""
    options = ["-fps_mode", "passthrough", "-frames:v", "1", "-c:v", "mjpeg", "-q:v", str(quality)]
    return [*options, "-f", "image2", "-update", "1"]


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) in pixels; raises Permanent("media_malformed") for anything but a whole picture."""
    at = len(_START)
    if not data.startswith(_START) or not data.endswith(_END):
        raise Permanent("media_malformed", "The encoder wrote no whole picture.")
    while at + _FRAME_HEADER <= len(data):
        mark, kind, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF or length < 2:  # noqa: PLR2004  the length counts its own two bytes
            break
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + _HEADER + 1)
            return width, height
        at += 2 + length
    raise Permanent("media_malformed", "The encoder wrote a picture without a size.")
