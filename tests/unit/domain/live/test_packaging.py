"""FFmpeg commands of live packaging, and what is made of what comes out, without running any."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import video
from support.stand_in import AVC, ESDS, box, fragment
from support.stand_in import init as bare_init

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.entry import LONGEST_OVER_S
from chalicelib.domain.live.inspection import Picture
from chalicelib.domain.live.packaging import (
    Cut,
    encode_command,
    fence,
    place_of,
    remux_command,
    silence_command,
    sound_command,
    streams_command,
)
from chalicelib.domain.live.splitting import split_picture, split_sound, verify_rung
from chalicelib.domain.live.stream import Container
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence


def seen(start: int = 132_000, duration: int = 180_000, **more: Any) -> Picture:
    """Two seconds of 30 fps in 90 kHz."""
    facts = {"frame_rate": Fraction(30), "profile": "High", "plain": True, "interlaced": False, "size": 1} | more
    return Picture(video(), 90_000, start, duration, **facts)


def rung(width: int = 640, rate: object = 24, kbps: int = 250) -> Rendition:
    """A rung."""
    return Rendition(f"v-{width}-{rate}-{kbps}", "video", "rung", kbps, width, width * 9 // 16, Fraction(str(rate)))


def after(arguments: Sequence[str], option: str) -> list[str]:
    """What follows each appearance of an option."""
    return [arguments[i + 1] for i, argument in enumerate(arguments) if argument == option]


ONE = Cut.of(Fraction(22, 15), Fraction(2), Fraction(2), 2)


@pytest.mark.parametrize(("container", "demuxer"), [(Container.FMP4, "mov"), (Container.MPEGTS, "mpegts")])
def test_every_input_is_fenced(container: Container, demuxer: str) -> None:
    """Exactly one demuxer and no protocol but that of files, before each input that came from outside."""
    expected = fence(container)
    assert (after(expected, "-protocol_whitelist"), after(expected, "-format_whitelist")) == (["file"], [demuxer])
    for command in (
        remux_command(container, source="in", picture="p", sound="s"),
        sound_command(container, source="in", sound="s"),
        streams_command(container, source="in"),
    ):
        assert command[: command.index("-i")][4 : 4 + len(expected)] == expected
        assert "-copyts" in command[: command.index("-i")]
        assert after(command, "-i") == ["in"]
    encoding = encode_command(seen(), [rung()], ONE, source="in", outputs=["o"], threads=2)
    assert " ".join(fence(Container.FMP4)) in " ".join(encoding[: encoding.index("-i")])


def test_what_keeps_the_encoders_time() -> None:
    """Three flags that belong together, in every output; and the configuration of ADTS sound."""
    command = remux_command(Container.MPEGTS, source="in", picture="p", sound="s")
    command += encode_command(seen(), [rung(), rung(1280, 30)], ONE, source="p", outputs=["o", "q"], threads=2)
    assert after(command, "-avoid_negative_ts") == ["disabled"] * 4
    assert all("frag_discont" in flags and "delay_moov" in flags for flags in after(command, "-movflags"))
    assert "-itsoffset" not in command
    shifted = remux_command(Container.MPEGTS, source="in", picture="p", sound="s", shift_s=Fraction(2**33, 90_000))
    assert after(shifted, "-itsoffset") == ["95443.717689"]


def test_shared_decoding() -> None:
    """One `fps` for each rate, one `scale` for each size, one output for each rung."""
    rungs = [rung(640, 24, 250), rung(1280, 24, 500), rung(1280, 24, 1000), rung(1920, 30, 2000)]
    command = encode_command(seen(), rungs, ONE, source="p", outputs=list("abcd"), threads=2)
    (graph,) = after(command, "-filter_complex")
    assert len(re.findall(r"fps=fps=", graph)) == 2
    assert len(re.findall(r"scale=", graph)) == 3
    assert after(command, "-map") == ["[v0]", "[v1]", "[v2]", "[v3]"]
    assert after(command, "-maxrate") == ["225k", "450k", "900k", "1800k"]
    assert after(command, "-bufsize") == ["187k", "375k", "750k", "1500k"]
    assert "bwdif" not in graph
    assert "bwdif" in " ".join(
        encode_command(seen(interlaced=True), rungs, ONE, source="p", outputs=list("abcd"), threads=2)
    )


@given(st.fractions("0.2", 30), st.fractions(0, 100, max_denominator=90_000), st.integers(1, 6))
def test_parts_fit_a_playlist(duration: Fraction, start: Fraction, target: int) -> None:
    """None is longer than a playlist allows, they are of one length, and none is cut without need."""
    cut = Cut.of(start, duration, duration, target)
    lengths = {later - earlier for earlier, later in zip(cut.times, cut.times[1:], strict=False)}
    assert len(lengths) == 1
    assert max(lengths) <= target + LONGEST_OVER_S
    assert (cut.times[0], cut.times[-1]) == (start, start + duration)
    assert cut.parts == 1 or duration / (cut.parts - 1) > target


@given(
    st.lists(st.integers(1, 6 * 90_000), min_size=1, max_size=9),
    st.integers(0, 2**33),
    st.sampled_from([Fraction(24), Fraction(25), Fraction(30), Fraction(30_000, 1001), Fraction(60)]),
)
def test_segments_tile(lengths: list[int], start: int, rate: Fraction) -> None:
    """Wherever a stream is cut, each segment's frames end where the next one's begin: none lost, none twice."""
    whole = seen(start, sum(lengths))
    at = start
    end = place_of(whole, rate, whole.start_s)
    for length in lengths:
        part = seen(at, length)
        assert place_of(part, rate, part.start_s) == end
        end = place_of(part, rate, part.end_s)
        at += length
    assert end == place_of(whole, rate, whole.end_s)


@given(st.integers(0, 10**6), st.integers(-500, 500))
def test_times_in_milliseconds_do_not_jitter(frame: int, microseconds: int) -> None:
    """60 to 30, and 30 to 24 frames a second: rounded times become the frame that exact ones become."""
    for source, rate in ((60, 30), (30, 30), (60, 24), (30, 24), (50, 25)):
        exact = Fraction(frame, source)
        rounded = exact + Fraction(microseconds, 10**6)
        picture = seen()
        assert place_of(picture, Fraction(rate), rounded) == place_of(picture, Fraction(rate), exact)


def test_silence_tiles() -> None:
    """Two neighbours: the second begins with the frame after the first one's last."""
    first = silence_command(Cut.of(Fraction(1), Fraction(2), Fraction(2), 2), output="s")
    second = silence_command(Cut.of(Fraction(3), Fraction(2), Fraction(2), 2), output="s")
    starts = [round(float(after(c, "-output_ts_offset")[0]) * 48_000 / 1024) for c in (first, second)]
    assert starts[0] + int(after(first, "-frames:a")[0]) == starts[1]


