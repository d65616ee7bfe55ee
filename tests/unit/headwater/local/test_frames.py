"""WebSocket frames: how long they are, however the bytes arrive, and how texts go out."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.local.frames import FrameWatch, text_frame


class Reader:
    """Notes what reaches it."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = False

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes."""
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Take the end."""
        self.ended = True


def client_frame(size: int) -> bytes:
    """Return a masked frame with so many bytes of payload."""
    head = b"\x81"
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += bytes([0x80 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", size)
    return head + b"mask" + b"\x81" * size


def watch(limit: int) -> tuple[FrameWatch, Reader, list[str]]:
    """Return a watch over a reader, and what it calls."""
    reader, said = Reader(), list[str]()
    return FrameWatch(reader, limit, lambda: said.append("heard"), lambda: said.append("oversize")), reader, said


@given(
    st.lists(st.sampled_from([0, 1, 125, 126, 127, 300, 65535, 65536]), min_size=1, max_size=4), st.integers(1, 9000)
)
def test_all_that_is_allowed_goes_through(sizes: list[int], piece: int) -> None:
    """However it is cut on its way, and each frame is heard."""
    guard, reader, said = watch(65536)
    data = b"".join(client_frame(size) for size in sizes)
    for start in range(0, len(data), piece):
        assert guard.feed_data(data[start : start + piece]) == (False, b"")
    guard.feed_eof()
    assert (reader.data, reader.ended, said) == (data, True, ["heard"] * len(sizes))


@pytest.mark.parametrize("size", [1025, 70_000])
def test_a_frame_over_the_limit_ends_it(size: int) -> None:
    """From its head on nothing reaches the reader, and it is said once."""
    guard, reader, said = watch(1024)
    fine = client_frame(1024)
    guard.feed_data(fine)
    for _ in range(3):
        assert guard.feed_data(client_frame(size)) == (False, b"")
    assert (reader.data, said) == (fine, ["heard", "heard", "oversize"])


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
def test_texts_go_out_whole(size: int) -> None:
    """Final, unmasked, with the shortest length that fits (RFC 6455, 5.2)."""
    frame = text_frame(b"x" * size)
    short = 2 if size < 126 else 4 if size < 1 << 16 else 10
    length = frame[1] if short == 2 else int.from_bytes(frame[2:short], "big")
    assert (frame[0], length, frame[short:], frame[1] & 0x80) == (0x81, size, b"x" * size, 0)
