"""Cutting sound while it is encoded: the same parts however it comes."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, source, video
from support.mp4 import AVC, ESDS, box, fragment, init

from chalicelib.domain.audio_parts import AudioCutter, AudioPart
from chalicelib.domain.encoding import audio_chunk_of
from chalicelib.domain.fmp4 import read_chunk
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable

RATE = 48_000
FRAMES = 94
PLAN = plan(source(40, picture=video(640, 360), sound=audio()))
"""Chunks of 2, 4, 8, 16 and 10 s."""
HEADER = box(b"ftyp", b"iso6") + init(RATE, ESDS)


def sound(seconds: int, frames: int = FRAMES) -> bytes:
    """As FFmpeg writes it: fragments of about two seconds, in AAC frames of 1024 samples."""
    total = -(-seconds * RATE // 1024)
    starts = range(0, total, frames)
    return HEADER + b"".join(fragment(at * 1024, min(frames, total - at), 1024) for at in starts)


STREAM = sound(40)


def cut(pieces: Iterable[bytes]) -> list[AudioPart]:
    """Feed the pieces and close."""
    cutter = AudioCutter(PLAN)
    parts = [part for piece in pieces for part in cutter.feed(piece)]
    return parts + list(cutter.close())


WHOLE = cut([STREAM])


def test_every_chunk_is_there_and_a_whole_object() -> None:
    """Each can be read by itself, says so itself, and joins its neighbour to the sample."""
    assert [part.chunk for part in WHOLE] == [c.index for c in PLAN.chunks]
    for part in WHOLE:
        read = read_chunk(part.body, key="")
        assert (read.segments, read.start, read.init_sha) == (
            part.result.segments,
            part.result.start,
            part.result.init_sha,
        )
        assert (part.result.size, part.result.codec) == (len(part.body), "mp4a.40.2")
    for before, after in pairwise(WHOLE):
        assert before.result.start + before.result.duration == after.result.start
        assert before.result.init_sha == after.result.init_sha
    assert sum(part.result.duration for part in WHOLE) == sum(part.result.frames for part in WHOLE) * 1024


def test_chunks_begin_where_they_are_planned() -> None:
    """Within half a fragment, since fragments are whole AAC frames."""
    for part, chunk in zip(WHOLE, PLAN.chunks, strict=True):
        start = Fraction(part.result.start, RATE)
        assert abs(start - chunk.start_s(PLAN.segment_s)) <= 1


@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_slicing_does_not_matter(cuts: list[int]) -> None:
    """Pipes give what they like; a second attempt must make the very same objects."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert cut(STREAM[a:b] for a, b in pairwise(edges)) == WHOLE


def test_a_chunk_is_out_as_soon_as_its_end_is_known() -> None:
    """With the first fragment that belongs to the next one: playing can begin while the rest is encoded."""
    cutter = AudioCutter(PLAN)
    known = len(HEADER) + 2 * len(fragment(0, FRAMES, 1024))
    assert list(cutter.feed(STREAM[: known - 1])) == []
    assert list(cutter.feed(STREAM[known - 1 : known])) == WHOLE[:1]


def test_time_is_told_while_it_runs() -> None:
    """For progress."""
    cutter = AudioCutter(PLAN)
    assert cutter.milliseconds == 0
    list(cutter.feed(STREAM))
    assert cutter.milliseconds == 40_000


@pytest.mark.parametrize("seconds", [1, 5, 39, 47])
def test_sound_of_another_length_than_planned(seconds: int) -> None:
    """Shorter: the last chunks are empty and not stored. Longer: the last one takes the rest."""
    parts = cut([sound(seconds)])
    assert [part.chunk for part in parts] == [c.index for c in PLAN.chunks]
    assert sum(p.result.duration for p in parts) == -(-seconds * RATE // 1024) * 1024
    for part in parts:
        assert bool(part.result.segments) is bool(part.result.size)


@given(st.fractions(0, 100), st.fractions(0, 100))
def test_later_sound_is_never_in_an_earlier_chunk(one: Fraction, other: Fraction) -> None:
    """And all of it is in some chunk."""
    early, late = sorted([one, other])
    assert 0 <= audio_chunk_of(PLAN, early) <= audio_chunk_of(PLAN, late) < len(PLAN.chunks)


@pytest.mark.parametrize(
    "stream",
    [b"", HEADER, STREAM[:-1], STREAM + b"\0\0\0\x09free", HEADER + box(b"moof"), HEADER + box(b"mdat", b"x")],
)
def test_sound_that_ends_in_the_middle_is_refused(stream: bytes) -> None:
    """Nothing is committed of what is not whole."""
    cutter = AudioCutter(PLAN)
    list(cutter.feed(stream))
    with pytest.raises(Permanent) as refusal:
        list(cutter.close())
    assert refusal.value.code == "source_no_sound"


@pytest.mark.parametrize(
    "stream",
    [
        fragment(0, 94, 1024),
        init(0, ESDS) + fragment(0, 94, 1024),
        init(RATE, b"") + fragment(0, 94, 1024) + fragment(94 * 1024, 94, 1024),
        HEADER + fragment(0, 94, 1024) + fragment(95 * 1024, 94, 1024),
        HEADER + fragment(0, 94, 1024) + fragment(94 * 1024, 94, 1024, sync=False),
        HEADER + b"\0\0\0\x03free",
    ],
)
def test_sound_that_cannot_be_served_is_refused(stream: bytes) -> None:
    """A header that says too little, a gap, a dependent start, a broken box."""
    with pytest.raises(Permanent) as refusal:
        cut([stream])
    assert refusal.value.code == "media_malformed"


@given(st.integers(0, 1500), st.binary(min_size=1, max_size=8))
def test_damaged_sound_is_cut_or_refused(at: int, patch: bytes) -> None:
    """One place is wrong: Permanent and nothing else."""
    with suppress(Permanent):
        cut([STREAM[:at] + patch + STREAM[at + len(patch) :]])


def test_the_codec_is_the_streams_own() -> None:
    """Whatever is muxed is named, not what was expected."""
    (part, *_) = cut([init(RATE, AVC) + fragment(0, 94, 1024)])
    assert part.result.codec == "avc1.64001F"
