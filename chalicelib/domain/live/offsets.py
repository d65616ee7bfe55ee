"""What FFmpeg's demuxer does to fragmented MP4 with negative composition offsets, undone.

It shows such a picture later, by the most negative offset in the file, and leaves the sound where it is: the picture
would lag two or three frames behind, and by another amount wherever a segment has other B-frames.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.fmp4 import Box, boxes, find, init_size, timescale
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRACK_ID, _TICKS = {0: 12, 1: 20}, {0: 12, 1: 20}
"""Where they lie behind a full box's head, by its version."""


def demuxer_delay_s(segment: bytes) -> Fraction:
    """Seconds by which a segment, behind its init segment, is shown too late.

    0 where no offset is negative, and where the boxes are not as they should be: FFmpeg forgives more than we do.
    """
    try:
        track = _picture_track(segment)
        if track is None:
            return Fraction(0)
        number, ticks = track
        lowest = min((offset for run in _runs(segment, number) for offset in _offsets(segment, run)), default=0)
        return Fraction(max(0, -lowest), ticks)
    except (Permanent, struct.error, IndexError, KeyError):
        return Fraction(0)


def shown_earlier(cmaf: bytes, seconds: Fraction) -> bytes:
    """Return a remuxed picture of one fragment, its time moved back; as it is where that would be before zero."""
    moof = find(cmaf, (b"moof",))
    tfdt = find(cmaf, (b"traf", b"tfdt"), moof.body, moof.end) if moof else None
    if tfdt is None:
        return cmaf
    wide = bool(cmaf[tfdt.body])
    layout, at = (">Q", tfdt.body + 4) if wide else (">I", tfdt.body + 4)
    (start,) = struct.unpack_from(layout, cmaf, at)
    ticks = round(seconds * timescale(cmaf[: init_size(cmaf)]))
    if start < ticks:
        return cmaf
    return cmaf[:at] + struct.pack(layout, start - ticks) + cmaf[at + struct.calcsize(layout) :]


def _picture_track(data: bytes) -> tuple[int, int] | None:
    """Number and ticks a second of the first track of pictures."""
    moov = find(data, (b"moov",))
    for trak in boxes(data, moov.body, moov.end) if moov else ():
        hdlr = find(data, (b"mdia", b"hdlr"), trak.body, trak.end) if trak.kind == b"trak" else None
        if hdlr is None or data[hdlr.body + 8 : hdlr.body + 12] != b"vide":
            continue
        tkhd, mdhd = (find(data, path, trak.body, trak.end) for path in ((b"tkhd",), (b"mdia", b"mdhd")))
        if tkhd and mdhd:
            (number,) = struct.unpack_from(">I", data, tkhd.body + _TRACK_ID[data[tkhd.body]])
            (ticks,) = struct.unpack_from(">I", data, mdhd.body + _TICKS[data[mdhd.body]])
            return (number, ticks) if ticks else None
    return None


def _runs(data: bytes, number: int) -> Iterator[Box]:
    for moof in boxes(data):
        for traf in boxes(data, moof.body, moof.end) if moof.kind == b"moof" else ():
            tfhd = find(data, (b"tfhd",), traf.body, traf.end) if traf.kind == b"traf" else None
            if tfhd and struct.unpack_from(">I", data, tfhd.body + 4)[0] == number:
                yield from (box for box in boxes(data, traf.body, traf.end) if box.kind == b"trun")


def _offsets(data: bytes, trun: Box) -> list[int]:
    """Composition offsets of a run's samples; none where they cannot be negative."""
    flags = int.from_bytes(data[trun.body + 1 : trun.body + 4], "big")
    (count,) = struct.unpack_from(">I", data, trun.body + 4)
    width = 4 * (flags >> 8 & 0xF).bit_count()
    at = trun.body + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    if not flags & 0x800 or at + count * width > trun.end:
        return []
    return [struct.unpack_from(">i", data, at + i * width + width - 4)[0] for i in range(count)]
