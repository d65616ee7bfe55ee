"""What is read from remuxed tracks, without FFmpeg: boxes made by hand."""

from __future__ import annotations

import struct
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stand_in import box

from chalicelib.domain.live.inspection import begins_before_zero, observed, read_picture, read_sound
from chalicelib.domain.live.samples import init_tag, sample_entry
from chalicelib.domain.live.sps import is_interlaced
from chalicelib.errors import Permanent

TICKS = 90_000
AVC = box(b"avcC", bytes([1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 0]))
ESDS = box(b"esds", bytes([0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17, 0x40, *[0] * 12, 5, 2, 0x11, 0x90]))
IDR, OTHER = b"\x65", b"\x41"


def init(entry: bytes, *, ticks: int = TICKS, turned: bool = False, tracks: int = 1) -> bytes:
    """An init segment of tracks with one sample description."""
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, ticks, 0))
    stsd = box(b"stsd", struct.pack(">II", 0, 1), entry)
    matrix = struct.pack(">II", 0, 0x10000) if turned else struct.pack(">II", 0x10000, 0)
    tkhd = box(b"tkhd", bytes(40), matrix, bytes(36))
    trak = box(b"trak", tkhd, box(b"mdia", mdhd, box(b"minf", box(b"stbl", stsd))))
    mvex = box(b"mvex", box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0)))
    return box(b"ftyp", b"iso5") + box(b"moov", trak * tracks, mvex)


def avc1(width: int = 1280, height: int = 720, *inside: bytes, config: bytes = AVC) -> bytes:
    """A sample description of H.264."""
    return box(b"avc1", bytes(24), struct.pack(">HH", width, height), bytes(50), config, *inside)


def mp4a(config: bytes = ESDS) -> bytes:
    """A sample description of AAC."""
    return box(b"mp4a", bytes(28), config)


def fragment(start: int, durations: list[int], nal: bytes = IDR) -> bytes:
    """One moof+mdat; each sample is one NAL unit of 8 bytes."""
    sample = struct.pack(">I", 8) + nal + bytes(7)
    rows = b"".join(struct.pack(">II", ticks, len(sample)) for ticks in durations)
    tfhd = box(b"tfhd", struct.pack(">II", 0x020000, 1))
    tfdt = box(b"tfdt", struct.pack(">IQ", 0x01000000, start))

    def moof(offset: int) -> bytes:
        trun = box(b"trun", struct.pack(">III", 0x000301, len(durations), offset), rows)
        return box(b"moof", box(b"traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8) + box(b"mdat", sample * len(durations))


def picture(entry: bytes | None = None, start: int = 0, durations: list[int] | None = None, nal: bytes = IDR) -> bytes:
    """A remuxed picture, by default two seconds of 30 fps."""
    return init(entry or avc1()) + fragment(start, durations or [3000] * 60, nal)


def code(data: bytes) -> str:
    """Why a picture is refused."""
    with pytest.raises(Permanent) as refused:
        read_picture(data)
    return refused.value.code


def test_a_plain_picture() -> None:
    """Times to the tick, size, rate and bitrate."""
    seen = read_picture(picture(start=132_000))
    assert (seen.start_s, seen.duration_s, seen.end_s) == (Fraction(22, 15), 2, Fraction(52, 15))
    facts = observed(seen, None)
    assert (facts.codec, facts.width, facts.height, facts.frame_rate) == ("h264", 1280, 720, 30)
    assert (facts.profile, facts.pix_fmt, facts.plain) == ("High", "yuv420p", True)
    assert facts.kbps == pytest.approx(seen.size * 8 / 2000, abs=1)


def test_the_rate_is_that_of_most_frames() -> None:
    """An encoder that drops some has still the rate it has."""
    assert read_picture(picture(durations=[3003] * 50 + [6006] * 5)).frame_rate == Fraction(30_000, 1001)


def test_shapes() -> None:
    """Square pixels, a quarter turn, colours of HDR."""
    wide = read_picture(picture(avc1(720, 576, box(b"pasp", struct.pack(">II", 16, 11)))))
    assert ((wide.track.width, wide.track.height), wide.plain) == ((1047, 576), False)
    turned = read_picture(init(avc1(), turned=True) + fragment(0, [3000] * 60))
    assert ((turned.track.width, turned.track.height), turned.plain) == ((720, 1280), False)
    colr = box(b"colr", b"nclx", struct.pack(">HHHB", 9, 16, 9, 0))
    hdr = read_picture(picture(avc1(1280, 720, colr))).track
    assert (hdr.transfer, hdr.wide, hdr.tagged) == ("smpte2084", True, True)


@pytest.mark.parametrize("ratio", [(0, 1), (1, 0), (1, 99)])
def test_impossible_pixels_are_square(ratio: tuple[int, int]) -> None:
    """Nobody's camera makes them."""
    assert read_picture(picture(avc1(64, 64, box(b"pasp", struct.pack(">II", *ratio))))).track.width == 64


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "video_missing"),
        (init(avc1()), "video_missing"),
        (picture(box(b"vp09", bytes(78))), "video_codec_refused"),
        (picture(durations=[1500] * 11), "segment_duration_refused"),
        (picture(durations=[90_000] * 31), "segment_duration_refused"),
        (picture(durations=[1400] * 70), "frame_rate_refused"),
        (picture(avc1(5000, 100)), "picture_size_refused"),
        (picture(avc1(2400, 4096)), "picture_size_refused"),
        (picture(avc1(8, 8)), "picture_size_refused"),
        (picture(nal=OTHER), "no_key_frame"),
    ],
)
def test_what_is_refused(data: bytes, expected: str) -> None:
    """Each limit has its code."""
    assert code(data) == expected


