"""Codec names come from the bitstream's own header."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.mp4 import AVC, ESDS, box

from chalicelib.domain.codecs import codec_of_init
from chalicelib.errors import Permanent


def esds(*descriptors: int) -> bytes:
    """An esds box with these descriptor bytes."""
    return box(b"esds", bytes(4), bytes(descriptors))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (AVC, "avc1.64001F"),
        (box(b"avcC", bytes([1, 0x42, 0xC0, 0x0C])), "avc1.42C00C"),
        (ESDS, "mp4a.40.2"),
        (esds(3, 25, 0, 0, 0, 4, 17, *[0] * 13, 5, 2, 0x2B, 0x90), "mp4a.40.5"),
        (esds(3, 0x80, 0x80, 0x80, 34, 0, 0, 0, 4, 0x80, 0x80, 20, *[0] * 13, 5, 0x81, 2, 0x12, 0x10), "mp4a.40.2"),
    ],
)
def test_names(header: bytes, expected: str) -> None:
    """Profile, constraints and level of H.264; the object type of AAC, with short and long descriptor lengths."""
    assert codec_of_init(box(b"moov", header)) == expected


@pytest.mark.parametrize("header", [b"", b"avcC", b"esds", box(b"hvcC", bytes(20)), esds(), esds(3, 1), esds(6, 1, 9)])
def test_no_name_no_answer(header: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(Permanent) as refusal:
        codec_of_init(header)
    assert refusal.value.code == "media_malformed"


@given(st.binary(max_size=40), st.sampled_from([b"avcC", b"esds", b""]), st.binary(max_size=40))
def test_arbitrary_bytes_name_a_codec_or_are_refused(before: bytes, kind: bytes, after: bytes) -> None:
    """Never anything that would not be a codec name in a playlist."""
    try:
        name = codec_of_init(before + kind + after)
    except Permanent as refusal:
        assert refusal.code == "media_malformed"  # noqa: PT017  one of two answers
    else:
        assert re.fullmatch(r"avc1\.[0-9A-F]{6}|mp4a\.40\.\d{1,2}", name)
