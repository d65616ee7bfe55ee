"""Reading fragmented MP4 (ISO 14496-12): just what cutting and checking CMAF chunks needs."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.codecs import codec_of_init
from chalicelib.domain.job import ChunkResult, Segment
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = 8
_LARGE_HEADER = 16
_NON_SYNC = 0x0001_0000
_BASE_OFFSET = 0x1


@dataclass(frozen=True, slots=True)
class Box:
    """A box's type and the byte range of its whole (`start`..`end`) and of its content (`body`..`end`)."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof+mdat: where it lies, when it plays (track timescale) and what it holds."""

    offset: int
    size: int
    start: int
    duration: int
    samples: int
    sync: bool
    """True when the first sample is a sync sample (an IDR picture, for H.264)."""
    key_frame: int = 0
    """Bytes from `offset` to the end of the first sample; 0 when the boxes do not say where that is."""


class _Run(NamedTuple):
    """A trun: how many samples and ticks it has, and its first sample's flags, place and size."""

    samples: int
    ticks: int
    flags: int
    offset: int
    size: int


def boxes(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of one level; raises Permanent("media_malformed") for a size that does not fit."""
    stop = len(data) if end is None else end
    while start + _HEADER <= stop:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + _HEADER
        if size == 1:
            if start + _LARGE_HEADER > stop:
                break
            (size,) = struct.unpack_from(">Q", data, start + _HEADER)
            body = start + _LARGE_HEADER
        if size < body - start or start + size > stop:
            raise Permanent("media_malformed", f"Box {kind!r} at byte {start} claims {size} bytes.")
        yield Box(kind, start, body, start + size)
        start += size
    if start != stop:
        raise Permanent("media_malformed", f"{stop - start} stray bytes at {start}.")


def _numbers(data: bytes | memoryview, layout: str, at: int, end: int) -> tuple[int, ...]:
    """Unpack what lies at `at`; raises Permanent("media_malformed") beyond `end`, where another box begins."""
    if at + struct.calcsize(layout) > end:
        raise Permanent("media_malformed", f"A box that ends at byte {end} is too short for what it must hold.")
    return struct.unpack_from(layout, data, at)


def _version(data: bytes | memoryview, box: Box) -> int:
    (version,) = _numbers(data, ">B", box.body, box.end)
    return version


def find(data: bytes | memoryview, path: tuple[bytes, ...], start: int = 0, end: int | None = None) -> Box | None:
    """Return the first box at a path such as (b"moov", b"trak"); None when a step is missing."""
    for box in boxes(data, start, end):
        if box.kind == path[0]:
            return box if len(path) == 1 else find(data, path[1:], box.body, box.end)
    return None


def timescale(init: bytes) -> int:
    """Ticks per second of the only track in an init segment, never 0."""
    mdhd = find(init, (b"moov", b"trak", b"mdia", b"mdhd"))
    if mdhd is None:
        raise Permanent("media_malformed", "The init segment has no media header.")
    (ticks,) = _numbers(init, ">I", mdhd.body + (20 if _version(init, mdhd) else 12), mdhd.end)
    if not ticks:
        raise Permanent("media_malformed", "The media header counts no ticks a second.")
    return ticks


def default_sample(init: bytes) -> tuple[int, int, int]:
    """(duration, size, flags) that trex gives to samples which do not say."""
    trex = find(init, (b"moov", b"mvex", b"trex"))
    if trex is None:
        return 0, 0, 0
    duration, size, flags = _numbers(init, ">III", trex.body + 12, trex.end)
    return duration, size, flags


def parse_fragment(data: bytes | memoryview, moof: Box, mdat: Box, defaults: tuple[int, int, int]) -> Fragment:
    """Read one track fragment: `moof` and the `mdat` that follows it."""
    traf = find(data, (b"traf",), moof.body, moof.end)
    if traf is None:
        raise Permanent("media_malformed", "A fragment without a track.")
    start, based = 0, False
    runs: list[_Run] = []
    for box in boxes(data, traf.body, traf.end):
        if box.kind == b"tfhd":
            defaults = _tfhd(data, box, defaults)
            based = bool(_flags(data, box) & _BASE_OFFSET)
        elif box.kind == b"tfdt":
            (start,) = _numbers(data, ">Q" if _version(data, box) else ">I", box.body + 4, box.end)
        elif box.kind == b"trun":
            runs.append(_trun(data, box, defaults))
    return Fragment(
        offset=moof.start,
        size=mdat.end - moof.start,
        start=start,
        duration=sum(run.ticks for run in runs),
        samples=sum(run.samples for run in runs),
        sync=bool(runs) and not runs[0].flags & _NON_SYNC,
        key_frame=_key_frame(runs[0], moof, mdat) if runs and not based else 0,
    )


def _key_frame(run: _Run, moof: Box, mdat: Box) -> int:
    """Offsets count from the moof, as CMAF wants them (14496-12 8.8.7, default-base-is-moof)."""
    if not (run.samples and run.offset and run.size):
        return 0
    if not mdat.body <= moof.start + run.offset <= mdat.end - run.size:
        raise Permanent("media_malformed", f"The first sample of the fragment at byte {moof.start} lies outside it.")
    return run.offset + run.size


def _flags(data: bytes | memoryview, box: Box) -> int:
    return int.from_bytes(data[box.body + 1 : box.body + 4], "big")


def _tfhd(data: bytes | memoryview, box: Box, defaults: tuple[int, int, int]) -> tuple[int, int, int]:
    flags = _flags(data, box)
    at = box.body + 8
    at += 8 if flags & _BASE_OFFSET else 0
    at += 4 if flags & 0x2 else 0
    values = list(defaults)
    for index, bit in enumerate((0x8, 0x10, 0x20)):
        if flags & bit:
            (values[index],) = _numbers(data, ">I", at, box.end)
            at += 4
    return values[0], values[1], values[2]


def _trun(data: bytes | memoryview, box: Box, defaults: tuple[int, int, int]) -> _Run:
    flags = _flags(data, box)
    (count,) = _numbers(data, ">I", box.body + 4, box.end)
    at, offset = box.body + 8, 0
    if flags & 0x1:
        (offset,) = _numbers(data, ">i", at, box.end)
        at += 4
    default_ticks, size, first_flags = defaults
    if flags & 0x4:
        (first_flags,) = _numbers(data, ">I", at, box.end)
        at += 4
    fields = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    width = 4 * sum(fields)
    if at + count * width > box.end:
        raise Permanent("media_malformed", f"A run of {count} samples does not fit its box.")
    if fields[1] and count:
        (size,) = struct.unpack_from(">I", data, at + 4 * fields[0])
    if fields[2] and not flags & 0x4 and count:
        (first_flags,) = struct.unpack_from(">I", data, at + 4 * (fields[0] + fields[1]))
    if not fields[0]:
        return _Run(count, count * default_ticks, first_flags, offset, size)
    ticks = sum(struct.unpack_from(">I", data, at + i * width)[0] for i in range(count))
    return _Run(count, ticks, first_flags, offset, size)


def init_size(data: bytes | memoryview) -> int:
    """Bytes of ftyp+moov before the first fragment (0 when the movie header is not complete yet)."""
    for box in boxes(data):
        if box.kind == b"moov":
            return box.end
    return 0


def read_chunk(data: bytes | memoryview, *, key: str, cpu_s: float = 0.0) -> ChunkResult:
    """Describe a whole chunk object; raises Permanent("media_malformed") when it is not contiguous CMAF."""
    size = init_size(data)
    if not size:
        raise Permanent("media_malformed", "The encoder wrote no movie header.")
    init = bytes(data[:size])
    fragments = list(fragments_of(data, size, default_sample(init)))
    check_contiguous(fragments)
    return ChunkResult(
        key=key,
        size=len(data),
        init_size=size,
        init_sha=hashlib.sha256(init).hexdigest()[:16],
        codec=codec_of_init(init),
        timescale=timescale(init),
        start=fragments[0].start if fragments else 0,
        segments=tuple(Segment(f.offset, f.size, f.duration, f.key_frame) for f in fragments),
        frames=sum(f.samples for f in fragments),
        cpu_s=cpu_s,
    )


def fragments_of(data: bytes | memoryview, start: int, defaults: tuple[int, int, int]) -> Iterator[Fragment]:
    """Yield every moof+mdat from byte `start` on; other boxes (styp, sidx, mfra) are passed over."""
    moof: Box | None = None
    for box in boxes(data, start):
        if box.kind == b"moof":
            moof = box
        elif box.kind == b"mdat" and moof is not None:
            yield parse_fragment(data, moof, box, defaults)
            moof = None


def check_contiguous(fragments: list[Fragment]) -> None:
    """Every fragment starts on a sync sample, exactly where the one before it ended."""
    for index, fragment in enumerate(fragments):
        if not fragment.sync:
            raise Permanent("media_malformed", f"Segment {index} does not start with a key frame.")
        if index and fragments[index - 1].start + fragments[index - 1].duration != fragment.start:
            raise Permanent("media_malformed", f"Segment {index} does not continue the one before it.")


def peek_box(data: bytes | bytearray) -> Box | None:
    """Read the header at byte 0 of a growing buffer; None while it is incomplete. `end` may lie beyond the buffer."""
    if len(data) < _HEADER:
        return None
    size, kind = struct.unpack_from(">I4s", data, 0)
    body = _HEADER
    if size == 1:
        if len(data) < _LARGE_HEADER:
            return None
        (size,) = struct.unpack_from(">Q", data, _HEADER)
        body = _LARGE_HEADER
    if size < body:
        raise Permanent("media_malformed", f"Box {kind!r} claims {size} bytes.")
    return Box(kind, 0, body, size)
