"""A second reader of fragmented MP4 (ISO 14496-12 and -15), which shares no code with the product's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

IDR = 5
_AVC1_HEADER = 78
_MP4A_HEADER = 28


@dataclass(frozen=True)
class Moment:
    """One segment: times in ticks, sizes in bytes; `nals` are the NAL unit types of its first sample."""

    start: int
    ticks: int
    samples: int
    first_sample_end: int
    first_is_sync: bool
    nals: tuple[int, ...]


def number(data: bytes, at: int, size: int = 4) -> int:
    """Unsigned, big-endian."""
    assert at + size <= len(data)
    return int.from_bytes(data[at : at + size], "big")


def children(data: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Type, place and content of every box at one level; a size that does not fit fails the test."""
    at = 0
    while at < len(data):
        size = number(data, at)
        assert 8 <= size <= len(data) - at
        yield data[at + 4 : at + 8].decode("latin-1"), at, data[at + 8 : at + size]
        at += size


def inside(data: bytes, *path: str) -> bytes:
    """The content of the only box at a path."""
    for name in path:
        (data,) = (content for kind, _, content in children(data) if kind == name)
    return data


def timescale(init: bytes) -> int:
    """Ticks a second of the only track."""
    mdhd = inside(init, "moov", "trak", "mdia", "mdhd")
    return number(mdhd, 20 if mdhd[0] else 12)


def codec(init: bytes) -> str:
    """RFC 6381 name, from the sample description."""
    stsd = inside(init, "moov", "trak", "mdia", "minf", "stbl", "stsd")
    ((kind, _, entry),) = children(stsd[8:])
    if kind == "avc1":
        return "avc1." + inside(entry[_AVC1_HEADER:], "avcC")[1:4].hex().upper()
    assert kind == "mp4a"
    # The AudioSpecificConfig follows tag 5 and its length, and begins with five bits of object type.
    esds = inside(entry[_MP4A_HEADER:], "esds")
    at = esds.index(b"\x05\x80\x80\x80")
    return f"mp4a.40.{esds[at + 5] >> 3}"


def channels(init: bytes) -> int:
    """Of sound."""
    stsd = inside(init, "moov", "trak", "mdia", "minf", "stbl", "stsd")
    return number(stsd, 8 + 8 + 16, 2)


def moment(init: bytes, segment: bytes) -> Moment:
    """Read a segment, which must be one moof and the mdat that belongs to it."""
    (moof_kind, _, moof), (mdat_kind, mdat_at, mdat) = children(segment)
    assert (moof_kind, mdat_kind) == ("moof", "mdat")
    tfhd, tfdt, trun = (inside(moof, "traf", kind) for kind in ("tfhd", "tfdt", "trun"))
    trex = inside(init, "moov", "mvex", "trex")
    duration, size, flags = (number(trex, at) for at in (12, 16, 20))
    present = number(tfhd, 1, 3)
    assert present & 0x20001 == 0x20000  # offsets count from the moof
    at = 8 + 4 * bool(present & 0x2)
    if present & 0x8:
        duration, at = number(tfhd, at), at + 4
    if present & 0x10:
        size, at = number(tfhd, at), at + 4
    if present & 0x20:
        flags = number(tfhd, at)
    samples = list(_samples(trun, duration, size, flags))
    offset = number(trun, 8)
    assert offset == mdat_at + 8
    assert sum(s for _, s, _ in samples) == len(mdat)
    return Moment(
        start=number(tfdt, 4, 8 if tfdt[0] else 4),
        ticks=sum(d for d, _, _ in samples),
        samples=len(samples),
        first_sample_end=offset + samples[0][1],
        first_is_sync=not samples[0][2] & 0x10000,
        nals=tuple(_nals(mdat[: samples[0][1]])) if codec(init).startswith("avc1") else (),
    )


def _samples(trun: bytes, duration: int, size: int, flags: int) -> Iterator[tuple[int, int, int]]:
    """Duration, size and flags of each sample."""
    present, count = number(trun, 1, 3), number(trun, 4)
    assert present & 0x1
    at, first = 12, None
    if present & 0x4:
        first, at = number(trun, at), at + 4
    for index in range(count):
        values = [duration, size, first if index == 0 and first is not None else flags, 0]
        for place, bit in enumerate((0x100, 0x200, 0x400, 0x800)):
            if present & bit:
                values[place], at = number(trun, at), at + 4
        yield values[0], values[1], values[2]
    assert at == len(trun)


def _nals(sample: bytes) -> Iterator[int]:
    """NAL unit types of a picture with four-byte lengths."""
    at = 0
    while at < len(sample):
        yield sample[at + 4] & 0x1F
        at += 4 + number(sample, at)
