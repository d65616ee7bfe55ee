"""Reading fragmented MP4: exact on good bytes, Permanent and nothing else on bad ones."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.mp4 import AVC, box, fragment, init

from chalicelib.domain import fmp4
from chalicelib.domain.fmp4 import Box, Fragment
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = init(24_000, AVC)
CHUNK = HEADER + fragment(48_000, 48, 1000) + fragment(96_000, 24, 1000)
BYTES = st.binary(max_size=400)
KINDS = st.sampled_from([b"moov", b"trak", b"mdia", b"mdhd", b"mvex", b"trex", b"moof", b"traf", b"tfhd", b"tfdt"])


def refused(call: Callable[..., object], *arguments: object, **named: object) -> str:
    """The code with which a call refuses, or nothing when it takes the bytes."""
    try:
        call(*arguments, **named)
    except Permanent as error:
        return error.code
    return ""


def test_a_chunk_is_described_whole() -> None:
    """Sizes, times, frames and codec of an object of two segments; the segments cover all but the header."""
    result = fmp4.read_chunk(CHUNK, key="media/k.mp4", cpu_s=1.5)
    assert (result.key, result.size, result.cpu_s) == ("media/k.mp4", len(CHUNK), 1.5)
    assert (result.init_size, result.timescale, result.start) == (len(HEADER), 24_000, 48_000)
    assert (result.frames, result.duration, result.codec) == (72, 72_000, "avc1.64001F")
    assert [s.duration for s in result.segments] == [48_000, 24_000]
    assert result.segments[0].offset == len(HEADER)
    assert result.segments[1].offset == len(HEADER) + result.segments[0].size
    assert result.segments[1].offset + result.segments[1].size == len(CHUNK)


def test_the_same_header_has_the_same_name() -> None:
    """Chunks of one rendition share EXT-X-MAP by this; another codec is another header."""
    first, second = (fmp4.read_chunk(HEADER + fragment(at, 1, 1000), key="k") for at in (0, 1000))
    other = fmp4.read_chunk(init(24_000, box(b"avcC", bytes([1, 0x64, 0, 0x28]))) + fragment(0, 1, 1000), key="k")
    assert first.init_sha == second.init_sha
    assert first.init_sha != other.init_sha


def test_boxes_may_be_large_and_others_lie_between() -> None:
    """A 64-bit size is read, and styp, sidx and free are passed over."""
    size = struct.pack(">I4sQ", 1, b"free", 20) + b"1234"
    parts = [HEADER, size, box(b"styp", b"cmfc"), fragment(0, 2, 10), box(b"sidx", b"?"), fragment(20, 1, 10)]
    result = fmp4.read_chunk(b"".join(parts), key="k")
    assert [s.duration for s in result.segments] == [20, 10]
    assert list(fmp4.boxes(size)) == [Box(b"free", 0, 16, 20)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no movie header"),
        (box(b"ftyp", b"isom"), "no movie header"),
        (HEADER[:-1], "claims"),
        (CHUNK[:-1], "claims"),
        (CHUNK + b"abc", "stray"),
        (struct.pack(">I4s", 4, b"moov"), "claims 4 bytes"),
        (struct.pack(">I4s", 0, b"moov"), "claims 0 bytes"),
        (struct.pack(">I4sI", 1, b"moov", 0), "stray"),
        (box(b"moov", box(b"trak", box(b"mdia", AVC))), "media header"),
        (init(0, AVC), "ticks"),
        (init(24_000, b""), "codec"),
        (box(b"moov", box(b"trak", box(b"mdia", box(b"mdhd", b"\0\0\0\0"), AVC))), "too short"),
        (HEADER + box(b"moof", b"") + box(b"mdat", b""), "without a track"),
        (HEADER + fragment(0, 1, 10) + fragment(11, 1, 10), "does not continue"),
        (HEADER + fragment(0, 1, 10, sync=False), "key frame"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    """Every way in which an encoder's output cannot be served is refused by name."""
    with pytest.raises(Permanent, match=why) as refusal:
        fmp4.read_chunk(data, key="k")
    assert refusal.value.code == "media_malformed"


@pytest.mark.parametrize("kind", [b"tfhd", b"tfdt", b"trun"])
def test_fields_are_never_read_from_the_next_box(kind: bytes) -> None:
    """A box that is too short for what its flags promise is refused, though more bytes follow in the file."""
    flags = struct.pack(">I", 0x01_00_00_3F)
    data = HEADER + box(b"moof", box(b"traf", box(kind, flags))) + box(b"mdat", bytes(100))
    assert refused(fmp4.read_chunk, data, key="k") == "media_malformed"


def test_a_run_says_its_own_durations_and_flags() -> None:
    """Sample by sample, over the defaults; the first sample's flags decide whether it is a key frame."""
    samples = b"".join(struct.pack(">III", ticks, 5, flags) for ticks, flags in [(10, 0), (20, 0x10000), (30, 0x10000)])
    run = box(b"trun", struct.pack(">III", 0x0000_0701, 3, 0), samples)
    moof = box(b"moof", box(b"traf", box(b"tfhd", struct.pack(">II", 0, 1)), run))
    data = moof + box(b"mdat", b"12345")
    (found,) = fmp4.fragments_of(data, 0, (7, 7, 0x10000))
    assert found == Fragment(0, len(data), 0, 60, 3, sync=True)


