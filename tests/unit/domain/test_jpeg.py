"""Reading a picture's size."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.jpeg import jpeg_size
from chalicelib.errors import Permanent

START, END = b"\xff\xd8", b"\xff\xd9"


def segment(kind: int, body: bytes) -> bytes:
    """One marker segment."""
    return struct.pack(">BBH", 0xFF, kind, 2 + len(body)) + body


def frame(width: int, height: int, kind: int = 0xC0) -> bytes:
    """A start of frame with three components."""
    return segment(kind, struct.pack(">BHHB", 8, height, width, 3) + bytes(9))


@given(st.integers(1, 65_535), st.integers(1, 65_535), st.sampled_from([0xC0, 0xC1, 0xC2]))
def test_size_stands_behind_tables_and_comments(width: int, height: int, kind: int) -> None:
    """Baseline or progressive, whatever comes first."""
    before = segment(0xE0, b"JFIF\0") + segment(0xFE, b"\xff\xc0 not a frame") + segment(0xC4, bytes(20))
    assert jpeg_size(START + before + frame(width, height, kind) + b"pixels" + END) == (width, height)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        START + END,
        START + frame(16, 16),
        START + segment(0xE0, b"JFIF\0") + END,
        START + b"\xff\xe0\x00\x00" + bytes(20) + END,
        START + b"\x00\xc0\x00\x08" + bytes(20) + END,
    ],
    ids=["nothing", "another format", "empty", "cut off", "no frame", "length of nothing", "no marker"],
)
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    """With the code of an encoder's output that cannot be used."""
    with pytest.raises(Permanent) as caught:
        jpeg_size(data)
    assert caught.value.code == "media_malformed"
