"""Sample descriptions and samples of a remuxed track (ISO 14496-12, -14, -15): what encoders have sent, in detail."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from fractions import Fraction

from chalicelib.domain.fmp4 import boxes, default_sample, find
from chalicelib.domain.live.sps import is_interlaced
from chalicelib.errors import Permanent

_STSD = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_FULL, _COUNT = 4, 4
_VISUAL, _AUDIO = 78, 28
"""Bytes of a sample entry before the boxes in it."""
_UNSAID = (2, 2, 2)
_PROFILES = {77: "Main", 88: "Extended", 100: "High", 110: "High 10", 122: "High 4:2:2", 244: "High 4:4:4 Predictive"}
_BASELINE = 66
_PLAIN = {66, 77, 100}
"""H.264 profiles of 8 bits in 4:2:0."""
_CONSTRAINED = 0x40
_AAC = 0x40
_OBJECT_TYPES = {1: "Main", 2: "LC", 5: "HE-AAC", 29: "HE-AACv2"}
_IDR, _CLOSED = {5}, set(range(16, 21))
_LARGE = 3
_SPS = 7


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """The first sample description. `colours` are primaries, transfer and matrix by their numbers (ISO 23091-2)."""

    kind: str
    width: int = 0
    height: int = 0
    sar: Fraction = Fraction(1)
    colours: tuple[int, int, int] = _UNSAID
    profile: str = ""
    plain_pixels: bool = False
    interlaced: bool = False
    channels: int = 0
    is_aac: bool = False


def sample_entry(init: bytes) -> SampleEntry:
    """Read the description; raises Permanent("media_malformed") when there is none."""
    stsd = find(init, _STSD)
    entry = next(iter(boxes(init, stsd.body + _FULL + _COUNT, stsd.end)), None) if stsd else None
    if entry is None:
        raise Permanent("media_malformed", "The init segment describes no samples.")
    kind, content = entry.kind.decode("latin-1"), init[entry.body : entry.end]
    if kind == "mp4a":
        return _sound(content)
    if len(content) < _VISUAL:
        return SampleEntry(kind)
    width, height = struct.unpack_from(">HH", content, 24)
    inside = {box.kind: content[box.body : box.end] for box in boxes(content, _VISUAL)}
    profile, plain, interlaced = _avc(inside[b"avcC"]) if b"avcC" in inside else ("", False, False)
    return SampleEntry(
        kind, width, height, _sar(inside.get(b"pasp", b"")), _colours(inside.get(b"colr", b"")), profile, plain,
        interlaced,
    )  # fmt: skip


def _sar(pasp: bytes) -> Fraction:
    wide, tall = struct.unpack(">II", pasp[:8]) if len(pasp) >= 8 else (1, 1)  # noqa: PLR2004  two numbers
    ratio = Fraction(wide, tall) if wide and tall else Fraction(1)
    return ratio if Fraction(1, 8) < ratio < 8 else Fraction(1)  # noqa: PLR2004  what no camera makes is a mistake


def _colours(colr: bytes) -> tuple[int, int, int]:
    if colr[:4] not in {b"nclx", b"nclc"} or len(colr) < 10:  # noqa: PLR2004  a name and three numbers
        return _UNSAID
    primaries, transfer, matrix = struct.unpack_from(">HHH", colr, 4)
    return primaries, transfer, matrix


def _avc(record: bytes) -> tuple[str, bool, bool]:
    """Profile by FFmpeg's name, whether its pixels are 8 bits in 4:2:0, and whether it may be interlaced."""
    if len(record) < 8:  # noqa: PLR2004  up to the first parameter set's length
        return "", False, False
    number, constraints = record[1], record[2]
    profile = _PROFILES.get(number, "")
    if number == _BASELINE:
        profile = "Constrained Baseline" if constraints & _CONSTRAINED else "Baseline"
    (length,) = struct.unpack_from(">H", record, 6)
    return profile, number in _PLAIN, is_interlaced(record[8 : 8 + length])


