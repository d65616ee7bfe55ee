"""Reading what was published with somebody else's parser, and decoding it."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import m3u8

from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from collections.abc import Mapping


def joined(bodies: Mapping[str, bytes], playlist_key: str) -> bytes:
    """Init segment and every segment of a media playlist, put together as a player would."""
    playlist = m3u8.loads(bodies[playlist_key].decode())
    folder = PurePosixPath(playlist_key).parent
    parts: list[bytes] = []
    for segment in playlist.segments:
        if segment.init_section is not None and not parts:
            parts.append(cut(bodies[str(folder / segment.init_section.uri)], segment.init_section.byterange))
        parts.append(cut(bodies[str(folder / segment.uri)], segment.byterange))
    return b"".join(parts)


def cut(body: bytes, byterange: str) -> bytes:
    """Return the bytes that "length@offset" names."""
    length, _, offset = byterange.partition("@")
    piece = body[int(offset) : int(offset) + int(length)]
    assert len(piece) == int(length)
    return piece


def luma(media: bytes) -> list[int]:
    """Decode and return each picture's grey at its centre, in order of presentation."""
    command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-fps_mode", "passthrough"]
    command += ["-vf", "crop=2:2,format=gray", "-f", "rawvideo", "pipe:1"]
    raw = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout
    return [raw[i] for i in range(0, len(raw), 4)]


def samples(media: bytes) -> int:
    """Decode sound and return how many stereo samples came out."""
    command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-ac", "2", "-f", "s16le", "pipe:1"]
    raw = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout
    return len(raw) // 4