def test_time_before_zero() -> None:
    """CMAF has no sign: a huge number is a negative one."""
    assert begins_before_zero(picture(start=2**64 - 1024))
    assert not begins_before_zero(picture())
    assert not begins_before_zero(b"")


def test_sound() -> None:
    """One AAC track, none, or two too many."""
    heard = read_sound(init(mp4a(), ticks=48_000) + fragment(2048, [1024] * 94))
    assert heard is not None
    assert (heard.rate, heard.start, heard.channels, heard.profile) == (48_000, 2048, 2, "LC")
    assert heard.duration_s == Fraction(94 * 1024, 48_000)
    assert read_sound(b"") is None
    assert read_sound(picture()) is None
    assert read_sound(init(mp4a())) is None
    with pytest.raises(Permanent, match="audio_tracks_refused"):
        read_sound(init(mp4a(), tracks=2))
    with pytest.raises(Permanent, match="audio_codec_refused"):
        read_sound(init(box(b"Opus", bytes(28))))


@given(st.binary(max_size=60), st.sampled_from([b"avcC", b"esds", b"colr", b"pasp"]), st.booleans())
def test_descriptions_may_say_anything(content: bytes, kind: bytes, heard: bool) -> None:  # noqa: FBT001  hypothesis
    """Whatever an encoder wrote, reading it ends: with what it says, or with an error that packaging expects."""
    entry = box(b"mp4a", bytes(28), box(kind, content)) if heard else avc1(64, 64, config=box(kind, content))
    data = init(entry) + fragment(0, [3000] * 30)
    for read in (read_picture, read_sound):
        with suppress(Permanent, struct.error, IndexError, ValueError, ArithmeticError):
            read(data)


def test_the_tag_of_an_init_segment() -> None:
    """Bitrates do not matter, everything else does."""
    descriptor = [3, 0x80, 0x80, 0x80, 34, 0, 1, 0, 4, 0x80, 0x80, 0x80, 20, 0x40, 0x15]
    specific = [5, 0x80, 0x80, 0x80, 2, 0x11, 0x90]
    one, other = (mp4a(box(b"esds", bytes([0, 0, 0, 0, *descriptor, *[n] * 11, *specific]))) for n in (0, 9))
    assert init_tag(init(one)) == init_tag(init(other))
    assert init_tag(init(one)) != init_tag(init(one, ticks=48_000))
    assert init_tag(init(avc1())) != init_tag(init(avc1(640)))


def test_profiles() -> None:
    """By FFmpeg's names; ten bits are no plain pixels."""
    for number, constraints, name, plain in (
        (66, 0x40, "Constrained Baseline", True), (66, 0, "Baseline", True), (77, 0, "Main", True),
        (110, 0, "High 10", False), (99, 0, "", False),
    ):  # fmt: skip
        config = box(b"avcC", bytes([1, number, constraints, 31, 0xFF, 0xE1, 0, 0]))
        entry = sample_entry(init(avc1(config=config)))
        assert (entry.profile, entry.plain_pixels) == (name, plain)


def test_interlaced() -> None:
    """frame_mbs_only_flag, behind everything that comes before it."""
    # Main profile, level 3; 45 x 36 macroblocks; frame_mbs_only_flag 1, then 0.
    bits = "1111" + "010" + "0" + "00000101101" + "00000100100"
    for flag, interlaced in (("1", False), ("0", True)):
        text = (bits + flag).ljust(80, "0")
        body = bytes(int(text[i : i + 8], 2) for i in range(0, 80, 8))
        assert is_interlaced(bytes([0x67, 77, 0, 30]) + body) is interlaced
    assert is_interlaced(b"") is False
    assert is_interlaced(bytes([0x67, 100, 0, 30]) + bytes(40)) is False