def _sound(content: bytes) -> SampleEntry:
    inside = {box.kind: content[box.body : box.end] for box in boxes(content, _AUDIO)} if len(content) > _AUDIO else {}
    descriptors = dict(_descriptors(inside.get(b"esds", b"")[_FULL:]))
    config, specific = descriptors.get(4, b"\0"), descriptors.get(5, b"")
    if len(specific) < 2:  # noqa: PLR2004  the shortest configuration of AAC
        return SampleEntry("mp4a")
    channels = specific[1] >> 3 & 0xF
    return SampleEntry(
        "mp4a", profile=_OBJECT_TYPES.get(specific[0] >> 3, ""), channels=channels, is_aac=config[0] == _AAC
    )


def _descriptors(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of the ES descriptor and of those in it, outer ones first."""
    found, at = [], 0
    while at + 2 <= len(data):
        tag, size, at = data[at], 0, at + 1
        while at < len(data):
            size, more, at = size << 7 | data[at] & 0x7F, data[at] & 0x80, at + 1
            if not more:
                break
        found.append((tag, data[at : at + size]))
        at += {3: 3, 4: 13}.get(tag, size)  # these hold others
    return found


def init_tag(init: bytes) -> str:
    """Address of what decides how samples are decoded: their description and timescale, without bitrates."""
    stsd, mdhd = find(init, _STSD), find(init, (b"moov", b"trak", b"mdia", b"mdhd"))
    if stsd is None or mdhd is None:
        raise Permanent("media_malformed", "The init segment describes no samples.")
    described = bytearray(init[stsd.body : stsd.end])
    at = described.find(b"esds")
    config = described.find(b"\x04\x80\x80\x80", at) if at >= 0 else -1
    if config >= 0:
        # Behind type and kind of stream: the decoder's buffer, highest and average bitrate.
        described[config + 7 : config + 18] = bytes(11)
    ticks = init[mdhd.body + 12 : mdhd.body + 16]
    return hashlib.sha256(bytes(described) + ticks).hexdigest()[:12]


def displayed_sideways(init: bytes) -> bool:
    """True when the track's matrix turns the picture by a quarter."""
    tkhd = find(init, (b"moov", b"trak", b"tkhd"))
    if tkhd is None:
        return False
    at = tkhd.body + (52 if init[tkhd.body] else 40)
    matrix = init[at : at + 8]
    return len(matrix) == 8 and matrix[4:] != bytes(4)  # noqa: PLR2004  its first two numbers


def sample_durations(data: bytes, init: bytes) -> list[int]:
    """Ticks of each sample of the first fragment; at least one."""
    moof = next(box for box in boxes(data) if box.kind == b"moof")
    traf = find(data, (b"traf",), moof.body, moof.end)
    default, _, _ = default_sample(init)
    found: list[int] = []
    for box in boxes(data, traf.body, traf.end) if traf else ():
        flags = int.from_bytes(data[box.body + 1 : box.body + 4], "big")
        if box.kind == b"tfhd" and flags & 0x8:
            at = box.body + 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
            (default,) = struct.unpack_from(">I", data, at)
        if box.kind == b"trun":
            (count,) = struct.unpack_from(">I", data, box.body + 4)
            at = box.body + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
            width = 4 * (flags >> 8 & 0xF).bit_count()
            found += [
                struct.unpack_from(">I", data, at + i * width)[0] if flags & 0x100 else default for i in range(count)
            ]
    return found or [default]


def starts_clean(codec: str, first: bytes) -> bool:
    """True when the first sample, at the end of `first`, can be decoded alone: IDR, or its like of HEVC.

    Not CRA: pictures that are shown before it need the segment before.
    """
    mdat = first.find(b"mdat")
    at, wanted = mdat + 4, _IDR if codec == "h264" else _CLOSED
    while 0 < at < len(first) - 5:
        size = int.from_bytes(first[at : at + 4], "big")
        kind = first[at + 4] & 0x1F if codec == "h264" else first[at + 4] >> 1 & 0x3F
        if kind in wanted:
            return True
        at += 4 + size
    return False