AUDIO = Rendition("a", "audio", "Audio", 128)


def described(kind: bytes, ticks: int) -> bytes:
    """An init segment with a sample description to take the address of."""
    return bare_init(ticks, box(b"minf", box(b"stbl", box(b"stsd", bytes(8), kind))))


def test_sound_is_put_together_to_parts() -> None:
    """Each fragment goes to the part its middle lies in; a part without any is refused."""
    cut = Cut((Fraction(0), Fraction(1), Fraction(2)))
    data = described(ESDS, 48_000) + b"".join(fragment(n * 4800, 4, 1200) for n in range(20))
    packed = split_sound(AUDIO, data, cut)
    assert [piece.duration_s for piece in packed.facts.pieces] == [1, 1]
    assert [piece.key_frame for piece in packed.facts.pieces] == [0, 0]
    assert packed.init + b"".join(packed.pieces) == data
    with pytest.raises(Permanent, match="segment_unfit"):
        split_sound(AUDIO, data, Cut((Fraction(5), Fraction(6), Fraction(7))))


def test_a_picture_in_the_wrong_number_of_parts() -> None:
    """An exit code of 0 proves nothing."""
    with pytest.raises(Permanent, match="not_decodable"):
        split_picture(rung(), described(AVC, 24_000) + fragment(0, 48, 1000), ONE)
    with pytest.raises(Permanent, match="not_decodable"):
        split_picture(rung(), b"", ONE)


def test_a_rung_that_lost_pictures() -> None:
    """It must begin at its place and have its frames."""
    packed = split_sound(AUDIO, described(ESDS, 48_000) + fragment(0, 94, 1024), ONE)
    with pytest.raises(Permanent, match="not_decodable"):
        verify_rung(seen(), rung(), packed)
