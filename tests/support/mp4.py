"""Fragmented MP4 with just what the product reads."""

from __future__ import annotations

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def init(timescale: int, codec: bytes) -> bytes:
    """An init segment of one track; `codec` is a codec configuration box."""
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, timescale, 0))
    trex = box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0))
    return box(b"moov", box(b"trak", box(b"mdia", mdhd, codec)), box(b"mvex", trex))


def fragment(start: int, samples: int, ticks: int, *, sync: bool = True, key_size: int = 1) -> bytes:
    """One moof+mdat of equal samples from `start` ticks on; `sync` says that the first one is a key frame.

    The first sample has `key_size` bytes, the others one.
    """
    sizes = [key_size] + [1] * (samples - 1)

    def moof(offset: int) -> bytes:
        tfhd = box(b"tfhd", struct.pack(">III", 0x020008, 1, ticks))
        tfdt = box(b"tfdt", struct.pack(">IQ", 0x01000000, start))
        head = struct.pack(">IIII", 0x205, samples, offset, 0 if sync else 0x10000)
        trun = box(b"trun", head, struct.pack(f">{samples}I", *sizes))
        return box(b"moof", box(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8) + box(b"mdat", b"x" * sum(sizes))


AVC = box(b"avcC", bytes([1, 0x64, 0, 0x1F]))
"""H.264 High, level 3.1."""
ESDS = box(b"esds", bytes([0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17, *[0] * 13, 5, 2, 0x11, 0x90]))
"""AAC-LC, 48 kHz, stereo."""
