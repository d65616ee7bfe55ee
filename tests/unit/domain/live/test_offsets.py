"""Negative composition offsets: found in what an encoder sent, and undone in what was remuxed."""

from __future__ import annotations

import struct
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from support.stand_in import box

from chalicelib.domain.live.offsets import demuxer_delay_s, shown_earlier

TICKS = 12_800


def trak(number: int, kind: bytes) -> bytes:
    """A track with what tells it apart."""
    tkhd = box(b"tkhd", struct.pack(">IIII", 0, 0, 0, number), bytes(68))
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, TICKS, 0))
    return box(b"trak", tkhd, box(b"mdia", mdhd, box(b"hdlr", bytes(8), kind, bytes(12))))


def traf(number: int, start: int, offsets: list[int]) -> bytes:
    """A track fragment whose samples say their durations and composition offsets."""
    tfhd = box(b"tfhd", struct.pack(">II", 0x020000, number))
    tfdt = box(b"tfdt", struct.pack(">IQ", 0x01000000, start))
    rows = b"".join(struct.pack(">Ii", 512, offset) for offset in offsets)
    return box(b"traf", tfhd, tfdt, box(b"trun", struct.pack(">II", 0x01000900, len(offsets)), rows))


MOOV = box(b"moov", trak(1, b"soun"), trak(2, b"vide"))


def test_the_delay_is_the_lowest_offset_of_the_picture() -> None:
    """Not of the sound, and over all fragments of the segment."""
    moof = box(b"moof", traf(1, 0, [-9000]), traf(2, 0, [0, 1536, -512]))
    assert demuxer_delay_s(MOOV + moof + box(b"moof", traf(2, 1536, [-1024]))) == Fraction(2, 25)
    assert demuxer_delay_s(MOOV + box(b"moof", traf(2, 0, [0, 1536]))) == 0
    assert demuxer_delay_s(box(b"moov", trak(1, b"soun")) + moof) == 0


def test_time_is_moved_back() -> None:
    """To the tick, and never before zero."""
    init = box(b"moov", trak(2, b"vide"))
    late, early = (init + box(b"moof", traf(2, start, [0])) + box(b"mdat", b"x") for start in (2048, 100))
    assert shown_earlier(late, Fraction(2, 25)) == init + box(b"moof", traf(2, 1024, [0])) + box(b"mdat", b"x")
    assert shown_earlier(early, Fraction(2, 25)) == early
    assert shown_earlier(b"", Fraction(1)) == b""


@given(st.binary(max_size=200), st.integers(0, 400), st.binary(max_size=4))
def test_broken_boxes_have_no_delay_of_ours(junk: bytes, at: int, patch: bytes) -> None:
    """Whatever is in the way: a number of seconds comes out."""
    whole = MOOV + box(b"moof", traf(2, 0, [0, -512]))
    for body in (junk, whole + junk, whole[:at] + patch + whole[at + len(patch) :]):
        assert demuxer_delay_s(body) >= 0
