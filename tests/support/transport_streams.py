"""Transport streams made by hand: tables, pictures and sound, a packet or a few each."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from headwater.push.transport_stream import AAC, H264, PACKET

if TYPE_CHECKING:
    from collections.abc import Iterable

PMT_PID, VIDEO_PID, AUDIO_PID = 0x1000, 0x100, 0x101
FRAME = 3000
"""Ticks, at 30 frames a second."""
IDR, CRA = b"\x00\x00\x01\x65picture", b"\x00\x00\x01\x41picture"


def tables(*types: int) -> bytes:
    """PAT and PMT of a programme with streams of these types, pids from 0x100 on."""
    pat = b"\x00\xb0\x0d\x00\x01\xc1\x00\x00" + b"\x00\x01" + (0xE000 | PMT_PID).to_bytes(2, "big") + b"CRC4"
    streams = b"".join(
        bytes([kind]) + (0xE000 | pid).to_bytes(2, "big") + b"\xf0\x00" for kind, pid in zip(types, count(VIDEO_PID))
    )
    length = 9 + len(streams) + 4
    pmt = b"\x02" + (0xB000 | length).to_bytes(2, "big") + b"\x00\x01\xc1\x00\x00\xe1\x00\xf0\x00" + streams + b"CRC4"
    return packet(0, b"\x00" + pat, starts=True) + packet(PMT_PID, b"\x00" + pmt, starts=True)


def packet(pid: int, payload: bytes, *, starts: bool = False, key: bool = False) -> bytes:
    """One packet; what it does not fill is stuffing."""
    room = PACKET - 4 - len(payload)
    head = bytes([0x47, (0x40 if starts else 0) | pid >> 8, pid & 0xFF])
    if not room and not key:
        return head + b"\x10" + payload
    field = b"" if room == 1 else bytes([0x40 if key else 0]).ljust(room - 1, b"\xff")
    return head + b"\x30" + bytes([room - 1]) + field + payload


def _timestamp(mark: int, ticks: int) -> bytes:
    high, middle, low = ticks >> 30 & 7, ticks >> 15 & 0x7FFF, ticks & 0x7FFF
    return bytes([mark << 4 | high << 1 | 1]) + (middle << 1 | 1).to_bytes(2, "big") + (low << 1 | 1).to_bytes(2, "big")


def pes(pid: int, dts: int, *, pts: int | None = None, key: bool = False, data: bytes = IDR, more: int = 1) -> bytes:
    """A picture or an audio frame in `more` + 1 packets."""
    times = _timestamp(3, dts if pts is None else pts) + _timestamp(1, dts)
    head = b"\x00\x00\x01\xe0\x00\x00\x80\xc0\x0a" + times
    return packet(pid, head + data, starts=True, key=key) + packet(pid, b"\x55" * 184) * more


def pictures(dts: Iterable[int], keys: Iterable[int], *, data: bytes = IDR) -> bytes:
    """A stream of H.264 and AAC with a picture at each of `dts`; those in `keys` are key frames."""
    wanted = set(keys)
    body = (pes(VIDEO_PID, at, key=at in wanted, data=data) + pes(AUDIO_PID, at, more=0) for at in dts)
    return tables(H264, AAC) + b"".join(body)


def steady(seconds: float, gop_s: float, *, begin: int = 0) -> bytes:
    """30 pictures a second from tick `begin` on, with a key frame each `gop_s` seconds."""
    every = round(gop_s * 30)
    times = [begin + n * FRAME for n in range(round(seconds * 30))]
    return pictures(times, times[::every])