def test_the_first_picture_ends_where_the_first_sample_does() -> None:
    """Counted from the moof: all that one picture needs besides the header; of each segment its own."""
    first, second = fragment(0, 3, 10, key_size=700), fragment(30, 2, 10, key_size=90)
    result = fmp4.read_chunk(HEADER + first + second, key="k")
    assert [s.key_frame for s in result.segments] == [len(first) - 2, len(second) - 1]
    assert all(s.key_frame <= s.size for s in result.segments)


@pytest.mark.parametrize(
    ("flags", "run"),
    [
        (0x000020, struct.pack(">II", 0x000, 1)),  # no offset: right behind a run that came before, or nowhere
        (0x000020, struct.pack(">IIi", 0x001, 1, 60)),  # no size
        (0x000020, struct.pack(">IIiI", 0x201, 0, 60, 5)[:12]),  # no sample
        (0x000021, struct.pack(">IIiI", 0x201, 1, 60, 5)),  # counted from a place in some file
    ],
)
def test_a_picture_whose_place_is_not_said_is_not_guessed(flags: int, run: bytes) -> None:
    """0 stands for not known."""
    tfhd = box(b"tfhd", struct.pack(">II", flags, 1), bytes(8 if flags & 1 else 0), bytes(4))
    data = box(b"moof", box(b"traf", tfhd, box(b"trun", run))) + box(b"mdat", bytes(500))
    (found,) = fmp4.fragments_of(data, 0, (7, 0, 0))
    assert found.key_frame == 0


@pytest.mark.parametrize(("offset", "size"), [(8, 5), (-8, 5), (1000, 5), (60, 1000)])
def test_a_picture_outside_its_fragment_is_refused(offset: int, size: int) -> None:
    """Whoever fetched that range would get something else."""
    run = box(b"trun", struct.pack(">IIiI", 0x201, 1, offset, size))
    data = HEADER + box(b"moof", box(b"traf", box(b"tfhd", struct.pack(">II", 0, 1)), run)) + box(b"mdat", bytes(50))
    assert refused(fmp4.read_chunk, data, key="k") == "media_malformed"


def test_tfhd_passes_over_what_it_does_not_need() -> None:
    """Base offset and description index come before the defaults."""
    tfhd = box(b"tfhd", struct.pack(">IIQIIII", 0x3B, 1, 0, 1, 11, 22, 0x10000))
    moof = box(b"moof", box(b"traf", tfhd, box(b"trun", struct.pack(">II", 0, 4))))
    (found,) = fmp4.fragments_of(moof + box(b"mdat"), 0, (0, 0, 0))
    assert (found.duration, found.sync) == (44, False)


def test_a_run_of_four_thousand_million_samples_costs_nothing() -> None:
    """A count is only believed when the box holds as many samples."""
    run = box(b"trun", struct.pack(">II", 0x100, 0xFFFF_FFFF), bytes(64))
    data = HEADER + box(b"moof", box(b"traf", run)) + box(b"mdat")
    assert refused(fmp4.read_chunk, data, key="k") == "media_malformed"


@given(BYTES)
def test_arbitrary_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    """Whatever the bytes: an answer or Permanent, and an end."""
    assert refused(fmp4.read_chunk, data, key="k") == "media_malformed"
    for call in (fmp4.init_size, fmp4.timescale, fmp4.default_sample, fmp4.peek_box):
        assert refused(call, data) in {"", "media_malformed"}


@given(st.integers(0, len(CHUNK) - 1), st.binary(min_size=1, max_size=6))
def test_mutated_chunks_are_read_or_refused(at: int, patch: bytes) -> None:
    """One damaged place in a good chunk; what is still taken is contiguous and inside the object."""
    damaged = CHUNK[:at] + patch + CHUNK[at + len(patch) :]
    with suppress(Permanent):
        result = fmp4.read_chunk(damaged, key="k")
        end = result.init_size
        for segment in result.segments:
            assert segment.offset >= end
            end = segment.offset + segment.size
        assert end <= result.size
        assert result.timescale > 0


@given(st.lists(st.tuples(KINDS, BYTES), max_size=6), KINDS, KINDS)
def test_known_boxes_with_arbitrary_content_are_refused(inner: list[tuple[bytes, bytes]], a: bytes, b: bytes) -> None:
    """The names are right and the content is anything."""
    nested = box(a, box(b, *(box(kind, body) for kind, body in inner)))
    for data in (nested, HEADER + nested, HEADER + box(b"moof", box(b"traf", nested)) + box(b"mdat", b"x")):
        assert refused(fmp4.read_chunk, data, key="k") in {"", "media_malformed"}


@given(st.integers(0, len(CHUNK)))
def test_a_growing_buffer_is_peeked_at_without_guessing(length: int) -> None:
    """None until the header is there; then the very box that the whole buffer shows."""
    seen = fmp4.peek_box(bytearray(CHUNK[:length]))
    assert seen == (next(fmp4.boxes(CHUNK)) if length >= 8 else None)
